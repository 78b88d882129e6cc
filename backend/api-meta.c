/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <stdio.h>

#include "backend/routes.h"

#define UNCONST(s) ((char *)(uintptr_t)(s))

void api_metadata(Request *request) {
        const char *issuer = request->server->options->issuer;
        const PhaseRule *phase = &request->server->options->phase;
        static const char *const paths[] = { "/oauth2/token",
                                             "/oauth2/challenge",
                                             "/oauth2/device",
                                             "/oauth2/userinfo",
                                             "/oauth2/revoke",
                                             "/units",
                                             "/r",
                                             "/f",
                                             "/d",
                                             "/a",
                                             "/account/password" };
        char uris[ELEMENTSOF(paths)][LIMIT_URI_BYTES + 1];
        Secret *json = NULL;

        for (size_t i = 0; i < ELEMENTSOF(paths); i++)
                (void)snprintf(uris[i], sizeof(uris[i]), "%s%s", issuer, paths[i]);

        (void)wire_metadata_encode(
                &(const WireMetadata){
                        .issuer = UNCONST(issuer),
                        .token_endpoint = uris[0],
                        .challenge_endpoint = uris[1],
                        .device_endpoint = uris[2],
                        .userinfo_endpoint = uris[3],
                        .revocation_endpoint = uris[4],
                        .units_endpoint = uris[5],
                        .password_endpoint = uris[10],
                        .scanned_state = true,
                        .long_poll_sec = SERVER_LONG_POLL_SEC,
                        .phase = UNCONST(phase_to_string(phase->floor)),
                        .phases = { UNCONST(phase->dates[PHASE_DUAL]),
                                    UNCONST(phase->dates[PHASE_RELATION]),
                                    UNCONST(phase->dates[PHASE_REALNAME]) },
                        .link_register = uris[6],
                        .link_forgot_password = uris[7],
                        .link_forgot_declaration = uris[8],
                        .link_app = uris[9],
                },
                &json);
        request_json(request, MHD_HTTP_OK, json);
}

void api_health(Request *request) {
        _cleanup_(statement_freep) Statement *statement = NULL;
        int r;

        r = store_query(request->server->store, &statement,
                        "SELECT COUNT(*) FROM client WHERE id = 'itax-app'", "");
        if (r == 0)
                r = statement_next(statement);
        if (r < 0)
                request_fail(request, r);
        else
                request_literal(request, MHD_HTTP_OK, "{\"status\":\"ok\"}");
}
