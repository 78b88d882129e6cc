/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Address: judgement of addresses by libcurl's URL interface */

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include <curl/curl.h>

#include "daemon/platform/address.h"
#include "lib/common/limits.h"
#include "lib/common/util.h"

static void url_donep(CURLU **url) {
        curl_url_cleanup(*url);
}

static void part_donep(char **part) {
        curl_free(*part);
}

/* NULL for anything that is no https address we would ever open. */
static CURLU *url_parse(const char *uri) {
        _cleanup_(url_donep) CURLU *url = curl_url();
        _cleanup_(part_donep) char *scheme = NULL;
        size_t n = strlen(uri);

        if (!url || n == 0 || n > LIMIT_URI_BYTES)
                return NULL;
        for (size_t i = 0; i < n; i++)
                if (uri[i] < 0x21 || uri[i] > 0x7e)
                        return NULL;

        /* Two slashes, as libcurl takes one or three for them too. */
        if (strncasecmp(uri, "https://", strlen("https://")) != 0 || uri[strlen("https://")] == '/')
                return NULL;
        if (curl_url_set(url, CURLUPART_URL, uri, CURLU_DISALLOW_USER) != CURLUE_OK ||
            curl_url_get(url, CURLUPART_SCHEME, &scheme, 0) != CURLUE_OK ||
            strcmp(scheme, "https") != 0)
                return NULL;
        return TAKE_PTR(url);
}

bool address_is_https(const char *uri) {
        _cleanup_(url_donep) CURLU *url = url_parse(uri);

        return url != NULL;
}

static bool url_has(CURLU *url, CURLUPart what) {
        _cleanup_(part_donep) char *part = NULL;

        return curl_url_get(url, what, &part, 0) == CURLUE_OK;
}

bool address_is_issuer(const char *uri) {
        _cleanup_(url_donep) CURLU *url = url_parse(uri);

        return url && !strpbrk(uri, "?#") && uri[strlen(uri) - 1] != '/';
}

static bool part_is_same(CURLU *a, CURLU *b, CURLUPart what) {
        _cleanup_(part_donep) char *in_a = NULL, *in_b = NULL;

        return curl_url_get(a, what, &in_a, CURLU_DEFAULT_PORT) == CURLUE_OK &&
               curl_url_get(b, what, &in_b, CURLU_DEFAULT_PORT) == CURLUE_OK &&
               strcasecmp(in_a, in_b) == 0;
}

bool address_is_endpoint_of(const char *uri, const char *issuer) {
        _cleanup_(url_donep) CURLU *a = url_parse(uri), *b = url_parse(issuer);

        return a && b && !url_has(a, CURLUPART_FRAGMENT) && part_is_same(a, b, CURLUPART_HOST) &&
               part_is_same(a, b, CURLUPART_PORT);
}

int address_of_document(const char *issuer, AddressDocument document, char **ret) {
        const char *path = strchrnul(issuer + strlen("https://"), '/');
        int n_host = (int)(path - issuer), r = -1;
        char *uri = NULL;

        switch (document) {
        case DOCUMENT_OAUTH:
                r = asprintf(&uri, "%.*s/.well-known/oauth-authorization-server%s", n_host, issuer,
                             path);
                break;
        case DOCUMENT_OPENID:
                r = asprintf(&uri, "%s/.well-known/openid-configuration", issuer);
                break;
        case _ADDRESS_DOCUMENT_MAX:
                break;
        }
        if (r < 0)
                return -ENOMEM;
        *ret = uri;
        return 0;
}
