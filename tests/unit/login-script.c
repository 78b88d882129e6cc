/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/login-script.h"

#define NAME(id) [SAY_##id] = #id

static const char *const say_names[_SAY_MAX] = {
        NAME(ASK_ACCOUNT),
        NAME(ASK_ACCOUNT_OR_QR),
        NAME(ASK_PASSWORD),
        NAME(ASK_PASSWORD_OR_QR),
        NAME(ASK_CAPTCHA),
        NAME(ASK_CAPTCHA_OR_QR),
        NAME(ASK_CONFIRMED),
        NAME(ASK_CONFIRMED_OR_PASSWORD),
        NAME(ASK_DIGITS),
        NAME(ASK_DIGITS_OR_PASSWORD),
        NAME(ASK_UNIT),
        NAME(ASK_UNIT_OR_START),
        NAME(ASK_UNIT_PASSWORD),
        NAME(ASK_UNIT_PASSWORD_OR_LIST),
        NAME(ASK_UNIT_PASSWORD_OR_BACK),
        NAME(ASK_UNIT_CAPTCHA),
        NAME(ASK_UNIT_CAPTCHA_OR_LIST),
        NAME(ASK_UNIT_CAPTCHA_OR_BACK),
        NAME(ASK_UNIT_WAY),
        NAME(ASK_UNIT_WAY_OR_BACK),
        NAME(ASK_PIN),
        NAME(ASK_PIN_OR_BACK),
        NAME(ASK_PASSWORD_CURRENT),
        NAME(ASK_NEW_PASSWORD),
        NAME(ASK_NEW_PASSWORD_AGAIN),
        NAME(ASK_LINKS),
        NAME(ASK_ONE),
        NAME(ACCOUNT_EMPTY),
        NAME(ACCOUNT_LENGTH),
        NAME(ACCOUNT_CHARACTERS),
        NAME(ACCOUNT_CHECK),
        NAME(ACCOUNT_DATE),
        NAME(ACCOUNT_DIGITS),
        NAME(ACCOUNT_MOBILE),
        NAME(ACCOUNT_OLD_IDENTITY),
        NAME(ACCOUNT_DOCUMENT),
        NAME(ACCOUNT_OTHER_UNIT),
        NAME(PASSWORD_EMPTY),
        NAME(PASSWORD_IMPOSSIBLE),
        NAME(PASSWORD_WRONG),
        NAME(PASSWORD_WRONG_TRIES),
        NAME(PASSWORD_BACK),
        NAME(PASSWORD_DOCUMENT),
        NAME(CAPTCHA_DUE),
        NAME(CAPTCHA_WRONG),
        NAME(CAPTCHA_NO_PICTURE),
        NAME(CAPTCHA_NO_PICTURE_END),
        NAME(LOCKED),
        NAME(LOCKED_MINUTES),
        NAME(DISABLED),
        NAME(SCAN_INVITE),
        NAME(SCAN_ADDRESS),
        NAME(SCAN_ADDRESS_ONLY),
        NAME(SCAN_OPEN),
        NAME(SCAN_KEY),
        NAME(SCAN_DIGITS),
        NAME(SCAN_WAITING),
        NAME(SCAN_SCANNED),
        NAME(SCAN_CONFIRMED),
        NAME(SCAN_RENEWED),
        NAME(SCAN_REFUSED),
        NAME(SCAN_OVER),
        NAME(SCAN_UNBOUND),
        NAME(DIGITS_SHAPE),
        NAME(DIGITS_WRONG),
        NAME(DIGITS_WRONG_TRIES),
        NAME(DIGITS_OVER),
        NAME(WRONG_PHONE),
        NAME(WRONG_PERSON),
        NAME(NO_LOCAL_USER),
        NAME(LINKS_INVITE),
        NAME(LINKS_WRONG),
        NAME(LINKS_NONE),
        NAME(LINKS_FORGOT_PASSWORD),
        NAME(LINKS_REGISTER),
        NAME(LINKS_APP),
        NAME(LINKS_FORGOT_DECLARATION),
        NAME(LINK_FORGOT_PASSWORD),
        NAME(LINK_REGISTER),
        NAME(LINK_APP),
        NAME(LINK_FORGOT_DECLARATION),
        NAME(LINK_FORGOT_DECLARATION_APP),
        NAME(NEW_PASSWORD_RULES),
        NAME(NEW_PASSWORD_EMPTY),
        NAME(NEW_PASSWORD_SHORT),
        NAME(NEW_PASSWORD_LONG),
        NAME(NEW_PASSWORD_CLASSES),
        NAME(NEW_PASSWORD_SPACE),
        NAME(NEW_PASSWORD_CHARACTERS),
        NAME(NEW_PASSWORD_SAME),
        NAME(NEW_PASSWORD_DIFFERENT),
        NAME(NEW_PASSWORD_WEAK),
        NAME(NEW_PASSWORD_CHANGED),
        NAME(UNIT_PERSON),
        NAME(UNIT_INVITE),
        NAME(UNIT_PAGES),
        NAME(UNIT_PAGE),
        NAME(UNIT_FOUND),
        NAME(UNIT_FOUND_PAGES),
        NAME(UNIT_FOUND_NONE),
        NAME(UNIT_ENTRY),
        NAME(UNIT_ENTRY_LAST),
        NAME(UNIT_CHOSEN),
        NAME(UNIT_NONE),
        NAME(UNIT_NONE_ALLOWED),
        NAME(UNIT_NOT_ALLOWED),
        NAME(UNIT_CHOICE_WRONG),
        NAME(UNIT_NOT_YOURS),
        NAME(UNIT_UNRELATED),
        NAME(UNIT_NO_WAY),
        NAME(UNIT_AMBIGUOUS),
        NAME(UNIT_PASSWORD_EMPTY),
        NAME(UNIT_PASSWORD_IMPOSSIBLE),
        NAME(UNIT_PASSWORD_SAME),
        NAME(UNIT_PASSWORD_WRONG),
        NAME(UNIT_PASSWORD_WRONG_TRIES),
        NAME(UNIT_LOCKED),
        NAME(UNIT_LOCKED_MINUTES),
        NAME(UNIT_WAY_INVITE),
        NAME(UNIT_WAY_PASSWORD),
        NAME(UNIT_WAY_CERTIFICATE),
        NAME(UNIT_WAY_WRONG),
        NAME(PIN_EMPTY),
        NAME(PIN_IMPOSSIBLE),
        NAME(PIN_SAME),
        NAME(PIN_WRONG),
        NAME(PIN_WRONG_TRIES),
        NAME(PIN_LOCKED),
        NAME(PIN_OVER),
        NAME(CERTIFICATE_NO_KEY),
        NAME(CERTIFICATE_FAILED),
        NAME(CERTIFICATE_UNTRUSTED),
        NAME(CERTIFICATE_EXPIRED),
        NAME(CERTIFICATE_REVOKED),
        NAME(CERTIFICATE_USAGE),
        NAME(CERTIFICATE_OTHER_UNIT),
        NAME(CERTIFICATE_SIGNATURE),
        NAME(UNIT_LOGIN),
        NAME(UNIT_LOGIN_CLOSED),
        NAME(UNIT_LOGIN_WRONG),
        NAME(UNIT_LOGIN_WRONG_TRIES),
        NAME(UNIT_NO_LOCAL_USER),
        NAME(TIMEOUT),
        NAME(UNAVAILABLE),
        NAME(TOO_MANY_ANSWERS),
        NAME(CLIENT_CANNOT),
        NAME(ONE_CAPTCHA),
};

