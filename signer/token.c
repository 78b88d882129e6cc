/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Token: libp11. It reaches RSA and P-256; SM2 has no number in PKCS#11 that it knows. */

#include <string.h>

#include <libp11.h>
#include <openssl/err.h>
#include <openssl/ui.h>

#include "lib/common/util.h"
#include "signer/certificate.h"
#include "signer/cleanup.h"
#include "signer/key.h"
#include "signer/token.h"

/* PKCS#11 v2.40, pkcs11t.h */
enum {
        CKR_DEVICE_REMOVED = 0x32,
        CKR_PIN_INCORRECT = 0xa0,
        CKR_PIN_INVALID = 0xa1,
        CKR_PIN_LEN_RANGE = 0xa2,
        CKR_PIN_LOCKED = 0xa4,
        CKR_TOKEN_NOT_PRESENT = 0xe0,
};

typedef struct Slots {
        PKCS11_CTX *context;
        PKCS11_SLOT *slots;
        unsigned n_slots;
} Slots;

typedef struct Place {
        PKCS11_SLOT *slot;
        PKCS11_CERT *certificate;
        int rank;
} Place;

/* The last thing that a module said, 0 when nothing did. */
static unsigned long module_error(void) {
        unsigned long error = ERR_peek_last_error();

        return ERR_GET_LIB(error) == ERR_get_CKR_code() ? (unsigned long)ERR_GET_REASON(error) : 0;
}

static bool is_later(const X509 *a, const X509 *b) {
        return ASN1_TIME_compare(X509_get0_notBefore(a), X509_get0_notBefore(b)) > 0;
}

static void look_at(PKCS11_SLOT *slot, const char *unit, Place *best) {
        PKCS11_CERT *certificates = NULL;
        unsigned n = 0;

        if (PKCS11_enumerate_certs(slot->token, &certificates, &n) < 0)
                return;

        for (unsigned i = 0; i < n; i++) {
                X509 *x509 = certificates[i].x509;
                int rank;

                if (!x509 || !certificate_names(x509, unit))
                        continue;
                rank = certificate_rank(x509);
                if (!best->certificate || rank > best->rank ||
                    (rank == best->rank && is_later(x509, best->certificate->x509)))
                        *best = (Place){ slot, &certificates[i], rank };
        }
}

/* A blank token gives no session, for which libp11 (0.4.12) would wait without end. */
static void find_place(const Slots *slots, const char *unit, Place *ret) {
        for (unsigned i = 0; i < slots->n_slots; i++) {
                const PKCS11_TOKEN *token = slots->slots[i].token;

                if (token && token->initialized)
                        look_at(&slots->slots[i], unit, ret);
        }
}

/* Asked for once more after a PIN was refused: the flags that are there were read before. */
static void tries_update(const Slots *slots, PKCS11_SLOT *slot, Answer *answer) {
        unsigned long id = PKCS11_get_slotid_from_slot(slot);
        PKCS11_SLOT *again = NULL;
        unsigned n = 0;

        if (PKCS11_enumerate_slots(slots->context, &again, &n) < 0)
                return;
        for (unsigned i = 0; i < n; i++) {
                const PKCS11_TOKEN *token = again[i].token;

                if (!token || PKCS11_get_slotid_from_slot(&again[i]) != id)
                        continue;
                if (token->userPinLocked)
                        (void)answer_fail(answer, SIGNING_PIN_LOCKED, NULL);
                else if (token->userPinFinalTry)
                        answer->tries_left = 1;
        }
}

static SigningStatus log_in(const Slots *slots, PKCS11_SLOT *slot, const Secret *pin,
                            Answer *answer) {
        if (!slot->token->loginRequired)
                return answer_fail(answer, SIGNING_BAD_SOURCE,
                                   "the token gives its key without a PIN");
        if (slot->token->userPinLocked)
                return answer_fail(answer, SIGNING_PIN_LOCKED, NULL);

        ERR_clear_error();
        if (PKCS11_login(slot, 0, secret_text(pin)) == 0)
                return SIGNING_OK;

        switch (module_error()) {
        case CKR_PIN_LOCKED:
                return answer_fail(answer, SIGNING_PIN_LOCKED, NULL);
        case CKR_PIN_INCORRECT:
        case CKR_PIN_INVALID:
        case CKR_PIN_LEN_RANGE:
                (void)answer_fail(answer, SIGNING_WRONG_PIN, NULL);
                tries_update(slots, slot, answer);
                return answer->status;
        case CKR_DEVICE_REMOVED:
        case CKR_TOKEN_NOT_PRESENT:
                return answer_fail(answer, SIGNING_NO_KEY, "the token was removed");
        default: /* hundreds of codes, and those of vendors */
                return answer_fail_library(answer, SIGNING_FAILED,
                                           "the token does not take the PIN");
        }
}

