/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Helper: two sources, its output and its end. Only the end decides: a process that closed its
 * output may live, and one that ended may have left a child that holds it. Once its owner has let
 * go, the source of the end belongs to the event loop (floating), and the helper to that source. */

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/signer/helper.h"

struct Helper {
        pid_t pid; /* 0: never started, or waited for */
        int pidfd;
        int out;
        sd_event_source *end_source, *out_source;
        HelperFn fn;
        void *userdata;
        size_t n;
        char answer[SIGNING_ANSWER_BYTES + 1]; /* a byte more, to notice too much */
};

/* The process is a child that nobody has waited for, so neither its number nor its group's can be
 * another's. */
static void kill_all(const Helper *helper) {
        if (helper->pid > 0) {
                (void)kill(-helper->pid, SIGKILL);
                (void)kill(helper->pid, SIGKILL);
        }
}

/* Whether all that it has said so far is read. */
static bool take_output(Helper *helper) {
        for (;;) {
                ssize_t n;

                if (helper->n == sizeof(helper->answer))
                        return false;
                n = read(helper->out, helper->answer + helper->n,
                         sizeof(helper->answer) - helper->n);
                if (n < 0 && errno == EINTR)
                        continue;
                if (n <= 0)
                        return n == 0 || errno == EAGAIN;
                helper->n += (size_t)n;
        }
}

static int on_output(sd_event_source *source, int fd _unused_, uint32_t revents, void *userdata) {
        Helper *helper = userdata;

        if (!take_output(helper))
                kill_all(helper);
        else if (!(revents & EPOLLHUP))
                return 0;

        /* Nothing more is wanted, or will come: the end is what is waited for. */
        (void)sd_event_source_set_enabled(source, SD_EVENT_OFF);
        return 0;
}

/* Return: whether it ended by itself and well. */
static bool wait_for(Helper *helper) {
        siginfo_t info = {};

        kill_all(helper); /* what it has started; itself it is gone */
        (void)waitid(P_PIDFD, (id_t)helper->pidfd, &info, WEXITED | WNOHANG);
        helper->pid = 0;
        return info.si_code == CLD_EXITED && info.si_status == 0;
}

static void helper_release(Helper *helper) {
        helper->out_source = sd_event_source_disable_unref(helper->out_source);
        helper->end_source = sd_event_source_disable_unref(helper->end_source);
        closep(&helper->out);
        closep(&helper->pidfd);
        explicit_bzero(helper->answer, sizeof(helper->answer));
        free(helper);
}

/* Of the floating source: either the process is gone, or the event loop itself is. */
static void helper_destroy(void *userdata) {
        Helper *helper = userdata;

        if (helper->pid > 0)
                (void)wait_for(helper);
        helper_release(helper);
}

static int on_end(sd_event_source *source, int fd _unused_, uint32_t revents _unused_,
                  void *userdata) {
        Helper *helper = userdata;
        bool is_good;

        is_good = wait_for(helper);
        if (!helper->fn)
                return sd_event_source_set_floating(source, false); /* its last reference */

        is_good = take_output(helper) && is_good;
        helper->fn(helper, is_good ? helper->answer : NULL, is_good ? helper->n : 0,
                   helper->userdata);
        return 0;
}

static int watch(sd_event *event, Helper *helper) {
        int r;

        r = sd_event_add_io(event, &helper->out_source, helper->out, EPOLLIN, on_output, helper);
        if (r < 0)
                return r;
        r = sd_event_add_io(event, &helper->end_source, helper->pidfd, EPOLLIN, on_end, helper);
        if (r < 0)
                return r;
        return sd_event_source_set_enabled(helper->end_source, SD_EVENT_ONESHOT);
}

