/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* File: the MAC of the file tells a wrong PIN from a broken file. A file without one is refused, as
 * anybody could have put another certificate into it, and a PIN could not be told wrong. */

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/provider.h>

#include "lib/common/util.h"
#include "signer/certificate.h"
#include "signer/cleanup.h"
#include "signer/file.h"
#include "signer/key.h"

static int file_read(const Request *request, unsigned char *bytes, size_t n_room, size_t *ret_n) {
        _cleanup_(closep) int fd = -1;
        size_t n = 0;

        fd = request->source == SOURCE_PKCS12 ?
                     open(request->path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK) :
                     fcntl(SIGNING_FILE_DESCRIPTOR, F_DUPFD_CLOEXEC, 4);
        if (fd < 0)
                return -errno;

        for (;;) {
                ssize_t n_read = pread(fd, bytes + n, n_room - n, (off_t)n);

                if (n_read < 0)
                        return -errno;
                if (n_read == 0)
                        break;
                n += (size_t)n_read;
                if (n == n_room)
                        return -EFBIG;
        }
        *ret_n = n;
        return 0;
}

static SigningStatus file_open(const Request *request, Answer *answer, PKCS12 **ret) {
        static unsigned char bytes[SIGNING_FILE_BYTES + 1];
        const unsigned char *p = bytes;
        size_t n = 0;
        int r;

        r = file_read(request, bytes, sizeof(bytes), &n);
        if (r == -ENOENT)
                return answer_fail(answer, SIGNING_NO_KEY, "the file is not there");
        if (r < 0)
                return answer_fail(answer, SIGNING_BAD_SOURCE, strerrordesc_np(-r));

        *ret = d2i_PKCS12(NULL, &p, (long)n);
        if (!*ret)
                return answer_fail(answer, SIGNING_BAD_SOURCE, "this is no PKCS#12 file");
        if (!PKCS12_mac_present(*ret))
                return answer_fail(answer, SIGNING_BAD_SOURCE,
                                   "the file is not protected by a PIN (no MAC)");
        return SIGNING_OK;
}

/* OpenSSL says the same to a PIN that does not fit and to a digest that it does not have, but for
 * the errors that it leaves. */
static SigningStatus pin_check(PKCS12 *p12, const Secret *pin, Answer *answer) {
        ERR_clear_error();
        if (PKCS12_verify_mac(p12, secret_text(pin), (int)secret_size(pin)) == 1)
                return SIGNING_OK;
        if (ERR_peek_error() == 0)
                return answer_fail(answer, SIGNING_WRONG_PIN, NULL);
        return answer_fail_library(answer, SIGNING_BAD_SOURCE, "the file's MAC cannot be checked");
}

SigningStatus file_sign(const Request *request, Answer *answer) {
        _cleanup_(pkcs12_freep) PKCS12 *p12 = NULL;
        _cleanup_(evp_pkey_freep) EVP_PKEY *key = NULL;
        _cleanup_(x509_freep) X509 *certificate = NULL;
        _cleanup_(x509_stack_freep) STACK_OF(X509) *others = NULL;
        SigningStatus status;

        /* The first is there always; the second has RC2, without which many old files stay closed.
         */
        if (!OSSL_PROVIDER_load(NULL, "default"))
                return answer_fail(answer, SIGNING_FAILED,
                                   "OpenSSL's default provider is not there");
        (void)OSSL_PROVIDER_load(NULL, "legacy");

        status = file_open(request, answer, &p12);
        if (status == SIGNING_OK)
                status = pin_check(p12, request->pin, answer);
        if (status != SIGNING_OK)
                return status;

        ERR_clear_error();
        if (!PKCS12_parse(p12, secret_text(request->pin), &key, &certificate, &others))
                return answer_fail_library(answer, SIGNING_BAD_SOURCE,
                                           "the file cannot be decrypted");
        if (!key || !certificate)
                return answer_fail(answer, SIGNING_NO_KEY,
                                   "the file has no key with its certificate");
        if (!certificate_names(certificate, request->unit))
                return answer_fail(answer, SIGNING_NO_KEY,
                                   "the certificate in the file is not this unit's");

        status = key_sign(key, X509_get0_pubkey(certificate), request->text, request->n_text,
                          answer);
        if (status == SIGNING_OK &&
            certificate_chain(certificate, others, &answer->certificates) < 0)
                status = answer_fail(answer, SIGNING_FAILED, "the certificates are too large");
        return status;
}
