/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The tables. Times are seconds since 1970. Tokens, codes and sessions stand here as hexadecimal
 * SHA-256 only: who reads the table cannot use them. */

#include "backend/schema.h"
#include "lib/common/util.h"

static const char *const migrations[] = {
        /* 0 -> 1 */
        "CREATE TABLE setting ("
        "  name TEXT NOT NULL PRIMARY KEY,"
        "  value TEXT NOT NULL"
        ") /*strict*/;"

        "CREATE TABLE account ("
        "  id TEXT NOT NULL PRIMARY KEY,"
        "  login_name TEXT NOT NULL UNIQUE,"
        "  name TEXT NOT NULL,"
        "  document_type TEXT NOT NULL,"
        "  document_number TEXT NOT NULL,"
        "  mobile TEXT NOT NULL,"
        "  password_hash TEXT NOT NULL,"
        "  residence TEXT NOT NULL,"
        "  disabled BIGINT NOT NULL DEFAULT 0,"
        "  created_at BIGINT NOT NULL,"
        "  UNIQUE (document_type, document_number)"
        ") /*strict*/;"

        /* every name by which an account can log in: one name space, so no two accounts share
         * one */
        "CREATE TABLE account_name ("
        "  name TEXT NOT NULL PRIMARY KEY,"
        "  account_id TEXT NOT NULL REFERENCES account (id) ON DELETE CASCADE"
        ") /*strict*/;"
        "CREATE INDEX account_name_account ON account_name (account_id);"

        "CREATE TABLE unit ("
        "  code TEXT NOT NULL PRIMARY KEY,"
        "  name TEXT NOT NULL,"
        "  password_hash TEXT,"
        "  ca BIGINT NOT NULL DEFAULT 0,"
        "  legal_representative TEXT REFERENCES account (id) ON DELETE SET NULL,"
        "  finance_manager TEXT REFERENCES account (id) ON DELETE SET NULL"
        ") /*strict*/;"
        "CREATE INDEX unit_representative ON unit (legal_representative);"
        "CREATE INDEX unit_finance ON unit (finance_manager);"

        /* a person's units; authorised tells the authorisation relation */
        "CREATE TABLE relation ("
        "  account_id TEXT NOT NULL REFERENCES account (id) ON DELETE CASCADE,"
        "  unit_code TEXT NOT NULL REFERENCES unit (code) ON DELETE CASCADE,"
        "  authorised BIGINT NOT NULL DEFAULT 0,"
        "  PRIMARY KEY (account_id, unit_code)"
        ") /*strict*/;"
        "CREATE INDEX relation_unit ON relation (unit_code);"

        "CREATE TABLE registration_code ("
        "  code TEXT NOT NULL PRIMARY KEY,"
        "  name TEXT NOT NULL,"
        "  document_type TEXT NOT NULL,"
        "  document_number TEXT NOT NULL,"
        "  issued_at BIGINT NOT NULL,"
        "  used_at BIGINT NOT NULL DEFAULT 0"
        ") /*strict*/;"

        /* the five tries of an account, a unit, or a name that nobody has */
        "CREATE TABLE guard ("
        "  key TEXT NOT NULL PRIMARY KEY,"
        "  tries_left BIGINT NOT NULL CHECK (tries_left BETWEEN 0 AND 5),"
        "  locked_until BIGINT NOT NULL DEFAULT 0,"
        "  phantom BIGINT NOT NULL DEFAULT 0,"
        "  touched_at BIGINT NOT NULL"
        ") /*strict*/;"
        "CREATE INDEX guard_phantom ON guard (phantom, touched_at);"

        "CREATE TABLE auth_session ("
        "  hash TEXT NOT NULL PRIMARY KEY,"
        "  client_id TEXT NOT NULL,"
        "  guard_key TEXT NOT NULL,"
        "  created_at BIGINT NOT NULL,"
        "  expires_at BIGINT NOT NULL"
        ") /*strict*/;"
        "CREATE INDEX auth_session_expires ON auth_session (expires_at);"

        "CREATE TABLE captcha ("
        "  id TEXT NOT NULL PRIMARY KEY,"
        "  session_hash TEXT NOT NULL,"
        "  guard_key TEXT NOT NULL,"
        "  answer TEXT NOT NULL,"
        "  created_at BIGINT NOT NULL,"
        "  expires_at BIGINT NOT NULL"
        ") /*strict*/;"
        "CREATE INDEX captcha_expires ON captcha (expires_at);"

        "CREATE TABLE client ("
        "  id TEXT NOT NULL PRIMARY KEY,"
        "  secret_hash TEXT,"
        "  revoked BIGINT NOT NULL DEFAULT 0,"
        "  created_at BIGINT NOT NULL"
        ") /*strict*/;"
        "INSERT INTO client (id, secret_hash, revoked, created_at) VALUES ('itax-app', NULL, 0, 0);"

        "CREATE TABLE code ("
        "  hash TEXT NOT NULL PRIMARY KEY,"
        "  client_id TEXT NOT NULL,"
        "  account_id TEXT NOT NULL REFERENCES account (id) ON DELETE CASCADE,"
        "  challenge TEXT NOT NULL,"
        "  used_at BIGINT NOT NULL DEFAULT 0,"
        "  created_at BIGINT NOT NULL,"
        "  expires_at BIGINT NOT NULL"
        ") /*strict*/;"
        "CREATE INDEX code_account ON code (account_id);"
        "CREATE INDEX code_expires ON code (expires_at);"

        /* origin: hash of the code or device code it was given for */
        "CREATE TABLE token ("
        "  hash TEXT NOT NULL PRIMARY KEY,"
        "  client_id TEXT NOT NULL,"
        "  account_id TEXT NOT NULL REFERENCES account (id) ON DELETE CASCADE,"
        "  hinted BIGINT NOT NULL,"
        "  origin TEXT NOT NULL,"
        "  created_at BIGINT NOT NULL,"
        "  expires_at BIGINT NOT NULL"
        ") /*strict*/;"
        "CREATE INDEX token_account ON token (account_id);"
        "CREATE INDEX token_origin ON token (origin);"
        "CREATE INDEX token_expires ON token (expires_at);"

        "CREATE TABLE device ("
        "  hash TEXT NOT NULL PRIMARY KEY,"
        "  user_code TEXT NOT NULL UNIQUE,"
        "  client_id TEXT NOT NULL,"
        "  state TEXT NOT NULL CHECK (state IN"
        "    ('pending', 'scanned', 'confirmed', 'refused', 'wrong_person', 'digits_wrong',"
        " 'redeemed')),"
        "  hinted BIGINT NOT NULL,"
        "  hint_account TEXT REFERENCES account (id) ON DELETE CASCADE,"
        "  hint_masked TEXT,"
        "  host TEXT, service TEXT, terminal TEXT, remote_host TEXT,"
        "  binding BIGINT NOT NULL,"
        "  digits TEXT,"
        "  digits_left BIGINT NOT NULL,"
        "  account_id TEXT REFERENCES account (id) ON DELETE CASCADE,"
        "  polled_at BIGINT NOT NULL DEFAULT 0,"
        "  created_at BIGINT NOT NULL,"
        "  expires_at BIGINT NOT NULL"
        ") /*strict*/;"
        "CREATE INDEX device_account ON device (account_id);"
        "CREATE INDEX device_hint ON device (hint_account);"
        "CREATE INDEX device_expires ON device (expires_at);",

        /* 1 -> 2: codes and tokens of a unit without a person; nonces for a unit's certificate;
         * locks by a clock that nobody sets. A column cannot be made nullable everywhere, so the
         * two tables are made again. */
        "CREATE TABLE code_2 ("
        "  hash TEXT NOT NULL PRIMARY KEY,"
        "  client_id TEXT NOT NULL,"
        "  account_id TEXT REFERENCES account (id) ON DELETE CASCADE,"
        "  unit_code TEXT REFERENCES unit (code) ON DELETE CASCADE,"
        "  challenge TEXT NOT NULL,"
        "  used_at BIGINT NOT NULL DEFAULT 0,"
        "  created_at BIGINT NOT NULL,"
        "  expires_at BIGINT NOT NULL,"
        "  CHECK ((account_id IS NULL) <> (unit_code IS NULL))"
        ") /*strict*/;"
        "INSERT INTO code_2 (hash, client_id, account_id, challenge, used_at, created_at,"
        " expires_at)"
        " SELECT hash, client_id, account_id, challenge, used_at, created_at, expires_at FROM code;"
        "DROP TABLE code;"
        "ALTER TABLE code_2 RENAME TO code;"
        "CREATE INDEX code_account ON code (account_id);"
        "CREATE INDEX code_unit ON code (unit_code);"
        "CREATE INDEX code_expires ON code (expires_at);"

        "CREATE TABLE token_2 ("
        "  hash TEXT NOT NULL PRIMARY KEY,"
        "  client_id TEXT NOT NULL,"
        "  account_id TEXT REFERENCES account (id) ON DELETE CASCADE,"
        "  unit_code TEXT REFERENCES unit (code) ON DELETE CASCADE,"
        "  hinted BIGINT NOT NULL,"
        "  origin TEXT NOT NULL,"
        "  created_at BIGINT NOT NULL,"
        "  expires_at BIGINT NOT NULL,"
        "  CHECK ((account_id IS NULL) <> (unit_code IS NULL))"
        ") /*strict*/;"
        "INSERT INTO token_2 (hash, client_id, account_id, hinted, origin, created_at, expires_at)"
        " SELECT hash, client_id, account_id, hinted, origin, created_at, expires_at FROM token;"
        "DROP TABLE token;"
        "ALTER TABLE token_2 RENAME TO token;"
        "CREATE INDEX token_account ON token (account_id);"
        "CREATE INDEX token_unit ON token (unit_code);"
        "CREATE INDEX token_origin ON token (origin);"
        "CREATE INDEX token_expires ON token (expires_at);"

        /* one nonce a token and unit */
        "CREATE TABLE nonce ("
        "  token_hash TEXT NOT NULL REFERENCES token (hash) ON DELETE CASCADE,"
        "  unit_code TEXT NOT NULL REFERENCES unit (code) ON DELETE CASCADE,"
        "  hash TEXT NOT NULL,"
        "  created_at BIGINT NOT NULL,"
        "  expires_at BIGINT NOT NULL,"
        "  PRIMARY KEY (token_hash, unit_code)"
        ") /*strict*/;"
        "CREATE INDEX nonce_unit ON nonce (unit_code);"
        "CREATE INDEX nonce_expires ON nonce (expires_at);"

        /* the lock ends by the wall clock and, as long as the machine that set it is up, by the
         * time since its start as well */
        "ALTER TABLE guard ADD COLUMN boot_id TEXT NOT NULL DEFAULT '';"
        "ALTER TABLE guard ADD COLUMN boot_until BIGINT NOT NULL DEFAULT 0;",

        /* 2 -> 3: pages for people, the hall and the operator */

        /* a browser: hash of its cookie; no account before the login. flow and data: the steps of a
         * registration or reset so far, no password among them */
        "CREATE TABLE web_session ("
        "  hash TEXT NOT NULL PRIMARY KEY,"
        "  account_id TEXT REFERENCES account (id) ON DELETE CASCADE,"
        "  flow TEXT NOT NULL DEFAULT '',"
        "  data TEXT NOT NULL DEFAULT '',"
        "  created_at BIGINT NOT NULL,"
        "  seen_at BIGINT NOT NULL,"
        "  expires_at BIGINT NOT NULL"
        ") /*strict*/;"
        "CREATE INDEX web_session_account ON web_session (account_id);"
        "CREATE INDEX web_session_expires ON web_session (expires_at);"

        /* a code sent by text message: for one purpose ("register", "reset") of one session */
        "CREATE TABLE sms_code ("
        "  session_hash TEXT NOT NULL,"
        "  purpose TEXT NOT NULL,"
        "  mobile TEXT NOT NULL,"
        "  code_hash TEXT NOT NULL,"
        "  tries_left BIGINT NOT NULL,"
        "  created_at BIGINT NOT NULL,"
        "  expires_at BIGINT NOT NULL,"
        "  PRIMARY KEY (session_hash, purpose)"
        ") /*strict*/;"
        "CREATE INDEX sms_code_expires ON sms_code (expires_at);"

        /* how often something happened since the window began; key says what and to whom */
        "CREATE TABLE rate ("
        "  key TEXT NOT NULL PRIMARY KEY,"
        "  n BIGINT NOT NULL,"
        "  begun_at BIGINT NOT NULL,"
        "  expires_at BIGINT NOT NULL"
        ") /*strict*/;"
        "CREATE INDEX rate_expires ON rate (expires_at);"

        /* the right to set a new password, once, 15 minutes */
        "CREATE TABLE reset ("
        "  hash TEXT NOT NULL PRIMARY KEY,"
        "  account_id TEXT NOT NULL REFERENCES account (id) ON DELETE CASCADE,"
        "  used_at BIGINT NOT NULL DEFAULT 0,"
        "  created_at BIGINT NOT NULL,"
        "  expires_at BIGINT NOT NULL"
        ") /*strict*/;"
        "CREATE INDEX reset_account ON reset (account_id);"
        "CREATE INDEX reset_expires ON reset (expires_at);"

        /* who logged in where; token_hash: what the login gave, '' once it has ended */
        "CREATE TABLE login ("
        "  id TEXT NOT NULL PRIMARY KEY,"
        "  account_id TEXT NOT NULL REFERENCES account (id) ON DELETE CASCADE,"
        "  client_id TEXT NOT NULL,"
        "  method TEXT NOT NULL,"
        "  host TEXT, service TEXT, terminal TEXT, remote_host TEXT,"
        "  unit_code TEXT,"
        "  token_hash TEXT NOT NULL,"
        "  created_at BIGINT NOT NULL,"
        "  expires_at BIGINT NOT NULL,"
        "  ended_at BIGINT NOT NULL DEFAULT 0"
        ") /*strict*/;"
        "CREATE INDEX login_account ON login (account_id, created_at);"
        "CREATE INDEX login_token ON login (token_hash);"

        /* what the hall, the operator and the pages changed: who, what, why */
        "CREATE TABLE audit ("
        "  id TEXT NOT NULL PRIMARY KEY,"
        "  at BIGINT NOT NULL,"
        "  who TEXT NOT NULL,"
        "  action TEXT NOT NULL,"
        "  object TEXT NOT NULL,"
        "  why TEXT NOT NULL"
        ") /*strict*/;"
        "CREATE INDEX audit_at ON audit (at);"

        /* names that look alike count as one when somebody registers (model-registration.c) */
        "CREATE INDEX account_name_look ON account_name (REPLACE(REPLACE(REPLACE(REPLACE("
        "LOWER(name), '0', 'o'), '\u3007', 'o'), '1', 'l'), 'i', 'l'));"

        "ALTER TABLE registration_code ADD COLUMN issued_by TEXT NOT NULL DEFAULT '';"
        "ALTER TABLE registration_code ADD COLUMN revoked_at BIGINT NOT NULL DEFAULT 0;"

        /* a key that was replaced stays good until old_until, so that hosts can follow one by one */
        "ALTER TABLE client ADD COLUMN note TEXT NOT NULL DEFAULT '';"
        "ALTER TABLE client ADD COLUMN old_hash TEXT;"
        "ALTER TABLE client ADD COLUMN old_until BIGINT NOT NULL DEFAULT 0;"
        "ALTER TABLE client ADD COLUMN seen_at BIGINT NOT NULL DEFAULT 0;"
        "ALTER TABLE client ADD COLUMN old_seen_at BIGINT NOT NULL DEFAULT 0;"
        "ALTER TABLE account ADD COLUMN consented_at BIGINT NOT NULL DEFAULT 0;",
};

const char *schema_migration(int version) {
        if (version < 0 || (size_t)version >= ELEMENTSOF(migrations))
                return NULL;
        return migrations[version];
}
