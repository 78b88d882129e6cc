/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Addresses: which are spoken to, which are shown, where metadata is looked for. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "daemon/platform/address.h"
#include "lib/common/limits.h"
#include "lib/common/util.h"

typedef struct AddressCase {
        const char *sentence;
        const char *uri;
        bool https, issuer;
} AddressCase;

/* threats 39 */
static const AddressCase cases[] = {
        { "a host", "https://itax.lab", true, true },
        { "a host and a port", "https://itax.lab:8443", true, true },
        { "a host and a path", "https://itax.lab/tenant", true, true },
        { "an address in numbers", "https://[::1]:8443", true, true },
        { "capitals", "HTTPS://ITAX.LAB/Q/K7Q29X4P", true, true },
        { "a slash at the end", "https://itax.lab/", true, false },
        { "a query", "https://itax.lab/q?code=1", true, false },
        { "an empty query", "https://itax.lab?", true, false },
        { "a fragment", "https://itax.lab#x", true, false },
        { "plain http", "http://itax.lab", false, false },
        { "another scheme", "file:///etc/passwd", false, false },
        { "no scheme", "itax.lab", false, false },
        { "a scheme that only begins alike", "httpsx://itax.lab", false, false },
        { "one slash", "https:/itax.lab", false, false },
        { "three slashes", "https:///itax.lab", false, false },
        { "no host", "https://", false, false },
        { "a user", "https://u@itax.lab", false, false },
        { "a user and a password", "https://u:p@itax.lab", false, false },
        { "a space", "https://itax.lab/a b", false, false },
        { "a newline", "https://itax.lab/\n", false, false },
        { "an escape sequence", "https://itax.lab/\x1b[2J", false, false },
        { "a host beyond ASCII", "https://税务.cn/", false, false },
        { "a port that is none", "https://itax.lab:99999", false, false },
        { "nothing", "", false, false },
};

static void test_cases(void **state) {
        (void)state;
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                const AddressCase *c = &cases[i];

                if (address_is_https(c->uri) != c->https)
                        fail_msg("%s: https is wrong", c->sentence);
                if (address_is_issuer(c->uri) != c->issuer)
                        fail_msg("%s: issuer is wrong", c->sentence);
        }
}

static void test_length(void **state) {
        char uri[LIMIT_URI_BYTES + 2] = "https://itax.lab/";

        (void)state;
        memset(uri + strlen(uri), 'a', sizeof(uri) - 2 - strlen(uri));
        assert_int_equal(strlen(uri), LIMIT_URI_BYTES);
        assert_true(address_is_https(uri));
        strcat(uri, "a");
        assert_false(address_is_https(uri));
}

typedef struct EndpointCase {
        const char *sentence;
        const char *uri, *issuer;
        bool is;
} EndpointCase;

static const EndpointCase endpoint_cases[] = {
        { "the same host", "https://itax.lab/token", "https://itax.lab", true },
        { "the same host in capitals", "https://ITAX.lab/token", "https://itax.lab", true },
        { "the port that https has anyway", "https://itax.lab:443/token", "https://itax.lab", true },
        { "the same port", "https://itax.lab:8443/token", "https://itax.lab:8443/tenant", true },
        { "a query", "https://itax.lab/token?tenant=1", "https://itax.lab", true },
        { "another port", "https://itax.lab:8443/token", "https://itax.lab", false },
        { "a host below", "https://x.itax.lab/token", "https://itax.lab", false },
        { "a host that begins alike", "https://itax.lab.evil.example/token", "https://itax.lab", false },
        { "a host behind a user", "https://itax.lab@evil.example/token", "https://itax.lab", false },
        { "a host before a backslash", "https://evil.example\\@itax.lab/token", "https://itax.lab", false },
        { "a fragment", "https://itax.lab/token#x", "https://itax.lab", false },
        { "plain http", "http://itax.lab/token", "https://itax.lab", false },
        { "no host", "/token", "https://itax.lab", false },
};

static void test_endpoints(void **state) {
        (void)state;
        for (size_t i = 0; i < ELEMENTSOF(endpoint_cases); i++) {
                const EndpointCase *c = &endpoint_cases[i];

                if (address_is_endpoint_of(c->uri, c->issuer) != c->is)
                        fail_msg("%s", c->sentence);
        }
}

typedef struct DocumentCase {
        const char *issuer;
        AddressDocument document;
        const char *uri;
} DocumentCase;

static const DocumentCase document_cases[] = {
        { "https://itax.lab", DOCUMENT_OAUTH, "https://itax.lab/.well-known/oauth-authorization-server" },
        { "https://itax.lab", DOCUMENT_OPENID, "https://itax.lab/.well-known/openid-configuration" },
        { "https://itax.lab:1/a/b", DOCUMENT_OAUTH, "https://itax.lab:1/.well-known/oauth-authorization-server/a/b" },
        { "https://itax.lab:1/a/b", DOCUMENT_OPENID, "https://itax.lab:1/a/b/.well-known/openid-configuration" },
};

static void test_documents(void **state) {
        (void)state;
        for (size_t i = 0; i < ELEMENTSOF(document_cases); i++) {
                const DocumentCase *c = &document_cases[i];
                _cleanup_(freep) char *uri = NULL;

                assert_int_equal(address_of_document(c->issuer, c->document, &uri), 0);
                assert_string_equal(uri, c->uri);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_cases),
                cmocka_unit_test(test_length),
                cmocka_unit_test(test_endpoints),
                cmocka_unit_test(test_documents),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
