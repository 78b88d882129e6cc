/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A browser in front of a World: keeps the cookies it is given and the csrf field of the last form */

#include "tests/unit/backend-world.h"

typedef struct Browser {
        char cookie[256];   /* of the session; "": none */
        char csrf[80];      /* sent with every POST; "": none */
        const char *origin; /* sent with every POST; NULL: none */
        const char *header; /* one more, with every request; NULL: none */
        bool english;
} Browser;

#define BROWSER { .origin = ISSUER }

/** browser_get(), browser_post() - redirections are not followed. @form: without csrf */
void browser_get(World *world, Browser *browser, const char *path, Answer *ret);
void browser_post(World *world, Browser *browser, const char *path, const char *form, Answer *ret);

/** browser_login() - at /login, where no captcha is due */
void browser_login(World *world, Browser *browser, const char *account, const char *password);

/** answer_between() - what stands between @before and @after in a page; fails when it is not there */
void answer_between(const Answer *answer, const char *before, const char *after, char *ret,
                    size_t n);
