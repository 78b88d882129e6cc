/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The wire: what is refused, what is understood, and that what we write we read back as it was. */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "lib/wire/wire.h"

/* All schemas behind one face, so that a case only names its schema. */
typedef union AnyWire {
#define WIRE_UNION(name, Type) Type name;
        WIRE_LIST(WIRE_UNION)
} AnyWire;

typedef struct SchemaFns {
        const char *name;
        int (*decode)(const char *json, size_t n, AnyWire *ret);
        int (*encode)(const AnyWire *x, Secret **ret);
        void (*done)(AnyWire *x);
} SchemaFns;

#define WIRE_WRAP(name, Type) \
        static int any_##name##_decode(const char *json, size_t n, AnyWire *ret) { \
                return wire_##name##_decode(json, n, &ret->name); \
        } \
        static int any_##name##_encode(const AnyWire *x, Secret **ret) { \
                return wire_##name##_encode(&x->name, ret); \
        } \
        static void any_##name##_done(AnyWire *x) { \
                wire_##name##_done(&x->name); \
        }
WIRE_LIST(WIRE_WRAP)

#define WIRE_ROW(name, Type) { #name, any_##name##_decode, any_##name##_encode, any_##name##_done },
static const SchemaFns schemas[] = { WIRE_LIST(WIRE_ROW) };

static const SchemaFns *schema_of(const char *name) {
        for (size_t i = 0; i < ELEMENTSOF(schemas); i++)
                if (strcmp(schemas[i].name, name) == 0)
                        return &schemas[i];
        fail_msg("no schema %s", name);
        return NULL;
}

static int decode_exact(const SchemaFns *fns, const char *json, size_t n, AnyWire *ret) {
        /* A copy of its own size, so that the sanitizer sees a read past the end. */
        _cleanup_(freep) char *copy = malloc(n ? n : 1);

        assert_non_null(copy);
        memcpy(copy, json, n);
        return fns->decode(copy, n, ret);
}

typedef struct RefusedCase {
        const char *sentence;
        int result;
        const char *schema;
        const char *json;
        size_t n; /* 0: strlen() */
} RefusedCase;

#define BYTES(s) s, sizeof(s) - 1
#define TOKEN(rest) "{\"access_token\":\"t\",\"token_type\":\"Bearer\"" rest "}"
#define TOKEN_TYPE(value) "{\"access_token\":\"t\",\"token_type\":" value "}"
#define USER(rest) "{\"sub\":\"1\"" rest "}"
#define PNG_ERROR(value) "{\"error\":\"captcha_required\",\"captcha_png\":" value "}"

#define PHASES(value) \
        "{\"issuer\":\"https://x\",\"token_endpoint\":\"https://x/t\",\"response_types_supported\":[]," \
        "\"phases\":{\"relation\":" value "}}"
#define CHALLENGE(seconds) \
        "{\"challenge\":\"0123456789-_0123456789012345678901234567890\",\"expires_in\":" seconds "}"

