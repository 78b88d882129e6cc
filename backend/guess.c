/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "backend/clock.h"
#include "backend/guess.h"
#include "backend/metrics.h"
#include "backend/report.h"
#include "backend/sms-sender.h"

/* Who comes in spite of too many failures waits, and is woken by the clock alone. */
static void on_wake(Waiter *waiter) {
        Request *request = waiter->userdata;

        if (clock_boot_usec() < waiter->deadline_usec && !request->server->stopping)
                waiters_add(&request->server->waiters, waiter);
        else
                attempt_start(request->server->attempts, &request->attempt);
}

void guess_start(Request *request, const char *client) {
        uint64_t now_usec = clock_boot_usec(), wait_usec;
        Server *server = request->server;
        char peer[64];

        if (server->sources.burst == 0) {
                attempt_start(server->attempts, &request->attempt);
                return;
        }
        request_peer(request, peer, sizeof(peer));
        source_name(client, peer, request->source, sizeof(request->source));
        wait_usec = source_wait_usec(&server->sources, request->source, now_usec);
        if (wait_usec > SOURCE_HOLD_USEC) {
                request->retry_after_sec = (unsigned)(wait_usec / USEC_PER_SEC);
                request_refuse(request, MHD_HTTP_SERVICE_UNAVAILABLE, "temporarily_unavailable");
        } else if (wait_usec > 0) {
                request->waiter = (Waiter){ .deadline_usec = now_usec + wait_usec,
                                            .wake = on_wake,
                                            .userdata = request };
                waiters_add(&server->waiters, &request->waiter);
        } else
                attempt_start(server->attempts, &request->attempt);
}

/* The owner of the account hears of it on another way than the one who guesses. */
static void tell_locked(Request *request) {
        static const char text[] =
                "您的实名账号因连续5次输错密码已被锁定120分钟。如非本人操作，请及时修改密码。"
                "也可通过“忘记密码”重置密码后立即解锁。";
        int r;

        if (request->account.mobile[0] == '\0')
                return;
        r = sms_sender_post(request->server->sms, request->account.mobile, text);
        if (r < 0)
                report_error(r, "text message");
        else if (r > 0 && r != SMS_SENDER_E_NONE)
                report_event("text message: not sent, %s",
                             r == SMS_SENDER_E_FULL ? "too many wait"
                                                    : "the number or the text is not fit");
}

/* At a workstation a right one is counted when its code is redeemed: only then somebody is logged
 * in. */
static void count(const Request *request) {
        static const struct {
                bool counts;
                MetricResult result;
        } results[_ATTEMPT_VERDICT_MAX] = {
                [ATTEMPT_WRONG] = { true, METRIC_WRONG },
                [ATTEMPT_LOCKED_NOW] = { true, METRIC_LOCKED },
                [ATTEMPT_LOCKED] = { true, METRIC_LOCKED },
                [ATTEMPT_CAPTCHA] = { true, METRIC_CAPTCHA },
                [ATTEMPT_CAPTCHA_WRONG] = { true, METRIC_CAPTCHA },
                [ATTEMPT_BUSY] = { true, METRIC_BUSY },
        };
        AttemptVerdict verdict = request->attempt.verdict;
        bool browser = request->route->style == STYLE_PAGE;

        if (results[verdict].counts)
                metrics_login(browser                                ? METRIC_BROWSER
                              : request_field(request, "unit_code") ? METRIC_UNIT
                                                                    : METRIC_PASSWORD,
                              results[verdict].result);
        else if (verdict == ATTEMPT_RIGHT && browser)
                metrics_login(METRIC_BROWSER, METRIC_RIGHT);
}

void guess_ended(Request *request) {
        AttemptVerdict verdict = request->attempt.verdict;

        count(request);
        if (request->source[0] && (verdict == ATTEMPT_WRONG || verdict == ATTEMPT_LOCKED_NOW ||
                                   verdict == ATTEMPT_LOCKED))
                source_failed(&request->server->sources, request->source, clock_boot_usec());
        if (verdict == ATTEMPT_LOCKED_NOW)
                tell_locked(request);
}
