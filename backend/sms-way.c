/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* One text message by program or by HTTPS. Called on the sender's thread only. */

#include <curl/curl.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "backend/clock.h"
#include "backend/metrics.h"
#include "backend/report.h"
#include "backend/sms-way.h"
#include "backend/sms.h"
#include "lib/common/form.h"

#define UNCONST(s) ((char *)(uintptr_t)(s))
#define MASKED_BYTES 16

/* "199****0001" */
static void mask(const char *mobile, char ret[static MASKED_BYTES]) {
        size_t n = strlen(mobile);

        if (n == 11)
                (void)snprintf(ret, MASKED_BYTES, "%.3s****%s", mobile, mobile + 7);
        else
                (void)snprintf(ret, MASKED_BYTES, "****");
}

static int text_file(const char *text) {
        _cleanup_(closep) int fd = memfd_create("sms", MFD_CLOEXEC);
        size_t n = strlen(text);

        if (fd < 0)
                return -errno;
        if (write(fd, text, n) != (ssize_t)n || lseek(fd, 0, SEEK_SET) < 0)
                return -EIO;
        return TAKE_FD(fd);
}

static int actions_fill(posix_spawn_file_actions_t *actions, posix_spawnattr_t *attributes,
                        int text_fd) {
        sigset_t none, all;

        (void)sigemptyset(&none);
        (void)sigfillset(&all);
        if (posix_spawn_file_actions_adddup2(actions, text_fd, STDIN_FILENO) != 0 ||
            posix_spawn_file_actions_addopen(actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0) !=
                    0 ||
            posix_spawn_file_actions_addopen(actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0) !=
                    0 ||
            posix_spawn_file_actions_addclosefrom_np(actions, STDERR_FILENO + 1) != 0 ||
            posix_spawn_file_actions_addchdir_np(actions, "/") != 0 ||
            posix_spawnattr_setsigmask(attributes, &none) != 0 ||
            posix_spawnattr_setsigdefault(attributes, &all) != 0 ||
            posix_spawnattr_setpgroup(attributes, 0) != 0 ||
            posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF |
                                                         POSIX_SPAWN_SETPGROUP) != 0)
                return -ENOMEM;
        return 0;
}

static int program_start(const char *command, const char *mobile, int text_fd, pid_t *ret) {
        static char *const environment[] = { UNCONST("PATH=/usr/sbin:/usr/bin:/sbin:/bin"),
                                             UNCONST("LANG=C.UTF-8"), NULL };
        char *const arguments[] = { UNCONST(command), UNCONST(mobile), NULL };
        posix_spawn_file_actions_t actions;
        posix_spawnattr_t attributes;
        int r;

        if (posix_spawn_file_actions_init(&actions) != 0)
                return -ENOMEM;
        if (posix_spawnattr_init(&attributes) != 0) {
                (void)posix_spawn_file_actions_destroy(&actions);
                return -ENOMEM;
        }
        r = actions_fill(&actions, &attributes, text_fd);
        if (r == 0)
                r = -posix_spawn(ret, command, &actions, &attributes, arguments, environment);
        (void)posix_spawnattr_destroy(&attributes);
        (void)posix_spawn_file_actions_destroy(&actions);
        return r;
}

/* Until it ends, or its time is over: then it and what it started in its group is killed. */
static int program_wait(pid_t pid, int *ret_status) {
        _cleanup_(closep) int fd = pidfd_open(pid, 0);
        uint64_t end = clock_boot_usec() + SMS_SECONDS * USEC_PER_SEC, now;
        int n = 0;

        while (fd >= 0 && n <= 0 && (now = clock_boot_usec()) < end) {
                n = poll(&(struct pollfd){ .fd = fd, .events = POLLIN }, 1,
                         (int)((end - now) / 1000) + 1);
                if (n < 0 && errno != EINTR)
                        break;
        }
        if (n <= 0)
                (void)kill(-pid, SIGKILL);
        while (waitpid(pid, ret_status, 0) < 0)
                if (errno != EINTR)
                        return -errno;
        return n > 0 ? 0 : -ETIMEDOUT;
}

static int send_by_program(const char *command, const char *mobile, const char *text) {
        _cleanup_(closep) int fd = text_file(text);
        char masked[MASKED_BYTES];
        int r, status = 0;
        pid_t pid;

        if (fd < 0)
                return fd;
        r = program_start(command, mobile, fd, &pid);
        if (r < 0)
                return r;
        r = program_wait(pid, &status);
        if (r < 0)
                return r;
        if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
                return 0;

        mask(mobile, masked);
        report_event("text message to %s: %s ended with %s %d", masked, command,
                     WIFEXITED(status) ? "status" : "signal",
                     WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status));
        return -EPROTO;
}

