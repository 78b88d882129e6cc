/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Pam-try: a PAM application for tests, one JSON object a line
 *
 * usage: pam-try [OPTION…] SERVICE [CALL…]     calls: authenticate (default) account setcred open close
 *   --user=NAME --rhost=HOST --tty=TTY --ruser=NAME    items set before the first call
 *   --silent --disallow-null                           flags of authenticate
 *
 * A message of the module is printed as {"style": "secret", "text": "…"}; styles are secret, echo, info, error.
 * secret and echo take a line of standard input as answer, end of file is PAM_CONV_ERR. The end of a call is
 * {"call": "authenticate", "code": "PAM_AUTH_ERR", "seconds": 0.12}. The last line is
 * {"user": "jia", "env": {"ITAX_UNIT": "…"}}. The exit status is 0 when every call succeeded, else 1; 2 for
 * wrong usage. */

#include <getopt.h>
#include <security/pam_appl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define TRY_ANSWER_BYTES (2 * 1024 * 1024) /* also far more than any module should take */
#define TRY_CALLS 16

typedef int (*TryFn)(pam_handle_t *handle, int flags);

typedef struct TryCall {
        const char *name;
        TryFn fn;
        int flags;
} TryCall;

/* Not PAM's: the test does something in between, and then sends a line. */
static int wait_for_line(pam_handle_t *handle, int flags) {
        int c;

        (void)handle, (void)flags;
        do
                c = getchar();
        while (c != EOF && c != '\n');
        return c == EOF ? PAM_ABORT : PAM_SUCCESS;
}

static const TryCall calls[] = {
        { "authenticate", pam_authenticate, 0 },
        { "account", pam_acct_mgmt, 0 },
        { "setcred", pam_setcred, PAM_ESTABLISH_CRED },
        { "open", pam_open_session, 0 },
        { "close", pam_close_session, 0 },
        { "password", pam_chauthtok, 0 },
        { "wait", wait_for_line, 0 },
};

static const char *const codes[] = {
        [PAM_SUCCESS] = "PAM_SUCCESS",
        [PAM_OPEN_ERR] = "PAM_OPEN_ERR",
        [PAM_SYMBOL_ERR] = "PAM_SYMBOL_ERR",
        [PAM_SERVICE_ERR] = "PAM_SERVICE_ERR",
        [PAM_SYSTEM_ERR] = "PAM_SYSTEM_ERR",
        [PAM_BUF_ERR] = "PAM_BUF_ERR",
        [PAM_PERM_DENIED] = "PAM_PERM_DENIED",
        [PAM_AUTH_ERR] = "PAM_AUTH_ERR",
        [PAM_CRED_INSUFFICIENT] = "PAM_CRED_INSUFFICIENT",
        [PAM_AUTHINFO_UNAVAIL] = "PAM_AUTHINFO_UNAVAIL",
        [PAM_USER_UNKNOWN] = "PAM_USER_UNKNOWN",
        [PAM_MAXTRIES] = "PAM_MAXTRIES",
        [PAM_NEW_AUTHTOK_REQD] = "PAM_NEW_AUTHTOK_REQD",
        [PAM_ACCT_EXPIRED] = "PAM_ACCT_EXPIRED",
        [PAM_SESSION_ERR] = "PAM_SESSION_ERR",
        [PAM_CRED_UNAVAIL] = "PAM_CRED_UNAVAIL",
        [PAM_CRED_EXPIRED] = "PAM_CRED_EXPIRED",
        [PAM_CRED_ERR] = "PAM_CRED_ERR",
        [PAM_CONV_ERR] = "PAM_CONV_ERR",
        [PAM_AUTHTOK_ERR] = "PAM_AUTHTOK_ERR",
        [PAM_IGNORE] = "PAM_IGNORE",
        [PAM_ABORT] = "PAM_ABORT",
        [PAM_MODULE_UNKNOWN] = "PAM_MODULE_UNKNOWN",
};

static const char *const styles[] = {
        [PAM_PROMPT_ECHO_OFF] = "secret",
        [PAM_PROMPT_ECHO_ON] = "echo",
        [PAM_ERROR_MSG] = "error",
        [PAM_TEXT_INFO] = "info",
};

static void print_string(const char *s) {
        (void)putchar('"');
        for (; s && *s; s++) {
                unsigned char c = (unsigned char)*s;

                if (c == '"' || c == '\\')
                        (void)printf("\\%c", c);
                else if (c < 0x20)
                        (void)printf("\\u%04x", c);
                else
                        (void)putchar(c);
        }
        (void)putchar('"');
}

static char *read_answer(void) {
        char *line = malloc(TRY_ANSWER_BYTES);

        if (!line || !fgets(line, TRY_ANSWER_BYTES, stdin)) {
                free(line);
                return NULL;
        }
        line[strcspn(line, "\n")] = '\0';
        return line;
}

