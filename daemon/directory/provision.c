/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Provision: the list is short lines "ACCOUNT UID SUBJECT", written anew and renamed at each change */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/directory/provision.h"
#include "daemon/directory/records.h"
#include "daemon/log.h"
#include "daemon/trusted.h"
#include "lib/common/identity.h"
#include "lib/common/limits.h"

#define LIST_BYTES_MAX (PROVISION_USERS_MAX * 256U)

typedef struct User {
        char *account, *subject;
        uid_t uid;
} User;

struct Provision {
        uid_t uid_min, uid_max;
        char *home, *shell, *state, *records;
        User *users;
        size_t n, n_room;
};

bool provision_range_is_fit(uid_t uid_min, uid_t uid_max) {
        /* 60001 to 60577 are systemd-homed's and the desktop's, 61184 to 65519 dynamic users, then nobody
         * and -1 of 16 bits. */
        bool below = uid_max < 60001, above = uid_min > 65535;

        return uid_min >= PROVISION_UID_LOWEST && uid_min <= uid_max &&
               uid_max <= PROVISION_UID_HIGHEST && (below || above);
}

static const User *user_find(const Provision *provision, const char *account) {
        for (size_t i = 0; i < provision->n; i++)
                if (strcmp(provision->users[i].account, account) == 0)
                        return &provision->users[i];
        return NULL;
}

static bool uid_is_taken(const Provision *provision, uid_t uid) {
        for (size_t i = 0; i < provision->n; i++)
                if (provision->users[i].uid == uid)
                        return true;
        return false;
}

static void user_done(User *user) {
        free(user->account);
        free(user->subject);
        *user = (User){};
}

static int users_append(Provision *provision, const char *account, const char *subject,
                        uid_t uid) {
        User user = { .uid = uid };

        if (provision->n == provision->n_room) {
                size_t n_room = provision->n_room ? 2 * provision->n_room : 16;
                User *more = reallocarray(provision->users, n_room, sizeof(*more));

                if (!more)
                        return -ENOMEM;
                provision->users = more;
                provision->n_room = n_room;
        }

        user.account = strdup(account);
        user.subject = strdup(subject);
        if (!user.account || !user.subject) {
                user_done(&user);
                return -ENOMEM;
        }
        provision->users[provision->n++] = user;
        return 0;
}

static int record_write(const Provision *provision, const char *account, uid_t uid) {
        return records_write(provision->records, &(Record){
                                                         .name = account,
                                                         .uid = uid,
                                                         .home = provision->home,
                                                         .shell = provision->shell,
                                                 });
}

static bool subject_is_fit(const char *subject) {
        size_t n = strlen(subject);

        for (size_t i = 0; i < n; i++)
                if (subject[i] <= ' ' || subject[i] > '~')
                        return false;
        return n > 0 && n <= LIMIT_SUBJECT_BYTES;
}

/* Return: 0, -EBADMSG, -ENOMEM. */
static int line_read(Provision *provision, char *line) {
        char *save = NULL, *end = NULL;
        const char *account = strtok_r(line, " ", &save), *number = strtok_r(NULL, " ", &save),
                   *subject = strtok_r(NULL, " ", &save), *more = strtok_r(NULL, " ", &save);
        unsigned long uid;

        if (!account || !number || !subject || more)
                return -EBADMSG;
        errno = 0;
        uid = strtoul(number, &end, 10);
        if (errno || *end || number[0] < '1' || number[0] > '9' || uid > PROVISION_UID_HIGHEST ||
            uid < PROVISION_UID_LOWEST)
                return -EBADMSG;
        if (!login_name_is_valid(account) || !subject_is_fit(subject) ||
            user_find(provision, account) || uid_is_taken(provision, (uid_t)uid))
                return -EBADMSG;
        return users_append(provision, account, subject, (uid_t)uid);
}

static int list_read(Provision *provision) {
        _cleanup_(freep) char *text = NULL;
        char *rest, *line;
        size_t n;
        unsigned number = 0;
        int r;

        r = trusted_read(provision->state, LIST_BYTES_MAX, &text, &n);
        if (r == -ENOENT)
                return 0;
        if (r != 0) {
                log_record(LOG_ERR, 0, "%s: %s", provision->state, trusted_error_to_string(r));
                return r < 0 ? r : -EPERM;
        }

        /* The last line ends like all others: a list that was cut is no list. */
        r = strlen(text) != n || (n > 0 && text[n - 1] != '\n') ? -EBADMSG : 0;
        rest = text;
        while (r == 0 && (line = strsep(&rest, "\n")) && rest) {
                number++;
                r = line_read(provision, line);
        }
        if (r == -EBADMSG)
                log_record(LOG_ERR, 0,
                           "%s:%u: not a line ACCOUNT UID SUBJECT as itaxd writes it, or one that stands "
                           "there twice; put back a sound copy, nobody gets a new user until then",
                           provision->state, number);
        return r;
}

