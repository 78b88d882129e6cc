/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Login, verdict: the truth table of the one place that grants, and where each fact comes from */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/core/login-private.h"
#include "tests/unit/login-script.h"

/* threats 3: eleven facts, 2048 rows, one that grants */
static void test_truth_table(void **state) {
        unsigned n_granted = 0, granted = 0;

        (void)state;

        for (unsigned row = 0; row < 2048; row++) {
                const Facts facts = {
                        .person_proven = row & 1,
                        .account_open = row & 2,
                        .account_asked = row & 4,
                        .phone_bound = row & 8,
                        .user_resolved = row & 16,
                        .user_asked = row & 32,
                        .unit_proven = row & 64,
                        .phase_kept = row & 128,
                        .unit_admitted = row & 256,
                        .route_admitted = row & 512,
                        .purpose_met = row & 1024,
                };

                if (facts_grant(&facts)) {
                        n_granted++;
                        granted = row;
                }
        }
        assert_int_equal(n_granted, 1);
        assert_int_equal(granted, 2047);
        assert_int_equal(sizeof(Facts), 11 * sizeof(bool));
}

/* What is changed in a login that would be granted, and whether it still is. */
typedef struct FactCase {
        const char *sentence;
        void (*change)(Login *login);
        bool granted;
} FactCase;

#define CHANGE(name, what)                                                                         \
        static void change_##name(Login *login) {                                                  \
                what;                                                                              \
        }

CHANGE(nothing, (void)login)
CHANGE(no_person, login->person_proven = false)
CHANGE(no_route, login->route = ROUTE_NONE)
CHANGE(disabled, login->account_disabled = true)
CHANGE(password_only, login->method = METHOD_PASSWORD)
CHANGE(qr_only, login->method = METHOD_QR)
CHANGE(qr_route_where_password_only, login->method = METHOD_PASSWORD; login->route = ROUTE_QR)
CHANGE(other_account, strcpy(login->account, "ceshi_yi"); login->mapped[0] = '\0')
CHANGE(other_mapped, strcpy(login->mapped, "ceshi_yi"))
CHANGE(number_unconfirmed, strcpy(login->account, "19900000001");
       login->account_kind = ACCOUNT_MOBILE; login->mapped[0] = '\0')
CHANGE(number_confirmed, strcpy(login->account, "19900000001");
       login->account_kind = ACCOUNT_MOBILE; login->mapped[0] = '\0';
       login->person.hint_matched = true)
CHANGE(qr, login->route = ROUTE_QR)
CHANGE(qr_unbound, login->route = ROUTE_QR; login->binding = true)
CHANGE(qr_bound, login->route = ROUTE_QR; login->binding = true; login->digits_redeemed = true)
CHANGE(unresolved, login->local_user[0] = '\0')
CHANGE(unresolved_and_unasked, login->local_user[0] = '\0'; login->user[0] = '\0')
CHANGE(other_user, strcpy(login->local_user, "yi"))
CHANGE(unasked_user, login->user[0] = '\0'; strcpy(login->local_user, "yi"))
CHANGE(unknown_user, login->user_is_unknown = true)
CHANGE(foreign_user, login->user_is_other = true)
CHANGE(no_unit_proof, login->unit_proof = PROOF_NONE)
CHANGE(no_unit, login->unit = UNIT_NOBODY)
CHANGE(unit_beyond, login->unit = 1)
CHANGE(unit_not_asked, login->unit_policy = UNIT_OFF; login->unit_proof = PROOF_NONE;
       login->unit = UNIT_NOBODY)
CHANGE(unit_asked_and_had, login->unit_policy = UNIT_ASK; login->unit_proof = PROOF_NONE;
       login->unit = UNIT_NOBODY)
CHANGE(unit_set_otherwise, strcpy(login->fixed_unit, U2))
CHANGE(unit_set, strcpy(login->fixed_unit, U1))
CHANGE(dual_relation, login->phase = PHASE_DUAL)
CHANGE(dual_password, login->phase = PHASE_DUAL; login->unit_proof = PROOF_PASSWORD)
CHANGE(relation_password, login->unit_proof = PROOF_PASSWORD)
CHANGE(realname_relation, login->phase = PHASE_REALNAME)
CHANGE(realname_password, login->phase = PHASE_REALNAME; login->unit_proof = PROOF_PASSWORD)
CHANGE(dual_certificate, login->phase = PHASE_DUAL; login->unit_proof = PROOF_CERTIFICATE)
CHANGE(relation_certificate, login->unit_proof = PROOF_CERTIFICATE)
CHANGE(realname_certificate, login->phase = PHASE_REALNAME; login->unit_proof = PROOF_CERTIFICATE)
CHANGE(certificate_of_no_unit, login->unit_proof = PROOF_CERTIFICATE; login->unit = UNIT_NOBODY)

