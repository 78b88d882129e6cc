/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What a login leaves in memory: nothing, and at rest its token. A child does a login with the server in its parent,
 * changes the password, lets everything go and looks through all its writable memory for passwords, code and token
 * (threats 83, M4). A PIN never comes here. */

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include <cmocka.h>

#include "tests/unit/platform-fixture.h"

#define MASK 0x55

/* "Sesame-Open-4711", "SeCrEtToKeN-4711", "SeCrEtCoDe-4711", "NeWpAsSwOrD-4711" under a mask, so that no copy stands
 * in the program. */
enum { PASSWORD, TOKEN, CODE, NEW_PASSWORD };
static const unsigned char secrets[][17] = {
        { 0x06, 0x30, 0x26, 0x34, 0x38, 0x30, 0x78, 0x1a, 0x25, 0x30, 0x3b, 0x78, 0x61, 0x62, 0x64, 0x64 },
        { 0x06, 0x30, 0x16, 0x27, 0x10, 0x21, 0x01, 0x3a, 0x1e, 0x30, 0x1b, 0x78, 0x61, 0x62, 0x64, 0x64 },
        { 0x06, 0x30, 0x16, 0x27, 0x10, 0x21, 0x16, 0x3a, 0x11, 0x30, 0x78, 0x61, 0x62, 0x64, 0x64 },
        { 0x1b, 0x30, 0x02, 0x25, 0x14, 0x26, 0x06, 0x22, 0x1a, 0x27, 0x11, 0x78, 0x61, 0x62, 0x64, 0x64 },
};

static void unmask(const unsigned char masked[17], char ret[17]) {
        size_t i;

        for (i = 0; masked[i]; i++)
                ret[i] = (char)(masked[i] ^ MASK);
        ret[i] = '\0';
}

/* Where @masked stands in @n bytes at @p, without ever being written out beside it. */
static unsigned count_in(const unsigned char *p, size_t n, const unsigned char *masked, size_t n_masked) {
        unsigned n_found = 0;

        for (size_t i = 0; i + n_masked <= n; i++) {
                size_t j = 0;

                while (j < n_masked && (p[i + j] ^ MASK) == masked[j])
                        j++;
                n_found += j == n_masked;
        }
        return n_found;
}

static unsigned count_in_range(int memory, unsigned long from, unsigned long until, const unsigned char *masked) {
        static unsigned char chunk[1024 * 1024 + 32];
        size_t n_masked = strlen((const char *)masked);
        unsigned n_found = 0;

        for (unsigned long at = from; at < until; at += sizeof(chunk) - 32) {
                size_t n_want = until - at < sizeof(chunk) ? until - at : sizeof(chunk);
                ssize_t n = pread(memory, chunk, n_want, (off_t)at);

                /* not what was read just now, which may lie in two ranges */
                if (n > 0 && ((unsigned long)chunk >= at + (unsigned long)n || (unsigned long)chunk + sizeof(chunk) <= at))
                        n_found += count_in(chunk, (size_t)n, masked, n_masked);
        }
        return n_found;
}

/* Copies of a secret in all that we may write, shadows of a sanitizer excepted. */
static unsigned count_copies(const unsigned char *masked) {
        FILE *maps = fopen("/proc/self/maps", "re"), *memory = fopen("/proc/self/mem", "re");
        unsigned long from, until;
        unsigned n_found = 0;
        char line[512];

        if (!maps || !memory)
                return 1000;
        while (fgets(line, sizeof(line), maps)) {
                char mode[8];

                if (sscanf(line, "%lx-%lx %7s", &from, &until, mode) == 3 && mode[0] == 'r' && mode[1] == 'w' &&
                    until - from < 256UL * 1024 * 1024)
                        n_found += count_in_range(fileno(memory), from, until, masked);
        }
        (void)fclose(maps);
        (void)fclose(memory);
        return n_found;
}

static char *token_answer, *challenge_answer; /* of the parent */

static void make_secret(size_t i, Secret **ret) {
        char text[17];

        assert_int_equal(secret_new(32, ret), 0);
        unmask(secrets[i], text);
        assert_int_equal(secret_append(*ret, text, strlen(text)), 0);
        explicit_bzero(text, sizeof(text));
}

