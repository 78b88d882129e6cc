/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Map: the text is kept as it was read and the entries point into it; one array is sorted by
 * account, a second one by user. */

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "daemon/directory/map.h"
#include "lib/common/identity.h"
#include "lib/common/limits.h"
#include "lib/common/text.h"

typedef struct Entry {
        const char *account, *user;
        unsigned line;
} Entry;

struct Map {
        char *text;
        Entry *by_account, *by_user;
        size_t n, n_room;
};

static int compare_accounts(const void *a, const void *b) {
        const Entry *x = a, *y = b;
        int r = strcmp(x->account, y->account);

        return r ? r : x->line < y->line ? -1 : x->line > y->line;
}

static int compare_users(const void *a, const void *b) {
        const Entry *x = a, *y = b;

        return strcmp(x->user, y->user);
}

/* "@UNIT-CODE", or a code that no login name can be. */
static bool key_is_unit(const char *key) {
        return key[0] == '@' || (unit_code_is_valid(key) && !login_name_is_valid(key));
}

static const char *account_fault(const char *account) {
        const size_t n_region = 6; /* older taxpayer numbers begin with the digits of a place */

        if (account[0] == '@' && !unit_code_is_valid(account + 1))
                return "behind '@' stands the code of a unit";
        if (unit_code_is_valid(account) && login_name_is_valid(account) &&
            strspn(account, "0123456789") >= n_region)
                return "this may be a unit or a login name; for the unit write '@' before it";
        if (strlen(account) > LIMIT_ACCOUNT_BYTES)
                return "the account is longer than any can be";
        if (!text_is_showable(account))
                return "the account has characters that cannot be shown";
        return NULL;
}

/* What login(1), sshd and the files of /etc can hold; digits alone would be taken for a uid. */
static const char *user_fault(const char *user) {
        size_t n_digits = strspn(user, "0123456789");

        if (strlen(user) > LIMIT_USER_BYTES)
                return "the local user is longer than any can be";
        if (!text_is_showable(user) || strpbrk(user, ":/\\\"',") || user[0] == '-' ||
            user[0] == '.')
                return "the local user has characters that no user can have";
        if (user[n_digits] == '\0')
                return "a local user cannot be digits only";
        return NULL;
}

static int map_add(Map *map, const Entry *entry) {
        if (map->n == map->n_room) {
                size_t n_room = map->n_room ? 2 * map->n_room : 16;
                Entry *more = reallocarray(map->by_account, n_room, sizeof(*more));

                if (!more)
                        return -ENOMEM;
                map->by_account = more;
                map->n_room = n_room;
        }
        map->by_account[map->n++] = *entry;
        return 0;
}

/* Return: 0, MAP_E_LINES (told), -ENOMEM. */
static int map_add_line(Map *map, char *line, size_t n, unsigned number, MapReportFn report,
                        void *userdata) {
        char *comment, *account, *user, *save = NULL;
        const char *fault = NULL;

        if (strlen(line) != n || !text_is_utf8(line, n)) {
                report(number, "bytes that are no text (UTF-8)", userdata);
                return MAP_E_LINES;
        }
        comment = strchr(line, '#');
        if (comment)
                *comment = '\0';

        account = strtok_r(line, " \t\r", &save);
        if (!account)
                return 0;
        user = strtok_r(NULL, " \t\r", &save);
        if (!user || strtok_r(NULL, " \t\r", &save))
                fault = "a line is ACCOUNT LOCAL-USER, divided by spaces";
        if (!fault)
                fault = account_fault(account);
        if (!fault)
                fault = user_fault(user);
        if (fault) {
                report(number, fault, userdata);
                return MAP_E_LINES;
        }
        return map_add(map, &(Entry){ .account = account, .user = user, .line = number });
}

static int map_index(Map *map, MapReportFn report, void *userdata) {
        int r = 0;

        if (map->n == 0)
                return 0;

        qsort(map->by_account, map->n, sizeof(Entry), compare_accounts);
        for (size_t i = 1; i < map->n; i++) {
                char problem[96];

                if (strcmp(map->by_account[i - 1].account, map->by_account[i].account) != 0)
                        continue;
                (void)snprintf(problem, sizeof(problem), "the account stands in line %u already",
                               map->by_account[i - 1].line);
                report(map->by_account[i].line, problem, userdata);
                r = MAP_E_LINES;
        }

        map->by_user = calloc(map->n, sizeof(Entry));
        if (!map->by_user)
                return -ENOMEM;
        memcpy(map->by_user, map->by_account, map->n * sizeof(Entry));
        qsort(map->by_user, map->n, sizeof(Entry), compare_users);
        return r;
}

int map_parse(char *text, size_t n, MapReportFn report, void *userdata, Map **ret) {
        _cleanup_(map_freep) Map *map = calloc(1, sizeof(*map));
        unsigned number = 0;
        bool is_bad = false;
        int r;

        if (!map) {
                free(text);
                return -ENOMEM;
        }
        map->text = text;

        for (size_t at = 0; at < n; number++) {
                char *line = text + at, *end = memchr(line, '\n', n - at);
                size_t n_line = end ? (size_t)(end - line) : n - at;

                line[n_line] = '\0';
                at += n_line + 1;
                r = map_add_line(map, line, n_line, number + 1, report, userdata);
                if (r < 0)
                        return r;
                is_bad |= r > 0;
        }
        r = map_index(map, report, userdata);
        if (r < 0)
                return r;
        if (r > 0 || is_bad)
                return MAP_E_LINES;

        *ret = TAKE_PTR(map);
        return 0;
}

Map *map_free(Map *map) {
        if (map) {
                free(map->text);
                free(map->by_account);
                free(map->by_user);
                free(map);
        }
        return NULL;
}

size_t map_size(const Map *map) {
        return map->n;
}

const char *map_user_at(const Map *map, size_t i) {
        return i < map->n ? map->by_user[i].user : NULL;
}

/* The first entry that is not below, in an array sorted by @compare. */
static size_t lower_bound(const Entry *entries, size_t n, const Entry *key,
                          int (*compare)(const void *, const void *)) {
        size_t low = 0, high = n;

        while (low < high) {
                size_t middle = low + (high - low) / 2;

                if (compare(&entries[middle], key) < 0)
                        low = middle + 1;
                else
                        high = middle;
        }
        return low;
}

static const char *user_of_key(const Map *map, const char *account) {
        size_t i = lower_bound(map->by_account, map->n, &(Entry){ .account = account },
                               compare_accounts);

        return i < map->n && strcmp(map->by_account[i].account, account) == 0 ?
                map->by_account[i].user :
                NULL;
}

const char *map_user_of_account(const Map *map, const char *account) {
        return key_is_unit(account) ? NULL : user_of_key(map, account);
}

const char *map_user_of_unit(const Map *map, const char *code) {
        char key[LIMIT_UNIT_CODE_BYTES + 2];
        const char *user;

        if (!unit_code_is_valid(code))
                return NULL;
        (void)snprintf(key, sizeof(key), "@%s", code);
        user = user_of_key(map, key);
        return user || !key_is_unit(code) ? user : user_of_key(map, code);
}

const char *map_account_of_user(const Map *map, const char *user, size_t *ret_n) {
        size_t first = lower_bound(map->by_user, map->n, &(Entry){ .user = user }, compare_users),
               n = 0;

        while (first + n < map->n && strcmp(map->by_user[first + n].user, user) == 0)
                n++;
        *ret_n = n;
        return n == 1 ? map->by_user[first].account : NULL;
}