static const char *const u1_alone[] = { U2, U1, NULL };
static const char *const u2_alone[] = { U2, NULL };
static const char *const none_alone[] = { NULL };

CHANGE(unit_admitted, login->units_allowed = u1_alone)
CHANGE(unit_not_admitted, login->units_allowed = u2_alone)
CHANGE(unit_of_empty_set, login->units_allowed = none_alone)
CHANGE(no_unit_of_empty_set, login->units_allowed = none_alone; login->unit_policy = UNIT_OFF;
       login->unit_proof = PROOF_NONE; login->unit = UNIT_NOBODY)

/* The unit has logged in by itself: what "all that is needed" is then. */
static void unit_logged_in(Login *login) {
        login->route = ROUTE_UNIT;
        login->unit_proof = PROOF_PASSWORD;
        free(login->person.login_name);
        login->person.login_name = NULL;
        strcpy(login->account, U1);
        strcpy(login->mapped, U1);
        login->account_kind = ACCOUNT_INVALID;
}

#define UNIT_CHANGE(name, what) CHANGE(unit_##name, unit_logged_in(login); what)

UNIT_CHANGE(login, (void)login)
UNIT_CHANGE(login_unmapped, login->mapped[0] = '\0')
UNIT_CHANGE(login_dual, login->phase = PHASE_DUAL)
UNIT_CHANGE(login_realname, login->phase = PHASE_REALNAME)
UNIT_CHANGE(login_ask, login->unit_policy = UNIT_ASK)
UNIT_CHANGE(login_off, login->unit_policy = UNIT_OFF)
UNIT_CHANGE(login_password_method, login->method = METHOD_PASSWORD)
UNIT_CHANGE(login_qr_method, login->method = METHOD_QR)
UNIT_CHANGE(login_only_unit, login->purpose = PURPOSE_UNIT)
UNIT_CHANGE(login_fixed, strcpy(login->fixed_unit, U1))
UNIT_CHANGE(login_fixed_otherwise, strcpy(login->fixed_unit, U2))
UNIT_CHANGE(login_not_admitted, login->units_allowed = u2_alone)
UNIT_CHANGE(login_of_other_code, strcpy(login->account, U2))
UNIT_CHANGE(login_of_other_map, strcpy(login->mapped, U2))
UNIT_CHANGE(login_unnamed, login->account[0] = '\0'; login->mapped[0] = '\0')
UNIT_CHANGE(login_by_relation, login->unit_proof = PROOF_RELATION)
UNIT_CHANGE(login_by_certificate, login->unit_proof = PROOF_CERTIFICATE)
UNIT_CHANGE(login_unproven, login->unit_proof = PROOF_NONE)
UNIT_CHANGE(login_without_unit, login->unit = UNIT_NOBODY)
UNIT_CHANGE(login_other_user, strcpy(login->local_user, "yi"))
UNIT_CHANGE(login_unresolved, login->local_user[0] = '\0')
UNIT_CHANGE(login_of_person, login->person.login_name = strdup("ceshi_jia"))
UNIT_CHANGE(login_as_password, login->route = ROUTE_PASSWORD)
UNIT_CHANGE(login_as_qr, login->route = ROUTE_QR)
UNIT_CHANGE(login_as_session, login->route = ROUTE_SESSION; login->resume = true)
UNIT_CHANGE(login_disabled, login->account_disabled = true)

CHANGE(session, login->route = ROUTE_SESSION; login->resume = true)
CHANGE(session_where_qr, login->route = ROUTE_SESSION; login->resume = true;
       login->method = METHOD_QR)
CHANGE(session_unasked, login->route = ROUTE_SESSION)
CHANGE(session_matched, login->route = ROUTE_SESSION; login->resume = true;
       strcpy(login->account, "ceshi_yi"); login->mapped[0] = '\0';
       login->person.hint_matched = true)
CHANGE(only_unit, login->purpose = PURPOSE_UNIT)
CHANGE(only_unit_without, login->purpose = PURPOSE_UNIT; login->unit_policy = UNIT_OFF;
       login->unit_proof = PROOF_NONE; login->unit = UNIT_NOBODY)
