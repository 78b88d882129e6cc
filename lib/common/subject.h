/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Subject: which unit a certificate names
 *
 * One rule for the workstation, which looks for the right certificate on a token, and for the
 * platform, which takes the unit from a certificate that it has verified. The strongest attribute
 * of the subject that holds a unit code decides:
 *
 *   organizationIdentifier (2.5.4.97)  a unit code, or one behind "NTRCN-" or "VATCN-" (ETSI EN 319
 *                                      412-1 section 5.1.4)
 *   serialNumber (2.5.4.5)             an 18-character code whose check character fits
 *   organizationalUnitName             the same
 *   commonName                         the same; or one of the fields between '@' is such a code,
 *                                      also with one capital letter before it
 *
 * Authorities write other numbers into the lower three, so only codes that prove themselves count
 * there. Two different codes in the attribute that decides name no unit, and neither does a subject
 * with a NUL byte in one of the four: never is the first of several taken for the one that was
 * meant. */

#include <stdbool.h>
#include <stddef.h>

#include "lib/common/limits.h"

typedef enum SubjectAttribute {
        SUBJECT_ORGANIZATION_IDENTIFIER,
        SUBJECT_SERIAL_NUMBER,
        SUBJECT_ORGANIZATIONAL_UNIT,
        SUBJECT_COMMON_NAME,
        _SUBJECT_ATTRIBUTE_MAX,
} SubjectAttribute;

/* What was found so far; {} is a subject without attributes. Owns nothing. */
typedef struct Subject {
        char codes[_SUBJECT_ATTRIBUTE_MAX][LIMIT_UNIT_CODE_BYTES + 1];
        bool is_unclear[_SUBJECT_ATTRIBUTE_MAX];
        bool is_broken;
} Subject;

/** subject_add() - look at one value of the subject; UTF-8, @n bytes, not necessarily
 * NUL-terminated */
void subject_add(Subject *subject, SubjectAttribute attribute, const char *value, size_t n);

/** subject_unit() - the unit that is named, borrowed from @subject; NULL when there is none, or not
 * clearly one */
const char *subject_unit(const Subject *subject);
