/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Signer: signatures with the keys of units, made by a helper process each
 *
 * The key of a unit lies in a PKCS#12 file UNIT-CODE.p12 in a folder of root's, or on a PKCS#11
 * token. Modules for tokens are code of somebody else that hangs and crashes; itaxd never loads
 * one. It starts the helper itax-sign for one signature, and whatever becomes of the helper, the
 * job has an answer within its time. No call here blocks, but for the moment that starting a
 * process takes.
 *
 * A file cannot lock itself as a token does, so PINs for a file are counted here: SIGNER_FILE_TRIES
 * wrong ones in a row lock the file for SIGNER_LOCK_USEC, for everybody on this host and until
 * itaxd is started again. */

#include <stdbool.h>
#include <stdint.h>
#include <systemd/sd-event.h>

#include "daemon/core/signed.h"
#include "daemon/signer/tries.h"
#include "lib/common/secret.h"
#include "lib/common/util.h"

#ifndef LIBEXECDIR
#define LIBEXECDIR "/usr/libexec/itax"
#endif

#define SIGNER_HELPER_PATH LIBEXECDIR "/itax-sign"
#define SIGNER_HELPERS_MAX 8 /* at a time; further jobs wait for their turn, within their time */
#define SIGNER_JOBS_MAX 256
#define SIGNER_FILE_TRIES 5
#define SIGNER_LOCK_USEC (120 * 60 * USEC_PER_SEC)

typedef struct Signer Signer;
typedef struct SignerJob SignerJob;

typedef struct SignerConfig {
        const char *folder;        /* of the .p12 files; NULL: none */
        const char *pkcs11_module; /* path; NULL: none */
        const char *helper;        /* path of itax-sign */
        uint64_t timeout_usec;     /* of a job, waiting for its turn included; at most 120 s */
} SignerConfig;

/* @result is borrowed; strings may be taken out of it. The job may be freed in here. */
typedef void (*SignerFn)(SignerJob *job, Signed *result, void *userdata);

/**
 * signer_new() - make one
 * @event: outlives it
 * @config: copied
 *
 * Return: 0, -ENOMEM, or -EINVAL for a path that is not absolute or a time that is out of bounds.
 */
int signer_new(sd_event *event, const SignerConfig *config, Signer **ret);

/** signer_free() - let go. Jobs that are there go on, and keep what they need. */
Signer *signer_free(Signer *signer);
DEFINE_CLEANUP(Signer, signer_free)

/**
 * signer_has() - is there a way on this host to try for @unit?
 *
 * True with a file of the unit that can be trusted: regular, root's (or our own), not writable for
 * group or others, not readable for others, in a folder alike. What is there and cannot be trusted
 * is logged. With a module true for every unit: what is on a token shows when it is asked.
 */
bool signer_has(Signer *signer, const char *unit);

/** signer_locked() - units whose file takes no PIN at the moment, at most @n. Return: how many. */
size_t signer_locked(const Signer *signer, TriesLock *ret, size_t n);

/**
 * signer_sign() - have @text signed by the key of @unit
 * @pin: copied; may be NULL, which is a wrong one
 * @fn: called once, never from inside
 * @ret: owned by the caller, also after @fn was called; freeing it before is cancel and ends the
 * helper
 *
 * Return: 0, -ENOMEM, -EINVAL (no unit code, or a text above 4 KiB), -EAGAIN when SIGNER_JOBS_MAX
 * are there.
 */
int signer_sign(Signer *signer, const char *unit, const Secret *pin, const char *text, SignerFn fn,
                void *userdata, SignerJob **ret);
SignerJob *signer_job_free(SignerJob *job);
DEFINE_CLEANUP(SignerJob, signer_job_free)
