/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Map: the table of accounts and local users, as read from one file; never changes once made */

#include <stddef.h>

#include "lib/common/util.h"

#define MAP_FILE_BYTES (4U * 1024U * 1024U)

typedef struct Map Map;

/**
 * map_parse() - read a table
 * @path: only for what is logged
 * @text: @n bytes with a NUL behind them; changed, may be freed afterwards
 *
 * Return: 0, -ENOMEM, or -EBADMSG after every wrong line was logged with its number.
 */
int map_parse(const char *path, char *text, size_t n, Map **ret);
Map *map_free(Map *map);
DEFINE_CLEANUP(Map, map_free)

/** map_user_of() - local user of @account, NULL if none; borrowed. NULL is an empty map. */
const char *map_user_of(const Map *map, const char *account);

/** map_account_of() - the account of @user if it has exactly one, else NULL; @ret_n is how many it has */
const char *map_account_of(const Map *map, const char *user, size_t *ret_n);
