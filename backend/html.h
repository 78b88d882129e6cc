/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Html: a page as it is written, from our own markup and text of others that is always escaped
 *
 * The first failure sticks: what follows writes nothing, and html_take() tells. */

#include "lib/common/secret.h"
#include "lib/common/util.h"

typedef struct Html {
        Secret *text;
        size_t n_room, n_max; /* bytes; the room grows */
        bool english;         /* else Chinese */
        int error;            /* 0 or -errno */
} Html;

/** html_init() - an empty page of at most @n_max bytes */
void html_init(Html *html, size_t n_max, bool english);

/**
 * html_print() - append @format, a literal of ours
 *
 * %s  const char *, escaped for text and for a quoted attribute; NULL is nothing
 * %d  int64_t
 * %%  a percent sign
 */
void html_print(Html *html, const char *format, ...);

/** html_words() - the one in the page's language; both are ours */
const char *html_words(const Html *html, const char *chinese, const char *english);

/** html_take() - the page; @html is empty then. Return: owned, or NULL if anything failed. */
Secret *html_take(Html *html);

void html_done(Html *html);
