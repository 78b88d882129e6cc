/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Services: what each PAM application does with messages, and so how it is spoken to
 *
 * A table keyed by PAM_SERVICE (design.md D10), which [service NAME] in the configuration and
 * "prompts" in the pam.d line override, in this order. PAM applications do not tell what they can;
 * all of this was found out by trying them and reading them. An unknown one is taken for a
 * terminal; that it answers blindly after all is noticed by the login machine. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/core/login.h"
#include "daemon/render/render.h"
#include "lib/common/step.h"

/* How pictures are drawn, before it is known where. */
typedef enum ServicePicture {
        PICTURE_TERMINAL, /* blocks, in colours of their own on a local terminal */
        PICTURE_BLOCKS,   /* blocks without escape sequences: somebody on the way strips them */
        PICTURE_ASCII,
        PICTURE_NONE,
        _SERVICE_PICTURE_MAX,
} ServicePicture;

/* What the configuration says of one service. The _MAX values and 0 stand for "as the table has
 * it". */
typedef struct ServiceSetting {
        char *name;
        LoginMode mode;
        StepLayout layout;
        ServicePicture picture;
        uint64_t timeout_usec;
} ServiceSetting;

/* What is known of the application; strings may be "" or NULL. */
typedef struct ServiceQuery {
        const char *service, *tty, *rhost, *locale;
        const char *prompts; /* pam.d option: NULL, "", "auto", "many", "buffered" or "one" */
        bool silent;         /* PAM_SILENT */
} ServiceQuery;

/* How one login is conducted. */
typedef struct ServiceManner {
        LoginMode mode;
        StepLayout layout;
        RenderStyle style;
        LoginMethod method;    /* METHOD_ANY, or the only one that can work there */
        bool remote;           /* whoever sits there may be far away: the six digits of D9 */
        bool ascii;            /* it shows nothing but ASCII: speak English */
        uint64_t timeout_usec; /* 0: no wish of its own */
} ServiceManner;

/** services_is_for_others() - does this application ask for somebody else than who calls it? */
bool services_is_for_others(const char *service);

enum {
        SERVICES_E_PROMPTS = 1, /* the pam.d option has no such word */
};

/**
 * services_manner() - how to conduct a login
 * @settings: @n_settings entries of the configuration
 *
 * Return: 0, or SERVICES_E_PROMPTS (then nothing may be assumed, and the login must not begin).
 */
int services_manner(const ServiceQuery *query, const ServiceSetting *settings, size_t n_settings,
                    ServiceManner *ret);

/** services_tty_is_local() - true for names of terminals: "/dev/…", "tty…", "pts/…" */
bool services_tty_is_local(const char *tty);

/* The words of configuration and pam.d. *_from_string() returns the _MAX value for an unknown word.
 */
const char *services_mode_to_string(LoginMode mode);
LoginMode services_mode_from_string(const char *word);
const char *services_picture_to_string(ServicePicture picture);
ServicePicture services_picture_from_string(const char *word);
