/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Answer: what the methods beside OpenLogin return, put into messages. What is unknown is left out of
 * the map. */

#include "daemon/bus/bus-private.h"

typedef struct Word {
        const char *key, *value;
} Word;

typedef struct Number {
        const char *key;
        uint64_t value;
} Number;

typedef struct Truth {
        const char *key;
        bool value;
} Truth;

static int append_words(sd_bus_message *message, const Word *words, size_t n) {
        int r = 0;

        for (size_t i = 0; i < n && r >= 0; i++)
                if (words[i].value)
                        r = sd_bus_message_append(message, "{sv}", words[i].key, "s",
                                                  words[i].value);
        return r;
}

static int append_truths(sd_bus_message *message, const Truth *truths, size_t n) {
        int r = 0;

        for (size_t i = 0; i < n && r >= 0; i++)
                r = sd_bus_message_append(message, "{sv}", truths[i].key, "b",
                                          (int)truths[i].value);
        return r;
}

static int append_times(sd_bus_message *message, const Number *times, size_t n) {
        int r = 0;

        for (size_t i = 0; i < n && r >= 0; i++)
                r = sd_bus_message_append(message, "{sv}", times[i].key, "t", times[i].value);
        return r;
}

static int append_counts(sd_bus_message *message, const Number *counts, size_t n) {
        int r = 0;

        for (size_t i = 0; i < n && r >= 0; i++)
                r = sd_bus_message_append(message, "{sv}", counts[i].key, "u", (uint32_t)counts[i].value);
        return r;
}

static int append_session(sd_bus_message *message, const void *list, size_t i) {
        const BusSession *session = (const BusSession *)list + i;
        const Word words[] = {
                { "session", session->session },     { "user", session->user },
                { "account", session->account },     { "name", session->name },
                { "unit", session->unit },           { "unit_name", session->unit_name },
                { "method", session->method },       { "service", session->service },
                { "tty", session->tty },             { "rhost", session->rhost },
        };
        const Truth truths[] = { { "open", session->open } };
        int r;

        r = append_words(message, words, ELEMENTSOF(words));
        if (r >= 0)
                r = sd_bus_message_append(message, "{sv}", "since", "t", session->since_sec);
        return r < 0 ? r : append_truths(message, truths, ELEMENTSOF(truths));
}

static int append_login(sd_bus_message *message, const void *list, size_t i) {
        const BusLogin *login = (const BusLogin *)list + i;
        const Word words[] = {
                { "service", login->service }, { "tty", login->tty },   { "rhost", login->rhost },
                { "user", login->user },       { "step", login->step },
        };
        const Number times[] = { { "login", login->login }, { "since", login->since_sec } };
        const Number counts[] = { { "caller", login->caller } };
        int r;

        r = append_words(message, words, ELEMENTSOF(words));
        if (r >= 0)
                r = append_times(message, times, ELEMENTSOF(times));
        return r < 0 ? r : append_counts(message, counts, ELEMENTSOF(counts));
}

static int append_lock(sd_bus_message *message, const void *list, size_t i) {
        const BusLock *lock = (const BusLock *)list + i;
        const Word words[] = { { "kind", lock->kind }, { "subject", lock->subject } };
        const Number times[] = { { "until", lock->until_sec } };
        const Number counts[] = { { "tries", lock->tries } };
        int r;

        r = append_words(message, words, ELEMENTSOF(words));
        if (r >= 0)
                r = append_times(message, times, ELEMENTSOF(times));
        return r < 0 ? r : append_counts(message, counts, ELEMENTSOF(counts));
}

/* A list of maps, each entry made by @append. */
static int answer_list(sd_bus_message *call, const void *list, size_t n,
                       int (*append)(sd_bus_message *message, const void *list, size_t i)) {
        _cleanup_(bus_message_unrefp) sd_bus_message *reply = NULL;
        int r;

        r = sd_bus_message_new_method_return(call, &reply);
        if (r >= 0)
                r = sd_bus_message_open_container(reply, 'a', "a{sv}");
        for (size_t i = 0; i < n && r >= 0; i++) {
                r = sd_bus_message_open_container(reply, 'a', "{sv}");
                if (r >= 0)
                        r = append(reply, list, i);
                if (r >= 0)
                        r = sd_bus_message_close_container(reply);
        }
        if (r >= 0)
                r = sd_bus_message_close_container(reply);
        return r < 0 ? r : sd_bus_send(NULL, reply, NULL);
}

