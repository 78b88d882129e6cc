/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "backend/hash-pool.h"
#include "backend/load.h"
#include "backend/model-account.h"
#include "backend/model-audit.h"
#include "backend/model-unit.h"
#include "lib/common/identity.h"
#include "lib/common/text.h"

#define DAY_SEC 86400

static bool name_is_fit(const char *name) {
        return name[0] != '\0' && strlen(name) <= LIMIT_NAME_BYTES && text_is_showable(name) &&
               !strchr(name, '\n');
}

static const char *account_fault(const PeopleAccount *account) {
        Account mobile;

        if (!login_name_is_valid(account->login_name))
                return "login_name";
        if (!name_is_fit(account->name))
                return "name";
        account_parse(account->mobile, &mobile);
        if (mobile.kind != ACCOUNT_MOBILE || strcmp(mobile.name, account->mobile) != 0)
                return "mobile";
        if (!name_is_fit(account->document_type) || !name_is_fit(account->document_number))
                return "document";
        if (strcmp(account->document_type, "resident_identity_card") == 0 &&
            identity_number_check(account->document_number) != ACCOUNT_FAULT_NONE)
                return "document_number";
        if (password_check(account->password, strlen(account->password)) != PASSWORD_FAULT_NONE)
                return "password";
        return NULL;
}

static const char *unit_fault(const PeopleUnit *unit) {
        if (!unit_code_is_valid(unit->code))
                return "code";
        if (!name_is_fit(unit->name))
                return "name";
        if (unit->declaration_password &&
            password_check(unit->declaration_password, strlen(unit->declaration_password)) !=
                    PASSWORD_FAULT_NONE)
                return "declaration_password";
        return NULL;
}

