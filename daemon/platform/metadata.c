/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Metadata: judgement of what was decoded */

#include <errno.h>
#include <string.h>

#include "daemon/core/phase.h"
#include "daemon/platform/address.h"
#include "daemon/platform/metadata.h"

Metadata *metadata_ref(Metadata *metadata) {
        metadata->n_refs++;
        return metadata;
}

Metadata *metadata_unref(Metadata *metadata) {
        if (metadata && --metadata->n_refs == 0) {
                wire_metadata_done(&metadata->wire);
                free(metadata);
        }
        return NULL;
}

static Phase phase_of(const char *word) {
        static const char *const words[_PHASE_MAX] = {
                [PHASE_DUAL] = "dual",
                [PHASE_RELATION] = "relation",
                [PHASE_REALNAME] = "realname",
        };

        for (Phase phase = 0; word && phase < _PHASE_MAX; phase++)
                if (strcmp(words[phase], word) == 0)
                        return phase;
        return _PHASE_MAX;
}

/* Shown to be typed or drawn: what is longer helps nobody. */
static const char *link_of(const char *uri) {
        return uri && strlen(uri) <= PLATFORM_LINK_BYTES && address_is_https(uri) ? uri : NULL;
}

static const char *fault_of(const WireMetadata *wire, const char *issuer) {
        const char *const endpoints[] = {
                wire->token_endpoint,    wire->challenge_endpoint,  wire->device_endpoint,
                wire->userinfo_endpoint, wire->revocation_endpoint, wire->units_endpoint,
                wire->password_endpoint,
        };

        if (strcmp(wire->issuer, issuer) != 0)
                return "it names another issuer";
        for (size_t i = 0; i < ELEMENTSOF(endpoints); i++)
                if (endpoints[i] && !address_is_endpoint_of(endpoints[i], issuer))
                        return "an endpoint is not https or not on the issuer's host";
        if (wire->units_endpoint && strchr(wire->units_endpoint, '?'))
                return "the address of units has a query";
        for (size_t i = 0; i < ELEMENTSOF(wire->phases); i++)
                if (wire->phases[i] && phase_day_parse(wire->phases[i], &(PhaseDay){}) != 0)
                        return "there is no such day as a phase begins with";
        return NULL;
}

int metadata_new(WireMetadata *wire, const char *issuer, Metadata **ret, const char **ret_why) {
        const char *why = fault_of(wire, issuer);
        Metadata *metadata;

        if (why) {
                *ret_why = why;
                return METADATA_E_REFUSED;
        }

        metadata = calloc(1, sizeof(*metadata));
        if (!metadata)
                return -ENOMEM;
        metadata->n_refs = 1;
        metadata->wire = *wire;
        *wire = (WireMetadata){};
        metadata->phase = phase_of(metadata->wire.phase);
        for (Phase phase = 0; phase < _PHASE_MAX; phase++)
                metadata->schedule[phase] = metadata->wire.phases[phase];
        metadata->links = (PlatformLinks){
                .register_uri = link_of(metadata->wire.link_register),
                .forgot_password_uri = link_of(metadata->wire.link_forgot_password),
                .forgot_declaration_uri = link_of(metadata->wire.link_forgot_declaration),
                .app_uri = link_of(metadata->wire.link_app),
        };
        *ret = metadata;
        return 0;
}
