/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A step as text: layouts and columns. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "lib/client/show.h"
#include "lib/common/limits.h"
#include "lib/common/util.h"

#define S(literal) ((char *)(literal))
#define CHOICES(...) ((char *[]){ __VA_ARGS__, NULL })

typedef struct ShowCase {
        const char *sentence;
        Step step;
        const char *body;
        const char *folded;
} ShowCase;

static const ShowCase show_cases[] = {
        { "nothing", {}, NULL, NULL },
        { "a prompt alone stays as it is", { .prompt = S("密码：") }, NULL, "密码：" },
        { "one line of information stays as it is", { .text = S("a") }, "a", "a" },
        { "two lines begin on a line of their own", { .text = S("a\nb") }, "a\nb", "\na\nb" },
        { "text before a prompt begins on a line of its own",
          { .text = S("a"), .prompt = S("p: ") }, "a", "\na\np: " },
        { "newlines at the end do not make empty lines",
          { .text = S("a\n\n"), .picture = S("##\n##\n"), .prompt = S("p") }, "a\n##\n##", "\na\n##\n##\np" },
        { "an empty text is none", { .text = S("\n"), .prompt = S("p") }, NULL, "p" },
        { "a percent sign is a character", { .text = S("%n%s"), .prompt = S("%d") }, "%n%s", "\n%n%s\n%d" },
        { "choices are numbered",
          { .text = S("t"), .prompt = S("p"), .choices = CHOICES(S("a"), S("b")) },
          "t\n1) a\n2) b", "\nt\n1) a\n2) b\np" },
        { "columns line up, whatever their characters take",
          { .choices = CHOICES(S("某某公司  911"), S("AB  922"), S("e\xCC\x81  933")) },
          "1) 某某公司  911\n2) AB        922\n3) e\xCC\x81         933", NULL },
        { "a label without a second column stays as it is",
          { .choices = CHOICES(S("某某公司  911"), S("other")) }, "1) 某某公司  911\n2) other", NULL },
        { "ten choices have numbers flush right",
          { .choices = CHOICES(S("a"), S("b"), S("c"), S("d"), S("e"), S("f"), S("g"), S("h"), S("i"), S("j")) },
          " 1) a\n 2) b\n 3) c\n 4) d\n 5) e\n 6) f\n 7) g\n 8) h\n 9) i\n10) j", NULL },
        { "a very wide first column is not waited for",
          { .choices = CHOICES(S("1234567890123456789012345678901234567890123456789012345678901  x"), S("a  y")) },
          "1) 1234567890123456789012345678901234567890123456789012345678901  x\n2) a  y", NULL },
};

static void check(const char *sentence, const char *what, const char *got, const char *wanted) {
        if (!got != !wanted || (got && strcmp(got, wanted) != 0))
                fail_msg("%s: %s is \"%s\"", sentence, what, got ? got : "(nothing)");
}

static void test_show(_unused_ void **state) {
        for (size_t i = 0; i < ELEMENTSOF(show_cases); i++) {
                const ShowCase *c = &show_cases[i];
                _cleanup_(freep) char *body = NULL, *folded = NULL;

                assert_int_equal(show_body(&c->step, &body), 0);
                check(c->sentence, "body", body, c->body);
                assert_int_equal(show_folded(&c->step, &folded), 0);
                if (c->folded || !c->body)
                        check(c->sentence, "folded", folded, c->folded);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_show),
        };

        return cmocka_run_group_tests_name("show", tests, NULL, NULL);
}