static int list_write(const Provision *provision) {
        _cleanup_(freep) char *fresh = NULL, *text = NULL;
        _cleanup_(closep) int fd = -1;
        size_t n_text = 0;
        FILE *stream;
        int r = 0;

        if (asprintf(&fresh, "%s.new", provision->state) < 0) {
                fresh = NULL;
                return -ENOMEM;
        }
        stream = open_memstream(&text, &n_text);
        if (!stream)
                return -ENOMEM;
        for (size_t i = 0; i < provision->n; i++)
                if (fprintf(stream, "%s %lu %s\n", provision->users[i].account,
                            (unsigned long)provision->users[i].uid, provision->users[i].subject) < 0)
                        r = -ENOMEM;
        if (fclose(stream) != 0 || r < 0)
                return -ENOMEM;

        (void)unlink(fresh);
        fd = open(fresh, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
        if (fd < 0)
                return -errno;
        for (size_t n = 0; n < n_text;) {
                ssize_t n_written = write(fd, text + n, n_text - n);

                if (n_written < 0)
                        return -errno;
                n += (size_t)n_written;
        }
        if (fsync(fd) < 0)
                return -errno;
        return rename(fresh, provision->state) < 0 ? -errno : 0;
}

static int copy_settings(Provision *provision, const ProvisionConfig *config) {
        provision->uid_min = config->uid_min;
        provision->uid_max = config->uid_max;
        provision->home = strdup(config->home);
        provision->shell = strdup(config->shell);
        provision->state = strdup(config->state);
        provision->records = strdup(config->records);
        return provision->home && provision->shell && provision->state && provision->records
                       ? 0
                       : -ENOMEM;
}

int provision_new(const ProvisionConfig *config, Provision **ret) {
        _cleanup_(provision_freep) Provision *provision = NULL;
        int r;

        if (!provision_range_is_fit(config->uid_min, config->uid_max))
                return -EINVAL;
        provision = calloc(1, sizeof(*provision));
        if (!provision)
                return -ENOMEM;
        r = copy_settings(provision, config);
        if (r < 0)
                return r;
        r = list_read(provision);
        if (r < 0)
                return r;

        for (size_t i = 0; i < provision->n; i++) {
                r = record_write(provision, provision->users[i].account, provision->users[i].uid);
                if (r < 0) {
                        log_record(LOG_ERR, 0, "%s: the record of a user cannot be written: %s",
                                   provision->records, strerrordesc_np(-r));
                        return r;
                }
        }

        *ret = TAKE_PTR(provision);
        return 0;
}

Provision *provision_free(Provision *provision) {
        if (provision) {
                for (size_t i = 0; i < provision->n; i++)
                        user_done(&provision->users[i]);
                free(provision->users);
                free(provision->home);
                free(provision->shell);
                free(provision->state);
                free(provision->records);
                free(provision);
        }
        return NULL;
}

int provision_uid(const Provision *provision, const char *account, const char *subject,
                  uid_t *ret) {
        const User *user = user_find(provision, account);

        if (!user)
                return PROVISION_E_NONE;
        if (strcmp(user->subject, subject) != 0)
                return PROVISION_E_SUBJECT;
        *ret = user->uid;
        return 0;
}

const char *provision_account(const Provision *provision, const char *name) {
        const User *user = user_find(provision, name);

        return user ? user->account : NULL;
}

int provision_renew(const Provision *provision, const char *account) {
        const User *user = user_find(provision, account);

        return user ? record_write(provision, user->account, user->uid) : -ENOENT;
}

/* Where to look first: the same for an account on every workstation, as long as there is no collision,
 * so that files on a shared disk have one owner. FNV-1a. */
static uint32_t account_hash(const char *account) {
        uint32_t hash = 2166136261U;

        for (const unsigned char *p = (const unsigned char *)account; *p; p++)
                hash = (hash ^ *p) * 16777619U;
        return hash;
}

size_t provision_candidates(const Provision *provision, const char *account, uid_t *ret, size_t n) {
        uid_t n_uids = provision->uid_max - provision->uid_min + 1;
        uid_t first = account_hash(account) % n_uids;
        size_t n_found = 0;

        for (uid_t i = 0; i < n_uids && n_found < n; i++) {
                uid_t uid = provision->uid_min + (first + i) % n_uids;

                if (!uid_is_taken(provision, uid))
                        ret[n_found++] = uid;
        }
        return n_found;
}

int provision_add(Provision *provision, const char *account, const char *subject, uid_t uid) {
        int r;

        if (!login_name_is_valid(account) || !subject_is_fit(subject))
                return PROVISION_E_NAME;
        if (provision->n >= PROVISION_USERS_MAX || uid < provision->uid_min ||
            uid > provision->uid_max || uid_is_taken(provision, uid) ||
            user_find(provision, account))
                return PROVISION_E_FULL;

        r = users_append(provision, account, subject, uid);
        if (r < 0)
                return r;
        /* First the promise, then the user: a number is never given out twice. */
        r = list_write(provision);
        if (r >= 0)
                r = record_write(provision, account, uid);
        if (r < 0) {
                user_done(&provision->users[--provision->n]);
                (void)list_write(provision);
        }
        return r;
}
