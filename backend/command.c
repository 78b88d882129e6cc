/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <errno.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "backend/clock.h"
#include "backend/command.h"
#include "backend/file.h"
#include "backend/model-audit.h"
#include "lib/common/identity.h"
#include "lib/common/password-rule.h"

#define SECRET_FILE_BYTES_MAX 4096
/* no 0 O o, 1 I l, 2 Z z, 5 S s, 8 B: it is read off a screen or told over a counter; 12 of these
 * are 66 bits */
#define PASSWORD_ALPHABET "34679ACDEFGHJKLMNPQRTUVWXYabcdefghijkmnpqrtuvwxy"
#define PASSWORD_CHARS 12

int command_refuse(const char *format, ...) {
        va_list arguments;

        fputs("itax-backend: ", stderr);
        va_start(arguments, format);
        (void)vfprintf(stderr, format, arguments);
        va_end(arguments);
        fputc('\n', stderr);
        return COMMAND_E_REFUSED;
}

/* The kernel's own note of who logged in, which follows through su and sudo; -1 when nobody did. */
static uid_t login_uid(void) {
        _cleanup_(secret_freep) Secret *text = NULL;
        char *end;
        unsigned long uid;

        if (file_read("/proc/self/loginuid", 32, &text) != 0 || secret_size(text) == 0)
                return (uid_t)-1;
        uid = strtoul(secret_text(text), &end, 10);
        return *end == '\0' || *end == '\n' ? (uid_t)uid : (uid_t)-1;
}

int command_who(char **ret) {
        uid_t uid = login_uid();
        const char *sudo = getenv("SUDO_USER");
        const struct passwd *user = NULL;
        char *who;
        int n;

        /* a command has one thread */
        if (uid != (uid_t)-1)
                user = getpwuid(uid); /* cppcheck-suppress getpwuidCalled */
        if (!user && sudo)
                user = getpwnam(sudo); /* cppcheck-suppress getpwnamCalled */
        if (!user)
                user = getpwuid(getuid()); /* cppcheck-suppress getpwuidCalled */

        if (user)
                n = asprintf(&who, "operator:%s", user->pw_name);
        else
                n = asprintf(&who, "operator:%u", (unsigned)getuid());
        if (n < 0)
                return -ENOMEM;
        *ret = who;
        return 0;
}

int command_commit(Transaction *transaction, const Options *options, const char *object) {
        _cleanup_(freep) char *who = NULL;
        char action[COMMAND_NAME_BYTES + 1];
        int r;

        command_name(options->command, action);
        r = command_who(&who);
        if (r == 0)
                r = audit_add(transaction->store, clock_wall_sec(), who, action, object,
                              options->why ? options->why : "");
        return r == 0 ? transaction_commit(transaction) : r;
}

int command_account(Store *store, const char *name, AccountRow *ret) {
        int r;

        r = account_find(store, name, ret);
        if (r > 0)
                return command_refuse("no account is called '%s'; itax-backend account list shows"
                                      " all of them",
                                      name);
        return r;
}

int command_unit(Store *store, const char *code, UnitRow *ret) {
        int r;

        if (!unit_code_is_valid(code))
                return command_refuse("'%s' cannot be a unit code: look at each character again",
                                      code);
        r = unit_get(store, code, ret);
        if (r > 0)
                return command_refuse("there is no unit %s; itax-backend unit list shows all of"
                                      " them, unit add makes one",
                                      code);
        return r;
}

int command_line(const char *path, Secret **ret) {
        _cleanup_(secret_freep) Secret *secret = NULL;
        char buffer[128];
        size_t n;
        int r;

        r = file_read_secret(path, SECRET_FILE_BYTES_MAX, &secret);
        if (r < 0)
                return command_refuse("%s: %s", path, strerror_r(-r, buffer, sizeof(buffer)));
        if (r == FILE_E_EXPOSED)
                return command_refuse("%s: must be closed to others: chmod 0600", path);
        if (r > 0)
                return command_refuse("%s: larger than %d bytes", path, SECRET_FILE_BYTES_MAX);

        n = secret_size(secret);
        while (n > 0 && strchr("\r\n", secret_text(secret)[n - 1]))
                n--;
        secret_truncate(secret, n);
        *ret = TAKE_PTR(secret);
        return 0;
}

/* Each is equally likely among those that meet the rule; nine of ten do. */
static int password_random(Secret **ret) {
        _cleanup_(secret_freep) Secret *password = NULL;
        char text[PASSWORD_CHARS + 1];
        int r;

        r = random_text(PASSWORD_ALPHABET, PASSWORD_CHARS, text);
        for (int i = 0; i < 100 && r == 0 && password_rules_broken(text, PASSWORD_CHARS); i++)
                r = random_text(PASSWORD_ALPHABET, PASSWORD_CHARS, text);
        if (r == 0)
                r = secret_new(PASSWORD_CHARS, &password);
        if (r == 0)
                r = secret_append(password, text, PASSWORD_CHARS);
        explicit_bzero(text, sizeof(text));
        if (r == 0)
                *ret = TAKE_PTR(password);
        return r;
}

int command_password(const Options *options, Secret **ret,
                     char ret_hash[static PASSWORD_HASH_BYTES + 1]) {
        _cleanup_(secret_freep) Secret *password = NULL;
        HashJob job = { .kind = HASH_MAKE };
        int r;

        r = options->password_file ? command_line(options->password_file, &password)
                                   : password_random(&password);
        if (r != 0)
                return r;
        if (password_rules_broken(secret_text(password), secret_size(password)))
                return command_refuse(
                        "%s: a password has %d to %d characters, at least %d kinds of upper case,"
                        " lower case, digits and special characters, and no space",
                        options->password_file, PASSWORD_CHARS_MIN, PASSWORD_CHARS_MAX,
                        PASSWORD_CLASSES_MIN);

        job.password = secret_text(password);
        hash_run(&job);
        if (job.result != 0)
                return job.result < 0 ? job.result : -EIO;
        memcpy(ret_hash, job.hash, sizeof(job.hash));
        *ret = TAKE_PTR(password);
        return 0;
}

void command_password_tell(const Options *options, const Secret *password, const char *whose) {
        if (options->password_file)
                return;
        puts(secret_text(password));
        (void)fflush(stdout);
        fprintf(stderr, "itax-backend: that is the new password of %s; it is not shown again\n",
                whose);
}
