/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "backend/answer-user.h"
#include "backend/api-certificate.h"

/* What may be tried for this unit, given the phase (spec.md 3.4). */
static void unit_to_wire(const Request *request, UnitRow *row, WireUnit *ret) {
        Phase phase = request_phase(request);

        *ret = (WireUnit){
                .code = row->code,
                .name = row->name,
                .authorised = row->authorised,
                .has_relation = row->authorised && phase != PHASE_DUAL,
                .has_password = row->password_hash[0] != '\0' && phase != PHASE_REALNAME,
                .has_ca = certificate_offered(request, row),
        };
}

/* The old unit login: nobody is known but the unit, and it may do nothing more than be it. */
static int unit_answer_read(Request *request, const TokenRow *token, UserAnswer *ret) {
        WireUnit *item;
        int r;

        if (request_phase(request) == PHASE_REALNAME)
                return ACCOUNT_E_UNKNOWN;
        ret->units = calloc(1, sizeof(UnitRow));
        item = ret->wire.units.items = calloc(1, sizeof(WireUnit));
        r = ret->units && item ? unit_get(request->server->store, token->unit_code, ret->units)
                               : -ENOMEM;
        if (r != 0) {
                user_answer_done(ret);
                return r < 0 ? r : ACCOUNT_E_UNKNOWN;
        }

        (void)snprintf(ret->subject, sizeof(ret->subject), "unit:%s", token->unit_code);
        *item = (WireUnit){ .code = ret->units->code, .name = ret->units->name };
        ret->n_units = ret->wire.units.n_items = 1;
        ret->wire.units.present = true;
        ret->wire.unit_login = true;
        ret->wire.sub = ret->subject;
        ret->wire.hint_matched = -1;
        return 0;
}

int user_answer_read(Request *request, const TokenRow *token, UserAnswer *ret) {
        bool is_app = strcmp(token->client_id, CLIENT_APP) == 0;
        int r;

        *ret = (UserAnswer){};
        if (token->unit_code[0])
                return unit_answer_read(request, token, ret);
        r = account_get(request->server->store, token->account_id, &ret->account);
        if (r != 0)
                return r;

        ret->wire = (WireUserinfo){
                .sub = ret->account.id,
                .preferred_username = ret->account.login_name,
                .name = ret->account.name,
                .hint_matched = token->hinted ? 1 : -1,
        };
        if (is_app)
                return 0;

        r = unit_list(request->server->store, token->account_id, &ret->units, &ret->n_units);
        if (r == 0) {
                ret->wire.units.items = calloc(ret->n_units ? ret->n_units : 1, sizeof(WireUnit));
                r = ret->wire.units.items ? 0 : -ENOMEM;
        }
        if (r < 0) {
                user_answer_done(ret);
                return r;
        }

        for (size_t i = 0; i < ret->n_units; i++)
                unit_to_wire(request, &ret->units[i], &ret->wire.units.items[i]);
        ret->wire.units.n_items = ret->n_units;
        ret->wire.units.present = true;
        return 0;
}

void user_answer_done(UserAnswer *user) {
        free(user->units);
        free(user->wire.units.items);
        explicit_bzero(user, sizeof(*user));
}
