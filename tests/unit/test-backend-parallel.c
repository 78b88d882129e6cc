/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Many requests at once, through two whole servers on one store: five tries are five, one captcha
 * is one, and a source that goes through all names is slowed down. threats 44, 51, 54 */

#include <sys/resource.h>
#include <time.h>

#include "backend/clock.h"
#include "backend/model-captcha.h"
#include "backend/source.h"
#include "tests/unit/backend-world.h"

#define SERVERS 2
#define REQUESTS_MAX 1000

typedef struct Both {
        World world; /* the first server */
        ServerOptions second;
        char socket[110], listen[120];
        pid_t pid;
} Both;

static void both_begin(Fixture *fixture, Both *ret) {
        const struct rlimit limit = { 4096, 4096 };

        (void)setrlimit(RLIMIT_NOFILE, &limit);
        memset(ret, 0, sizeof(*ret));
        world_prepare(fixture, PHASE_RELATION, &ret->world);
        ret->world.options.n_connections = ret->world.options.n_per_address = 1500;
        ret->second = ret->world.options;
        (void)snprintf(ret->socket, sizeof(ret->socket), "%s/second", fixture->folder);
        (void)snprintf(ret->listen, sizeof(ret->listen), "unix:%s", ret->socket);
        ret->second.listen = ret->listen;

        fixture->store = store_close(fixture->store);
        ret->pid = server_start(&ret->second, ret->socket);
        assert_int_equal(store_open(fixture->path, &fixture->store), 0);
        world_start(&ret->world);
}

static void both_end(Both *both) {
        server_stop(both->pid, both->socket);
        world_stop(&both->world);
}

typedef struct Guess {
        char body[640], answer[256]; /* of the answer its beginning: the word comes first */
        size_t n_answer;
        CURL *curl;
} Guess;

static size_t on_body(char *data, size_t size, size_t n, void *userdata) {
        Guess *guess = userdata;

        for (size_t i = 0; i < size * n && guess->n_answer + 1 < sizeof(guess->answer); i++)
                guess->answer[guess->n_answer++] = data[i];
        guess->answer[guess->n_answer] = '\0';
        return size * n;
}

/* All of them at once, half of them at each server. */
static void ask_all(Both *both, Guess *guesses, size_t n) {
        CURLM *multi = curl_multi_init();
        int running = 1;

        for (size_t i = 0; i < n; i++) {
                CURL *curl = guesses[i].curl = curl_easy_init();

                (void)curl_easy_setopt(curl, CURLOPT_UNIX_SOCKET_PATH,
                                       i % SERVERS ? both->socket : both->world.socket);
                (void)curl_easy_setopt(curl, CURLOPT_URL, ISSUER "/oauth2/challenge");
                (void)curl_easy_setopt(curl, CURLOPT_PROXY, "");
                (void)curl_easy_setopt(curl, CURLOPT_TIMEOUT, 300L);
                (void)curl_easy_setopt(curl, CURLOPT_USERPWD, "ws:" SECRET);
                (void)curl_easy_setopt(curl, CURLOPT_POSTFIELDS, guesses[i].body);
                (void)curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_body);
                (void)curl_easy_setopt(curl, CURLOPT_WRITEDATA, &guesses[i]);
                guesses[i].n_answer = 0;
                guesses[i].answer[0] = '\0';
                (void)curl_multi_add_handle(multi, curl);
        }
        while (running > 0 && curl_multi_perform(multi, &running) == CURLM_OK)
                (void)curl_multi_poll(multi, NULL, 0, 1000, NULL);
        for (size_t i = 0; i < n; i++) {
                (void)curl_multi_remove_handle(multi, guesses[i].curl);
                curl_easy_cleanup(guesses[i].curl);
        }
        (void)curl_multi_cleanup(multi);
}

static size_t count(const Guess *guesses, size_t n, const char *word) {
        size_t found = 0;

        for (size_t i = 0; i < n; i++)
                found += strstr(guesses[i].answer, word) != NULL;
        return found;
}

static size_t messages(const World *world) {
        DIR *dir = opendir(world->outbox);
        struct dirent *entry;
        size_t n = 0;

        assert_non_null(dir);
        while ((entry = readdir(dir)) != NULL)
                n += entry->d_name[0] != '.';
        (void)closedir(dir);
        return n;
}

/* A session of its own with a captcha that is solved, as a guesser with many hands has them. */
static void solve(Both *both, const char *guard_key, char *ret, size_t n) {
        _cleanup_(secret_freep) Secret *session = NULL;
        Store *store = both->world.fixture->store;
        char hash[HASH_HEX_BYTES + 1];
        int64_t now = clock_wall_sec();
        Captcha captcha;

        assert_int_equal(auth_session_new(store, "ws", guard_key, now, &session), 0);
        assert_int_equal(hash_hex_text(secret_text(session), hash), 0);
        assert_int_equal(captcha_new(store, hash, guard_key, now, &captcha), 0);
        (void)snprintf(ret, n, "&auth_session=%s&captcha_id=%s&captcha_answer=%s",
                       secret_text(session), captcha.id, captcha.answer);
}