static const char *const kind_names[_STEP_KIND_MAX] = {
        [STEP_INFO] = "info",     [STEP_PROMPT_ECHO] = "echo", [STEP_PROMPT_SECRET] = "secret",
        [STEP_CHOICE] = "choice", [STEP_SCAN] = "scan",        [STEP_DONE] = "done",
        [STEP_FAIL] = "fail",
};

static const char *const state_names[_DEVICE_STATE_MAX] = {
        [DEVICE_PENDING] = "pending",
        [DEVICE_SCANNED] = "scanned",
        [DEVICE_DIGITS] = "digits",
};

const ScriptPerson script_jia = { .login_name = "ceshi_jia",
                                  .name = "测试甲",
                                  .units = { U1 ":+p" } };
const ScriptPerson script_yi = { .login_name = "ceshi_yi",
                                 .name = "测试乙",
                                 .units = { U1 ":p", U2 ":p", U3 ":+p", U4 ":p" } };
const ScriptPerson script_bing = { .login_name = "Ceshi_Bing",
                                   .name = "CESHI BING",
                                   .units = { U2 ":p" } };
const ScriptPerson script_ding = { .login_name = "ceshi_ding", .name = "测试丁" };
const ScriptPerson script_ji = { .login_name = "ceshi_ji",
                                 .name = "测试己",
                                 .units = { U1 ":+p", U2 ":+p", U3 ":+p" } };
