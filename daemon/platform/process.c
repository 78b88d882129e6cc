/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Process: what has to be settled before the first line of libcurl or OpenSSL runs. Both keep
 * copies of request bodies and headers on the heap, so both get allocators that erase (measured:
 * otherwise two copies of each body stay behind). Both also listen to the environment, which is not
 * ours to trust. */

#include <errno.h>
#include <string.h>
#include <strings.h>

#include <curl/curl.h>
#include <openssl/crypto.h>

#include "daemon/platform/platform.h"
#include "lib/common/secret.h"
#include "lib/wire/wire.h"

/* Variables that move TLS secrets, trust, proxies or name look-up elsewhere. */
static const char *const bad_names[] = {
        "SSLKEYLOGFILE", "SSL_CERT_FILE", "SSL_CERT_DIR", "CTLOG_FILE",   "NETRC",
        "HOSTALIASES",   "LOCALDOMAIN",   "RES_OPTIONS",  "RESOLV_HOST_CONF",
};
static const char *const bad_prefixes[] = { "CURL_", "OPENSSL_", "QLOGDIR" };
static const char *const bad_suffixes[] = { "_proxy" };

static bool name_is_bad(const char *name, size_t n) {
        for (size_t i = 0; i < ELEMENTSOF(bad_names); i++)
                if (n == strlen(bad_names[i]) && memcmp(name, bad_names[i], n) == 0)
                        return true;
        for (size_t i = 0; i < ELEMENTSOF(bad_prefixes); i++)
                if (n >= strlen(bad_prefixes[i]) &&
                    memcmp(name, bad_prefixes[i], strlen(bad_prefixes[i])) == 0)
                        return true;
        for (size_t i = 0; i < ELEMENTSOF(bad_suffixes); i++) {
                size_t n_suffix = strlen(bad_suffixes[i]);

                if (n >= n_suffix &&
                    strncasecmp(name + n - n_suffix, bad_suffixes[i], n_suffix) == 0)
                        return true;
        }
        return false;
}

static int environment_clean(void) {
        size_t i = 0;

        while (environ && environ[i]) {
                size_t n = strcspn(environ[i], "=");

                if (name_is_bad(environ[i], n)) {
                        _cleanup_(freep) char *name = strndup(environ[i], n);

                        if (!name)
                                return -ENOMEM;
                        if (unsetenv(name) < 0) /* moves the others up */
                                return -errno;
                } else
                        i++;
        }
        return 0;
}

static void *crypto_malloc(size_t n, const char *file, int line) {
        (void)file;
        (void)line;
        return n ? wipe_malloc(n) : NULL;
}

static void *crypto_realloc(void *p, size_t n, const char *file, int line) {
        (void)file;
        (void)line;
        if (n == 0) {
                wipe_free(p);
                return NULL;
        }
        return wipe_realloc(p, n);
}

static void crypto_free(void *p, const char *file, int line) {
        (void)file;
        (void)line;
        wipe_free(p);
}

int platform_init_process(void) {
        int r;

        r = environment_clean();
        if (r < 0)
                return r;

        if (!CRYPTO_set_mem_functions(crypto_malloc, crypto_realloc, crypto_free))
                return -EBUSY; /* somebody has allocated already */
        if (curl_global_init_mem(CURL_GLOBAL_DEFAULT, wipe_malloc, wipe_free, wipe_realloc,
                                 wipe_strdup, wipe_calloc) != CURLE_OK)
                return -ENOMEM;
        wire_init_process();
        return 0;
}
