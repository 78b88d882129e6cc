/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Exchange: one question and its answer. What the answer says is for others; here it is settled
 * that it came from the right server, whole, within its limits, and calls itself JSON. */

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "daemon/platform/http-internal.h"
#include "lib/common/limits.h"

#define BODY_ROOM_FIRST 4096
#define HEADER_BYTES_MAX 65536
#define DEADLINE_GRACE_USEC (USEC_PER_SEC / 2)
#define SENDINGS_MAX 2 /* libcurl repeats what died with a kept connection: once is enough */

struct HttpExchange {
        Http *http;
        CURL *easy;
        struct curl_slist *headers;
        Secret *request_body;
        HttpAnswerFn fn;
        void *userdata;
        bool under_way;
        sd_event_source *deadline;

        unsigned n_sendings;
        size_t n_header;
        bool framed; /* the answer told how long it is, or comes in chunks or frames */
        bool refused; /* by us; .why says for what */
        bool inspect;
        int64_t date_sec;
        char *body;   /* of the wiping allocators: an answer may hold a token */
        size_t n_body, n_room;
        char why[CURL_ERROR_SIZE + 32];
        char error[CURL_ERROR_SIZE];
};

static bool header_is(const char *line, size_t n, const char *name) {
        return n > strlen(name) && strncasecmp(line, name, strlen(name)) == 0;
}

static size_t refuse(HttpExchange *exchange, const char *why) {
        exchange->refused = true;
        (void)snprintf(exchange->why, sizeof(exchange->why), "%s", why);
        return 0;
}

/* RFC 9110 section 6.6.1 */
static void note_date(HttpExchange *exchange, const char *line, size_t n) {
        char text[64];
        time_t date;

        if (n >= sizeof(text))
                return;
        (void)snprintf(text, sizeof(text), "%.*s", (int)n, line);
        date = curl_getdate(text + strlen("Date:"), NULL);
        exchange->date_sec = date > 0 ? (int64_t)date : 0;
}

static size_t on_header(char *line, size_t size, size_t n, void *userdata) {
        static const char chunked[] = "chunked";
        HttpExchange *exchange = userdata;

        n *= size;
        exchange->n_header += n;
        if (exchange->n_header > HEADER_BYTES_MAX)
                return refuse(exchange, "the header is too long");

        if (header_is(line, n, "HTTP/")) /* once an answer, so again after each 1xx */
                exchange->framed = n > 5 && line[5] >= '2';
        else if (header_is(line, n, "Content-Length:"))
                exchange->framed = true;
        else if (header_is(line, n, "Transfer-Encoding:"))
                exchange->framed |= memmem(line, n, chunked, strlen(chunked)) != NULL;
        else if (exchange->inspect && header_is(line, n, "Date:"))
                note_date(exchange, line, n);
        return n;
}

static size_t on_body(char *data, size_t size, size_t n, void *userdata) {
        HttpExchange *exchange = userdata;

        n *= size;
        if (!exchange->framed)
                return refuse(exchange, "the answer does not tell its length");
        if (n > LIMIT_BODY_BYTES - exchange->n_body)
                return refuse(exchange, "the answer is too long");

        if (exchange->n_body + n > exchange->n_room) {
                size_t n_room = exchange->n_room ? exchange->n_room : BODY_ROOM_FIRST;
                char *body;

                while (n_room < exchange->n_body + n)
                        n_room *= 2;
                body = wipe_realloc(exchange->body, n_room);
                if (!body)
                        return refuse(exchange, "out of memory");
                exchange->body = body;
                exchange->n_room = n_room;
        }
        memcpy(exchange->body + exchange->n_body, data, n);
        exchange->n_body += n;
        return n;
}

static int on_sending(void *userdata, char *to, char *from, int port_to, int port_from) {
        HttpExchange *exchange = userdata;

        (void)to;
        (void)from;
        (void)port_to;
        (void)port_from;
        return ++exchange->n_sendings > SENDINGS_MAX ? CURL_PREREQFUNC_ABORT : CURL_PREREQFUNC_OK;
}

