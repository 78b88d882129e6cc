/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Stack: read and run as the libpam of this machine does, on stacks of every kind that chance can think of */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>
#include <security/pam_appl.h>
#include <security/pam_modules.h>

#include "ctl/stack.h"

#define PLAYS 700
#define MODULE "pam_debug.so"
#define SERVICE "play"

/* libpam loses what it has read when it cannot read on. */
_export_ const char *__lsan_default_suppressions(void);
_export_ const char *__lsan_default_suppressions(void) {
        return "leak:libpam.so\n";
}

/* Chance that is the same in every run. */
static uint32_t chance_state;

static unsigned chance(unsigned n) {
        chance_state = chance_state * 1664525U + 1013904223U;
        return (chance_state >> 8) % n;
}

static const char *pick(const char *const *words) {
        unsigned n = 0;

        while (words[n])
                n++;
        return words[chance(n)];
}

static char folder[64];

static void write_text(const char *name, const char *text) {
        char path[128];
        FILE *file;

        (void)snprintf(path, sizeof(path), "%s/%s", folder, name);
        file = fopen(path, "w");
        assert_non_null(file);
        assert_true(fputs(text, file) >= 0);
        assert_int_equal(fclose(file), 0);
}

static int setup(void **state) {
        (void)state;
        (void)snprintf(folder, sizeof(folder), "%s/itax-stack-XXXXXX", getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp");
        return mkdtemp(folder) ? 0 : -1;
}

static int teardown(void **state) {
        static const char *const names[] = { SERVICE, "other", "one", "two", "three" };
        char path[128];

        (void)state;
        for (size_t i = 0; i < ELEMENTSOF(names); i++) {
                (void)snprintf(path, sizeof(path), "%s/%s", folder, names[i]);
                (void)remove(path);
        }
        return rmdir(folder);
}

static int no_talk(int n, const struct pam_message **messages, struct pam_response **ret, void *userdata) {
        (void)messages;
        (void)userdata;
        *ret = calloc((size_t)n, sizeof(**ret));
        return *ret ? PAM_SUCCESS : PAM_CONV_ERR;
}

static pam_handle_t *start(void) {
        static const struct pam_conv conv = { .conv = no_talk };
        pam_handle_t *handle = NULL;

        return pam_start_confdir(SERVICE, "somebody", &conv, folder, &handle) == PAM_SUCCESS ? handle : NULL;
}

/* What a line of pam_debug returns, by its words; it has one for each call. */
typedef struct Play {
        const char *call;                /* "auth", "cred", "acct", "open_session" */
        const int *frozen;               /* of each line: its value in the run before; NULL for none */
} Play;

static int code_of(const StackLine *line, const char *call) {
        const size_t n = strlen(call);
        int found = PAM_SUCCESS;

        if (!line->module || strcmp(line->module, MODULE) != 0)
                return PAM_MODULE_UNKNOWN;
        for (char **word = line->words; *word; word++)
                if (strncmp(*word, call, n) == 0 && (*word)[n] == '=')
                        for (int code = 0; code < STACK_CODES; code++)
                                if (strcmp(stack_code_to_string(code), *word + n + 1) == 0)
                                        found = code;
        return found;
}

static size_t oracle(const StackLine *line, size_t i, void *userdata, StackMove moves[STACK_CODES]) {
        const Play *play = userdata;
        const int code = code_of(line, play->call);

        moves[0] = (StackMove){ .code = code, .frozen = play->frozen && play->frozen[i] >= 0 ? play->frozen[i] : code };
        return 1;
}

static int answer(const Stack *stack, const char *call, const int *frozen, StackJumps jumps, int *ret_frozen) {
        Play play = { .call = call, .frozen = frozen };
        StackRun run;
        int code;

        assert_int_equal(stack_run(stack, oracle, &play, jumps, &run), 0);
        assert_int_equal(run.n_ends, 1);
        code = run.ends[0].code;
        for (size_t i = 0; ret_frozen && i < stack->n; i++)
                ret_frozen[i] = !run.reached[i]                       ? -1 :
                                stack->lines[i].form == STACK_FAILS   ? PAM_PERM_DENIED :
                                                                        code_of(&stack->lines[i], call);
        stack_run_done(&run);
        return code;
}

/* How this libpam treats a jump when it goes the same way once more. */
static StackJumps probe_jumps(void) {
        pam_handle_t *handle;
        int code;

        write_text("other", "");
        write_text(SERVICE, "auth [success=1 default=bad] " MODULE " auth=success cred=success\n"
                            "auth required " MODULE "\nauth [default=ignore] " MODULE "\n");
        handle = start();
        assert_non_null(handle);
        (void)pam_authenticate(handle, 0);
        code = pam_setcred(handle, PAM_ESTABLISH_CRED);
        (void)pam_end(handle, code);
        return code == PAM_SUCCESS ? STACK_JUMPS_COUNT : STACK_JUMPS_IGNORED;
}

static void read_play(StackService *ret) {
        const char *const folders[] = { folder, NULL };
        const StackPlace place = { .root = "", .folders = folders };

        assert_int_equal(stack_read(&place, SERVICE, ret), 0);
}

static void compare(unsigned number, const char *call, int ours, int theirs, const char *text) {
        if (ours == theirs)
                return;
        /* Too long for the messages of the test library. */
        (void)fprintf(stderr, "stack %u, %s: libpam answers %s, we %s:\n%s", number, call, stack_code_to_string(theirs),
                      stack_code_to_string(ours), text);
        fail();
}

static void compare_all(unsigned number, StackJumps jumps, const char *text) {
        StackService service = {};
        pam_handle_t *handle;
        int frozen[STACK_LINES];
        const Stack *stacks = service.stacks;

        read_play(&service);
        handle = start();
        if (service.is_closed || !handle) {
                compare(number, "start", service.is_closed, !handle, text);
                stack_service_done(&service);
                return;
        }
        compare(number, "auth", answer(&stacks[STACK_AUTH], "auth", NULL, jumps, frozen), pam_authenticate(handle, 0), text);
        compare(number, "cred", answer(&stacks[STACK_AUTH], "cred", frozen, jumps, NULL),
                pam_setcred(handle, PAM_ESTABLISH_CRED), text);
        compare(number, "acct", answer(&stacks[STACK_ACCOUNT], "acct", NULL, jumps, NULL), pam_acct_mgmt(handle, 0), text);
        compare(number, "open_session", answer(&stacks[STACK_SESSION], "open_session", NULL, jumps, NULL),
                pam_open_session(handle, 0), text);
        (void)pam_end(handle, 0);

        /* setcred without a login, as after a key in sshd */
        handle = start();
        assert_non_null(handle);
        compare(number, "cred alone", answer(&stacks[STACK_AUTH], "cred", NULL, jumps, NULL),
                pam_setcred(handle, PAM_ESTABLISH_CRED), text);
        (void)pam_end(handle, 0);
        stack_service_done(&service);
}

/* PAM_INCOMPLETE alone is left out: it is for applications that ask again. */
static const char *some_code(void) {
        static const char *const likely[] = { "success", "success", "success", "ignore", "ignore", "auth_err", "user_unknown",
                                              "authinfo_unavail", "new_authtok_reqd", NULL };
        return chance(3) ? pick(likely) : stack_code_to_string((int)chance(PAM_INCOMPLETE));
}

static void add_control(FILE *file) {
        static const char *const words[] = { "required", "requisite", "sufficient", "optional", "Required", NULL };
        static const char *const actions[] = { "ignore", "ok", "done", "bad", "die", "reset", "1", "2", "3", "9", "0", "okay", NULL };
        static const char *const blanks[] = { "", " ", "  ", NULL };

        if (chance(3) == 0) {
                (void)fputs(pick(words), file);
                return;
        }
        (void)fputs(pick((const char *const[]){ "[", "[ ", NULL }), file);
        for (unsigned n = chance(5); n > 0; n--)
                (void)fprintf(file, "%s%s=%s%s ", some_code(), pick(blanks), pick(blanks), actions[chance(chance(8) ? 10 : 12)]);
        if (chance(4))
                (void)fprintf(file, "default=%s", actions[chance(8)]);
        (void)fputc(']', file);
}

static void add_module(FILE *file) {
        if (chance(20) == 0) {
                (void)fputs("pam_is_not_there.so", file);
                return;
        }
        (void)fprintf(file, MODULE " auth=%s cred=%s", some_code(), some_code());
        (void)fprintf(file, " acct=%s open_session=%s", some_code(), some_code());
}

static void add_line(FILE *file, unsigned depth) {
        static const char *const kinds[] = { "auth", "auth", "account", "session", "-auth", "AUTH", "password", NULL };
        static const char *const spoilt[] = { "auth\n", "auth required\n", "author required " MODULE "\n", "auth [success=ok " MODULE "\n",
                                              "auth necessary " MODULE "\n", "auth required [" MODULE "]\n",
                                              "account substack /no/such/file\n", "session include /no/such/file\n", "# nothing\n",
                                              "   \n", "[auth] required " MODULE " auth=ignore\n", "auth required " MODULE "#auth=ignore\n",
                                              "auth sufficient " MODULE " [auth=success]\n", "\\\n", NULL };
        static const char *const names[] = { "one", "two", "three" };

        if (chance(25) == 0) {
                (void)fputs(pick(spoilt), file);
                return;
        }
        if (depth < ELEMENTSOF(names) && chance(5) == 0) {
                static const char *const ways[] = { "auth include", "auth substack", "account substack", "session substack", "auth substack",
                                                    "@include", NULL };
                const char *way = pick(ways);

                /* Only a file that comes later: libpam 1.5 would follow a ring until it runs out of files. */
                (void)fprintf(file, "%s %s/%s\n", way, folder, names[depth + chance((unsigned)ELEMENTSOF(names) - depth)]);
                return;
        }
        (void)fprintf(file, "%s\t", pick(kinds));
        add_control(file);
        (void)fputs(chance(15) ? " " : "   \\  \n", file);
        add_module(file);
        (void)fputc('\n', file);
}

static void add_file(const char *name, unsigned depth, unsigned n, FILE *all) {
        char *text = NULL;
        size_t size;
        FILE *file = open_memstream(&text, &size);

        assert_non_null(file);
        for (; n > 0; n--)
                add_line(file, depth);
        /* A file that never ends, where it is included by "@include", leaves libpam with actions that nobody has set. */
        if (depth == 0 && chance(40) == 0)
                (void)fputs("account required " MODULE " \\\n", file);
        (void)fclose(file);
        write_text(name, text);
        (void)fprintf(all, "--- %s\n%s", name, text);
        free(text);
}

/* threats 6 and 7 stand on this: whoever says what a stack answers must say what libpam answers. */
static void test_as_libpam(void **state) {
        StackJumps jumps;

        (void)state;
        jumps = probe_jumps();
        chance_state = 20260101;
        for (unsigned i = 0; i < PLAYS; i++) {
                char *text = NULL;
                size_t size;
                FILE *all = open_memstream(&text, &size);

                assert_non_null(all);
                add_file("one", 1, chance(5), all);
                add_file("two", 2, chance(4), all);
                add_file("three", 3, chance(3) + 1, all);
                add_file("other", 3, chance(4), all);
                add_file(SERVICE, 0, chance(9), all);
                (void)fclose(all);
                compare_all(i, jumps, text);
                free(text);
        }
}

static const struct {
        const char *name, *text;
        StackFault fault;
        int success, auth_err, ignore;
} controls[] = {
        { "required", "required", STACK_FINE, STACK_GOOD, STACK_BAD, STACK_IGNORE },
        { "a word in capitals", "SUFFICIENT", STACK_FINE, STACK_DONE, STACK_IGNORE, STACK_IGNORE },
        { "what is not named is bad", "success=ok", STACK_FINE, STACK_GOOD, STACK_BAD, STACK_BAD },
        { "default is for what was not named before", "success=2 default=ignore", STACK_FINE, 2, STACK_IGNORE, STACK_IGNORE },
        { "a value behind default still counts", "default=die success=ok", STACK_FINE, STACK_GOOD, STACK_DIE, STACK_DIE },
        { "blanks around the sign", " success = 12  ", STACK_FINE, 12, STACK_BAD, STACK_BAD },
        { "pairs without a blank between", "success=okignore=ignore", STACK_FINE, STACK_GOOD, STACK_BAD, STACK_IGNORE },
        { "a jump over nothing spoils all", "success=ok auth_err=0", STACK_BAD_CONTROL, STACK_BAD, STACK_BAD, STACK_BAD },
        { "a value that there is not spoils all", "success=ok denied=die", STACK_BAD_CONTROL, STACK_BAD, STACK_BAD, STACK_BAD },
        { "Debian's success=end is no word of libpam", "success=end", STACK_BAD_CONTROL, STACK_BAD, STACK_BAD, STACK_BAD },
        { "a number too large for an int", "success=99999999999999999999", STACK_FINE, 0, STACK_BAD, STACK_BAD },
};

static void test_controls(void **state) {
        (void)state;
        for (size_t i = 0; i < ELEMENTSOF(controls); i++) {
                int actions[STACK_CODES];

                print_message("  %s\n", controls[i].name);
                assert_int_equal(stack_control(controls[i].text, actions), controls[i].fault);
                if (controls[i].success)
                        assert_int_equal(actions[PAM_SUCCESS], controls[i].success);
                else
                        assert_true(actions[PAM_SUCCESS] > STACK_LINES);
                assert_int_equal(actions[PAM_AUTH_ERR], controls[i].auth_err);
                assert_int_equal(actions[PAM_IGNORE], controls[i].ignore);
        }
}

static const struct {
        const char *name, *text;
        StackFault fault;
        unsigned line;
        bool is_closed;
} faults[] = {
        { "a kind that there is not", "\nauht required a.so\n", STACK_NO_KIND, 2, false },
        { "a kind alone", "auth\n", STACK_NO_CONTROL, 1, false },
        { "a control that cannot be read", "# x\n\nauth needed a.so\n", STACK_BAD_CONTROL, 3, false },
        { "no module", "auth required # a.so\n", STACK_NO_MODULE, 1, false },
        { "a file that is not there", "@include none\n", STACK_NO_FILE, 1, true },
        { "a file that is not there for one kind", "auth include none\n", STACK_NO_FILE, 1, false },
        { "a file that includes itself", "auth include play\n", STACK_TOO_DEEP, 1, false },
        { "a line that goes on behind a comment", "auth \\\n# no\n required\n", STACK_NO_MODULE, 1, false },
        { "a last line that goes on", "auth required a.so\nauth required \\\n", STACK_UNFINISHED, 2, true },
};

static void test_faults(void **state) {
        (void)state;
        write_text("other", "");
        for (size_t i = 0; i < ELEMENTSOF(faults); i++) {
                StackService service;

                print_message("  %s\n", faults[i].name);
                write_text(SERVICE, faults[i].text);
                read_play(&service);
                assert_int_equal(service.n_remarks, 1);
                assert_int_equal(service.remarks[0].fault, faults[i].fault);
                assert_int_equal(service.remarks[0].line, faults[i].line);
                assert_int_equal(service.is_closed, faults[i].is_closed);
                stack_service_done(&service);
        }
}

static void test_long_line(void **state) {
        char text[STACK_LINE_BYTES + 40];
        StackService service;

        (void)state;
        (void)memset(text, 'x', sizeof(text) - 1);
        text[sizeof(text) - 1] = '\0';
        memcpy(text, "auth required a.so ", strlen("auth required a.so "));
        write_text(SERVICE, text);
        read_play(&service);
        assert_int_equal(service.n_remarks, 1);
        assert_int_equal(service.remarks[0].fault, STACK_TOO_LONG);
        assert_int_equal(service.stacks[STACK_AUTH].lines[0].form, STACK_FAILS);
        stack_service_done(&service);
}

static void test_missing(void **state) {
        const char *const folders[] = { "/nonexistent", NULL };
        const StackPlace place = { .root = "", .folders = folders };
        StackService service;

        (void)state;
        assert_int_equal(stack_read(&place, SERVICE, &service), -ENOENT);
}

/* Several values for each line: all courses are found, and who let them in. */
static size_t two_ways(const StackLine *line, size_t i, void *userdata, StackMove moves[STACK_CODES]) {
        (void)userdata;
        moves[0] = (StackMove){ .code = PAM_SUCCESS, .frozen = PAM_SUCCESS, .facts = 1U << i };
        moves[1] = (StackMove){ .code = PAM_AUTH_ERR, .frozen = PAM_AUTH_ERR, .facts = 0 };
        return strcmp(line->module, "sure.so") == 0 ? 1 : 2;
}

static void test_courses(void **state) {
        StackService service;
        StackRun run;
        size_t n_good = 0;

        (void)state;
        write_text(SERVICE, "auth sufficient a.so\nauth [success=1 default=ignore] b.so\nauth requisite c.so\nauth required sure.so\n"
                            "auth [success=7 default=ignore] d.so\n");
        read_play(&service);
        assert_int_equal(stack_run(&service.stacks[STACK_AUTH], two_ways, NULL, STACK_JUMPS_IGNORED, &run), 0);
        for (size_t i = 0; i < run.n_ends; i++)
                if (run.ends[i].code == PAM_SUCCESS) {
                        n_good++;
                        if (run.ends[i].facts & 1)
                                assert_int_equal(run.ends[i].giver, 0);
                        else
                                assert_int_equal(run.ends[i].giver, run.ends[i].facts & 2 ? 3 : 2);
                }
        assert_int_equal(n_good, 3);
        assert_true(run.overshoots[4]);
        assert_false(run.overshoots[1]);
        stack_run_done(&run);
        stack_service_done(&service);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_controls),
                cmocka_unit_test(test_faults),
                cmocka_unit_test(test_long_line),
                cmocka_unit_test(test_missing),
                cmocka_unit_test(test_courses),
                cmocka_unit_test(test_as_libpam),
        };

        return cmocka_run_group_tests_name("stack", tests, setup, teardown);
}
