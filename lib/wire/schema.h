/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Schema: doc/platform-api.yaml as tables
 *
 * One row a member: where it stands in the JSON object, where in the C struct, and what it may
 * hold. One decoder, one encoder and one release function walk the same rows, so the two directions
 * cannot drift apart. Private to lib/wire. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "lib/wire/wire.h"

typedef enum WireType {
        WIRE_TEXT,     /* char *; .chars, .min to .max bytes */
        WIRE_WORD,     /* char *; one of .words */
        WIRE_TOKEN,    /* Secret *; .min to .max visible ASCII bytes */
        WIRE_NUMBER,   /* int64_t; .min to .max, .absent when it is not there */
        WIRE_FLAG,     /* bool; false when it is not there */
        WIRE_TRISTATE, /* int; -1 when it is not there */
        WIRE_PNG,      /* uint8_t * at .offset, size_t at .offset_more; base64 */
        WIRE_UNITS,    /* WireUnits; elements of .schema, at most .max */
        WIRE_FLAGS,    /* array of .words, the n-th stands for the n-th bool at .offset */
        WIRE_OBJECT, /* struct of .schema at .offset, bool at .offset_more tells that it is there */
        WIRE_GROUP,  /* object of .schema whose members stand in the outer struct */
        WIRE_BEARER, /* the word "Bearer" in any case; not stored */
        WIRE_FIXED,  /* array of strings; not stored; .words is what we write */
} WireType;

typedef enum WireChars {
        CHARS_ANY,     /* UTF-8 without NUL */
        CHARS_VISIBLE, /* 0x21-0x7e */
        CHARS_ERROR,   /* RFC 6749 section 5.2: 0x20-0x7e without '"' and '\\' */
        CHARS_ID,      /* letters, digits, '-', '_' */
        CHARS_UNIT,    /* digits, capital letters */
        CHARS_DIGITS,
        CHARS_DATE, /* shape YYYY-MM-DD; whether there is such a day is not judged */
} WireChars;

typedef enum WirePresence {
        WIRE_OPTIONAL, /* may be absent; a false flag is not written */
        WIRE_SHOWN,    /* may be absent when read; a flag is written even when false */
        WIRE_REQUIRED, /* must be there in both directions */
} WirePresence;

typedef struct WireSchema WireSchema;

typedef struct WireMember {
        const char *name;
        WireType type;
        WirePresence presence;
        WireChars chars;
        size_t offset, offset_more;
        int64_t min, max, absent;
        const char *const *words; /* NULL-terminated */
        const WireSchema *schema;
} WireMember;

struct WireSchema {
        const WireMember *members;
        size_t n_members;
};

/** wire_text_fits() - may a WIRE_TEXT or WIRE_TOKEN member hold these bytes? */
bool wire_text_fits(const WireMember *member, const char *text, size_t n);
/** wire_word_fits() - index of a word in the member's list, -1 if it is none */
int wire_word_index(const WireMember *member, const char *word);

/** wire_object_read() - Return: 0, WIRE_E_SCHEMA, -ENOMEM. @base must be zero before and be
 * released by the caller on failure too. */
int wire_object_read(const WireSchema *schema, const json_t *object, void *base);
/** wire_object_write() - Return: 0, -EINVAL, -ENOMEM */
int wire_object_write(const WireSchema *schema, const void *base, json_t **ret);
void wire_object_done(const WireSchema *schema, void *base);

/** wire_text_parse() - text to tree, within the limits of size, depth and count. Return: 0,
 * WIRE_E_JSON, -ENOMEM. */
int wire_text_parse(const char *json, size_t n, json_t **ret);

/** wire_malloc() - wipe_malloc() for jansson: once it has failed it fails until wire_memory_begin()
 */
void *wire_malloc(size_t n);
void wire_memory_begin(void);

/** wire_base64_decode() - RFC 4648 section 4, padded, without white space. Return: 0,
 * WIRE_E_SCHEMA, -ENOMEM. */
int wire_base64_decode(const char *text, size_t n, uint8_t **ret_bytes, size_t *ret_n);
/** wire_base64_encode() - Return: 0 or -ENOMEM. @ret is NUL-terminated, for free(). */
int wire_base64_encode(const uint8_t *bytes, size_t n, char **ret);

static inline void json_unrefp(json_t **p) {
        json_decref(*p);
}

#define WIRE_SCHEMA_DECLARE(name, Type) extern const WireSchema wire_##name##_schema;
WIRE_LIST(WIRE_SCHEMA_DECLARE)
