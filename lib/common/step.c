/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Step: which members belong to which kind, as one table. What the table does not allow is refused. */

#include <stdlib.h>
#include <string.h>

#include "lib/common/limits.h"
#include "lib/common/step.h"
#include "lib/common/text.h"

typedef enum StepMember {
        MEMBER_TEXT,
        MEMBER_PICTURE,
        MEMBER_PROMPT,
        MEMBER_USER,
        MEMBER_ACCOUNT,
        MEMBER_NAME,
        MEMBER_UNIT,
        MEMBER_UNIT_NAME,
        MEMBER_METHOD,
        MEMBER_SESSION,
        _MEMBER_MAX,
} StepMember;

typedef enum MemberForm {
        FORM_LINE,    /* showable, without newline, not empty */
        FORM_LINES,   /* showable */
        FORM_PICTURE, /* text_is_picture() */
} MemberForm;

typedef struct MemberRule {
        size_t offset;
        size_t n_max;
        MemberForm form;
} MemberRule;

#define MEMBER(name, max, how) { .offset = offsetof(Step, name), .n_max = (max), .form = (how) }

static const MemberRule member_table[_MEMBER_MAX] = {
        [MEMBER_TEXT]      = MEMBER(text, LIMIT_STEP_TEXT_BYTES, FORM_LINES),
        [MEMBER_PICTURE]   = MEMBER(picture, LIMIT_STEP_PICTURE_BYTES, FORM_PICTURE),
        [MEMBER_PROMPT]    = MEMBER(prompt, LIMIT_STEP_PROMPT_BYTES, FORM_LINE),
        [MEMBER_USER]      = MEMBER(user, LIMIT_USER_BYTES, FORM_LINE),
        [MEMBER_ACCOUNT]   = MEMBER(account, LIMIT_ACCOUNT_BYTES, FORM_LINE),
        [MEMBER_NAME]      = MEMBER(name, LIMIT_NAME_BYTES, FORM_LINE),
        [MEMBER_UNIT]      = MEMBER(unit, LIMIT_UNIT_CODE_BYTES, FORM_LINE),
        [MEMBER_UNIT_NAME] = MEMBER(unit_name, LIMIT_NAME_BYTES, FORM_LINE),
        [MEMBER_METHOD]    = MEMBER(method, sizeof("password") - 1, FORM_LINE),
        [MEMBER_SESSION]   = MEMBER(session, LIMIT_SESSION_BYTES, FORM_LINE),
};

/* What a cell of the shape table says; an empty cell is ABSENT. */
typedef enum Presence { ABSENT, OPTIONAL, REQUIRED } Presence;

typedef struct StepShape {
        Presence members[_MEMBER_MAX];
        Presence choices;
        Presence reason;
        Presence token;
        Presence key;
} StepShape;

static const StepShape shape_table[_STEP_KIND_MAX] = {
        [STEP_INFO] = {
                .members = { [MEMBER_TEXT] = OPTIONAL, [MEMBER_PICTURE] = OPTIONAL } },
        [STEP_PROMPT_ECHO] = {
                .members = { [MEMBER_TEXT] = OPTIONAL, [MEMBER_PICTURE] = OPTIONAL,
                             [MEMBER_PROMPT] = REQUIRED } },
        [STEP_PROMPT_SECRET] = {
                .members = { [MEMBER_TEXT] = OPTIONAL, [MEMBER_PICTURE] = OPTIONAL,
                             [MEMBER_PROMPT] = REQUIRED },
                .token = OPTIONAL },
        [STEP_CHOICE] = {
                .members = { [MEMBER_TEXT] = OPTIONAL, [MEMBER_PICTURE] = OPTIONAL,
                             [MEMBER_PROMPT] = REQUIRED },
                .choices = REQUIRED },
        [STEP_SCAN] = {
                .members = { [MEMBER_TEXT] = OPTIONAL, [MEMBER_PICTURE] = OPTIONAL },
                .key = OPTIONAL },
        [STEP_DONE] = {
                .members = { [MEMBER_TEXT] = OPTIONAL, [MEMBER_USER] = REQUIRED,
                             [MEMBER_ACCOUNT] = OPTIONAL, [MEMBER_NAME] = OPTIONAL,
                             [MEMBER_UNIT] = OPTIONAL, [MEMBER_UNIT_NAME] = OPTIONAL,
                             [MEMBER_METHOD] = REQUIRED, [MEMBER_SESSION] = OPTIONAL } },
        [STEP_FAIL] = {
                .members = { [MEMBER_TEXT] = OPTIONAL, [MEMBER_USER] = OPTIONAL },
                .reason = REQUIRED },
};

