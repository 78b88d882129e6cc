/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A whole server at the other end of a Unix socket, in a process of its own, and what asks it. */

#include <curl/curl.h>
#include <sys/types.h>

#include "backend/server.h"
#include "lib/wire/wire.h"
#include "tests/unit/backend-fixture.h"

#define ISSUER "http://localhost"
#define VERIFIER "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define SECRET "the-secret-of-this-workstation"

#define C "client_id=ws"
#define ASKED "code_challenge=%s&code_challenge_method=S256"
#define DEVICE_GRANT "&grant_type=urn:ietf:params:oauth:grant-type:device_code"

typedef struct World {
        Fixture *fixture;
        char socket[100], listen[110], outbox[100], challenge[48];
        ServerOptions options; /* may be changed before world_start() */
        pid_t pid;
        CURL *curl;
} World;

/* One answer; body is NUL-terminated. */
typedef struct Answer {
        long status;
        char body[LIMIT_BODY_BYTES + 1], headers[4096];
        size_t n_body, n_headers;
} Answer;

/** ask() - @body NULL: GET. @bearer NULL: none; "basic": the workstation's secret. */
void ask(World *world, const char *path, const char *body, const char *bearer, Answer *ret);
/** expect() - ask, and fail unless status and a part of the answer are these */
void expect(World *world, const char *path, const char *body, const char *bearer, long status,
            const char *part);

void real_hash(const char *password, char *ret);

/** world_prepare() - people with real passwords ("Jia-pass1", "Bing-pass3"; UNIT_ONE "Declare-1"),
 * the workstation "ws"; nothing runs yet */
void world_prepare(Fixture *fixture, Phase phase, World *ret);
void world_start(World *world);
/** world_begin() - both */
void world_begin(Fixture *fixture, Phase phase, World *ret);
/** world_stop() - end the server in order */
void world_stop(World *world);

/** server_start(), server_stop() - another server on the same store, at @socket. Return: its process */
pid_t server_start(const ServerOptions *options, const char *socket);
void server_stop(pid_t pid, const char *socket);

/** token_make() - a token without the detour over a password */
void token_make(World *world, const char *client, const char *account, char *ret, size_t n);

/** captcha_answer_of() - what the store holds for a captcha */
void captcha_answer_of(World *world, const char *id, char *ret, size_t n);

/** device_begin() - a QR login; @more: further fields */
void device_begin(World *world, const char *more, WireDeviceAnswer *ret);
/** poll_device(), phone() - ask about it, and do something to it, as expect() */
void poll_device(World *world, const WireDeviceAnswer *device, const char *more, long status,
                 const char *part);
void phone(World *world, const WireDeviceAnswer *device, const char *deed, const char *token,
           long status, const char *part);
