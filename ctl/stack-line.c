/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Stack lines: words, values and actions. */

#include <ctype.h>
#include <limits.h>
#include <string.h>
#include <strings.h>

#include "ctl/stack-private.h"

#define JUMP_MAX 100000 /* more than lines: behind the end in any case */

static const char *const kind_table[_STACK_KIND_MAX] = {
        [STACK_AUTH] = "auth",
        [STACK_ACCOUNT] = "account",
        [STACK_PASSWORD] = "password",
        [STACK_SESSION] = "session",
};

/* In the order of security/_pam_types.h. */
static const char *const code_table[STACK_CODES] = {
        "success", "open_err", "symbol_err", "service_err", "system_err", "buf_err", "perm_denied", "auth_err",
        "cred_insufficient", "authinfo_unavail", "user_unknown", "maxtries", "new_authtok_reqd", "acct_expired",
        "session_err", "cred_unavail", "cred_expired", "cred_err", "no_module_data", "conv_err", "authtok_err",
        "authtok_recover_err", "authtok_lock_busy", "authtok_disable_aging", "try_again", "ignore", "abort",
        "authtok_expired", "module_unknown", "bad_item", "conv_again", "incomplete",
};

static const struct {
        const char *word;
        int action;
} action_table[] = {
        { "ignore", STACK_IGNORE }, { "ok", STACK_GOOD }, { "done", STACK_DONE },
        { "bad", STACK_BAD },       { "die", STACK_DIE }, { "reset", STACK_RESET },
};

/* The words of old: what becomes of success, of PAM_IGNORE, of all else. */
static const struct {
        const char *word;
        int success, ignore, others;
} word_table[] = {
        { "required", STACK_GOOD, STACK_IGNORE, STACK_BAD },
        { "requisite", STACK_GOOD, STACK_IGNORE, STACK_DIE },
        { "optional", STACK_GOOD, STACK_IGNORE, STACK_IGNORE },
        { "sufficient", STACK_DONE, STACK_IGNORE, STACK_IGNORE },
};

const char *stack_kind_to_string(StackKind kind) {
        return kind_table[kind];
}

const char *stack_code_to_string(int code) {
        return code >= 0 && code < STACK_CODES ? code_table[code] : "?";
}

bool stack_kind_from_string(const char *word, StackKind *ret) {
        for (StackKind kind = 0; kind < _STACK_KIND_MAX; kind++)
                if (strcasecmp(kind_table[kind], word) == 0) {
                        *ret = kind;
                        return true;
                }
        return false;
}

char *stack_word(char **rest) {
        char *from = *rest, *end;

        if (!from)
                return NULL;
        from += strspn(from, STACK_BLANKS);
        if (!*from) {
                *rest = NULL;
                return NULL;
        }
        if (*from == '[') {
                char *to = ++from;

                /* All up to the bracket is one word; "\]" stands for a bracket in it. */
                for (end = from; *end && *end != ']'; end++) {
                        if (end[0] == '\\' && end[1] == ']')
                                end++;
                        *to++ = *end;
                }
                *rest = *end && end[1] ? end + 1 : NULL;
                *to = '\0';
                return from;
        }
        end = from + strcspn(from, STACK_BLANKS);
        *rest = *end && end[1] ? end + 1 : NULL;
        *end = '\0';
        return from;
}

void stack_actions_default(int actions[STACK_CODES], int action) {
        for (size_t i = 0; i < STACK_CODES; i++)
                if (actions[i] == STACK_UNSET)
                        actions[i] = action;
}

static const char *skip_blanks(const char *s) {
        while (isspace((unsigned char)*s))
                s++;
        return s;
}

/* Which value @s begins with; STACK_CODES for "default". Return: behind it, NULL for none. */
static const char *read_code(const char *s, size_t *ret) {
        for (size_t i = 0; i <= STACK_CODES; i++) {
                const char *word = i < STACK_CODES ? code_table[i] : "default";

                if (strncmp(word, s, strlen(word)) == 0) {
                        *ret = i;
                        return s + strlen(word);
                }
        }
        return NULL;
}

static const char *read_action(const char *s, int *ret) {
        int jump = 0;

        for (size_t i = 0; i < ELEMENTSOF(action_table); i++)
                if (strncmp(action_table[i].word, s, strlen(action_table[i].word)) == 0) {
                        *ret = action_table[i].action;
                        return s + strlen(action_table[i].word);
                }
        for (; isdigit((unsigned char)*s); s++)
                jump = jump > JUMP_MAX ? jump : 10 * jump + (*s - '0');
        *ret = jump;
        return jump > 0 ? s : NULL;
}

static StackFault read_pairs(const char *s, int actions[STACK_CODES]) {
        for (s = skip_blanks(s); *s; s = skip_blanks(s)) {
                size_t code;
                int action;

                s = read_code(s, &code);
                if (!s)
                        return STACK_BAD_CONTROL;
                s = skip_blanks(s);
                if (*s != '=')
                        return STACK_BAD_CONTROL;
                s = read_action(skip_blanks(s + 1), &action);
                if (!s)
                        return STACK_BAD_CONTROL;
                if (code < STACK_CODES)
                        actions[code] = action;
                else
                        stack_actions_default(actions, action);
        }
        return STACK_FINE;
}

StackFault stack_control(const char *text, int ret_actions[STACK_CODES]) {
        StackFault fault;

        for (size_t i = 0; i < STACK_CODES; i++)
                ret_actions[i] = STACK_UNSET;
        for (size_t i = 0; i < ELEMENTSOF(word_table); i++)
                if (strcasecmp(word_table[i].word, text) == 0) {
                        ret_actions[PAM_SUCCESS] = ret_actions[PAM_NEW_AUTHTOK_REQD] = word_table[i].success;
                        ret_actions[PAM_IGNORE] = word_table[i].ignore;
                        stack_actions_default(ret_actions, word_table[i].others);
                        return STACK_FINE;
                }

        fault = read_pairs(text, ret_actions);
        if (fault != STACK_FINE)
                for (size_t i = 0; i < STACK_CODES; i++)
                        ret_actions[i] = STACK_BAD;
        stack_actions_default(ret_actions, STACK_BAD);
        return fault;
}
