/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Login, answers: the table of questions, and which answers are never looked at
 *
 * A client that does not read our prompts answers all of them alike: with the password, or with the
 * user name where typing may be seen (design.md D10, threats R13). Its answer to the second
 * question must reach nobody. */

#include <string.h>

#include "daemon/core/login-private.h"
#include "lib/common/text.h"

const AskRule login_asks[_ASK_MAX] = {
        [ASK_ACCOUNT] = {
                .kind = STEP_PROMPT_ECHO,
                .prompt = SAY_ASK_ACCOUNT,
                .prompt_other = SAY_ASK_ACCOUNT_OR_QR,
                .mistaken = SAY_ACCOUNT_CHARACTERS,
                .links = true,
                .answered = login_account_answered,
        },
        [ASK_PASSWORD] = {
                .kind = STEP_PROMPT_SECRET,
                .prompt = SAY_ASK_PASSWORD,
                .prompt_other = SAY_ASK_PASSWORD_OR_QR,
                .mistaken = SAY_PASSWORD_WRONG,
                .token = TOKEN_CURRENT,
                .links = true,
                .answered = login_password_answered,
        },
        [ASK_CAPTCHA] = {
                .kind = STEP_PROMPT_ECHO,
                .prompt = SAY_ASK_CAPTCHA,
                .prompt_other = SAY_ASK_CAPTCHA_OR_QR,
                .mistaken = SAY_CAPTCHA_WRONG,
                .links = true,
                .answered = login_captcha_answered,
        },
        [ASK_SCAN] = {
                .kind = STEP_SCAN,
                .mistaken = SAY_SCAN_WAITING,
                .answered = login_scan_answered,
        },
        [ASK_CONFIRMED] = {
                .kind = STEP_PROMPT_ECHO,
                .prompt = SAY_ASK_CONFIRMED,
                .prompt_other = SAY_ASK_CONFIRMED_OR_PASSWORD,
                .mistaken = SAY_SCAN_WAITING,
                .links = true,
                .answered = login_confirmed_answered,
        },
        [ASK_DIGITS] = {
                .kind = STEP_PROMPT_ECHO,
                .prompt = SAY_ASK_DIGITS,
                .prompt_other = SAY_ASK_DIGITS_OR_PASSWORD,
                .mistaken = SAY_DIGITS_SHAPE,
                .answered = login_confirmed_answered,
        },
        [ASK_UNIT] = {
                .kind = STEP_CHOICE,
                .prompt = SAY_ASK_UNIT,
                .prompt_back = SAY_ASK_UNIT_OR_START,
                .mistaken = SAY_UNIT_CHOICE_WRONG,
                .links = true,
                .answered = login_unit_answered,
        },
        [ASK_UNIT_PASSWORD] = {
                .kind = STEP_PROMPT_SECRET,
                .prompt = SAY_ASK_UNIT_PASSWORD,
                .prompt_other = SAY_ASK_UNIT_PASSWORD_OR_LIST,
                .prompt_back = SAY_ASK_UNIT_PASSWORD_OR_BACK,
                .mistaken = SAY_UNIT_PASSWORD_SAME,
                .links = true,
                .answered = login_unit_password_answered,
        },
        [ASK_UNIT_CAPTCHA] = {
                .kind = STEP_PROMPT_ECHO,
                .prompt = SAY_ASK_UNIT_CAPTCHA,
                .prompt_other = SAY_ASK_UNIT_CAPTCHA_OR_LIST,
                .prompt_back = SAY_ASK_UNIT_CAPTCHA_OR_BACK,
                .mistaken = SAY_CAPTCHA_WRONG,
                .links = true,
                .answered = login_unit_captcha_answered,
        },
        [ASK_UNIT_WAY] = {
                .kind = STEP_CHOICE,
                .prompt = SAY_ASK_UNIT_WAY,
                .prompt_back = SAY_ASK_UNIT_WAY_OR_BACK,
                .mistaken = SAY_UNIT_WAY_WRONG,
                .links = true,
                .answered = login_unit_way_answered,
        },
        [ASK_PIN] = {
                .kind = STEP_PROMPT_SECRET,
                .prompt = SAY_ASK_PIN,
                .prompt_back = SAY_ASK_PIN_OR_BACK,
                .mistaken = SAY_PIN_SAME,
                .links = true,
                .answered = login_pin_answered,
        },
        [ASK_ONE] = {
                .kind = STEP_PROMPT_SECRET,
                .prompt = SAY_ASK_ONE,
                .token = TOKEN_CURRENT,
                .answered = login_one_answered,
        },
        [ASK_LINKS] = {
                .kind = STEP_CHOICE,
                .prompt = SAY_ASK_LINKS,
                .mistaken = SAY_UNIT_CHOICE_WRONG,
                .answered = login_links_answered,
        },
        [ASK_NEW_PASSWORD] = {
                .kind = STEP_PROMPT_SECRET,
                .prompt = SAY_ASK_NEW_PASSWORD,
                .token = TOKEN_NEW,
                .compares = true,
                .answered = login_new_password_answered,
        },
        [ASK_NEW_PASSWORD_AGAIN] = {
                .kind = STEP_PROMPT_SECRET,
                .prompt = SAY_ASK_NEW_PASSWORD_AGAIN,
                .token = TOKEN_NEW,
                .compares = true,
                .answered = login_new_password_again_answered,
        },
};

