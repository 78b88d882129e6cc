/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Token: what is left at the platform of a login that was granted
 *
 * It is shared by all that goes on with that login: its session, the logins that were resumed from it,
 * the checks of the account. Each asks by itself; the requests go out one after another. With the
 * last reference the platform is told that the token is no longer needed. */

#include "daemon/era.h"

typedef struct Token Token;
typedef struct TokenAsk TokenAsk;

/* @reply as in PlatformReplyFn. Called once, and never from inside token_ask(). */
typedef void (*TokenFn)(TokenAsk *ask, Reply *reply, void *userdata);

/** token_new() - @platform is owned by the token when 0 is returned, and put to rest. Return: 0, -ENOMEM */
int token_new(Era *era, PlatformLogin *platform, Token **ret);
Token *token_ref(Token *token);
Token *token_unref(Token *token);
DEFINE_CLEANUP(Token, token_unref)

/**
 * token_use() - a login goes on with it; between its requests all is kept that they build on
 * @context: where, for the platform's log records
 *
 * Return: 0, then a reference, to be given back by token_leave(); or -ENOMEM.
 */
int token_use(Token *token, const PlatformContext *context);
Token *token_leave(Token *token);

/** token_era() - whose platform it is; borrowed */
const Era *token_era(const Token *token);

/**
 * token_ask() - have @request answered, in its turn
 * @request: what it borrows must stay until the reply
 * @ret: owned by the caller, also after @fn was called; freeing it before is cancel
 *
 * Return: 0 or a negative errno.
 */
int token_ask(Token *token, const Request *request, TokenFn fn, void *userdata, TokenAsk **ret);
TokenAsk *token_ask_free(TokenAsk *ask);
DEFINE_CLEANUP(TokenAsk, token_ask_free)
