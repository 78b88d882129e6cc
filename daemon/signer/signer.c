/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Signer: a job waits in a queue until a helper may run for it. A Run stands for one helper and may
 * outlive its job; the signer lives as long as its owner and its jobs do. Every callback comes from
 * the event loop: signer_sign() only puts a job into the queue and wakes the pump. */

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "daemon/log.h"
#include "daemon/signer/helper.h"
#include "daemon/signer/message.h"
#include "daemon/signer/signer.h"
#include "daemon/signer/source.h"
#include "daemon/signer/tries.h"
#include "lib/common/identity.h"
#include "lib/common/signing.h"

typedef struct Run Run;

struct Signer {
        unsigned n_refs; /* owner and jobs */
        sd_event *event; /* outlives us */
        sd_event_source *pump;
        char *folder, *module, *program;
        uint64_t timeout_usec;
        Tries tries;
        SignerJob *first, *last; /* waiting */
        unsigned n_jobs;
        Run *runs;
        unsigned n_runs;
};

struct SignerJob {
        Signer *signer;  /* reference */
        SignerJob *next; /* in the queue */
        Run *run;        /* NULL: waiting, or over */
        sd_event_source *timer;
        char unit[LIMIT_UNIT_CODE_BYTES + 1];
        Secret *pin;
        char *text;
        SignerFn fn;
        void *userdata;
};

struct Run {
        Run *next;
        Signer *signer;
        SignerJob *job; /* NULL once it does not wait any more */
        Helper *helper;
        Message request;
        bool counts; /* a try was taken */
        char unit[LIMIT_UNIT_CODE_BYTES + 1];
};

static uint64_t now_usec(const Signer *signer) {
        uint64_t usec = 0;

        (void)sd_event_now(signer->event, CLOCK_BOOTTIME, &usec);
        return usec;
}

static void run_free(Run *run) {
        Run **p = &run->signer->runs;

        while (*p && *p != run)
                p = &(*p)->next;
        if (*p) {
                *p = run->next;
                run->signer->n_runs--;
        }
        helper_free(run->helper);
        message_done(&run->request);
        free(run);
}

static Signer *signer_unref(Signer *signer) {
        if (--signer->n_refs > 0)
                return NULL;

        while (signer->runs)
                run_free(signer->runs);
        signer->pump = sd_event_source_disable_unref(signer->pump);
        tries_done(&signer->tries);
        free(signer->folder);
        free(signer->module);
        free(signer->program);
        free(signer);
        return NULL;
}

static void wake(Signer *signer) {
        (void)sd_event_source_set_enabled(signer->pump, SD_EVENT_ONESHOT);
}

static void queue_append(Signer *signer, SignerJob *job) {
        job->next = NULL;
        if (signer->last)
                signer->last->next = job;
        else
                signer->first = job;
        signer->last = job;
}

static void queue_remove(Signer *signer, const SignerJob *job) {
        SignerJob *before = NULL;

        for (SignerJob *j = signer->first; j; before = j, j = j->next) {
                if (j != job)
                        continue;
                if (before)
                        before->next = j->next;
                else
                        signer->first = j->next;
                if (signer->last == j)
                        signer->last = before;
                return;
        }
}

/* The job waits for nothing any more. What still runs for it is ended. */
static void job_leave(SignerJob *job) {
        queue_remove(job->signer, job);
        if (job->run) {
                job->run->job = NULL;
                helper_stop(job->run->helper);
                job->run = NULL;
        }
        job->timer = sd_event_source_disable_unref(job->timer);
        job->pin = secret_free(job->pin);
}

static void job_finish(SignerJob *job, Signed *result) {
        job_leave(job);
        job->fn(job, result, job->userdata);
}

static void job_finish_status(SignerJob *job, SignStatus status, int tries_left) {
        Signed result = { .status = status, .tries_left = tries_left };

        job_finish(job, &result);
}

static int on_timeout(sd_event_source *source _unused_, uint64_t usec _unused_, void *userdata) {
        SignerJob *job = userdata;

        log_record(LOG_WARNING, 0, "certificate of unit %s: no signature in time", job->unit);
        job_finish_status(job, SIGN_FAILED, -1);
        return 0;
}

static TriesOutcome outcome_of(const Signed *result) {
        switch (result->status) {
        case SIGN_OK:
                return TRIES_RIGHT;
        case SIGN_WRONG_PIN:
                return TRIES_WRONG;
        case SIGN_PIN_LOCKED:
        case SIGN_NO_KEY:
        case SIGN_FAILED:
        case _SIGN_STATUS_MAX:
                break;
        }
        return TRIES_UNKNOWN;
}

