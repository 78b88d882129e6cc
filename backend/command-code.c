/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* code: registration codes, which a hall hands out to a person whose document it has seen */

#include <stdio.h>
#include <time.h>

#include "backend/clock.h"
#include "backend/command.h"
#include "backend/listing.h"
#include "backend/model-registration.h"
#include "lib/common/text.h"

#define OBJECT_BYTES 512
#define TIME_BYTES 32

static const Column list_columns[] = {
        { "CODE", "code", COLUMN_TEXT },
        { "NAME", "name", COLUMN_TEXT },
        { "DOCUMENT TYPE", "document_type", COLUMN_TEXT },
        { "DOCUMENT", "document_number", COLUMN_MASKED },
        { "ISSUED", "issued_at", COLUMN_TIME },
        { "GOOD UNTIL", "good_until", COLUMN_TIME },
        { "BY", "issued_by", COLUMN_TEXT },
        { "STATE", "state", COLUMN_TEXT },
        { "AT", "state_at", COLUMN_TIME },
};

static int list_query(Store *store, const void *userdata _unused_, Statement **ret) {
        return code_list(store, clock_wall_sec(), ret);
}

int command_code_list(Store *store, const Options *options) {
        const Listing listing = { .columns = list_columns,
                                  .n_columns = ELEMENTSOF(list_columns),
                                  .query = list_query };

        return listing_print(store, &listing, 1, options->json ? FORMAT_JSON : FORMAT_TEXT);
}

static int types_tell(void) {
        (void)command_refuse("--document-type takes one of:");
        for (size_t i = 0; i < n_document_types; i++)
                fprintf(stderr, "  %s (%s)\n", document_types[i].word, document_types[i].chinese);
        return COMMAND_E_USAGE;
}

static int document_read(const Options *options, Document *ret) {
        switch (document_parse(options->name, options->document_type, options->document_number,
                               ret)) {
        case DOCUMENT_FAULT_NONE:
                return 0;
        case DOCUMENT_FAULT_NAME:
                return command_refuse("this cannot be a name: give it as it stands in the document");
        case DOCUMENT_FAULT_TYPE:
                return types_tell();
        case DOCUMENT_FAULT_NUMBER:
                break;
        }
        return command_refuse("this cannot be the number of that document: look at each character"
                              " again");
}

/* Who, by which document, and enough of the code to know it again: until it is used it is worth
 * something. */
static int object_make(const Document *document, const char *code, char ret[static OBJECT_BYTES]) {
        _cleanup_(freep) char *number = NULL, *masked = NULL;
        int r;

        r = text_mask(document->number, &number);
        if (r == 0)
                r = text_mask(code, &masked);
        if (r == 0)
                (void)snprintf(ret, OBJECT_BYTES, "%s for %s %s %s", masked, document->name,
                               document->type->word, number);
        return r;
}

static void issued_tell(const Options *options, const Document *document, const char *code,
                        int64_t until) {
        char text[TIME_BYTES] = "";
        time_t t = (time_t)until;
        struct tm tm;

        if (options->json) {
                if (gmtime_r(&t, &tm))
                        (void)strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm);
                printf("{\"code\":\"%s\",\"good_until\":\"%s\"}\n", code, text);
                return;
        }
        if (localtime_r(&t, &tm))
                (void)strftime(text, sizeof(text), "%Y-%m-%d %H:%M", &tm);
        printf("%s  good until %s, once, for %s\n", code, text, document->name);
}

int command_code_issue(Store *store, const Options *options) {
        char code[REGISTRATION_CODE_CHARS + 1], object[OBJECT_BYTES];
        _cleanup_(transaction_done) Transaction transaction = {};
        _cleanup_(freep) char *who = NULL;
        int64_t now = clock_wall_sec();
        Document document;
        int r;

        r = document_read(options, &document);
        if (r == 0)
                r = command_who(&who);
        if (r == 0)
                r = transaction_begin(store, &transaction);
        if (r != 0)
                return r;

        r = code_issue(store, &document, who, now, code);
        if (r > 0)
                return command_refuse("this document has an account already; account reset gives it"
                                      " a new password");
        if (r == 0)
                r = object_make(&document, code, object);
        if (r == 0)
                r = command_commit(&transaction, options, object);
        if (r == 0)
                issued_tell(options, &document, code, now + REGISTRATION_CODE_LIFETIME_SEC);
        return r;
}

int command_code_revoke(Store *store, const Options *options) {
        static const char *const reasons[] = {
                [REGISTRATION_E_WRONG] = "there is no such code; code list shows all of them",
                [REGISTRATION_E_EXPIRED] = "this code is too old to be used anyway",
                [REGISTRATION_E_USED] = "this code was used; account disable stops the account",
                [REGISTRATION_E_REVOKED] = "this code is revoked already",
        };
        _cleanup_(transaction_done) Transaction transaction = {};
        char code[REGISTRATION_CODE_CHARS + 1] = "";
        _cleanup_(freep) char *masked = NULL;
        int r;

        if (!code_parse(options->arguments[0], code))
                return command_refuse("%s", reasons[REGISTRATION_E_WRONG]);
        r = text_mask(code, &masked);
        if (r == 0)
                r = transaction_begin(store, &transaction);
        if (r < 0)
                return r;
        r = code_revoke(store, code, clock_wall_sec());
        if (r > 0)
                return command_refuse("%s", reasons[r]);
        return r == 0 ? command_commit(&transaction, options, masked) : r;
}
