/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Status: each stretch of the way to the platform, one line each. How the daemon itself is it tells root
 * alone. */

#include <inttypes.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "ctl/ctl.h"
#include "lib/client/client.h"
#include "lib/common/text.h"

#define DAY_SEC 86400
#define CERTIFICATE_SOON_SEC (14 * DAY_SEC)
#define CLOCK_CLOSE_SEC 5     /* nobody's fault: a second is lost on the way */
#define CLOCK_TOLERATED_SEC 60 /* beyond it codes and certificates are taken for too old or too new */
#define DETAIL_BYTES 2048
#define LINES_MAX 10

typedef enum Verdict { VERDICT_OK, VERDICT_LOOK, VERDICT_FAILED, VERDICT_NONE, _VERDICT_MAX } Verdict;

static const char *const verdict_words[_VERDICT_MAX] = {
        [VERDICT_OK] = N_("ok"),
        [VERDICT_LOOK] = N_("look at this"),
        [VERDICT_FAILED] = N_("FAILED"),
        [VERDICT_NONE] = "",
};

typedef struct Line {
        const char *label;
        Verdict verdict;
        char detail[DETAIL_BYTES];
} Line;

/* What is known. */
typedef struct State {
        ClientProbe probe;
        ClientStatus status;
        bool has_status;
        uint64_t now_sec;
        Line lines[LINES_MAX];
        size_t n;
        Verdict worst;
} State;

static void state_done(State *state) {
        client_status_done(&state->status);
}

static const char *user_name(uid_t uid) {
        const struct passwd *entry = uid == (uid_t)-1 ? NULL : getpwuid(uid);

        return entry ? entry->pw_name : "?";
}

static Line *line_add(State *state, const char *label, Verdict verdict) {
        Line *line = &state->lines[state->n++];

        line->label = label;
        line->verdict = verdict;
        if (verdict != VERDICT_NONE && verdict > state->worst)
                state->worst = verdict;
        return line;
}

static void add_way(State *state) {
        const ClientProbe *probe = &state->probe;
        Line *line;

        line = line_add(state, N_("bus"), probe->stage > CLIENT_STAGE_BUS ? VERDICT_OK : VERDICT_FAILED);
        (void)snprintf(line->detail, sizeof(line->detail), "%s", CLIENT_BUS_PATH);
        if (probe->stage <= CLIENT_STAGE_BUS)
                return;

        line = line_add(state, N_("daemon"), probe->stage > CLIENT_STAGE_NAME ? VERDICT_OK : VERDICT_FAILED);
        (void)snprintf(line->detail, sizeof(line->detail), _("%s, after %.1f ms"), CLIENT_BUS_NAME,
                       (double)probe->usec / 1000);
        if (probe->stage <= CLIENT_STAGE_NAME)
                return;

        line = line_add(state, N_("owner"), probe->stage > CLIENT_STAGE_OWNER ? VERDICT_OK : VERDICT_FAILED);
        (void)snprintf(line->detail, sizeof(line->detail), "uid %u (%s)", (unsigned)probe->uid,
                       user_name(probe->uid));
}

static void add_configuration(State *state) {
        const ClientStatus *status = &state->status;
        char loaded[TIME_BYTES];
        Line *line;

        format_time(status->config_loaded_sec, loaded);
        line = line_add(state, N_("configuration"), status->config_error ? VERDICT_FAILED : VERDICT_OK);
        if (status->config_error)
                (void)snprintf(line->detail, sizeof(line->detail),
                               _("%s: changed since %s, but not taken over: %s"),
                               status->config ? status->config : "?", loaded, status->config_error);
        else
                (void)snprintf(line->detail, sizeof(line->detail), _("%s, read %s"),
                               status->config ? status->config : "?", loaded);
}

static const char *platform_explain(const char *word) {
        static const struct {
                const char *word, *text;
        } table[] = {
                { "away", N_("cannot be reached") },
                { "untrusted", N_("is not trusted: look at its certificate and at ca_file") },
                { "refused", N_("refuses this host: look at client_id and client_secret_file") },
                { "broken", N_("does not answer as a platform does: look at issuer") },
        };

        for (size_t i = 0; word && i < ELEMENTSOF(table); i++)
                if (strcmp(table[i].word, word) == 0)
                        return _(table[i].text);
        return word ? word : "?";
}

static void add_platform(State *state) {
        const ClientStatus *status = &state->status;
        const bool is_good = status->platform && strcmp(status->platform, "ok") == 0;
        const char *issuer = status->issuer ? status->issuer : "?";
        char when[TIME_BYTES];
        int64_t left;
        Line *line;

        line = line_add(state, N_("platform"), is_good ? VERDICT_OK : VERDICT_FAILED);
        if (is_good)
                (void)snprintf(line->detail, sizeof(line->detail), _("%s, after %llu ms"), issuer,
                               (unsigned long long)status->platform_milliseconds);
        else
                (void)snprintf(line->detail, sizeof(line->detail), "%s %s%s%s%s", issuer,
                               platform_explain(status->platform), status->platform_error ? " (" : "",
                               status->platform_error ? status->platform_error : "",
                               status->platform_error ? ")" : "");

        if (status->tls_expires_sec) {
                left = (int64_t)(status->tls_expires_sec - state->now_sec);
                format_time(status->tls_expires_sec, when);
                line = line_add(state, N_("certificate"), left <= 0                    ? VERDICT_FAILED :
                                                          left <= CERTIFICATE_SOON_SEC ? VERDICT_LOOK :
                                                                                         VERDICT_OK);
                (void)snprintf(line->detail, sizeof(line->detail), _("of the platform, until %s (days: %lld)"),
                               when, (long long)(left / DAY_SEC));
        }
        if (status->clock_offset_sec != CLIENT_OFFSET_UNKNOWN) {
                const int64_t offset = status->clock_offset_sec;
                const uint64_t away = offset < 0 ? -(uint64_t)offset : (uint64_t)offset;

                line = line_add(state, N_("clock"), away <= CLOCK_CLOSE_SEC     ? VERDICT_OK :
                                                    away <= CLOCK_TOLERATED_SEC ? VERDICT_LOOK :
                                                                                  VERDICT_FAILED);
                (void)snprintf(line->detail, sizeof(line->detail),
                               _("the platform's differs by %+lld s"), (long long)offset);
        }
}