CHANGE(password_unchanged, login->purpose = PURPOSE_PASSWORD; login->unit_policy = UNIT_OFF;
       login->unit_proof = PROOF_NONE; login->unit = UNIT_NOBODY)
CHANGE(password_changed, login->purpose = PURPOSE_PASSWORD; login->unit_policy = UNIT_OFF;
       login->unit_proof = PROOF_NONE; login->unit = UNIT_NOBODY; login->password_changed = true)
CHANGE(password_changed_by_phone, login->purpose = PURPOSE_PASSWORD;
       login->unit_policy = UNIT_OFF; login->unit_proof = PROOF_NONE; login->unit = UNIT_NOBODY;
       login->password_changed = true; login->route = ROUTE_QR)
CHANGE(password_changed_at_login, login->password_changed = true)
CHANGE(nobody_waits, login->next_pending = false)

static const FactCase fact_cases[] = {
        { "all that is needed", change_nothing, true },
        { "no person proven", change_no_person, false },
        { "neither by password nor by QR code", change_no_route, false },
        { "the account is disabled", change_disabled, false },
        { "by password, where it counts", change_password_only, true },
        { "by password, where only the QR code counts", change_qr_only, false },
        { "by QR code, where only the password counts", change_qr_route_where_password_only,
          false },
        { "another account was asked for", change_other_account, false },
        { "the map names another account than the one asked for", change_other_mapped, false },
        { "a number the platform does not confirm", change_number_unconfirmed, false },
        { "a number the platform confirms", change_number_confirmed, true },
        { "by QR code at a local seat", change_qr, true },
        { "by QR code from afar, without digits", change_qr_unbound, false },
        { "by QR code from afar, with digits", change_qr_bound, true },
        { "no local user", change_unresolved, false },
        { "no local user, and none asked for", change_unresolved_and_unasked, false },
        { "another local user than the one asked for", change_other_user, false },
        { "any local user, if none was asked for", change_unasked_user, true },
        { "a user that nobody is", change_unknown_user, false },
        { "a user that is not ours", change_foreign_user, false },
        { "a unit that was chosen and not proven", change_no_unit_proof, false },
        { "a proof without a unit", change_no_unit, false },
        { "a unit that the person does not have", change_unit_beyond, false },
        { "no unit, where none is asked for", change_unit_not_asked, true },
        { "no unit, where the person has one", change_unit_asked_and_had, false },
        { "another unit than the one set", change_unit_set_otherwise, false },
        { "the unit that is set", change_unit_set, true },
        { "dual: the relation is not enough", change_dual_relation, false },
        { "dual: the declaration password is", change_dual_password, true },
        { "relation: the declaration password is enough", change_relation_password, true },
        { "realname: the relation is enough", change_realname_relation, true },
        { "realname: the declaration password is not", change_realname_password, false },
        { "dual: the certificate is enough", change_dual_certificate, true },
        { "relation: the certificate is enough", change_relation_certificate, true },
        { "realname: the certificate is enough", change_realname_certificate, true },
        { "a certificate of no unit", change_certificate_of_no_unit, false },
        { "a unit that the host admits", change_unit_admitted, true },
        { "a unit that the host does not admit", change_unit_not_admitted, false },
        { "a unit, where the host admits none", change_unit_of_empty_set, false }, /* threats 72 */
        { "no unit, where the host admits none", change_no_unit_of_empty_set, true },
        { "the old unit login", change_unit_login, true },
        { "the old unit login, its code typed", change_unit_login_unmapped, true },
        { "the old unit login in phase dual", change_unit_login_dual, true },
        { "the old unit login in phase realname", change_unit_login_realname, false },
        { "the old unit login, where a unit is only asked for", change_unit_login_ask, true },
        { "the old unit login, where the person is enough", change_unit_login_off, false },
        { "the old unit login, where only passwords count", change_unit_login_password_method,
          true },
        { "the old unit login, where only the QR code counts", change_unit_login_qr_method, false },
        { "the old unit login, where a person's unit is wanted", change_unit_login_only_unit,
          false },
        { "the old unit login of the unit set", change_unit_login_fixed, true },
        { "the old unit login of another unit than the one set", change_unit_login_fixed_otherwise,
          false },
        { "the old unit login of a unit that the host does not admit",
          change_unit_login_not_admitted, false },
        { "the old unit login of another unit than was named", change_unit_login_of_other_code,
          false },
        { "the old unit login of another unit than the map has", change_unit_login_of_other_map,
          false },
        { "the old unit login of a unit that nobody named", change_unit_login_unnamed, false },
        { "the old unit login by relation: a person's proof without a person",
          change_unit_login_by_relation, false },
        { "the old unit login by certificate", change_unit_login_by_certificate, false },
        { "the old unit login without proof", change_unit_login_unproven, false },
        { "the old unit login without a unit", change_unit_login_without_unit, false },
        { "the old unit login as another local user", change_unit_login_other_user, false },
        { "the old unit login without a local user", change_unit_login_unresolved, false },
        { "the old unit login with a person in it", change_unit_login_of_person, false },
        { "nobody by password", change_unit_login_as_password, false },
        { "nobody by QR code", change_unit_login_as_qr, false },
        { "nobody by a login of before", change_unit_login_as_session, false },
        { "the old unit login, disabled", change_unit_login_disabled, false },
        { "by a login of before", change_session, true },
        { "by a login of before, where only the QR code counts", change_session_where_qr, true },
        { "by a login of before, where none was said to be there", change_session_unasked, false },
        { "a login of before whose account the platform claims to match", change_session_matched,
          false },
        { "only a unit, and that is proven", change_only_unit, true },
        { "only a unit, and none is proven", change_only_unit_without, false },
        { "another password, not changed", change_password_unchanged, false },
        { "another password, changed", change_password_changed, true },
        { "another password, by the phone", change_password_changed_by_phone, false },
        { "a login that changed a password", change_password_changed_at_login, false },
        { "nobody waits for the verdict", change_nobody_waits, false },
};

