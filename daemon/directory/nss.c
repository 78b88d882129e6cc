/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Nss: a job goes from the loop to a thread and back. The job is shared by both, the look-up belongs to
 * the loop alone: a cancelled look-up leaves its job behind, which the loop throws away when it comes
 * back. Threads are started on demand and detached, as nobody can join one that NSS holds; the part
 * they touch is counted, and whoever is last releases it. */

#include <errno.h>
#include <pthread.h>
#include <pwd.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "daemon/directory/nss.h"

#define NSS_STACK_BYTES (256U * 1024U)
#define NSS_RECORD_BYTES_MIN 1024U
#define NSS_RECORD_BYTES_MAX (256U * 1024U)

typedef struct Job Job;
struct Job {
        Job *next;
        DirectoryLookup *lookup; /* NULL once cancelled; the loop's alone */
        bool by_name;
        char name[257];
        uid_t uid;
        int error;
        DirectoryUser user;
};

/* Shared by loop and threads, under the mutex. */
typedef struct Shared {
        pthread_mutex_t mutex;
        pthread_cond_t wanted;
        Job *todo, **todo_tail;
        Job *done;
        int event_fd;
        unsigned n_refs; /* threads, and the Nss itself */
        unsigned n_idle;
        unsigned n_threads;
        bool closed;
} Shared;

struct Nss {
        sd_event *event;
        sd_event_source *source;
        Shared *shared;
        DirectoryLookup *lookups;
};

/* Owned by whoever asked; linked so that nss_free() can orphan it. */
struct DirectoryLookup {
        DirectoryLookup *next, *previous;
        Nss *nss; /* NULL once the Nss is gone */
        Job *job; /* NULL once it is answered or given up */
        sd_event_source *timer;
        DirectoryFn fn;
        void *userdata;
};

static void jobs_free(Job *job) {
        while (job) {
                Job *next = job->next;

                free(job);
                job = next;
        }
}

/* With the mutex held, which is gone afterwards. */
static void shared_unref_unlock(Shared *shared) {
        bool last = --shared->n_refs == 0;

        pthread_mutex_unlock(&shared->mutex);
        if (!last)
                return;

        jobs_free(shared->todo);
        jobs_free(shared->done);
        close(shared->event_fd);
        pthread_cond_destroy(&shared->wanted);
        pthread_mutex_destroy(&shared->mutex);
        free(shared);
}

/* Runs on a thread and may take as long as NSS likes. */
static void job_run(Job *job) {
        size_t n = NSS_RECORD_BYTES_MIN;

        for (;;) {
                struct passwd record, *found = NULL;
                _cleanup_(freep) char *buffer = NULL;
                int r;

                buffer = malloc(n);
                if (!buffer) {
                        job->error = -ENOMEM;
                        return;
                }

                if (job->by_name)
                        r = getpwnam_r(job->name, &record, buffer, n, &found);
                else
                        r = getpwuid_r(job->uid, &record, buffer, n, &found);
                if (r == EINTR)
                        continue;
                if (r == ERANGE && n < NSS_RECORD_BYTES_MAX) {
                        n *= 4;
                        continue;
                }

                /* POSIX lets "not found" be an error of several names; an NSS that cannot tell is one that failed. */
                if (!found && (r == 0 || r == ENOENT || r == ESRCH)) {
                        job->user.exists = false;
                        return;
                }
                if (!found || strlen(found->pw_name) >= sizeof(job->user.name)) {
                        job->error = r ? -r : -EIO;
                        return;
                }

                job->user.exists = true;
                job->user.uid = found->pw_uid;
                strcpy(job->user.name, found->pw_name);
                return;
        }
}

static void *thread_main(void *userdata) {
        Shared *shared = userdata;

        pthread_mutex_lock(&shared->mutex);
        while (!shared->closed) {
                Job *job = shared->todo;
                const uint64_t one = 1;

                if (!job) {
                        shared->n_idle++;
                        pthread_cond_wait(&shared->wanted, &shared->mutex);
                        shared->n_idle--;
                        continue;
                }

                shared->todo = job->next;
                if (!shared->todo)
                        shared->todo_tail = &shared->todo;

                pthread_mutex_unlock(&shared->mutex);
                job_run(job);
                pthread_mutex_lock(&shared->mutex);

                job->next = shared->done;
                shared->done = job;
                (void)!write(shared->event_fd, &one, sizeof(one));
        }
        shared_unref_unlock(shared);
        return NULL;
}