static void add_work(State *state) {
        const ClientStatus *status = &state->status;
        char when[TIME_BYTES];
        Line *line;

        line = line_add(state, N_("phase"), VERDICT_NONE);
        format_time(status->next_phase_at_sec, when);
        if (status->next_phase)
                (void)snprintf(line->detail, sizeof(line->detail), _("%s; %s from %s on"),
                               status->phase ? status->phase : "?", status->next_phase, when);
        else
                (void)snprintf(line->detail, sizeof(line->detail), "%s", status->phase ? status->phase : "?");
        line = line_add(state, N_("logins"), VERDICT_NONE);
        (void)snprintf(line->detail, sizeof(line->detail),
                       _("%u in progress, %u of them waiting for a scan; %u logged in"), status->logins,
                       status->waiting, status->sessions);
        if (status->audit) {
                const bool is_good = strcmp(status->audit, "ok") == 0;

                line = line_add(state, N_("audit file"), is_good ? VERDICT_OK : VERDICT_FAILED);
                (void)snprintf(line->detail, sizeof(line->detail), "%s", is_good ? "" : status->audit);
        }
}

static void print_text(const State *state) {
        size_t label_width = 0, verdict_width = 0;

        for (size_t i = 0; i < state->n; i++) {
                const size_t label = text_width(_(state->lines[i].label));
                const Verdict v = state->lines[i].verdict;
                const size_t word = v == VERDICT_NONE ? 0 : text_width(_(verdict_words[v]));

                label_width = label > label_width ? label : label_width;
                verdict_width = word > verdict_width ? word : verdict_width;
        }
        for (size_t i = 0; i < state->n; i++) {
                const Line *line = &state->lines[i];
                const char *word = line->verdict == VERDICT_NONE ? "" : _(verdict_words[line->verdict]);

                label_print_part(stdout, _(line->label), label_width + 2);
                if (line->detail[0])
                        label_print(stdout, word, verdict_width + 2, line->detail);
                else
                        label_print(stdout, "", 0, word);
        }
}

static void print_status_json(Json *json, const ClientStatus *status) {
        json_string(json, "version", status->version);
        json_number(json, "started", status->started_sec);
        json_string(json, "config", status->config);
        json_number(json, "config_loaded", status->config_loaded_sec);
        json_string(json, "config_error", status->config_error);
        json_string(json, "phase", status->phase);
        json_string(json, "next_phase", status->next_phase);
        if (status->next_phase)
                json_number(json, "next_phase_at", status->next_phase_at_sec);
        json_string(json, "issuer", status->issuer);
        json_string(json, "platform", status->platform);
        json_string(json, "platform_error", status->platform_error);
        json_number(json, "platform_milliseconds", status->platform_milliseconds);
        if (status->tls_expires_sec)
                json_number(json, "tls_expires", status->tls_expires_sec);
        if (status->clock_offset_sec != CLIENT_OFFSET_UNKNOWN)
                json_signed(json, "clock_offset", status->clock_offset_sec);
        json_number(json, "logins", status->logins);
        json_number(json, "waiting", status->waiting);
        json_number(json, "sessions", status->sessions);
        json_string(json, "users", status->users);
        json_string(json, "language", status->language);
        json_string(json, "audit", status->audit);
        json_string(json, "audit_head", status->audit_head);
}

static void print_json(const State *state) {
        Json json = { .out = stdout };

        json_open(&json, NULL, '{');
        json_truth(&json, "ok", state->worst != VERDICT_FAILED);
        json_truth(&json, "bus", state->probe.stage > CLIENT_STAGE_BUS);
        json_truth(&json, "daemon", state->probe.stage > CLIENT_STAGE_NAME);
        json_truth(&json, "trusted", state->probe.stage > CLIENT_STAGE_OWNER);
        if (state->has_status)
                print_status_json(&json, &state->status);
        json_close(&json, '}');
        (void)printf("\n");
}

int ctl_status(_unused_ char **arguments, const CtlOptions *options) {
        _cleanup_(state_done) State state = { .now_sec = (uint64_t)time(NULL) };
        int r, q = 0;

        r = client_probe(&state.probe);
        add_way(&state);
        if (r == 0 && geteuid() == 0) {
                progress_show(_("asking the platform"));
                q = client_status(&state.status);
                progress_hide();
                state.has_status = q == 0;
        }
        if (state.has_status) {
                add_configuration(&state);
                add_platform(&state);
                add_work(&state);
        }

        if (options->json)
                print_json(&state);
        else
                print_text(&state);
        if (r != 0) {
                ctl_complain("%s", ctl_explain(r));
                if (state.probe.stage == CLIENT_STAGE_NAME)
                        ctl_complain("%s", _("itaxctl config check tells whether the configuration is the reason"));
                return CTL_AWAY; /* of whatever kind: the way is not open */
        }
        if (q != 0)
                return ctl_fail(q);
        if (!state.has_status && !options->json)
                (void)printf("%s\n", _("How the daemon and the platform are, root is told: sudo itaxctl status"));
        return state.worst == VERDICT_FAILED ? CTL_NO : CTL_OK;
}
