/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The small parts: routes, waiters, misses, text messages, addresses, command line, randomness. */

#include <errno.h>
#include <fcntl.h>

#include "backend/file.h"
#include "backend/listen.h"
#include "backend/misses.h"
#include "backend/options.h"
#include "backend/routes.h"
#include "backend/sms.h"
#include "tests/unit/backend-fixture.h"

typedef struct RouteCase {
        const char *method, *path, *template, *parameter, *allow;
} RouteCase;

static const RouteCase route_cases[] = {
        { "GET", "/healthz", "/healthz", "", NULL },
        { "HEAD", "/healthz", "/healthz", "", NULL },
        { "POST", "/healthz", NULL, "", "GET, HEAD" },
        { "GET", "/oauth2/token", NULL, "", "POST" },
        { "get", "/healthz", NULL, "", "GET, HEAD" },
        { "GET", "/healthz/", NULL, "", NULL },
        { "GET", "/", "/", "", NULL },
        { "GET", "//", NULL, "", NULL },
        { "GET", "/F", "/f", "", NULL },
        { "GET", "/f/", NULL, "", NULL },
        { "POST", "/units/" UNIT_ONE "/challenge", "/units/{code}/challenge", UNIT_ONE, NULL },
        { "GET", "/account/password", NULL, "", "POST" },
        { "GET", "", NULL, "", NULL },
        { "GET", "/Q/K7Q39X4P", "/Q/{user_code}", "K7Q39X4P", NULL },
        { "GET", "/q/k7q39x4p", "/Q/{user_code}", "k7q39x4p", NULL },
        { "GET", "/Q/", NULL, "", NULL },
        { "GET", "/Q/a/b", NULL, "", NULL },
        { "POST", "/app/device/K7Q39X4P/scan", "/app/device/{user_code}/scan", "K7Q39X4P", NULL },
        { "GET", "/app/device/K7Q39X4P", "/app/device/{user_code}", "K7Q39X4P", NULL },
        { "POST", "/app/device//scan", NULL, "", NULL },
        { "POST", "/units/" UNIT_ONE "/verification", "/units/{code}/verification", UNIT_ONE,
          NULL },
        { "POST",
          "/units/0123456789012345678901234567890123456789012345678901234567890123x/verification",
          NULL, "", NULL },
};

static void test_routes(void **state) {
        (void)state;
        for (size_t i = 0; i < ELEMENTSOF(route_cases); i++) {
                const RouteCase *c = &route_cases[i];
                char parameter[REQUEST_PARAMETER_BYTES + 1];
                const char *allow = NULL;
                const Route *route = route_find(c->method, c->path, parameter, &allow);

                if (!route != !c->template ||
                    (route &&
                     (strcmp(route->template, c->template) || strcmp(parameter, c->parameter))) ||
                    (!route && (!allow != !c->allow || (allow && strcmp(allow, c->allow)))))
                        fail_msg("%s %s", c->method, c->path);
        }
}

static size_t n_woken;
static Waiters *again_list;

static void on_wake(Waiter *waiter) {
        assert_false(waiter->linked);
        n_woken++;
        if (again_list)
                waiters_add(again_list, waiter);
}

