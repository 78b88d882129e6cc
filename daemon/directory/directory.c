/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Directory: the map in use, and the question whether its file is still the one it was read from. A
 * changed file that cannot be used leaves the old map standing: an administrator's slip must not lock
 * an office out; it is logged each time the file changes, not at each login. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "daemon/directory/directory.h"
#include "daemon/directory/map.h"
#include "daemon/directory/nss.h"
#include "daemon/log.h"
#include "daemon/trusted.h"

struct Directory {
        char *path;
        Map *map;
        struct stat seen; /* of the file as it was last looked at, good or bad */
        Nss *nss;
};

static bool stat_is_same(const struct stat *a, const struct stat *b) {
        return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size &&
               a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec &&
               a->st_ctim.tv_sec == b->st_ctim.tv_sec && a->st_ctim.tv_nsec == b->st_ctim.tv_nsec;
}

static int directory_read(Directory *directory) {
        _cleanup_(freep) char *text = NULL;
        Map *map = NULL;
        size_t n = 0;
        int r;

        r = trusted_read(directory->path, MAP_FILE_BYTES, &text, &n);
        if (r != 0) {
                log_record(LOG_ERR, 0, "%s: %s", directory->path, trusted_error_to_string(r));
                return r > 0 ? -EPERM : r;
        }

        r = map_parse(directory->path, text, n, &map);
        if (r < 0)
                return r;

        map_free(directory->map);
        directory->map = map;
        return 0;
}

static void directory_refresh(Directory *directory) {
        struct stat now = {};

        if (stat(directory->path, &now) < 0)
                now = (struct stat){};
        if (stat_is_same(&now, &directory->seen))
                return;

        directory->seen = now;
        if (directory_read(directory) < 0)
                log_record(LOG_ERR, 0, "%s: not used; the users as they were before stay in force",
                           directory->path);
        else
                log_record(LOG_INFO, 0, "%s: read again", directory->path);
}

int directory_new(sd_event *event, const char *map_path, Directory **ret) {
        _cleanup_(directory_freep) Directory *directory = NULL;
        int r;

        directory = calloc(1, sizeof(*directory));
        if (!directory)
                return -ENOMEM;

        directory->path = strdup(map_path);
        if (!directory->path)
                return -ENOMEM;

        /* Looked at before it is read: a change in between is seen at the next question. */
        (void)stat(map_path, &directory->seen);
        r = directory_read(directory);
        if (r < 0)
                return r;

        r = nss_new(event, &directory->nss);
        if (r < 0)
                return r;

        *ret = TAKE_PTR(directory);
        return 0;
}

Directory *directory_free(Directory *directory) {
        if (directory) {
                nss_free(directory->nss);
                map_free(directory->map);
                free(directory->path);
                free(directory);
        }
        return NULL;
}

const char *directory_user_of_account(Directory *directory, const char *account) {
        directory_refresh(directory);
        return map_user_of(directory->map, account);
}

const char *directory_account_of_user(Directory *directory, const char *user, size_t *ret_n) {
        directory_refresh(directory);
        return map_account_of(directory->map, user, ret_n);
}

int directory_find_name(Directory *directory, const char *name, DirectoryFn fn, void *userdata,
                        DirectoryLookup **ret) {
        return nss_find(directory->nss, name, 0, fn, userdata, ret);
}

int directory_find_uid(Directory *directory, uid_t uid, DirectoryFn fn, void *userdata, DirectoryLookup **ret) {
        return nss_find(directory->nss, NULL, uid, fn, userdata, ret);
}
