/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Record: what a login leaves behind in the PAM handle
 *
 * Two marks, for two questions. A data item names the user who logged in through this very handle; it
 * does not leave the process. The PAM environment (ITAX_ACCOUNT, ITAX_NAME, ITAX_UNIT, ITAX_UNIT_NAME,
 * ITAX_METHOD, ITAX_SESSION) tells the session who works here; sshd carries it from the process that asked
 * to the one that opens the session, which the data item does not survive. A person who works there could
 * also have put it there (pam_env reads what users write), so itaxd judges it, and nothing follows from it
 * alone. After the old unit login no person is known, and there is neither account nor name. */

#include <security/pam_modules.h>

#include "lib/common/step.h"

/** record_clear() - forget an earlier login of this handle, before a new one is tried */
void record_clear(pam_handle_t *handle);

/**
 * record_write() - leave the marks of a login
 * @step: validated STEP_DONE
 *
 * PAM_USER is set if the application has set none, and never changed.
 *
 * Return: PAM_SUCCESS (it grants nothing), or an error and no marks.
 */
int record_write(pam_handle_t *handle, const Step *step);

/** record_is_login() - did PAM_USER as it is now log in through this handle? */
bool record_is_login(pam_handle_t *handle);

/** record_is_session() - does the PAM environment tell of a login? */
bool record_is_session(pam_handle_t *handle);

/**
 * record_write_prelim() - remember what the first pass of a change of password came to
 *
 * Return: PAM_SUCCESS or an error.
 */
int record_write_prelim(pam_handle_t *handle, int code);

/** record_prelim() - that, PAM_SYSTEM_ERR if there was none */
int record_prelim(pam_handle_t *handle);

/** record_session() - under which name itaxd knows the login of this handle, or else that of its
 * environment; NULL for none. Borrowed until the record or the environment changes. */
const char *record_session(pam_handle_t *handle);
