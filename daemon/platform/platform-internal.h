/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What platform.c (the one platform), platform-login.c (one login) and the stages of a login share
 *
 * A login asks one request at a time. A request is one or more stages, each of them one exchange: a
 * password is challenge, token and, where they are not folded in, userinfo and units. A stage that
 * is over either enters the next one or gives the reply; nothing is done with it after that. */

#include "daemon/platform/http.h"
#include "daemon/platform/metadata.h"
#include "daemon/platform/pace.h"
#include "daemon/platform/platform.h"

/* Most servers take 100 or 128 requests at a time on one connection of HTTP/2. libcurl opens one for each
 * that is too many instead of a second for all (seen in 7.88), so it is never asked for more. */
#define POLLS_TOGETHER 100

typedef struct Revocation Revocation;

struct Platform {
        sd_event *event;
        Http *http;
        Http *polls[LIMIT_LOGINS / POLLS_TOGETHER]; /* made when wanted; see platform_polls() */
        MetadataCache *metadata;
        MetadataWait greeting;
        char *issuer, *client_id;
        Secret *authorization; /* header line; NULL for a public client */
        uint64_t timeout_usec;
        uint64_t hold_usec; /* LIMIT_HOLD_USEC */
        Revocation *revocations;
        unsigned n_revocations;
};

/* A copy of what was asked; the originals are borrowed only for the call. */
typedef struct Question {
        RequestKind kind; /* REQUEST_NONE: nothing is under way */
        char *account, *unit;
        char *challenge, *algorithm, *signature, *certificates;
        Secret *password, *new_password, *captcha, *digits;
        DeviceState seen;
        bool at_once, binding;
} Question;

/* A request while it is made: what it only borrows and nobody else owns is owned here. */
typedef struct Draft {
        Http *http; /* the way it goes; .http of the platform if the stage does not say another */
        HttpRequest request;
        char *uri;
        Secret *authorization;
} Draft;

typedef struct Stage {
        const char *name; /* for the log */
        int (*build)(PlatformLogin *login, Draft *draft);
        void (*on_good)(PlatformLogin *login, const HttpAnswer *answer);   /* status 200 */
        void (*on_refusal)(PlatformLogin *login, const HttpAnswer *answer); /* status 4xx */
} Stage;

struct PlatformLogin {
        Platform *platform;
        uint64_t id;
        char *host, *service, *terminal, *remote_host;
        PlatformReplyFn fn;
        void *userdata;

        /* the request under way */
        Question question;
        const Stage *stage;
        HttpExchange *exchange;
        MetadataWait wait;
        sd_event_source *timer; /* a poll that is not due yet */
        sd_event_source *defer; /* a reply that needs no exchange */
        ReplyKind deferred;
        uint64_t hold_until_usec;
        bool poll_is_shared; /* the poll under way went over platform_polls() */
        bool polls_apart;    /* one of this request got lost there, so the next goes another way */
        bool session_renewed; /* begun again without auth_session, once a request */

        /* what is kept from one request to the next */
        Metadata *metadata;
        Secret *verifier; /* RFC 7636; one a login, as it belongs to its auth_session */
        char *auth_session;
        RequestKind tested; /* of the password that was tested last: a new picture is for that one */
        char *captcha_id;          /* of the auth_session */
        char *resource_captcha_id; /* under the token: of a unit, or of the password endpoint */
        Secret *code; /* between challenge and token */
        Secret *device_code;
        char *device_hint; /* the account that alone may confirm; NULL: anybody */
        Pace pace;
        DeviceState device_state;
        uint64_t device_until_usec;
        WireUserinfo userinfo; /* while the answers to one request bring it together */
        bool has_userinfo;

        /* what a login at rest keeps */
        Secret *token;
        char *subject; /* of .token, once the person was told; a unit's is "unit:CODE" */
        char *hinted;  /* the account that the person was said to be; NULL if none was */
};

/** text_copy() - a copy of @text, which may be NULL. Return: 0 or -ENOMEM. */
int text_copy(const char *text, char **ret);
/** question_copy() - Return: 0 or -ENOMEM; @ret is written on 0 only */
int question_copy(const Request *request, Question *ret);
/** question_done() - idempotent */
void question_done(Question *question);

/** login_enter() - begin a stage. Return: 0 or negative errno; nothing is under way then. */
int login_enter(PlatformLogin *login, const Stage *stage);
/** login_go() - the same from the event loop: an error becomes the reply */
void login_go(PlatformLogin *login, const Stage *stage);

/** login_reply() - end the request; @reply is released. @login may be gone afterwards. */
void login_reply(PlatformLogin *login, Reply *reply);
void login_reply_kind(PlatformLogin *login, ReplyKind kind);
/** login_break() - REPLY_BROKEN, and why, in the log */
void login_break(PlatformLogin *login, const char *why);
/** login_client_refused() - REPLY_UNAVAILABLE; the log tells what to configure */
void login_client_refused(PlatformLogin *login, const char *error);
/** login_defer() - give the reply from the event loop. Return: 0 or negative errno. */
int login_defer(PlatformLogin *login, ReplyKind kind);
/** login_log() - a record of this login's request and stage; @why may come from outside */
void login_log(const PlatformLogin *login, int priority, const char *why);

/** login_now() - CLOCK_BOOTTIME of this turn of the loop */
uint64_t login_now(const PlatformLogin *login);

/** login_take_token() - keep a new token, revoking the one before; NULL: keep none */
void login_take_token(PlatformLogin *login, Secret *token);
/** login_go_person() - a token is there: ask what is still missing of the person, then reply */
void login_go_person(PlatformLogin *login);
/** login_poll() - ask how the QR login stands as soon as that may be asked. Return: 0 or negative
 * errno. */
int login_poll(PlatformLogin *login);

extern const Stage stage_challenge, stage_code;    /* stage-password.c */
extern const Stage stage_userinfo, stage_units;    /* stage-person.c */
extern const Stage stage_device, stage_poll;       /* stage-device.c */
extern const Stage stage_verification, stage_unit_challenge; /* stage-unit.c */
extern const Stage stage_new_password;             /* stage-account.c */

/** login_metadata() - what the login began with, else what is known by now; NULL if nothing is */
const Metadata *login_metadata(const PlatformLogin *login);

/** platform_polls() - the way of a request that is held: thousands may wait for a phone, and over HTTP/2
 * they share connections. Borrowed for the one request; .http where none is to be had. */
Http *platform_polls(Platform *platform);

/** platform_scope() - what a token is asked for */
const char *platform_scope(const Metadata *metadata);

/** revocation_begin() - end @token at the platform in the background; takes it over always */
void revocation_begin(Platform *platform, const Metadata *metadata, Secret *token);
void revocations_done(Platform *platform);
