/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Status: each stretch of the way to the daemon, one line each. */

#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>

#include "ctl/ctl.h"
#include "lib/client/client.h"

static const char *user_name(uid_t uid) {
        const struct passwd *entry = uid == (uid_t)-1 ? NULL : getpwuid(uid);

        return entry ? entry->pw_name : "?";
}

const char *ctl_explain(int r) {
        switch (r) {
        case CLIENT_E_AWAY:
                return "no bus, no daemon, or no answer in time";
        case CLIENT_E_UNTRUSTED:
                return "the name belongs to a user that is neither root nor " CLIENT_DAEMON_USER;
        case CLIENT_E_REFUSED:
                return "the daemon does not serve this caller, or has no room";
        case CLIENT_E_PROTOCOL:
                return "the daemon does not know an option's value, or is of another version than this program";
        case -EINVAL:
                return "a name or option that cannot be sent";
        default:
                return r < 0 ? strerror(-r) : "unknown";
        }
}

static void print_line(const char *what, const char *verdict, const char *detail) {
        (void)printf("%-8s %-7s %s\n", what, verdict, detail);
}

int ctl_status(void) {
        char detail[128];
        ClientProbe probe;
        int r;

        r = client_probe(&probe);
        print_line("bus", probe.stage > CLIENT_STAGE_BUS ? "ok" : "FAILED", CLIENT_BUS_PATH);
        if (probe.stage > CLIENT_STAGE_BUS) {
                (void)snprintf(detail, sizeof(detail), "%s, after %.1f ms", CLIENT_BUS_NAME,
                               (double)probe.usec / 1000);
                print_line("daemon", probe.stage > CLIENT_STAGE_NAME ? "ok" : "FAILED", detail);
        }
        if (probe.stage > CLIENT_STAGE_NAME) {
                (void)snprintf(detail, sizeof(detail), "uid %u (%s)", (unsigned)probe.uid,
                               user_name(probe.uid));
                print_line("owner", probe.stage > CLIENT_STAGE_OWNER ? "ok" : "FAILED", detail);
        }

        if (r != 0) {
                (void)fprintf(stderr, "itaxctl: %s\n", ctl_explain(r));
                return CTL_AWAY;
        }
        return CTL_OK;
}