/* threats 42 */
static const RefusedCase refused_cases[] = {
        { "nothing at all", WIRE_E_JSON, "userinfo", "", 0 },
        { "white space only", WIRE_E_JSON, "userinfo", " \n", 0 },
        { "a text of the tongue", WIRE_E_JSON, "userinfo", "<html>sorry</html>", 0 },
        { "half an object", WIRE_E_JSON, "userinfo", "{\"sub\":\"1\"", 0 },
        { "half a string", WIRE_E_JSON, "userinfo", "{\"sub\":\"1", 0 },
        { "an escape at the very end", WIRE_E_JSON, "userinfo", "{\"sub\":\"1\\", 0 },
        { "an array on top", WIRE_E_JSON, "userinfo", "[{\"sub\":\"1\"}]", 0 },
        { "a string on top", WIRE_E_JSON, "userinfo", "\"sub\"", 0 },
        { "true on top", WIRE_E_JSON, "userinfo", "true", 0 },
        { "null on top", WIRE_E_JSON, "userinfo", "null", 0 },
        { "two documents", WIRE_E_JSON, "userinfo", USER("") USER(""), 0 },
        { "data behind the document", WIRE_E_JSON, "userinfo", USER("") "x", 0 },
        { "a closing bracket too many", WIRE_E_JSON, "userinfo", USER("") "}", 0 },
        { "a NUL behind the document", WIRE_E_JSON, "userinfo", BYTES("{\"sub\":\"1\"}\0") },
        { "a byte order mark", WIRE_E_JSON, "userinfo", "\xEF\xBB\xBF{\"sub\":\"1\"}", 0 },
        { "a member twice", WIRE_E_JSON, "userinfo", USER(",\"sub\":\"2\""), 0 },
        { "a member twice, once escaped", WIRE_E_JSON, "userinfo", USER(",\"\\u0073ub\":\"2\""), 0 },
        { "an unknown member twice", WIRE_E_JSON, "userinfo", USER(",\"x\":1,\"x\":1"), 0 },
        { "single quotes", WIRE_E_JSON, "userinfo", "{'sub':'1'}", 0 },
        { "a comma too many", WIRE_E_JSON, "userinfo", "{\"sub\":\"1\",}", 0 },
        { "a comment", WIRE_E_JSON, "userinfo", "{\"sub\":\"1\"/* */}", 0 },
        { "NaN", WIRE_E_JSON, "userinfo", USER(",\"x\":NaN"), 0 },
        { "Infinity", WIRE_E_JSON, "userinfo", USER(",\"x\":-Infinity"), 0 },
        { "1e400", WIRE_E_JSON, "userinfo", USER(",\"x\":1e400"), 0 },
        { "an integer above 64 bits", WIRE_E_JSON, "userinfo", USER(",\"x\":9223372036854775808"), 0 },
        { "a leading zero", WIRE_E_JSON, "userinfo", USER(",\"x\":01"), 0 },
        { "a NUL escaped in a value", WIRE_E_JSON, "userinfo", "{\"sub\":\"1\\u0000\"}", 0 },
        { "a NUL escaped in a key", WIRE_E_JSON, "userinfo", "{\"sub\\u0000x\":\"1\"}", 0 },
        { "a NUL escaped in an unknown key", WIRE_E_JSON, "userinfo", USER(",\"success\\u0000x\":1"), 0 },
        { "a raw NUL in a value", WIRE_E_JSON, "userinfo", BYTES("{\"sub\":\"1\0\"}") },
        { "a raw newline in a value", WIRE_E_JSON, "userinfo", USER(",\"name\":\"a\nb\""), 0 },
        { "a raw escape character", WIRE_E_JSON, "userinfo", USER(",\"name\":\"\x1b[2J\""), 0 },
        { "an overlong slash", WIRE_E_JSON, "userinfo", USER(",\"name\":\"\xC0\xAF\""), 0 },
        { "a surrogate in UTF-8", WIRE_E_JSON, "userinfo", USER(",\"name\":\"\xED\xA0\x80\""), 0 },
        { "a character above U+10FFFF", WIRE_E_JSON, "userinfo", USER(",\"name\":\"\xF4\x90\x80\x80\""), 0 },
        { "a lone surrogate escaped", WIRE_E_JSON, "userinfo", USER(",\"name\":\"\\ud800\""), 0 },
        { "surrogates in the wrong order", WIRE_E_JSON, "userinfo", USER(",\"name\":\"\\udc00\\ud800\""), 0 },
        { "nine levels", WIRE_E_JSON, "userinfo", USER(",\"x\":[[[[[[[[]]]]]]]]"), 0 },

        { "a required member missing", WIRE_E_SCHEMA, "userinfo", "{}", 0 },
        { "a required member null", WIRE_E_SCHEMA, "userinfo", "{\"sub\":null}", 0 },
        { "a required member empty", WIRE_E_SCHEMA, "userinfo", "{\"sub\":\"\"}", 0 },
        { "the name of a member in capitals", WIRE_E_SCHEMA, "userinfo", "{\"SUB\":\"1\"}", 0 },
        { "an optional member null", WIRE_E_SCHEMA, "userinfo", USER(",\"name\":null"), 0 },
        { "a number for a string", WIRE_E_SCHEMA, "userinfo", "{\"sub\":1}", 0 },
        { "a space in a subject", WIRE_E_SCHEMA, "userinfo", "{\"sub\":\"a b\"}", 0 },
        { "true as a string", WIRE_E_SCHEMA, "userinfo", USER(",\"login_hint_matched\":\"true\""), 0 },
        { "one for true", WIRE_E_SCHEMA, "userinfo", USER(",\"login_hint_matched\":1"), 0 },
        { "null for false", WIRE_E_SCHEMA, "userinfo", USER(",\"login_hint_matched\":null"), 0 },
        { "units that are no list", WIRE_E_SCHEMA, "userinfo", USER(",\"units\":{}"), 0 },
        { "a unit that is no object", WIRE_E_SCHEMA, "userinfo", USER(",\"units\":[1]"), 0 },
        { "a unit without a name", WIRE_E_SCHEMA, "userinfo",
          USER(",\"units\":[{\"code\":\"919900000000000018\"}]"), 0 },
        { "a second unit without a code", WIRE_E_SCHEMA, "userinfo",
          USER(",\"units\":[{\"code\":\"919900000000000018\",\"name\":\"\"},{\"name\":\"\"}]"), 0 },
        { "a unit code in small letters", WIRE_E_SCHEMA, "units",
          "{\"units\":[{\"code\":\"91990000000000002b\",\"name\":\"x\"}]}", 0 },
        { "a unit code of a star", WIRE_E_SCHEMA, "units", "{\"units\":[{\"code\":\"*\",\"name\":\"x\"}]}", 0 },
        { "a unit code with a path", WIRE_E_SCHEMA, "units",
          "{\"units\":[{\"code\":\"../../../../revoke\",\"name\":\"x\"}]}", 0 },
        { "a unit authorised by a word", WIRE_E_SCHEMA, "units",
          "{\"units\":[{\"code\":\"919900000000000018\",\"name\":\"x\",\"authorised\":\"yes\"}]}", 0 },
        { "a method nobody knows", WIRE_E_SCHEMA, "units",
          "{\"units\":[{\"code\":\"919900000000000018\",\"name\":\"x\",\"methods\":[\"magic\"]}]}", 0 },
        { "a method that is a number", WIRE_E_SCHEMA, "units",
          "{\"units\":[{\"code\":\"919900000000000018\",\"name\":\"x\",\"methods\":[1]}]}", 0 },
        { "no list of units", WIRE_E_SCHEMA, "units", "{}", 0 },

        { "a token of another type", WIRE_E_SCHEMA, "token_answer", TOKEN_TYPE("\"DPoP\""), 0 },
        { "a token type with something behind", WIRE_E_SCHEMA, "token_answer", TOKEN_TYPE("\"Bearer \""), 0 },
        { "a token type that is no string", WIRE_E_SCHEMA, "token_answer", TOKEN_TYPE("1"), 0 },
        { "a token without a type", WIRE_E_SCHEMA, "token_answer", "{\"access_token\":\"t\"}", 0 },
        { "a token with a line break in it", WIRE_E_SCHEMA, "token_answer",
          "{\"access_token\":\"t\\r\\nX: y\",\"token_type\":\"Bearer\"}", 0 },
        { "a token that is an object", WIRE_E_SCHEMA, "token_answer",
          "{\"access_token\":{},\"token_type\":\"Bearer\"}", 0 },
        { "seconds as a string", WIRE_E_SCHEMA, "token_answer", TOKEN(",\"expires_in\":\"60\""), 0 },
        { "seconds as a real number", WIRE_E_SCHEMA, "token_answer", TOKEN(",\"expires_in\":60.0"), 0 },
        { "seconds below zero", WIRE_E_SCHEMA, "token_answer", TOKEN(",\"expires_in\":-1"), 0 },
        { "a person folded in wrongly", WIRE_E_SCHEMA, "token_answer", TOKEN(",\"userinfo\":{}"), 0 },
        { "a person folded in as null", WIRE_E_SCHEMA, "token_answer", TOKEN(",\"userinfo\":null"), 0 },

        { "six tries left", WIRE_E_SCHEMA, "challenge_error", "{\"error\":\"x\",\"attempts_left\":6}", 0 },
        { "minus one try left", WIRE_E_SCHEMA, "challenge_error", "{\"error\":\"x\",\"attempts_left\":-1}", 0 },
        { "a lock of no time", WIRE_E_SCHEMA, "challenge_error", "{\"error\":\"x\",\"retry_after\":0}", 0 },
        { "a lock of two days", WIRE_E_SCHEMA, "challenge_error", "{\"error\":\"x\",\"retry_after\":172800}", 0 },
        { "an error with a quotation mark", WIRE_E_SCHEMA, "challenge_error", "{\"error\":\"a\\\"b\"}", 0 },
        { "an error beyond ASCII", WIRE_E_SCHEMA, "challenge_error", "{\"error\":\"错\"}", 0 },
        { "an error that is a number", WIRE_E_SCHEMA, "challenge_error", "{\"error\":5}", 0 },
        { "a session with a space", WIRE_E_SCHEMA, "challenge_error",
          "{\"error\":\"x\",\"auth_session\":\"a b\"}", 0 },
        { "a captcha id with a path", WIRE_E_SCHEMA, "challenge_error",
          "{\"error\":\"x\",\"captcha_id\":\"../x\"}", 0 },
        { "an empty picture", WIRE_E_SCHEMA, "challenge_error", PNG_ERROR("\"\""), 0 },
        { "a picture cut off", WIRE_E_SCHEMA, "challenge_error", PNG_ERROR("\"iVBOR\""), 0 },
        { "a picture without padding", WIRE_E_SCHEMA, "challenge_error", PNG_ERROR("\"iVBORw\""), 0 },
        { "a picture with too much padding", WIRE_E_SCHEMA, "challenge_error", PNG_ERROR("\"i===\""), 0 },
        { "a picture of padding only", WIRE_E_SCHEMA, "challenge_error", PNG_ERROR("\"====\""), 0 },
        { "padding in the middle of a picture", WIRE_E_SCHEMA, "challenge_error",
          PNG_ERROR("\"iV==BORw\""), 0 },
        { "white space in a picture", WIRE_E_SCHEMA, "challenge_error", PNG_ERROR("\"iVB \""), 0 },
        { "a newline behind a picture", WIRE_E_SCHEMA, "challenge_error", PNG_ERROR("\"iVBORwo\\n\""), 0 },
        { "the URL alphabet in a picture", WIRE_E_SCHEMA, "challenge_error", PNG_ERROR("\"iV-_\""), 0 },
        { "a picture beyond ASCII", WIRE_E_SCHEMA, "challenge_error", PNG_ERROR("\"图=\""), 0 },
        { "a picture that is a list", WIRE_E_SCHEMA, "challenge_error", PNG_ERROR("[]"), 0 },

        { "a state nobody knows", WIRE_E_SCHEMA, "token_error",
          "{\"error\":\"authorization_pending\",\"state\":\"granted\"}", 0 },
        { "a reason nobody knows", WIRE_E_SCHEMA, "token_error",
          "{\"error\":\"access_denied\",\"reason\":\"\"}", 0 },
        { "a device code that never ends", WIRE_E_SCHEMA, "device_answer",
          "{\"device_code\":\"d\",\"user_code\":\"u\",\"verification_uri\":\"https://x\",\"expires_in\":1801}", 0 },
        { "an interval of nothing", WIRE_E_SCHEMA, "device_answer",
          "{\"device_code\":\"d\",\"user_code\":\"u\",\"verification_uri\":\"https://x\",\"expires_in\":9,"
          "\"interval\":0}", 0 },
        { "an address with a line break", WIRE_E_SCHEMA, "device_answer",
          "{\"device_code\":\"d\",\"user_code\":\"u\",\"verification_uri\":\"https://x\\n\",\"expires_in\":9}", 0 },
        { "metadata without response types", WIRE_E_SCHEMA, "metadata",
          "{\"issuer\":\"https://x\",\"token_endpoint\":\"https://x/t\"}", 0 },
        { "response types that are no strings", WIRE_E_SCHEMA, "metadata",
          "{\"issuer\":\"https://x\",\"token_endpoint\":\"https://x/t\",\"response_types_supported\":[1]}", 0 },
        { "a phase nobody knows", WIRE_E_SCHEMA, "metadata",
          "{\"issuer\":\"https://x\",\"token_endpoint\":\"https://x/t\",\"response_types_supported\":[],"
          "\"phase\":\"open\"}", 0 },
        { "links that are a list", WIRE_E_SCHEMA, "metadata",
          "{\"issuer\":\"https://x\",\"token_endpoint\":\"https://x/t\",\"response_types_supported\":[],"
          "\"links\":[]}", 0 },
        { "a date of another shape", WIRE_E_SCHEMA, "metadata", PHASES("\"01.01.2020\""), 0 },
        { "a date without leading zeros", WIRE_E_SCHEMA, "metadata", PHASES("\"2020-1-1\""), 0 },
        { "a date with a time behind it", WIRE_E_SCHEMA, "metadata", PHASES("\"2020-01-01T00:00:00Z\""), 0 },
        { "a date with a hyphen in the year", WIRE_E_SCHEMA, "metadata", PHASES("\"-020-01-01\""), 0 },
        { "a date of digits only", WIRE_E_SCHEMA, "metadata", PHASES("\"2020001001\""), 0 },
        { "a date that is a number", WIRE_E_SCHEMA, "metadata", PHASES("20200101"), 0 },
        { "a date that is null", WIRE_E_SCHEMA, "metadata", PHASES("null"), 0 },
        { "dates that are a list", WIRE_E_SCHEMA, "metadata",
          "{\"issuer\":\"https://x\",\"token_endpoint\":\"https://x/t\",\"response_types_supported\":[],"
          "\"phases\":[]}", 0 },
        { "a unit login told by a word", WIRE_E_SCHEMA, "userinfo", USER(",\"unit_login\":\"true\""), 0 },
        { "a verification by a method nobody knows", WIRE_E_SCHEMA, "verification",
          "{\"code\":\"919900000000000018\",\"method\":\"magic\"}", 0 },
        /* threats 73 */
        { "an empty challenge", WIRE_E_SCHEMA, "unit_challenge", "{\"challenge\":\"\",\"expires_in\":120}", 0 },
        { "a challenge of less than 32 bytes", WIRE_E_SCHEMA, "unit_challenge",
          "{\"challenge\":\"" "0123456789012345678901234567890123456789" "01\",\"expires_in\":120}", 0 },
        { "a challenge with a line break in it", WIRE_E_SCHEMA, "unit_challenge",
          "{\"challenge\":\"" "01234567890123456789\\n0123456789012345678901" "2\",\"expires_in\":120}", 0 },
        { "a challenge in the other alphabet", WIRE_E_SCHEMA, "unit_challenge",
          "{\"challenge\":\"" "+/34567890123456789012345678901234567890" "12=\",\"expires_in\":120}", 0 },
        { "a challenge that never ends", WIRE_E_SCHEMA, "unit_challenge", CHALLENGE("601"), 0 },
        { "a challenge that is over", WIRE_E_SCHEMA, "unit_challenge", CHALLENGE("0"), 0 },
        { "a challenge without an end", WIRE_E_SCHEMA, "unit_challenge",
          "{\"challenge\":\"" "0123456789012345678901234567890123456789" "012\"}", 0 },
        { "a reason that is a sentence", WIRE_E_SCHEMA, "problem", "{\"type\":\"x\",\"reason\":\"no way\"}", 0 },
        { "an empty reason", WIRE_E_SCHEMA, "problem", "{\"type\":\"x\",\"reason\":\"\"}", 0 },
        { "a problem without a type", WIRE_E_SCHEMA, "problem", "{\"title\":\"x\",\"status\":403}", 0 },
        { "a problem of status 99", WIRE_E_SCHEMA, "problem", "{\"type\":\"x\",\"status\":99}", 0 },
        { "a confirmation that is none", WIRE_E_SCHEMA, "confirmation", "{\"state\":\"refused\"}", 0 },
        { "five digits", WIRE_E_SCHEMA, "confirmation", "{\"state\":\"confirmed\",\"digits\":\"12345\"}", 0 },
        { "six digits as a number", WIRE_E_SCHEMA, "confirmation",
          "{\"state\":\"confirmed\",\"digits\":123456}", 0 },
};