/* threats 44: every guess with a captcha of its own; as many as were not tested are told so */
static void guess_at_once(void **state, size_t n) {
        static Guess guesses[REQUESTS_MAX];
        char key[GUARD_KEY_BYTES + 1];
        Transaction transaction = {};
        size_t wrong, locked, busy;
        Both both;

        both_begin(*state, &both);
        assert_int_equal(account_guard_key(both.world.fixture->store, "ceshi_jia",
                                           both.world.fixture->jia, key),
                         0);
        fixture_begin(both.world.fixture, &transaction);
        for (size_t i = 0; i < n; i++) {
                char solved[256];

                solve(&both, key, solved, sizeof(solved));
                (void)snprintf(guesses[i].body, sizeof(guesses[i].body),
                               C "&username=%s&password=Wrong-%zu&" ASKED "%s",
                               i % 3 == 0   ? "ceshi_jia"
                               : i % 3 == 1 ? "19900000001"
                                            : "990101199001010019",
                               i, both.world.challenge, solved);
        }
        assert_int_equal(transaction_commit(&transaction), 0);
        ask_all(&both, guesses, n);

        /* four are wrong and told so, the fifth locks, which the owner is told once; the others
         * meet the lock, or are sent away because too many wait */
        wrong = count(guesses, n, "\"invalid_credentials\"");
        locked = count(guesses, n, "\"account_locked\"");
        busy = count(guesses, n, "\"temporarily_unavailable\"");
        assert_int_equal(wrong + messages(&both.world), GUARD_TRIES);
        assert_int_equal(wrong, GUARD_TRIES - 1);
        assert_true(locked >= 1);
        if (wrong + locked + busy != n)
                fail_msg("%zu wrong, %zu locked, %zu busy of %zu", wrong, locked, busy, n);
        for (int left = 1; left < GUARD_TRIES; left++) {
                char word[32];

                (void)snprintf(word, sizeof(word), "\"attempts_left\":%d", left);
                assert_int_equal(count(guesses, n, word), 1);
        }
        assert_int_equal(fixture_number(both.world.fixture,
                                        "SELECT COUNT(*) FROM guard WHERE tries_left = 0 AND"
                                        " locked_until > 0"),
                         1);
        (void)snprintf(guesses[0].body, sizeof(guesses[0].body),
                       C "&username=ceshi_jia&password=Jia-pass1&" ASKED, both.world.challenge);
        expect(&both.world, "/oauth2/challenge", guesses[0].body, "basic", 400,
               "\"account_locked\"");
        both_end(&both);
}

static void test_200_guesses(void **state) {
        guess_at_once(state, 200);
}

static void test_1000_guesses(void **state) {
        guess_at_once(state, 1000);
}

/* threats 51: one answer, a thousand uses */
static void test_one_captcha(void **state) {
        static Guess guesses[REQUESTS_MAX];
        char key[GUARD_KEY_BYTES + 1], solved[256];
        Transaction transaction = {};
        GuardTake take;
        Moment now;
        Both both;

        both_begin(*state, &both);
        clock_moment(&now);
        assert_int_equal(account_guard_key(both.world.fixture->store, "ceshi_jia",
                                           both.world.fixture->jia, key),
                         0);
        fixture_begin(both.world.fixture, &transaction);
        assert_int_equal(
                guard_take(both.world.fixture->store, key, GUARD_CAPTCHA_NONE, &now, &take), 0);
        solve(&both, key, solved, sizeof(solved));
        assert_int_equal(transaction_commit(&transaction), 0);
        for (size_t i = 0; i < REQUESTS_MAX; i++)
                (void)snprintf(guesses[i].body, sizeof(guesses[i].body),
                               C "&username=ceshi_jia&password=Wrong-%zu&" ASKED "%s", i,
                               both.world.challenge, solved);
        ask_all(&both, guesses, REQUESTS_MAX);
        assert_int_equal(count(guesses, REQUESTS_MAX, "\"invalid_credentials\""), 1);
        assert_int_equal(count(guesses, REQUESTS_MAX, "\"captcha_required\"") +
                                 count(guesses, REQUESTS_MAX, "\"temporarily_unavailable\""),
                         REQUESTS_MAX - 1);
        assert_int_equal(
                fixture_number(both.world.fixture, "SELECT tries_left FROM guard"), 3);
        both_end(&both);
}

