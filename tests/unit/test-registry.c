/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Registry: who may still come back to a login, and until when; time is an argument. Tokens are tested with
 * the whole daemon (test-manager). */

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "daemon/log.h"
#include "daemon/registry.h"
#include "daemon/session.h"

typedef struct Place {
        sd_event *event;
        Registry *registry;
        unsigned n_gone;
        char folder[32];
} Place;

static void on_gone(const Grant *grant, void *userdata) {
        Place *place = userdata;

        assert_true(grant->is_open);
        place->n_gone++;
}

static void place_open(Place *place) {
        assert_int_equal(registry_new(place->event, place->folder, on_gone, place,
                                      &place->registry),
                         0);
}

static void place_init(Place *place) {
        *place = (Place){ .folder = "/tmp/test-reg-XXXXXX" };
        assert_non_null(mkdtemp(place->folder));
        assert_true(sd_event_new(&place->event) >= 0);
        place_open(place);
}

static void place_done(Place *place) {
        char command[96];

        place->registry = registry_free(place->registry);
        place->event = sd_event_unref(place->event);
        (void)snprintf(command, sizeof(command), "%s/sessions", place->folder);
        assert_int_equal(rmdir(command), 0);
        assert_int_equal(rmdir(place->folder), 0);
}

static Grant *add(Place *place, uid_t caller, uint64_t wait_usec) {
        Grant *grant = NULL;

        assert_int_equal(grant_new(&grant), 0);
        assert_int_equal(grant_set(grant, GRANT_USER, "jia"), 0);
        assert_int_equal(grant_set(grant, GRANT_METHOD, "password"), 0);
        grant->caller = caller;
        grant->proven_usec = session_now_usec();
        registry_add(place->registry, grant, wait_usec);
        return grant;
}

static const Leader *myself(void) {
        static Leader leader;

        assert_int_equal(leader_of(getpid(), &leader), 0);
        return &leader;
}