static void test_refused(void **state) {
        (void)state;
        for (size_t i = 0; i < ELEMENTSOF(refused_cases); i++) {
                const RefusedCase *c = &refused_cases[i];
                AnyWire untouched, x;
                int r;

                memset(&x, 0x5a, sizeof(x));
                untouched = x;
                r = decode_exact(schema_of(c->schema), c->json, c->n ? c->n : strlen(c->json), &x);
                if (r != c->result)
                        fail_msg("%s: %d", c->sentence, r);
                if (memcmp(&x, &untouched, sizeof(x)) != 0)
                        fail_msg("%s: wrote to its result", c->sentence);
        }
}

/* threats 42: a body at the limit of its size costs next to nothing */
static void test_refused_when_big(void **state) {
        static const char *const patterns[] = { "[", "{\"a\":", "[{},", "{},", "[0,", "\"", "[\"\\\"", "]" };
        _cleanup_(freep) char *body = malloc(LIMIT_BODY_BYTES + 1);
        WireUserinfo x = {};

        (void)state;
        assert_non_null(body);
        for (size_t i = 0; i < ELEMENTSOF(patterns); i++) {
                for (size_t j = 0; j < LIMIT_BODY_BYTES; j++)
                        body[j] = patterns[i][j % strlen(patterns[i])];
                assert_int_equal(wire_userinfo_decode(body, LIMIT_BODY_BYTES, &x), WIRE_E_JSON);
        }

        /* As many small values as the text has room for. */
        memset(body, ' ', LIMIT_BODY_BYTES + 1);
        memcpy(body, "{\"sub\":\"1\",\"x\":[", 16);
        for (size_t j = 16; j + 3 < LIMIT_BODY_BYTES - 8; j += 3)
                memcpy(body + j, "{},", 3);
        memcpy(body + LIMIT_BODY_BYTES - 4, "{}]}", 4);
        assert_int_equal(wire_userinfo_decode(body, LIMIT_BODY_BYTES, &x), WIRE_E_JSON);

        /* One byte more than allowed, all of it white space. */
        memset(body, ' ', LIMIT_BODY_BYTES + 1);
        memcpy(body, "{\"sub\":\"1\"}", 11);
        assert_int_equal(wire_userinfo_decode(body, LIMIT_BODY_BYTES + 1, &x), WIRE_E_JSON);
        assert_int_equal(wire_userinfo_decode(body, LIMIT_BODY_BYTES, &x), 0);
        wire_userinfo_done(&x);
}