/* What the helper said, or that it said nothing of use. */
static void result_read(const Run *run, const char *answer, size_t n, Signed *ret) {
        _cleanup_(freep) char *detail = NULL;
        int r;

        r = answer ? message_read(answer, n, ret, &detail) : -ECHILD;
        if (r < 0) {
                *ret = (Signed){ .status = SIGN_FAILED, .tries_left = -1 };
                if (run->job)
                        log_record(LOG_ERR, 0, "certificate of unit %s: the helper %s", run->unit,
                                   answer ? "said nothing of use" : "failed or crashed");
        } else if (detail)
                log_record(LOG_WARNING, 0, "certificate of unit %s: %s", run->unit, detail);
}

static void on_helper_gone(Helper *helper _unused_, const char *answer, size_t n, void *userdata) {
        Run *run = userdata;
        Signer *signer = run->signer;
        SignerJob *job = run->job;
        _cleanup_(signed_done) Signed result = {};

        result_read(run, answer, n, &result);
        if (run->counts) {
                unsigned n_left =
                        tries_end(&signer->tries, run->unit, outcome_of(&result), now_usec(signer));

                if (result.status == SIGN_WRONG_PIN) {
                        result.tries_left = (int)n_left;
                        if (n_left == 0)
                                result.status = SIGN_PIN_LOCKED;
                }
        }
        if (job)
                job->run = NULL;
        run_free(run);
        wake(signer);
        if (job)
                job_finish(job, &result);
}

/* Return: 0 when the helper runs; negative errno when none of the kind can. */
static int run_start(SignerJob *job, const char *source, const char *path, int file, bool counts) {
        Signer *signer = job->signer;
        const MessageRequest request = {
                .source = source,
                .path = path,
                .unit = job->unit,
                .seconds = (unsigned)((signer->timeout_usec + USEC_PER_SEC - 1) / USEC_PER_SEC),
                .pin = job->pin,
                .text = job->text,
        };
        Run *run;
        int r;

        run = calloc(1, sizeof(*run));
        if (!run)
                return -ENOMEM;
        run->signer = signer;
        run->counts = counts;
        memcpy(run->unit, job->unit, sizeof(run->unit));
        run->request.fd = -1;

        r = message_new(&request, &run->request);
        if (r == 0)
                r = helper_start(signer->event, signer->program, run->request.fd, file,
                                 on_helper_gone, run, &run->helper);
        if (r < 0) {
                message_done(&run->request);
                free(run);
                log_record(LOG_ERR, 0, "%s: cannot be started: %s", signer->program,
                           strerrordesc_np(-r));
                return r;
        }

        run->next = signer->runs;
        signer->runs = run;
        signer->n_runs++;
        run->job = job;
        job->run = run;
        return 0;
}

static void start_with_file(SignerJob *job, int file) {
        Signer *signer = job->signer;
        int r;

        r = tries_begin(&signer->tries, job->unit, now_usec(signer));
        if (r == TRIES_E_LOCKED) {
                job_finish_status(job, SIGN_PIN_LOCKED, 0);
                return;
        }
        if (r == TRIES_E_BUSY) { /* the pump comes again when one of them is over */
                queue_append(signer, job);
                return;
        }
        if (r == 0) {
                r = run_start(job, "pkcs12-descriptor", "", file, true);
                if (r < 0)
                        (void)tries_end(&signer->tries, job->unit, TRIES_UNKNOWN, now_usec(signer));
        }
        if (r < 0)
                job_finish_status(job, SIGN_FAILED, -1);
}

static void start_with_module(SignerJob *job) {
        char path[PATH_MAX];

        if (source_module(job->signer->module, path) < 0 ||
            run_start(job, "pkcs11", path, -1, false) < 0)
                job_finish_status(job, SIGN_FAILED, -1);
}

static void job_start(SignerJob *job) {
        _cleanup_(closep) int file = -1;
        int r;

        /* What no PIN can be is not worth a process, nor a try. */
        if (secret_size(job->pin) == 0 || secret_size(job->pin) > LIMIT_ANSWER_BYTES ||
            !secret_is_text(job->pin)) {
                job_finish_status(job, SIGN_WRONG_PIN, -1);
                return;
        }

        r = source_file(job->signer->folder, job->unit, &file);
        if (r == 0)
                start_with_file(job, file);
        else if (r != -ENOENT)
                job_finish_status(job, SIGN_FAILED, -1);
        else if (job->signer->module)
                start_with_module(job);
        else
                job_finish_status(job, SIGN_NO_KEY, -1);
}

