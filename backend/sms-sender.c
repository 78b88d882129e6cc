/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <curl/curl.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "backend/report.h"
#include "backend/sms-sender.h"
#include "backend/sms-way.h"
#include "backend/sms.h"
#include "lib/common/identity.h"
#include "lib/common/text.h"

typedef struct Message {
        char mobile[16], text[SMS_TEXT_BYTES + 1];
} Message;

struct SmsSender {
        const SmsWay *way;
        pthread_mutex_t mutex;
        pthread_cond_t work, idle;
        pthread_t thread;
        bool started, closing, busy;
        Message *messages[SMS_QUEUE_MAX];
        size_t first, n;
};

static Message *message_free(Message *message) {
        if (message)
                explicit_bzero(message, sizeof(*message));
        free(message);
        return NULL;
}

static void *thread_main(void *userdata) {
        SmsSender *sender = userdata;

        (void)pthread_mutex_lock(&sender->mutex);
        for (;;) {
                Message *message;

                while (sender->n == 0 && !sender->closing) {
                        (void)pthread_cond_broadcast(&sender->idle);
                        (void)pthread_cond_wait(&sender->work, &sender->mutex);
                }
                /* a file is written at once; nobody stops for minutes to wait for a program */
                if (sender->closing && (sender->n == 0 || !sender->way->outbox))
                        break;
                message = sender->messages[sender->first];
                sender->first = (sender->first + 1) % SMS_QUEUE_MAX;
                sender->n--;
                sender->busy = true;
                (void)pthread_mutex_unlock(&sender->mutex);

                (void)sms_way_send(sender->way, message->mobile, message->text);
                (void)message_free(message);

                (void)pthread_mutex_lock(&sender->mutex);
                sender->busy = false;
        }
        (void)pthread_mutex_unlock(&sender->mutex);
        return NULL;
}

int sms_sender_new(const SmsWay *way, SmsSender **ret) {
        _cleanup_(sms_sender_freep) SmsSender *sender = NULL;
        sigset_t all, before;
        int r;

        sender = calloc(1, sizeof(*sender));
        if (!sender)
                return -ENOMEM;
        sender->way = way;
        (void)pthread_mutex_init(&sender->mutex, NULL);
        (void)pthread_cond_init(&sender->work, NULL);
        (void)pthread_cond_init(&sender->idle, NULL);
        if (way->hook && curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
                return -ENOMEM;

        /* signals are for the thread that serves */
        (void)sigfillset(&all);
        (void)pthread_sigmask(SIG_SETMASK, &all, &before);
        r = pthread_create(&sender->thread, NULL, thread_main, sender);
        (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
        if (r != 0)
                return -r;
        sender->started = true;
        *ret = TAKE_PTR(sender);
        return 0;
}

SmsSender *sms_sender_free(SmsSender *sender) {
        if (!sender)
                return NULL;
        if (sender->started) {
                (void)pthread_mutex_lock(&sender->mutex);
                sender->closing = true;
                (void)pthread_cond_signal(&sender->work);
                (void)pthread_mutex_unlock(&sender->mutex);
                (void)pthread_join(sender->thread, NULL);
        }
        if (sender->n > 0)
                report_event("%zu text messages were not sent: stopped before", sender->n);
        for (; sender->n > 0; sender->n--) {
                (void)message_free(sender->messages[sender->first]);
                sender->first = (sender->first + 1) % SMS_QUEUE_MAX;
        }
        (void)pthread_cond_destroy(&sender->idle);
        (void)pthread_cond_destroy(&sender->work);
        (void)pthread_mutex_destroy(&sender->mutex);
        free(sender);
        return NULL;
}

static bool is_mobile(const char *mobile) {
        Account account;

        account_parse(mobile, &account);
        return account.kind == ACCOUNT_MOBILE && strcmp(account.name, mobile) == 0;
}

int sms_sender_post(SmsSender *sender, const char *mobile, const char *text) {
        Message *message;
        int r = 0;

        if (!is_mobile(mobile) || text[0] == '\0' || strlen(text) > SMS_TEXT_BYTES ||
            !text_is_showable(text))
                return SMS_SENDER_E_INVALID;
        if (!sender || (!sender->way->outbox && !sender->way->command && !sender->way->hook))
                return SMS_SENDER_E_NONE;

        message = calloc(1, sizeof(*message));
        if (!message)
                return -ENOMEM;
        memcpy(message->mobile, mobile, strlen(mobile) + 1);
        memcpy(message->text, text, strlen(text) + 1);

        (void)pthread_mutex_lock(&sender->mutex);
        if (sender->n == SMS_QUEUE_MAX)
                r = SMS_SENDER_E_FULL;
        else {
                sender->messages[(sender->first + sender->n++) % SMS_QUEUE_MAX] =
                        TAKE_PTR(message);
                (void)pthread_cond_signal(&sender->work);
        }
        (void)pthread_mutex_unlock(&sender->mutex);
        (void)message_free(message);
        return r;
}

void sms_sender_wait(SmsSender *sender) {
        (void)pthread_mutex_lock(&sender->mutex);
        while (sender->n > 0 || sender->busy)
                (void)pthread_cond_wait(&sender->idle, &sender->mutex);
        (void)pthread_mutex_unlock(&sender->mutex);
}
