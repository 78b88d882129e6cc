/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "backend/clock.h"
#include "backend/report.h"
#include "backend/store-link.h"
#include "backend/store.h"

#define KEYWORDS_MAX 64
#define CONNECT_SEC "3"
#define RETRY_USEC USEC_PER_SEC
#define IDLE_MSEC 10000 /* more than who waits for the lock may find it held in good order */

#define TEXT(x) #x
#define NUMBER(x) TEXT(x)

/* What our transactions rest on, whatever the database is set to. One that stands open because its
 * process was stopped would keep all others out. */
static const char session[] =
        "SET synchronous_commit = on;"
        "SET default_transaction_isolation = 'read committed';"
        "SET statement_timeout = " NUMBER(STORE_BUSY_MSEC) ";"
        "SET lock_timeout = " NUMBER(STORE_BUSY_MSEC) ";"
        "SET idle_in_transaction_session_timeout = " NUMBER(IDLE_MSEC) ";"
        "LISTEN " LINK_CHANNEL;

/* By SQLSTATE (appendix A of the manual): a whole one, or its class. */
static int error_from_state(const char *state) {
        static const struct {
                const char *state;
                int error;
        } errors[] = {
                { "22P02", -EEXIST }, /* a text is no number */
                { "22003", -EEXIST }, /* a number is too large */
                { "23", -EEXIST },
                { "25006", -EROFS },
                { "40", -EBUSY }, /* lost against another transaction */
                { "42501", -EACCES },
                { "53100", -ENOSPC },
                { "53200", -ENOMEM },
                { "53", -EBUSY },
                { "55P03", -EBUSY }, /* lock_timeout */
                { "57014", -EBUSY }, /* statement_timeout */
                { "57P03", -EBUSY }, /* starting or stopping */
        };

        for (size_t i = 0; i < ELEMENTSOF(errors); i++)
                if (strncmp(state, errors[i].state, strlen(errors[i].state)) == 0)
                        return errors[i].error;
        return -EIO;
}

PGresult *result_free(PGresult *result) {
        if (result) {
                for (int i = 0; i < PQntuples(result); i++)
                        for (int j = 0; j < PQnfields(result); j++)
                                explicit_bzero(PQgetvalue(result, i, j),
                                               (size_t)PQgetlength(result, i, j));
                PQclear(result);
        }
        return NULL;
}

/* Notices say nothing that we do not know, and may hold values. */
static void on_notice(void *userdata _unused_, const PGresult *result _unused_) {
}

bool link_is_lost(const Link *link) {
        return !link->handle || PQstatus(link->handle) != CONNECTION_OK;
}

void link_drop(Link *link) {
        if (link->handle && !link->silent) {
                report_event("the database is lost");
                link->silent = true;
        }
        PQfinish(link->handle);
        link->handle = NULL;
}

static int wait_readable(PGconn *handle, uint64_t deadline_usec) {
        struct pollfd pollfd = { .fd = PQsocket(handle), .events = POLLIN };
        uint64_t now_usec = clock_boot_usec();
        int n;

        if (pollfd.fd < 0)
                return -EPIPE;
        if (now_usec >= deadline_usec)
                return -ETIMEDOUT;
        n = poll(&pollfd, 1, (int)((deadline_usec - now_usec) / USEC_PER_MSEC) + 1);
        if (n < 0 && errno != EINTR)
                return -errno;
        return PQconsumeInput(handle) ? 0 : -EPIPE;
}

int link_result(Link *link, int sent, int msec, PGresult **ret) {
        uint64_t deadline_usec = clock_boot_usec() + (uint64_t)msec * USEC_PER_MSEC;
        _cleanup_(result_freep) PGresult *last = NULL;
        bool stale = false;
        int r = 0;

        while (sent > 0) {
                PGresult *result;
                const char *state;

                while (PQisBusy(link->handle)) {
                        int q = wait_readable(link->handle, deadline_usec);

                        if (q == -ETIMEDOUT) /* another one would not fare better */
                                link->retry_usec = clock_boot_usec() + RETRY_USEC;
                        if (q < 0) {
                                link_drop(link);
                                return -EPIPE;
                        }
                }
                result = PQgetResult(link->handle);
                if (!result)
                        break;
                (void)result_free(last);
                last = result;
                state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
                if (state && r == 0)
                        r = error_from_state(state);
                if (state && strcmp(state, "0A000") == 0) /* a plan older than its table */
                        stale = true;
                if (PQresultStatus(result) == PGRES_FATAL_ERROR && !state && r == 0)
                        r = -EIO;
        }
        if (!sent || stale || link_is_lost(link)) {
                link_drop(link);
                return -EPIPE;
        }
        if (r == 0 && ret)
                *ret = TAKE_PTR(last);
        return r;
}