static bool type_is_json(const char *type) {
        static const char *const types[] = { "application/json", "application/problem+json" };

        for (size_t i = 0; type && i < ELEMENTSOF(types); i++) {
                size_t n = strlen(types[i]);

                if (strncasecmp(type, types[i], n) == 0 && strchr("; \t", type[n])) /* or its NUL */
                        return true;
        }
        return false;
}

/* Faults of a transfer that speak of the other side's sanity; all others mean that it is not to be
 * had. */
static HttpFault fault_of_transfer(CURLcode code) {
        static const CURLcode broken[] = {
                CURLE_UNSUPPORTED_PROTOCOL, CURLE_URL_MALFORMAT,     CURLE_WEIRD_SERVER_REPLY,
                CURLE_WRITE_ERROR,          CURLE_BAD_CONTENT_ENCODING, CURLE_FILESIZE_EXCEEDED,
        };

        for (size_t i = 0; i < ELEMENTSOF(broken); i++)
                if (code == broken[i])
                        return HTTP_FAULT_BROKEN;
        return HTTP_FAULT_AWAY;
}

static HttpFault judge(HttpExchange *exchange, CURLcode code, long status) {
        const char *type = NULL;

        if (status == 429 || status >= 500) {
                (void)snprintf(exchange->why, sizeof(exchange->why), "status %ld", status);
                return HTTP_FAULT_AWAY;
        }
        if (exchange->refused)
                return HTTP_FAULT_BROKEN;
        if (code != CURLE_OK) {
                (void)snprintf(exchange->why, sizeof(exchange->why), "%s",
                               exchange->error[0] ? exchange->error : curl_easy_strerror(code));
                return fault_of_transfer(code);
        }
        if (status != 200 && status / 100 != 4) {
                (void)snprintf(exchange->why, sizeof(exchange->why), "status %ld%s", status,
                               status / 100 == 3 ? ", and redirects are not followed" : "");
                return HTTP_FAULT_BROKEN;
        }
        if (curl_easy_getinfo(exchange->easy, CURLINFO_CONTENT_TYPE, &type) != CURLE_OK ||
            !type_is_json(type)) {
                (void)snprintf(exchange->why, sizeof(exchange->why), "status %ld, not JSON",
                               status);
                return HTTP_FAULT_BROKEN;
        }
        return HTTP_FAULT_NONE;
}

/* "Expire date:Nov  9 00:00:00 2029 GMT" of the server's own certificate, which is the first */
static int64_t expiry_of(CURL *easy) {
        static const char label[] = "Expire date:";
        const struct curl_certinfo *info = NULL;
        time_t date = 0;

        if (curl_easy_getinfo(easy, CURLINFO_CERTINFO, &info) != CURLE_OK || !info ||
            info->num_of_certs < 1)
                return 0;
        for (const struct curl_slist *line = info->certinfo[0]; line; line = line->next)
                if (strncmp(line->data, label, strlen(label)) == 0)
                        date = curl_getdate(line->data + strlen(label), NULL);
        return date > 0 ? (int64_t)date : 0;
}

/* No connection that could be trusted: libcurl tells so of most certificates; of some it only passes on what
 * OpenSSL says, where a connection that was merely lost is told by other words. */
static bool is_untrusted(const HttpExchange *exchange, CURLcode code) {
        return code == CURLE_PEER_FAILED_VERIFICATION ||
                (code == CURLE_SSL_CONNECT_ERROR && strstr(exchange->error, "error:"));
}