static ReplyKind log_in(PlatformFixture *fixture) {
        _cleanup_(secret_freep) Secret *password = NULL;

        make_secret(PASSWORD, &password);
        return fixture_ask(fixture, &(Request){ .kind = REQUEST_PASSWORD, .account = "a", .password = password });
}

static ReplyKind change_password(PlatformFixture *fixture) {
        _cleanup_(secret_freep) Secret *password = NULL, *next = NULL;

        make_secret(PASSWORD, &password);
        make_secret(NEW_PASSWORD, &next);
        return fixture_ask(fixture, &(Request){ .kind = REQUEST_NEW_PASSWORD, .password = password,
                                                .new_password = next });
}

static unsigned count_and_tell(size_t i, unsigned n_expected, const char *when) {
        unsigned n = count_copies(secrets[i]);

        if (n != n_expected)
                (void)fprintf(stderr, "%u copies of secret %zu %s\n", n, i, when);
        return n;
}

/* Return: what the parent is to see as exit status. */
static int child_run(PlatformFixture *fixture) {
        unsigned n = 0;

        if (log_in(fixture) != REPLY_PERSON || change_password(fixture) != REPLY_CHANGED)
                return 100;

        /* At rest the token is kept, in its own page, and nothing else. */
        platform_login_rest(fixture->login);
        reply_done(&fixture->reply);
        for (size_t i = 0; i < ELEMENTSOF(secrets); i++)
                if (i != TOKEN)
                        n += count_and_tell(i, 0, "at rest");
        if (count_and_tell(TOKEN, 1, "at rest") != 1)
                return 101; /* whoever does not see it then is blind */
        if (fixture_ask(fixture, &(Request){ .kind = REQUEST_RESUME }) != REPLY_PERSON)
                return 103;

        fixture->login = platform_login_free(fixture->login);
        for (uint64_t until = now_usec() + 5 * USEC_PER_SEC; fixture->platform->n_revocations > 0 &&
                                                             now_usec() < until;)
                (void)sd_event_run(fixture->event, USEC_PER_SEC);
        reply_done(&fixture->reply);

        /* Kept connections are still open, as they are between two logins. */
        for (size_t i = 0; i < ELEMENTSOF(secrets); i++)
                n += count_and_tell(i, 0, "at the end");
        return n > 99 ? 99 : (int)n;
}

/* The child is made before the server knows its secrets, and waits until it does. */
static void test_nothing_stays(void **state) {
        static ServerAnswer answers[3];
        PlatformFixture fixture;
        char text[17];
        int go[2], status;
        pid_t pid;

        (void)state;
        fixture_start(&fixture, &(FixtureOptions){ .answers = answers, .timeout_usec = 15 * USEC_PER_SEC });
        assert_int_equal(pipe(go), 0);
        pid = fork();
        assert_true(pid >= 0);
        if (pid == 0) {
                PlatformFixture own = { .server = fixture.server };
                char byte;

                /* The parent's loop is its own; a child needs another one. */
                if (read(go[0], &byte, 1) != 1)
                        _exit(102);
                fixture_connect(&own, &(FixtureOptions){ .timeout_usec = 15 * USEC_PER_SEC });
                _exit(child_run(&own));
        }

        unmask(secrets[CODE], text);
        assert_true(asprintf(&challenge_answer, "{\"authorization_code\":\"%s\"}", text) > 0);
        answers[0] = (ServerAnswer){ .path = "/challenge", .body = challenge_answer };
        unmask(secrets[TOKEN], text);
        assert_true(asprintf(&token_answer, "{\"access_token\":\"%s\",\"token_type\":\"Bearer\"}", text) > 0);
        answers[1] = (ServerAnswer){ .path = "/token", .body = token_answer };
        assert_int_equal(write(go[1], "g", 1), 1);

        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_true(WIFEXITED(status));
        assert_int_equal(WEXITSTATUS(status), 0);
        (void)close(go[0]);
        (void)close(go[1]);
        free(token_answer);
        free(challenge_answer);
        fixture_stop(&fixture);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_nothing_stays),
        };

        return cmocka_run_group_tests(tests, fixture_init_process, NULL);
}
