/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What an operator sees: numbers, the access log, and whose address stands in it. */

#include <fcntl.h>
#include <getopt.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "backend/access-log.h"
#include "backend/metrics.h"
#include "backend/options.h"
#include "backend/proxy.h"

static char *text;

static void print(void) {
        const MetricsNow now = { .n_waiting = 3,
                                 .n_connections = 12,
                                 .n_hash_queue = 1,
                                 .n_hash_threads = 2 };
        size_t n = 0;

        free(text);
        text = NULL;
        assert_int_equal(metrics_print(&now, &text, &n), 0);
        assert_int_equal(strlen(text), n);
}

static void has(const char *line) {
        char wanted[256];

        (void)snprintf(wanted, sizeof(wanted), "\n%s\n", line);
        if (!strstr(text, wanted))
                fail_msg("'%s' is not in:\n%s", line, text);
}

static void test_events(void **state) {
        (void)state;
        print();
        has("itax_logins_total{method=\"qr\",result=\"expired\"} 0");
        has("itax_lockouts_total 0");

        metrics_add(METRIC_LOCKOUTS);
        metrics_add(METRIC_TEXT_SENT);
        metrics_add(METRIC_TEXT_SENT);
        metrics_add(METRIC_TEXT_FAILED);
        metrics_login(METRIC_PASSWORD, METRIC_WRONG);
        metrics_login(METRIC_BROWSER, METRIC_RIGHT);
        print();
        has("itax_lockouts_total 1");
        has("itax_text_messages_total{result=\"sent\"} 2");
        has("itax_text_messages_total{result=\"failed\"} 1");
        has("itax_logins_total{method=\"password\",result=\"wrong\"} 1");
        has("itax_logins_total{method=\"browser\",result=\"right\"} 1");
        has("itax_logins_total{method=\"unit\",result=\"wrong\"} 0");
        has("itax_waiting_polls 3");
        has("itax_connections 12");
        has("itax_hash_queue 1");
        has("itax_hash_threads 2");
        has("itax_build_info{version=\"" VERSION "\"} 1");
}

static void test_requests(void **state) {
        static char routes[METRICS_ROUTES_MAX + 10][16];

        (void)state;
        metrics_request("GET", "/healthz", 200);
        metrics_request("GET", "/healthz", 204);
        metrics_request("GET", "/healthz", 503);
        metrics_request("POST", "/oauth2/token", 0);
        metrics_request("GET", "/s/{name}", 999);
        print();
        has("itax_requests_total{method=\"GET\",route=\"/healthz\",class=\"2xx\"} 2");
        has("itax_requests_total{method=\"GET\",route=\"/healthz\",class=\"5xx\"} 1");
        has("itax_requests_total{method=\"POST\",route=\"/oauth2/token\",class=\"none\"} 1");
        has("itax_requests_total{method=\"GET\",route=\"/s/{name}\",class=\"none\"} 1");

        /* whatever comes, the number of series has an end */
        for (size_t i = 0; i < ELEMENTSOF(routes); i++) {
                (void)snprintf(routes[i], sizeof(routes[i]), "/r%zu", i);
                metrics_request("GET", routes[i], 404);
        }
        print();
        has("itax_requests_total{method=\"GET\",route=\"/r0\",class=\"4xx\"} 1");
        has("itax_requests_total{method=\"other\",route=\"-\",class=\"4xx\"} 13");
}

static void test_times(void **state) {
        (void)state;
        metrics_time(METRIC_TIME_HASH, 9000);
        metrics_time(METRIC_TIME_HASH, 10000); /* a bound belongs to its bucket */
        metrics_time(METRIC_TIME_HASH, 10001);
        metrics_time(METRIC_TIME_HASH, 70000000);
        print();
        has("itax_hash_seconds_bucket{le=\"0.010000\"} 2");
        has("itax_hash_seconds_bucket{le=\"0.020000\"} 3");
        has("itax_hash_seconds_bucket{le=\"1.000000\"} 3");
        has("itax_hash_seconds_bucket{le=\"+Inf\"} 4");
        has("itax_hash_seconds_sum 70.029001");
        has("itax_hash_seconds_count 4");
        has("itax_held_request_seconds_count 0");
}

typedef struct ProxyCase {
        const char *sentence, *trusted, *peer, *forwarded, *client; /* NULL: the peer itself */
} ProxyCase;

