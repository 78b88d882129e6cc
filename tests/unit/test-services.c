/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Services: every PAM application that was tried or read is spoken to as it needs */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "daemon/services.h"

#define MANY MODE_MANY
#define BUFFERED MODE_BUFFERED
#define ONE MODE_ONE

static const struct {
        const char *name;
        ServiceQuery query;
        LoginMode mode;
        StepLayout layout;
        RenderStyle style;
        LoginMethod method;
        bool remote, ascii;
} cases[] = {
        { "sshd gets everything in one message with the prompt, and no escape sequence",
          { .service = "sshd", .tty = "ssh", .rhost = "192.0.2.1" },
          BUFFERED, LAYOUT_FOLDED, RENDER_BLOCKS, METHOD_ANY, true, false },
        { "sshd is remote even when it names no host", { .service = "sshd", .tty = "/dev/pts/1" },
          BUFFERED, LAYOUT_FOLDED, RENDER_BLOCKS, METHOD_ANY, true, false },
        { "login on a console draws in colours of its own",
          { .service = "login", .tty = "/dev/tty1" },
          MANY, LAYOUT_FOLDED, RENDER_BLOCKS_COLOUR, METHOD_ANY, false, false },
        { "login on a terminal named without its folder likewise",
          { .service = "login", .tty = "tty1" },
          MANY, LAYOUT_FOLDED, RENDER_BLOCKS_COLOUR, METHOD_ANY, false, false },
        { "login for a remote host is remote", { .service = "login", .tty = "pts/3", .rhost = "h" },
          MANY, LAYOUT_FOLDED, RENDER_BLOCKS, METHOD_ANY, true, false },
        /* threats 56: who runs su or sudo may have come by ssh */
        { "su on a pseudo-terminal binds the phone", { .service = "su", .tty = "pts/0" },
          MANY, LAYOUT_FOLDED, RENDER_BLOCKS_COLOUR, METHOD_ANY, true, false },
        { "su -", { .service = "su-l", .tty = "pts/0" },
          MANY, LAYOUT_FOLDED, RENDER_BLOCKS_COLOUR, METHOD_ANY, true, false },
        { "su without a terminal binds the phone", { .service = "su" },
          MANY, LAYOUT_FOLDED, RENDER_BLOCKS, METHOD_ANY, true, false },
        { "su on a console goes on by itself", { .service = "su", .tty = "/dev/tty1" },
          MANY, LAYOUT_FOLDED, RENDER_BLOCKS_COLOUR, METHOD_ANY, false, false },
        { "a terminal called tty alone is no console", { .service = "su", .tty = "/dev/tty" },
          MANY, LAYOUT_FOLDED, RENDER_BLOCKS_COLOUR, METHOD_ANY, true, false },
        { "sudo is silent, so what is needed is folded into the prompt",
          { .service = "sudo", .tty = "/dev/pts/0", .silent = true },
          BUFFERED, LAYOUT_FOLDED, RENDER_BLOCKS_COLOUR, METHOD_ANY, true, false },
        { "passwd", { .service = "passwd" },
          MANY, LAYOUT_FOLDED, RENDER_BLOCKS, METHOD_ANY, false, false },
        { "chsh", { .service = "chsh" },
          MANY, LAYOUT_FOLDED, RENDER_BLOCKS, METHOD_ANY, false, false },
        { "cron", { .service = "cron" },
          MANY, LAYOUT_FOLDED, RENDER_BLOCKS, METHOD_ANY, false, false },
        { "atd", { .service = "atd" },
          MANY, LAYOUT_FOLDED, RENDER_BLOCKS, METHOD_ANY, false, false },
        { "vlock", { .service = "vlock", .tty = "/dev/tty2" },
          MANY, LAYOUT_FOLDED, RENDER_BLOCKS_COLOUR, METHOD_ANY, false, false },
        { "itax-demo", { .service = "itax-demo", .tty = "/dev/pts/2" },
          MANY, LAYOUT_FOLDED, RENDER_BLOCKS_COLOUR, METHOD_ANY, false, false },
        { "swaylock ends at a second prompt", { .service = "swaylock" },
          ONE, LAYOUT_BARE, RENDER_NONE, METHOD_ANY, false, false },
        { "i3lock answers every prompt with the one password", { .service = "i3lock", .tty = ":0" },
          ONE, LAYOUT_BARE, RENDER_NONE, METHOD_ANY, false, false },
        { "a polkit agent passes text only, and shows no code", { .service = "polkit-1" },
          MANY, LAYOUT_LINES, RENDER_NONE, METHOD_PASSWORD, false, false },
        { "PostgreSQL", { .service = "postgresql", .rhost = "10.0.0.9" },
          ONE, LAYOUT_BARE, RENDER_NONE, METHOD_ANY, true, false },
        { "nginx", { .service = "nginx" },
          ONE, LAYOUT_BARE, RENDER_NONE, METHOD_ANY, false, false },
        { "dovecot", { .service = "dovecot" },
          ONE, LAYOUT_BARE, RENDER_NONE, METHOD_ANY, false, false },
        { "vsftpd", { .service = "vsftpd" },
          ONE, LAYOUT_BARE, RENDER_NONE, METHOD_ANY, false, false },
        { "saslauthd crashes at an echo prompt", { .service = "saslauthd" },
          ONE, LAYOUT_BARE, RENDER_NONE, METHOD_ANY, false, false },
        { "saslauthd asks in the name of a protocol", { .service = "smtp" },
          ONE, LAYOUT_BARE, RENDER_NONE, METHOD_ANY, false, false },
        { "saslauthd for mail boxes", { .service = "imap" },
          ONE, LAYOUT_BARE, RENDER_NONE, METHOD_ANY, false, false },
        { "OpenVPN", { .service = "openvpn", .rhost = "10.0.0.9" },
          ONE, LAYOUT_BARE, RENDER_NONE, METHOD_ANY, true, false },
        { "Apache in Debian", { .service = "apache2" },
          ONE, LAYOUT_BARE, RENDER_NONE, METHOD_ANY, false, false },
        { "Apache elsewhere", { .service = "httpd" },
          ONE, LAYOUT_BARE, RENDER_NONE, METHOD_ANY, false, false },
        { "pwauth", { .service = "pwauth" },
          ONE, LAYOUT_BARE, RENDER_NONE, METHOD_ANY, false, false },
        { "proftpd", { .service = "proftpd" },
          ONE, LAYOUT_BARE, RENDER_NONE, METHOD_ANY, false, false },
        { "xrdp-sesman", { .service = "xrdp-sesman" },
          ONE, LAYOUT_BARE, RENDER_NONE, METHOD_ANY, false, false },
        { "cockpit shows ASCII only, together with a prompt, to somebody far away",
          { .service = "cockpit" },
          BUFFERED, LAYOUT_FOLDED, RENDER_NONE, METHOD_ANY, true, true },
        { "GDM queues every message, a picture would block it", { .service = "gdm-password" },
          MANY, LAYOUT_LINES, RENDER_NONE, METHOD_ANY, false, false },
        { "SDDM answers one prompt", { .service = "sddm" },
          ONE, LAYOUT_BARE, RENDER_NONE, METHOD_ANY, false, false },
        { "LightDM hangs at a long message", { .service = "lightdm", .tty = ":0" },
          MANY, LAYOUT_LINES, RENDER_NONE, METHOD_ANY, false, false },
        { "LightDM's greeter is of the family", { .service = "lightdm-greeter" },
          MANY, LAYOUT_LINES, RENDER_NONE, METHOD_ANY, false, false },
        { "an unknown application is taken for a terminal",
          { .service = "frobnicate", .tty = "/dev/pts/9" },
          MANY, LAYOUT_FOLDED, RENDER_BLOCKS_COLOUR, METHOD_ANY, false, false },
        { "no service at all likewise", { .service = NULL },
          MANY, LAYOUT_FOLDED, RENDER_BLOCKS, METHOD_ANY, false, false },
        { "a name that only begins like one is another", { .service = "sshd2", .tty = "x" },
          MANY, LAYOUT_FOLDED, RENDER_BLOCKS, METHOD_ANY, false, false },
        { "prompts=auto says nothing", { .service = "sshd", .prompts = "auto" },
          BUFFERED, LAYOUT_FOLDED, RENDER_BLOCKS, METHOD_ANY, true, false },
        { "prompts=one makes a terminal bare",
          { .service = "login", .tty = "/dev/tty1", .prompts = "one" },
          ONE, LAYOUT_BARE, RENDER_NONE, METHOD_ANY, false, false },
        { "prompts=many frees a single-answer client",
          { .service = "nginx", .tty = "/dev/tty1", .prompts = "many" },
          MANY, LAYOUT_FOLDED, RENDER_BLOCKS_COLOUR, METHOD_ANY, false, false },
        { "prompts=many does not turn off what PAM_SILENT says",
          { .service = "nginx", .prompts = "many", .silent = true },
          BUFFERED, LAYOUT_FOLDED, RENDER_BLOCKS, METHOD_ANY, false, false },
        { "a locale that is not UTF-8 gets plain ASCII",
          { .service = "login", .tty = "/dev/tty1", .locale = "zh_CN.GB18030" },
          MANY, LAYOUT_FOLDED, RENDER_ASCII, METHOD_ANY, false, false },
        { "a UTF-8 locale is one however it is written",
          { .service = "login", .tty = "/dev/tty1", .locale = "zh_CN.utf8" },
          MANY, LAYOUT_FOLDED, RENDER_BLOCKS_COLOUR, METHOD_ANY, false, false },
};

