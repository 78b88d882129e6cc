/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Platform: the tax platform, or any other server that speaks doc/platform-api.yaml
 *
 * One Platform a daemon: libcurl's multi interface on the event loop, kept connections, metadata of
 * RFC 8414. One PlatformLogin a login: tokens, auth_session, PKCE verifier, device code, captcha
 * ids. None of those leaves this folder; the machine sees requests and replies
 * (daemon/core/reply.h). */

#include <stdint.h>
#include <systemd/sd-event.h>

#include "daemon/core/login.h"
#include "daemon/core/reply.h"

typedef struct Platform Platform;
typedef struct PlatformLogin PlatformLogin;

/* Borrowed for platform_new(). */
typedef struct PlatformConfig {
        const char *issuer;        /* https:// address, without a slash at the end */
        const char *ca_file;       /* PEM; required */
        const char *client_id;
        const char *client_secret_file; /* NULL for a public client; read at start, root's or our
                                           own, not for others */
        const char *unix_socket;   /* connect through this socket instead of TCP; NULL for none */
        const char *proxy;         /* NULL or "" for none; the environment is never asked */
        uint64_t timeout_usec;     /* for one answer; LIMIT_BACKEND_WAIT_USEC at most */
        uint64_t connect_timeout_usec;
} PlatformConfig;

/* What the phone page shows about where the login happens. Copied. */
typedef struct PlatformContext {
        uint64_t login_id;         /* for the log */
        const char *host, *service, *terminal, *remote_host;
} PlatformContext;

#define PLATFORM_LINK_BYTES 120

/* Addresses that the platform announces: https, visible ASCII, at most PLATFORM_LINK_BYTES; NULL where
 * it announces none or another. Borrowed until the next come. */
typedef struct PlatformLinks {
        const char *register_uri, *forgot_password_uri, *forgot_declaration_uri, *app_uri;
} PlatformLinks;

/* @reply is owned by the caller of the function; what is taken out of it must be left NULL. Never
 * called from inside platform_login_request(). */
typedef void (*PlatformReplyFn)(PlatformLogin *login, Reply *reply, void *userdata);

/**
 * platform_init_process() - allocators that wipe, environment made harmless; once, before anything
 * else
 *
 * The process must ignore SIGPIPE besides: OpenSSL writes to sockets with write(2).
 */
int platform_init_process(void);

/** platform_new() - Return: 0, negative errno, or -EINVAL for a configuration that is not usable
 * (logged with reason). */
int platform_new(sd_event *event, const PlatformConfig *config, Platform **ret);
/** platform_free() - logins must be gone; not from inside a reply function; takes NULL */
Platform *platform_free(Platform *platform);
DEFINE_CLEANUP(Platform, platform_free)

/** platform_greet() - a login begins: have the metadata at hand, with the links of the first question and
 * the phase, before anything has to wait for them. Nobody is told; a platform that is away is found out
 * by whoever asks it something. */
void platform_greet(Platform *platform);

/** platform_phase() - the phase the platform announces, _PHASE_MAX when it announces none or was
 * not reached yet */
Phase platform_phase(const Platform *platform);
/** platform_schedule() - the first day of each phase, "YYYY-MM-DD", or NULL where none is announced; one
 * a Phase, borrowed until the next come. Metadata with a day that does not exist are refused. */
const char *const *platform_schedule(const Platform *platform);
const PlatformLinks *platform_links(const Platform *platform);

/* One login at a time. What it has brought - above all the access token - is kept for the next request:
 *
 *   - a token that one request has brought serves the later ones; REQUEST_RESUME asks whether it still does
 *   - a login that has succeeded can be put to rest (platform_login_rest()) and be asked again hours later
 *   - replies go to whoever owns the login then (platform_login_adopt()) */
int platform_login_new(Platform *platform, const PlatformContext *context, PlatformReplyFn fn,
                       void *userdata, PlatformLogin **ret);

/**
 * platform_login_request() - start @request; exactly one reply follows unless cancelled
 *
 * Everything borrowed by @request is copied or sent before this returns. A second request while one
 * is under way is -EBUSY. Return: 0 or negative errno.
 */
int platform_login_request(PlatformLogin *login, const Request *request);

/** platform_login_cancel() - forget the request under way; no reply follows */
void platform_login_cancel(PlatformLogin *login);

/** platform_login_context() - a login kept from before goes on somewhere else: what the phone page shows,
 * and the id for the log. Copied. Return: 0 or -ENOMEM, then it is partly forgotten. */
int platform_login_context(PlatformLogin *login, const PlatformContext *context);

/** platform_login_adopt() - from now on replies go to @fn, that to a request under way included */
void platform_login_adopt(PlatformLogin *login, PlatformReplyFn fn, void *userdata);

/**
 * platform_login_rest() - keep the token, whose it is and the login's id, release everything else
 *
 * A request under way is cancelled. Less than 1 KiB stays, beside the page of the token. Every request
 * that needs no more than a token is possible afterwards; the phone page would show nothing until
 * platform_login_context() has told it again.
 */
void platform_login_rest(PlatformLogin *login);

/** platform_login_free() - cancel, revoke a token in the background (RFC 7009), release; takes
 * NULL. The reply function is never called again. */
PlatformLogin *platform_login_free(PlatformLogin *login);
DEFINE_CLEANUP(PlatformLogin, platform_login_free)