/* threats 115: nobody chooses the address by which he is counted */
static const ProxyCase proxy_cases[] = {
        { "a proxy tells for whom it asks", "127.0.0.1", "127.0.0.1", "192.0.2.7", "192.0.2.7" },
        { "anybody else may say what he likes", "127.0.0.1", "192.0.2.9", "192.0.2.7", NULL },
        { "a Unix socket is not trusted unless named", "127.0.0.1", "unix", "192.0.2.7", NULL },
        { "a Unix socket that was named", "unix", "unix", "192.0.2.7", "192.0.2.7" },
        { "what the client wrote stands before the proxy's word", "unix", "unix",
          "10.0.0.1, 192.0.2.7", "192.0.2.7" },
        { "proxies in a row are passed over from the end", "10.0.0.0/8", "10.1.1.1",
          "192.0.2.66, 192.0.2.7 ,10.3.2.1,\t10.9.9.9", "192.0.2.7" },
        { "a row of proxies alone tells nothing", "10.0.0.0/8", "10.1.1.1", "10.3.2.1", NULL },
        { "an empty word at the end is no address", "unix", "unix", "192.0.2.7,", NULL },
        { "nor is nothing", "unix", "unix", "", NULL },
        { "nor a name", "unix", "unix", "192.0.2.7, unknown", NULL },
        { "nor an address with a port", "unix", "unix", "192.0.2.7:80", NULL },
        { "nor two without a comma", "10.0.0.0/8", "10.1.1.1", "192.0.2.7 10.1.1.1", NULL },
        { "nor something long", "unix", "unix",
          "0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000", NULL },
        { "an IPv6 address in its short form", "::1", "::1", "2001:DB8:0::7", "2001:db8::7" },
        { "a mapped address is the one in it", "::1", "::1", "::ffff:192.0.2.7", "192.0.2.7" },
        { "a mapped proxy is the one in it", "127.0.0.1", "::ffff:127.0.0.1", "192.0.2.7",
          "192.0.2.7" },
        { "a network ends within a byte", "192.0.2.128/25", "192.0.2.127", "10.0.0.1", NULL },
        { "and begins there", "192.0.2.128/25", "192.0.2.128", "10.0.0.1", "10.0.0.1" },
        { "an IPv6 network", "fd00::/8", "fdab::1", "2001:db8::1", "2001:db8::1" },
};

static void test_proxies(void **state) {
        (void)state;
        for (size_t i = 0; i < ELEMENTSOF(proxy_cases); i++) {
                const ProxyCase *c = &proxy_cases[i];
                char client[PROXY_ADDRESS_BYTES] = "";
                Proxies proxies = {};
                bool found;

                assert_int_equal(proxies_add(&proxies, c->trusted), 0);
                found = proxies_trust(&proxies, c->peer) &&
                        proxies_client(&proxies, c->forwarded, client);
                if (found != (c->client != NULL) || (found && strcmp(client, c->client) != 0))
                        fail_msg("%s: %s", c->sentence, client);
        }
}

static void test_proxy_words(void **state) {
        static const char *const bad[] = { "",          "localhost",    "0.0.0.0/0", "::/0",
                                           "10.0.0.0/", "10.0.0.0/33",  "::1/129",   "10.0.0.0/-1",
                                           "10.0.0.0/8x", "10.0.0/8", "10.0.0.0/0008" };
        Proxies proxies = {};

        (void)state;
        for (size_t i = 0; i < ELEMENTSOF(bad); i++)
                if (proxies_add(&proxies, bad[i]) != PROXY_E_SYNTAX)
                        fail_msg("%s", bad[i]);
        assert_int_equal(proxies.n, 0);
        for (size_t i = 0; i < PROXIES_MAX; i++)
                assert_int_equal(proxies_add(&proxies, "192.0.2.1"), 0);
        assert_int_equal(proxies_add(&proxies, "192.0.2.1"), PROXY_E_FULL);
}

static void read_file(const char *path, char *ret, size_t n_max) {
        int fd = open(path, O_RDONLY | O_CLOEXEC);
        ssize_t n;

        assert_true(fd >= 0);
        n = read(fd, ret, n_max - 1);
        assert_true(n >= 0);
        ret[n] = '\0';
        (void)close(fd);
}

