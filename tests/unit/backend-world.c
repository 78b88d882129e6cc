/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <openssl/evp.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>

#include "backend/clock.h"
#include "backend/model-client.h"
#include "tests/unit/backend-world.h"

static size_t on_body(char *data, size_t size, size_t n, void *userdata) {
        Answer *answer = userdata;

        assert_true(answer->n_body + size * n < sizeof(answer->body));
        memcpy(answer->body + answer->n_body, data, size * n);
        answer->n_body += size * n;
        answer->body[answer->n_body] = '\0';
        return size * n;
}

static size_t on_header(char *data, size_t size, size_t n, void *userdata) {
        Answer *answer = userdata;

        if (answer->n_headers + size * n < sizeof(answer->headers)) {
                memcpy(answer->headers + answer->n_headers, data, size * n);
                answer->n_headers += size * n;
                answer->headers[answer->n_headers] = '\0';
        }
        return size * n;
}

void ask(World *world, const char *path, const char *body, const char *bearer, Answer *ret) {
        struct curl_slist *headers = NULL;
        char url[256], header[256];
        CURLcode code;

        memset(ret, 0, sizeof(*ret));
        curl_easy_reset(world->curl);
        (void)snprintf(url, sizeof(url), ISSUER "%s", path);
        (void)curl_easy_setopt(world->curl, CURLOPT_UNIX_SOCKET_PATH, world->socket);
        (void)curl_easy_setopt(world->curl, CURLOPT_URL, url);
        (void)curl_easy_setopt(world->curl, CURLOPT_PROXY, "");
        (void)curl_easy_setopt(world->curl, CURLOPT_TIMEOUT, 20L);
        (void)curl_easy_setopt(world->curl, CURLOPT_WRITEFUNCTION, on_body);
        (void)curl_easy_setopt(world->curl, CURLOPT_WRITEDATA, ret);
        (void)curl_easy_setopt(world->curl, CURLOPT_HEADERFUNCTION, on_header);
        (void)curl_easy_setopt(world->curl, CURLOPT_HEADERDATA, ret);
        if (body) {
                (void)curl_easy_setopt(world->curl, CURLOPT_POSTFIELDS, body);
                headers = curl_slist_append(headers, "Expect:");
        }
        if (bearer && strcmp(bearer, "basic") == 0)
                (void)curl_easy_setopt(world->curl, CURLOPT_USERPWD, "ws:" SECRET);
        else if (bearer) {
                (void)snprintf(header, sizeof(header), "Authorization: Bearer %s", bearer);
                headers = curl_slist_append(headers, header);
        }
        (void)curl_easy_setopt(world->curl, CURLOPT_HTTPHEADER, headers);
        code = curl_easy_perform(world->curl);
        curl_slist_free_all(headers);
        if (code != CURLE_OK)
                fail_msg("%s: %s", path, curl_easy_strerror(code));
        (void)curl_easy_getinfo(world->curl, CURLINFO_RESPONSE_CODE, &ret->status);
}

void expect(World *world, const char *path, const char *body, const char *bearer,
                   long status, const char *part) {
        static Answer answer;

        ask(world, path, body, bearer, &answer);
        if (answer.status != status || !strstr(answer.body, part))
                fail_msg("%s %s: %ld %s", path, body ? body : "", answer.status, answer.body);
}

static void serve(const ServerOptions *options) {
        int null = open("/dev/null", O_WRONLY | O_CLOEXEC);

        /* not after a test that failed */
        (void)prctl(PR_SET_PDEATHSIG, SIGTERM);
        (void)dup2(null, 1);
        (void)dup2(null, 2);
        _exit(server_run(options) == 0 ? 0 : 1);
}

pid_t server_start(const ServerOptions *options, const char *path) {
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        const struct timespec pause = { .tv_nsec = 5000000 };
        int fd, r = -1;
        pid_t pid;

        pid = fork();
        assert_true(pid >= 0);
        if (pid == 0)
                serve(options);

        /* until it listens */
        (void)snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
        for (int i = 0; i < 4000 && r != 0; i++) {
                fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
                r = connect(fd, (const struct sockaddr *)&address, sizeof(address));
                (void)close(fd);
                if (r != 0)
                        (void)nanosleep(&pause, NULL);
        }
        assert_int_equal(r, 0);
        return pid;
}

void server_stop(pid_t pid, const char *path) {
        int status;

        assert_int_equal(kill(pid, SIGTERM), 0);
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_int_equal(status, 0);
        assert_int_equal(access(path, F_OK), -1);
}

void real_hash(const char *password, char *ret) {
        HashJob job = { .kind = HASH_MAKE, .password = password };

        hash_run(&job);
        assert_int_equal(job.result, 0);
        (void)strcpy(ret, job.hash);
}

void world_start(World *world) {
        /* SQLite's handles do not cross a fork */
        world->fixture->store = store_close(world->fixture->store);
        world->pid = server_start(&world->options, world->socket);
        assert_int_equal(store_open(world->fixture->path, &world->fixture->store), 0);
        world->curl = curl_easy_init();
}

