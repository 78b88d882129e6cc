/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* PlatformFixture: a misbehaving server, a Platform that speaks to it, and one login */

#include <systemd/sd-event.h>

#include "daemon/platform/platform-internal.h"
#include "tests/unit/tls-server.h"

#define PATH_METADATA "/.well-known/oauth-authorization-server"
#define PATH_OPENID "/.well-known/openid-configuration"
#define PATH_VERIFICATION "/units/" UNIT_CODE "/verification"
#define PATH_UNIT_CHALLENGE "/units/" UNIT_CODE "/challenge"
#define UNIT_CODE "919900000000000018"
#define OTHER_UNIT_CODE "91990000000000002B"
#define CHALLENGE_TEXT "0123456789-_0123456789012345678901234567890"

/* A server in order: everything our API has, nothing folded in. */
extern const ServerAnswer good_answers[];

/* Building blocks of answers */
#define METADATA_OF(issuer, rest) \
        "{\"issuer\":\"" issuer "\",\"token_endpoint\":\"@/token\"," \
        "\"response_types_supported\":[\"code\"]" rest "}"
#define PERSON_JSON \
        "{\"sub\":\"7\",\"preferred_username\":\"ceshi_jia\",\"name\":\"测试甲\"}"
#define UNITS_JSON \
        "[{\"code\":\"" UNIT_CODE "\",\"name\":\"测试一号有限公司\",\"authorised\":true," \
        "\"methods\":[\"relation\",\"declaration_password\"]}]"
#define PROBLEM_JSON(word, rest) "{\"type\":\"https://x/problems/" word "\"" rest "}"
#define CAPTCHA_REST ",\"captcha_id\":\"c-1\",\"captcha_png\":\"iVBORw0KGgo=\""
#define TOKEN_JSON(rest) "{\"access_token\":\"tOkEn-1\",\"token_type\":\"Bearer\"" rest "}"

typedef struct PlatformFixture {
        TlsServer *server;
        sd_event *event;
        Platform *platform;
        PlatformLogin *login;
        Reply reply; /* the last one */
        unsigned n_replies;
} PlatformFixture;

typedef struct FixtureOptions {
        ServerCert cert;
        const ServerAnswer *answers; /* before those of a server in order; NULL: none */
        const char *issuer;          /* NULL: the server's address */
        const char *ca_file;         /* NULL: the server's; given, there need be no server */
        const char *unix_socket;
        const char *secret_file;
        uint64_t timeout_usec;       /* 0: 10 s */
        uint64_t hold_usec;          /* 0: as it is */
} FixtureOptions;

void fixture_start(PlatformFixture *fixture, const FixtureOptions *options);
/** fixture_connect() - the part of it on this side: loop, platform and login for .server */
void fixture_connect(PlatformFixture *fixture, const FixtureOptions *options);
/** fixture_renew() - another login in the place of .login, which is gone */
void fixture_renew(PlatformFixture *fixture);
void fixture_stop(PlatformFixture *fixture);

/** fixture_ask() - one request, and the loop until its reply; the test ends when none comes in 20 s */
ReplyKind fixture_ask(PlatformFixture *fixture, const Request *request);
/** fixture_run() - the loop for @usec */
void fixture_run(PlatformFixture *fixture, uint64_t usec);

/** fixture_ask_password() - the usual password for the usual account */
ReplyKind fixture_ask_password(PlatformFixture *fixture);
/** fixture_ask_simple() - a request of this kind with the usual unit and password */
ReplyKind fixture_ask_simple(PlatformFixture *fixture, RequestKind kind);

/** fixture_sent() - the last request for @path held @text */
bool fixture_sent(PlatformFixture *fixture, const char *path, const char *text);

/** now_usec() - CLOCK_MONOTONIC */
uint64_t now_usec(void);

int fixture_init_process(void **state);
