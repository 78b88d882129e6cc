/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Subject: a code is kept for each attribute, and the strongest is asked for at the end */

#include <string.h>

#include "lib/common/identity.h"
#include "lib/common/subject.h"
#include "lib/common/util.h"

#define PROVEN_CHARS 18 /* GB 32100-2015: the only length with a check character */

static bool code_is_proven(const char *code) {
        return strlen(code) == PROVEN_CHARS && unit_code_is_valid(code);
}

static bool code_copy(const char *value, size_t n, char ret[LIMIT_UNIT_CODE_BYTES + 1]) {
        if (n > LIMIT_UNIT_CODE_BYTES)
                return false;
        memcpy(ret, value, n);
        ret[n] = '\0';
        return true;
}

static void found(Subject *subject, SubjectAttribute attribute, const char *code) {
        char *known = subject->codes[attribute];

        if (known[0] == '\0')
                memcpy(known, code, strlen(code) + 1);
        else if (strcmp(known, code) != 0)
                subject->is_unclear[attribute] = true;
}

static void add_identifier(Subject *subject, const char *value, size_t n) {
        static const char *const prefixes[] = { "NTRCN-", "VATCN-" };
        char code[LIMIT_UNIT_CODE_BYTES + 1];

        for (size_t i = 0; i < ELEMENTSOF(prefixes); i++) {
                size_t n_prefix = strlen(prefixes[i]);

                if (n > n_prefix && memcmp(value, prefixes[i], n_prefix) == 0) {
                        value += n_prefix;
                        n -= n_prefix;
                        break;
                }
        }
        if (code_copy(value, n, code) && unit_code_is_valid(code))
                found(subject, SUBJECT_ORGANIZATION_IDENTIFIER, code);
}

static void add_proven(Subject *subject, SubjectAttribute attribute, const char *value, size_t n) {
        char code[LIMIT_UNIT_CODE_BYTES + 1];

        if (code_copy(value, n, code) && code_is_proven(code))
                found(subject, attribute, code);
}

static void add_fields(Subject *subject, const char *value, size_t n) {
        const char *end = value + n;

        for (;;) {
                const char *at = memchr(value, '@', (size_t)(end - value));
                size_t n_field = (size_t)((at ? at : end) - value);

                add_proven(subject, SUBJECT_COMMON_NAME, value, n_field);
                if (n_field == PROVEN_CHARS + 1 && *value >= 'A' && *value <= 'Z')
                        add_proven(subject, SUBJECT_COMMON_NAME, value + 1, n_field - 1);
                if (!at)
                        return;
                value = at + 1;
        }
}

void subject_add(Subject *subject, SubjectAttribute attribute, const char *value, size_t n) {
        if (n == 0)
                return;
        if (memchr(value, '\0', n)) {
                subject->is_broken = true;
                return;
        }

        switch (attribute) {
        case SUBJECT_ORGANIZATION_IDENTIFIER:
                add_identifier(subject, value, n);
                return;
        case SUBJECT_SERIAL_NUMBER:
        case SUBJECT_ORGANIZATIONAL_UNIT:
                add_proven(subject, attribute, value, n);
                return;
        case SUBJECT_COMMON_NAME:
                add_fields(subject, value, n);
                return;
        case _SUBJECT_ATTRIBUTE_MAX:
                return;
        }
}

const char *subject_unit(const Subject *subject) {
        if (subject->is_broken)
                return NULL;

        for (size_t i = 0; i < ELEMENTSOF(subject->codes); i++)
                if (subject->codes[i][0] != '\0')
                        return subject->is_unclear[i] ? NULL : subject->codes[i];
        return NULL;
}
