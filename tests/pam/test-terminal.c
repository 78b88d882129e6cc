/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What somebody types while a code stands on the terminal: never shown, never left for the shell, and Enter
 * leads to the other way. The terminal is found as it was (threats 90). */

#include <errno.h>
#include <poll.h>
#include <pty.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>

#include <cmocka.h>

#include "tests/pam/harness.h"

#define S(literal) ((char *)(literal))
#define TYPED "Typed-secret7"
#define SHOWN "<shown>"
#define WAIT_MSEC 30000

#define CODE(number, ...) { .serial = (number), .kind = STEP_SCAN, .text = S("Scan:"), __VA_ARGS__ }
#define WHO { .serial = 7, .kind = STEP_PROMPT_ECHO, .prompt = S("who: ") }
#define DONE { .serial = 9, .kind = STEP_DONE, .user = S("zs"), .account = S("ceshi"), .method = S("qr") }
#define DENIED { .serial = 9, .kind = STEP_FAIL, .reason = REASON_DENIED }

typedef enum Place {
        ON_TERMINAL, /* PAM_TTY is standard input */
        ON_SHORT,    /* the same, without /dev/ */
        ON_OTHER,    /* PAM_TTY is another terminal */
        ON_NOTHING,  /* no PAM_TTY */
        ON_PIPE,     /* standard input is none */
        BEHIND,      /* another process group is in the foreground */
} Place;

typedef enum Ending { TYPES, HANGS_UP, SAYS_NOTHING } Ending;

typedef struct TerminalCase {
        const char *sentence;
        Place place;
        const char *stack;
        int flags;
        Ending ending;
        const char *typed;
        Play play;
        int code;
        bool keys;        /* of OpenLogin */
        bool is_quiet;    /* while the code stands */
        const char *sent;
} TerminalCase;

static const TerminalCase terminal_cases[] = {
        { "Enter leads to the other way", ON_TERMINAL, "alone", 0, TYPES, "\n",
          { .steps = { CODE(1, .key = true), WHO, DONE }, .n_inputs = 1 }, PAM_SUCCESS, true, true, "--<key><>" },
        { "what stands before Enter is nobody's answer", ON_SHORT, "alone", 0, TYPES, TYPED "\nrm -rf /tmp/x\nhalf",
          { .steps = { CODE(1, .key = true), WHO, DONE }, .n_inputs = 1 }, PAM_SUCCESS, true, true, "--<key><>" },
        { "Enter that crosses a new code holds for that one", ON_TERMINAL, "alone", 0, TYPES, "\n",
          { .steps = { CODE(1, .key = true), CODE(2, .key = true), WHO, DONE }, .n_inputs = 1 }, PAM_SUCCESS, true, true,
          "--<key>-<key><>" },
        { "Enter that crosses the end counts for nothing", ON_TERMINAL, "alone", 0, TYPES, "\n",
          { .steps = { CODE(1, .key = true), DONE }, .n_inputs = 1 }, PAM_SUCCESS, true, true, "--<key>" },
        { "Enter that crosses a question counts for nothing there", ON_TERMINAL, "alone", 0, TYPES, "\n",
          { .steps = { CODE(1, .key = true), WHO, CODE(2), DONE }, .n_inputs = 1 }, PAM_SUCCESS, true, true,
          "--<key><>-" },
        { "without another way what is typed is thrown away", ON_TERMINAL, "alone", 0, TYPES, TYPED "\n" TYPED,
          { .steps = { CODE(1), DONE }, .n_inputs = 1 }, PAM_SUCCESS, true, true, "--" },
        { "end of file is a line, too", ON_TERMINAL, "alone", 0, TYPES, "\x04",
          { .steps = { CODE(1, .key = true), DONE }, .n_inputs = 1 }, PAM_SUCCESS, true, true, "--<key>" },
        { "refused", ON_TERMINAL, "alone", 0, TYPES, TYPED "\n",
          { .steps = { CODE(1), DENIED }, .n_inputs = 1 }, PAM_AUTH_ERR, true, true, "--" },
        { "the daemon goes away", ON_TERMINAL, "alone", 0, TYPES, TYPED "\n",
          { .steps = { CODE(1) }, .n_inputs = 1 }, PAM_AUTHINFO_UNAVAIL, true, true, "--" },
        { "the application fails to show it", ON_TERMINAL, "alone", 0, SAYS_NOTHING, NULL,
          { .steps = { CODE(1) }, .fault = CONV_FAILS }, PAM_CONV_ERR, true, true, "-" },
        { "the terminal is gone", ON_TERMINAL, "alone", 0, HANGS_UP, NULL,
          { .steps = { CODE(1), DONE }, .n_inputs = 2 }, PAM_CONV_ERR, true, true, "--" },

        { "another terminal is left alone", ON_OTHER, "alone", 0, SAYS_NOTHING, NULL,
          { .steps = { CODE(1), DONE } }, PAM_SUCCESS, false, false, "--" },
        { "no terminal is left alone", ON_NOTHING, "alone", 0, SAYS_NOTHING, NULL,
          { .steps = { CODE(1), DONE } }, PAM_SUCCESS, false, false, "--" },
        { "standard input from elsewhere is left alone", ON_PIPE, "alone", 0, SAYS_NOTHING, NULL,
          { .steps = { CODE(1), DONE } }, PAM_SUCCESS, false, false, "--" },
        { "a terminal in other hands is left alone", BEHIND, "alone", 0, SAYS_NOTHING, NULL,
          { .steps = { CODE(1), DONE } }, PAM_SUCCESS, false, false, "--" },
        { "a silent application is left alone", ON_TERMINAL, "alone", PAM_SILENT, SAYS_NOTHING, NULL,
          { .steps = { CODE(1), DONE } }, PAM_SUCCESS, false, false, "--" },
        { "a quiet line leaves it alone", ON_TERMINAL, "quiet", 0, SAYS_NOTHING, NULL,
          { .steps = { CODE(1), DONE } }, PAM_SUCCESS, false, false, "--" },
};

