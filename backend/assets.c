/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <stdio.h>
#include <string.h>

#include "backend/assets.h"
#include "backend/random.h"
#include "backend/routes.h"

const Asset *asset_find(const char *name) {
        for (size_t i = 0; i < n_asset_files; i++)
                if (strcmp(asset_files[i].name, name) == 0)
                        return &asset_files[i];
        return NULL;
}

const char *asset_type(const Asset *asset) {
        const char *dot = strrchr(asset->name, '.');

        return dot && strcmp(dot, ".css") == 0 ? "text/css; charset=utf-8"
                                               : "text/javascript; charset=utf-8";
}

int asset_tag(const Asset *asset, char ret[static ASSET_TAG_BYTES + 1]) {
        char hash[HASH_HEX_BYTES + 1];
        int r;

        r = hash_hex(asset->data, asset->n, hash);
        if (r == 0)
                (void)snprintf(ret, ASSET_TAG_BYTES + 1, "%.*s", ASSET_TAG_BYTES, hash);
        return r;
}

/* For ever under the address with its fingerprint, else to be asked for again each time. */
void page_asset(Request *request) {
        const Asset *asset = asset_find(request->parameter);
        const char *version, *known;
        char tag[ASSET_TAG_BYTES + 1];
        int r;

        if (!asset) {
                request_refuse(request, MHD_HTTP_NOT_FOUND, "not-found");
                return;
        }
        r = asset_tag(asset, tag);
        if (r < 0) {
                request_fail(request, r);
                return;
        }

        (void)snprintf(request->etag, sizeof(request->etag), "\"%s\"", tag);
        version = request_argument(request, "v");
        known = MHD_lookup_connection_value(request->connection, MHD_HEADER_KIND, "If-None-Match");
        request->immutable = version && strcmp(version, tag) == 0;
        if (known && strstr(known, request->etag))
                request_static(request, MHD_HTTP_NOT_MODIFIED, asset_type(asset), NULL, 0);
        else
                request_static(request, MHD_HTTP_OK, asset_type(asset), asset->data, asset->n);
}
