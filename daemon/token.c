/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Token: a queue of requests before one PlatformLogin. The first of them is under way. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/log.h"
#include "daemon/token.h"

struct Token {
        unsigned n_refs;
        Era *era;
        PlatformLogin *platform;
        TokenAsk *first, *last;
        unsigned n_users;  /* logins that go on with it */
        bool is_busy;      /* the request of .first is under way */
        bool is_answering; /* whoever asks now waits until that is over */
};

struct TokenAsk {
        TokenAsk *next, *previous;
        Token *token; /* reference; NULL once it was answered */
        Request request;
        TokenFn fn;
        void *userdata;
};

static void ask_unlink(TokenAsk *ask) {
        Token *token = ask->token;

        if (ask->previous)
                ask->previous->next = ask->next;
        else
                token->first = ask->next;
        if (ask->next)
                ask->next->previous = ask->previous;
        else
                token->last = ask->previous;
        ask->next = ask->previous = NULL;
        ask->token = NULL;
}

/* The caller holds a reference. */
static void ask_answer(Token *token, Reply *reply) {
        TokenAsk *ask = token->first;

        ask_unlink(ask);
        token->is_answering = true;
        ask->fn(ask, reply, ask->userdata); /* may free the ask */
        token->is_answering = false;
        (void)token_unref(token); /* that of the ask */
}

static int token_start(Token *token) {
        int r = platform_login_request(token->platform, &token->first->request);

        if (r < 0)
                log_record(LOG_ERR, 0, "the platform could not be asked: %s", strerrordesc_np(-r));
        token->is_busy = r >= 0;
        return r;
}

/* Whoever waits is sent on; who cannot be is told so. The caller holds a reference. */
static void token_go(Token *token) {
        while (token->first && !token->is_busy && token_start(token) < 0) {
                Reply unavailable = { .kind = REPLY_UNAVAILABLE, .attempts_left = -1 };

                ask_answer(token, &unavailable);
        }
        if (!token->first && token->n_users == 0)
                platform_login_rest(token->platform);
}

static void on_reply(PlatformLogin *platform _unused_, Reply *reply, void *userdata) {
        _cleanup_(token_unrefp) Token *token = token_ref(userdata);

        token->is_busy = false;
        if (token->first)
                ask_answer(token, reply);
        token_go(token);
}

int token_new(Era *era, PlatformLogin *platform, Token **ret) {
        Token *token = calloc(1, sizeof(*token));

        if (!token)
                return -ENOMEM;
        token->n_refs = 1;
        token->era = era_ref(era);
        token->platform = platform;
        platform_login_adopt(platform, on_reply, token);
        platform_login_rest(platform);
        *ret = token;
        return 0;
}

Token *token_ref(Token *token) {
        token->n_refs++;
        return token;
}

Token *token_unref(Token *token) {
        if (!token || --token->n_refs > 0)
                return NULL;

        token->platform = platform_login_free(token->platform);
        token->era = era_unref(token->era);
        free(token);
        return NULL;
}

const Era *token_era(const Token *token) {
        return token->era;
}

int token_use(Token *token, const PlatformContext *context) {
        int r = platform_login_context(token->platform, context);

        if (r < 0)
                return r;
        token->n_users++;
        (void)token_ref(token);
        return 0;
}

Token *token_leave(Token *token) {
        if (token) {
                token->n_users--;
                if (!token->first && !token->is_answering && token->n_users == 0)
                        platform_login_rest(token->platform);
        }
        return token_unref(token);
}

int token_ask(Token *token, const Request *request, TokenFn fn, void *userdata, TokenAsk **ret) {
        TokenAsk *ask = calloc(1, sizeof(*ask));

        if (!ask)
                return -ENOMEM;
        ask->token = token_ref(token);
        ask->request = *request;
        ask->fn = fn;
        ask->userdata = userdata;
        ask->previous = token->last;
        if (token->last)
                token->last->next = ask;
        else
                token->first = ask;
        token->last = ask;

        if (!token->is_busy && !token->is_answering) {
                int r = token_start(token);

                if (r < 0) {
                        (void)token_ask_free(ask);
                        return r;
                }
        }
        *ret = ask;
        return 0;
}

TokenAsk *token_ask_free(TokenAsk *ask) {
        if (!ask)
                return NULL;

        if (ask->token) {
                _cleanup_(token_unrefp) Token *token = ask->token;
                bool was_under_way = token->first == ask && token->is_busy;

                ask_unlink(ask);
                if (was_under_way) {
                        platform_login_cancel(token->platform);
                        token->is_busy = false;
                        if (!token->is_answering)
                                token_go(token);
                }
        }
        free(ask);
        return NULL;
}