int link_run(Link *link, const char *sql, int msec) {
        return link_result(link, PQsendQuery(link->handle, sql), msec, NULL);
}

/* What is not in the address. Over a network the server has to prove who it is. */
static const char *const defaults[][2] = {
        { "application_name", "itax-backend" },
        { "connect_timeout", CONNECT_SEC },
        { "gssencmode", "disable" },
        { "keepalives_idle", "10" },
        { "keepalives_interval", "5" },
        { "keepalives_count", "3" },
        { "sslmode", "verify-full" },
        { "target_session_attrs", "read-write" },
        { "tcp_user_timeout", NUMBER(STORE_BUSY_MSEC) },
};

typedef struct Keywords {
        PQconninfoOption *options;
        const char *names[KEYWORDS_MAX + 1], *values[KEYWORDS_MAX + 1];
} Keywords;

static void keywords_done(Keywords *keywords) {
        PQconninfoFree(keywords->options);
}

static int keywords_read(const char *uri, Keywords *ret) {
        size_t n = 0;

        ret->options = PQconninfoParse(uri, NULL);
        if (!ret->options)
                return STORE_E_ADDRESS;
        /* ours come first: of two the last counts */
        for (; n < ELEMENTSOF(defaults); n++) {
                ret->names[n] = defaults[n][0];
                ret->values[n] = defaults[n][1];
        }
        for (const PQconninfoOption *o = ret->options; o->keyword; o++) {
                if (!o->val)
                        continue;
                /* everybody on this machine can read a command line */
                if (o->dispchar[0] == '*')
                        return STORE_E_ADDRESS;
                if (n + 1 == KEYWORDS_MAX)
                        return STORE_E_ADDRESS;
                ret->names[n] = o->keyword;
                ret->values[n++] = o->val;
        }
        ret->names[n] = "client_encoding";
        ret->values[n] = "UTF8";
        return 0;
}

static int handle_open(const char *uri, PGconn **ret) {
        _cleanup_(keywords_done) Keywords keywords = {};
        int r;

        r = keywords_read(uri, &keywords);
        if (r != 0)
                return r;
        *ret = PQconnectdbParams(keywords.names, keywords.values, 0);
        if (!*ret)
                return -ENOMEM;
        (void)PQsetNoticeReceiver(*ret, on_notice, NULL);
        return 0;
}

/* Of a connection the library tells no more than host, role and database. */
static void failure_report(Link *link) {
        char text[256];

        if (!link->silent) {
                (void)snprintf(text, sizeof(text), "%s", PQerrorMessage(link->handle));
                for (char *p = text; *p; p++)
                        *p = *p == '\n' || *p == '\t' ? ' ' : *p;
                report_event("the database: %s", text);
        }
        link->silent = true;
}

static int link_connect(Link *link) {
        int r;

        link->generation++;
        r = handle_open(link->uri, &link->handle);
        if (r != 0)
                return r;
        if (link_is_lost(link)) {
                failure_report(link);
                link_drop(link);
                return -EBUSY;
        }
        if (strcmp(PQparameterStatus(link->handle, "server_encoding"), "UTF8") != 0) {
                PQfinish(link->handle);
                link->handle = NULL;
                return STORE_E_ENCODING;
        }
        r = link_run(link, session, LINK_PATIENCE_MSEC);
        if (r < 0) {
                link_drop(link);
                return r == -EPIPE ? -EBUSY : r;
        }
        return 0;
}

int link_prepare(Link *link) {
        int r;

        if (!link_is_lost(link))
                return 0;
        if (link->handle)
                link_drop(link);
        if (clock_boot_usec() < link->retry_usec)
                return -EBUSY;

        r = link_connect(link);
        if (r != 0) {
                link->retry_usec = clock_boot_usec() + RETRY_USEC;
                return -EBUSY;
        }
        if (link->silent)
                report_event("the database is there again");
        link->silent = false;
        link->anew = true;
        return 0;
}

int link_open(Link *link, const char *uri) {
        link->uri = uri;
        return link_connect(link);
}

void link_close(Link *link) {
        PQfinish(link->handle);
        link->handle = NULL;
}
