/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Logins that wait for a phone share connections where the platform speaks HTTP/2, and nothing else does. The
 * platform is tests/unit/http2-server; its figures are told by itself. */

#include <fcntl.h>
#include <malloc.h>
#include <setjmp.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>
#include <openssl/pem.h>

#include "tests/unit/certificate.h"
#include "tests/unit/platform-fixture.h"

#define ISSUER "https://localhost"
#define STREAMS 100
#define WAITING 250

typedef struct Http2Server {
        char folder[32], ca[64], certificate[64], key[64], socket[64];
        FILE *to, *from;
        pid_t pid;
} Http2Server;

/* What it tells of itself; [0]: over HTTP/1.1, [1]: over HTTP/2. */
typedef struct Figures {
        unsigned connections[2], requests[2], held[2];
} Figures;

static void write_certificate(const char *path, const Certificate *certificate) {
        FILE *file = fopen(path, "we");

        assert_non_null(file);
        assert_int_equal(PEM_write_X509(file, certificate->x509), 1);
        assert_int_equal(fclose(file), 0);
}

static void write_key(const char *path, const Certificate *certificate) {
        FILE *file = fopen(path, "we");

        assert_non_null(file);
        assert_int_equal(PEM_write_PrivateKey(file, certificate->key, NULL, NULL, 0, NULL, NULL), 1);
        assert_int_equal(fclose(file), 0);
}

static void make_files(Http2Server *server) {
        Certificate ca, own;

        strcpy(server->folder, "/tmp/itax-test-h2-XXXXXX");
        assert_non_null(mkdtemp(server->folder));
        (void)snprintf(server->ca, sizeof(server->ca), "%s/ca.pem", server->folder);
        (void)snprintf(server->certificate, sizeof(server->certificate), "%s/server.pem", server->folder);
        (void)snprintf(server->key, sizeof(server->key), "%s/server.key", server->folder);
        (void)snprintf(server->socket, sizeof(server->socket), "%s/socket", server->folder);

        certificate_make("itax test CA", NULL, NULL, -86400, 86400, &ca);
        certificate_make("server", "DNS:localhost", &ca, -86400, 86400, &own);
        write_certificate(server->ca, &ca);
        write_certificate(server->certificate, &own);
        write_key(server->key, &own);
        certificate_done(&own);
        certificate_done(&ca);
}

static void server_start(Http2Server *server) {
        static char program[] = "tests/unit/http2-server", issuer[] = ISSUER, streams[] = "100";
        char *const arguments[] = { program, server->socket, server->certificate, server->key, issuer, streams, NULL };
        posix_spawn_file_actions_t actions;
        char line[16] = "";
        int to[2], from[2];

        make_files(server);
        assert_int_equal(pipe2(to, O_CLOEXEC), 0);
        assert_int_equal(pipe2(from, O_CLOEXEC), 0);
        assert_int_equal(posix_spawn_file_actions_init(&actions), 0);
        assert_int_equal(posix_spawn_file_actions_adddup2(&actions, to[0], STDIN_FILENO), 0);
        assert_int_equal(posix_spawn_file_actions_adddup2(&actions, from[1], STDOUT_FILENO), 0);
        assert_int_equal(posix_spawn(&server->pid, program, &actions, NULL, arguments, environ), 0);
        (void)posix_spawn_file_actions_destroy(&actions);
        (void)close(to[0]);
        (void)close(from[1]);
        server->to = fdopen(to[1], "w");
        server->from = fdopen(from[0], "r");
        assert_non_null(fgets(line, sizeof(line), server->from));
        assert_string_equal(line, "ready\n");
}

static void server_stop(Http2Server *server) {
        (void)fclose(server->to);
        (void)fclose(server->from);
        assert_int_equal(waitpid(server->pid, NULL, 0), server->pid);
        (void)unlink(server->ca);
        (void)unlink(server->certificate);
        (void)unlink(server->key);
        (void)unlink(server->socket);
        (void)rmdir(server->folder);
}

static void server_command(Http2Server *server, const char *command) {
        assert_true(fprintf(server->to, "%s\n", command) > 0);
        assert_int_equal(fflush(server->to), 0);
}

static Figures server_figures(Http2Server *server) {
        char line[128];
        Figures f;

        server_command(server, "tell");
        assert_non_null(fgets(line, sizeof(line), server->from));
        assert_int_equal(sscanf(line, "%u %u %u %u %u %u", &f.connections[0], &f.connections[1], &f.requests[0],
                                &f.requests[1], &f.held[0], &f.held[1]), 6);
        return f;
}

typedef struct World {
        Http2Server server;
        PlatformFixture fixture;
        PlatformLogin *logins[WAITING];
        unsigned n_device, n_scanned, n_others;
} World;

static void on_reply(PlatformLogin *login, Reply *reply, void *userdata) {
        World *world = userdata;

        (void)login;
        if (reply->kind == REPLY_DEVICE)
                world->n_device++;
        else if (reply->kind == REPLY_STATE && reply->state == DEVICE_SCANNED)
                world->n_scanned++;
        else
                world->n_others++;
}

static void run_until(World *world, const unsigned *counter, unsigned n) {
        for (uint64_t until = now_usec() + 60 * USEC_PER_SEC; *counter < n && world->n_others == 0 && now_usec() < until;)
                assert_true(sd_event_run(world->fixture.event, USEC_PER_SEC) >= 0);
        assert_int_equal(world->n_others, 0);
        assert_int_equal(*counter, n);
}

