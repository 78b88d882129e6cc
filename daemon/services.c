/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Services: the table, and what is laid over it */

#include <string.h>
#include <strings.h>

#include "daemon/services.h"

#define SEC USEC_PER_SEC

typedef struct Row {
        const char *pattern; /* whole name, or a beginning followed by '*' */
        LoginMode mode;
        StepLayout layout;
        ServicePicture picture;
        LoginMethod method;
        bool remote, ascii;
        bool inside; /* called from within a session, which may have come over the network */
        bool others; /* it asks for another user than the one who calls it */
        uint64_t timeout_usec;
} Row;

#define TERMINAL \
        .mode = MODE_MANY, .layout = LAYOUT_FOLDED, .picture = PICTURE_TERMINAL, \
        .method = METHOD_ANY
#define GREETER \
        .mode = MODE_MANY, .layout = LAYOUT_LINES, .picture = PICTURE_NONE, .method = METHOD_ANY
#define SINGLE \
        .mode = MODE_ONE, .layout = LAYOUT_BARE, .picture = PICTURE_NONE, .method = METHOD_ANY

static const Row unknown_service = { "", TERMINAL };

/* First match counts. "tried" and "read" tell where a row comes from; the rest are of the same
 * kind. */
static const Row rows[] = {
        /* Tried: a terminal, text is shown at once. */
        { "login", TERMINAL },
        { "remote", TERMINAL }, /* login -h; PAM_RHOST tells that it is far away */
        { "su", TERMINAL, .inside = true, .others = true },
        { "su-l", TERMINAL, .inside = true, .others = true },
        { "runuser", TERMINAL, .inside = true, .others = true },
        { "runuser-l", TERMINAL, .inside = true, .others = true },
        /* sets PAM_SILENT: services_manner() makes it buffered */
        { "sudo", TERMINAL, .inside = true },
        { "sudo-i", TERMINAL, .inside = true },
        { "passwd", TERMINAL },
        { "chsh", TERMINAL },
        { "chfn", TERMINAL },
        { "vlock", TERMINAL },
        { "itax-demo", TERMINAL },
        { "itaxctl", TERMINAL },
        /* Tried: account and session only, no conversation at all. */
        { "cron", TERMINAL },
        { "crond", TERMINAL },
        { "atd", TERMINAL },

        /* Tried: text waits for the next prompt; the ssh client strips escape sequences. Gives up
         * after 120 s. */
        { "sshd", .mode = MODE_BUFFERED, .layout = LAYOUT_FOLDED, .picture = PICTURE_BLOCKS,
          .method = METHOD_ANY, .remote = true },

        /* Tried: several steps work, text waits for the next prompt. The page shows what is not ASCII
         * as other letters, in a proportional font. */
        { "cockpit", .mode = MODE_BUFFERED, .layout = LAYOUT_FOLDED, .picture = PICTURE_NONE,
          .method = METHOD_ANY, .remote = true, .ascii = true },

        /* Read (GDM) and tried (LightDM): a message is a line, a proportional font, at most 900
         * bytes. */
        { "gdm*", GREETER, .timeout_usec = 300 * SEC },
        { "lightdm*", GREETER, .timeout_usec = 300 * SEC },
        { "xsecurelock", GREETER },
        /* Tried: agreety and JSON greeters leave a picture whole. */
        { "greetd", .mode = MODE_MANY, .layout = LAYOUT_FOLDED, .picture = PICTURE_BLOCKS,
          .method = METHOD_ANY, .timeout_usec = 300 * SEC },

        /* Read: text is passed on a line at a time, by an agent without pictures. */
        { "polkit-1", .mode = MODE_MANY, .layout = LAYOUT_LINES, .picture = PICTURE_NONE,
          .method = METHOD_PASSWORD },

        /* One hidden answer for everything. Tried: */
        { "postgresql", SINGLE },
        { "nginx", SINGLE },
        { "dovecot", SINGLE },
        { "vsftpd", SINGLE },
        { "imap", SINGLE }, /* saslauthd asks in the name of the protocol */
        { "apache2", SINGLE },
        { "pwauth", SINGLE },
        { "proftpd", SINGLE },
        { "xrdp-sesman", SINGLE },
        { "openvpn", SINGLE },
        { "i3lock", SINGLE },
        { "xscreensaver", SINGLE },
        /* Read: */
        { "sddm", SINGLE },
        { "swaylock", SINGLE },
        /* The like: */
        { "httpd", SINGLE },
        { "saslauthd", SINGLE },
        { "pop", SINGLE },
        { "pop3", SINGLE },
        { "smtp", SINGLE },
        { "sieve", SINGLE },
        { "ldap", SINGLE },
        { "ftp", SINGLE },
        { "kde", SINGLE },
        { "gtklock", SINGLE },
        { "squid", SINGLE },
};

static const char *const mode_words[_LOGIN_MODE_MAX] = {
        [MODE_MANY] = "many",
        [MODE_BUFFERED] = "buffered",
        [MODE_ONE] = "one",
};

static const char *const picture_words[_SERVICE_PICTURE_MAX] = {
        [PICTURE_TERMINAL] = "terminal",
        [PICTURE_BLOCKS] = "blocks",
        [PICTURE_ASCII] = "ascii",
        [PICTURE_NONE] = "none",
};

static size_t word_find(const char *const *words, size_t n, const char *word) {
        size_t i = 0;

        while (i < n && strcmp(words[i], word) != 0)
                i++;
        return i;
}

