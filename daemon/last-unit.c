/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Last unit: "ACCOUNT UNIT-CODE", one a line, behind a line that says what file it is; the account that
 * came last stands first. The whole is written beside the file and put in its place. */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "daemon/last-unit.h"
#include "daemon/log.h"
#include "daemon/trusted.h"
#include "lib/common/identity.h"
#include "lib/common/limits.h"
#include "lib/common/text.h"

#define FIRST_LINE "itaxd last units 1\n"
#define FILE_BYTES_MAX \
        (sizeof(FIRST_LINE) + LAST_UNIT_MAX * (LIMIT_ACCOUNT_BYTES + LIMIT_UNIT_CODE_BYTES + 2))

typedef struct Entry {
        char account[LIMIT_ACCOUNT_BYTES + 1];
        char unit[LIMIT_UNIT_CODE_BYTES + 1];
} Entry;

struct LastUnits {
        char *path;
        Entry *entries; /* room for LAST_UNIT_MAX; the account that came last first */
        size_t n;
        bool has_failed; /* and that was told */
};

static bool account_fits(const char *account) {
        return *account && strlen(account) <= LIMIT_ACCOUNT_BYTES && !strpbrk(account, " \t\n") &&
                text_is_showable(account);
}

static size_t find(const LastUnits *units, const char *account) {
        size_t i = 0;

        while (i < units->n && strcmp(units->entries[i].account, account) != 0)
                i++;
        return i;
}

/* Return: true when the line was one. */
static bool take_line(LastUnits *units, char *line) {
        char *unit = strchr(line, ' ');

        if (!unit || units->n == LAST_UNIT_MAX)
                return false;
        *unit++ = '\0';
        if (!account_fits(line) || strlen(unit) > LIMIT_UNIT_CODE_BYTES ||
            !unit_code_is_valid(unit) || find(units, line) < units->n)
                return false;

        memcpy(units->entries[units->n].account, line, strlen(line) + 1);
        memcpy(units->entries[units->n].unit, unit, strlen(unit) + 1);
        units->n++;
        return true;
}

static bool take_text(LastUnits *units, char *text, size_t n) {
        char *save = NULL;

        if (strlen(text) != n || strncmp(text, FIRST_LINE, strlen(FIRST_LINE)) != 0 ||
            text[n - 1] != '\n')
                return false;
        for (char *line = strtok_r(text + strlen(FIRST_LINE), "\n", &save); line;
             line = strtok_r(NULL, "\n", &save))
                if (!take_line(units, line))
                        return false;
        return true;
}

static void read_back(LastUnits *units) {
        _cleanup_(freep) char *text = NULL;
        size_t n;
        int r;

        r = trusted_read(units->path, FILE_BYTES_MAX, &text, &n);
        if (r == -ENOENT)
                return;
        if (r != 0)
                log_record(LOG_WARNING, 0, "%s %s: no unit is remembered", units->path,
                           trusted_error_to_string(r));
        else if (!take_text(units, text, n)) {
                units->n = 0;
                log_record(LOG_WARNING, 0, "%s is damaged: no unit is remembered", units->path);
        }
}

int last_units_new(const char *path, LastUnits **ret) {
        _cleanup_(last_units_freep) LastUnits *units = calloc(1, sizeof(*units));

        if (!units)
                return -ENOMEM;
        units->entries = calloc(LAST_UNIT_MAX, sizeof(*units->entries));
        if (!units->entries)
                return -ENOMEM;
        if (path) {
                units->path = strdup(path);
                if (!units->path)
                        return -ENOMEM;
                read_back(units);
        }
        *ret = TAKE_PTR(units);
        return 0;
}

LastUnits *last_units_free(LastUnits *units) {
        if (units) {
                free(units->entries);
                free(units->path);
                free(units);
        }
        return NULL;
}

const char *last_units_get(const LastUnits *units, const char *account) {
        size_t i = find(units, account);

        return i < units->n ? units->entries[i].unit : NULL;
}

/* Return: 0 or a negative errno. */
static int write_all(const LastUnits *units) {
        _cleanup_(freep) char *path = NULL;
        FILE *f;
        int fd, r = 0;

        if (asprintf(&path, "%s.new", units->path) < 0) {
                path = NULL;
                return -ENOMEM;
        }
        (void)unlink(path);
        fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
        if (fd < 0)
                return -errno;
        f = fdopen(fd, "w");
        if (!f) {
                r = -errno;
                (void)close(fd);
        } else {
                (void)fputs(FIRST_LINE, f);
                for (size_t i = 0; i < units->n; i++)
                        (void)fprintf(f, "%s %s\n", units->entries[i].account,
                                      units->entries[i].unit);
                /* Both are asked: what the one has seen the other may not tell. */
                r = ferror(f) ? -EIO : 0;
                if (fclose(f) != 0 && r == 0)
                        r = -errno;
        }
        if (r == 0 && rename(path, units->path) < 0)
                r = -errno;
        if (r < 0)
                (void)unlink(path);
        return r;
}

void last_units_set(LastUnits *units, const char *account, const char *unit) {
        size_t i = find(units, account);
        Entry entry = {};
        bool is_news;
        int r;

        if (!account_fits(account) || strlen(unit) > LIMIT_UNIT_CODE_BYTES ||
            !unit_code_is_valid(unit))
                return;
        is_news = i == units->n || strcmp(units->entries[i].unit, unit) != 0;
        memcpy(entry.account, account, strlen(account) + 1);
        memcpy(entry.unit, unit, strlen(unit) + 1);

        if (i == units->n) {
                if (units->n < LAST_UNIT_MAX)
                        units->n++;
                i = units->n - 1;
        }
        memmove(&units->entries[1], &units->entries[0], i * sizeof(Entry));
        units->entries[0] = entry;
        if (!is_news || !units->path)
                return;

        r = write_all(units);
        if (r < 0 && !units->has_failed)
                log_record(LOG_WARNING, 0, "%s cannot be written: %s", units->path,
                           strerrordesc_np(-r));
        units->has_failed = r < 0;
}