static size_t drop(char *data _unused_, size_t size, size_t n, void *userdata _unused_) {
        return size * n;
}

static bool options_set(CURL *easy, const SmsWay *way, const Secret *body,
                        struct curl_slist *headers) {
        const struct {
                CURLoption option;
                long value;
        } numbers[] = {
                { CURLOPT_FOLLOWLOCATION, 0 },    { CURLOPT_SSL_VERIFYPEER, 1 },
                { CURLOPT_SSL_VERIFYHOST, 2 },    { CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2 },
                { CURLOPT_NETRC, 0 },             { CURLOPT_NOSIGNAL, 1 },
                { CURLOPT_TIMEOUT, SMS_SECONDS }, { CURLOPT_DISALLOW_USERNAME_IN_URL, 1 },
                { CURLOPT_POSTFIELDSIZE, (long)secret_size(body) },
        };
        const struct {
                CURLoption option;
                const void *value;
        } texts[] = {
                { CURLOPT_URL, way->hook },
                { CURLOPT_PROTOCOLS_STR, "https" },
                { CURLOPT_POSTFIELDS, secret_text(body) },
                { CURLOPT_HTTPHEADER, headers },
                { CURLOPT_USERAGENT, "itax-backend/" VERSION },
                { CURLOPT_PROXY, "" },
        };

        for (size_t i = 0; i < ELEMENTSOF(numbers); i++)
                if (curl_easy_setopt(easy, numbers[i].option, numbers[i].value) != CURLE_OK)
                        return false;
        for (size_t i = 0; i < ELEMENTSOF(texts); i++)
                if (curl_easy_setopt(easy, texts[i].option, texts[i].value) != CURLE_OK)
                        return false;
        if (way->hook_ca && (curl_easy_setopt(easy, CURLOPT_CAINFO, way->hook_ca) != CURLE_OK ||
                             curl_easy_setopt(easy, CURLOPT_CAPATH, NULL) != CURLE_OK))
                return false;
        return curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, drop) == CURLE_OK;
}

static int hook_perform(CURL *easy, const SmsWay *way, const char *mobile) {
        char masked[MASKED_BYTES];
        long status = 0;
        CURLcode code;

        code = curl_easy_perform(easy);
        (void)curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
        if (code == CURLE_OK && status >= 200 && status < 300)
                return 0;

        mask(mobile, masked);
        if (code == CURLE_OK)
                report_event("text message to %s: %s answered %ld", masked, way->hook, status);
        else
                report_event("text message to %s: %s: %s", masked, way->hook,
                             curl_easy_strerror(code));
        return -EPROTO;
}

static int send_by_hook(const SmsWay *way, const char *mobile, const char *text) {
        _cleanup_(secret_freep) Secret *body = NULL, *bearer = NULL;
        struct curl_slist *headers;
        CURL *easy;
        int r;

        r = secret_new(FORM_ENCODED_SIZE(SMS_TEXT_BYTES) + 128, &body);
        if (r == 0)
                r = form_append(body, "to", mobile);
        if (r == 0)
                r = form_append(body, "text", text);
        if (r == 0 && way->hook_key) {
                r = secret_new(strlen(way->hook_key) + 32, &bearer);
                if (r == 0)
                        r = secret_append_text(bearer, "Authorization: Bearer ");
                if (r == 0)
                        r = secret_append_text(bearer, way->hook_key);
        }
        if (r < 0)
                return r;

        headers = bearer ? curl_slist_append(NULL, secret_text(bearer)) : NULL;
        easy = curl_easy_init();
        r = easy && (!bearer || headers) && options_set(easy, way, body, headers)
                    ? hook_perform(easy, way, mobile)
                    : -ENOMEM;
        curl_easy_cleanup(easy);
        curl_slist_free_all(headers);
        return r;
}

int sms_way_send(const SmsWay *way, const char *mobile, const char *text) {
        char masked[MASKED_BYTES];
        int r = -ENOENT;

        if (way->outbox)
                r = sms_send(way->outbox, mobile, text, clock_wall_sec());
        else if (way->command)
                r = send_by_program(way->command, mobile, text);
        else if (way->hook)
                r = send_by_hook(way, mobile, text);

        if (r < 0 && r != -EPROTO) {
                mask(mobile, masked);
                report_event("text message to %s: %s", masked, strerrorname_np(-r));
        }
        metrics_add(r == 0 ? METRIC_TEXT_SENT : METRIC_TEXT_FAILED);
        return r > 0 ? -EINVAL : r;
}