/* threats 54, with time as an argument: ten thousand names by one source */
static void test_source(void **state) {
        static Sources sources = { .seed = 4711, .burst = SOURCE_BURST_DEFAULT };
        uint64_t now = 1000 * USEC_PER_SEC, begun = now;
        size_t tested = 0, sent_away = 0;

        (void)state;
        for (size_t i = 0; i < 10000; i++) {
                uint64_t wait = source_wait_usec(&sources, "ws@192.0.2.1", now);

                if (wait > SOURCE_HOLD_USEC)
                        sent_away++;
                if (wait > 0)
                        now += wait; /* and comes again */
                source_failed(&sources, "ws@192.0.2.1", now);
                tested++;
                assert_int_equal(source_wait_usec(&sources, "ws@192.0.2.2", now), 0);
                assert_int_equal(source_wait_usec(&sources, "other@192.0.2.1", now), 0);
        }
        assert_int_equal(tested, 10000);
        /* the burst is free, then each takes its time: more than an hour and a quarter for all */
        assert_true(now - begun >= (10000 - SOURCE_BURST_DEFAULT - 1) * SOURCE_COST_USEC);

        /* who does not wait is sent away, and what he owes is bounded and forgotten */
        for (size_t i = 0; i < 100000; i++)
                source_failed(&sources, "ws@192.0.2.1", now);
        assert_true(source_wait_usec(&sources, "ws@192.0.2.1", now) > SOURCE_HOLD_USEC);
        assert_true(source_wait_usec(&sources, "ws@192.0.2.1", now) <= SOURCE_DEBT_USEC);
        assert_int_equal(source_wait_usec(&sources, "ws@192.0.2.1", now + SOURCE_DEBT_USEC), 0);

        /* nobody is slowed down where that was asked for */
        sources.burst = 0;
        assert_int_equal(source_wait_usec(&sources, "ws@192.0.2.1", now), 0);
}

static void test_source_names(void **state) {
        static const struct {
                const char *peer, *name;
        } cases[] = {
                { "192.0.2.1", "ws@192.0.2.1" },
                { "unix", "ws@unix" },
                { "2001:db8:1:2:3:4:5:6", "ws@2001:db8:1:2::" },
                { "2001:db8:1:2::9", "ws@2001:db8:1:2::" },
                { "::ffff:192.0.2.1", "ws@::ffff:192.0.2.1" },
        };

        (void)state;
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                char name[SOURCE_BYTES + 1];

                source_name("ws", cases[i].peer, name, sizeof(name));
                assert_string_equal(name, cases[i].name);
        }
}

#define SOURCE_BURST_TEST 20

/* threats 54 through a server: names that nobody has cost as much as others; who only succeeds, and
 * who comes from elsewhere, is not slowed down; what is kept is bounded */
static void test_all_names(void **state) {
        size_t busy = 0;
        char body[512];
        static Answer answer;
        World world;

        world_prepare(*state, PHASE_RELATION, &world);
        world.options.n_failures_per_source = SOURCE_BURST_TEST;
        world_start(&world);

        /* a right one after the other is never a failure */
        for (int i = 0; i < 2 * SOURCE_BURST_TEST; i++) {
                (void)snprintf(body, sizeof(body),
                               C "&username=ceshi_jia&password=Jia-pass1&" ASKED, world.challenge);
                expect(&world, "/oauth2/challenge", body, "basic", 200, "\"authorization_code\"");
        }
        for (int i = 0; i < 3 * SOURCE_BURST_TEST && busy == 0; i++) {
                (void)snprintf(body, sizeof(body),
                               C "&username=nobody_%d&password=Jia-pass1&" ASKED, i,
                               world.challenge);
                ask(&world, "/oauth2/challenge", body, "basic", &answer);
                busy += answer.status == 503;
                if (i < SOURCE_BURST_TEST)
                        assert_int_equal(answer.status, 400);
                /* each is held longer than the one before; two hands are enough for us */
                if (i > SOURCE_BURST_TEST + 1)
                        break;
        }
        assert_int_equal(
                fixture_number(world.fixture, "SELECT COUNT(*) FROM guard WHERE phantom = 1"),
                SOURCE_BURST_TEST + 3);
        /* the app is another source */
        (void)snprintf(body, sizeof(body),
                       "client_id=itax-app&username=Ceshi_Bing&password=Bing-pass3&" ASKED,
                       world.challenge);
        ask(&world, "/oauth2/challenge", body, NULL, &answer);
        assert_int_equal(answer.status, 200);
        world_stop(&world);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                UNIT_TEST(test_200_guesses),
                UNIT_TEST(test_1000_guesses),
                UNIT_TEST(test_one_captcha),
                cmocka_unit_test(test_source),
                cmocka_unit_test(test_source_names),
                UNIT_TEST(test_all_names),
        };

        wire_init_process();
        (void)curl_global_init(CURL_GLOBAL_DEFAULT);
        return cmocka_run_group_tests(tests, NULL, NULL);
}
