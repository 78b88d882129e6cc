/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Present: everything a person sees passes here once, so here alone it is cut to the limits of a
 * step. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/present.h"
#include "daemon/wrap.h"
#include "lib/common/limits.h"

/* A terminal has 80 columns, of which the last is better left alone. */
#define LINE_COLUMNS 78

/* Add a line to *text. Nothing is added that would not fit. */
static int text_add_line(char **text, const char *line) {
        size_t n_old = *text ? strlen(*text) : 0, n_line = strlen(line);
        char *grown;

        if (n_line == 0 || n_old + 1 + n_line > LIMIT_STEP_TEXT_BYTES)
                return 0;

        grown = realloc(*text, n_old + 1 + n_line + 1);
        if (!grown)
                return -ENOMEM;

        if (n_old)
                grown[n_old++] = '\n';
        memcpy(grown + n_old, line, n_line + 1);
        *text = grown;
        return 0;
}

static int present_lines(const Plan *plan, Step *step) {
        for (size_t i = 0; i < plan->n_lines; i++) {
                _cleanup_(freep) char *line = NULL, *wrapped = NULL;
                int r;

                r = texts_say(&plan->lines[i], &line);
                if (r < 0)
                        return r;
                /* A greeter has a width of its own, and shows each line as a message. */
                if (step->layout == LAYOUT_FOLDED) {
                        r = wrap_line(line, LINE_COLUMNS, &wrapped);
                        if (r < 0)
                                return r;
                }
                r = text_add_line(&step->text, wrapped ? wrapped : line);
                if (r < 0)
                        return r;
        }
        return 0;
}

static int present_choices(const Plan *plan, Step *step) {
        if (plan->n_choices == 0)
                return 0;

        step->choices = calloc(plan->n_choices + 1, sizeof(char *));
        if (!step->choices)
                return -ENOMEM;

        for (size_t i = 0; i < plan->n_choices; i++) {
                int r;

                r = texts_say(&plan->choices[i], &step->choices[i]);
                if (r < 0)
                        return r;
        }
        return 0;
}

static int present_picture(const Plan *plan, RenderStyle style, Step *step) {
        int r = 0;

        if (plan->qr_uri)
                r = render_qr(plan->qr_uri, style, &step->picture);
        else if (plan->captcha_png)
                r = render_captcha(plan->captcha_png, plan->n_captcha_png, style, &step->picture);
        if (r < 0)
                return r;

        if (step->picture && strlen(step->picture) > LIMIT_STEP_PICTURE_BYTES) {
                free(step->picture);
                step->picture = NULL;
        }
        return 0;
}

static int copy(const char *s, char **ret) {
        if (!s)
                return 0;
        *ret = strdup(s);
        return *ret ? 0 : -ENOMEM;
}

static int present_done(const Plan *plan, Step *step) {
        const struct {
                const char *from;
                char **to;
        } members[] = {
                { plan->user, &step->user },           { plan->account, &step->account },
                { plan->name, &step->name },           { plan->unit, &step->unit },
                { plan->unit_name, &step->unit_name }, { plan->method, &step->method },
        };

        for (size_t i = 0; i < ELEMENTSOF(members); i++) {
                int r;

                /* An optional name that is empty is left out: a step has no empty members. */
                if (members[i].from && !*members[i].from)
                        continue;
                r = copy(members[i].from, members[i].to);
                if (r < 0)
                        return r;
        }
        return 0;
}

int present_plan(const Plan *plan, StepLayout layout, RenderStyle style, TextsLanguage language,
                 Step *ret) {
        _cleanup_(step_done) Step step = {};
        int r;

        step.kind = plan->kind;
        step.layout = layout;
        step.reason = plan->reason;
        step.token = plan->token;
        step.key = plan->key;

        texts_use(language);
        r = present_lines(plan, &step);
        if (r < 0)
                return r;
        if (plan->prompt.id != SAY_NONE) {
                r = texts_say(&plan->prompt, &step.prompt);
                if (r < 0)
                        return r;
        }
        r = present_choices(plan, &step);
        if (r < 0)
                return r;
        r = present_picture(plan, style, &step);
        if (r < 0)
                return r;
        if (plan->kind == STEP_DONE)
                r = present_done(plan, &step);
        else if (plan->kind == STEP_FAIL)
                r = copy(plan->user, &step.user);
        if (r < 0)
                return r;

        *ret = step;
        step = (Step){};
        return 0;
}
