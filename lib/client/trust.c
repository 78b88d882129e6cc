/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Trust: whose daemon it must be (design.md D2). */

#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>

#include "lib/client/client-private.h"

#define TRUST_LINE_BYTES 1024

static void fclosep(FILE **f) {
        if (*f)
                (void)fclose(*f);
}

bool trust_owner(uid_t uid, const char *passwd_path) {
        _cleanup_(fclosep) FILE *file = NULL;
        char line[TRUST_LINE_BYTES];
        struct passwd entry, *found;
        int r;

        if (uid == 0)
                return true;

        file = fopen(passwd_path, "re");
        if (!file)
                return false;

        for (;;) {
                r = fgetpwent_r(file, &entry, line, sizeof(line), &found);
                if (r == ERANGE)
                        return false; /* a line this long is not ours to interpret */
                if (r != 0)
                        return false;
                /* The first line of a name counts, as everywhere else. */
                if (strcmp(found->pw_name, CLIENT_DAEMON_USER) == 0)
                        return found->pw_uid == uid;
        }
}
