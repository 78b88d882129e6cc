/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Status: each stretch of the way to the daemon, one line each. */

#include <errno.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "ctl/ctl.h"
#include "lib/client/client.h"

#define LABEL_WIDTH 10

static const char *user_name(uid_t uid) {
        const struct passwd *entry = uid == (uid_t)-1 ? NULL : getpwuid(uid);

        return entry ? entry->pw_name : "?";
}

const char *ctl_explain(int r) {
        switch (r) {
        case CLIENT_E_AWAY:
                return _("no bus, no daemon, or no answer in time");
        case CLIENT_E_UNTRUSTED:
                return _("the name on the bus belongs to somebody who is neither root nor the daemon's user");
        case CLIENT_E_REFUSED:
                return _("the daemon does not serve this caller, or has no room");
        case CLIENT_E_PROTOCOL:
                return _("the daemon does not know an option's value, or is of another version than this program");
        case CLIENT_E_SESSION:
                return _("there is no such session");
        case -EINVAL:
                return _("a name or option that cannot be sent");
        default:
                return r < 0 ? strerror(-r) : _("unknown");
        }
}

void ctl_complain(const char *format, ...) {
        va_list arguments;

        (void)fflush(stdout);
        (void)fputs("itaxctl: ", stderr);
        va_start(arguments, format);
        (void)vfprintf(stderr, format, arguments);
        va_end(arguments);
        (void)fputc('\n', stderr);
}

int ctl_fail(int r) {
        ctl_complain("%s", ctl_explain(r));
        switch (r) {
        case CLIENT_E_REFUSED:
        case CLIENT_E_SESSION:
                return CTL_NO;
        case -EINVAL:
                return CTL_USAGE;
        default:
                return CTL_AWAY;
        }
}

static const char *verdict(bool is_good) {
        return is_good ? _("ok") : _("FAILED");
}

static void print_line(const char *what, bool is_good, const char *detail) {
        char line[256];

        (void)snprintf(line, sizeof(line), "%s  %s", verdict(is_good), detail);
        label_print(stdout, what, LABEL_WIDTH, line);
}

int ctl_status(_unused_ char **arguments, _unused_ const CtlOptions *options) {
        char detail[128];
        ClientProbe probe;
        int r;

        r = client_probe(&probe);
        print_line(_("bus"), probe.stage > CLIENT_STAGE_BUS, CLIENT_BUS_PATH);
        if (probe.stage > CLIENT_STAGE_BUS) {
                (void)snprintf(detail, sizeof(detail), _("%s, after %.1f ms"), CLIENT_BUS_NAME,
                               (double)probe.usec / 1000);
                print_line(_("daemon"), probe.stage > CLIENT_STAGE_NAME, detail);
        }
        if (probe.stage > CLIENT_STAGE_NAME) {
                (void)snprintf(detail, sizeof(detail), "uid %u (%s)", (unsigned)probe.uid,
                               user_name(probe.uid));
                print_line(_("owner"), probe.stage > CLIENT_STAGE_OWNER, detail);
        }

        if (r != 0) {
                (void)fprintf(stderr, "itaxctl: %s\n", ctl_explain(r));
                return CTL_AWAY; /* of whatever kind: the way is not open */
        }
        return CTL_OK;
}
