/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* By VACUUM INTO: one read transaction, which in WAL mode stops no writer. */

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "backend/store-backup.h"
#include "backend/store.h"

static sqlite3 *handle_close(sqlite3 *handle) {
        (void)sqlite3_close(handle);
        return NULL;
}
DEFINE_CLEANUP(sqlite3, handle_close)

static int error_from_code(int code) {
        switch (code & 0xff) {
        case SQLITE_OK:
        case SQLITE_DONE:
        case SQLITE_ROW:
                return 0;
        case SQLITE_BUSY:
                return -EBUSY;
        case SQLITE_NOMEM:
                return -ENOMEM;
        case SQLITE_FULL:
                return -ENOSPC;
        case SQLITE_CANTOPEN:
                return -ENOENT;
        case SQLITE_CORRUPT:
        case SQLITE_NOTADB:
                return STORE_BACKUP_E_DAMAGED;
        default: /* SQLite's own set, open by its documentation */
                return -EIO;
        }
}

static int handle_open(const char *path, sqlite3 **ret) {
        _cleanup_(handle_closep) sqlite3 *handle = NULL;
        int r;

        r = error_from_code(sqlite3_open_v2(
                path, &handle, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_NOFOLLOW,
                NULL));
        if (r != 0)
                return r;
        (void)sqlite3_busy_timeout(handle, STORE_BUSY_MSEC);
        *ret = handle;
        handle = NULL;
        return 0;
}

static int copy(const char *from, const char *to) {
        _cleanup_(handle_closep) sqlite3 *handle = NULL;
        sqlite3_stmt *statement = NULL;
        int r;

        r = handle_open(from, &handle);
        if (r != 0)
                return r;
        r = error_from_code(
                sqlite3_prepare_v2(handle, "VACUUM INTO $1", -1, &statement, NULL));
        if (r == 0)
                r = error_from_code(sqlite3_bind_text(statement, 1, to, -1, SQLITE_STATIC));
        if (r == 0)
                r = error_from_code(sqlite3_step(statement));
        (void)sqlite3_finalize(statement);
        return r;
}

static int check_answer(sqlite3 *handle, const char *sql, bool (*good)(sqlite3_stmt *, int)) {
        sqlite3_stmt *statement = NULL;
        int code;

        code = sqlite3_prepare_v2(handle, sql, -1, &statement, NULL);
        if (code == SQLITE_OK) {
                code = sqlite3_step(statement);
                if ((code == SQLITE_ROW || code == SQLITE_DONE) && !good(statement, code))
                        code = SQLITE_CORRUPT;
        }
        (void)sqlite3_finalize(statement);
        return error_from_code(code);
}

static bool is_ok(sqlite3_stmt *statement, int code) {
        const unsigned char *text = code == SQLITE_ROW ? sqlite3_column_text(statement, 0) : NULL;

        return text && strcmp((const char *)text, "ok") == 0;
}

static bool is_nothing(sqlite3_stmt *statement _unused_, int code) {
        return code == SQLITE_DONE;
}

/* A store has tables; an empty file is a good database too. */
static bool is_store(sqlite3_stmt *statement, int code) {
        return code == SQLITE_ROW && sqlite3_column_int(statement, 0) > 0;
}

static int check(const char *path) {
        _cleanup_(handle_closep) sqlite3 *handle = NULL;
        int r;

        r = handle_open(path, &handle);
        if (r == 0)
                r = check_answer(handle, "PRAGMA integrity_check(1)", is_ok);
        if (r == 0)
                r = check_answer(handle, "PRAGMA foreign_key_check", is_nothing);
        if (r == 0)
                r = check_answer(handle, "PRAGMA user_version", is_store);
        return r;
}

static int folder_sync(const char *path) {
        _cleanup_(freep) char *copied = strdup(path);
        _cleanup_(closep) int fd = -1;

        if (!copied)
                return -ENOMEM;
        fd = open(dirname(copied), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        return fd < 0 || fsync(fd) < 0 ? -errno : 0;
}

int store_backup(const char *from, const char *to, int64_t *ret_bytes) {
        char new[PATH_MAX];
        _cleanup_(closep) int fd = -1;
        struct stat st;
        int r;

        if (from[0] != '/' && (strstr(from, "://") || strcmp(from, ":memory:") == 0))
                return STORE_BACKUP_E_KIND;
        if ((size_t)snprintf(new, sizeof(new), "%s.new", to) >= sizeof(new))
                return -ENAMETOOLONG;
        if (lstat(to, &st) == 0)
                return STORE_BACKUP_E_EXISTS;

        /* made here, so that it is closed to others from the first moment; SQLite takes an empty
         * file */
        fd = open(new, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
        if (fd < 0)
                return errno == EEXIST ? STORE_BACKUP_E_EXISTS : -errno;

        r = copy(from, new);
        if (r == 0)
                r = check(new);
        if (r == 0 && (fsync(fd) < 0 || fstat(fd, &st) < 0))
                r = -errno;
        /* a name that appeared meanwhile is somebody else's */
        if (r == 0 && renameat2(AT_FDCWD, new, AT_FDCWD, to, RENAME_NOREPLACE) < 0)
                r = errno == EEXIST ? STORE_BACKUP_E_EXISTS : -errno;
        if (r != 0) {
                (void)unlink(new);
                return r;
        }
        r = folder_sync(to);
        if (r == 0)
                *ret_bytes = st.st_size;
        return r;
}
