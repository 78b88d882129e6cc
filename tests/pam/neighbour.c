/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Neighbour: another module of the stack. "set" hands on the passwords that the test gives, "note" tells the
 * test which ones there are. */

#include <security/pam_modules.h>
#include <stdio.h>
#include <string.h>

#include "tests/pam/harness.h"

static void note(pam_handle_t *handle, int type, char *place, size_t n) {
        const void *item = NULL;

        (void)pam_get_item(handle, type, &item);
        (void)snprintf(place, n, "%s", item ? (const char *)item : "");
}

static int act(pam_handle_t *handle, int argc, const char **argv) {
        if (argc == 1 && strcmp(argv[0], "set") == 0) {
                if (harness_tokens.given)
                        (void)pam_set_item(handle, PAM_AUTHTOK, harness_tokens.given);
                if (harness_tokens.given_old)
                        (void)pam_set_item(handle, PAM_OLDAUTHTOK, harness_tokens.given_old);
                return PAM_SUCCESS;
        }
        note(handle, PAM_AUTHTOK, harness_tokens.noted, sizeof(harness_tokens.noted));
        note(handle, PAM_OLDAUTHTOK, harness_tokens.noted_old, sizeof(harness_tokens.noted_old));
        return PAM_SUCCESS;
}

_export_ int pam_sm_authenticate(pam_handle_t *handle, _unused_ int flags, int argc, const char **argv) {
        return act(handle, argc, argv);
}

_export_ int pam_sm_setcred(_unused_ pam_handle_t *handle, _unused_ int flags, _unused_ int argc,
                            _unused_ const char **argv) {
        return PAM_IGNORE;
}

_export_ int pam_sm_chauthtok(pam_handle_t *handle, int flags, int argc, const char **argv) {
        return flags & PAM_UPDATE_AUTHTOK ? act(handle, argc, argv) : PAM_SUCCESS;
}