/* Some keys want the PIN again for each signature (CKA_ALWAYS_AUTHENTICATE). It is given once: a
 * second question would be about a PIN that was refused. */
static int pin_write(UI *ui, UI_STRING *string) {
        const char **pin = UI_get0_user_data(ui);
        const char *answer = pin ? *pin : NULL;

        if (UI_get_string_type(string) != UIT_PROMPT)
                return 1;
        if (!answer)
                return 0;
        *pin = NULL;
        return UI_set_result(ui, string, answer) == 0;
}

static int pin_at_signature(PKCS11_CTX *context, const char **pin) {
        UI_METHOD *method = UI_create_method("itax-sign");

        return method && UI_method_set_writer(method, NULL) == 0 &&
                               UI_method_set_reader(method, pin_write) == 0 ?
                       PKCS11_set_ui_method(context, method, (void *)pin) :
                       -1;
}

static STACK_OF(X509) * others_of(const PKCS11_SLOT *slot) {
        STACK_OF(X509) *others = sk_X509_new_null();
        PKCS11_CERT *certificates = NULL;
        unsigned n = 0;

        if (!others || PKCS11_enumerate_certs(slot->token, &certificates, &n) < 0)
                return others;
        for (unsigned i = 0; i < n; i++)
                if (certificates[i].x509 && X509_up_ref(certificates[i].x509) &&
                    !sk_X509_push(others, certificates[i].x509))
                        X509_free(certificates[i].x509);
        return others;
}

static SigningStatus place_sign(const Slots *slots, const Place *place, const Request *request,
                                Answer *answer) {
        _cleanup_(x509_stack_freep) STACK_OF(X509) *others = NULL;
        _cleanup_(evp_pkey_freep) EVP_PKEY *key = NULL;
        const char *pin = secret_text(request->pin);
        PKCS11_KEY *found;
        SigningStatus status;

        status = log_in(slots, place->slot, request->pin, answer);
        if (status != SIGNING_OK)
                return status;
        if (pin_at_signature(slots->context, &pin) < 0)
                return answer_fail(answer, SIGNING_FAILED, "out of memory");

        ERR_clear_error();
        found = PKCS11_find_key(place->certificate);
        key = found ? PKCS11_get_private_key(found) : NULL;
        if (!key)
                return answer_fail(answer, SIGNING_NO_KEY,
                                   "the token has no key to the certificate");

        others = others_of(place->slot);
        status = key_sign(key, X509_get0_pubkey(place->certificate->x509), request->text,
                          request->n_text, answer);
        if (status == SIGNING_OK &&
            certificate_chain(place->certificate->x509, others, &answer->certificates) < 0)
                status = answer_fail(answer, SIGNING_FAILED, "the certificates are too large");
        return status;
}

SigningStatus token_sign(const Request *request, Answer *answer) {
        Slots slots = { .context = PKCS11_CTX_new() };
        const EVP_PKEY *public;
        const char *algorithm;
        Place place = {};

        if (!slots.context)
                return answer_fail(answer, SIGNING_FAILED, "out of memory");
        if (PKCS11_CTX_load(slots.context, request->path) < 0)
                return answer_fail_library(answer, SIGNING_BAD_SOURCE,
                                           "the module cannot be loaded");
        if (PKCS11_enumerate_slots(slots.context, &slots.slots, &slots.n_slots) < 0)
                return answer_fail_library(answer, SIGNING_FAILED, "the module shows no slots");

        find_place(&slots, request->unit, &place);
        if (!place.certificate)
                return answer_fail(answer, SIGNING_NO_KEY,
                                   "no token with a certificate of this unit");

        /* Said before a PIN is tried, as no PIN would help. */
        public = X509_get0_pubkey(place.certificate->x509);
        algorithm = public ? key_algorithm(public) : NULL;
        if (!algorithm || strcmp(algorithm, "SM2") == 0)
                return answer_fail(answer, SIGNING_FAILED,
                                   "only RSA and P-256 keys can be used on a token, not SM2: give "
                                   "the key as PKCS#12 file");

        return place_sign(&slots, &place, request, answer);
}