/* Each limit: the longest text is read, one byte more is not. */
typedef struct LimitCase {
        const char *sentence;
        const char *schema;
        const char *before, *after;
        size_t n_max;
} LimitCase;

static const LimitCase limit_cases[] = {
        { "a subject", "userinfo", "{\"sub\":\"", "\"}", LIMIT_SUBJECT_BYTES },
        { "a login name", "userinfo", "{\"sub\":\"1\",\"preferred_username\":\"", "\"}", 96 },
        { "a name", "userinfo", "{\"sub\":\"1\",\"name\":\"", "\"}", LIMIT_NAME_BYTES },
        { "a token", "token_answer", "{\"token_type\":\"bearer\",\"access_token\":\"", "\"}", LIMIT_TOKEN_BYTES },
        { "a code", "challenge_answer", "{\"authorization_code\":\"", "\"}", LIMIT_TOKEN_BYTES },
        { "a session", "challenge_error", "{\"error\":\"x\",\"auth_session\":\"", "\"}", LIMIT_TOKEN_BYTES },
        { "a captcha id", "challenge_error", "{\"error\":\"x\",\"captcha_id\":\"", "\"}", 64 },
        { "a unit code", "units", "{\"units\":[{\"name\":\"\",\"code\":\"", "\"}]}", LIMIT_UNIT_CODE_BYTES },
        { "a unit name", "units", "{\"units\":[{\"code\":\"990101000000004\",\"name\":\"", "\"}]}",
          LIMIT_NAME_BYTES },
        { "an address", "metadata",
          "{\"issuer\":\"https://x\",\"response_types_supported\":[],\"token_endpoint\":\"", "\"}",
          LIMIT_URI_BYTES },
        { "a link", "metadata",
          "{\"issuer\":\"https://x\",\"response_types_supported\":[],\"token_endpoint\":\"https://x/t\","
          "\"links\":{\"register\":\"", "\"}}", LIMIT_URI_BYTES },
        { "a user code", "device_answer",
          "{\"device_code\":\"d\",\"verification_uri\":\"https://x\",\"expires_in\":9,\"user_code\":\"", "\"}", 32 },
        { "a challenge", "unit_challenge", "{\"expires_in\":120,\"challenge\":\"", "\"}", 256 },
        { "a reason", "problem", "{\"type\":\"x\",\"reason\":\"", "\"}", 32 },
        { "a host", "device_view",
          "{\"user_code\":\"u\",\"state\":\"pending\",\"expires_in\":0,\"host\":\"", "\"}", 255 },
};

