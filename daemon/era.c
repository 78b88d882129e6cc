/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Era: references, because logins outlive a reload */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "daemon/era.h"
#include "daemon/log.h"

/* What there is one of on this host as long as the configuration says the same of it. */
struct EraHost {
        unsigned n_refs;
        Directory *directory;
        Signer *signer;
};

static EraHost *host_unref(EraHost *host) {
        if (!host || --host->n_refs > 0)
                return NULL;

        host->signer = signer_free(host->signer);
        host->directory = directory_free(host->directory);
        free(host);
        return NULL;
}
DEFINE_CLEANUP(EraHost, host_unref)

static int set_accounts(Directory *directory, const Config *config, const EraPlaces *places) {
        char state[256] = "";
        const ProvisionConfig provision = {
                .uid_min = (uid_t)config->uid_min,
                .uid_max = (uid_t)config->uid_max,
                .home = config->home,
                .shell = config->shell,
                .state = state,
                .records = places->records,
        };
        int r;

        if (config->accounts == ACCOUNTS_PROVISION && (!places->state || !places->records))
                return -EINVAL;
        if (places->state)
                (void)snprintf(state, sizeof(state), "%s/users", places->state);
        r = directory_set_accounts(directory, config->accounts,
                                   config->accounts == ACCOUNTS_PROVISION ? &provision : NULL);
        if (r < 0)
                log_record(LOG_ERR, 0, "no local users can be made: %s", strerrordesc_np(-r));
        return r;
}

static int host_new(sd_event *event, const Config *config, const EraPlaces *places,
                    EraHost **ret) {
        _cleanup_(host_unrefp) EraHost *host = calloc(1, sizeof(*host));
        const SignerConfig signer = {
                .folder = config->certificates,
                .pkcs11_module = config->pkcs11_module,
                .helper = SIGNER_HELPER_PATH,
                .timeout_usec = config->sign_timeout_usec,
        };
        int r;

        if (!host)
                return -ENOMEM;
        host->n_refs = 1;
        r = directory_new(event, config->users, &host->directory);
        if (r < 0)
                return r;
        if (places) {
                r = set_accounts(host->directory, config, places);
                if (r < 0)
                        return r;
        }
        if (config->certificates || config->pkcs11_module) {
                r = signer_new(event, &signer, &host->signer);
                if (r < 0)
                        return r;
        }
        *ret = TAKE_PTR(host);
        return 0;
}

static bool is_same(const char *a, const char *b) {
        return a == b || (a && b && strcmp(a, b) == 0);
}

static bool host_is_same(const Config *a, const Config *b) {
        return is_same(a->users, b->users) && a->accounts == b->accounts &&
                a->uid_min == b->uid_min && a->uid_max == b->uid_max && is_same(a->home, b->home) &&
                is_same(a->shell, b->shell) && is_same(a->certificates, b->certificates) &&
                is_same(a->pkcs11_module, b->pkcs11_module) &&
                a->sign_timeout_usec == b->sign_timeout_usec;
}

int era_new(sd_event *event, Config *config, const EraPlaces *places, const Era *before, Era **ret) {
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
        int r = 0;

        if (!era)
                return -ENOMEM;
        era->n_refs = 1;
        era->number = before ? before->number + 1 : 1;
        if (before && host_is_same(before->config, config)) {
                era->host = before->host;
                era->host->n_refs++;
        } else
                r = host_new(event, config, places, &era->host);
        if (r < 0)
                return r;
        era->directory = era->host->directory;
        era->signer = era->host->signer;
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
        era->host = host_unref(era->host);
        era->config = config_free(era->config);
        free(era);
        return NULL;
}

/* What the platform announces. A day that cannot be read counts as none: what it says of now holds. */
static PhaseSchedule platform_days(const Platform *platform) {
        const char *const *days = platform_schedule(platform);
        PhaseSchedule schedule = {};

        for (Phase phase = 0; days && phase < _PHASE_MAX; phase++)
                if (days[phase])
                        (void)phase_day_parse(days[phase], &schedule.first[phase]);
        return schedule;
}

static Phase platform_phase_at(const Platform *platform, int64_t time_sec) {
        const PhaseSchedule schedule = platform_days(platform);
        const Phase now = platform_phase(platform);

        return phase_stricter(now < _PHASE_MAX ? now : PHASE_DUAL,
                              phase_in_force(&schedule, time_sec));
}

Phase era_phase(const Era *era, int64_t time_sec, PhaseSource *ret_by) {
        Phase ours = config_phase(era->config, time_sec),
              theirs = platform_phase_at(era->platform, time_sec);

        if (ret_by)
                *ret_by = theirs > ours ? PHASE_BY_PLATFORM : PHASE_BY_CONFIGURATION;
        return phase_stricter(ours, theirs);
}

Phase era_next_phase(const Era *era, int64_t time_sec, int64_t *ret_time_sec) {
        const PhaseSchedule schedules[] = { era->config->phases, platform_days(era->platform) };
        const Phase now = era_phase(era, time_sec, NULL);
        Phase next = _PHASE_MAX;

        for (size_t i = 0; i < ELEMENTSOF(schedules); i++)
                for (Phase phase = 0; phase < _PHASE_MAX; phase++) {
                        const PhaseDay *day = &schedules[i].first[phase];
                        int64_t begin = day->is_set ? phase_day_begin(day) : 0;

                        if (!day->is_set || begin <= time_sec || phase <= now ||
                            (next != _PHASE_MAX && begin >= *ret_time_sec))
                                continue;
                        next = era_phase(era, begin, NULL);
                        *ret_time_sec = begin;
                }
        return next;
}

int64_t era_now_sec(void) {
        struct timespec t = {};

        (void)clock_gettime(CLOCK_REALTIME, &t);
        return (int64_t)t.tv_sec;
}