static void test_waiters(void **state) {
        Waiter w[5] = {};
        Waiters waiters = {};
        static const uint64_t deadlines[] = { 30, 10, 20, 10, 40 };

        (void)state;
        n_woken = 0;
        again_list = NULL;
        assert_int_equal(waiters_deadline_usec(&waiters), USEC_INFINITY);
        for (size_t i = 0; i < ELEMENTSOF(w); i++) {
                w[i].deadline_usec = deadlines[i];
                w[i].wake = on_wake;
                (void)snprintf(w[i].hash, sizeof(w[i].hash), "%zu", i % 2);
                waiters_add(&waiters, &w[i]);
        }
        assert_int_equal(waiters.n, 5);
        assert_int_equal(waiters_deadline_usec(&waiters), 10);
        waiters_expire(&waiters, 9);
        assert_int_equal(n_woken, 0);
        waiters_expire(&waiters, 20);
        assert_int_equal(n_woken, 3);
        assert_int_equal(waiters_deadline_usec(&waiters), 30);

        /* one that goes on waiting is woken once */
        again_list = &waiters;
        waiters_wake(&waiters, "0");
        assert_int_equal(n_woken, 5);
        assert_int_equal(waiters.n, 2);
        waiters_wake(&waiters, "1");
        assert_int_equal(n_woken, 5);
        again_list = NULL;
        waiters_remove(&waiters, &w[0]);
        waiters_remove(&waiters, &w[0]);
        waiters_wake(&waiters, NULL);
        assert_int_equal(n_woken, 6);
        assert_int_equal(waiters.n, 0);
        assert_null(waiters.first);
        assert_null(waiters.last);
}

/* threats 62 */
static void test_misses(void **state) {
        static Misses misses = { .seed = 7 };

        (void)state;
        for (int i = 0; i < MISSES_MAX; i++) {
                assert_false(misses_blocked(&misses, "10.0.0.1", 1000));
                misses_note(&misses, "10.0.0.1", 1000);
        }
        assert_true(misses_blocked(&misses, "10.0.0.1", 1000));
        assert_false(misses_blocked(&misses, "10.0.0.2", 1000));
        assert_true(misses_blocked(&misses, "10.0.0.1", 1000 + MISSES_WINDOW_USEC - 1));
        assert_false(misses_blocked(&misses, "10.0.0.1", 1000 + MISSES_WINDOW_USEC));
        misses_note(&misses, "10.0.0.1", 1000 + MISSES_WINDOW_USEC);
        assert_false(misses_blocked(&misses, "10.0.0.1", 1000 + MISSES_WINDOW_USEC));
}

static void test_sms(void **state) {
        Fixture *fixture = *state;
        _cleanup_(secret_freep) Secret *text = NULL;
        struct dirent *entry;
        struct stat st;
        char path[512] = "";
        size_t n = 0;
        DIR *dir;

        assert_int_equal(sms_outbox_check(fixture->folder), 0);
        assert_int_equal(chmod(fixture->folder, 0755), 0);
        assert_int_equal(sms_outbox_check(fixture->folder), SMS_E_FOLDER);
        assert_int_equal(chmod(fixture->folder, 0700), 0);
        assert_int_equal(sms_outbox_check(fixture->path), SMS_E_FOLDER);
        assert_int_equal(sms_outbox_check("/nonexistent"), -ENOENT);

        assert_int_equal(sms_send(fixture->folder, "19900000001", "您的账号", T0), 0);
        assert_int_equal(sms_send(fixture->folder, "../../etc/x", "text", T0), SMS_E_INVALID);
        assert_int_equal(sms_send(fixture->folder, "199000000010", "text", T0), SMS_E_INVALID);
        assert_int_equal(sms_send(fixture->folder, "19900000001", "", T0), SMS_E_INVALID);
        assert_int_equal(sms_send(fixture->folder, "19900000001", "\x1b[31m", T0), SMS_E_INVALID);

        dir = opendir(fixture->folder);
        assert_non_null(dir);
        while ((entry = readdir(dir)) != NULL)
                if (strstr(entry->d_name, ".txt")) {
                        n++;
                        (void)snprintf(path, sizeof(path), "%s/%s", fixture->folder, entry->d_name);
                }
        (void)closedir(dir);
        assert_int_equal(n, 1);
        assert_int_equal(stat(path, &st), 0);
        assert_int_equal(st.st_mode & 0777, 0600);
        assert_int_equal(file_read(path, 4096, &text), 0);
        assert_string_equal(secret_text(text),
                            "To: 19900000001\nDate: 2027-01-15T08:00:00Z\n\n您的账号\n");
}