static const char *const kind_words[_STEP_KIND_MAX] = {
        [STEP_INFO] = "info",
        [STEP_PROMPT_ECHO] = "prompt-echo",
        [STEP_PROMPT_SECRET] = "prompt-secret",
        [STEP_CHOICE] = "choice",
        [STEP_SCAN] = "scan",
        [STEP_DONE] = "done",
        [STEP_FAIL] = "fail",
};

static const char *const layout_words[_STEP_LAYOUT_MAX] = {
        [LAYOUT_FOLDED] = "folded",
        [LAYOUT_LINES] = "lines",
        [LAYOUT_BARE] = "bare",
};

static const char *const reason_words[_STEP_REASON_MAX] = {
        [REASON_NONE] = "none",
        [REASON_DENIED] = "denied",
        [REASON_LOCKED] = "locked",
        [REASON_UNIT] = "unit",
        [REASON_TIMEOUT] = "timeout",
        [REASON_NOT_OURS] = "not-ours",
        [REASON_UNAVAILABLE] = "unavailable",
        [REASON_CLIENT] = "client",
};

static const char *const token_words[_STEP_TOKEN_MAX] = {
        [TOKEN_NONE] = "none",
        [TOKEN_CURRENT] = "current",
        [TOKEN_NEW] = "new",
};

/* How the person was identified, and whether that tells who it is. */
static const struct {
        const char *word;
        bool is_person;
} method_table[] = {
        { "password", true },
        { "qr", true },
        { "session", true },
        { "unit", false },
};

static const char *member_get(const Step *step, StepMember member) {
        return *(char *const *)((const char *)step + member_table[member].offset);
}

static bool presence_fits(Presence presence, bool present) {
        switch (presence) {
        case ABSENT:
                return !present;
        case OPTIONAL:
                return true;
        case REQUIRED:
                return present;
        }
        return false;
}

static bool form_fits(const char *s, MemberForm form) {
        switch (form) {
        case FORM_LINE:
                return text_is_showable(s) && !strchr(s, '\n');
        case FORM_LINES:
                return text_is_showable(s);
        case FORM_PICTURE:
                return text_is_picture(s);
        }
        return false;
}

static int check_string(const char *s, size_t n_max, MemberForm form) {
        size_t n;

        n = strnlen(s, n_max + 1);
        if (n > n_max || (n == 0 && form == FORM_LINE))
                return STEP_E_SHAPE;
        return form_fits(s, form) ? 0 : STEP_E_TEXT;
}

static int check_choices(const Step *step) {
        int r;

        for (size_t i = 0; step->choices[i]; i++) {
                if (i >= LIMIT_STEP_CHOICES)
                        return STEP_E_SHAPE;
                r = check_string(step->choices[i], LIMIT_STEP_CHOICE_BYTES, FORM_LINE);
                if (r)
                        return r;
        }
        return step->choices[0] ? 0 : STEP_E_SHAPE;
}

static int check_members(const Step *step, const StepShape *shape) {
        int r;

        for (StepMember m = 0; m < _MEMBER_MAX; m++) {
                const char *s = member_get(step, m);

                if (!presence_fits(shape->members[m], s != NULL))
                        return STEP_E_SHAPE;
                if (!s)
                        continue;
                r = check_string(s, member_table[m].n_max, member_table[m].form);
                if (r)
                        return r;
        }
        return 0;
}

