/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "backend/model-account.h"
#include "backend/model-audit.h"
#include "backend/model-rate.h"
#include "backend/model-registration.h"
#include "lib/common/text.h"

/* Without 0 O, 1 I L, 2 Z, 5 S, 8 B, U V. */
#define ALPHABET "34679ACDEFGHJKMNPQRTWXY"
#define ISSUE_TRIES 8
#define RATE_WINDOW_SEC 3600
#define RATE_KEY_BYTES 160

bool code_parse(const char *typed, char ret[static REGISTRATION_CODE_CHARS + 1]) {
        const char *p = typed, *end = typed + strlen(typed);
        size_t n = 0;

        while (p < end) {
                uint32_t c = 0;
                size_t n_bytes = text_decode(p, (size_t)(end - p), &c);

                if (n_bytes == 0)
                        return false;
                p += n_bytes;
                if (c == ' ' || c == 0x3000 || c == '-' || c == '\t')
                        continue;
                if (c >= 0xff01 && c <= 0xff5e)
                        c = c - 0xff01 + '!';
                if (c >= 'a' && c <= 'z')
                        c = c - 'a' + 'A';
                if (!((c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z')) ||
                    n == REGISTRATION_CODE_CHARS)
                        return false;
                ret[n++] = (char)c;
        }
        ret[n] = '\0';
        return n == REGISTRATION_CODE_CHARS;
}

/* Return: 0 nobody, REGISTRATION_E_DOCUMENT, -errno. */
static int document_free(Store *store, const Document *document) {
        _cleanup_(statement_freep) Statement *statement = NULL;
        int r;

        r = store_query(store, &statement,
                        "SELECT id FROM account WHERE document_type = $1 AND document_number = $2",
                        "tt", document->type->word, document->number);
        if (r == 0)
                r = statement_next(statement);
        return r == 1 ? REGISTRATION_E_DOCUMENT : r;
}

int code_issue(Store *store, const Document *document, const char *issued_by, int64_t now,
               char ret_code[static REGISTRATION_CODE_CHARS + 1]) {
        char code[REGISTRATION_CODE_CHARS + 1];
        int r;

        r = document_free(store, document);
        if (r == 0)
                r = store_run(store,
                              "UPDATE registration_code SET revoked_at = $1"
                              " WHERE document_type = $2 AND document_number = $3"
                              " AND used_at = 0 AND revoked_at = 0 AND issued_at > $4",
                              "itti", now, document->type->word, document->number,
                              now - REGISTRATION_CODE_LIFETIME_SEC);
        if (r != 0)
                return r;

        r = STORE_E_EXISTS;
        for (int i = 0; i < ISSUE_TRIES && r == STORE_E_EXISTS; i++) {
                r = random_text(ALPHABET, REGISTRATION_CODE_CHARS, code);
                if (r < 0)
                        return r;
                code[REGISTRATION_CODE_CHARS] = '\0';
                r = store_run(store,
                              "INSERT INTO registration_code (code, name, document_type,"
                              " document_number, issued_at, issued_by)"
                              " VALUES ($1, $2, $3, $4, $5, $6)",
                              "ttttit", code, document->name, document->type->word,
                              document->number, now, issued_by);
        }
        if (r != 0)
                return r < 0 ? r : -EIO;
        memcpy(ret_code, code, sizeof(code));
        return 0;
}

int code_list(Store *store, int64_t now, Statement **ret) {
        return store_query(
                store, ret,
                "SELECT code, name, document_type, document_number, issued_at,"
                " issued_at + 604800 AS expires_at, issued_by,"
                " CASE WHEN used_at > 0 THEN 'used' WHEN revoked_at > 0 THEN 'revoked'"
                " WHEN issued_at <= $1 THEN 'expired' ELSE 'open' END AS state,"
                " CASE WHEN used_at > 0 THEN used_at WHEN revoked_at > 0 THEN revoked_at"
                " WHEN issued_at <= $1 THEN issued_at + 604800 ELSE 0 END AS at"
                " FROM registration_code ORDER BY issued_at DESC, code",
                "i", now - REGISTRATION_CODE_LIFETIME_SEC);
}

typedef struct CodeRow {
        char name[LIMIT_NAME_BYTES + 1], type[64], number[LIMIT_NAME_BYTES + 1];
        int state; /* 0: open, or REGISTRATION_E_* */
} CodeRow;

/* Return: 0, REGISTRATION_E_WRONG, -errno. */
static int code_find(Store *store, const char *code, int64_t now, CodeRow *ret) {
        _cleanup_(statement_freep) Statement *statement = NULL;
        int r;

        r = store_query(store, &statement,
                        "SELECT name, document_type, document_number, used_at, revoked_at,"
                        " issued_at FROM registration_code WHERE code = $1",
                        "t", code);
        if (r == 0)
                r = statement_next(statement);
        if (r <= 0)
                return r < 0 ? r : REGISTRATION_E_WRONG;

        *ret = (CodeRow){ .state = statement_int(statement, 3) > 0 ? REGISTRATION_E_USED
                                   : statement_int(statement, 4) > 0 ? REGISTRATION_E_REVOKED
                                   : statement_int(statement, 5) <=
                                                     now - REGISTRATION_CODE_LIFETIME_SEC
                                           ? REGISTRATION_E_EXPIRED
                                           : 0 };
        (void)snprintf(ret->name, sizeof(ret->name), "%s", statement_text(statement, 0));
        (void)snprintf(ret->type, sizeof(ret->type), "%s", statement_text(statement, 1));
        (void)snprintf(ret->number, sizeof(ret->number), "%s", statement_text(statement, 2));
        return 0;
}

int code_revoke(Store *store, const char *code, int64_t now) {
        char canonical[REGISTRATION_CODE_CHARS + 1];
        CodeRow row;
        int r;

        if (!code_parse(code, canonical))
                return REGISTRATION_E_WRONG;
        r = code_find(store, canonical, now, &row);
        if (r == 0)
                r = row.state;
        if (r != 0)
                return r;
        return store_run(store, "UPDATE registration_code SET revoked_at = $2 WHERE code = $1",
                         "ti", canonical, now);
}

/* The code is this person's and open. What a file brought into the store is compared in the same
 * spelling. */
static int code_fits(Store *store, const char *code, const Document *document, int64_t now) {
        char canonical[REGISTRATION_CODE_CHARS + 1];
        Document holder;
        CodeRow row;
        int r;

        if (!code_parse(code, canonical))
                return REGISTRATION_E_WRONG;
        r = code_find(store, canonical, now, &row);
        if (r != 0)
                return r;
        (void)document_parse(row.name, row.type, row.number, &holder);
        if (holder.type != document->type || strcmp(holder.name, document->name) != 0 ||
            strcmp(holder.number, document->number) != 0)
                return REGISTRATION_E_WRONG;
        return row.state;
}

static int rates_take(Store *store, const char *peer, const char *session_hash, int64_t now,
                      int64_t *ret_wait_sec) {
        char key[RATE_KEY_BYTES];
        int r;

        (void)snprintf(key, sizeof(key), "register:address:%s", peer);
        r = rate_take(store, key, REGISTRATION_CHECKS_PER_ADDRESS, RATE_WINDOW_SEC, now,
                      ret_wait_sec);
        if (r != 0)
                return r;
        (void)snprintf(key, sizeof(key), "register:session:%s", session_hash);
        return rate_take(store, key, REGISTRATION_CHECKS_PER_SESSION, RATE_WINDOW_SEC, now,
                         ret_wait_sec);
}

int registration_check(Store *store, const char *code, const Document *document, const char *peer,
                       const char *session_hash, int64_t now, int64_t *ret_wait_sec) {
        int r;

        r = rates_take(store, peer, session_hash, now, ret_wait_sec);
        if (r != 0)
                return r < 0 ? r : REGISTRATION_E_OVER;
        r = code_fits(store, code, document, now);
        return r == 0 ? document_free(store, document) : r;
}

/* Return: 0 nobody has it, 1, -errno. */
static int name_free(Store *store, const char *name) {
        _cleanup_(statement_freep) Statement *statement = NULL;
        int r;

        r = store_query(store, &statement, "SELECT account_id FROM account_name WHERE name = $1",
                        "t", name);
        return r == 0 ? statement_next(statement) : r;
}

/* Who reads two names on a screen does not tell them apart by case, nor 0 from O and U+3007, nor 1
 * from l and I. As I is i too, i counts with them: wangl1, wangli and WangLI are one name here. That
 * refuses a few which do look different (allen, ailen), and costs who meets it another choice; to be
 * taken for somebody else costs more. Chinese characters that resemble each other are different
 * names, as they are on paper, and so are a_b and a__b: nobody agrees where that ends. Logging in is
 * by the exact name always. The index account_name_look has the same expression. */
static int look_free(Store *store, const char *name) {
        _cleanup_(statement_freep) Statement *statement = NULL;
        int r;

        r = store_query(
                store, &statement,
                "SELECT account_id FROM account_name WHERE REPLACE(REPLACE(REPLACE(REPLACE("
                "LOWER(name), '0', 'o'), '\u3007', 'o'), '1', 'l'), 'i', 'l') ="
                " REPLACE(REPLACE(REPLACE(REPLACE("
                "LOWER($1), '0', 'o'), '\u3007', 'o'), '1', 'l'), 'i', 'l')",
                "t", name);
        return r == 0 ? statement_next(statement) : r;
}

/* l99OOOOO055 would be read as somebody's mobile number, now or when that one registers. */
static bool looks_like_mobile(const char *name) {
        char digits[LIMIT_ACCOUNT_BYTES + 1];
        Account account;
        size_t n = 0;

        for (const char *p = name; *p && n < LIMIT_ACCOUNT_BYTES; p++)
                digits[n++] = strchr("oO", *p) ? '0' : strchr("iIlL", *p) ? '1' : *p;
        digits[n] = '\0';
        account_parse(digits, &account);
        return account.kind == ACCOUNT_MOBILE;
}

int registration_free(Store *store, const Registration *registration) {
        int r;

        if (looks_like_mobile(registration->login_name))
                return REGISTRATION_E_NAME;
        r = look_free(store, registration->login_name);
        if (r != 0)
                return r < 0 ? r : REGISTRATION_E_NAME;
        r = name_free(store, registration->mobile);
        if (r != 0)
                return r < 0 ? r : REGISTRATION_E_MOBILE;
        return document_free(store, registration->document);
}

static int audit(Store *store, const Registration *registration, int64_t now) {
        _cleanup_(freep) char *number = NULL, *mobile = NULL;
        char who[LIMIT_ACCOUNT_BYTES + 16], object[LIMIT_NAME_BYTES + 512];
        int r;

        r = text_mask(registration->document->number, &number);
        if (r == 0)
                r = text_mask(registration->mobile, &mobile);
        if (r < 0)
                return r;
        (void)snprintf(who, sizeof(who), "account:%s", registration->login_name);
        (void)snprintf(object, sizeof(object), "%s %s %s %s", registration->login_name,
                       registration->document->type->word, number, mobile);
        return audit_add(store, now, who, "register", object, "");
}

int registration_do(Store *store, const Registration *registration, int64_t now,
                    char ret_id[static RANDOM_ID_BYTES + 1]) {
        const Document *document = registration->document;
        const AccountNew account = { .login_name = registration->login_name,
                                     .name = document->name,
                                     .document_type = document->type->word,
                                     .document_number = document->number,
                                     .mobile = registration->mobile,
                                     .password_hash = registration->password_hash,
                                     .residence = registration->residence };
        char code[REGISTRATION_CODE_CHARS + 1], id[RANDOM_ID_BYTES + 1];
        int r;

        r = code_fits(store, registration->code, document, now);
        if (r == 0)
                r = registration_free(store, registration);
        if (r != 0)
                return r;
        if (!code_parse(registration->code, code))
                return REGISTRATION_E_WRONG;

        r = store_run(store, "UPDATE registration_code SET used_at = $2 WHERE code = $1", "ti",
                      code, now);
        if (r == 0)
                r = account_put(store, &account, now, id);
        if (r == ACCOUNT_E_TAKEN) /* the number of the document is another's login name */
                return REGISTRATION_E_DOCUMENT;
        if (r == 0)
                r = store_run(store, "UPDATE account SET consented_at = $2 WHERE id = $1", "ti", id,
                              registration->consented_at);
        if (r == 0)
                r = audit(store, registration, now);
        if (r != 0)
                return r < 0 ? r : -EIO;
        memcpy(ret_id, id, sizeof(id));
        return 0;
}