/* The loop until the server holds so many, over HTTP/1.1 and over HTTP/2. */
static Figures run_until_held(World *world, unsigned n_apart, unsigned n_shared) {
        Figures f = {};

        for (uint64_t until = now_usec() + 60 * USEC_PER_SEC; now_usec() < until;) {
                fixture_run(&world->fixture, 20 * USEC_PER_MSEC);
                f = server_figures(&world->server);
                if (f.held[0] == n_apart && f.held[1] == n_shared)
                        break;
        }
        assert_int_equal(f.held[0], n_apart);
        assert_int_equal(f.held[1], n_shared);
        assert_int_equal(world->n_others, 0);
        return f;
}

static void world_start(World *world) {
        *world = (World){};
        server_start(&world->server);
        fixture_connect(&world->fixture, &(FixtureOptions){ .issuer = ISSUER, .ca_file = world->server.ca,
                                                            .unix_socket = world->server.socket,
                                                            .timeout_usec = 15 * USEC_PER_SEC });
        world->fixture.platform->hold_usec = 120 * USEC_PER_SEC;
        for (size_t i = 0; i < WAITING; i++) {
                assert_int_equal(platform_login_new(world->fixture.platform, &(PlatformContext){ .login_id = i },
                                                    on_reply, world, &world->logins[i]), 0);
                assert_int_equal(platform_login_request(world->logins[i], &(Request){ .kind = REQUEST_DEVICE }), 0);
                run_until(world, &world->n_device, (unsigned)i + 1);
        }
}

static void world_wait(World *world) {
        for (size_t i = 0; i < WAITING; i++)
                assert_int_equal(platform_login_request(world->logins[i], &(Request){ .kind = REQUEST_POLL }), 0);
}

static void world_stop(World *world) {
        for (size_t i = 0; i < WAITING; i++)
                (void)platform_login_free(world->logins[i]);
        fixture_stop(&world->fixture);
        server_stop(&world->server);
}

static size_t heap_in_use(void) {
        struct mallinfo2 info = mallinfo2();

        return info.uordblks + info.hblkhd;
}

static void test_those_who_wait_share_and_nothing_else_does(void **state) {
        static World world;
        size_t before;
        Figures f;

        (void)state;
        world_start(&world);
        f = server_figures(&world.server);
        assert_int_equal(f.connections[1], 0); /* what is no poll goes over HTTP/1.1 */
        assert_int_equal(f.connections[0], 1);
        before = heap_in_use();

        world_wait(&world);
        f = run_until_held(&world, 0, WAITING);
        assert_int_equal(f.connections[1], (WAITING + STREAMS - 1) / STREAMS);
        assert_int_equal(f.connections[0], 1);
        print_message("%zu bytes of heap for each that waits\n", (heap_in_use() - before) / WAITING);

        server_command(&world.server, "go");
        run_until(&world, &world.n_scanned, WAITING);

        /* Again over what is open, as after each hold. */
        world_wait(&world);
        f = run_until_held(&world, 0, WAITING);
        assert_int_equal(f.connections[1], (WAITING + STREAMS - 1) / STREAMS);
        world_stop(&world);
}

static void test_who_leaves_takes_nobody_along(void **state) {
        static World world;
        Figures f;

        (void)state;
        world_start(&world);
        world_wait(&world);
        (void)run_until_held(&world, 0, WAITING);
        for (size_t i = 0; i < WAITING; i += 2)
                world.logins[i] = platform_login_free(world.logins[i]);
        server_command(&world.server, "go"); /* libcurl tells the server with the next request only */
        run_until(&world, &world.n_scanned, WAITING / 2);
        for (size_t i = 1; i < WAITING; i += 2)
                assert_int_equal(platform_login_request(world.logins[i], &(Request){ .kind = REQUEST_POLL }), 0);
        f = run_until_held(&world, 0, WAITING / 2);
        assert_true(f.connections[1] <= (WAITING + STREAMS - 1) / STREAMS);
        world_stop(&world);
}

static void test_a_shared_connection_that_dies_ends_no_login(void **state) {
        static World world;
        Figures f;

        (void)state;
        world_start(&world);
        world_wait(&world);
        (void)run_until_held(&world, 0, WAITING);
        server_command(&world.server, "drop");
        f = run_until_held(&world, WAITING, 0);
        assert_int_equal(f.requests[1], WAITING);
        server_command(&world.server, "go");
        run_until(&world, &world.n_scanned, WAITING);

        world_wait(&world); /* and shared again the next time */
        (void)run_until_held(&world, 0, WAITING);
        world_stop(&world);
}

/* A password or a code must not be lost among others, nor a try of six digits. */
static void test_digits_go_apart(void **state) {
        _cleanup_(secret_freep) Secret *digits = NULL;
        static World world;

        (void)state;
        assert_int_equal(secret_new_from("123456", 6, &digits), 0);
        world_start(&world);
        assert_int_equal(platform_login_request(world.logins[0], &(Request){ .kind = REQUEST_POLL, .digits = digits }), 0);
        assert_int_equal(platform_login_request(world.logins[1], &(Request){ .kind = REQUEST_POLL, .at_once = true }), 0);
        (void)run_until_held(&world, 2, 0);
        world_stop(&world);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_those_who_wait_share_and_nothing_else_does),
                cmocka_unit_test(test_who_leaves_takes_nobody_along),
                cmocka_unit_test(test_a_shared_connection_that_dies_ends_no_login),
                cmocka_unit_test(test_digits_go_apart),
        };

        return cmocka_run_group_tests(tests, fixture_init_process, NULL);
}