static bool is_secret(Ask ask) {
        return login_asks[ask].kind == STEP_PROMPT_SECRET;
}

/* The other question that had the same answer, where one of the two is for a secret; else
 * ASK_NOTHING. The latest one first: only that tells a client that does not read. */
static Ask find_same_answer(const Login *login, const Secret *answer) {
        if (login->last_ask != login->ask &&
            (is_secret(login->ask) || is_secret(login->last_ask)) &&
            mark_matches(login->mark, login->last_ask, answer))
                return login->last_ask;

        for (Ask ask = ASK_NOTHING + 1; ask < _ASK_MAX; ask++)
                if (ask != login->ask && (is_secret(login->ask) || is_secret(ask)) &&
                    mark_matches(login->mark, ask, answer))
                        return ask;
        return ASK_NOTHING;
}

/* Only at a prompt: nothing is read at a scan. */
static bool is_user_name(const Login *login, const Secret *answer) {
        return login->user[0] && !is_secret(login->ask) && login->ask != ASK_SCAN &&
               secret_size(answer) == strlen(login->user) &&
               secret_equal_bytes(secret_text(answer), login->user, strlen(login->user));
}

/* Is all of the answer one character, and one of @letters? A password never is. */
static bool is_word(const Secret *answer, const char *letters) {
        char plain[2] = "";
        bool is = answer_plain(answer, plain, sizeof(plain)) && plain[0] &&
                  strchr(letters, plain[0]);

        explicit_bzero(plain, sizeof(plain));
        return is;
}

/* A person who is used to typing the password twice does so below a picture as well. Like any answer that was
 * given before it reaches nobody; but where questions are shown, it is asked once more. */
static bool is_slip(const Login *login) {
        return login->mode == MODE_MANY &&
               (login->ask == ASK_CAPTCHA || login->ask == ASK_UNIT_CAPTCHA);
}

int login_answered(Login *login, const Secret *answer) {
        const AskRule *rule = &login_asks[login->ask];
        Ask same;
        int r;

        if (secret_size(answer) == 0)
                return rule->answered(login, NULL);

        /* Words that lead elsewhere are no answers, so they are not known again either. */
        if (rule->links && is_word(answer, "?")) {
                login_links_ask(login);
                return 0;
        }
        if (login_offers_back(login, login->ask) && is_word(answer, "bB")) {
                login_account_again(login);
                return 0;
        }

        if (!login->mark) {
                r = mark_new(&login->mark);
                if (r < 0)
                        return r;
        }

        same = rule->compares ? ASK_NOTHING : find_same_answer(login, answer);
        if (is_user_name(login, answer)) {
                login_fail(login, REASON_CLIENT, "blind-user", SAY_CLIENT_CANNOT);
                return 0;
        }
        if (same != ASK_NOTHING && same == login->last_ask && !is_slip(login)) {
                login_fail(login, REASON_CLIENT, "blind-answer", SAY_CLIENT_CANNOT);
                return 0;
        }

        mark_set(login->mark, login->ask, answer);
        login->last_ask = login->ask;
        if (same != ASK_NOTHING && login->ask != ASK_SCAN) {
                login_tell(login, rule->mistaken);
                login_ask(login, login->ask);
                return 0;
        }

        return rule->answered(login, answer);
}

/* U+FF01 to U+FF5E, and the ideographic space. */
char answer_narrow(const char *s, size_t n) {
        const unsigned char *p = (const unsigned char *)s;

        if (n < 3)
                return 0;
        if (p[0] == 0xe3 && p[1] == 0x80 && p[2] == 0x80)
                return ' ';
        if (p[0] == 0xef && p[1] == 0xbc && p[2] >= 0x81 && p[2] <= 0xbf)
                return (char)(p[2] - 0x81 + '!');
        if (p[0] == 0xef && p[1] == 0xbd && p[2] >= 0x80 && p[2] <= 0x9e)
                return (char)(p[2] - 0x80 + '`');
        return 0;
}

static bool is_blank(char c) {
        return c == ' ' || (c >= '\t' && c <= '\r');
}

bool answer_plain(const Secret *answer, char *ret, size_t n) {
        const char *p = secret_text(answer);
        size_t n_answer = secret_size(answer), n_used = 0;

        for (size_t i = 0; i < n_answer;) {
                char c = answer_narrow(p + i, n_answer - i);

                i += c ? 3 : 1;
                if (!c)
                        c = p[i - 1];
                if (c == '\0')
                        return false;
                if (is_blank(c) && n_used == 0)
                        continue;
                if (n_used + 1 >= n) {
                        if (is_blank(c))
                                continue;
                        return false;
                }
                ret[n_used++] = c;
        }

        while (n_used > 0 && is_blank(ret[n_used - 1]))
                n_used--;
        ret[n_used] = '\0';
        return true;
}

bool answer_is_password(const Secret *answer) {
        const char *bytes = secret_text(answer);
        size_t n = secret_size(answer);

        for (size_t i = 0; i < n; i++)
                if ((unsigned char)bytes[i] < ' ' || bytes[i] == 0x7f)
                        return false;
        return n > 0 && n <= LIMIT_PASSWORD_BYTES && text_is_utf8(bytes, n);
}