void exchange_finish(CURL *easy, CURLcode code) {
        HttpExchange *exchange = NULL;
        HttpAnswer answer = {};

        if (curl_easy_getinfo(easy, CURLINFO_PRIVATE, &exchange) != CURLE_OK || !exchange)
                return;

        (void)curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &answer.status);
        answer.fault = judge(exchange, code, answer.status);
        answer.why = answer.fault ? exchange->why : NULL;
        answer.is_untrusted = is_untrusted(exchange, code);
        answer.expires_sec = exchange->inspect ? expiry_of(easy) : 0;
        answer.date_sec = exchange->date_sec;
        answer.body = exchange->body;
        answer.n_body = exchange->n_body;

        (void)curl_multi_remove_handle(exchange->http->multi, easy);
        exchange->under_way = false;
        http_ended(exchange->http);
        exchange->deadline = sd_event_source_disable_unref(exchange->deadline);
        exchange->request_body = secret_free(exchange->request_body);
        exchange->fn(exchange, &answer, exchange->userdata);
}

/* libcurl keeps the time as well, and comes first. But out of memory it may lose a transfer from
 * its list of what to wake up for, and a login must not wait for what nobody thinks of. */
static int on_deadline(sd_event_source *source, uint64_t usec, void *userdata) {
        HttpExchange *exchange = userdata;

        (void)source;
        (void)usec;
        exchange_finish(exchange->easy, CURLE_OPERATION_TIMEDOUT);
        return 0;
}

static long to_msec(uint64_t usec) {
        return (long)((usec + USEC_PER_MSEC - 1) / USEC_PER_MSEC);
}

typedef struct LongOption {
        CURLoption option;
        long value;
} LongOption;

typedef struct TextOption {
        CURLoption option;
        const char *value;
} TextOption;

static CURLcode set_options(HttpExchange *exchange, const HttpRequest *request) {
        const Http *http = exchange->http;
        const bool together = http->sharing == HTTP_TOGETHER;
        const LongOption longs[] = {
                { CURLOPT_FOLLOWLOCATION, 0 }, /* a 307 would carry the password elsewhere */
                { CURLOPT_SSL_VERIFYPEER, 1 },
                { CURLOPT_SSL_VERIFYHOST, 2 },
                { CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2 },
                { CURLOPT_NETRC, CURL_NETRC_IGNORED },
                { CURLOPT_NOSIGNAL, 1 },
                { CURLOPT_DISALLOW_USERNAME_IN_URL, 1 },
                { CURLOPT_SUPPRESS_CONNECT_HEADERS, 1 },
                { CURLOPT_HTTP_VERSION,
                  together ? CURL_HTTP_VERSION_2TLS : CURL_HTTP_VERSION_1_1 },
                { CURLOPT_PIPEWAIT, together }, /* is there a connection to share? first see */
                { CURLOPT_CERTINFO, request->inspect },
                { CURLOPT_FRESH_CONNECT, request->inspect },
                { CURLOPT_FORBID_REUSE, request->inspect },
                { CURLOPT_BUFFERSIZE, 4096 }, /* thousands may wait for a phone */
                { CURLOPT_UPLOAD_BUFFERSIZE, 16384 }, /* its least */
                { CURLOPT_TIMEOUT_MS, to_msec(request->timeout_usec) },
                { CURLOPT_CONNECTTIMEOUT_MS, to_msec(http->connect_timeout_usec) },
        };
        const TextOption texts[] = {
                { CURLOPT_URL, request->uri },
                { CURLOPT_PROTOCOLS_STR, "https" },
                { CURLOPT_REDIR_PROTOCOLS_STR, "https" },
                { CURLOPT_CAINFO, http->ca_file },
                { CURLOPT_CAPATH, NULL }, /* or the distribution's CAs are trusted too */
                { CURLOPT_PROXY, http->proxy ? http->proxy : "" },
                { CURLOPT_NOPROXY, "" },
                { CURLOPT_UNIX_SOCKET_PATH, http->unix_socket },
                { CURLOPT_USERAGENT, "itaxd/" VERSION },
        };
        CURLcode code = CURLE_OK;

        for (size_t i = 0; i < ELEMENTSOF(longs) && code == CURLE_OK; i++)
                code = curl_easy_setopt(exchange->easy, longs[i].option, longs[i].value);
        for (size_t i = 0; i < ELEMENTSOF(texts) && code == CURLE_OK; i++)
                code = curl_easy_setopt(exchange->easy, texts[i].option, texts[i].value);
        return code;
}