int bus_answer_sessions(sd_bus_message *call, const BusSession *sessions, size_t n) {
        return answer_list(call, sessions, n, append_session);
}

int bus_answer_logins(sd_bus_message *call, const BusLogin *logins, size_t n) {
        return answer_list(call, logins, n, append_login);
}

int bus_answer_locks(sd_bus_message *call, const BusLock *locks, size_t n) {
        return answer_list(call, locks, n, append_lock);
}

static int append_status(sd_bus_message *message, const BusStatus *status) {
        const Word words[] = {
                { "version", status->version },
                { "config", status->config },
                { "config_error", status->config_error },
                { "phase", status->phase },
                { "next_phase", status->next_phase },
                { "issuer", status->issuer },
                { "platform", status->platform },
                { "platform_error", status->platform_error },
                { "users", status->users },
                { "language", status->language },
                { "audit", status->audit },
                { "audit_head", status->audit_head },
        };
        const Number times[] = {
                { "started", status->started_sec },
                { "config_loaded", status->config_loaded_sec },
                { "platform_milliseconds", status->platform_milliseconds },
                { "next_phase_at", status->next_phase_at_sec },
                { "tls_expires", status->tls_expires_sec },
        };
        const Number counts[] = {
                { "logins", status->logins },
                { "waiting", status->waiting },
                { "sessions", status->sessions },
        };
        int r;

        r = append_words(message, words, ELEMENTSOF(words));
        for (size_t i = 0; i < ELEMENTSOF(times) && r >= 0; i++)
                if (times[i].value)
                        r = append_times(message, &times[i], 1);
        if (r >= 0)
                r = append_counts(message, counts, ELEMENTSOF(counts));
        if (r >= 0 && status->has_clock)
                r = sd_bus_message_append(message, "{sv}", "clock_offset", "x",
                                          status->clock_offset_sec);
        return r;
}

int bus_answer_status(sd_bus_message *call, const BusStatus *status) {
        _cleanup_(bus_message_unrefp) sd_bus_message *reply = NULL;
        int r;

        r = sd_bus_message_new_method_return(call, &reply);
        if (r >= 0)
                r = sd_bus_message_open_container(reply, 'a', "{sv}");
        if (r >= 0)
                r = append_status(reply, status);
        if (r >= 0)
                r = sd_bus_message_close_container(reply);
        return r < 0 ? r : sd_bus_send(NULL, reply, NULL);
}

int bus_answer_simulation(sd_bus_message *call, const BusSimulation *simulation) {
        _cleanup_(bus_message_unrefp) sd_bus_message *reply = NULL;
        const Word words[] = {
                { "date", simulation->date },
                { "phase", simulation->phase },
                { "phase_by", simulation->phase_by },
                { "user", simulation->user },
                { "user_by", simulation->user_by },
                { "unit_policy", simulation->unit_policy },
                { "method", simulation->method },
        };
        const Truth truths[] = {
                { "unit_allowed", simulation->unit_allowed },
                { "relation", simulation->relation },
                { "declaration_password", simulation->declaration_password },
                { "certificate", simulation->certificate },
                { "unit_login", simulation->unit_login },
        };
        int r;

        r = sd_bus_message_new_method_return(call, &reply);
        if (r >= 0)
                r = sd_bus_message_open_container(reply, 'a', "{sv}");
        if (r >= 0)
                r = append_words(reply, words, ELEMENTSOF(words));
        if (r >= 0)
                r = append_truths(reply, truths, ELEMENTSOF(truths));
        if (r >= 0)
                r = sd_bus_message_close_container(reply);
        return r < 0 ? r : sd_bus_send(NULL, reply, NULL);
}
