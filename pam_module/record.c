/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Record: the data item holds a copy of the user's name and nothing else, so that its end means the same
 * in every process. */

#include <stdio.h>
#include <string.h>

#include "pam_module/record.h"

#define RECORD_DATA "pam_itax_user"

static const struct {
        const char *name;
        size_t offset;
} variable_table[] = {
        { "ITAX_ACCOUNT", offsetof(Step, account) },
        { "ITAX_NAME", offsetof(Step, name) },
        { "ITAX_UNIT", offsetof(Step, unit) },
        { "ITAX_UNIT_NAME", offsetof(Step, unit_name) },
        { "ITAX_METHOD", offsetof(Step, method) },
};

static void free_user(_unused_ pam_handle_t *handle, void *data, _unused_ int error_status) {
        free(data);
}

static int put_variable(pam_handle_t *handle, const char *name, const char *value) {
        _cleanup_(freep) char *assignment = NULL;

        if (asprintf(&assignment, "%s=%s", name, value) < 0) {
                assignment = NULL;
                return PAM_BUF_ERR;
        }
        return pam_putenv(handle, assignment);
}

static int write_variables(pam_handle_t *handle, const Step *step) {
        for (size_t i = 0; i < ELEMENTSOF(variable_table); i++) {
                const char *value =
                        *(char *const *)((const char *)step + variable_table[i].offset);
                int code;

                if (!value)
                        continue;
                code = put_variable(handle, variable_table[i].name, value);
                if (code != PAM_SUCCESS)
                        return code;
        }
        return PAM_SUCCESS;
}

static int write_user(pam_handle_t *handle, const char *user) {
        _cleanup_(freep) char *copy = NULL;
        const void *item = NULL;
        int code;

        copy = strdup(user);
        if (!copy)
                return PAM_BUF_ERR;
        code = pam_set_data(handle, RECORD_DATA, copy, free_user);
        if (code != PAM_SUCCESS)
                return code;
        (void)TAKE_PTR(copy);

        /* Last of all, because it cannot be taken back. */
        code = pam_get_item(handle, PAM_USER, &item);
        if (code == PAM_SUCCESS && !item)
                code = pam_set_item(handle, PAM_USER, user);
        return code;
}

void record_clear(pam_handle_t *handle) {
        for (size_t i = 0; i < ELEMENTSOF(variable_table); i++)
                if (pam_getenv(handle, variable_table[i].name))
                        (void)pam_putenv(handle, variable_table[i].name);
        (void)pam_set_data(handle, RECORD_DATA, NULL, NULL);
}

int record_write(pam_handle_t *handle, const Step *step) {
        int code;

        code = write_variables(handle, step);
        if (code == PAM_SUCCESS)
                code = write_user(handle, step->user);
        if (code != PAM_SUCCESS)
                record_clear(handle);
        return code;
}

bool record_is_login(pam_handle_t *handle) {
        const void *data = NULL, *user = NULL;

        return pam_get_data(handle, RECORD_DATA, &data) == PAM_SUCCESS && data &&
               pam_get_item(handle, PAM_USER, &user) == PAM_SUCCESS && user && strcmp(data, user) == 0;
}

bool record_is_session(pam_handle_t *handle) {
        const char *account = pam_getenv(handle, "ITAX_ACCOUNT");

        return account && account[0] != '\0';
}
