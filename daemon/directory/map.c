/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Map: one allocation for the text, two sorted arrays of pointers into it, one for each question. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/directory/map.h"
#include "daemon/log.h"
#include "lib/common/identity.h"
#include "lib/common/limits.h"
#include "lib/common/text.h"

typedef struct MapEntry {
        const char *account;
        const char *user;
} MapEntry;

struct Map {
        char *text; /* what all entries point into */
        MapEntry *by_account, *by_user;
        size_t n_entries;
};

static int compare_accounts(const void *a, const void *b) {
        return strcmp(((const MapEntry *)a)->account, ((const MapEntry *)b)->account);
}

static int compare_users(const void *a, const void *b) {
        return strcmp(((const MapEntry *)a)->user, ((const MapEntry *)b)->user);
}

/* A local user as useradd(8) makes them, or a Chinese name; never an option, a path or a number. */
static bool user_is_valid(const char *user) {
        size_t n = strlen(user);

        return n > 0 && n <= LIMIT_USER_BYTES && user[0] != '-' && !strpbrk(user, "/:,\"'\\") &&
               strspn(user, "0123456789") < n && text_is_showable(user);
}

/* What is wrong with a line of two words, NULL if nothing. */
static const char *line_judge(const MapEntry *entry, const char *surplus) {
        if (!entry->user || surplus)
                return "a line is \"LOGIN-NAME LOCAL-USER\", two words";
        if (!login_name_is_valid(entry->account))
                return "the first word is no login name: 2-16 letters, digits, Chinese characters or '_', "
                       "not digits only";
        if (!user_is_valid(entry->user))
                return "the second word cannot be a local user's name";
        return NULL;
}

static size_t count_lines(const char *text) {
        size_t n = 1;

        for (; (text = strchr(text, '\n')); text++)
                n++;
        return n;
}

static int report_duplicates(const char *path, const Map *map) {
        int r = 0;

        for (size_t i = 1; i < map->n_entries; i++)
                if (compare_accounts(&map->by_account[i - 1], &map->by_account[i]) == 0) {
                        log_record(LOG_ERR, 0, "%s: account \"%s\" stands in two lines; one account is one local user",
                                   path, map->by_account[i].account);
                        r = -EBADMSG;
                }
        return r;
}

int map_parse(const char *path, char *text, size_t n, Map **ret) {
        _cleanup_(map_freep) Map *map = NULL;
        char *line, *rest;
        int r = 0;

        map = calloc(1, sizeof(*map));
        if (!map)
                return -ENOMEM;

        map->text = malloc(n + 1);
        if (!map->text)
                return -ENOMEM;
        memcpy(map->text, text, n);
        map->text[n] = '\0';

        if (strlen(map->text) != n) {
                log_record(LOG_ERR, 0, "%s: holds a NUL byte; it must be text", path);
                return -EBADMSG;
        }

        map->by_account = calloc(count_lines(map->text), sizeof(*map->by_account));
        map->by_user = calloc(count_lines(map->text), sizeof(*map->by_user));
        if (!map->by_account || !map->by_user)
                return -ENOMEM;

        rest = map->text;
        for (size_t number = 1; (line = strsep(&rest, "\n")); number++) {
                char *save = NULL;
                MapEntry entry = {};
                const char *wrong;

                line[strcspn(line, "#")] = '\0';
                entry.account = strtok_r(line, " \t\r", &save);
                if (!entry.account)
                        continue;

                entry.user = strtok_r(NULL, " \t\r", &save);
                wrong = line_judge(&entry, strtok_r(NULL, " \t\r", &save));
                if (wrong) {
                        log_record(LOG_ERR, 0, "%s:%zu: %s", path, number, wrong);
                        r = -EBADMSG;
                        continue;
                }
                map->by_account[map->n_entries++] = entry;
        }

        memcpy(map->by_user, map->by_account, map->n_entries * sizeof(MapEntry));
        qsort(map->by_account, map->n_entries, sizeof(MapEntry), compare_accounts);
        qsort(map->by_user, map->n_entries, sizeof(MapEntry), compare_users);
        if (report_duplicates(path, map) < 0 || r < 0)
                return -EBADMSG;

        *ret = TAKE_PTR(map);
        return 0;
}

Map *map_free(Map *map) {
        if (map) {
                free(map->by_account);
                free(map->by_user);
                free(map->text);
                free(map);
        }
        return NULL;
}

const char *map_user_of(const Map *map, const char *account) {
        const MapEntry key = { .account = account };
        const MapEntry *found;

        if (!map || map->n_entries == 0)
                return NULL;

        found = bsearch(&key, map->by_account, map->n_entries, sizeof(key), compare_accounts);
        return found ? found->user : NULL;
}

const char *map_account_of(const Map *map, const char *user, size_t *ret_n) {
        const MapEntry key = { .user = user };
        const MapEntry *found, *first, *last;

        *ret_n = 0;
        if (!map || map->n_entries == 0)
                return NULL;

        found = bsearch(&key, map->by_user, map->n_entries, sizeof(key), compare_users);
        if (!found)
                return NULL;

        for (first = found; first > map->by_user && compare_users(first - 1, &key) == 0;)
                first--;
        for (last = found; last + 1 < map->by_user + map->n_entries && compare_users(last + 1, &key) == 0;)
                last++;

        *ret_n = (size_t)(last - first) + 1;
        return *ret_n == 1 ? found->account : NULL;
}
