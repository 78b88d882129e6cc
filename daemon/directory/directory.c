/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Directory: the map as it was last good, and look-ups by way of the worker threads */

#include <errno.h>
#include <pwd.h>
#include <string.h>
#include <sys/stat.h>

#include "daemon/directory/directory.h"
#include "daemon/directory/map.h"
#include "daemon/directory/worker.h"
#include "daemon/log.h"
#include "daemon/trusted.h"

#define PASSWD_BYTES_MAX (1024U * 1024U)

/* What tells one state of the file from another. */
typedef struct Stamp {
        dev_t dev;
        ino_t ino;
        off_t size;
        struct timespec mtime, ctime;
} Stamp;

struct Directory {
        char *path;
        Stamp stamp; /* of what was last read, be it good or bad */
        Map *map;
        Worker *worker;
};

struct DirectoryLookup {
        WorkerJob *job;
        DirectoryFn fn;
        void *userdata;
};

/* What the thread is given and gives back. */
typedef struct Question {
        bool by_name;
        int error;
        DirectoryUser user; /* .name or .uid is asked for */
} Question;

static void on_map_problem(unsigned line, const char *problem, void *userdata) {
        const Directory *directory = userdata;

        log_record(LOG_ERR, 0, "%s:%u: %s", directory->path, line, problem);
}

static void stamp_take(const char *path, Stamp *ret) {
        struct stat st = {};

        *ret = (Stamp){};
        if (stat(path, &st) == 0)
                *ret = (Stamp){ st.st_dev, st.st_ino, st.st_size, st.st_mtim, st.st_ctim };
}

static bool stamp_equal(const Stamp *a, const Stamp *b) {
        return a->dev == b->dev && a->ino == b->ino && a->size == b->size &&
                a->mtime.tv_sec == b->mtime.tv_sec && a->mtime.tv_nsec == b->mtime.tv_nsec &&
                a->ctime.tv_sec == b->ctime.tv_sec && a->ctime.tv_nsec == b->ctime.tv_nsec;
}

static int directory_read(Directory *directory) {
        char *text = NULL;
        Map *map = NULL;
        size_t n;
        int r;

        /* Taken before reading: a change in between is then seen at the next look. */
        stamp_take(directory->path, &directory->stamp);

        r = trusted_read(directory->path, MAP_BYTES_MAX, &text, &n);
        if (r != 0) {
                log_record(LOG_ERR, 0, "%s: %s", directory->path, trusted_error_to_string(r));
                return r < 0 ? r : -EPERM;
        }
        r = map_parse(text, n, on_map_problem, directory, &map);
        if (r != 0)
                return r < 0 ? r : -EBADMSG;

        directory->map = map_free(directory->map);
        directory->map = map;
        return 0;
}

static void directory_refresh(Directory *directory) {
        Stamp stamp;

        stamp_take(directory->path, &stamp);
        if (stamp_equal(&stamp, &directory->stamp))
                return;

        if (directory_read(directory) < 0)
                log_record(LOG_ERR, 0,
                           "%s was changed and cannot be used; what it said before stays",
                           directory->path);
        else
                log_record(LOG_INFO, 0, "%s was read again: %zu accounts", directory->path,
                           map_size(directory->map));
}

int directory_new(sd_event *event, const char *map_path, Directory **ret) {
        _cleanup_(directory_freep) Directory *directory = calloc(1, sizeof(*directory));
        int r;

        if (!directory)
                return -ENOMEM;
        directory->path = strdup(map_path);
        if (!directory->path)
                return -ENOMEM;
        r = directory_read(directory);
        if (r < 0)
                return r;
        r = worker_new(event, &directory->worker);
        if (r < 0)
                return r;

        *ret = TAKE_PTR(directory);
        return 0;
}

Directory *directory_free(Directory *directory) {
        if (directory) {
                directory->worker = worker_free(directory->worker);
                directory->map = map_free(directory->map);
                free(directory->path);
                free(directory);
        }
        return NULL;
}

const char *directory_user_of_account(Directory *directory, const char *account) {
        directory_refresh(directory);
        return map_user_of_account(directory->map, account);
}

const char *directory_account_of_user(Directory *directory, const char *user, size_t *ret_n) {
        directory_refresh(directory);
        return map_account_of_user(directory->map, user, ret_n);
}

/* On a thread. */
static void question_run(void *data) {
        _cleanup_(freep) char *buffer = NULL;
        Question *question = data;
        struct passwd entry, *found = NULL;
        size_t n = 4096;
        int r;

        do {
                char *more = realloc(buffer, n);

                if (!more) {
                        question->error = -ENOMEM;
                        return;
                }
                buffer = more;
                r = question->by_name ? getpwnam_r(question->user.name, &entry, buffer, n, &found) :
                                        getpwuid_r(question->user.uid, &entry, buffer, n, &found);
                n *= 2;
        } while (r == EINTR || (r == ERANGE && n <= PASSWD_BYTES_MAX));

        if (found && strlen(found->pw_name) <= LIMIT_USER_BYTES) {
                question->user.exists = true;
                question->user.uid = found->pw_uid;
                memcpy(question->user.name, found->pw_name, strlen(found->pw_name) + 1);
                return;
        }
        question->user = (DirectoryUser){};
        /* What glibc and its modules say for "no such user"; any other error tells nothing about
         * the user. */
        question->error = found                     ? -EIO :
                r == 0 || r == ENOENT || r == ESRCH ? 0 :
                r == ENOMEM                         ? -ENOMEM :
                                                      -EIO;
}

static void on_answer(WorkerJob *job, int error, void *data, void *userdata) {
        DirectoryLookup *lookup = userdata;
        Question *question = data;

        (void)job;
        if (error == 0)
                error = question->error;
        lookup->fn(lookup, error, error ? NULL : &question->user, lookup->userdata);
}

static int lookup_start(Directory *directory, const Question *question, DirectoryFn fn,
                        void *userdata, DirectoryLookup **ret) {
        _cleanup_(directory_lookup_freep) DirectoryLookup *lookup = calloc(1, sizeof(*lookup));
        int r;

        if (!lookup)
                return -ENOMEM;
        lookup->fn = fn;
        lookup->userdata = userdata;
        r = worker_start(directory->worker, question_run, question, sizeof(*question),
                         DIRECTORY_WAIT_USEC, on_answer, lookup, &lookup->job);
        if (r < 0)
                return r;

        *ret = TAKE_PTR(lookup);
        return 0;
}

int directory_find_name(Directory *directory, const char *name, DirectoryFn fn, void *userdata,
                        DirectoryLookup **ret) {
        Question question = { .by_name = true };

        if (strlen(name) > LIMIT_USER_BYTES)
                return -EINVAL;
        memcpy(question.user.name, name, strlen(name) + 1);
        return lookup_start(directory, &question, fn, userdata, ret);
}

int directory_find_uid(Directory *directory, uid_t uid, DirectoryFn fn, void *userdata,
                       DirectoryLookup **ret) {
        return lookup_start(directory, &(Question){ .user.uid = uid }, fn, userdata, ret);
}

DirectoryLookup *directory_lookup_free(DirectoryLookup *lookup) {
        if (lookup) {
                lookup->job = worker_job_free(lookup->job);
                free(lookup);
        }
        return NULL;
}
