/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <errno.h>
#include <string.h>

#include "backend/answer-user.h"

/* What may be tried for this unit, given the phase (spec.md 3.4). CA is not among it before the
 * platform can verify a signature. */
static void unit_to_wire(UnitRow *row, Phase phase, WireUnit *ret) {
        *ret = (WireUnit){
                .code = row->code,
                .name = row->name,
                .authorised = row->authorised,
                .has_relation = row->authorised && phase != PHASE_DUAL,
                .has_password = row->password_hash[0] != '\0' && phase != PHASE_REALNAME,
        };
}

int user_answer_read(Request *request, const TokenRow *token, UserAnswer *ret) {
        bool is_app = strcmp(token->client_id, CLIENT_APP) == 0;
        int r;

        *ret = (UserAnswer){};
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
                unit_to_wire(&ret->units[i], request->server->options->phase,
                             &ret->wire.units.items[i]);
        ret->wire.units.n_items = ret->n_units;
        ret->wire.units.present = true;
        return 0;
}

void user_answer_done(UserAnswer *user) {
        free(user->units);
        free(user->wire.units.items);
        explicit_bzero(user, sizeof(*user));
}
