/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Texts: the words for what the login machine wants said
 *
 * English is the source, Chinese is complete. Both come from one table keyed by SayId, through
 * gettext, so that a translator needs no compiler. The language is that of the login, not of the
 * daemon: texts_use() is called before each step that is put into words. */

#include "daemon/core/say.h"

typedef enum TextsLanguage {
        TEXTS_EN,
        TEXTS_ZH_CN,
        _TEXTS_LANGUAGE_MAX,
} TextsLanguage;

/**
 * texts_init() - find the translations; once at start
 * @localedir: folder with zh_CN/LC_MESSAGES/pam_itax.mo below it
 *
 * No locale need be installed: translations are looked up under C.UTF-8, which glibc brings along,
 * with LANGUAGE naming the language. The locale of the process is not changed, so that log records
 * stay English. A missing translation is not an error: the English words are shown. To be called
 * before there are threads, as it changes the environment.
 *
 * Return: 0, -ENOMEM, or -ENOENT when the C library has no C.UTF-8 locale.
 */
int texts_init(const char *localedir);

/** texts_use() - the language of all that follows; a mere comparison when it does not change */
void texts_use(TextsLanguage language);

/** texts_language_of() - language of a locale name like "zh_CN.UTF-8"; @fallback for C, POSIX,
 * none, and every language that has no translation */
TextsLanguage texts_language_of(const char *locale, TextsLanguage fallback);

/** texts_language_from_string() - "en" or "zh_CN" as in itaxd.conf; _TEXTS_LANGUAGE_MAX for
 * anything else */
TextsLanguage texts_language_from_string(const char *word);
const char *texts_language_to_string(TextsLanguage language);

/**
 * texts_say() - put one thing into words
 * @ret: one line or more without newline at the end, owned by the caller; "" for SAY_NONE
 *
 * What @say borrows is inserted as it is: it was filtered where it came in.
 *
 * Return: 0 or -ENOMEM.
 */
int texts_say(const Say *say, char **ret);
