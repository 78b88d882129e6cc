/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Map: the file that says which local user an account is, as it was when it was read */

#include <stddef.h>

#include "lib/common/util.h"

#define MAP_BYTES_MAX (16U * 1024U * 1024U)

typedef struct Map Map;

enum {
        MAP_E_LINES = 1, /* what is wrong was told by the report function, every line of it */
};

typedef void (*MapReportFn)(unsigned line, const char *problem, void *userdata);

/**
 * map_parse() - make a map of the @n bytes at @text
 * @text: a NUL stands behind them; owned by the map afterwards, freed on every path
 *
 * Return: 0, MAP_E_LINES, -ENOMEM.
 */
int map_parse(char *text, size_t n, MapReportFn report, void *userdata, Map **ret);
Map *map_free(Map *map);
DEFINE_CLEANUP(Map, map_free)

size_t map_size(const Map *map);

/** map_user_at() - the user of the @i-th line when lines are sorted by user; borrowed; NULL at the end */
const char *map_user_at(const Map *map, size_t i);

/* Borrowed from the map; NULL when there is none. */
const char *map_user_of_account(const Map *map, const char *account);
/** map_user_of_unit() - the local user of the old unit login; an account of the same name is nobody's here */
const char *map_user_of_unit(const Map *map, const char *code);
const char *map_account_of_user(const Map *map, const char *user, size_t *ret_n);