/* What the process on the terminal found. */
typedef struct Found {
        int code;
        bool keys, was_quiet, had_lines, had_signals, was_loud_at_question, is_same;
        int n_left; /* bytes that the next reader would get */
        char sent[256];
} Found;

static Found found;

static bool has_echo(void) {
        struct termios now;

        return tcgetattr(STDERR_FILENO, &now) == 0 && now.c_lflag & ECHO;
}

static void look_at_terminal(Scene *scene) {
        const char *divider = strrchr(scene->shown, '|');
        struct termios now = {};

        if (divider && divider[1] == '?') {
                found.was_loud_at_question = has_echo();
                return;
        }
        (void)tcgetattr(STDERR_FILENO, &now);
        found.was_quiet = !(now.c_lflag & ECHO);
        found.had_lines = now.c_lflag & ICANON;
        found.had_signals = now.c_lflag & ISIG;
        (void)!write(STDERR_FILENO, SHOWN, strlen(SHOWN));
}

static void set_place(Place place, pam_handle_t *handle) {
        char name[64] = "/dev/null";
        int fds[2];

        (void)!ttyname_r(STDIN_FILENO, name, sizeof(name));
        switch (place) {
        case ON_TERMINAL:
        case BEHIND:
        case ON_PIPE:
                (void)pam_set_item(handle, PAM_TTY, name);
                break;
        case ON_SHORT:
                (void)pam_set_item(handle, PAM_TTY, name + strlen("/dev/"));
                break;
        case ON_OTHER:
                (void)pam_set_item(handle, PAM_TTY, "/dev/tty63");
                break;
        case ON_NOTHING:
                break;
        }
        if (place == ON_PIPE && pipe(fds) == 0)
                (void)dup2(fds[0], STDIN_FILENO);
}