static int on_pump(sd_event_source *source _unused_, void *userdata) {
        Signer *signer = userdata;

        /* What is freed by a callback may include the last reference. Each job has its turn once,
         * as one that must wait goes back into the queue. */
        signer->n_refs++;
        for (unsigned n = signer->n_jobs;
             n > 0 && signer->first && signer->n_runs < SIGNER_HELPERS_MAX; n--) {
                SignerJob *job = signer->first;

                queue_remove(signer, job);
                job_start(job);
        }
        (void)signer_unref(signer);
        return 0;
}

static int copy_path(const char *path, char **ret) {
        if (!path)
                return 0;
        if (path[0] != '/' || strlen(path) > SIGNING_PATH_BYTES)
                return -EINVAL;
        *ret = strdup(path);
        return *ret ? 0 : -ENOMEM;
}

int signer_new(sd_event *event, const SignerConfig *config, Signer **ret) {
        _cleanup_(signer_freep) Signer *signer = NULL;
        int r;

        if (!config->helper || config->timeout_usec == 0 ||
            config->timeout_usec > SIGNING_SECONDS_MAX * USEC_PER_SEC)
                return -EINVAL;

        signer = calloc(1, sizeof(*signer));
        if (!signer)
                return -ENOMEM;
        signer->n_refs = 1;
        signer->event = event;
        signer->timeout_usec = config->timeout_usec;
        signer->tries = (Tries){ .n_max = SIGNER_FILE_TRIES, .lock_usec = SIGNER_LOCK_USEC };

        r = copy_path(config->folder, &signer->folder);
        if (r == 0)
                r = copy_path(config->pkcs11_module, &signer->module);
        if (r == 0)
                r = copy_path(config->helper, &signer->program);
        if (r == 0)
                r = sd_event_add_defer(event, &signer->pump, on_pump, signer);
        if (r >= 0)
                r = sd_event_source_set_enabled(signer->pump, SD_EVENT_OFF);
        if (r < 0)
                return r;

        *ret = TAKE_PTR(signer);
        return 0;
}

Signer *signer_free(Signer *signer) {
        return signer ? signer_unref(signer) : NULL;
}

bool signer_has(Signer *signer, const char *unit) {
        _cleanup_(closep) int file = -1;
        int r;

        if (!unit_code_is_valid(unit))
                return false;
        r = source_file(signer->folder, unit, &file);
        return r == 0 || (r == -ENOENT && signer->module);
}

size_t signer_locked(const Signer *signer, TriesLock *ret, size_t n) {
        return tries_locked(&signer->tries, now_usec(signer), ret, n);
}

int signer_sign(Signer *signer, const char *unit, const Secret *pin, const char *text, SignerFn fn,
                void *userdata, SignerJob **ret) {
        _cleanup_(signer_job_freep) SignerJob *job = NULL;
        int r;

        if (!unit_code_is_valid(unit) || strlen(text) > SIGNING_TEXT_BYTES)
                return -EINVAL;
        if (signer->n_jobs >= SIGNER_JOBS_MAX)
                return -EAGAIN;

        job = calloc(1, sizeof(*job));
        if (!job)
                return -ENOMEM;
        job->signer = signer;
        signer->n_refs++;
        signer->n_jobs++;
        memcpy(job->unit, unit, strlen(unit) + 1);
        job->fn = fn;
        job->userdata = userdata;

        r = secret_dup(pin, &job->pin);
        if (r < 0)
                return r;
        job->text = strdup(text);
        if (!job->text)
                return -ENOMEM;
        r = sd_event_add_time_relative(signer->event, &job->timer, CLOCK_BOOTTIME,
                                       signer->timeout_usec, 0, on_timeout, job);
        if (r < 0)
                return r;

        queue_append(signer, job);
        wake(signer);
        *ret = TAKE_PTR(job);
        return 0;
}

SignerJob *signer_job_free(SignerJob *job) {
        Signer *signer;

        if (!job)
                return NULL;

        signer = job->signer;
        job_leave(job);
        free(job->text);
        free(job);
        signer->n_jobs--;
        (void)signer_unref(signer);
        return NULL;
}