static int converse(int n, const struct pam_message **messages, struct pam_response **ret, void *userdata) {
        struct pam_response *responses;

        (void)userdata;
        if (n <= 0 || n > PAM_MAX_NUM_MSG)
                return PAM_CONV_ERR;
        responses = calloc((size_t)n, sizeof(*responses));
        if (!responses)
                return PAM_BUF_ERR;

        for (int i = 0; i < n; i++) {
                int style = messages[i]->msg_style;

                (void)printf("{\"style\": \"%s\", \"text\": ", style >= 1 && style <= 4 ? styles[style] : "unknown");
                print_string(messages[i]->msg);
                (void)printf("}\n");
                (void)fflush(stdout);
                if (style != PAM_PROMPT_ECHO_OFF && style != PAM_PROMPT_ECHO_ON)
                        continue;

                responses[i].resp = read_answer();
                if (!responses[i].resp) {
                        for (int j = 0; j < i; j++)
                                free(responses[j].resp);
                        free(responses);
                        return PAM_CONV_ERR;
                }
        }

        *ret = responses;
        return PAM_SUCCESS;
}

static double seconds_now(void) {
        struct timespec now;

        (void)clock_gettime(CLOCK_MONOTONIC, &now);
        return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static int call_run(pam_handle_t *handle, const TryCall *call, int flags) {
        double begin = seconds_now();
        int code;

        code = call->fn(handle, call->flags | flags);
        (void)printf("{\"call\": \"%s\", \"code\": \"%s\", \"seconds\": %.4f}\n", call->name,
                     code >= 0 && (size_t)code < sizeof(codes) / sizeof(*codes) && codes[code] ? codes[code] : "unknown",
                     seconds_now() - begin);
        (void)fflush(stdout);
        return code;
}

static const TryCall *call_find(const char *name) {
        for (size_t i = 0; i < sizeof(calls) / sizeof(*calls); i++)
                if (strcmp(calls[i].name, name) == 0)
                        return &calls[i];
        return NULL;
}

static void print_end(pam_handle_t *handle) {
        const void *user = NULL;
        char **env = pam_getenvlist(handle);

        (void)pam_get_item(handle, PAM_USER, &user);
        (void)printf("{\"user\": ");
        if (user)
                print_string(user);
        else
                (void)printf("null");
        (void)printf(", \"env\": {");
        for (char **entry = env; entry && *entry; entry++) {
                char *value = strchr(*entry, '=');

                *value++ = '\0';
                (void)printf("%s", entry == env ? "" : ", ");
                print_string(*entry);
                (void)printf(": ");
                print_string(value);
                free(*entry);
        }
        (void)printf("}}\n");
        (void)fflush(stdout);
        free(env);
}

int main(int argc, char **argv) {
        static const struct option options[] = {
                { "user", required_argument, NULL, 'u' },   { "rhost", required_argument, NULL, PAM_RHOST },
                { "tty", required_argument, NULL, PAM_TTY }, { "ruser", required_argument, NULL, PAM_RUSER },
                { "silent", no_argument, NULL, 's' },       { "disallow-null", no_argument, NULL, 'd' },
                {},
        };
        const struct pam_conv conversation = { .conv = converse };
        const char *user = NULL, *items[PAM_RHOST + PAM_TTY + PAM_RUSER] = {};
        const TryCall *todo[TRY_CALLS] = { &calls[0] };
        int option, code, flags = 0, n_todo = 0;
        pam_handle_t *handle = NULL;

        while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
                if (option == 'u')
                        user = optarg;
                else if (option == 's')
                        flags |= PAM_SILENT;
                else if (option == 'd')
                        flags |= PAM_DISALLOW_NULL_AUTHTOK;
                else if (option == '?')
                        return 2;
                else
                        items[option] = optarg;
        }
        if (optind >= argc || argc - optind - 1 > TRY_CALLS)
                return 2;
        for (int i = optind + 1; i < argc; i++) {
                todo[n_todo] = call_find(argv[i]);
                if (!todo[n_todo++])
                        return 2;
        }
        if (n_todo == 0)
                n_todo = 1;

        code = pam_start(argv[optind], user, &conversation, &handle);
        for (int item = 0; code == PAM_SUCCESS && item < (int)(sizeof(items) / sizeof(*items)); item++)
                if (items[item])
                        code = pam_set_item(handle, item, items[item]);
        for (int i = 0; code == PAM_SUCCESS && i < n_todo; i++)
                code = call_run(handle, todo[i], todo[i] == &calls[0] ? flags : 0);

        if (handle) {
                print_end(handle);
                (void)pam_end(handle, code);
        }
        return code == PAM_SUCCESS ? 0 : 1;
}
