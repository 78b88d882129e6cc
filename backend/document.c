/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>

#include "backend/document.h"
#include "lib/common/text.h"
#include "lib/common/util.h"

/* as the registration of natural persons knows them */
const DocumentType document_types[] = {
        { DOCUMENT_RESIDENT, "居民身份证", "Resident identity card", 18, 18 },
        { "passport", "外国护照", "Passport of another country", 5, 20 },
        { "hong_kong_macao_permit", "港澳居民来往内地通行证",
          "Travel permit of a Hong Kong or Macao resident", 9, 11 },
        { "taiwan_permit", "台湾居民来往大陆通行证", "Travel permit of a Taiwan resident", 8, 11 },
        { "hong_kong_macao_residence_permit", "港澳居民居住证",
          "Residence permit of a Hong Kong or Macao resident", 18, 18 },
        { "taiwan_residence_permit", "台湾居民居住证", "Residence permit of a Taiwan resident", 18,
          18 },
        { "permanent_residence_card", "外国人永久居留身份证",
          "Permanent residence card of a foreigner", 15, 18 },
        { "chinese_passport", "中国护照", "Chinese passport", 8, 9 },
};
const size_t n_document_types = ELEMENTSOF(document_types);

const DocumentType *document_type_find(const char *word) {
        for (size_t i = 0; word && i < n_document_types; i++)
                if (strcmp(document_types[i].word, word) == 0)
                        return &document_types[i];
        return NULL;
}

static bool is_space(uint32_t c) {
        return c == ' ' || (c >= '\t' && c <= '\r') || c == 0xa0 || c == 0x3000;
}

static bool is_dot(uint32_t c) {
        return c == 0xb7 || c == 0x2022 || c == 0x2027 || c == 0x2219 || c == 0x22c5 ||
               c == 0x30fb || c == 0xff65;
}

static bool is_divider(uint32_t c) {
        return is_space(c) || c == '-' || (c >= 0x2010 && c <= 0x2015) || c == 0x2212;
}

static uint32_t plain_of(uint32_t c) {
        return c >= 0xff01 && c <= 0xff5e ? c - 0xff01 + '!' : c;
}

/* Characters of a name that stand twice in Unicode, or only change the one before them: one name
 * would have two spellings. */
static bool has_two_forms(uint32_t c) {
        return (c >= 0x300 && c <= 0x36f) || (c >= 0x2e80 && c <= 0x2fdf) ||
               (c >= 0xf900 && c <= 0xfa0d) || c == 0xfa10 || c == 0xfa12 ||
               (c >= 0xfa15 && c <= 0xfa1e) || c == 0xfa20 || c == 0xfa22 ||
               (c >= 0xfa25 && c <= 0xfa26) || (c >= 0xfa2a && c <= 0xfaff) ||
               (c >= 0x2f800 && c <= 0x2fa1f);
}

static bool name_parse(const char *typed, char ret[static LIMIT_NAME_BYTES + 1]) {
        const char *p = typed, *end = typed + strlen(typed);
        size_t n = 0, n_kept = 0;

        if (!text_is_showable(typed) || strchr(typed, '\n'))
                return false;
        while (p < end) {
                uint32_t c = 0;
                size_t n_bytes = text_decode(p, (size_t)(end - p), &c);
                const char *from = p;
                char plain;

                p += n_bytes;
                if (n_bytes == 0 || has_two_forms(c))
                        return false;
                if (is_space(c)) {
                        if (n > 0 && n == n_kept && n < LIMIT_NAME_BYTES)
                                ret[n++] = ' ';
                        continue;
                }
                if (is_dot(c)) {
                        from = "\u00b7";
                        n_bytes = 2;
                } else if (plain_of(c) != c) {
                        plain = (char)plain_of(c);
                        from = &plain;
                        n_bytes = 1;
                }
                if (n + n_bytes > LIMIT_NAME_BYTES)
                        return false;
                memcpy(ret + n, from, n_bytes);
                n += n_bytes;
                n_kept = n;
        }
        ret[n_kept] = '\0';
        return n_kept > 0;
}

static bool number_parse(const char *typed, const DocumentType *type, Document *ret) {
        const char *p = typed, *end = typed + strlen(typed);
        size_t n = 0;

        while (p < end) {
                uint32_t c = 0;
                size_t n_bytes = text_decode(p, (size_t)(end - p), &c);

                if (n_bytes == 0)
                        return false;
                p += n_bytes;
                if (is_divider(c))
                        continue;
                c = plain_of(c);
                if (c >= 'a' && c <= 'z')
                        c = c - 'a' + 'A';
                if (!((c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z')) ||
                    n == DOCUMENT_NUMBER_BYTES)
                        return false;
                ret->number[n++] = (char)c;
        }
        ret->number[n] = '\0';
        if (strcmp(type->word, DOCUMENT_RESIDENT) == 0) {
                ret->account = identity_number_check(ret->number);
                return ret->account == ACCOUNT_FAULT_NONE;
        }
        return n >= type->n_min && n <= type->n_max;
}

DocumentFault document_parse(const char *name, const char *type, const char *number,
                             Document *ret) {
        *ret = (Document){ .type = document_type_find(type),
                           .account = ACCOUNT_FAULT_CHARACTERS };
        if (!name_parse(name ? name : "", ret->name)) {
                ret->name[0] = '\0';
                return DOCUMENT_FAULT_NAME;
        }
        if (!ret->type)
                return DOCUMENT_FAULT_TYPE;
        return number_parse(number ? number : "", ret->type, ret) ? DOCUMENT_FAULT_NONE
                                                                  : DOCUMENT_FAULT_NUMBER;
}
