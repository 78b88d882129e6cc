/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Request and Reply: what the login machine asks of the platform, and what it can hear back
 *
 * The words are those of a login, not of HTTP: which requests, tokens and sessions stand behind a
 * request is the platform's own affair (daemon/platform). Each request gets exactly one reply. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/core/signed.h"
#include "lib/common/limits.h"
#include "lib/common/secret.h"

typedef enum RequestKind {
        REQUEST_NONE,
        REQUEST_PASSWORD,      /* account, password, captcha answer if one is due */
        REQUEST_CAPTCHA,       /* a new picture for the account (or, with .unit, for the unit) */
        REQUEST_DEVICE,        /* a new QR code; .account is who must confirm, or NULL */
        REQUEST_POLL,          /* wait until the state differs from .seen, at most LIMIT_HOLD_USEC;
                                * with .digits it redeems them and does not wait */
        REQUEST_UNIT_RELATION, /* verify .unit by authorisation relation */
        REQUEST_UNIT_PASSWORD, /* verify .unit by declaration password, captcha if one is due */
        REQUEST_UNIT_CHALLENGE, /* a challenge to be signed with the key of .unit */
        REQUEST_UNIT_CERTIFICATE, /* verify .unit by .challenge and .result */
        REQUEST_UNIT_LOGIN,    /* the old login: .unit and its declaration password, no person */
        REQUEST_RESUME,        /* the person who has logged in before: is all still as it was? */
        REQUEST_NEW_PASSWORD,  /* change the account password from .password to .new_password */
        _REQUEST_KIND_MAX,
} RequestKind;

typedef enum DeviceState {
        DEVICE_PENDING, /* nobody has scanned */
        DEVICE_SCANNED, /* scanned, not yet confirmed */
        DEVICE_DIGITS,  /* confirmed; the six digits shown on the phone are wanted */
        _DEVICE_STATE_MAX,
} DeviceState;

/* Why a certificate was refused. */
typedef enum CertificateFault {
        CERTIFICATE_UNTRUSTED, /* not by an authority that the platform knows, or anything else */
        CERTIFICATE_EXPIRED,   /* or not yet valid */
        CERTIFICATE_REVOKED,
        CERTIFICATE_USAGE,     /* not made for this, or too weak */
        CERTIFICATE_OTHER_UNIT,
        CERTIFICATE_SIGNATURE, /* the signature or the challenge does not fit */
        _CERTIFICATE_FAULT_MAX,
} CertificateFault;

/* All pointers are borrowed from the login until the reply. */
typedef struct Request {
        RequestKind kind;
        const char *account;         /* canonical, as typed; or login name from the map */
        const char *unit;            /* unit code */
        const Secret *password;      /* account or declaration password */
        const Secret *new_password;  /* REQUEST_NEW_PASSWORD */
        const Secret *captcha;       /* captcha answer, NULL if none is due */
        const char *challenge;       /* as REPLY_CHALLENGE told it */
        const Signed *result;        /* REQUEST_UNIT_CERTIFICATE; status SIGN_OK */
        const Secret *digits;
        DeviceState seen;
        bool at_once;                /* REQUEST_POLL: tell the state as it is, do not wait */
        bool binding;                /* REQUEST_DEVICE: six digits bind phone and terminal (D9) */
} Request;

typedef enum ReplyKind {
        REPLY_PERSON,       /* .person is who logged in */
        REPLY_WRONG,        /* wrong (unit) password; .attempts_left, perhaps .captcha_png */
        REPLY_CAPTCHA,      /* a captcha is due, or was wrong (.captcha_wrong); .captcha_png */
        REPLY_LOCKED,       /* .retry_after_sec */
        REPLY_DISABLED,     /* the account is disabled */
        REPLY_DEVICE,       /* .uri, .short_uri, .user_code, .expires_in_sec */
        REPLY_STATE,        /* .state of the QR login */
        REPLY_DIGITS_WRONG, /* .attempts_left */
        REPLY_REFUSED,      /* refused on the phone */
        REPLY_WRONG_PERSON, /* somebody else's phone */
        REPLY_EXPIRED,      /* the QR code is too old */
        REPLY_UNIT,         /* the unit is verified */
        REPLY_UNIT_UNRELATED, /* no authorisation relation */
        REPLY_UNIT_UNKNOWN, /* not a unit of this person */
        REPLY_CHALLENGE,    /* .challenge, and .to_sign, the text that the unit's key signs */
        REPLY_CERTIFICATE,  /* the certificate or its signature was refused; .certificate_fault */
        REPLY_PHASE,        /* the old login is over: the platform is in phase realname */
        REPLY_CHANGED,      /* the password is changed */
        REPLY_WEAK,         /* the new password breaks the platform's rules */
        REPLY_SAME,         /* the new password is the old one */
        REPLY_UNAVAILABLE,  /* no answer, or the platform says so itself */
        REPLY_BROKEN,       /* an answer that is not the schema */
        _REPLY_KIND_MAX,
} ReplyKind;

typedef struct ReplyUnit {
        char code[LIMIT_UNIT_CODE_BYTES + 1];
        char *name; /* filtered (text_filter) */
        bool authorised;        /* an authorisation relation exists */
        bool has_password;      /* may be verified by declaration password */
        bool has_certificate;   /* may be verified by certificate */
} ReplyUnit;

/* Who logged in. Names are filtered; login_name is the account's own, whichever name was typed. It is
 * NULL, as .name is, in the reply to REQUEST_UNIT_LOGIN, which has that one unit and no person. */
typedef struct ReplyPerson {
        char *subject;
        char *login_name;
        char *name;
        ReplyUnit *units; /* at most LIMIT_UNITS */
        size_t n_units;
        bool hint_matched; /* the platform says that this is who Request.account named */
} ReplyPerson;

/* Owned by whoever made it; the login takes .person and .captcha_png out of it if it wants to keep
 * them. */
typedef struct Reply {
        ReplyKind kind;
        int attempts_left;        /* -1 when not told */
        uint32_t retry_after_sec; /* until the lock ends; 0 when not told */
        bool captcha_wrong;
        uint8_t *captcha_png;     /* not yet decoded, at most LIMIT_CAPTCHA_PNG_BYTES */
        size_t n_captcha_png;
        char *uri;                /* what the picture shows; LIMIT_URI_BYTES, showable ASCII */
        char *short_uri;          /* to be typed by hand together with user_code */
        char *user_code;
        uint32_t expires_in_sec;
        DeviceState state;
        char *challenge, *to_sign;
        CertificateFault certificate_fault;
        ReplyPerson person;
} Reply;

/** reply_done() - release what a reply owns and make it empty; idempotent */
void reply_done(Reply *reply);
void reply_person_done(ReplyPerson *person);
