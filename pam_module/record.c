/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Record: the data item holds copies of two names and nothing else, so that its end means the same in every
 * process. */

#include <stdio.h>
#include <string.h>

#include "lib/common/limits.h"
#include "pam_module/record.h"

#define RECORD_DATA "pam_itax_login"
#define PRELIM_DATA "pam_itax_prelim"
#define SESSION_VARIABLE "ITAX_SESSION"

/* What the data item holds. */
typedef struct Login {
        char session[LIMIT_SESSION_BYTES + 1]; /* "" when itaxd does not keep it */
        char user[];
} Login;

static const struct {
        const char *name;
        size_t offset;
} variable_table[] = {
        { "ITAX_ACCOUNT", offsetof(Step, account) },
        { "ITAX_NAME", offsetof(Step, name) },
        { "ITAX_UNIT", offsetof(Step, unit) },
        { "ITAX_UNIT_NAME", offsetof(Step, unit_name) },
        { "ITAX_METHOD", offsetof(Step, method) },
        { SESSION_VARIABLE, offsetof(Step, session) },
};

static void free_data(_unused_ pam_handle_t *handle, void *data, _unused_ int error_status) {
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

static int write_login(pam_handle_t *handle, const Step *step) {
        _cleanup_(freep) Login *login = NULL;
        const size_t n = strlen(step->user) + 1;
        const void *item = NULL;
        int code;

        login = calloc(1, sizeof(*login) + n);
        if (!login)
                return PAM_BUF_ERR;
        memcpy(login->user, step->user, n);
        if (step->session)
                (void)snprintf(login->session, sizeof(login->session), "%s", step->session);
        code = pam_set_data(handle, RECORD_DATA, login, free_data);
        if (code != PAM_SUCCESS)
                return code;
        (void)TAKE_PTR(login);

        /* Last of all, because it cannot be taken back. */
        code = pam_get_item(handle, PAM_USER, &item);
        if (code == PAM_SUCCESS && !item)
                code = pam_set_item(handle, PAM_USER, step->user);
        return code;
}

/* Of PAM_USER as it is now. */
static const Login *find_login(pam_handle_t *handle) {
        const void *data = NULL, *user = NULL;
        const Login *login;

        if (pam_get_data(handle, RECORD_DATA, &data) != PAM_SUCCESS || !data ||
            pam_get_item(handle, PAM_USER, &user) != PAM_SUCCESS || !user)
                return NULL;
        login = data;
        return strcmp(login->user, user) == 0 ? login : NULL;
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
                code = write_login(handle, step);
        if (code != PAM_SUCCESS)
                record_clear(handle);
        return code;
}

bool record_is_login(pam_handle_t *handle) {
        return find_login(handle);
}

bool record_is_session(pam_handle_t *handle) {
        const char *method = pam_getenv(handle, "ITAX_METHOD");

        return (method && method[0] != '\0') || record_session(handle);
}

const char *record_session(pam_handle_t *handle) {
        const Login *login = find_login(handle);
        const char *session = login ? login->session : pam_getenv(handle, SESSION_VARIABLE);

        return session && step_session_is_valid(session) ? session : NULL;
}

int record_write_prelim(pam_handle_t *handle, int code) {
        _cleanup_(freep) int *data = NULL;
        int r;

        data = malloc(sizeof(*data));
        if (!data)
                return PAM_BUF_ERR;
        *data = code;
        r = pam_set_data(handle, PRELIM_DATA, data, free_data);
        if (r == PAM_SUCCESS)
                (void)TAKE_PTR(data);
        return r;
}

int record_prelim(pam_handle_t *handle) {
        const void *data = NULL;

        return pam_get_data(handle, PRELIM_DATA, &data) == PAM_SUCCESS && data ? *(const int *)data :
                                                                                  PAM_SYSTEM_ERR;
}
