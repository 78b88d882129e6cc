/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <errno.h>
#include <string.h>

#include "backend/authority.h"
#include "backend/file.h"

static const char *path_of(const AuthorityFiles *files, size_t i) {
        return i == 0 ? files->roots : files->lists[i - 1];
}

static bool is_same(const struct stat *a, const struct stat *b) {
        return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size &&
               a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec &&
               a->st_ctim.tv_sec == b->st_ctim.tv_sec && a->st_ctim.tv_nsec == b->st_ctim.tv_nsec;
}

static int read_all(const AuthorityFiles *files, Authorities **ret) {
        _cleanup_(authorities_freep) Authorities *authorities = NULL;

        for (size_t i = 0; i <= files->n_lists; i++) {
                _cleanup_(secret_freep) Secret *text = NULL;
                int r;

                r = file_read(path_of(files, i), AUTHORITY_FILE_BYTES_MAX, &text);
                if (r != 0)
                        return r < 0 ? r : -EFBIG;
                r = i == 0 ? authorities_new(secret_text(text), secret_size(text), &authorities)
                           : authorities_add_lists(authorities, secret_text(text),
                                                   secret_size(text));
                if (r < 0)
                        return r;
        }
        *ret = TAKE_PTR(authorities);
        return 0;
}

int authority_get(const AuthorityFiles *files, AuthorityCache *cache, Authorities **ret) {
        struct stat now[1 + AUTHORITY_LISTS_MAX] = {};
        bool same = cache->authorities != NULL;
        int r;

        for (size_t i = 0; i <= files->n_lists; i++) {
                r = stat(path_of(files, i), &now[i]) < 0 ? -errno : 0;
                if (r < 0) {
                        authority_cache_done(cache);
                        return r;
                }
                same = same && is_same(&now[i], &cache->read[i]);
        }
        if (!same) {
                /* looked at before it is read, so that what comes between is seen the next time */
                authority_cache_done(cache);
                r = read_all(files, &cache->authorities);
                if (r < 0)
                        return r;
                memcpy(cache->read, now, sizeof(now));
        }
        *ret = cache->authorities;
        return 0;
}

void authority_cache_done(AuthorityCache *cache) {
        cache->authorities = authorities_free(cache->authorities);
}
