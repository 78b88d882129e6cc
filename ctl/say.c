/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Say: what went wrong, how long ago, and that something is being waited for. */

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "ctl/ctl.h"
#include "lib/client/client.h"

#define LINE_CLEAR "\r\x1b[K"

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
                return geteuid() == 0 ? CTL_NO : CTL_DENIED;
        case CLIENT_E_SESSION:
                return CTL_NO;
        case -EINVAL:
                return CTL_USAGE;
        default:
                return CTL_AWAY;
        }
}

void format_time(uint64_t sec, char ret[static TIME_BYTES]) {
        const time_t when = (time_t)sec;
        struct tm tm;

        if (sec == 0 || !localtime_r(&when, &tm) || strftime(ret, TIME_BYTES, "%Y-%m-%d %H:%M", &tm) == 0)
                (void)snprintf(ret, TIME_BYTES, "?");
}

void progress_show(const char *what) {
        if (isatty(STDERR_FILENO))
                (void)fprintf(stderr, "%s ...", what);
}

void progress_hide(void) {
        if (isatty(STDERR_FILENO))
                (void)fputs(LINE_CLEAR, stderr);
}
