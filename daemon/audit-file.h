/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Audit file: what the journal is told of logins and sessions, once more in a chain of its own
 * (daemon/chain.h)
 *
 * There is one a process. A login never waits for it nor fails by it: what cannot be written is counted,
 * warned of, and told in the file once it can be written again. */

#include "daemon/chain.h"
#include "daemon/log.h"

#define AUDIT_FILE_OFF "off"
#define AUDIT_HEAD_BYTES (20 + 1 + CHAIN_HASH_BYTES)

/**
 * audit_file_open() - go on with the chain in @path, or begin one; also with a file that was put away by
 * another program since (PATH.1 is what came before)
 * @path: AUDIT_FILE_OFF for none
 *
 * Trouble is logged, and asked for by audit_file_state().
 */
void audit_file_open(const char *path);
void audit_file_close(void);

/** audit_file_add() - one record. @ret_head: "SEQ:HASH" of it, "" where there is none */
void audit_file_add(uint64_t login_id, const char *message, const LogField *fields, size_t n_fields,
                    char ret_head[static AUDIT_HEAD_BYTES + 1]);

/** audit_file_state() - NULL: there is none; "ok"; or what is wrong, one line, good until the next call here */
const char *audit_file_state(void);

/** audit_file_head() - "SEQ:HASH" of what was written last; NULL: nothing was. Good until the next call here. */
const char *audit_file_head(void);

/** audit_file_verify() (audit-verify.c) - itaxd --verify-audit: print what was found
 * @known: "SEQ:HASH", or NULL
 * Return: 0 whole, 1 not, 2 when it cannot be read or @known is none. */
int audit_file_verify(const char *path, const char *known, bool json);