/* Right before the verdict: everything proven, the client waiting. */
static void login_prepare(Script *script) {
        static const Move way[] = { BEGIN(""), ANSWER("Jia-pass1", ""), PERSON(script_jia, "") };
        Login *login;

        script_start(script, &(LoginSetup){ .user = "jia",
                                            .account = "ceshi_jia",
                                            .unit_policy = UNIT_REQUIRED,
                                            .phase = PHASE_RELATION });
        for (size_t i = 0; i < ELEMENTSOF(way); i++)
                script_move(script, &way[i]);

        login = script->login;
        strcpy(login->local_user, "jia");
        login->unit = 0;
        login->unit_proof = PROOF_RELATION;
        login->actions = (LoginActions){};
        assert_true(login->next_pending);
}

static void run_fact(void **state) {
        const FactCase *c = *state;
        Script script;

        login_prepare(&script);
        c->change(script.login);
        login_grant(script.login);
        script_write(&script.login->actions, script.did, sizeof(script.did));
        assert_true(login_is_closed(script.login));
        assert_int_equal(strncmp(script.did, "done ", 5) == 0, c->granted);
        if (!c->granted)
                assert_non_null(strstr(script.did, "end verdict"));
        assert_int_equal(script.login->outcome.reason == REASON_NONE, c->granted);
        script_done(&script);
}

/* Some things are asked twice: each time by itself it has to be enough. */
static void test_each_fact_stands_by_itself(void **state) {
        Script script;
        Facts facts;

        (void)state;
        login_prepare(&script);
        login_facts(script.login, &facts);
        assert_true(facts.user_resolved && facts.unit_proven && facts.unit_admitted);

        script.login->unit = script.login->person.n_units;
        login_facts(script.login, &facts);
        assert_false(facts.unit_proven);
        assert_false(facts.unit_admitted);
        script.login->unit = 0;

        script.login->user_is_unknown = true;
        login_facts(script.login, &facts);
        assert_false(facts.user_resolved);
        assert_false(facts.account_asked);
        script_done(&script);
}

int main(void) {
        const struct CMUnitTest table[] = {
                cmocka_unit_test(test_truth_table),
                cmocka_unit_test(test_each_fact_stands_by_itself),
        };
        struct CMUnitTest facts[ELEMENTSOF(fact_cases)];

        for (size_t i = 0; i < ELEMENTSOF(fact_cases); i++)
                facts[i] = (struct CMUnitTest){
                        .name = fact_cases[i].sentence,
                        .test_func = run_fact,
                        .initial_state = (void *)&fact_cases[i],
                };
        return cmocka_run_group_tests(table, NULL, NULL) |
               cmocka_run_group_tests_name("facts of the verdict", facts, NULL, NULL);
}