/* With the mutex held. Return: 0, or -EAGAIN when there is no thread at all to do the work. */
static int shared_start_thread(Shared *shared) {
        pthread_attr_t attributes;
        sigset_t all, before;
        pthread_t thread;
        int r;

        if (shared->n_idle > 0 || shared->n_threads >= NSS_THREADS)
                return 0;

        r = pthread_attr_init(&attributes);
        if (r)
                return -r;
        (void)pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
        (void)pthread_attr_setstacksize(&attributes, NSS_STACK_BYTES);

        /* Signals are the loop's: a thread that took one would swallow it. */
        (void)sigfillset(&all);
        (void)pthread_sigmask(SIG_SETMASK, &all, &before);
        r = pthread_create(&thread, &attributes, thread_main, shared);
        (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
        (void)pthread_attr_destroy(&attributes);

        if (r)
                return shared->n_threads > 0 ? 0 : -EAGAIN;
        shared->n_threads++;
        shared->n_refs++;
        return 0;
}

static void lookup_unlink(DirectoryLookup *lookup) {
        if (lookup->nss) {
                if (lookup->previous)
                        lookup->previous->next = lookup->next;
                else
                        lookup->nss->lookups = lookup->next;
                if (lookup->next)
                        lookup->next->previous = lookup->previous;
                lookup->nss = NULL;
        }
        if (lookup->job)
                lookup->job->lookup = NULL;
        lookup->job = NULL;
        lookup->timer = sd_event_source_disable_unref(lookup->timer);
}

/* The function may free the look-up; nothing is touched after it. */
static void lookup_answer(DirectoryLookup *lookup, int error, const DirectoryUser *user) {
        lookup_unlink(lookup);
        lookup->fn(lookup, error, user, lookup->userdata);
}

static int on_done(sd_event_source *source _unused_, int fd, uint32_t events _unused_, void *userdata) {
        Nss *nss = userdata;
        Job *job;
        uint64_t n;

        (void)!read(fd, &n, sizeof(n));

        /* One at a time: the function may free the Nss, and then what is left goes with the shared part. */
        for (;;) {
                Shared *shared = nss->shared;
                _cleanup_(freep) Job *mine = NULL;
                bool more;

                pthread_mutex_lock(&shared->mutex);
                job = shared->done;
                if (job)
                        shared->done = job->next;
                more = shared->done != NULL;
                pthread_mutex_unlock(&shared->mutex);
                if (!job)
                        return 0;

                mine = job;
                if (more) {
                        const uint64_t one = 1;

                        (void)!write(fd, &one, sizeof(one));
                }
                if (job->lookup) {
                        lookup_answer(job->lookup, job->error, job->error ? NULL : &job->user);
                        return 0;
                }
        }
}

static int on_timeout(sd_event_source *source _unused_, uint64_t usec _unused_, void *userdata) {
        lookup_answer(userdata, -ETIMEDOUT, NULL);
        return 0;
}

int nss_new(sd_event *event, Nss **ret) {
        _cleanup_(nss_freep) Nss *nss = NULL;
        Shared *shared;
        int r;

        nss = calloc(1, sizeof(*nss));
        shared = calloc(1, sizeof(*shared));
        if (!nss || !shared) {
                free(shared);
                return -ENOMEM;
        }

        *shared = (Shared){ .n_refs = 1, .event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK) };
        if (shared->event_fd < 0) {
                r = -errno;
                free(shared);
                return r;
        }
        shared->todo_tail = &shared->todo;
        (void)pthread_mutex_init(&shared->mutex, NULL);
        (void)pthread_cond_init(&shared->wanted, NULL);
        nss->shared = shared;
        nss->event = sd_event_ref(event);

        r = sd_event_add_io(event, &nss->source, shared->event_fd, EPOLLIN, on_done, nss);
        if (r < 0)
                return r;

        *ret = TAKE_PTR(nss);
        return 0;
}

Nss *nss_free(Nss *nss) {
        if (!nss)
                return NULL;

        while (nss->lookups)
                lookup_unlink(nss->lookups);
        sd_event_source_disable_unref(nss->source);
        sd_event_unref(nss->event);
        if (nss->shared) {
                pthread_mutex_lock(&nss->shared->mutex);
                nss->shared->closed = true;
                pthread_cond_broadcast(&nss->shared->wanted);
                shared_unref_unlock(nss->shared);
        }
        free(nss);
        return NULL;
}

int nss_find(Nss *nss, const char *name, uid_t uid, DirectoryFn fn, void *userdata, DirectoryLookup **ret) {
        _cleanup_(directory_lookup_freep) DirectoryLookup *lookup = NULL;
        _cleanup_(freep) Job *job = NULL;
        int r;

        lookup = calloc(1, sizeof(*lookup));
        job = calloc(1, sizeof(*job));
        if (!lookup || !job)
                return -ENOMEM;

        *job = (Job){ .by_name = name != NULL, .uid = uid };
        if (name) {
                if (strlen(name) >= sizeof(job->name))
                        return -ENAMETOOLONG;
                strcpy(job->name, name);
        }

        lookup->fn = fn;
        lookup->userdata = userdata;
        r = sd_event_add_time_relative(nss->event, &lookup->timer, CLOCK_BOOTTIME, NSS_WAIT_USEC, 0, on_timeout,
                                       lookup);
        if (r < 0)
                return r;

        pthread_mutex_lock(&nss->shared->mutex);
        r = shared_start_thread(nss->shared);
        if (r == 0) {
                job->lookup = lookup;
                lookup->job = job;
                *nss->shared->todo_tail = job;
                nss->shared->todo_tail = &job->next;
                job = NULL;
                pthread_cond_signal(&nss->shared->wanted);
        }
        pthread_mutex_unlock(&nss->shared->mutex);
        if (r < 0)
                return r;

        lookup->nss = nss;
        lookup->next = nss->lookups;
        if (lookup->next)
                lookup->next->previous = lookup;
        nss->lookups = lookup;
        *ret = TAKE_PTR(lookup);
        return 0;
}

DirectoryLookup *directory_lookup_free(DirectoryLookup *lookup) {
        if (lookup) {
                lookup_unlink(lookup);
                free(lookup);
        }
        return NULL;
}