static void test_table(void **state) {
        (void)state;
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                ServiceManner manner = {};

                if (services_manner(&cases[i].query, NULL, 0, &manner) != 0)
                        fail_msg("%s: refused", cases[i].name);
                if (manner.mode != cases[i].mode || manner.layout != cases[i].layout ||
                    manner.style != cases[i].style || manner.method != cases[i].method ||
                    manner.remote != cases[i].remote || manner.ascii != cases[i].ascii)
                        fail_msg("%s: mode %i layout %i style %i method %i remote %i ascii %i",
                                 cases[i].name, manner.mode, manner.layout, manner.style,
                                 manner.method, manner.remote, manner.ascii);
        }
}

static void test_unknown_words_are_refused(void **state) {
        static const char *const words[] = { "Many", "two", "many ", "buffered,one", "-", "no" };

        (void)state;
        for (size_t i = 0; i < ELEMENTSOF(words); i++) {
                ServiceManner manner;

                assert_int_equal(
                        services_manner(&(ServiceQuery){ .service = "login", .prompts = words[i] },
                                        NULL, 0, &manner),
                        SERVICES_E_PROMPTS);
        }
}

static void test_configuration_overrides(void **state) {
        const ServiceSetting settings[] = {
                { (char *)"myapp", MODE_ONE, _STEP_LAYOUT_MAX, _SERVICE_PICTURE_MAX, 0 },
                { (char *)"sddm", MODE_MANY, LAYOUT_LINES, PICTURE_ASCII, 0 },
                { (char *)"login", _LOGIN_MODE_MAX, _STEP_LAYOUT_MAX, PICTURE_BLOCKS,
                  42 * USEC_PER_SEC },
                { (char *)"sshd", _LOGIN_MODE_MAX, LAYOUT_LINES, _SERVICE_PICTURE_MAX, 0 },
        };
        ServiceManner manner;

        (void)state;
        assert_int_equal(services_manner(&(ServiceQuery){ .service = "myapp", .tty = "/dev/tty1" },
                                         settings, ELEMENTSOF(settings), &manner),
                         0);
        assert_int_equal(manner.mode, MODE_ONE);
        assert_int_equal(manner.layout, LAYOUT_BARE);
        assert_int_equal(manner.style, RENDER_NONE);

        assert_int_equal(services_manner(&(ServiceQuery){ .service = "sddm" }, settings,
                                         ELEMENTSOF(settings), &manner),
                         0);
        assert_int_equal(manner.mode, MODE_MANY);
        assert_int_equal(manner.layout, LAYOUT_LINES);
        assert_int_equal(manner.style, RENDER_ASCII);

        assert_int_equal(services_manner(&(ServiceQuery){ .service = "login", .tty = "/dev/tty1" },
                                         settings, ELEMENTSOF(settings), &manner),
                         0);
        assert_int_equal(manner.mode, MODE_MANY);
        assert_int_equal(manner.style, RENDER_BLOCKS);
        assert_int_equal(manner.timeout_usec, 42 * USEC_PER_SEC);

        /* pam.d is nearer to the application than the daemon's file. */
        assert_int_equal(services_manner(&(ServiceQuery){ .service = "myapp",
                                                          .tty = "/dev/tty1",
                                                          .prompts = "many" },
                                         settings, ELEMENTSOF(settings), &manner),
                         0);
        assert_int_equal(manner.mode, MODE_MANY);

        /* What waits for a prompt cannot be spread over lines. */
        assert_int_equal(services_manner(&(ServiceQuery){ .service = "sshd" }, settings,
                                         ELEMENTSOF(settings), &manner),
                         0);
        assert_int_equal(manner.layout, LAYOUT_FOLDED);
}

static void test_words(void **state) {
        (void)state;
        for (LoginMode mode = 0; mode < _LOGIN_MODE_MAX; mode++)
                assert_int_equal(services_mode_from_string(services_mode_to_string(mode)), mode);
        for (ServicePicture picture = 0; picture < _SERVICE_PICTURE_MAX; picture++)
                assert_int_equal(services_picture_from_string(services_picture_to_string(picture)),
                                 picture);
        assert_int_equal(services_mode_from_string("x"), _LOGIN_MODE_MAX);
        assert_int_equal(services_picture_from_string(""), _SERVICE_PICTURE_MAX);
        assert_false(services_tty_is_local(NULL));
        assert_false(services_tty_is_local(":0"));
        assert_false(services_tty_is_local("ssh"));
        assert_true(services_tty_is_local("pts/1"));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_table),
                cmocka_unit_test(test_unknown_words_are_refused),
                cmocka_unit_test(test_configuration_overrides),
                cmocka_unit_test(test_words),
        };

        return cmocka_run_group_tests_name("services", tests, NULL, NULL);
}
