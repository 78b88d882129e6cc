/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Login, plans: what is said and asked with the next step, and how a login fails
 *
 * What is told is kept until a step takes it along, also over a request in between. */

#include "daemon/core/login-private.h"

static void tell(Login *login, const Say *say) {
        Plan *plan = &login->plan;

        if (plan->n_lines < ELEMENTSOF(plan->lines))
                plan->lines[plan->n_lines++] = *say;
}

void login_tell(Login *login, SayId id) {
        tell(login, &(Say){ .id = id });
}

void login_tell_number(Login *login, SayId id, int64_t number) {
        tell(login, &(Say){ .id = id, .number = number });
}

void login_tell_text(Login *login, SayId id, const char *text, const char *text2) {
        tell(login, &(Say){ .id = id, .text = text, .text2 = text2 });
}

static void plan_give(Login *login, StepKind kind) {
        login->plan.kind = kind;
        login->key_offered = login->plan.key;
        login->plan_given = true;
        login->next_pending = false;
        login_act(login, ACTION_STEP)->plan = &login->plan;
}

bool login_offers_other(const Login *login, Ask ask) {
        switch (ask) {
        case ASK_ACCOUNT:
        case ASK_PASSWORD:
        case ASK_CAPTCHA:
        case ASK_SCAN:
        case ASK_CONFIRMED:
        case ASK_DIGITS:
                return login->method == METHOD_ANY;
        case ASK_UNIT_PASSWORD:
        case ASK_UNIT_CAPTCHA:
                return login_unit_back(login, ask) == BACK_LIST;
        case ASK_NOTHING:
        case ASK_UNIT:
        case ASK_ONE:
        case ASK_LINKS:
        case ASK_UNIT_WAY:
        case ASK_PIN:
        case ASK_NEW_PASSWORD:
        case ASK_NEW_PASSWORD_AGAIN:
        case _ASK_MAX:
                break;
        }
        return false;
}

bool login_offers_back(const Login *login, Ask ask) {
        return (ask == ASK_PASSWORD || ask == ASK_CAPTCHA) && !login->mapped[0] &&
               !login->person_proven && login->mode != MODE_ONE;
}

static unsigned *ask_counter(Login *login, Ask ask) {
        return ask == ASK_CONFIRMED || ask == ASK_DIGITS ? &login->n_scan_asks : &login->n_asks;
}

static unsigned ask_limit(Ask ask) {
        return ask == ASK_CONFIRMED || ask == ASK_DIGITS ? LOGIN_SCAN_ASKS_MAX : LOGIN_ASKS_MAX;
}

static SayId ask_prompt(const Login *login, Ask ask) {
        if (ask == ASK_PASSWORD && login->purpose == PURPOSE_PASSWORD)
                return SAY_ASK_PASSWORD_CURRENT;
        if (login_offers_other(login, ask))
                return login_asks[ask].prompt_other;
        return login_unit_back(login, ask) != BACK_NOWHERE ? login_asks[ask].prompt_back
                                                           : login_asks[ask].prompt;
}

/* The one question of a single-answer client. */
static bool is_single(const Login *login, Ask ask) {
        return ask == (login->route == ROUTE_UNIT ? ASK_UNIT_PASSWORD : ASK_ONE);
}

void login_ask(Login *login, Ask ask) {
        const AskRule *rule = &login_asks[ask];

        /* The flows never ask a single-answer client twice; should one, it ends here and not in a
         * password sent as something else. */
        if (login->mode == MODE_ONE && (!is_single(login, ask) || login->n_asks > 0)) {
                login_fail(login, REASON_CLIENT, "one-answer-only", SAY_CLIENT_CANNOT);
                return;
        }
        if (++*ask_counter(login, ask) > ask_limit(ask)) {
                login_fail(login, REASON_DENIED, "too-many-answers", SAY_TOO_MANY_ANSWERS);
                return;
        }

        login->ask = ask;
        login->plan.prompt.id = ask_prompt(login, ask);
        login->plan.token = rule->token;
        if (ask == ASK_CAPTCHA || ask == ASK_UNIT_CAPTCHA) {
                login->plan.captcha_png = login->captcha_png;
                login->plan.n_captcha_png = login->n_captcha_png;
        }

        if (ask == ASK_UNIT)
                login_unit_choices(login);
        if (ask == ASK_UNIT_WAY)
                login_unit_way_choices(login);
        if (ask == ASK_LINKS)
                login_links_choices(login);

        plan_give(login, rule->kind);
        login_state_enter(login, LOGIN_WAIT_CLIENT);
}

void login_show(Login *login) {
        login->ask = ASK_SCAN;
        login->plan.key = login->keys && login_offers_other(login, ASK_SCAN);
        plan_give(login, STEP_SCAN);
}

void login_fail(Login *login, StepReason reason, const char *detail, SayId say) {
        login_cancel(login);
        if (say != SAY_NONE)
                login_tell(login, say);
        if (login->next_pending) {
                login->plan.reason = reason;
                plan_give(login, STEP_FAIL);
        }
        login_end(login, reason, detail);
}