static void test_files(void **state) {
        Fixture *fixture = *state;
        Secret *text = NULL;
        char path[128];
        FILE *file;

        (void)snprintf(path, sizeof(path), "%s/secret", fixture->folder);
        file = fopen(path, "w");
        assert_non_null(file);
        (void)fputs("0123456789", file);
        (void)fclose(file);
        assert_int_equal(chmod(path, 0644), 0);
        assert_int_equal(file_read_secret(path, 100, &text), FILE_E_EXPOSED);
        assert_int_equal(chmod(path, 0640), 0);
        assert_int_equal(file_read_secret(path, 9, &text), FILE_E_TOO_LARGE);
        assert_int_equal(file_read_secret(path, 10, &text), 0);
        assert_string_equal(secret_text(text), "0123456789");
        (void)secret_free(text);
}

typedef struct ListenCase {
        const char *address;
        int result;
        ListenScope scope;
} ListenCase;

static const ListenCase listen_cases[] = {
        { "127.0.0.1:80", 0, LISTEN_LOCAL },
        { "127.1.2.3:1", 0, LISTEN_LOCAL },
        { "[::1]:443", 0, LISTEN_LOCAL },
        { "unix:/run/x", 0, LISTEN_LOCAL },
        { "0.0.0.0:443", 0, LISTEN_NETWORK },
        { "10.0.0.1:443", 0, LISTEN_NETWORK },
        { "[::]:443", 0, LISTEN_NETWORK },
        { "[::ffff:127.0.0.1]:443", 0, LISTEN_NETWORK },
        { "unix:run/x", LISTEN_E_SYNTAX, 0 },
        { "localhost:80", LISTEN_E_SYNTAX, 0 },
        { "127.0.0.1", LISTEN_E_SYNTAX, 0 },
        { "127.0.0.1:", LISTEN_E_SYNTAX, 0 },
        { "127.0.0.1:0", LISTEN_E_SYNTAX, 0 },
        { "127.0.0.1:65536", LISTEN_E_SYNTAX, 0 },
        { "127.0.0.1:8x", LISTEN_E_SYNTAX, 0 },
        { ":80", LISTEN_E_SYNTAX, 0 },
        { "", LISTEN_E_SYNTAX, 0 },
};

static void test_listen(void **state) {
        (void)state;
        for (size_t i = 0; i < ELEMENTSOF(listen_cases); i++) {
                const ListenCase *c = &listen_cases[i];
                ListenScope scope = 99;
                int r = listen_scope(c->address, &scope);

                if (r != c->result || (r == 0 && scope != c->scope))
                        fail_msg("%s: %d", c->address, r);
        }
}

static void test_unix_socket(void **state) {
        Fixture *fixture = *state;
        char address[PLACE_BYTES + 8];
        struct stat st;
        int fd = -1, other = -1;

        (void)snprintf(address, sizeof(address), "unix:%s/socket", fixture->folder);
        assert_int_equal(listen_open(address, &fd), 0);
        assert_int_equal(stat(address + 5, &st), 0);
        assert_int_equal(st.st_mode & 0777, 0660);
        assert_int_equal(listen_open(address, &other), -EADDRINUSE);
        /* its server died: the path is taken over */
        (void)close(fd);
        assert_int_equal(listen_open(address, &fd), 0);
        listen_close(address, fd);
        assert_int_equal(stat(address + 5, &st), -1);

        (void)snprintf(address, sizeof(address), "unix:%s", fixture->path);
        assert_int_equal(listen_open(address, &fd), LISTEN_E_PATH);
}

typedef struct OptionsCase {
        const char *sentence;
        const char *words[12];
        int result;
} OptionsCase;

#define ISSUER "--issuer", "https://itax.lab"

