/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* QR logins: a child waits in pam_authenticate(), this process is the phone
 *
 * What is measured begins before the phone's confirmation is sent and ends when PAM has returned,
 * so the phone's own request is in it. */

#include <curl/curl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include "lib/common/util.h"
#include "tests/bench/bench.h"
#include "tests/bench/load.h"

enum { WAIT_MSEC = 10000, CODE_CHARS = 8, CODE_ROOM = CODE_CHARS + 1 };

typedef struct Phone {
        const BenchOptions *options;
        CURL *curl;
        struct curl_slist *headers;
        char user[64], bearer[4200];
        uint64_t took_usec;
} Phone;

/* What the child sends: first the code it saw, then when PAM returned and how. */
typedef struct Word {
        char code[CODE_ROOM];
        uint64_t returned_usec;
        int result;
} Word;

static size_t discard(char *data, size_t size, size_t n, void *userdata) {
        (void)data, (void)userdata;
        return size * n;
}

/* The code stands in the text over the picture: a word of eight capitals and digits. */
static void on_heard(const char *text, void *userdata) {
        static const char set[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
        int *fd = userdata;
        Word word = {};

        for (const char *p = text; *fd >= 0 && *(p += strcspn(p, set)) != '\0';) {
                size_t n = strspn(p, set);

                if (n == CODE_CHARS) {
                        memcpy(word.code, p, CODE_CHARS);
                        if (write(*fd, &word, sizeof(word)) != sizeof(word))
                                *fd = -1;
                        return;
                }
                p += n;
        }
}

static int child(const Phone *phone, int fd) {
        BenchLogin login = {
                .service = phone->options->service,
                .user = phone->user,
                .account = "",
                .password = "",
                .heard = on_heard,
                .userdata = &fd,
        };
        Word word = {};

        word.result = bench_authenticate(&login);
        word.returned_usec = load_now_usec();
        return write(fd, &word, sizeof(word)) == sizeof(word) ? 0 : -1;
}

static int word_read(int fd, Word *ret) {
        struct pollfd pollfd = { .fd = fd, .events = POLLIN };

        if (poll(&pollfd, 1, WAIT_MSEC) != 1)
                return -1;
        return read(fd, ret, sizeof(*ret)) == sizeof(*ret) ? 0 : -1;
}

static int phone_post(Phone *phone, const char *code, const char *what) {
        char url[512];

        (void)snprintf(url, sizeof(url), "%s/app/device/%s/%s", phone->options->issuer, code, what);
        (void)curl_easy_setopt(phone->curl, CURLOPT_URL, url);
        (void)curl_easy_setopt(phone->curl, CURLOPT_POSTFIELDS, "");
        if (curl_easy_perform(phone->curl) != CURLE_OK) {
                fprintf(stderr, "phone: %s failed\n", url);
                return -1;
        }
        return 0;
}

static int phone_begin(size_t worker, void *userdata) {
        Phone *phone = userdata;

        (void)worker;
        phone->curl = curl_easy_init();
        phone->headers = curl_slist_append(NULL, phone->bearer);
        if (!phone->curl || !phone->headers)
                return -1;
        (void)curl_easy_setopt(phone->curl, CURLOPT_CAINFO, phone->options->ca);
        (void)curl_easy_setopt(phone->curl, CURLOPT_HTTPHEADER, phone->headers);
        (void)curl_easy_setopt(phone->curl, CURLOPT_WRITEFUNCTION, discard);
        (void)curl_easy_setopt(phone->curl, CURLOPT_FAILONERROR, 1L);
        (void)curl_easy_setopt(phone->curl, CURLOPT_NOSIGNAL, 1L);
        (void)curl_easy_setopt(phone->curl, CURLOPT_PROXY, "");
        return 0;
}

static int confirm(Phone *phone, int fd) {
        Word word = {};
        uint64_t begin;

        if (word_read(fd, &word) < 0 || word.code[0] == '\0')
                return -1;
        if (phone_post(phone, word.code, "scan") < 0)
                return -1;

        /* A person looks at the phone for longer than this: by then the workstation shows
         * "scanned". */
        (void)poll(NULL, 0, 50);
        begin = load_now_usec();
        if (phone_post(phone, word.code, "confirm") < 0)
                return -1;
        do
                if (word_read(fd, &word) < 0)
                        return -1;
        while (word.returned_usec == 0);

        phone->took_usec = word.returned_usec - begin;
        return word.result;
}

static int sample(size_t worker, size_t number, void *userdata) {
        Phone *phone = userdata;
        int fds[2], r;
        pid_t pid;

        (void)worker, (void)number;
        if (pipe(fds) < 0)
                return -1;
        pid = fork();
        if (pid < 0)
                return -1;
        if (pid == 0) {
                (void)close(fds[0]);
                _exit(child(phone, fds[1]) < 0);
        }

        (void)close(fds[1]);
        r = confirm(phone, fds[0]);
        (void)close(fds[0]);
        (void)waitpid(pid, NULL, 0);
        return r;
}

static int phone_read(const BenchOptions *options, Phone *ret) {
        char token[4100];
        FILE *file = fopen(options->token, "re");
        int n;

        if (!file) {
                perror(options->token);
                return -1;
        }
        n = fscanf(file, "%63s %4096s", ret->user, token);
        (void)fclose(file);
        if (n != 2)
                return -1;
        (void)snprintf(ret->bearer, sizeof(ret->bearer), "Authorization: Bearer %s", token);
        return 0;
}

int bench_qr(const BenchOptions *options) {
        static Phone phone;
        const Load load = {
                .n_samples = options->n_samples,
                .n_workers = 1,
                .userdata = &phone,
                .begin = phone_begin,
                .sample = sample,
                .measured_usec = &phone.took_usec,
        };

        phone.options = options;
        if (phone_read(options, &phone) < 0)
                return -1;
        return load_run(&load);
}
