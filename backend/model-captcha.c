/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "backend/model-captcha.h"

int captcha_new(Store *store, const char *session_hash, const char *guard_key, int64_t now,
                Captcha *ret) {
        Captcha captcha;
        int r;

        r = random_id(captcha.id);
        if (r == 0)
                r = random_text(CAPTCHA_ALPHABET, CAPTCHA_CHARS, captcha.answer);
        if (r < 0)
                return r;

        r = store_run(store, "DELETE FROM captcha WHERE session_hash = $1", "t", session_hash);
        if (r < 0)
                return r;
        r = store_run(
                store,
                "INSERT INTO captcha (id, session_hash, guard_key, answer, created_at, expires_at)"
                " VALUES ($1, $2, $3, $4, $5, $6)",
                "ttttii", captcha.id, session_hash, guard_key, captcha.answer, now,
                now + CAPTCHA_LIFETIME_SEC);
        if (r != 0)
                return r < 0 ? r : -EEXIST;

        *ret = captcha;
        return 0;
}

int captcha_use(Store *store, const char *id, const char *session_hash, const char *guard_key,
                const char *answer, int64_t now) {
        _cleanup_(statement_freep) Statement *statement = NULL;
        char upper[CAPTCHA_CHARS + 1] = "";
        const char *right;
        int r;

        r = store_query(
                store, &statement,
                "DELETE FROM captcha WHERE id = $1 RETURNING answer, session_hash, guard_key,"
                " created_at, expires_at",
                "t", id);
        if (r < 0)
                return r;
        r = statement_next(statement);
        if (r < 0)
                return r;
        if (r == 0 || strlen(answer) != CAPTCHA_CHARS)
                return CAPTCHA_E_WRONG;

        for (size_t i = 0; i < CAPTCHA_CHARS; i++)
                upper[i] = (char)toupper((unsigned char)answer[i]);

        right = statement_text(statement, 0);
        /* a captcha of the future belongs to a clock that was put back: too old */
        if (strcmp(statement_text(statement, 1), session_hash) != 0 ||
            strcmp(statement_text(statement, 2), guard_key) != 0 ||
            statement_int(statement, 3) > now || statement_int(statement, 4) <= now ||
            !secret_equal_bytes(upper, right, CAPTCHA_CHARS))
                return CAPTCHA_E_WRONG;
        return 0;
}