static const OptionsCase options_cases[] = {
        { "no command", { NULL }, OPTIONS_E_USAGE },
        { "an unknown command", { "dance" }, OPTIONS_E_USAGE },
        { "an unknown option", { "--dance" }, OPTIONS_E_USAGE },
        { "half a command", { "client" }, OPTIONS_E_USAGE },
        { "load without a file", { "load" }, OPTIONS_E_USAGE },
        { "load with two files", { "load", "a", "b" }, OPTIONS_E_USAGE },
        { "load", { "--store", "s", "load", "a" }, 0 },
        { "relation grant", { "relation", "grant", "a", "b", "--why", "x" }, 0 },
        { "relation grant without why", { "relation", "grant", "a", "b" }, OPTIONS_E_USAGE },
        { "nothing but spaces is no reason",
          { "relation", "grant", "a", "b", "--why", "  " },
          OPTIONS_E_USAGE },
        { "a reason of two lines",
          { "account", "reset", "a", "--why", "a\nb" },
          OPTIONS_E_USAGE },
        { "a new password as an argument", { "account", "reset", "a", "p" }, OPTIONS_E_USAGE },
        { "a list takes no reason", { "account", "list", "--why", "x" }, OPTIONS_E_USAGE },
        { "an option of serve with another command",
          { "load", "a", "--listen", "127.0.0.1:1" },
          OPTIONS_E_USAGE },
        { "a unit without name", { "unit", "add", "a", "--why", "x" }, OPTIONS_E_USAGE },
        { "a key kept for a week", { "client", "rotate", "a", "--keep-old", "7d" }, 0 },
        { "a key kept for ever",
          { "client", "rotate", "a", "--keep-old", "91d" },
          OPTIONS_E_USAGE },
        { "a time without unit",
          { "client", "rotate", "a", "--keep-old", "24" },
          OPTIONS_E_USAGE },
        { "the audit since a day", { "audit", "list", "--since", "2026-11-24", "--json" }, 0 },
        { "the audit of three hours", { "audit", "list", "--since", "3h" }, 0 },
        { "the audit since no day", { "audit", "list", "--since", "2026-02-30" }, OPTIONS_E_USAGE },
        { "serve without anything", { "serve" }, OPTIONS_E_USAGE },
        { "serve on loopback", { "serve", "--listen", "127.0.0.1:1", ISSUER }, 0 },
        { "serve on a Unix socket", { "serve", "--listen", "unix:/run/x", ISSUER }, 0 },
        { "serve the network without TLS",
          { "serve", "--listen", "0.0.0.0:1", ISSUER },
          OPTIONS_E_USAGE },
        { "serve the network with TLS",
          { "serve", "--listen", "0.0.0.0:1", ISSUER, "--tls-cert", "c", "--tls-key", "k" },
          0 },
        { "a certificate without key",
          { "serve", "--listen", "127.0.0.1:1", ISSUER, "--tls-cert", "c" },
          OPTIONS_E_USAGE },
        { "an issuer in clear",
          { "serve", "--listen", "127.0.0.1:1", "--issuer", "http://itax.lab" },
          OPTIONS_E_USAGE },
        { "an issuer in clear on loopback",
          { "serve", "--listen", "127.0.0.1:1", "--issuer", "http://127.0.0.1:1" },
          0 },
        { "an issuer with a path",
          { "serve", "--listen", "127.0.0.1:1", "--issuer", "https://itax.lab/x" },
          OPTIONS_E_USAGE },
        { "an issuer with a slash at the end",
          { "serve", "--listen", "127.0.0.1:1", "--issuer", "https://itax.lab/" },
          OPTIONS_E_USAGE },
        { "a phase", { "serve", "--listen", "127.0.0.1:1", ISSUER, "--phase", "dual" }, 0 },
        { "a phase that is none",
          { "serve", "--listen", "127.0.0.1:1", ISSUER, "--phase", "four" },
          OPTIONS_E_USAGE },
        { "a lifetime", { "serve", "--listen", "127.0.0.1:1", ISSUER, "--qr-lifetime", "3" }, 0 },
        { "a lifetime of nothing",
          { "serve", "--listen", "127.0.0.1:1", ISSUER, "--qr-lifetime", "0" },
          OPTIONS_E_USAGE },
        { "a lifetime with a unit",
          { "serve", "--listen", "127.0.0.1:1", ISSUER, "--qr-lifetime", "3s" },
          OPTIONS_E_USAGE },
        { "dates of the phases",
          { "serve", "--listen", "unix:/x", ISSUER, "--phase-relation", "2020-01-01",
            "--phase-realname", "2096-02-29" },
          0 },
        { "a day that does not exist",
          { "serve", "--listen", "unix:/x", ISSUER, "--phase-dual", "2023-02-29" },
          OPTIONS_E_USAGE },
        { "revocation lists without authorities",
          { "serve", "--listen", "unix:/x", ISSUER, "--unit-crl", "f" },
          OPTIONS_E_USAGE },
        { "authorities with two lists",
          { "serve", "--listen", "unix:/x", ISSUER, "--unit-ca", "f", "--unit-crl", "a",
            "--unit-crl", "b" },
          0 },
        { "no limit for a source",
          { "serve", "--listen", "unix:/x", ISSUER, "--max-failures-per-source", "0" },
          0 },
        { "help", { "--help" }, OPTIONS_E_SHOWN },
        { "version", { "-V" }, OPTIONS_E_SHOWN },
};