/* Another process group in front; our own process may still change the terminal, but does not. */
static pid_t go_behind(void) {
        const pid_t pid = fork();

        if (pid == 0) {
                (void)setpgid(0, 0);
                (void)pause();
                _exit(0);
        }
        (void)setpgid(pid, pid);
        (void)signal(SIGTTOU, SIG_IGN);
        (void)tcsetpgrp(STDIN_FILENO, pid);
        (void)signal(SIGTTOU, SIG_DFL);
        return pid;
}

static int run(const TerminalCase *c, int report) {
        struct termios before, after;
        Scene scene = {};
        pid_t front = 0;

        (void)signal(SIGHUP, SIG_IGN);
        (void)tcgetattr(STDERR_FILENO, &before);
        scene_start(&scene, &c->play, c->stack, "zs");
        scene.on_message = look_at_terminal;
        set_place(c->place, scene.handle);
        if (c->place == BEHIND)
                front = go_behind();
        found.code = pam_authenticate(scene.handle, c->flags);
        found.keys = scene.request.keys;
        (void)snprintf(found.sent, sizeof(found.sent), "%s", scene.sent);
        (void)tcgetattr(STDERR_FILENO, &after);
        found.is_same = memcmp(&before, &after, sizeof(before)) == 0;
        (void)ioctl(STDIN_FILENO, FIONREAD, &found.n_left);
        scene_finish(&scene);
        if (front > 0)
                (void)kill(front, SIGKILL);
        return write(report, &found, sizeof(found)) == sizeof(found) ? 0 : 1;
}

/* All that comes from the terminal, up to @word or its end. */
static void read_until(int master, const char *word, char *text, size_t n) {
        size_t used = strlen(text);

        while (!strstr(text, word)) {
                struct pollfd fd = { .fd = master, .events = POLLIN };
                ssize_t got;

                assert_int_equal(poll(&fd, 1, WAIT_MSEC), 1);
                got = read(master, text + used, n - used - 1);
                if (got <= 0)
                        return;
                used += (size_t)got;
                text[used] = '\0';
        }
}

static void play_case(const TerminalCase *c) {
        char text[4096] = "";
        int master, report[2], status;
        Found seen;
        pid_t pid;

        assert_int_equal(pipe(report), 0);
        pid = forkpty(&master, NULL, NULL, NULL);
        assert_true(pid >= 0);
        if (pid == 0)
                _exit(run(c, report[1]));
        (void)close(report[1]);

        if (c->ending != SAYS_NOTHING)
                read_until(master, SHOWN, text, sizeof(text));
        if (c->ending == TYPES)
                assert_int_equal(write(master, c->typed, strlen(c->typed)), (ssize_t)strlen(c->typed));
        if (c->ending == HANGS_UP)
                (void)close(master);
        else
                read_until(master, "no such word", text, sizeof(text));
        if (read(report[0], &seen, sizeof(seen)) != sizeof(seen))
                fail_msg("%s: no report", c->sentence);
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_int_equal(status, 0);
        (void)close(report[0]);

        if (seen.code != c->code || strcmp(seen.sent, c->sent) != 0)
                fail_msg("%s: code %d, sent %s", c->sentence, seen.code, seen.sent);
        if (seen.keys != c->keys || seen.was_quiet != c->is_quiet)
                fail_msg("%s: keys %d, quiet %d", c->sentence, seen.keys, seen.was_quiet);
        if (strstr(text, TYPED) || strstr(text, "rm -rf"))
                fail_msg("%s: what was typed is shown: %s", c->sentence, text);
        if (c->ending == HANGS_UP)
                return;
        (void)close(master);
        if (!seen.is_same || seen.n_left != 0)
                fail_msg("%s: same %d, left %d", c->sentence, seen.is_same, seen.n_left);
        if (seen.was_quiet)
                assert_true(seen.had_lines && seen.had_signals);
        if (strstr(c->sent, "<>"))
                assert_true(seen.was_loud_at_question);
}

static void test_terminal(_unused_ void **state) {
        for (size_t i = 0; i < ELEMENTSOF(terminal_cases); i++)
                play_case(&terminal_cases[i]);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_terminal),
        };

        return cmocka_run_group_tests_name("pam-terminal", tests, harness_setup, harness_teardown);
}
