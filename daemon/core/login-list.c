/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Login, list of units: what is on it, in which order, and how one is found in two hundred
 *
 * What is looked for is not kept, only what was found: it may have been a password, typed at the
 * wrong question. For the same reason it is not shown again. */

#include <stdio.h>
#include <string.h>

#include "daemon/core/login-private.h"
#include "lib/common/text.h"

#define SEARCH_BYTES 64 /* more than any part of a name that somebody types */
#define SEARCH_CHARS_MIN 2

_Static_assert(SEARCH_BYTES > LIMIT_UNIT_CODE_BYTES, "a code can be typed");

static void show_all(Login *login) {
        memcpy(login->shown, login->listed, sizeof(login->shown));
        login->n_shown = login->n_listed;
        login->page_first = 0;
}

void login_list_begin(Login *login) {
        const ReplyUnit *units = login->person.units;

        login->n_listed = 0;
        for (unsigned last = 2; last-- > 0;)
                for (size_t i = 0; i < login->person.n_units; i++)
                        if ((strcmp(units[i].code, login->last_unit) == 0) == last &&
                            units_admit(login->units_allowed, units[i].code) &&
                            login->n_listed < ELEMENTSOF(login->listed))
                                login->listed[login->n_listed++] = (uint16_t)i;
        show_all(login);
}

bool login_list_has(const Login *login, size_t unit) {
        for (size_t i = 0; i < login->n_listed; i++)
                if (login->listed[i] == unit)
                        return true;
        return false;
}

static size_t page_size(const Login *login) {
        size_t left = login->n_shown - login->page_first;

        return left < LOGIN_CHOICES_PAGE ? left : LOGIN_CHOICES_PAGE;
}

void login_unit_choices(Login *login) {
        Plan *plan = &login->plan;

        for (size_t n = page_size(login); plan->n_choices < n;) {
                const ReplyUnit *unit =
                        &login->person.units[login->shown[login->page_first + plan->n_choices]];

                plan->choices[plan->n_choices++] = (Say){
                        .id = strcmp(unit->code, login->last_unit) == 0 ? SAY_UNIT_ENTRY_LAST
                                                                        : SAY_UNIT_ENTRY,
                        .text = unit->name,
                        .text2 = unit->code,
                };
        }
}

void login_list_show(Login *login) {
        bool all = login->n_shown == login->n_listed;
        bool pages = login->n_shown > LOGIN_CHOICES_PAGE;

        login->unit = UNIT_NOBODY;
        login->unit_proof = PROOF_NONE;

        if (all)
                login_tell(login, SAY_UNIT_INVITE);
        else
                login_tell_number(login, SAY_UNIT_FOUND, (int64_t)login->n_shown);
        if (pages) {
                (void)snprintf(login->page[0], sizeof(login->page[0]), "%u",
                               (unsigned)(login->page_first / LOGIN_CHOICES_PAGE + 1) % 10000);
                (void)snprintf(login->page[1], sizeof(login->page[1]), "%u",
                               (unsigned)((login->n_shown + LOGIN_CHOICES_PAGE - 1) /
                                          LOGIN_CHOICES_PAGE) % 10000);
                login_tell_text(login, SAY_UNIT_PAGE, login->page[0], login->page[1]);
        }
        if (pages && all)
                login_tell_number(login, SAY_UNIT_PAGES, (int64_t)login->n_shown);
        else if (pages)
                login_tell(login, SAY_UNIT_FOUND_PAGES);
        login_ask(login, ASK_UNIT);
}

bool login_offers_restart(const Login *login) {
        return login->mode != MODE_ONE && login->purpose == PURPOSE_LOGIN &&
               login->n_restarts < LOGIN_RESTARTS_MAX;
}

/* Of what was typed only the account password is still known again: wherever else it is typed now,
 * it is out of place. Everything else may be typed anew. */
static void forget_answers(Login *login) {
        Mark *mark = TAKE_PTR(login->mark);

        login_wipe(login);
        login->mark = mark;
        if (mark)
                mark_keep(mark, ASK_PASSWORD);
        login->last_ask = ASK_NOTHING;
}