static CURLcode set_callbacks(HttpExchange *exchange) {
        CURL *easy = exchange->easy;
        CURLcode code;

        if ((code = curl_easy_setopt(easy, CURLOPT_PRIVATE, exchange)) != CURLE_OK ||
            (code = curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, exchange->error)) != CURLE_OK ||
            (code = curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header)) != CURLE_OK ||
            (code = curl_easy_setopt(easy, CURLOPT_HEADERDATA, exchange)) != CURLE_OK ||
            (code = curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body)) != CURLE_OK ||
            (code = curl_easy_setopt(easy, CURLOPT_WRITEDATA, exchange)) != CURLE_OK ||
            (code = curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, on_sending)) != CURLE_OK ||
            (code = curl_easy_setopt(easy, CURLOPT_PREREQDATA, exchange)) != CURLE_OK)
                return code;
        return CURLE_OK;
}

static int add_header(HttpExchange *exchange, const char *line) {
        struct curl_slist *headers = curl_slist_append(exchange->headers, line);

        if (!headers)
                return -ENOMEM;
        exchange->headers = headers;
        return 0;
}

/* The body is sent from where it stands; only the allocators that wipe ever see copies of its
 * pieces. */
static CURLcode set_message(HttpExchange *exchange) {
        CURLcode code;

        code = curl_easy_setopt(exchange->easy, CURLOPT_HTTPHEADER, exchange->headers);
        if (code == CURLE_OK && exchange->request_body) {
                code = curl_easy_setopt(exchange->easy, CURLOPT_POSTFIELDS,
                                        secret_text(exchange->request_body));
                if (code == CURLE_OK)
                        code = curl_easy_setopt(exchange->easy, CURLOPT_POSTFIELDSIZE,
                                                (long)secret_size(exchange->request_body));
        }
        return code;
}

int http_exchange_new(Http *http, const HttpRequest *request, HttpAnswerFn fn, void *userdata,
                      HttpExchange **ret) {
        _cleanup_(secret_freep) Secret *body = request->body;
        _cleanup_(http_exchange_freep) HttpExchange *exchange = calloc(1, sizeof(*exchange));
        int r;

        if (!exchange)
                return -ENOMEM;

        exchange->http = http;
        exchange->fn = fn;
        exchange->userdata = userdata;
        exchange->inspect = request->inspect;
        exchange->request_body = TAKE_PTR(body);
        exchange->easy = curl_easy_init();
        if (!exchange->easy || add_header(exchange, "Accept: application/json") < 0 ||
            (request->authorization &&
             add_header(exchange, secret_text(request->authorization)) < 0))
                return -ENOMEM;
        if (set_options(exchange, request) != CURLE_OK || set_callbacks(exchange) != CURLE_OK ||
            set_message(exchange) != CURLE_OK)
                return -EIO;
        r = sd_event_add_time_relative(http->event, &exchange->deadline, CLOCK_MONOTONIC,
                                       request->timeout_usec + DEADLINE_GRACE_USEC, 0, on_deadline,
                                       exchange);
        if (r < 0)
                return r;
        if (curl_multi_add_handle(http->multi, exchange->easy) != CURLM_OK)
                return -EIO;

        http_begun(http);
        exchange->under_way = true;
        *ret = TAKE_PTR(exchange);
        return 0;
}

HttpExchange *http_exchange_free(HttpExchange *exchange) {
        if (exchange) {
                if (exchange->under_way) {
                        (void)curl_multi_remove_handle(exchange->http->multi, exchange->easy);
                        http_ended(exchange->http);
                }
                (void)sd_event_source_disable_unref(exchange->deadline);
                curl_easy_cleanup(exchange->easy);
                curl_slist_free_all(exchange->headers);
                (void)secret_free(exchange->request_body);
                wipe_free(exchange->body);
                free(exchange);
        }
        return NULL;
}
