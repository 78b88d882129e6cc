/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Device: one QR login (RFC 8628), between the workstation that polls and the phone that confirms
 *
 *   pending -> scanned -> confirmed -> redeemed
 *      any of the first two -> refused, wrong_person;  confirmed -> digits_wrong, redeemed
 *
 * Each arrow is one conditional UPDATE, so of any number that race one wins. The picture holds the
 * user code, the workstation polls with the device code; neither follows from the other. */

#include <stdint.h>

#include "backend/model-session.h"
#include "backend/random.h"
#include "backend/store.h"
#include "lib/common/limits.h"
#include "lib/common/secret.h"

#define USER_CODE_CHARS 8
/* no 0 O, 1 I L, 2 Z, 5 S, 8 B; all of them are alphanumeric mode of a QR code */
#define USER_CODE_ALPHABET "34679ACDEFGHJKMNPQRTUVWXY"
#define DEVICE_DIGITS_TRIES 3
#define DEVICE_INTERVAL_SEC 5
#define HINT_MASKED_BYTES 255
/* Who confirms in the last second leaves the workstation at least this long to fetch the token, or
 * the person to type the digits. */
#define DEVICE_REDEEM_SEC 15
#define DEVICE_REDEEM_DIGITS_SEC 90

typedef enum DeviceState {
        DEVICE_PENDING,
        DEVICE_SCANNED,
        DEVICE_CONFIRMED,
        DEVICE_REFUSED,
        DEVICE_WRONG_PERSON,
        DEVICE_DIGITS_WRONG,
        DEVICE_REDEEMED,
        _DEVICE_STATE_MAX,
} DeviceState;

typedef enum DeviceBinding {
        BINDING_NONE,
        BINDING_DIGITS,
} DeviceBinding;

enum {
        DEVICE_E_UNKNOWN = 1, /* no such code, or another client's */
        DEVICE_E_EXPIRED,     /* too old, or made by a clock that was put back since */
        DEVICE_E_DECIDED, /* confirmed, refused or redeemed already; or somebody else is at it */
        DEVICE_E_WRONG_PERSON, /* begun for another account; over now */
        DEVICE_E_DISABLED,     /* the account is disabled */
        DEVICE_E_SLOW_DOWN,    /* device_polled(): sooner than DEVICE_INTERVAL_SEC */
        DEVICE_E_PENDING,      /* device_redeem(): not confirmed */
        DEVICE_E_DIGITS,       /* device_redeem(): wrong digits, or none; see ret_tries_left */
        DEVICE_E_DIGITS_OVER,  /* device_redeem(): wrong for the third time */
};

/* What a workstation says when it begins; strings borrowed, filtered by the caller. */
typedef struct DeviceNew {
        const char *client_id;
        const char *login_hint; /* NULL or any name of the account that alone may confirm */
        const char *host, *service, *terminal, *remote_host; /* NULL when not told */
        DeviceBinding binding;
        int64_t lifetime_sec;
} DeviceNew;

typedef struct DeviceRow {
        char hash[HASH_HEX_BYTES + 1];
        char user_code[USER_CODE_CHARS + 1];
        DeviceState state;
        bool hinted;
        char hint_account[RANDOM_ID_BYTES + 1]; /* "" when the hint names nobody */
        char account_id[RANDOM_ID_BYTES + 1];   /* "" before a scan */
        char hint_masked[HINT_MASKED_BYTES + 1];
        char host[LIMIT_HOST_BYTES + 1], service[LIMIT_HOST_BYTES + 1],
                terminal[LIMIT_HOST_BYTES + 1], remote_host[LIMIT_HOST_BYTES + 1];
        DeviceBinding binding;
        int64_t created_at, expires_at;
        bool expired;
} DeviceRow;

const char *device_state_to_string(DeviceState state);

/** device_new() - in the caller's transaction. Return: 0 or -errno. */
int device_new(Store *store, const DeviceNew *device, int64_t now, Secret **ret_device_code,
               char ret_user_code[static USER_CODE_CHARS + 1]);

/** device_find() - by the hash of a device code; of that client only. Return: 0, DEVICE_E_UNKNOWN,
 * -errno. */
int device_find(Store *store, const char *hash, const char *client_id, int64_t now, DeviceRow *ret);

/** device_find_user_code() - letters of either case. Return: 0, DEVICE_E_UNKNOWN, -errno. */
int device_find_user_code(Store *store, const char *user_code, int64_t now, DeviceRow *ret);

/** device_polled() - note a poll that did not wait, in the caller's transaction. Return: 0,
 * DEVICE_E_SLOW_DOWN, -errno. */
int device_polled(Store *store, const char *hash, int64_t now);

/* What the phone does, each in the caller's transaction, which is to be committed whatever comes
 * out >= 0: the wrong person ends the login. @ret is the login as it was found; its hash tells whom
 * to wake.
 * Return: 0, DEVICE_E_UNKNOWN, _EXPIRED, _DECIDED, _WRONG_PERSON, _DISABLED, -errno. */
int device_scan(Store *store, const char *user_code, const char *account_id, int64_t now,
                DeviceRow *ret);
int device_refuse(Store *store, const char *user_code, const char *account_id, int64_t now,
                  DeviceRow *ret);
/** @ret_digits: what to type at the login prompt, "" when nothing */
int device_confirm(Store *store, const char *user_code, const char *account_id, int64_t now,
                   DeviceRow *ret, char ret_digits[static LIMIT_DIGITS + 1]);

/**
 * device_redeem() - turn a confirmed login into the right to one token, in the caller's
 * transaction, which is to be committed whatever comes out >= 0
 * @digits: as typed at the login prompt, NULL when none were sent
 * @ret_tries_left: written on DEVICE_E_DIGITS; -1 when none were sent
 *
 * One of three tries is taken before the digits are compared.
 *
 * Return: 0 (once), DEVICE_E_PENDING, _DIGITS, _DIGITS_OVER, _DISABLED, _EXPIRED, -errno.
 */
int device_redeem(Store *store, const DeviceRow *device, const char *digits, int64_t now,
                  int64_t *ret_tries_left);