static int set_actions(posix_spawn_file_actions_t *actions, int request, int out, int file) {
        int r;

        r = posix_spawn_file_actions_adddup2(actions, request, STDIN_FILENO);
        if (r == 0)
                r = posix_spawn_file_actions_adddup2(actions, out, STDOUT_FILENO);
        if (r == 0)
                r = posix_spawn_file_actions_addopen(actions, STDERR_FILENO, "/dev/null", O_RDWR,
                                                     0);
        if (r == 0 && file >= 0)
                r = posix_spawn_file_actions_adddup2(actions, file, SIGNING_FILE_DESCRIPTOR);
        if (r == 0)
                r = posix_spawn_file_actions_addclosefrom_np(actions, SIGNING_FILE_DESCRIPTOR +
                                                                              (file >= 0 ? 1 : 0));
        return -r;
}

static int set_attributes(posix_spawnattr_t *attributes) {
        sigset_t none, all;
        int r;

        (void)sigemptyset(&none);
        (void)sigfillset(&all);
        r = posix_spawnattr_setsigmask(attributes, &none);
        if (r == 0)
                r = posix_spawnattr_setsigdefault(attributes, &all);
        if (r == 0)
                r = posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETSIGMASK |
                                                                 POSIX_SPAWN_SETSIGDEF |
                                                                 POSIX_SPAWN_SETSID);
        return -r;
}

static int process_start(Helper *helper, const char *path, int request, int out, int file) {
        char name[] = "itax-sign", *const argv[] = { name, NULL }, *const envp[] = { NULL };
        posix_spawn_file_actions_t actions;
        posix_spawnattr_t attributes;
        pid_t pid = 0;
        int r;

        r = -posix_spawn_file_actions_init(&actions);
        if (r < 0)
                return r;
        r = -posix_spawnattr_init(&attributes);
        if (r == 0) {
                r = set_actions(&actions, request, out, file);
                if (r == 0)
                        r = set_attributes(&attributes);
                if (r == 0)
                        r = -posix_spawn(&pid, path, &actions, &attributes, argv, envp);
                (void)posix_spawnattr_destroy(&attributes);
        }
        (void)posix_spawn_file_actions_destroy(&actions);
        if (r < 0)
                return r;

        helper->pid = pid;
        helper->pidfd = pidfd_open(pid, 0);
        return helper->pidfd < 0 ? -errno : 0;
}

/* What was started and cannot be watched: it has just begun, and dies at once. */
static void process_undo(Helper *helper) {
        pid_t pid = helper->pid;

        if (pid > 0) {
                kill_all(helper);
                (void)waitpid(pid, NULL, 0);
                helper->pid = 0;
        }
}

int helper_start(sd_event *event, const char *path, int request, int file, HelperFn fn,
                 void *userdata, Helper **ret) {
        _cleanup_(closep) int out = -1;
        Helper *helper;
        int r, fds[2];

        helper = calloc(1, sizeof(*helper));
        if (!helper)
                return -ENOMEM;
        helper->pidfd = helper->out = -1;
        helper->fn = fn;
        helper->userdata = userdata;

        r = pipe2(fds, O_CLOEXEC) < 0 ? -errno : 0;
        if (r == 0) {
                helper->out = fds[0];
                out = fds[1];
                r = fcntl(helper->out, F_SETFL, O_NONBLOCK) < 0 ? -errno : 0;
        }
        if (r == 0)
                r = process_start(helper, path, request, out, file);
        if (r == 0)
                r = watch(event, helper);
        if (r < 0) {
                process_undo(helper);
                helper_release(helper);
                return r;
        }

        *ret = helper;
        return 0;
}

Helper *helper_free(Helper *helper) {
        sd_event_source *source;

        if (!helper)
                return NULL;
        if (helper->pid == 0) {
                helper_release(helper);
                return NULL;
        }

        kill_all(helper);
        helper->fn = NULL;
        helper->out_source = sd_event_source_disable_unref(helper->out_source);
        closep(&helper->out);
        helper->out = -1;

        /* From here on the helper belongs to its source, and that to the event loop. */
        source = TAKE_PTR(helper->end_source);
        (void)sd_event_source_set_destroy_callback(source, helper_destroy);
        (void)sd_event_source_set_floating(source, true);
        (void)sd_event_source_unref(source);
        return NULL;
}

void helper_stop(Helper *helper) {
        kill_all(helper);
}
