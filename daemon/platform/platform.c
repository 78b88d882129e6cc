/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Platform: what all logins share - connections, metadata, the workstation's own secret - and the
 * check that the configuration is one to start with. */

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "daemon/log.h"
#include "daemon/platform/address.h"
#include "daemon/platform/body.h"
#include "daemon/platform/platform-internal.h"

#define CLIENT_ID_BYTES_MAX 64

static int refuse(const char *what, const char *path, const char *why) {
        log_record(LOG_ERR, 0, "platform: %s %s: %s", what, path, why);
        return -EINVAL;
}

/* Read into a secret, so that no copy stays on the heap. The rules are those of any file with a
 * secret: a regular file of root's or our own that others neither read nor write. */
static int secret_read(int fd, Secret **ret) {
        _cleanup_(secret_freep) Secret *secret = NULL;
        char chunk[256];
        ssize_t n;
        int r;

        r = secret_new(LIMIT_TOKEN_BYTES + 2, &secret); /* and a line end */
        if (r < 0)
                return r;
        while ((n = read(fd, chunk, sizeof(chunk))) > 0) {
                r = secret_append(secret, chunk, (size_t)n);
                explicit_bzero(chunk, sizeof(chunk));
                if (r < 0)
                        return r;
        }
        if (n < 0)
                return -errno;

        for (size_t i = secret_size(secret); i > 0 && strchr("\r\n", secret_text(secret)[i - 1]);
             i--)
                secret_truncate(secret, i - 1);
        *ret = TAKE_PTR(secret);
        return 0;
}

static int load_secret(const char *path, Secret **ret) {
        static const char what[] = "client_secret_file";
        _cleanup_(secret_freep) Secret *secret = NULL;
        _cleanup_(closep) int fd =
                open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
        struct stat st;
        int r;

        if (fd < 0 || fstat(fd, &st) < 0)
                return refuse(what, path, strerrordesc_np(errno));
        if (!S_ISREG(st.st_mode))
                return refuse(what, path, "is no regular file");
        if (st.st_uid != 0 && st.st_uid != geteuid())
                return refuse(what, path, "belongs neither to root nor to the daemon");
        if (st.st_mode & (S_IWGRP | S_IRWXO))
                return refuse(what, path, "may be read or written by others");

        r = secret_read(fd, &secret);
        if (r == -ENOBUFS)
                return refuse(what, path, "is too long");
        if (r < 0)
                return refuse(what, path, strerrordesc_np(-r));
        if (secret_size(secret) == 0)
                return refuse(what, path, "is empty");
        for (size_t i = 0; i < secret_size(secret); i++)
                if (secret_text(secret)[i] < 0x20 || secret_text(secret)[i] > 0x7e)
                        return refuse(what, path, "holds more than one line of ASCII");
        *ret = TAKE_PTR(secret);
        return 0;
}

static bool client_id_is_valid(const char *id) {
        size_t n = strlen(id);

        return n >= 1 && n <= CLIENT_ID_BYTES_MAX &&
               strspn(id, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz._-") == n;
}

static int check_config(const PlatformConfig *config) {
        _cleanup_(closep) int fd = -1;

        if (!config->issuer || !address_is_issuer(config->issuer))
                return refuse("issuer", config->issuer ? config->issuer : "",
                              "must be https://HOST without a slash at the end");
        if (!config->client_id || !client_id_is_valid(config->client_id))
                return refuse("client_id", config->client_id ? config->client_id : "",
                              "must be 1-64 letters, digits, '.', '_' or '-'");
        if (!config->ca_file)
                return refuse("ca_file", "", "is missing");
        if (config->timeout_usec == 0 || config->timeout_usec > LIMIT_BACKEND_WAIT_USEC ||
            config->connect_timeout_usec == 0)
                return refuse("timeout", "", "must be 1 to 15 seconds");

        fd = open(config->ca_file, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
        if (fd < 0)
                return refuse("ca_file", config->ca_file, strerrordesc_np(errno));
        return 0;
}

int platform_new(sd_event *event, const PlatformConfig *config, Platform **ret) {
        _cleanup_(platform_freep) Platform *platform = NULL;
        _cleanup_(secret_freep) Secret *client_secret = NULL;
        HttpConfig http = {
                .sharing = HTTP_APART,
                .ca_file = config->ca_file,
                .unix_socket = config->unix_socket,
                .proxy = config->proxy,
                .connect_timeout_usec = config->connect_timeout_usec,
        };
        int r;

        r = check_config(config);
        if (r < 0)
                return r;
        platform = calloc(1, sizeof(*platform));
        if (!platform)
                return -ENOMEM;

        platform->event = sd_event_ref(event);
        platform->timeout_usec = config->timeout_usec;
        platform->hold_usec = LIMIT_HOLD_USEC;
        platform->issuer = strdup(config->issuer);
        platform->client_id = strdup(config->client_id);
        if (!platform->issuer || !platform->client_id)
                return -ENOMEM;

        if (config->client_secret_file) {
                r = load_secret(config->client_secret_file, &client_secret);
                if (r == 0)
                        r = authorization_new_basic(config->client_id, client_secret,
                                                    &platform->authorization);
                if (r < 0)
                        return r;
        }
        r = http_new(event, &http, &platform->http);
        if (r == 0)
                r = metadata_cache_new(event, platform->http, platform->issuer,
                                       platform->timeout_usec, &platform->metadata);
        if (r == 0)
                *ret = TAKE_PTR(platform);
        return r;
}

Platform *platform_free(Platform *platform) {
        if (platform) {
                revocations_done(platform);
                metadata_wait_cancel(&platform->greeting);
                (void)metadata_cache_free(platform->metadata);
                (void)http_free(platform->http);
                for (size_t i = 0; i < ELEMENTSOF(platform->polls); i++)
                        (void)http_free(platform->polls[i]);
                (void)sd_event_unref(platform->event);
                (void)secret_free(platform->authorization);
                free(platform->issuer);
                free(platform->client_id);
                free(platform);
        }
        return NULL;
}

Http *platform_polls(Platform *platform) {
        for (size_t i = 0; i < ELEMENTSOF(platform->polls); i++) {
                Http **polls = &platform->polls[i];

                if (!*polls && http_new_beside(platform->http, HTTP_TOGETHER, polls) < 0)
                        break;
                if (http_load(*polls) < POLLS_TOGETHER)
                        return *polls;
        }
        return platform->http;
}

static void on_greeting(Metadata *metadata _unused_, ReplyKind fault _unused_,
                        void *userdata _unused_) {
}

void platform_greet(Platform *platform) {
        _cleanup_(metadata_unrefp) Metadata *metadata = NULL;

        if (platform->greeting.link)
                return;
        platform->greeting = (MetadataWait){ .fn = on_greeting };
        (void)metadata_cache_get(platform->metadata, &platform->greeting, &metadata);
}

Phase platform_phase(const Platform *platform) {
        const Metadata *metadata = metadata_cache_peek(platform->metadata);

        return metadata ? metadata->phase : _PHASE_MAX;
}

const char *const *platform_schedule(const Platform *platform) {
        static const char *const none[_PHASE_MAX] = {};
        const Metadata *metadata = metadata_cache_peek(platform->metadata);

        return metadata ? metadata->schedule : none;
}

const PlatformLinks *platform_links(const Platform *platform) {
        static const PlatformLinks none = {};
        const Metadata *metadata = metadata_cache_peek(platform->metadata);

        return metadata ? &metadata->links : &none;
}

const char *platform_scope(const Metadata *metadata) {
        return metadata->wire.units_endpoint ? "openid profile units" : "openid profile";
}
