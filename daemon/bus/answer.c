/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Answer: what the methods beside OpenLogin return, put into messages. What is unknown is left out of
 * the map. */

#include "daemon/bus/bus-private.h"

typedef struct Word {
        const char *key, *value;
} Word;

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

static int append_session(sd_bus_message *message, const BusSession *session) {
        const Word words[] = {
                { "session", session->session },     { "user", session->user },
                { "account", session->account },     { "name", session->name },
                { "unit", session->unit },           { "unit_name", session->unit_name },
                { "method", session->method },       { "service", session->service },
                { "tty", session->tty },             { "rhost", session->rhost },
        };
        const Truth truths[] = { { "open", session->open } };
        int r;

        r = sd_bus_message_open_container(message, 'a', "{sv}");
        if (r >= 0)
                r = append_words(message, words, ELEMENTSOF(words));
        if (r >= 0)
                r = sd_bus_message_append(message, "{sv}", "since", "t", session->since_sec);
        if (r >= 0)
                r = append_truths(message, truths, ELEMENTSOF(truths));
        return r < 0 ? r : sd_bus_message_close_container(message);
}

int bus_answer_sessions(sd_bus_message *call, const BusSession *sessions, size_t n) {
        _cleanup_(bus_message_unrefp) sd_bus_message *reply = NULL;
        int r;

        r = sd_bus_message_new_method_return(call, &reply);
        if (r >= 0)
                r = sd_bus_message_open_container(reply, 'a', "a{sv}");
        for (size_t i = 0; i < n && r >= 0; i++)
                r = append_session(reply, &sessions[i]);
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