static void test_access_log(void **state) {
        char folder[] = "/tmp/itax-log-XXXXXX", path[64], old[64], content[1024];
        AccessLog log = { .fd = -1 };
        struct stat st;
        mode_t before;

        (void)state;
        assert_non_null(mkdtemp(folder));
        (void)snprintf(path, sizeof(path), "%s/access.log", folder);
        (void)snprintf(old, sizeof(old), "%s/access.log.1", folder);
        before = umask(077);

        assert_int_equal(access_log_open(path, &log), 0);
        access_log_write(&log, "GET", "/healthz", 200, 1234, "", "192.0.2.7", NULL);
        assert_int_equal(stat(path, &st), 0);
        assert_int_equal(st.st_mode & 07777, 0600);

        /* logrotate: renamed, then SIGHUP; until then lines go into the renamed one */
        assert_int_equal(rename(path, old), 0);
        access_log_write(&log, "POST", "/oauth2/token", 0, 25000000, "ws", "", "cut");
        assert_int_equal(access_log_reopen(&log), 0);
        access_log_write(&log, "GET", "-", 404, 50, "", "unix", NULL);

        read_file(old, content, sizeof(content));
        assert_non_null(strstr(content, "Z GET /healthz 200 1.2ms - 192.0.2.7\n"));
        assert_non_null(strstr(content, "Z POST /oauth2/token 0 25000.0ms ws - cut\n"));
        read_file(path, content, sizeof(content));
        assert_non_null(strstr(content, "Z GET - 404 0.1ms - unix\n"));
        assert_null(strstr(content, "token"));

        /* a folder that is gone: the old file stays in use */
        (void)unlink(path);
        (void)unlink(old);
        assert_int_equal(rmdir(folder), 0);
        assert_true(access_log_reopen(&log) < 0);
        assert_true(log.fd >= 0);
        access_log_write(&log, "GET", "-", 404, 50, "", "unix", NULL);
        access_log_done(&log);

        assert_true(access_log_open(path, &log) < 0);
        assert_int_equal(access_log_open("none", &log), 0);
        assert_int_equal(log.fd, -1);
        access_log_write(&log, "GET", "-", 404, 50, "", "unix", NULL);
        assert_int_equal(access_log_open("-", &log), 0);
        assert_int_equal(log.fd, STDERR_FILENO);
        access_log_done(&log);
        (void)umask(before);
}

typedef struct ServeCase {
        const char *sentence;
        const char *words[4];
        int result;
} ServeCase;

static const ServeCase serve_cases[] = {
        { "metrics on loopback", { "--metrics", "127.0.0.1:9100" }, 0 },
        { "metrics on a Unix socket", { "--metrics", "unix:/run/x/metrics" }, 0 },
        { "metrics for the world", { "--metrics", "0.0.0.0:9100" }, OPTIONS_E_USAGE },
        { "metrics for the network", { "--metrics", "192.0.2.1:9100" }, OPTIONS_E_USAGE },
        { "metrics where the platform is", { "--metrics", "unix:/run/x/http" }, OPTIONS_E_USAGE },
        { "a proxy", { "--trusted-proxy", "127.0.0.1", "--trusted-proxy", "unix" }, 0 },
        { "no proxy", { "--trusted-proxy", "nginx" }, OPTIONS_E_USAGE },
};

static void test_serve_options(void **state) {
        (void)state;
        for (size_t i = 0; i < ELEMENTSOF(serve_cases); i++) {
                const ServeCase *c = &serve_cases[i];
                const char *argv[12] = { "itax-backend",         "serve",    "--listen",
                                         "unix:/run/x/http",     "--issuer", "https://itax.example" };
                int argc = 6, r, null, err;
                Options options;

                for (size_t k = 0; k < ELEMENTSOF(c->words) && c->words[k]; k++)
                        argv[argc++] = c->words[k];
                (void)fflush(stderr);
                err = dup(2);
                null = open("/dev/null", O_WRONLY | O_CLOEXEC);
                (void)dup2(null, 2);
                optind = 0;
                r = options_read(argc, (char **)(uintptr_t)argv, &options);
                (void)fflush(stderr);
                (void)dup2(err, 2);
                (void)close(err);
                (void)close(null);
                if (r != c->result)
                        fail_msg("%s: %d", c->sentence, r);
                /* behind a proxy stands the network, so workstations need keys */
                if (r == 0 && options.server.proxies.n > 0)
                        assert_int_equal(options.server.client_policy, CLIENT_UNKNOWN_REFUSED);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_events),        cmocka_unit_test(test_requests),
                cmocka_unit_test(test_times),         cmocka_unit_test(test_proxies),
                cmocka_unit_test(test_proxy_words),   cmocka_unit_test(test_access_log),
                cmocka_unit_test(test_serve_options),
        };
        int r = cmocka_run_group_tests(tests, NULL, NULL);

        free(text);
        return r;
}
