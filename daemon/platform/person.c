/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Person: copying and filtering */

#include <errno.h>
#include <string.h>

#include "daemon/platform/person.h"
#include "lib/common/text.h"

static void person_donep(ReplyPerson *person) {
        reply_person_done(person);
}

static int copy_units(const WireUnits *units, ReplyPerson *person) {
        if (units->n_items == 0)
                return 0;

        person->units = calloc(units->n_items, sizeof(*person->units));
        if (!person->units)
                return -ENOMEM;
        for (size_t i = 0; i < units->n_items; i++) {
                const WireUnit *unit = &units->items[i];
                ReplyUnit *to = &person->units[i];
                int r;

                r = text_filter(unit->name, LIMIT_NAME_BYTES, &to->name);
                if (r < 0)
                        return r;
                person->n_units = i + 1;
                memcpy(to->code, unit->code, strlen(unit->code) + 1); /* held to the schema */
                to->authorised = unit->authorised;
                to->has_password = unit->has_password;
                to->has_certificate = unit->has_ca;
        }
        return 0;
}

const char *person_subject_unit(const char *subject) {
        static const char head[] = "unit:";

        return strncmp(subject, head, strlen(head)) == 0 ? subject + strlen(head) : NULL;
}

int person_new(const WireUserinfo *userinfo, ReplyPerson *ret) {
        _cleanup_(person_donep) ReplyPerson person = {};
        const char *login_name = userinfo->preferred_username;
        const char *name = userinfo->name && *userinfo->name ? userinfo->name : login_name;
        int r;

        if (userinfo->unit_login || person_subject_unit(userinfo->sub))
                return PERSON_E_UNIT;
        if (!login_name)
                return PERSON_E_NAMELESS;
        r = text_filter(login_name, LIMIT_ACCOUNT_BYTES, &person.login_name);
        if (r < 0)
                return r;
        if (strcmp(person.login_name, login_name) != 0)
                return PERSON_E_NAME;

        r = text_filter(name, LIMIT_NAME_BYTES, &person.name);
        if (r < 0)
                return r;
        person.subject = strdup(userinfo->sub);
        if (!person.subject)
                return -ENOMEM;
        r = copy_units(&userinfo->units, &person);
        if (r < 0)
                return r;

        *ret = person;
        person = (ReplyPerson){};
        return 0;
}

int person_new_unit(const WireUserinfo *userinfo, const char *code, ReplyPerson *ret) {
        _cleanup_(person_donep) ReplyPerson person = {};
        const char *subject_unit = person_subject_unit(userinfo->sub);
        int r;

        if (!userinfo->unit_login || !subject_unit || strcmp(subject_unit, code) != 0 ||
            userinfo->preferred_username || userinfo->units.n_items != 1 ||
            strcmp(userinfo->units.items[0].code, code) != 0)
                return PERSON_E_UNIT;

        person.subject = strdup(userinfo->sub);
        if (!person.subject)
                return -ENOMEM;
        r = copy_units(&userinfo->units, &person);
        if (r < 0)
                return r;

        *ret = person;
        person = (ReplyPerson){};
        return 0;
}
