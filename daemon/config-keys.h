/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Config keys: what may stand in itaxd.conf, as one table; private to daemon/config*.c */

#include "daemon/config.h"

/* @field is the place that ConfigKey.offset tells. Return: 0, CONFIG_E_VALUE, -ENOMEM. */
typedef int (*ConfigParseFn)(const ConfigKey *key, const char *value, void *field);

struct ConfigKey {
        const char *section, *name;
        ConfigParseFn parse;
        size_t offset;       /* in Config; for section "service" in ServiceSetting */
        unsigned min, max;   /* of a number */
        bool may_be_empty;
        const char *allowed; /* in words */
        const char *fallback; /* what holds where nothing is said; NULL: nothing does */
};

#define CONFIG_SERVICE "service" /* whose keys belong to one service */

/** config_keys_fill() - put in what holds where nothing is said. Return: 0 or -ENOMEM. */
int config_keys_fill(Config *config);

/** config_key_clear() - forget the list that was read before; no effect on what is no list */
void config_key_clear(const ConfigKey *key, Config *config);

/** config_key_at() - the keys in their order; NULL behind the last */
const ConfigKey *config_key_at(size_t i);

/** config_key_find() - NULL when there is none */
const ConfigKey *config_key_find(const char *section, const char *name);

/** config_key_index() - its place in the table, below 64 */
unsigned config_key_index(const ConfigKey *key);

/** config_key_may_repeat() - is it a list that need not fit on one line? */
bool config_key_may_repeat(const ConfigKey *key);

/** config_key_guess() - the key whose name is nearest, of any section; NULL when none is near */
const ConfigKey *config_key_guess(const char *section, const char *name);

/** config_section_guess() - the section whose name is nearest; the name itself if there is such a
 * one, NULL when none is near */
const char *config_section_guess(const char *section);
