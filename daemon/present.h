/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Present: a plan of the login machine becomes a step with words and pictures */

#include "daemon/core/login.h"
#include "daemon/render/render.h"
#include "daemon/texts.h"
#include "lib/common/step.h"

/**
 * present_plan() - put @plan into words
 * @layout, @style, @language: how this login is spoken to
 * @ret: the step, owned by the caller; its serial is not set
 *
 * In LAYOUT_FOLDED, sentences are divided into lines of a terminal. What itaxd knows the login by
 * (Step.session) is not the machine's to know: whoever keeps it adds it to a done step.
 *
 * A picture that cannot be drawn is left out: the address in the text still leads there. A picture
 * that would not fit beside the question (LIMIT_STEP_PICTURE_BYTES) likewise.
 *
 * Return: 0 or -ENOMEM.
 */
int present_plan(const Plan *plan, StepLayout layout, RenderStyle style, TextsLanguage language,
                 Step *ret);
