/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Unit verification by certificate: the nonce, and the proof that answers it. */

#include <errno.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>

#include "backend/api-certificate.h"
#include "backend/model-nonce.h"
#include "backend/report.h"
#include "backend/routes.h"

#define UNCONST(s) ((char *)(uintptr_t)(s))
#define SIGNATURE_CHARS_MAX 2048
#define NONCE_CHARS_MAX 256
#define PURPOSE "itax-unit-verification-v1"
#define TEXT_BYTES_MAX \
        (sizeof(PURPOSE) + LIMIT_URI_BYTES + LIMIT_UNIT_CODE_BYTES + NONCE_CHARS_MAX + 4)

bool certificate_offered(const Request *request, const UnitRow *unit) {
        return unit->ca && request->server->options->authorities.roots;
}

static int challenge(Request *request) {
        _cleanup_(transaction_done) Transaction transaction = {};
        _cleanup_(secret_freep) Secret *nonce = NULL;
        Store *store = request->server->store;
        Secret *json = NULL;
        int r, q;

        r = transaction_begin(store, &transaction);
        if (r < 0)
                return r;
        /* somebody else's unit, one that does not exist and one without certificates look the
         * same */
        q = unit_find(store, request->token.account_id, request->parameter, &request->unit);
        if (q == 0 && !certificate_offered(request, &request->unit))
                q = UNIT_E_UNKNOWN;
        if (q == 0)
                q = nonce_new(store, request->token.hash, request->unit.code, request->now, &nonce);
        if (q < 0)
                return q;
        r = transaction_commit(&transaction);
        if (r < 0)
                return r;

        if (q > 0) {
                request_refuse(request, MHD_HTTP_NOT_FOUND, "not-found");
                return 0;
        }
        (void)wire_unit_challenge_encode(
                &(const WireUnitChallenge){ .challenge = UNCONST(secret_text(nonce)),
                                            .expires_in = NONCE_LIFETIME_SEC },
                &json);
        request_json(request, MHD_HTTP_OK, json);
        return 0;
}

void api_unit_challenge(Request *request) {
        int r;

        r = challenge(request);
        if (r < 0)
                request_fail(request, r);
}

static void refuse(Request *request, int error) {
        report_event("unit certificate refused: %s", certificate_reason(error));
        request_problem(request, MHD_HTTP_FORBIDDEN,
                        &(const WireProblem){ .type = UNCONST("unit-certificate-refused"),
                                              .reason = UNCONST(certificate_reason(error)),
                                              .attempts_left = -1 });
}

/* base64url without padding (RFC 4648 section 5). Return: 0, -EINVAL. */
static int signature_read(const char *text, uint8_t ret[static SIGNATURE_CHARS_MAX],
                          size_t *ret_n) {
        char padded[SIGNATURE_CHARS_MAX + 4];
        size_t n = strlen(text), n_pad = (4 - n % 4) % 4;
        int n_bytes;

        if (n % 4 == 1 || strspn(text, "0123456789abcdefghijklmnopqrstuvwxyz"
                                       "ABCDEFGHIJKLMNOPQRSTUVWXYZ-_") != n)
                return -EINVAL;
        for (size_t i = 0; i < n; i++)
                padded[i] = (char)(text[i] == '-' ? '+' : text[i] == '_' ? '/' : text[i]);
        memset(padded + n, '=', n_pad);
        n_bytes = EVP_DecodeBlock(ret, (const unsigned char *)padded, (int)(n + n_pad));
        if (n_bytes < (int)n_pad)
                return -EINVAL;
        *ret_n = (size_t)n_bytes - n_pad;
        return 0;
}

typedef struct Proof {
        CertificateProof wire;
        const char *nonce;
        uint8_t signature[SIGNATURE_CHARS_MAX];
        char text[TEXT_BYTES_MAX + 1];
} Proof;

static int proof_read(const Request *request, Proof *ret) {
        const char *signature, *certificates, *algorithm = request_field(request, "algorithm");
        int n;

        if (request_field_max(request, "challenge", NONCE_CHARS_MAX, &ret->nonce) < 0 ||
            request_field_max(request, "signature", SIGNATURE_CHARS_MAX, &signature) < 0 ||
            request_field_max(request, "certificates", CERTIFICATES_BYTES_MAX, &certificates) < 0 ||
            !ret->nonce || !signature || !certificates || !algorithm ||
            (strcmp(algorithm, "RS256") != 0 && strcmp(algorithm, "ES256") != 0 &&
             strcmp(algorithm, "SM2") != 0))
                return -EINVAL;

        n = snprintf(ret->text, sizeof(ret->text), PURPOSE "\n%s\n%s\n%s",
                     request->server->options->issuer, request->unit.code, ret->nonce);
        if (n < 0 || (size_t)n >= sizeof(ret->text))
                return -EINVAL;
        ret->wire = (CertificateProof){ .unit_code = request->unit.code,
                                        .algorithm = algorithm,
                                        .certificates = certificates,
                                        .n_certificates = strlen(certificates),
                                        .signature = ret->signature,
                                        .text = ret->text,
                                        .n_text = (size_t)n };
        return signature_read(signature, ret->signature, &ret->wire.n_signature);
}

/* Used up before anything of the proof is looked at. */
static int nonce_take(Request *request, const char *nonce) {
        _cleanup_(transaction_done) Transaction transaction = {};
        int r, q;

        r = transaction_begin(request->server->store, &transaction);
        if (r < 0)
                return r;
        q = nonce_use(request->server->store, request->token.hash, request->unit.code, nonce,
                      request->now);
        if (q < 0)
                return q;
        r = transaction_commit(&transaction);
        return r < 0 ? r : q;
}

int certificate_try(Request *request) {
        const ServerOptions *options = request->server->options;
        Authorities *authorities;
        Proof proof;
        int r;

        r = proof_read(request, &proof);
        if (r < 0)
                return r;
        if (!certificate_offered(request, &request->unit)) {
                request_refuse(request, MHD_HTTP_FORBIDDEN, "unit-not-related");
                return 0;
        }

        r = nonce_take(request, proof.nonce);
        if (r > 0)
                r = CERTIFICATE_E_CHALLENGE;
        if (r == 0)
                r = authority_get(&options->authorities, &request->server->authorities,
                                  &authorities);
        if (r == 0)
                r = certificate_verify(authorities, &proof.wire, request->now);
        if (r > 0) {
                refuse(request, r);
                return 0;
        }
        if (r < 0)
                return r == -EINVAL ? -EIO : r;

        /* is the unit one of the person's at this moment, and may it still come by this way? */
        r = unit_find(request->server->store, request->token.account_id, request->parameter,
                      &request->unit);
        if (r < 0)
                return r;
        if (r > 0 || !certificate_offered(request, &request->unit))
                request_refuse(request, MHD_HTTP_FORBIDDEN, "unit-not-related");
        else
                answer_verified(request, "ca");
        return 0;
}
