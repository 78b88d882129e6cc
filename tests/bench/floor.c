/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The floor: what any program would pay that asks a daemon on the system bus, which asks a server
 * three times over a kept connection. And what a password hash costs alone. */

#include <crypt.h>
#include <curl/curl.h>
#include <stdio.h>
#include <string.h>
#include <systemd/sd-bus.h>

#include "lib/common/util.h"
#include "tests/bench/bench.h"
#include "tests/bench/load.h"

static void busp(sd_bus **bus) {
        sd_bus_flush_close_unref(*bus);
}

static int sample_bus(size_t worker, size_t number, void *userdata) {
        _cleanup_(busp) sd_bus *bus = NULL;

        (void)worker, (void)number, (void)userdata;
        if (sd_bus_open_system(&bus) < 0)
                return -1;
        return sd_bus_call_method(bus, "org.itax.Auth1", "/org/itax/Auth1",
                                  "org.freedesktop.DBus.Peer", "Ping", NULL, NULL, "") < 0
                       ? -1
                       : 0;
}

int bench_bus(const BenchOptions *options) {
        const Load load = {
                .n_samples = options->n_samples,
                .n_workers = options->n_workers,
                .sample = sample_bus,
        };

        return load_run(&load);
}

typedef struct Server {
        const BenchOptions *options;
        CURL *curl; /* of this worker */
} Server;

static size_t discard(char *data, size_t size, size_t n, void *userdata) {
        (void)data, (void)userdata;
        return size * n;
}

static int begin_https(size_t worker, void *userdata) {
        Server *server = userdata;
        char url[512];

        (void)worker;
        server->curl = curl_easy_init();
        if (!server->curl)
                return -1;
        (void)snprintf(url, sizeof(url), "%s/healthz", server->options->issuer);
        (void)curl_easy_setopt(server->curl, CURLOPT_URL, url);
        (void)curl_easy_setopt(server->curl, CURLOPT_CAINFO, server->options->ca);
        (void)curl_easy_setopt(server->curl, CURLOPT_WRITEFUNCTION, discard);
        (void)curl_easy_setopt(server->curl, CURLOPT_FAILONERROR, 1L);
        (void)curl_easy_setopt(server->curl, CURLOPT_NOSIGNAL, 1L);
        (void)curl_easy_setopt(server->curl, CURLOPT_PROXY, "");
        /* The connection itself is not part of the floor. */
        return curl_easy_perform(server->curl) == CURLE_OK ? 0 : -1;
}

static int sample_https(size_t worker, size_t number, void *userdata) {
        Server *server = userdata;

        (void)worker, (void)number;
        for (int i = 0; i < 3; i++)
                if (curl_easy_perform(server->curl) != CURLE_OK)
                        return -1;
        return 0;
}

int bench_https(const BenchOptions *options) {
        Server server = { .options = options };
        const Load load = {
                .n_samples = options->n_samples,
                .n_workers = options->n_workers,
                .userdata = &server,
                .begin = begin_https,
                .sample = sample_https,
        };

        return load_run(&load);
}

static int sample_hash(size_t worker, size_t number, void *userdata) {
        const BenchOptions *options = userdata;
        struct crypt_data data = {};

        (void)worker, (void)number;
        return crypt_rn("Jia-pass1", options->setting, &data, sizeof(data)) ? 0 : -1;
}

int bench_hash(const BenchOptions *options) {
        BenchOptions own = *options;
        const Load load = {
                .n_samples = options->n_samples,
                .n_workers = options->n_workers,
                .userdata = &own,
                .sample = sample_hash,
        };

        return load_run(&load);
}