const char *services_mode_to_string(LoginMode mode) {
        return mode < _LOGIN_MODE_MAX ? mode_words[mode] : NULL;
}

LoginMode services_mode_from_string(const char *word) {
        return (LoginMode)word_find(mode_words, _LOGIN_MODE_MAX, word);
}

const char *services_picture_to_string(ServicePicture picture) {
        return picture < _SERVICE_PICTURE_MAX ? picture_words[picture] : NULL;
}

ServicePicture services_picture_from_string(const char *word) {
        return (ServicePicture)word_find(picture_words, _SERVICE_PICTURE_MAX, word);
}

static bool is_empty(const char *s) {
        return !s || !*s;
}

static bool pattern_matches(const char *pattern, const char *name) {
        size_t n = strlen(pattern);

        if (n && pattern[n - 1] == '*')
                return strncmp(pattern, name, n - 1) == 0;
        return strcmp(pattern, name) == 0;
}

static const Row *row_find(const char *service) {
        for (size_t i = 0; i < ELEMENTSOF(rows); i++)
                if (pattern_matches(rows[i].pattern, service))
                        return &rows[i];
        return &unknown_service;
}

/* Another mode than the table's makes the table's layout and picture senseless. */
static void row_set_mode(Row *row, LoginMode mode) {
        if (mode == row->mode)
                return;

        switch (mode) {
        case MODE_MANY:
        case MODE_BUFFERED:
                row->layout = LAYOUT_FOLDED;
                if (row->mode == MODE_ONE)
                        row->picture = PICTURE_TERMINAL;
                break;
        case MODE_ONE:
                row->layout = LAYOUT_BARE;
                row->picture = PICTURE_NONE;
                break;
        case _LOGIN_MODE_MAX:
                return;
        }
        row->mode = mode;
}

static void row_apply_setting(Row *row, const ServiceSetting *setting) {
        row_set_mode(row, setting->mode);
        if (setting->layout < _STEP_LAYOUT_MAX)
                row->layout = setting->layout;
        if (setting->picture < _SERVICE_PICTURE_MAX)
                row->picture = setting->picture;
        if (setting->timeout_usec)
                row->timeout_usec = setting->timeout_usec;
}

bool services_is_for_others(const char *service) {
        return !is_empty(service) && row_find(service)->others;
}

bool services_tty_is_local(const char *tty) {
        return !is_empty(tty) &&
                (strncmp(tty, "/dev/", 5) == 0 || strncmp(tty, "tty", 3) == 0 ||
                 strncmp(tty, "pts/", 4) == 0);
}

/* "zh_CN.GB18030": blocks would come out as rubbish. A locale without character set tells
 * nothing. */
static bool locale_is_foreign(const char *locale) {
        const char *charset = is_empty(locale) ? NULL : strchr(locale, '.');

        return charset && strncasecmp(charset + 1, "utf-8", 5) != 0 &&
                strncasecmp(charset + 1, "utf8", 4) != 0;
}

static RenderStyle style_choose(ServicePicture picture, const ServiceQuery *query, bool remote) {
        switch (picture) {
        case PICTURE_TERMINAL:
                if (locale_is_foreign(query->locale))
                        return RENDER_ASCII;
                return services_tty_is_local(query->tty) && !remote ? RENDER_BLOCKS_COLOUR :
                                                                      RENDER_BLOCKS;
        case PICTURE_BLOCKS:
                return RENDER_BLOCKS;
        case PICTURE_ASCII:
                return RENDER_ASCII;
        case PICTURE_NONE:
        case _SERVICE_PICTURE_MAX:
                break;
        }
        return RENDER_NONE;
}

/* A virtual console or a serial line: nobody sits there but at this machine. */
static bool tty_is_console(const char *tty) {
        if (is_empty(tty))
                return false;
        if (strncmp(tty, "/dev/", 5) == 0)
                tty += 5;
        return strncmp(tty, "tty", 3) == 0 && tty[3];
}

int services_manner(const ServiceQuery *query, const ServiceSetting *settings, size_t n_settings,
                    ServiceManner *ret) {
        const char *service = query->service ? query->service : "";
        Row row = *row_find(service);

        for (size_t i = 0; i < n_settings; i++)
                if (strcmp(settings[i].name, service) == 0)
                        row_apply_setting(&row, &settings[i]);

        if (!is_empty(query->prompts) && strcmp(query->prompts, "auto") != 0) {
                LoginMode mode = services_mode_from_string(query->prompts);

                if (mode == _LOGIN_MODE_MAX)
                        return SERVICES_E_PROMPTS;
                row_set_mode(&row, mode);
        }

        /* Under PAM_SILENT nothing is shown but what belongs to a prompt. */
        if (query->silent && row.mode == MODE_MANY)
                row_set_mode(&row, MODE_BUFFERED);
        /* What waits for a prompt must be in one message with it. */
        if (row.mode == MODE_BUFFERED)
                row.layout = LAYOUT_FOLDED;

        row.remote = row.remote || !is_empty(query->rhost);
        *ret = (ServiceManner){
                .mode = row.mode,
                .layout = row.layout,
                .style = style_choose(row.picture, query, row.remote),
                .method = row.method,
                /* su in an ssh session names no remote host. Without the digits, a picture sent on to
                 * somebody and confirmed there would open it (threats 56). */
                .remote = row.remote || (row.inside && !tty_is_console(query->tty)),
                .ascii = row.ascii,
                .timeout_usec = row.timeout_usec,
        };
        return 0;
}