static void test_limits(void **state) {
        (void)state;
        for (size_t i = 0; i < ELEMENTSOF(limit_cases); i++) {
                const LimitCase *c = &limit_cases[i];
                const SchemaFns *fns = schema_of(c->schema);

                for (size_t n = c->n_max; n <= c->n_max + 1; n++) {
                        size_t n_before = strlen(c->before);
                        _cleanup_(freep) char *json = malloc(n_before + n + strlen(c->after) + 1);
                        AnyWire x;
                        int r;

                        assert_non_null(json);
                        memcpy(json, c->before, n_before);
                        memset(json + n_before, '7', n);
                        strcpy(json + n_before + n, c->after);
                        r = decode_exact(fns, json, strlen(json), &x);
                        if (r != (n > c->n_max ? WIRE_E_SCHEMA : 0))
                                fail_msg("%s of %zu bytes: %d", c->sentence, n, r);
                        if (r == 0)
                                fns->done(&x);
                }
        }
}

static void test_number_of_units(void **state) {
        (void)state;
        for (size_t n = LIMIT_UNITS; n <= LIMIT_UNITS + 1; n++) {
                _cleanup_(freep) char *json = malloc(LIMIT_BODY_BYTES);
                size_t used;
                WireUnits x = {};

                assert_non_null(json);
                used = (size_t)sprintf(json, "{\"units\":[");
                for (size_t i = 0; i < n; i++)
                        used += (size_t)sprintf(json + used,
                                                "%s{\"code\":\"%018zu\",\"name\":\"%zu\",\"authorised\":true,"
                                                "\"methods\":[\"relation\",\"declaration_password\",\"ca\"]}",
                                                i ? "," : "", i, i);
                used += (size_t)sprintf(json + used, "]}");

                assert_int_equal(wire_units_decode(json, used, &x), n > LIMIT_UNITS ? WIRE_E_SCHEMA : 0);
                if (n <= LIMIT_UNITS) {
                        assert_int_equal(x.n_items, n);
                        assert_string_equal(x.items[n - 1].code, "000000000000000199");
                }
                wire_units_done(&x);
        }
}

/* What is read, written again: the text that is written is the same, up to members that we do not know. */
typedef struct ReadCase {
        const char *sentence;
        const char *schema;
        const char *json;
        const char *written; /* NULL: as .json */
} ReadCase;

#define FIXED_LISTS \
        "\"response_types_supported\":[\"code\"]," \
        "\"grant_types_supported\":[\"authorization_code\",\"urn:ietf:params:oauth:grant-type:device_code\"]," \
        "\"code_challenge_methods_supported\":[\"S256\"]," \
        "\"token_endpoint_auth_methods_supported\":[\"client_secret_basic\",\"client_secret_post\",\"none\"]," \
        "\"scopes_supported\":[\"openid\",\"profile\",\"units\"]"

