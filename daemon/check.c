/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Check: the same functions as at a start, with records for a person */

#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>

#include "daemon/check.h"
#include "daemon/directory/map.h"
#include "daemon/era.h"
#include "daemon/log.h"
#include "daemon/trusted.h"

static void report(const char *problem, void *userdata _unused_) {
        fprintf(stderr, "%s\n", problem);
}

static void report_line(unsigned line _unused_, const char *problem _unused_,
                        void *userdata _unused_) {
}

/* A user that is not there is no error: it may come with the network, or be made later. */
static void warn_of_users(const char *path) {
        _cleanup_(map_freep) Map *map = NULL;
        const char *before = "", *user;
        char *text = NULL;
        size_t n;

        if (trusted_read(path, MAP_BYTES_MAX, &text, &n) != 0 ||
            map_parse(text, n, report_line, NULL, &map) != 0)
                return;
        for (size_t i = 0; (user = map_user_at(map, i)); i++) {
                if (strcmp(user, before) == 0)
                        continue;
                before = user;
                errno = 0;
                /* cppcheck-suppress getpwnamCalled ; there is one thread */
                if (!getpwnam(user))
                        fprintf(stderr, "%s: warning: there is no local user '%s'%s%s\n", path,
                                user, errno ? ": " : "", errno ? strerrordesc_np(errno) : "");
        }
}

bool check_config(const char *path) {
        _cleanup_(config_freep) Config *config = NULL;
        _cleanup_(sd_event_unrefp) sd_event *event = NULL;
        _cleanup_(era_unrefp) Era *era = NULL;

        log_to_person();
        if (config_load(path, report, NULL, &config) != 0)
                return false;
        if (sd_event_new(&event) < 0 || era_new(event, config, NULL, NULL, &era) < 0)
                return false;
        (void)TAKE_PTR(config);

        warn_of_users(era->config->users);
        printf("%s: can be used\n", path);
        return true;
}