const ScriptPerson script_many = {
        .login_name = "ceshi_duo",
        .name = "测试多",
        .units = { "990101000000101:p", "990101000000102:p", "990101000000103:p",
                   "990101000000104:p", "990101000000105:p", "990101000000106:p",
                   "990101000000107:p", "990101000000108:p", "990101000000109:p",
                   "990101000000110:p", "990101000000111:p", "990101000000112:p",
                   "990101000000113:p", "990101000000114:p", "990101000000115:p",
                   "990101000000116:p", "990101000000117:p", "990101000000118:p",
                   "990101000000119:p", "990101000000120:p", "990101000000121:p",
                   "990101000000122:p", "990101000000123:p", "990101000000124:p",
                   "990101000000125:+p" },
};

typedef struct Line {
        char *to;
        size_t n;
} Line;

static void _printf_(2, 3) line_add(Line *line, const char *format, ...) {
        va_list args;
        int r;

        va_start(args, format);
        r = vsnprintf(line->to, line->n, format, args);
        va_end(args);
        assert_true(r >= 0 && (size_t)r < line->n);
        line->to += r;
        line->n -= (size_t)r;
}

/* "fail denied", "scan", "echo ASK_ACCOUNT"; then "+LINE" and "+LINE=number"; then what is drawn.
 * */
static void write_step(Line *line, const Plan *plan) {
        line_add(line, "%s", kind_names[plan->kind]);
        if (plan->kind == STEP_FAIL)
                line_add(line, " %s", step_reason_to_string(plan->reason));
        else
                assert_int_equal(plan->reason, REASON_NONE);
        if (plan->prompt.id != SAY_NONE)
                line_add(line, " %s", say_names[plan->prompt.id]);
        for (size_t i = 0; i < plan->n_lines; i++) {
                line_add(line, " +%s", say_names[plan->lines[i].id]);
                if (plan->lines[i].number)
                        line_add(line, "=%" PRId64, plan->lines[i].number);
        }
        if (plan->n_choices > 0)
                line_add(line, " choices=%zu", plan->n_choices);
        for (size_t i = 0; i < plan->n_choices; i++)
                if (plan->choices[i].id == SAY_UNIT_ENTRY_LAST)
                        line_add(line, " last=%zu", i + 1);
        if (plan->qr_uri)
                line_add(line, " qr");
        if (plan->captcha_png)
                line_add(line, " picture");
        if (plan->key)
                line_add(line, " key");
        if (plan->unchanged)
                line_add(line, " unchanged");
        if (plan->kind == STEP_FAIL && plan->user)
                line_add(line, " %s", plan->user);
        if (plan->kind == STEP_DONE)
                line_add(line, " %s %s %s", plan->user, plan->account, plan->method);
        if (plan->unit)
                line_add(line, " %s", plan->unit);
}

static void write_request(Line *line, const Request *request) {
        const char *account = request->account ? request->account : "nobody";

        switch (request->kind) {
        case REQUEST_PASSWORD:
                line_add(line, "password %s/%s", account, secret_text(request->password));
                break;
        case REQUEST_CAPTCHA:
                line_add(line, "captcha %s", request->unit ? request->unit : account);
                break;
        case REQUEST_DEVICE:
                line_add(line, "device %s%s", account, request->binding ? " binding" : "");
                break;
        case REQUEST_POLL:
                if (request->digits)
                        line_add(line, "poll digits=%s", secret_text(request->digits));
                else
                        line_add(line, "poll %s%s", state_names[request->seen],
                                 request->at_once ? " at once" : "");
                break;
        case REQUEST_UNIT_RELATION:
                line_add(line, "relation %s", request->unit);
                break;
        case REQUEST_UNIT_PASSWORD:
                line_add(line, "declaration %s/%s", request->unit, secret_text(request->password));
                break;
        case REQUEST_UNIT_CHALLENGE:
                line_add(line, "challenge %s", request->unit);
                break;
        case REQUEST_UNIT_CERTIFICATE:
                line_add(line, "certificate %s/%s/%s", request->unit, request->challenge,
                         request->result->signature);
                break;
        case REQUEST_UNIT_LOGIN:
                line_add(line, "unit %s/%s", request->unit, secret_text(request->password));
                break;
        case REQUEST_RESUME:
                line_add(line, "resume %s", account);
                break;
        case REQUEST_NEW_PASSWORD:
                line_add(line, "change %s/%s/%s", account, secret_text(request->password),
                         secret_text(request->new_password));
                break;
        case REQUEST_NONE:
        case _REQUEST_KIND_MAX:
                fail_msg("a request of no kind");
        }
        if (request->captcha)
                line_add(line, " captcha=%s", secret_text(request->captcha));
}