static const ReadCase read_cases[] = {
        { "the metadata of a plain device grant server", "metadata",
          "{\"issuer\":\"https://x\",\"token_endpoint\":\"https://x/t\","
          "\"device_authorization_endpoint\":\"https://x/d\",\"jwks_uri\":\"https://x/j\","
          "\"response_types_supported\":[\"code\",\"id_token\"],\"claims_parameter_supported\":false}",
          "{\"issuer\":\"https://x\",\"token_endpoint\":\"https://x/t\","
          "\"device_authorization_endpoint\":\"https://x/d\"," FIXED_LISTS
          ",\"device_long_poll_seconds\":0}" },
        { "the metadata of a full server", "metadata",
          "{\"issuer\":\"https://x\",\"token_endpoint\":\"https://x/t\","
          "\"authorization_challenge_endpoint\":\"https://x/c\",\"device_authorization_endpoint\":\"https://x/d\","
          "\"userinfo_endpoint\":\"https://x/u\",\"revocation_endpoint\":\"https://x/r\","
          "\"units_endpoint\":\"https://x/n\",\"password_endpoint\":\"https://x/p\"," FIXED_LISTS ",\"device_scanned_state_supported\":true,"
          "\"device_long_poll_seconds\":60,\"phase\":\"realname\","
          "\"phases\":{\"dual\":\"2019-11-09\",\"relation\":\"2020-01-01\",\"realname\":\"2099-12-31\"},"
          "\"links\":{\"register\":\"https://x/1\","
          "\"forgot_password\":\"https://x/2\",\"forgot_declaration_password\":\"https://x/3\","
          "\"app_download\":\"https://x/4\"}}", NULL },
        { "one date only", "metadata", PHASES("\"2020-01-01\""),
          "{\"issuer\":\"https://x\",\"token_endpoint\":\"https://x/t\"," FIXED_LISTS
          ",\"device_long_poll_seconds\":0,\"phases\":{\"relation\":\"2020-01-01\"}}" },
        { "a code", "challenge_answer", "{\"authorization_code\":\"abc\"}", NULL },
        { "a wrong password", "challenge_error",
          "{\"error\":\"invalid_credentials\",\"auth_session\":\"s\",\"attempts_left\":0,"
          "\"captcha_id\":\"c-_1\",\"captcha_png\":\"iVBORw0K\",\"captcha_wrong\":true}", NULL },
        { "a picture of four bytes", "challenge_error", PNG_ERROR("\"iVBORw==\""), NULL },
        { "a picture of five bytes", "challenge_error", PNG_ERROR("\"iVBORw0=\""), NULL },
        { "a lock", "challenge_error", "{\"error\":\"account_locked\",\"retry_after\":86400}", NULL },
        { "an error of another server", "challenge_error",
          "{\"error\":\"server_error\",\"error_description\":\"\\u001b[2J\",\"error_uri\":{}}",
          "{\"error\":\"server_error\"}" },
        { "a false that may be absent", "challenge_error", "{\"error\":\"x\",\"captcha_wrong\":false}",
          "{\"error\":\"x\"}" },
        { "a device code without an interval", "device_answer",
          "{\"device_code\":\"d\",\"user_code\":\"WDJB-MJHT\",\"verification_uri\":\"https://x\","
          "\"expires_in\":1800}",
          "{\"device_code\":\"d\",\"user_code\":\"WDJB-MJHT\",\"verification_uri\":\"https://x\","
          "\"expires_in\":1800,\"interval\":5}" },
        { "a device code with everything", "device_answer",
          "{\"device_code\":\"d\",\"user_code\":\"K7Q29X4P\",\"verification_uri\":\"https://x/q\","
          "\"verification_uri_complete\":\"HTTPS://X/Q/K7Q29X4P\",\"expires_in\":1,\"interval\":60}", NULL },
        { "a person", "userinfo", "{\"sub\":\"1\"}", NULL },
        { "a person without units", "userinfo", "{\"sub\":\"1\",\"units\":[]}", NULL },
        { "a person with everything", "userinfo",
          "{\"sub\":\"1\",\"preferred_username\":\"ceshi_jia\",\"name\":\"测试甲\",\"login_hint_matched\":false,"
          "\"units\":[{\"code\":\"919900000000000018\",\"name\":\"测试一号有限公司\",\"authorised\":true,"
          "\"methods\":[\"relation\",\"ca\"]},{\"code\":\"990101000000004\",\"name\":\"\",\"authorised\":false,"
          "\"methods\":[]}]}", NULL },
        { "a unit without a person", "userinfo",
          "{\"sub\":\"unit:919900000000000018\",\"unit_login\":true,\"units\":[]}", NULL },
        { "escapes are read as what they mean", "userinfo",
          "{\"\\u0073ub\":\"\\u0031\",\"name\":\"\\u6d4b\\u8bd5\\ud83d\\ude00\\\"\\\\\\/\\u001b\"}",
          "{\"sub\":\"1\",\"name\":\"测试😀\\\"\\\\/\\u001B\"}" },
        { "brackets in a string are not depth", "userinfo",
          "{\"sub\":\"[[[[[[[[[[{{{{{{\",\"x\":\"\\\"]]}}\"}", "{\"sub\":\"[[[[[[[[[[{{{{{{\"}" },
        { "eight levels", "userinfo", "{\"sub\":\"1\",\"x\":[[[[[[[]]]]]]]}", "{\"sub\":\"1\"}" },
        { "white space around", "userinfo", " \r\n\t{ \"sub\" : \"1\" } \n", "{\"sub\":\"1\"}" },
        { "units of their own", "units",
          "{\"units\":[{\"code\":\"919900000000000018\",\"name\":\"n\"}],\"total\":1}",
          "{\"units\":[{\"code\":\"919900000000000018\",\"name\":\"n\",\"authorised\":false,\"methods\":[]}]}" },
        { "a token of a type in small letters", "token_answer",
          "{\"access_token\":\"t\",\"token_type\":\"bearer\",\"id_token\":\"x\",\"scope\":\"openid\"}",
          "{\"access_token\":\"t\",\"token_type\":\"Bearer\"}" },
        { "a token with the person", "token_answer",
          "{\"access_token\":\"t\",\"token_type\":\"Bearer\",\"expires_in\":60,"
          "\"userinfo\":{\"sub\":\"1\",\"login_hint_matched\":true}}", NULL },
        { "pending by RFC 8628", "token_error", "{\"error\":\"authorization_pending\"}", NULL },
        { "scanned", "token_error", "{\"error\":\"authorization_pending\",\"state\":\"scanned\"}", NULL },
        { "another person's phone", "token_error",
          "{\"error\":\"access_denied\",\"reason\":\"wrong_person\",\"attempts_left\":2}", NULL },
        { "a verification", "verification",
          "{\"code\":\"919900000000000018\",\"name\":\"n\",\"method\":\"declaration_password\"}", NULL },
        { "a verification by CA certificate", "verification",
          "{\"code\":\"919900000000000018\",\"method\":\"ca\"}", NULL },
        { "a challenge for a certificate", "unit_challenge", CHALLENGE("120"), NULL },
        { "a certificate refused", "problem",
          "{\"type\":\"https://x/problems/unit-certificate-refused\",\"status\":403,\"reason\":\"other-unit\"}",
          NULL },
        { "a problem", "problem",
          "{\"type\":\"https://x/p/unit-locked\",\"title\":\"t\",\"status\":403,\"detail\":\"d\","
          "\"retry_after\":7200}", NULL },
        { "a view for the phone", "device_view",
          "{\"user_code\":\"K7Q29X4P\",\"state\":\"pending\",\"host\":\"h\",\"service\":\"sshd\","
          "\"terminal\":\"tty1\",\"remote_host\":\"r\",\"account\":\"ce****ia\",\"requested_at\":1767225600,"
          "\"expires_in\":0,\"binding\":\"digits\"}", NULL },
        { "a confirmation with digits", "confirmation", "{\"state\":\"confirmed\",\"digits\":\"012345\"}", NULL },
        { "a confirmation without", "confirmation", "{\"state\":\"confirmed\"}", NULL },
};

