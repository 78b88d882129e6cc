/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Doctor chain: the daemon and the platform of this host, as a login would meet them. */

#include <errno.h>
#include <string.h>

#include "ctl/doctor.h"
#include "lib/client/client.h"

#ifndef ITAXD_PATH
#define ITAXD_PATH "/usr/sbin/itaxd"
#endif

static int check_configuration(Report *report) {
        static const char *const argv[] = { ITAXD_PATH, "--check", NULL };
        _cleanup_(freep) char *output = NULL;
        int status, r;

        r = run_program(ITAXD_PATH, argv, RUN_OUTPUT_AND_ERRORS, &output, &status);
        if (r == -ENOENT)
                report_add(report, CHECK_NO_ITAXD, NULL, 0, ITAXD_PATH);
        if (r < 0)
                return r == -ENOMEM ? r : 0;
        if (status != 0) {
                output[strcspn(output, "\n")] = '\0';
                report_add(report, CHECK_CONFIGURATION, NULL, 0, output);
        }
        return 0;
}

int doctor_chain(Report *report) {
        _cleanup_(client_status_done) ClientStatus status = {};
        ClientProbe probe;
        int r;

        if (geteuid() != 0)
                report_add(report, CHECK_NOT_ROOT, NULL, 0, NULL);
        else {
                r = check_configuration(report);
                if (r < 0)
                        return r;
        }

        r = client_probe(&probe);
        if (r == 0 && geteuid() == 0) {
                progress_show(_("Asking the platform…"));
                r = client_status(&status);
                progress_hide();
        }
        if (r == -ENOMEM)
                return r;
        if (r != 0) {
                report->is_away = true;
                report_add(report, CHECK_DAEMON, NULL, 0, ctl_explain(r));
                return 0;
        }
        if (status.platform && strcmp(status.platform, "ok") != 0)
                report_add(report, CHECK_PLATFORM, NULL, 0, status.platform_error ? status.platform_error : status.platform);
        if (status.config_error)
                report_add(report, CHECK_RELOAD, status.config, 0, status.config_error);
        if (status.audit && strcmp(status.audit, "ok") != 0)
                report_add(report, CHECK_AUDIT, NULL, 0, status.audit);
        return 0;
}
