/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The platform's pages, at any prompt by "?": forgotten password, registration, the app, forgotten
 * declaration password (spec.md sections 3.1, 3.2 and 3.3)
 *
 * Nothing here is part of the login: whatever is looked at, the open question stays open. */

#include <string.h>

#include "daemon/core/login-private.h"
#include "lib/common/text.h"

static const struct {
        SayId choice, address;
} link_table[_LINK_MAX] = {
        [LINK_FORGOT_PASSWORD] = { SAY_LINKS_FORGOT_PASSWORD, SAY_LINK_FORGOT_PASSWORD },
        [LINK_REGISTER] = { SAY_LINKS_REGISTER, SAY_LINK_REGISTER },
        [LINK_APP] = { SAY_LINKS_APP, SAY_LINK_APP },
        [LINK_FORGOT_DECLARATION] = { SAY_LINKS_FORGOT_DECLARATION, SAY_LINK_FORGOT_DECLARATION },
};

static bool address_is_fit(const char *address) {
        return address && address[0] && strnlen(address, LIMIT_URI_BYTES + 1) <= LIMIT_URI_BYTES &&
               text_is_showable(address) && !strpbrk(address, " \n");
}

/* What is there stays: plans borrow it. */
void login_links(Login *login, const LoginLinks *links) {
        const char *const addresses[_LINK_MAX] = {
                [LINK_FORGOT_PASSWORD] = links->forgot_password,
                [LINK_REGISTER] = links->register_account,
                [LINK_APP] = links->app,
                [LINK_FORGOT_DECLARATION] = links->forgot_declaration,
        };

        for (Link link = 0; link < _LINK_MAX; link++)
                if (!login->links[link] && address_is_fit(addresses[link]))
                        login->links[link] = strdup(addresses[link]);
}

void login_tell_link(Login *login, Link link) {
        if (login->links[link] && login->mode != MODE_ONE)
                login_tell_text(login, link_table[link].address, login->links[link], NULL);
}

static bool has_links(const Login *login) {
        for (Link link = 0; link < _LINK_MAX; link++)
                if (login->links[link])
                        return true;
        return false;
}

/* The question that was open, and what belongs to it. */
static void question_again(Login *login) {
        if (login->links_ask == ASK_CONFIRMED)
                login_code_tell(login);
        if (login->links_ask == ASK_UNIT)
                login_tell(login, SAY_UNIT_INVITE);
        login_ask(login, login->links_ask);
}

static void links_list(Login *login) {
        login_tell(login, SAY_LINKS_INVITE);
        login_ask(login, ASK_LINKS);
}

void login_links_ask(Login *login) {
        login->links_ask = login->ask;
        if (has_links(login)) {
                links_list(login);
                return;
        }

        login_tell(login, SAY_LINKS_NONE);
        question_again(login);
}

void login_links_choices(Login *login) {
        Plan *plan = &login->plan;

        for (Link link = 0; link < _LINK_MAX; link++)
                if (login->links[link])
                        plan->choices[plan->n_choices++] = (Say){ .id = link_table[link].choice };
}

/* The link that stands under @number, _LINK_MAX if none. */
static Link link_find(const Login *login, char number) {
        char n = '0';

        for (Link link = 0; link < _LINK_MAX; link++)
                if (login->links[link] && ++n == number)
                        return link;
        return _LINK_MAX;
}

/* Title, address, picture. The unit's password is also reset by the app, so there the picture is
 * the app's. */
static void link_tell(Login *login, Link link) {
        const char *picture = login->links[link];

        login_tell_link(login, link);
        if (link == LINK_FORGOT_DECLARATION && login->links[LINK_APP]) {
                picture = login->links[LINK_APP];
                login_tell_text(login, SAY_LINK_FORGOT_DECLARATION_APP, picture, NULL);
        }
        if (!login->no_pictures)
                login->plan.qr_uri = picture;
}

/* A question that has a picture of its own cannot show another one beside it. */
static bool has_picture(Ask ask) {
        return ask == ASK_CAPTCHA || ask == ASK_UNIT_CAPTCHA || ask == ASK_CONFIRMED;
}

int login_links_answered(Login *login, const Secret *answer) {
        char plain[2] = "";
        Link link;

        if (!answer) {
                question_again(login);
                return 0;
        }

        link = answer_plain(answer, plain, sizeof(plain)) ? link_find(login, plain[0]) : _LINK_MAX;
        if (link == _LINK_MAX) {
                login_tell(login, SAY_LINKS_WRONG);
                links_list(login);
                return 0;
        }

        link_tell(login, link);
        login_ask(login, has_picture(login->links_ask) ? ASK_LINKS : login->links_ask);
        return 0;
}