/* A child that waits to be ended. */
static pid_t child_start(void) {
        pid_t pid = fork();

        if (pid == 0) {
                (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
                for (;;)
                        (void)pause();
        }
        assert_true(pid > 0);
        return pid;
}

static void child_end(pid_t pid) {
        assert_int_equal(kill(pid, SIGKILL), 0);
        assert_int_equal(waitpid(pid, NULL, 0), pid);
}

/* threats 24: an id with a bit changed, of another length, made up */
static void test_ids(void **state) {
        Grant *grant, *other;
        Place place;

        (void)state;
        place_init(&place);
        grant = add(&place, 0, 0);
        other = add(&place, 0, 0);
        assert_int_equal(strlen(grant->id), LIMIT_SESSION_BYTES);
        assert_int_equal(strspn(grant->id, "0123456789abcdef"), LIMIT_SESSION_BYTES);
        assert_string_not_equal(grant->id, other->id);
        assert_ptr_equal(registry_find(place.registry, grant->id), grant);
        assert_ptr_equal(registry_find(place.registry, other->id), other);

        for (size_t i = 0; i < LIMIT_SESSION_BYTES * 8; i++) {
                char id[LIMIT_SESSION_BYTES + 1];

                memcpy(id, grant->id, sizeof(id));
                id[i / 8] = (char)(id[i / 8] ^ 1 << i % 8);
                assert_null(registry_find(place.registry, id));
        }
        for (unsigned i = 0; i < 1000; i++) {
                char id[LIMIT_SESSION_BYTES + 1];

                (void)snprintf(id, sizeof(id), "%032x", i);
                assert_null(registry_find(place.registry, id));
        }
        assert_null(registry_find(place.registry, ""));
        assert_null(registry_find(place.registry, "0"));
        place_done(&place);
}

static void test_unclaimed_grants_end(void **state) {
        const uint64_t now = session_now_usec();
        Grant *brief, *resumable;
        Place place;

        (void)state;
        place_init(&place);
        brief = add(&place, 0, 0);
        resumable = add(&place, 0, 300 * USEC_PER_SEC);
        registry_tick(place.registry, now + 59 * USEC_PER_SEC);
        assert_int_equal(registry_size(place.registry, NULL), 2);
        registry_tick(place.registry, now + 62 * USEC_PER_SEC);
        assert_int_equal(registry_size(place.registry, NULL), 1);
        assert_ptr_equal(registry_first(place.registry), resumable);
        registry_tick(place.registry, now + 302 * USEC_PER_SEC);
        assert_int_equal(registry_size(place.registry, NULL), 0);

        /* Found out at use too. */
        brief = add(&place, 0, 0);
        brief->until_usec = now;
        grant_ref(brief);
        assert_null(registry_find(place.registry, brief->id));
        assert_true(brief->is_gone);
        brief = grant_unref(brief);
        place_done(&place);
}

/* threats 24, 40: a session is opened once */
static void test_a_session_opens_once(void **state) {
        size_t n_open;
        Grant *grant;
        Place place;

        (void)state;
        place_init(&place);
        grant = add(&place, 0, 0);
        assert_int_equal(registry_open(place.registry, grant, myself()), 0);
        assert_int_equal(registry_open(place.registry, grant, myself()), REGISTRY_E_OPEN);
        registry_tick(place.registry, session_now_usec() + 3600 * USEC_PER_SEC);
        assert_int_equal(registry_size(place.registry, &n_open), 1);
        assert_int_equal(n_open, 1);
        assert_ptr_equal(registry_find(place.registry, grant->id), grant);
        registry_remove(place.registry, grant);
        assert_int_equal(registry_size(place.registry, &n_open), 0);
        assert_int_equal(n_open, 0);
        assert_int_equal(place.n_gone, 0);
        place_done(&place);
}

static void test_sessions_end_with_their_leader(void **state) {
        Leader leader, another;
        Grant *grant;
        Place place;
        pid_t pid;

        (void)state;
        place_init(&place);

        /* By the timer. */
        pid = child_start();
        grant = add(&place, 0, 0);
        assert_int_equal(leader_of(pid, &leader), 0);
        assert_int_equal(registry_open(place.registry, grant, &leader), 0);
        registry_tick(place.registry, session_now_usec() + REGISTRY_LEADER_USEC);
        assert_int_equal(registry_size(place.registry, NULL), 1);
        child_end(pid);
        registry_tick(place.registry, session_now_usec() + 2 * REGISTRY_LEADER_USEC);
        assert_int_equal(registry_size(place.registry, NULL), 0);
        assert_int_equal(place.n_gone, 1);

        /* At use; a process that was not waited for is gone too. */
        pid = child_start();
        grant = grant_ref(add(&place, 0, 0));
        assert_int_equal(leader_of(pid, &leader), 0);
        assert_int_equal(registry_open(place.registry, grant, &leader), 0);
        assert_ptr_equal(registry_find(place.registry, grant->id), grant);
        assert_int_equal(kill(pid, SIGKILL), 0);
        (void)waitid(P_PID, (id_t)pid, &(siginfo_t){}, WEXITED | WNOWAIT);
        assert_null(registry_find(place.registry, grant->id));
        assert_int_equal(waitpid(pid, NULL, 0), pid);
        grant = grant_unref(grant);

        /* The same pid, but another process. */
        another = *myself();
        another.start++;
        assert_true(leader_lives(myself()));
        assert_false(leader_lives(&another));
        assert_false(leader_lives(&(Leader){}));
        assert_true(leader_of(0, &leader) < 0);
        assert_true(leader_of(-1, &leader) < 0);
        place_done(&place);
}

static void test_sessions_outlive_a_restart(void **state) {
        Grant *mine, *childs, *future, *waits;
        char ids[3][LIMIT_SESSION_BYTES + 1];
        Leader leader;
        Place place;
        pid_t pid;

        (void)state;
        place_init(&place);
        pid = child_start();
        assert_int_equal(leader_of(pid, &leader), 0);
        mine = add(&place, 0, 0);
        childs = add(&place, 0, 0);
        future = add(&place, 0, 0);
        waits = add(&place, 0, 0);
        future->proven_usec = session_now_usec() + 3600 * USEC_PER_SEC;
        assert_int_equal(registry_open(place.registry, mine, myself()), 0);
        assert_int_equal(registry_open(place.registry, childs, &leader), 0);
        assert_int_equal(registry_open(place.registry, future, myself()), 0);
        memcpy(ids[0], mine->id, sizeof(ids[0]));
        memcpy(ids[1], childs->id, sizeof(ids[1]));
        memcpy(ids[2], waits->id, sizeof(ids[2]));

        place.registry = registry_free(place.registry);
        child_end(pid);
        place_open(&place);
        /* Neither one that had no session yet, nor one whose process has gone, nor one that cannot be
         * from this boot. */
        assert_int_equal(registry_size(place.registry, NULL), 1);
        assert_non_null(registry_find(place.registry, ids[0]));
        assert_null(registry_find(place.registry, ids[1]));
        assert_null(registry_find(place.registry, ids[2]));
        mine = registry_first(place.registry);
        assert_string_equal(mine->text[GRANT_USER], "jia");
        assert_null(mine->token);
        registry_remove(place.registry, mine);

        place.registry = registry_free(place.registry);
        place_open(&place);
        assert_int_equal(registry_size(place.registry, NULL), 0);
        place_done(&place);
}

/* threats 31 */
static void test_caps(void **state) {
        Grant *first, *roots;
        size_t n_open;
        Place place;
        unsigned n;

        (void)state;
        place_init(&place);
        roots = add(&place, 0, 0);
        first = grant_ref(add(&place, 1000, 0));
        for (n = 1; n < REGISTRY_UNCLAIMED_PER_UID + 5; n++)
                (void)add(&place, 1000, 0);
        assert_true(first->is_gone);
        assert_false(roots->is_gone);
        assert_int_equal(registry_size(place.registry, NULL), REGISTRY_UNCLAIMED_PER_UID + 1);
        first = grant_unref(first);

        for (n = 0; n <= REGISTRY_OPEN_PER_UID; n++)
                if (registry_open(place.registry, add(&place, 1000, 0), myself()) != 0)
                        break;
        assert_int_equal(n, REGISTRY_OPEN_PER_UID);
        assert_int_equal(registry_open(place.registry, add(&place, 1001, 0), myself()), 0);
        assert_int_equal(registry_open(place.registry, roots, myself()), 0);
        (void)registry_size(place.registry, &n_open);
        assert_int_equal(n_open, REGISTRY_OPEN_PER_UID + 2);

        while (registry_first(place.registry))
                registry_remove(place.registry, registry_first(place.registry));
        place_done(&place);
}

/* threats 125: a session is known although it cannot be written */
static void test_no_folder(void **state) {
        Place place = {};
        FILE *log;
        char *told = NULL;
        size_t n_told;

        (void)state;
        log = open_memstream(&told, &n_told);
        log_open("/nonexistent", log);
        assert_true(sd_event_new(&place.event) >= 0);
        assert_int_equal(registry_new(place.event, "/nonexistent", on_gone, &place,
                                      &place.registry),
                         0);
        assert_int_equal(registry_open(place.registry, add(&place, 0, 0), myself()), 0);
        (void)fflush(log);
        assert_non_null(strstr(told, "sessions will not outlive a restart"));
        place.registry = registry_free(place.registry);
        place.event = sd_event_unref(place.event);
        log_open("/nonexistent", NULL);
        (void)fclose(log);
        free(told);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_ids),
                cmocka_unit_test(test_unclaimed_grants_end),
                cmocka_unit_test(test_a_session_opens_once),
                cmocka_unit_test(test_sessions_end_with_their_leader),
                cmocka_unit_test(test_sessions_outlive_a_restart),
                cmocka_unit_test(test_caps),
                cmocka_unit_test(test_no_folder),
        };

        return cmocka_run_group_tests_name("registry", tests, NULL, NULL);
}