static void test_options(void **state) {
        int null = open("/dev/null", O_WRONLY | O_CLOEXEC), out = dup(1), err = dup(2);

        (void)state;
        for (size_t i = 0; i < ELEMENTSOF(options_cases); i++) {
                const OptionsCase *c = &options_cases[i];
                char words[13][32] = { "itax-backend" }, *argv[14] = { words[0] };
                Options options = {};
                int argc = 1, r;

                for (; argc < 13 && c->words[argc - 1]; argc++) {
                        (void)snprintf(words[argc], sizeof(words[argc]), "%s", c->words[argc - 1]);
                        argv[argc] = words[argc];
                }
                (void)fflush(stdout);
                (void)dup2(null, 1);
                (void)dup2(null, 2);
                optind = 0;
                r = options_read(argc, argv, &options);
                (void)fflush(stdout);
                (void)dup2(out, 1);
                (void)dup2(err, 2);
                if (r != c->result)
                        fail_msg("%s: %d", c->sentence, r);
                /* threats 115: beyond loopback every workstation has a secret */
                if (r == 0 && options.server.tls_cert)
                        assert_int_equal(options.server.client_policy, CLIENT_UNKNOWN_REFUSED);
        }
        (void)close(null);
        (void)close(out);
        (void)close(err);
}

static void test_random(void **state) {
        char a[RANDOM_ID_BYTES + 1], b[RANDOM_ID_BYTES + 1], text[201];
        _cleanup_(secret_freep) Secret *token = NULL;
        unsigned k, seen = 0;

        (void)state;
        assert_int_equal(random_id(a), 0);
        assert_int_equal(random_id(b), 0);
        assert_string_not_equal(a, b);
        assert_int_equal(strlen(a), RANDOM_ID_BYTES);
        assert_int_equal(random_token(&token), 0);
        assert_int_equal(secret_size(token), RANDOM_TOKEN_BYTES);
        assert_int_equal(random_text("ab", 200, text), 0);
        assert_int_equal(strspn(text, "ab"), 200);
        assert_true(strchr(text, 'a') && strchr(text, 'b'));
        for (int i = 0; i < 500; i++) {
                assert_int_equal(random_number(7, &k), 0);
                assert_true(k < 7);
                seen |= 1U << k;
        }
        assert_int_equal(seen, 127);
        assert_int_equal(hash_hex_text("abc", text), 0);
        assert_string_equal(text,
                            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        /* RFC 4231 section 4.3 */
        assert_int_equal(hash_hex_keyed("Jefe", "what do ya want for nothing?", text), 0);
        assert_string_equal(text,
                            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_routes), cmocka_unit_test(test_waiters),
                cmocka_unit_test(test_misses), UNIT_TEST(test_sms),
                UNIT_TEST(test_files),         cmocka_unit_test(test_listen),
                UNIT_TEST(test_unix_socket),   cmocka_unit_test(test_options),
                cmocka_unit_test(test_random),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