void script_write(const LoginActions *actions, char *to, size_t n) {
        Line line = { .to = to, .n = n };

        to[0] = '\0';
        for (size_t i = 0; i < actions->n_items; i++) {
                const LoginAction *action = &actions->items[i];

                if (i > 0)
                        line_add(&line, "; ");
                switch (action->kind) {
                case ACTION_STEP:
                        write_step(&line, action->plan);
                        break;
                case ACTION_REQUEST:
                        write_request(&line, action->request);
                        break;
                case ACTION_CANCEL:
                        line_add(&line, "cancel");
                        break;
                case ACTION_RESOLVE:
                        line_add(&line, "resolve %s%s", action->is_unit ? "unit " : "",
                                 action->account);
                        break;
                case ACTION_FIND:
                        line_add(&line, "find %s", action->account);
                        break;
                case ACTION_SIGN:
                        line_add(&line, "sign %s/%s", action->unit, secret_text(action->pin));
                        break;
                case ACTION_SIGN_CANCEL:
                        line_add(&line, "sign-cancel");
                        break;
                case ACTION_END:
                        line_add(&line, "end %s", action->outcome->detail);
                        break;
                case _ACTION_MAX:
                        fail_msg("an action of no kind");
                }
        }
}

static char *copy(const char *s) {
        char *p = s ? strdup(s) : NULL;

        assert_true(!s || p);
        return p;
}

static void person_copy(const ScriptPerson *from, ReplyPerson *ret) {
        *ret = (ReplyPerson){
                .subject = copy("1"),
                .login_name = copy(from->login_name),
                .name = copy(from->name),
                .hint_matched = from->hint_matched,
        };

        while (ret->n_units < ELEMENTSOF(from->units) && from->units[ret->n_units])
                ret->n_units++;
        if (ret->n_units == 0)
                return;

        ret->units = calloc(ret->n_units, sizeof(ReplyUnit));
        assert_non_null(ret->units);
        for (size_t i = 0; i < ret->n_units; i++) {
                const char *colon = strchr(from->units[i], ':');
                const char *name = strchr(from->units[i], '=');
                char flags[8] = "";

                assert_non_null(colon);
                assert_true(strcspn(colon, "=") < sizeof(flags));
                memcpy(flags, colon, strcspn(colon, "="));
                memcpy(ret->units[i].code, from->units[i], (size_t)(colon - from->units[i]));
                ret->units[i].name = copy(name ? name + 1 : "测试有限公司");
                ret->units[i].authorised = strchr(flags, '+');
                ret->units[i].has_password = strchr(flags, 'p');
                ret->units[i].has_certificate = strchr(flags, 'c');
        }
}

void script_reply(const Move *move, Reply *ret) {
        *ret = (Reply){ .kind = move->reply, .attempts_left = -1 };

        if (move->png) {
                ret->captcha_png = (uint8_t *)copy(move->png);
                ret->n_captcha_png = strlen(move->png);
        }

        switch (move->reply) {
        case REPLY_PERSON:
                person_copy(move->person, &ret->person);
                break;
        case REPLY_WRONG:
        case REPLY_DIGITS_WRONG:
                ret->attempts_left = (int)move->number;
                break;
        case REPLY_CAPTCHA:
                ret->captcha_wrong = move->number > 0;
                break;
        case REPLY_LOCKED:
                ret->retry_after_sec = (uint32_t)move->number;
                break;
        case REPLY_DEVICE:
                ret->uri = copy("HTTPS://ITAX.LAB/Q/K7Q29X4P");
                ret->short_uri = copy("https://itax.lab/q");
                ret->user_code = copy("K7Q29X4P");
                ret->expires_in_sec = 120;
                break;
        case REPLY_STATE:
                ret->state = (DeviceState)move->number;
                break;
        case REPLY_CHALLENGE:
                ret->challenge = copy("c2FsdA");
                ret->to_sign = copy(move->text);
                break;
        case REPLY_CERTIFICATE:
                ret->certificate_fault = (CertificateFault)move->number;
                break;
        case REPLY_PHASE:
        case REPLY_CHANGED:
        case REPLY_WEAK:
        case REPLY_SAME:
        case REPLY_DISABLED:
        case REPLY_REFUSED:
        case REPLY_WRONG_PERSON:
        case REPLY_EXPIRED:
        case REPLY_UNIT:
        case REPLY_UNIT_UNRELATED:
        case REPLY_UNIT_UNKNOWN:
        case REPLY_UNAVAILABLE:
        case REPLY_BROKEN:
        case _REPLY_KIND_MAX:
                break;
        }
}

