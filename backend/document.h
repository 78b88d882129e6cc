/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Document: whom a registration is about, by name and identity document, in one spelling
 *
 * Hall, page and store compare a person by what stands in the document, so what was typed is
 * brought to one form first: full-width characters made plain, spaces around it removed, numbers in
 * capitals without what divides their groups, one dot (U+00B7) between the parts of a name. */

#include <stddef.h>

#include "lib/common/identity.h"
#include "lib/common/limits.h"

#define DOCUMENT_RESIDENT "resident_identity_card"
#define DOCUMENT_NUMBER_BYTES 30

typedef struct DocumentType {
        const char *word; /* in the store, in files and on the command line */
        const char *chinese, *english;
        size_t n_min, n_max; /* characters of a number */
} DocumentType;

extern const DocumentType document_types[];
extern const size_t n_document_types;

/** document_type_find() - NULL when there is none of this word */
const DocumentType *document_type_find(const char *word);

typedef enum DocumentFault {
        DOCUMENT_FAULT_NONE,
        DOCUMENT_FAULT_NAME,   /* empty, too long, or with characters that no name has */
        DOCUMENT_FAULT_TYPE,   /* not in document_types */
        DOCUMENT_FAULT_NUMBER, /* for a resident identity card .account tells more (GB 11643) */
} DocumentFault;

typedef struct Document {
        char name[LIMIT_NAME_BYTES + 1];
        const DocumentType *type;
        char number[DOCUMENT_NUMBER_BYTES + 1];
        AccountFault account; /* why the number of a resident identity card cannot be right */
} Document;

/** document_parse() - any of the three may be NULL, which is "". Return: the first that cannot be
 * right; @ret is filled as far as it can be. */
DocumentFault document_parse(const char *name, const char *type, const char *number,
                             Document *ret);
