/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Directory: the map as it was last good, and look-ups by way of the worker threads */

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <string.h>
#include <sys/stat.h>

#include "daemon/directory/directory.h"
#include "daemon/directory/map.h"
#include "daemon/directory/worker.h"
#include "daemon/log.h"
#include "daemon/trusted.h"
#include "lib/common/identity.h"

#define PASSWD_BYTES_MAX (1024U * 1024U)
#define UID_NOBODY 65534U
#define CANDIDATES 16U

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
        DirectoryAccounts accounts;
        Provision *provision; /* NULL unless ACCOUNTS_PROVISION */
        Worker *worker;
};

struct DirectoryLookup {
        WorkerJob *job;
        DirectoryFn fn;
        void *userdata;
        /* directory_adopt() */
        Directory *directory;
        char *account, *subject;
};

/* What the thread is given and gives back. */
typedef struct Question {
        bool by_name;
        int error;
        DirectoryUser user; /* .name or .uid is asked for */
        /* If there is no such user: the first of these that is nobody's user and nobody's group. */
        uid_t candidates[CANDIDATES];
        size_t n_candidates;
        bool has_group; /* there is a group of that name */
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
                directory->provision = provision_free(directory->provision);
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

const char *directory_user_of_unit(Directory *directory, const char *code) {
        directory_refresh(directory);
        return map_user_of_unit(directory->map, code);
}

const char *directory_account_of_user(Directory *directory, const char *user, size_t *ret_n) {
        const char *account;

        directory_refresh(directory);
        account = map_account_of_user(directory->map, user, ret_n);
        if (account && account[0] == '@')
                account++;
        if (*ret_n > 0 || !directory->provision || map_user_of_account(directory->map, user))
                return account;

        /* Who was made has the name of the account. */
        account = provision_account(directory->provision, user);
        *ret_n = account != NULL;
        return account;
}

int directory_set_accounts(Directory *directory, DirectoryAccounts accounts,
                           const ProvisionConfig *provision) {
        int r;

        if (accounts == ACCOUNTS_PROVISION) {
                r = provision_new(provision, &directory->provision);
                if (r < 0)
                        return r;
        }
        directory->accounts = accounts;
        return 0;
}

/* Could an account of this name have a local user that does not stand in the map? */
static bool account_is_free(const Directory *directory, const char *account) {
        return directory->accounts != ACCOUNTS_TABLE && login_name_is_valid(account) &&
                !map_user_of_account(directory->map, account);
}

const char *directory_account_for(Directory *directory, const char *user,
                                  const DirectoryUser *found, size_t *ret_n) {
        const char *account = directory_account_of_user(directory, user, ret_n);
        bool is_ours = false;

        if (*ret_n > 0 || !found || !account_is_free(directory, user))
                return account;

        if (directory->accounts == ACCOUNTS_NAME)
                is_ours = found->exists && strcmp(found->name, user) == 0 &&
                        found->uid >= DIRECTORY_UID_LOWEST && found->uid != UID_NOBODY;
        else
                is_ours = !found->exists;
        *ret_n = is_ours;
        return is_ours ? user : NULL;
}

/* One look-up that needs a buffer of unknown size. Return: 0 found or not, else an errno. */
typedef int (*LookFn)(Question *question, char *buffer, size_t n, bool *ret_found);

static int look_user(Question *question, char *buffer, size_t n, bool *ret_found) {
        struct passwd entry, *found = NULL;
        int r;

        r = question->by_name ? getpwnam_r(question->user.name, &entry, buffer, n, &found) :
                                getpwuid_r(question->user.uid, &entry, buffer, n, &found);
        *ret_found = found;
        if (!found)
                return r;
        if (strlen(found->pw_name) > LIMIT_USER_BYTES)
                return EIO;
        question->user.exists = true;
        question->user.uid = found->pw_uid;
        memcpy(question->user.name, found->pw_name, strlen(found->pw_name) + 1);
        return 0;
}

static int look_group_name(Question *question, char *buffer, size_t n, bool *ret_found) {
        struct group entry, *found = NULL;
        int r = getgrnam_r(question->user.name, &entry, buffer, n, &found);

        *ret_found = found;
        return r;
}

/* Is the first candidate somebody's? */
static int look_candidate(Question *question, char *buffer, size_t n, bool *ret_found) {
        struct passwd entry, *found = NULL;
        struct group group, *found_group = NULL;
        int r;

        r = getpwuid_r(question->candidates[0], &entry, buffer, n, &found);
        if (!found && (r == 0 || r == ENOENT || r == ESRCH))
                r = getgrgid_r(question->candidates[0], &group, buffer, n, &found_group);
        *ret_found = found || found_group;
        return r;
}

/* Return: 0, or a negative errno when nothing could be found out. */
static int look(LookFn fn, Question *question, bool *ret_found) {
        _cleanup_(freep) char *buffer = NULL;
        size_t n = 4096;
        int r;

        *ret_found = false;
        do {
                char *more = realloc(buffer, n);

                if (!more)
                        return -ENOMEM;
                buffer = more;
                r = fn(question, buffer, n, ret_found);
                n *= 2;
        } while (r == EINTR || (r == ERANGE && n <= PASSWD_BYTES_MAX));

        /* What glibc and its modules say for "no such user"; any other error tells nothing about
         * the user. */
        return r == 0 || (!*ret_found && (r == ENOENT || r == ESRCH)) ? 0 :
                r == ENOMEM                                           ? -ENOMEM :
                                                                        -EIO;
}

/* On a thread. */
static void question_run(void *data) {
        Question *question = data;
        bool found = false;

        question->error = look(look_user, question, &found);
        if (question->error < 0 || !found)
                question->user.exists = false;
        if (question->error < 0 || found || question->n_candidates == 0) {
                if (!question->user.exists)
                        question->user = (DirectoryUser){};
                return;
        }

        question->error = look(look_group_name, question, &question->has_group);
        for (found = true; question->error == 0 && question->n_candidates > 0;) {
                question->error = look(look_candidate, question, &found);
                if (!found)
                        break;
                memmove(question->candidates, question->candidates + 1,
                        --question->n_candidates * sizeof(uid_t));
        }
        question->user = (DirectoryUser){};
}

static int collision(const DirectoryLookup *lookup, const char *why) {
        log_record(LOG_ERR, 0, "account %s gets no local user: %s", lookup->account, why);
        return -EEXIST;
}

/* ACCOUNTS_NAME: the user of that name, if it is an ordinary one that the map gives to nobody. */
static int adopt_by_name(const DirectoryLookup *lookup, DirectoryUser *user) {
        size_t n;

        if (!user->exists)
                return 0;
        (void)map_account_of_user(lookup->directory->map, user->name, &n);
        if (n > 0)
                return collision(lookup, "the map gives the user of that name to another account");
        if (strcmp(user->name, lookup->account) != 0 || user->uid < DIRECTORY_UID_LOWEST ||
            user->uid == UID_NOBODY)
                return collision(lookup,
                                 "the user of that name is the system's own; it would need a line in the map");
        return 0;
}

/* ACCOUNTS_PROVISION: the user that was made for the account, made now if it was not. */
static int adopt_by_provision(const DirectoryLookup *lookup, const Question *question,
                              DirectoryUser *user) {
        Provision *provision = lookup->directory->provision;
        uid_t uid = 0;
        int r;

        r = provision_uid(provision, lookup->account, lookup->subject, &uid);
        if (r == PROVISION_E_SUBJECT)
                return collision(lookup, "its local user was made for another person of that login name");
        if (r > 0) {
                if (user->exists || question->has_group)
                        return collision(lookup, "a user or group of that name is there already");
                if (question->n_candidates == 0)
                        return collision(lookup, "no number is free in the range of [provision]");
                uid = question->candidates[0];
                r = provision_add(provision, lookup->account, lookup->subject, uid);
                if (r > 0)
                        return collision(lookup, "no number or no room is left, or its name is not fit");
                if (r < 0)
                        return r;
                log_record(LOG_NOTICE, 0, "account %s has the new local user %s, uid %lu",
                           lookup->account, lookup->account, (unsigned long)uid);
        } else if (user->exists && user->uid != uid)
                return collision(lookup, "another source of users has one of that name");
        else if (!user->exists) {
                r = provision_renew(provision, lookup->account);
                if (r < 0)
                        return r;
        }

        *user = (DirectoryUser){ .exists = true, .uid = uid };
        memcpy(user->name, lookup->account, strlen(lookup->account) + 1);
        return 0;
}

static void on_answer(WorkerJob *job, int error, void *data, void *userdata) {
        DirectoryLookup *lookup = userdata;
        Question *question = data;

        (void)job;
        if (error == 0)
                error = question->error;
        if (error == 0 && lookup->account)
                error = lookup->directory->accounts == ACCOUNTS_PROVISION
                                ? adopt_by_provision(lookup, question, &question->user)
                                : adopt_by_name(lookup, &question->user);
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

int directory_adopt(Directory *directory, const char *account, const char *subject, DirectoryFn fn,
                    void *userdata, DirectoryLookup **ret) {
        _cleanup_(directory_lookup_freep) DirectoryLookup *lookup = NULL;
        Question question = { .by_name = true };
        int r;

        directory_refresh(directory);
        if (!account_is_free(directory, account))
                return -ENOENT;
        memcpy(question.user.name, account, strlen(account) + 1);
        if (directory->provision)
                question.n_candidates = provision_candidates(directory->provision, account,
                                                             question.candidates, CANDIDATES);

        r = lookup_start(directory, &question, fn, userdata, &lookup);
        if (r < 0)
                return r;
        lookup->directory = directory;
        lookup->account = strdup(account);
        lookup->subject = strdup(subject);
        if (!lookup->account || !lookup->subject)
                return -ENOMEM;

        *ret = TAKE_PTR(lookup);
        return 0;
}

DirectoryLookup *directory_lookup_free(DirectoryLookup *lookup) {
        if (lookup) {
                lookup->job = worker_job_free(lookup->job);
                free(lookup->account);
                free(lookup->subject);
                free(lookup);
        }
        return NULL;
}