static const char *code_fault(const PeopleCode *code) {
        if (strlen(code->code) != 6 ||
            strspn(code->code, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ") != 6)
                return "code";
        if (!name_is_fit(code->name))
                return "name";
        if (!name_is_fit(code->document_type) || !name_is_fit(code->document_number))
                return "document";
        return NULL;
}

static int validate(const People *people, char *ret_why) {
        const char *fault;

        for (size_t i = 0; i < people->n_accounts; i++)
                if ((fault = account_fault(&people->accounts[i])) != NULL) {
                        (void)snprintf(ret_why, LOAD_WHY_BYTES, "accounts[%zu]: %s cannot be right",
                                       i, fault);
                        return LOAD_E_INVALID;
                }
        for (size_t i = 0; i < people->n_units; i++)
                if ((fault = unit_fault(&people->units[i])) != NULL) {
                        (void)snprintf(ret_why, LOAD_WHY_BYTES, "units[%zu]: %s cannot be right", i,
                                       fault);
                        return LOAD_E_INVALID;
                }
        for (size_t i = 0; i < people->n_codes; i++)
                if ((fault = code_fault(&people->codes[i])) != NULL) {
                        (void)snprintf(ret_why, LOAD_WHY_BYTES,
                                       "registration_codes[%zu]: %s cannot be right", i, fault);
                        return LOAD_E_INVALID;
                }
        return 0;
}

/* Passwords of accounts first, then of units; a unit without one has no job. */
typedef struct Hashes {
        HashJob *jobs;
        size_t n_jobs, n_made;
        HashPool *pool;
} Hashes;

static void on_hashed(HashJob *job) {
        Hashes *hashes = job->userdata;

        if (job->kind == HASH_MAKE && job->result == 0)
                hashes->n_made++;
}

static void hashes_done(Hashes *hashes) {
        (void)hash_pool_free(hashes->pool);
        free(hashes->jobs);
}

static void run_all(Hashes *hashes, HashKind kind) {
        for (size_t i = 0; i < hashes->n_jobs; i++) {
                HashJob *job = &hashes->jobs[i];

                if (!job->password || job->kind != kind)
                        continue;
                job->done = on_hashed;
                job->userdata = hashes;
                while (hash_pool_submit(hashes->pool, job) == HASH_E_FULL)
                        (void)hash_pool_wait(hashes->pool);
        }
        while (hash_pool_wait(hashes->pool))
                ;
}

/* A hash that is there already is tested against the password, which costs as much as a new one but
 * keeps what was given out under it. */
static int hashes_read(Store *store, const People *people, Hashes *hashes) {
        for (size_t i = 0; i < people->n_accounts; i++) {
                HashJob *job = &hashes->jobs[i];
                AccountRow row;
                int r;

                job->password = people->accounts[i].password;
                r = account_find(store, people->accounts[i].login_name, &row);
                if (r < 0)
                        return r;
                job->kind = r == 0 ? HASH_TEST : HASH_MAKE;
                if (r == 0)
                        memcpy(job->hash, row.password_hash, sizeof(job->hash));
        }
        for (size_t i = 0; i < people->n_units; i++) {
                HashJob *job = &hashes->jobs[people->n_accounts + i];
                int r;

                job->password = people->units[i].declaration_password;
                r = unit_password_hash(store, people->units[i].code, job->hash);
                if (r < 0)
                        return r;
                job->kind = r == 0 && job->hash[0] ? HASH_TEST : HASH_MAKE;
        }
        return 0;
}

static int hashes_make(Store *store, const People *people, Hashes *hashes) {
        int r;

        hashes->n_jobs = people->n_accounts + people->n_units;
        hashes->jobs = calloc(hashes->n_jobs + 1, sizeof(HashJob));
        if (!hashes->jobs)
                return -ENOMEM;
        r = hash_pool_new(0, &hashes->pool);
        if (r == 0)
                r = hashes_read(store, people, hashes);
        if (r < 0)
                return r;

        run_all(hashes, HASH_TEST);
        for (size_t i = 0; i < hashes->n_jobs; i++) {
                /* left alone where it fits; the second round makes the others */
                if (hashes->jobs[i].kind == HASH_TEST && hashes->jobs[i].password &&
                    hashes->jobs[i].result != 0)
                        hashes->jobs[i].kind = HASH_MAKE;
                else if (hashes->jobs[i].kind == HASH_MAKE)
                        hashes->jobs[i].result = 0;
        }
        run_all(hashes, HASH_MAKE);

        for (size_t i = 0; i < hashes->n_jobs; i++)
                if (hashes->jobs[i].kind == HASH_MAKE && hashes->jobs[i].password &&
                    hashes->jobs[i].result < 0)
                        return hashes->jobs[i].result;
        return 0;
}

static int put_accounts(Store *store, const People *people, const Hashes *hashes, int64_t now,
                        char *ret_why) {
        for (size_t i = 0; i < people->n_accounts; i++) {
                const PeopleAccount *account = &people->accounts[i];
                char id[RANDOM_ID_BYTES + 1];
                int r;

                r = account_put(store,
                                &(const AccountNew){ .login_name = account->login_name,
                                                     .name = account->name,
                                                     .document_type = account->document_type,
                                                     .document_number = account->document_number,
                                                     .mobile = account->mobile,
                                                     .password_hash = hashes->jobs[i].hash,
                                                     .residence = account->residence,
                                                     .disabled = account->disabled },
                                now, id);
                if (r > 0)
                        (void)snprintf(
                                ret_why, LOAD_WHY_BYTES,
                                "accounts[%zu]: a name or document belongs to another account", i);
                if (r != 0)
                        return r < 0 ? r : LOAD_E_INVALID;
        }
        return 0;
}

/* The id of an account by login name; "" for none. */
static int id_of(Store *store, const char *login_name, char *ret_id) {
        AccountRow row;
        int r;

        ret_id[0] = '\0';
        if (!login_name)
                return 0;
        r = account_find(store, login_name, &row);
        if (r != 0)
                return r < 0 ? r : LOAD_E_INVALID;
        memcpy(ret_id, row.id, sizeof(row.id));
        return 0;
}

static int put_units(Store *store, const People *people, const Hashes *hashes, char *ret_why) {
        for (size_t i = 0; i < people->n_units; i++) {
                const PeopleUnit *unit = &people->units[i];
                const char *hash = hashes->jobs[people->n_accounts + i].hash;
                char legal[RANDOM_ID_BYTES + 1], finance[RANDOM_ID_BYTES + 1];
                int r;

                r = id_of(store, unit->legal_representative, legal);
                if (r == 0)
                        r = id_of(store, unit->finance_manager, finance);
                if (r == 0)
                        r = unit_put(
                                store,
                                &(const UnitNew){
                                        .code = unit->code,
                                        .name = unit->name,
                                        .password_hash = unit->declaration_password ? hash : NULL,
                                        .legal_representative = legal[0] ? legal : NULL,
                                        .finance_manager = finance[0] ? finance : NULL,
                                        .ca = unit->ca });
                if (r > 0)
                        (void)snprintf(ret_why, LOAD_WHY_BYTES,
                                       "units[%zu]: names a person who has no account", i);
                if (r != 0)
                        return r < 0 ? r : LOAD_E_INVALID;
        }
        return 0;
}

static int put_relations(Store *store, const People *people, size_t *ret_n, char *ret_why) {
        for (size_t i = 0; i < people->n_accounts; i++) {
                const PeopleAccount *account = &people->accounts[i];
                char id[RANDOM_ID_BYTES + 1];
                int r;

                r = id_of(store, account->login_name, id);
                for (size_t k = 0; r == 0 && k < account->n_units; k++, ++*ret_n)
                        r = relation_put(store, id, account->units[k].code,
                                         account->units[k].authorised);
                if (r > 0)
                        (void)snprintf(ret_why, LOAD_WHY_BYTES,
                                       "accounts[%zu]: names a unit that does not exist", i);
                if (r != 0)
                        return r < 0 ? r : LOAD_E_INVALID;
        }
        return 0;
}

/* A code that is there keeps its day and whether it was used. */
static int put_codes(Store *store, const People *people, int64_t now) {
        int r = 0;

        for (size_t i = 0; r == 0 && i < people->n_codes; i++) {
                const PeopleCode *code = &people->codes[i];

                r = store_run(
                        store,
                        "INSERT INTO registration_code (code, name, document_type,"
                        " document_number, issued_at, used_at)"
                        " VALUES ($1, $2, $3, $4, $5, 0) ON CONFLICT (code) DO NOTHING",
                        "tttti", code->code, code->name, code->document_type, code->document_number,
                        now - code->issued_days_ago * DAY_SEC);
        }
        return r > 0 ? -EIO : r;
}

void load_count_text(const LoadCount *count, char ret[static LOAD_COUNT_BYTES]) {
        (void)snprintf(ret, LOAD_COUNT_BYTES,
                       "%zu accounts, %zu units, %zu relations, %zu registration codes; %zu"
                       " passwords hashed",
                       count->n_accounts, count->n_units, count->n_relations, count->n_codes,
                       count->n_hashes);
}

static int put_audit(Store *store, const LoadBy *by, const LoadCount *count, int64_t now) {
        char object[LOAD_COUNT_BYTES];

        load_count_text(count, object);
        return by ? audit_add(store, now, by->who, "load", object, by->why) : 0;
}

int load_people(Store *store, const People *people, const LoadBy *by, int64_t now, LoadCount *ret,
                char ret_why[static LOAD_WHY_BYTES]) {
        LoadCount count = { .n_accounts = people->n_accounts,
                            .n_units = people->n_units,
                            .n_codes = people->n_codes };
        _cleanup_(transaction_done) Transaction transaction = {};
        _cleanup_(hashes_done) Hashes hashes = {};
        int r;

        r = validate(people, ret_why);
        if (r == 0)
                r = hashes_make(store, people, &hashes);
        if (r == 0)
                r = transaction_begin(store, &transaction);
        if (r == 0)
                r = put_accounts(store, people, &hashes, now, ret_why);
        if (r == 0)
                r = put_units(store, people, &hashes, ret_why);
        if (r == 0)
                r = put_relations(store, people, &count.n_relations, ret_why);
        if (r == 0)
                r = put_codes(store, people, now);
        count.n_hashes = hashes.n_made;
        if (r == 0)
                r = put_audit(store, by, &count, now);
        if (r == 0)
                r = transaction_commit(&transaction);
        if (r != 0)
                return r;

        *ret = count;
        return 0;
}