void script_signed(const Move *move, Signed *ret) {
        *ret = (Signed){ .status = (SignStatus)move->number, .tries_left = -1 };

        if (ret->status == SIGN_OK) {
                ret->algorithm = copy("RS256");
                ret->certificates = copy("-----BEGIN CERTIFICATE-----");
                ret->signature = copy(move->text ? move->text : "c2lnbmF0dXJl");
        } else if (move->text)
                ret->tries_left = atoi(move->text);
}

void script_start(Script *script, const LoginSetup *setup) {
        LoginSetup with_timeout = *setup;

        if (with_timeout.timeout_usec == 0)
                with_timeout.timeout_usec = SCRIPT_TIMEOUT_USEC;

        *script = (Script){ .now_usec = SCRIPT_NOW_USEC };
        assert_int_equal(login_new(&with_timeout, script->now_usec, &script->login), 0);
}

void script_done(Script *script) {
        script->login = login_free(script->login);
}

void script_move(Script *script, const Move *move) {
        _cleanup_(secret_freep) Secret *answer = NULL;
        static const LoginLinks links = {
                .forgot_password = "https://itax.lab/f",
                .register_account = "https://itax.lab/r",
                .app = "https://itax.lab/a",
                .forgot_declaration = "https://itax.lab/d",
        };
        _cleanup_(reply_done) Reply reply = {};
        _cleanup_(signed_done) Signed result = {};
        LoginEvent event = {};
        LoginActions actions;

        switch (move->kind) {
        case MOVE_BEGIN:
                event.kind = EVENT_BEGIN;
                break;
        case MOVE_ANSWER:
        case MOVE_BYTES:
                event.kind = EVENT_ANSWER;
                if (move->text) {
                        size_t n = move->kind == MOVE_BYTES ? (size_t)move->number
                                                            : strlen(move->text);

                        assert_int_equal(secret_new_from(move->text, n, &answer), 0);
                }
                event.answer = answer;
                break;
        case MOVE_REPLY:
                event.kind = EVENT_REPLY;
                script_reply(move, &reply);
                event.reply = &reply;
                break;
        case MOVE_RESOLVED:
                event.kind = EVENT_RESOLVED;
                event.user = move->text;
                event.last_unit = move->last_unit;
                event.failed = move->number < 0;
                break;
        case MOVE_FOUND:
                event.kind = EVENT_FOUND;
                event.user = move->text;
                break;
        case MOVE_SIGNED:
                event.kind = EVENT_SIGNED;
                script_signed(move, &result);
                event.result = &result;
                break;
        case MOVE_LINKS:
                login_links(script->login, &links);
                script->did[0] = '\0';
                return;
        case MOVE_EXPIRE:
                event.kind = EVENT_EXPIRED;
                script->now_usec = login_deadline(script->login);
                break;
        case MOVE_GONE:
                event.kind = EVENT_GONE;
                break;
        case MOVE_PASS:
        case MOVE_END:
                script->now_usec += (uint64_t)move->number * USEC_PER_SEC;
                script->did[0] = '\0';
                return;
        }

        if (script->around)
                script->around();
        script->result = login_feed(script->login, &event, script->now_usec, &actions);
        if (script->around)
                script->around();
        if (script->result == LOGIN_E_ORDER) {
                assert_int_equal(actions.n_items, 0);
                strcpy(script->did, "order");
        } else
                script_write(&actions, script->did, sizeof(script->did));
}

void script_run(const ScriptCase *play) {
        Script script;

        script_start(&script, &play->setup);
        for (size_t i = 0; i < SCRIPT_MOVES && play->moves[i].kind != MOVE_END; i++) {
                const Move *move = &play->moves[i];

                script_move(&script, move);
                if (script.result < 0 || strcmp(script.did, move->expect) != 0) {
                        script_done(&script);
                        fail_msg("move %zu (%s): '%s', and not '%s'", i + 1,
                                 move->text ? move->text : "", script.did, move->expect);
                }
        }
        script_done(&script);
}

static void run_case(void **state) {
        script_run(*state);
}

int script_tests(const char *group, const ScriptCase *cases, size_t n_cases) {
        struct CMUnitTest *tests;
        int r;

        tests = calloc(n_cases, sizeof(*tests));
        if (!tests)
                return 1;

        for (size_t i = 0; i < n_cases; i++)
                tests[i] = (struct CMUnitTest){
                        .name = cases[i].sentence,
                        .test_func = run_case,
                        .initial_state = (void *)&cases[i],
                };
        r = _cmocka_run_group_tests(group, tests, n_cases, NULL, NULL);
        free(tests);
        return r;
}