static void test_read_and_written(void **state) {
        (void)state;
        for (size_t i = 0; i < ELEMENTSOF(read_cases); i++) {
                const ReadCase *c = &read_cases[i];
                const SchemaFns *fns = schema_of(c->schema);
                _cleanup_(secret_freep) Secret *text = NULL;
                AnyWire x;
                int r;

                r = decode_exact(fns, c->json, strlen(c->json), &x);
                if (r)
                        fail_msg("%s: not read, %d", c->sentence, r);
                r = fns->encode(&x, &text);
                if (r)
                        fail_msg("%s: not written, %d", c->sentence, r);
                if (strcmp(secret_text(text), c->written ? c->written : c->json) != 0)
                        fail_msg("%s: written as %s", c->sentence, secret_text(text));
                fns->done(&x);
                fns->done(&x);
        }
}

/* Every body cut at every byte is refused, and so is every single flipped bit or still well formed. */
static void test_cut_and_flipped(void **state) {
        (void)state;
        for (size_t i = 0; i < ELEMENTSOF(read_cases); i++) {
                const ReadCase *c = &read_cases[i];
                const SchemaFns *fns = schema_of(c->schema);
                size_t n = strlen(c->json), n_body = (size_t)(strrchr(c->json, '}') - c->json);
                _cleanup_(freep) char *copy = strdup(c->json);
                AnyWire x;

                assert_non_null(copy);
                for (size_t j = 0; j <= n_body; j++)
                        if (fns->decode(c->json, j, &x) != WIRE_E_JSON)
                                fail_msg("%s: read when cut after %zu bytes", c->sentence, j);

                for (size_t j = 0; j < 8 * n; j++) {
                        copy[j / 8] ^= (char)(1 << j % 8);
                        if (fns->decode(copy, n, &x) == 0) {
                                _cleanup_(secret_freep) Secret *text = NULL;

                                if (fns->encode(&x, &text) != 0)
                                        fail_msg("%s: bit %zu flipped is read and not written", c->sentence, j);
                                fns->done(&x);
                        }
                        copy[j / 8] ^= (char)(1 << j % 8);
                }
        }
}

static void test_absent_members(void **state) {
        WireChallengeError error = {};
        WireDeviceAnswer device = {};
        WireUserinfo person = {};
        WireTokenAnswer token = {};
        WireProblem problem = {};

        (void)state;
        assert_int_equal(wire_challenge_error_decode(BYTES("{\"error\":\"x\"}"), &error), 0);
        assert_int_equal(error.attempts_left, -1);
        assert_int_equal(error.retry_after, 0);
        assert_null(error.auth_session);
        assert_null(error.captcha.png);
        assert_false(error.captcha.wrong);
        wire_challenge_error_done(&error);

        assert_int_equal(wire_device_answer_decode(BYTES("{\"device_code\":\"d\",\"user_code\":\"u\",\"verification_uri\":"
                                                         "\"https://x\",\"expires_in\":9}"), &device), 0);
        assert_int_equal(device.interval, 5);
        assert_string_equal(secret_text(device.device_code), "d");
        wire_device_answer_done(&device);

        assert_int_equal(wire_userinfo_decode(BYTES("{\"sub\":\"1\"}"), &person), 0);
        assert_int_equal(person.hint_matched, -1);
        assert_false(person.units.present);
        assert_false(person.unit_login);
        wire_userinfo_done(&person);

        assert_int_equal(wire_token_answer_decode(BYTES(TOKEN("")), &token), 0);
        assert_int_equal(token.expires_in, 0);
        assert_false(token.has_userinfo);
        wire_token_answer_done(&token);

        assert_int_equal(wire_problem_decode(BYTES("{\"type\":\"about:blank\"}"), &problem), 0);
        assert_int_equal(problem.status, 0);
        assert_int_equal(problem.attempts_left, -1);
        assert_null(problem.reason);
        wire_problem_done(&problem);
}