void world_stop(World *world) {
        struct dirent *entry;
        DIR *dir;

        curl_easy_cleanup(world->curl);
        server_stop(world->pid, world->socket);
        dir = opendir(world->outbox);
        while (dir && (entry = readdir(dir)) != NULL)
                (void)unlinkat(dirfd(dir), entry->d_name, 0);
        if (dir)
                (void)closedir(dir);
        (void)rmdir(world->outbox);
}

void world_prepare(Fixture *fixture, Phase phase, World *ret) {
        char hash[PASSWORD_HASH_BYTES + 1], id[RANDOM_ID_BYTES + 1];
        unsigned char digest[32];
        Transaction transaction = {};

        *ret = (World){ .fixture = fixture };
        (void)snprintf(ret->socket, sizeof(ret->socket), "%s/socket", fixture->folder);
        (void)snprintf(ret->listen, sizeof(ret->listen), "unix:%s", ret->socket);
        (void)snprintf(ret->outbox, sizeof(ret->outbox), "%s/outbox", fixture->folder);
        assert_int_equal(mkdir(ret->outbox, 0700), 0);
        assert_int_equal(EVP_Digest(VERIFIER, strlen(VERIFIER), digest, NULL, EVP_sha256(), NULL),
                         1);
        (void)EVP_EncodeBlock((unsigned char *)ret->challenge, digest, sizeof(digest));
        for (char *p = ret->challenge; *p; p++)
                *p = *p == '+' ? '-' : *p == '/' ? '_' : *p == '=' ? '\0' : *p;

        fixture_begin(fixture, &transaction);
        real_hash("Jia-pass1", hash);
        fixture_account(fixture, "ceshi_jia", "resident_identity_card", "990101199001010019",
                        "19900000001", hash, id);
        real_hash("Bing-pass3", hash);
        fixture_account(fixture, "Ceshi_Bing", "passport", "X99000003", "19900000003", hash, id);
        real_hash("Declare-1", hash);
        assert_int_equal(
                unit_put(fixture->store,
                         &(const UnitNew){ .code = UNIT_ONE, .name = "一", .password_hash = hash }),
                0);
        assert_int_equal(relation_put(fixture->store, fixture->bing, UNIT_ONE, 0), 0);
        assert_int_equal(client_put(fixture->store, "ws", SECRET, NULL, T0), 0);
        assert_int_equal(transaction_commit(&transaction), 0);
        ret->options = (ServerOptions){
                .store = fixture->path,
                .listen = ret->listen,
                .issuer = ISSUER,
                .outbox = ret->outbox,
                .phase.floor = phase,
                .qr_lifetime_sec = 120,
                .n_connections = 64,
                .n_per_address = 64,
                .client_policy = CLIENT_UNKNOWN_REFUSED,
        };
}

void world_begin(Fixture *fixture, Phase phase, World *ret) {
        world_prepare(fixture, phase, ret);
        world_start(ret);
}

void captcha_answer_of(World *world, const char *id, char *ret, size_t n) {
        Statement *statement = NULL;

        assert_int_equal(store_query(world->fixture->store, &statement,
                                     "SELECT answer FROM captcha WHERE id = $1", "t", id),
                         0);
        assert_int_equal(statement_next(statement), 1);
        (void)snprintf(ret, n, "%s", statement_text(statement, 0));
        (void)statement_free(statement);
}

void token_make(World *world, const char *client, const char *account, char *ret, size_t n) {
        _cleanup_(secret_freep) Secret *token = NULL;

        Holder holder = {};

        (void)snprintf(holder.account_id, sizeof(holder.account_id), "%s", account);
        assert_int_equal(token_issue(world->fixture->store, client, &holder, 0, "test",
                                     clock_wall_sec(), &token),
                         0);
        (void)snprintf(ret, n, "%s", secret_text(token));
}

void device_begin(World *world, const char *more, WireDeviceAnswer *ret) {
        static Answer answer;
        char body[256];

        (void)snprintf(body, sizeof(body), C "%s", more);
        ask(world, "/oauth2/device", body, "basic", &answer);
        assert_int_equal(answer.status, 200);
        assert_int_equal(wire_device_answer_decode(answer.body, answer.n_body, ret), 0);
        assert_true(strncmp(ret->verification_uri_complete, "HTTP://LOCALHOST/Q/", 19) == 0);
        assert_string_equal(ret->verification_uri_complete + 19, ret->user_code);
}

void poll_device(World *world, const WireDeviceAnswer *device, const char *more, long status,
                 const char *part) {
        char body[512];

        (void)snprintf(body, sizeof(body), C DEVICE_GRANT "&device_code=%s%s",
                       secret_text(device->device_code), more);
        expect(world, "/oauth2/token", body, "basic", status, part);
}

void phone(World *world, const WireDeviceAnswer *device, const char *deed, const char *token,
                  long status, const char *part) {
        char path[128];

        (void)snprintf(path, sizeof(path), "/app/device/%s%s", device->user_code, deed);
        expect(world, path, deed[0] ? "" : NULL, token, status, part);
}

