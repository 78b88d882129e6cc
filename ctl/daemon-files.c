/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Daemon files: the configuration is read by itaxd itself, so that nobody else has to know how. */

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "ctl/ctl.h"

#ifndef ITAXD_PATH
#define ITAXD_PATH "/usr/sbin/itaxd"
#endif

/* Lines of @text as an array. */
static void print_json(const char *name, bool is_good, char *text) {
        Json json = { .out = stdout };
        char *save = NULL;

        json_open(&json, NULL, '{');
        json_truth(&json, name, is_good);
        json_open(&json, "findings", '[');
        for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
                json_string(&json, NULL, line);
        json_close(&json, ']');
        json_close(&json, '}');
        (void)printf("\n");
}

static int run_itaxd(const char *const *argv, RunOutput wanted, char **ret_output, int *ret_status) {
        int r;

        r = run_program(ITAXD_PATH, argv, wanted, ret_output, ret_status);
        if (r == -ENOENT)
                ctl_complain(_("%s is not there. Please install the package itaxd."), ITAXD_PATH);
        else if (r < 0)
                ctl_complain("%s: %s", ITAXD_PATH, strerror(-r));
        return r;
}

/* Whoever is not root may see findings that are only his own lack of rights. */
static int judge(bool is_good) {
        if (is_good)
                return CTL_OK;
        if (geteuid() == 0)
                return CTL_NO;
        ctl_complain("%s", _("some files can only be read by root; please try again as root"));
        return CTL_DENIED;
}

int ctl_config_check(char **arguments, const CtlOptions *options) {
        const char *const argv[] = { ITAXD_PATH, "--check", arguments[0] ? "--config" : NULL, arguments[0], NULL };
        _cleanup_(freep) char *output = NULL;
        int status;

        if (run_itaxd(argv, RUN_OUTPUT_AND_ERRORS, &output, &status) < 0)
                return CTL_AWAY;
        if (options->json)
                print_json("ok", status == 0, output);
        else
                (void)fputs(output, stdout);
        return judge(status == 0);
}
