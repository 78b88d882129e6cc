/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Era: references, because logins outlive a reload */

#include <errno.h>
#include <stdlib.h>

#include "daemon/era.h"

int era_new(sd_event *event, Config *config, Era **ret) {
        _cleanup_(era_unrefp) Era *era = calloc(1, sizeof(*era));
        const PlatformConfig platform = {
                .issuer = config->issuer,
                .ca_file = config->ca_file,
                .client_id = config->client_id,
                .client_secret_file = config->client_secret_file,
                .unix_socket = config->unix_socket,
                .proxy = config->proxy,
                .timeout_usec = config->timeout_usec,
                .connect_timeout_usec = config->timeout_usec,
        };
        int r;

        if (!era)
                return -ENOMEM;
        era->n_refs = 1;
        r = directory_new(event, config->users, &era->directory);
        if (r < 0)
                return r;
        r = platform_new(event, &platform, &era->platform);
        if (r < 0)
                return r;

        era->config = config;
        *ret = TAKE_PTR(era);
        return 0;
}

Era *era_ref(Era *era) {
        era->n_refs++;
        return era;
}

Era *era_unref(Era *era) {
        if (!era || --era->n_refs > 0)
                return NULL;

        era->platform = platform_free(era->platform);
        era->directory = directory_free(era->directory);
        era->config = config_free(era->config);
        free(era);
        return NULL;
}

Phase era_phase(const Era *era) {
        Phase announced = platform_phase(era->platform);

        return announced < _PHASE_MAX && announced > era->config->phase ? announced :
                                                                          era->config->phase;
}