/* Of a login that is done: a person, or a unit without one; nothing in between. */
static int check_login(const Step *step) {
        if (step->session && !step_session_is_valid(step->session))
                return STEP_E_SHAPE;
        for (size_t i = 0; i < ELEMENTSOF(method_table); i++) {
                if (strcmp(method_table[i].word, step->method) != 0)
                        continue;
                if (method_table[i].is_person)
                        return step->account ? 0 : STEP_E_SHAPE;
                return step->unit && !step->account && !step->name ? 0 : STEP_E_SHAPE;
        }
        return STEP_E_SHAPE;
}

static size_t find_word(const char *const *words, size_t n, const char *word) {
        size_t i;

        for (i = 0; i < n; i++)
                if (strcmp(words[i], word) == 0)
                        break;
        return i;
}

void step_done(Step *step) {
        for (StepMember m = 0; m < _MEMBER_MAX; m++)
                free((char *)member_get(step, m));
        for (size_t i = 0; step->choices && step->choices[i]; i++)
                free(step->choices[i]);
        free(step->choices);
        *step = (Step){};
}

int step_validate(const Step *step) {
        const StepShape *shape;
        int r;

        if ((size_t)step->kind >= _STEP_KIND_MAX || (size_t)step->layout >= _STEP_LAYOUT_MAX ||
            (size_t)step->reason >= _STEP_REASON_MAX || (size_t)step->token >= _STEP_TOKEN_MAX ||
            step->serial == 0)
                return STEP_E_SHAPE;

        shape = &shape_table[step->kind];
        if (!presence_fits(shape->reason, step->reason != REASON_NONE) ||
            !presence_fits(shape->choices, step->choices != NULL) ||
            !presence_fits(shape->token, step->token != TOKEN_NONE) || !presence_fits(shape->key, step->key))
                return STEP_E_SHAPE;

        r = check_members(step, shape);
        if (r)
                return r;

        if (step->choices) {
                r = check_choices(step);
                if (r)
                        return r;
        }

        if (step->unit_name && !step->unit)
                return STEP_E_SHAPE;
        if (step->kind == STEP_FAIL && step->user && step->reason != REASON_NOT_OURS)
                return STEP_E_SHAPE;
        return step->kind == STEP_DONE ? check_login(step) : 0;
}

bool step_session_is_valid(const char *session) {
        return strlen(session) == LIMIT_SESSION_BYTES &&
               strspn(session, "0123456789abcdef") == LIMIT_SESSION_BYTES;
}

bool step_is_terminal(const Step *step) {
        return step->kind == STEP_DONE || step->kind == STEP_FAIL;
}

bool step_grants(const Step *step, const char *user) {
        if (step->kind != STEP_DONE)
                return false;
        if (!step->user || step->user[0] == '\0')
                return false;
        return !user || strcmp(step->user, user) == 0;
}

const char *step_kind_to_string(StepKind kind) {
        return (size_t)kind < _STEP_KIND_MAX ? kind_words[kind] : NULL;
}

StepKind step_kind_from_string(const char *word) {
        return (StepKind)find_word(kind_words, _STEP_KIND_MAX, word);
}

const char *step_layout_to_string(StepLayout layout) {
        return (size_t)layout < _STEP_LAYOUT_MAX ? layout_words[layout] : NULL;
}

StepLayout step_layout_from_string(const char *word) {
        return (StepLayout)find_word(layout_words, _STEP_LAYOUT_MAX, word);
}

const char *step_reason_to_string(StepReason reason) {
        return (size_t)reason < _STEP_REASON_MAX ? reason_words[reason] : NULL;
}

StepReason step_reason_from_string(const char *word) {
        return (StepReason)find_word(reason_words, _STEP_REASON_MAX, word);
}

const char *step_token_to_string(StepToken token) {
        return (size_t)token < _STEP_TOKEN_MAX ? token_words[token] : NULL;
}

StepToken step_token_from_string(const char *word) {
        return (StepToken)find_word(token_words, _STEP_TOKEN_MAX, word);
}