static void test_flags_of_a_unit(void **state) {
        static const char json[] = "{\"units\":[{\"code\":\"990101000000004\",\"name\":\"n\",\"methods\":["
                                   "\"declaration_password\"]}]}";
        WireUnits units = {};

        (void)state;
        assert_int_equal(wire_units_decode(BYTES(json), &units), 0);
        assert_true(units.present);
        assert_false(units.items[0].authorised);
        assert_false(units.items[0].has_relation);
        assert_true(units.items[0].has_password);
        assert_false(units.items[0].has_ca);
        wire_units_done(&units);
}

static void test_picture(void **state) {
        static const char json[] = PNG_ERROR("\"iVBORw0KGgo=\"");
        static const uint8_t bytes[] = { 0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n' };
        WireChallengeError error = {};

        (void)state;
        assert_int_equal(wire_challenge_error_decode(BYTES(json), &error), 0);
        assert_int_equal(error.captcha.n_png, sizeof(bytes));
        assert_memory_equal(error.captcha.png, bytes, sizeof(bytes));
        wire_challenge_error_done(&error);
}

static void test_largest_picture(void **state) {
        (void)state;
        for (size_t n = LIMIT_CAPTCHA_PNG_BYTES; n <= LIMIT_CAPTCHA_PNG_BYTES + 1; n++) {
                _cleanup_(secret_freep) Secret *text = NULL;
                _cleanup_(freep) uint8_t *png = calloc(1, n);
                char error[] = "captcha_required";
                const WireChallengeError x = { .error = error, .attempts_left = -1,
                                               .captcha = { .png = png, .n_png = n } };
                WireChallengeError y = {};

                assert_non_null(png);
                png[n - 1] = 7;
                assert_int_equal(wire_challenge_error_encode(&x, &text), n > LIMIT_CAPTCHA_PNG_BYTES ? -EINVAL : 0);
                if (!text)
                        continue;
                assert_int_equal(wire_challenge_error_decode(secret_text(text), secret_size(text), &y), 0);
                assert_int_equal(y.captcha.n_png, n);
                assert_memory_equal(y.captcha.png, png, n);
                wire_challenge_error_done(&y);
        }

        /* One byte above, from the other side: 43692 characters with one padding character less. */
        {
                _cleanup_(freep) char *json = malloc(LIMIT_BODY_BYTES);
                size_t n = (size_t)sprintf(json, "{\"error\":\"x\",\"captcha_png\":\"");
                WireChallengeError y = {};

                memset(json + n, 'A', 43692);
                strcpy(json + n + 43692, "\"}");
                assert_int_equal(wire_challenge_error_decode(json, strlen(json), &y), WIRE_E_SCHEMA);
                json[n + 43691] = '=';
                assert_int_equal(wire_challenge_error_decode(json, strlen(json), &y), 0);
                wire_challenge_error_done(&y);
        }
}

static void test_not_written(void **state) {
        char good[] = "good", spaced[] = "a b", bad_utf8[] = "\xC0\xAF", code[] = "919900000000000018";
        char relation[] = "relation", magic[] = "magic";
        const WireUserinfo no_subject = { .hint_matched = -1 };
        const WireUserinfo spaced_subject = { .sub = spaced, .hint_matched = -1 };
        const WireUserinfo bad_name = { .sub = good, .name = bad_utf8, .hint_matched = -1 };
        const WireChallengeError too_many = { .error = good, .attempts_left = 6 };
        const WireVerification wrong_method = { .code = code, .method = magic };
        const WireVerification no_code = { .method = relation };
        const WireChallengeAnswer no_code_answer = {};
        Secret *text = NULL;

        (void)state;
        assert_int_equal(wire_userinfo_encode(&no_subject, &text), -EINVAL);
        assert_int_equal(wire_userinfo_encode(&spaced_subject, &text), -EINVAL);
        assert_int_equal(wire_userinfo_encode(&bad_name, &text), -EINVAL);
        assert_int_equal(wire_challenge_error_encode(&too_many, &text), -EINVAL);
        assert_int_equal(wire_verification_encode(&wrong_method, &text), -EINVAL);
        assert_int_equal(wire_verification_encode(&no_code, &text), -EINVAL);
        assert_int_equal(wire_challenge_answer_encode(&no_code_answer, &text), -EINVAL);
        assert_null(text);
}

static void test_too_big_to_be_written(void **state) {
        char code[] = "919900000000000018", name[LIMIT_NAME_BYTES + 1];
        WireUnit items[LIMIT_UNITS];
        const WireUnits units = { .items = items, .n_items = LIMIT_UNITS, .present = true };
        Secret *text = NULL;

        (void)state;
        memset(name, '"', sizeof(name) - 1); /* two bytes each when written */
        name[sizeof(name) - 1] = '\0';
        for (size_t i = 0; i < LIMIT_UNITS; i++)
                items[i] = (WireUnit){ .code = code, .name = name };
        assert_int_equal(wire_units_encode(&units, &text), -ENOBUFS);
        assert_null(text);
}

static int init(void **state) {
        (void)state;
        wire_init_process();
        return 0;
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_refused),
                cmocka_unit_test(test_refused_when_big),
                cmocka_unit_test(test_limits),
                cmocka_unit_test(test_number_of_units),
                cmocka_unit_test(test_read_and_written),
                cmocka_unit_test(test_cut_and_flipped),
                cmocka_unit_test(test_absent_members),
                cmocka_unit_test(test_flags_of_a_unit),
                cmocka_unit_test(test_picture),
                cmocka_unit_test(test_largest_picture),
                cmocka_unit_test(test_not_written),
                cmocka_unit_test(test_too_big_to_be_written),
        };

        return cmocka_run_group_tests(tests, init, NULL);
}
