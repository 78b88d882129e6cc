/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Reply: release of what a reply owns */

#include "daemon/core/reply.h"

void reply_person_done(ReplyPerson *person) {
        for (size_t i = 0; i < person->n_units; i++)
                free(person->units[i].name);
        free(person->units);
        free(person->subject);
        free(person->login_name);
        free(person->name);
        *person = (ReplyPerson){};
}

void reply_done(Reply *reply) {
        free(reply->captcha_png);
        free(reply->uri);
        free(reply->short_uri);
        free(reply->user_code);
        free(reply->challenge);
        free(reply->to_sign);
        reply_person_done(&reply->person);
        *reply = (Reply){};
}