void login_restart(Login *login) {
        login->n_restarts++;

        forget_answers(login);
        login_captcha_forget(login);
        device_done(&login->device);

        reply_person_done(&login->person);
        login->person_proven = false;
        login->person_fresh = false;
        login->digits_redeemed = false;
        login->route = ROUTE_NONE;
        login->local_user[0] = '\0';
        login->last_unit[0] = '\0';
        login->typed_unit[0] = '\0';
        login->unit = UNIT_NOBODY;
        login->unit_proof = PROOF_NONE;
        login->n_listed = 0;
        show_all(login);

        login_first(login);
}

static void page_turn(Login *login, size_t first) {
        if (first < login->n_shown)
                login->page_first = first;
        login_list_show(login);
}

static char fold_case(char c) {
        return c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c;
}

/* One character of a name or code as it is compared: without case and width. */
static char fold_next(const char **p) {
        char c = answer_narrow(*p, strlen(*p));

        *p += c ? 3 : 1;
        return fold_case(c ? c : (*p)[-1]);
}

/* Does @s have @part in it? @part is folded already. */
static bool has_part(const char *s, const char *part) {
        for (const char *from = s; from && *from; (void)fold_next(&from)) {
                const char *p = from, *q = part;

                while (*q && *p) {
                        const char *next = p;

                        if (fold_next(&next) != *q)
                                break;
                        p = next;
                        q++;
                }
                if (!*q)
                        return true;
        }
        return false;
}

static size_t count_chars(const char *s) {
        size_t n = 0;

        for (; *s; s++)
                n += (*s & 0xc0) != 0x80;
        return n;
}

/* From the whole list, whatever is shown of it. */
static void search(Login *login, const char *part) {
        login->n_shown = 0;
        login->page_first = 0;
        for (size_t i = 0; i < login->n_listed; i++) {
                const ReplyUnit *unit = &login->person.units[login->listed[i]];

                if (has_part(unit->code, part) || has_part(unit->name, part))
                        login->shown[login->n_shown++] = login->listed[i];
        }

        if (login->n_shown == 0) {
                show_all(login);
                login_tell(login, SAY_UNIT_FOUND_NONE);
        }
        login_list_show(login);
}

static void choice_wrong(Login *login) {
        login_tell(login, SAY_UNIT_CHOICE_WRONG);
        login_list_show(login);
}

/* A number on the page. */
static void choose_number(Login *login, size_t number) {
        if (number >= 1 && number <= page_size(login))
                login_unit_verify(login, login->shown[login->page_first + number - 1]);
        else
                choice_wrong(login);
}

/* A code, or a part of a name. */
static void choose_text(Login *login, const char *text) {
        for (size_t i = 0; i < login->person.n_units; i++) {
                if (strcmp(login->person.units[i].code, text) != 0)
                        continue;
                if (login_list_has(login, i)) {
                        login_unit_verify(login, i);
                        return;
                }
                login_tell_text(login, SAY_UNIT_NOT_ALLOWED, login->person.units[i].code, NULL);
                login_list_show(login);
                return;
        }

        if (count_chars(text) >= SEARCH_CHARS_MIN && text_is_showable(text))
                search(login, text);
        else
                choice_wrong(login);
}

/* @typed: folded, "" for nothing */
static void choose(Login *login, const char *typed) {
        bool pages = login->n_shown > LOGIN_CHOICES_PAGE;

        if (!typed[0] && login->n_shown < login->n_listed) {
                show_all(login);
                login_list_show(login);
        } else if (pages && strcmp(typed, "N") == 0)
                page_turn(login, login->page_first + LOGIN_CHOICES_PAGE);
        else if (pages && strcmp(typed, "P") == 0)
                page_turn(login, login->page_first - LOGIN_CHOICES_PAGE);
        else if (strcmp(typed, "B") == 0 && login_offers_restart(login))
                login_restart(login);
        else if (typed[0] && strlen(typed) <= 2 && strspn(typed, "0123456789") == strlen(typed))
                choose_number(login, strtoul(typed, NULL, 10));
        else
                choose_text(login, typed);
}

int login_unit_answered(Login *login, const Secret *answer) {
        char typed[SEARCH_BYTES + 1] = "";

        if (answer && (!answer_plain(answer, typed, sizeof(typed)) || !typed[0])) {
                explicit_bzero(typed, sizeof(typed));
                choice_wrong(login);
                return 0;
        }

        for (char *p = typed; *p; p++)
                *p = fold_case(*p);
        choose(login, typed);
        explicit_bzero(typed, sizeof(typed));
        return 0;
}
