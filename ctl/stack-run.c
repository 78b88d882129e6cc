/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Stack run: a stack only goes forward, so all that can be the case before a line is known when the line's turn
 * comes, and what is the same is followed once. */

#include <errno.h>
#include <string.h>

#include "ctl/stack-private.h"

#define STATES_MAX 4096 /* before one line */
#define MUST_FAIL PAM_PERM_DENIED

typedef enum Impression { IMPRESSION_NONE, IMPRESSION_GOOD, IMPRESSION_BAD } Impression;

typedef struct Verdict {
        uint8_t impression; /* Impression */
        uint8_t status;
} Verdict;

/* Compared byte by byte: made from {} and without holes. */
typedef struct State {
        uint32_t facts;
        uint16_t giver;     /* its number + 1; 0: nobody */
        uint8_t level;      /* of the line before */
        uint8_t unused[3];
        Verdict now;
        Verdict outer[STACK_LEVELS]; /* as it was where the substack began */
} State;

_Static_assert(sizeof(State) == 4 + 2 + 1 + 3 + sizeof(Verdict) * (STACK_LEVELS + 1), "a State has holes");

typedef struct States {
        State *list;
        size_t n, room;
} States;

static int add_state(States *states, const State *state) {
        for (size_t i = 0; i < states->n; i++)
                if (memcmp(&states->list[i], state, sizeof(*state)) == 0)
                        return 0;
        if (states->n == STATES_MAX)
                return -E2BIG;
        if (states->n == states->room) {
                const size_t room = states->room ? 2 * states->room : 8;
                State *more = reallocarray(states->list, room, sizeof(*more));

                if (!more)
                        return -ENOMEM;
                states->list = more;
                states->room = room;
        }
        memcpy(&states->list[states->n++], state, sizeof(*state));
        return 0;
}

/* The line behind which nothing of this substack, or of the whole stack, stands. */
static size_t last_of(const Stack *stack, size_t i) {
        const unsigned level = stack->lines[i].level;

        while (i + 1 < stack->n && stack->lines[i + 1].level >= level)
                i++;
        return i;
}

/* Over @n lines behind line @i, a substack being one with all that it holds. Return: how many were missing. */
static int jump(const Stack *stack, size_t *i, int n) {
        const unsigned level = stack->lines[*i].level;

        while (n > 0 && *i + 1 < stack->n && stack->lines[*i + 1].level >= level) {
                do
                        ++*i;
                while (*i + 1 < stack->n && stack->lines[*i + 1].level > level);
                n--;
        }
        return n;
}

/* A line's value counts for the stack. */
static void count_good(State *state, const StackMove *move, size_t i) {
        if (state->now.impression != IMPRESSION_NONE &&
            (state->now.impression != IMPRESSION_GOOD || state->now.status != PAM_SUCCESS))
                return;
        /* With values of an earlier run, PAM_IGNORE can come here: it is never handed on. */
        if (move->code == PAM_IGNORE && move->frozen != move->code)
                return;
        if (state->now.impression == IMPRESSION_NONE)
                state->giver = (uint16_t)(i + 1);
        state->now = (Verdict){ .impression = IMPRESSION_GOOD, .status = (uint8_t)move->code };
}

static void count_bad(State *state, const StackMove *move) {
        if (state->now.impression == IMPRESSION_BAD)
                return;
        state->now = (Verdict){
                .impression = IMPRESSION_BAD,
                .status = move->code == PAM_IGNORE ? MUST_FAIL : (uint8_t)move->code,
        };
}

/* Return: the line that comes next. */
static size_t step(const Stack *stack, size_t i, const StackMove *move, StackJumps jumps, State *state, bool *ret_overshoots) {
        const StackLine *line = &stack->lines[i];
        const int action = line->actions[move->frozen];

        state->facts |= move->facts;
        switch (action) {
        case STACK_IGNORE:
                return i + 1;
        case STACK_RESET:
                state->now = state->outer[line->level];
                return i + 1;
        case STACK_GOOD:
                count_good(state, move, i);
                return i + 1;
        case STACK_DONE:
                count_good(state, move, i);
                return state->now.impression == IMPRESSION_GOOD ? last_of(stack, i) + 1 : i + 1;
        case STACK_BAD:
                count_bad(state, move);
                return i + 1;
        case STACK_DIE:
                count_bad(state, move);
                return last_of(stack, i) + 1;
        default:
                if (jumps == STACK_JUMPS_COUNT)
                        count_good(state, move, i);
                if (jump(stack, &i, action) > 0) {
                        state->now = (Verdict){ .impression = IMPRESSION_BAD, .status = MUST_FAIL };
                        *ret_overshoots = true;
                }
                return i + 1;
        }
}

static int add_end(StackRun *run, const State *state) {
        const Verdict now = state->now;
        const StackEnd end = {
                .code = now.status == PAM_SUCCESS && now.impression != IMPRESSION_GOOD ? MUST_FAIL : now.status,
                .facts = state->facts,
                .giver = state->giver > 0 ? state->giver - 1U : STACK_NOBODY,
        };
        StackEnd *more;

        for (size_t i = 0; i < run->n_ends; i++)
                if (run->ends[i].code == end.code && run->ends[i].facts == end.facts && run->ends[i].giver == end.giver)
                        return 0;
        more = reallocarray(run->ends, run->n_ends + 1, sizeof(*more));
        if (!more)
                return -ENOMEM;
        run->ends = more;
        more[run->n_ends++] = end;
        return 0;
}

/* Follow all that can be the case before line @i. */
static int run_line(const Stack *stack, size_t i, StackOracle *oracle, void *userdata, StackJumps jumps, States *queues,
                    StackRun *run) {
        const StackLine *line = &stack->lines[i];
        StackMove moves[STACK_CODES];
        size_t n_moves = 0;

        if (line->form == STACK_MODULE)
                n_moves = oracle(line, i, userdata, moves);
        else if (line->form == STACK_FAILS)
                moves[n_moves++] = (StackMove){ .code = MUST_FAIL, .frozen = MUST_FAIL };

        for (size_t k = 0; k < queues[i].n; k++) {
                State before;
                int r;

                memcpy(&before, &queues[i].list[k], sizeof(before));
                if (before.level < line->level)
                        before.outer[line->level] = before.now;
                before.level = (uint8_t)line->level;
                run->reached[i] = true;
                if (line->form == STACK_SUBSTACK) {
                        r = add_state(&queues[i + 1], &before);
                        if (r < 0)
                                return r;
                }
                for (size_t m = 0; m < n_moves; m++) {
                        State state;
                        size_t next;

                        memcpy(&state, &before, sizeof(state));
                        next = step(stack, i, &moves[m], jumps, &state, &run->overshoots[i]);
                        r = add_state(&queues[next], &state);
                        if (r < 0)
                                return r;
                }
        }
        return 0;
}

void stack_run_done(StackRun *run) {
        free(run->ends);
        free(run->reached);
        free(run->overshoots);
        *run = (StackRun){};
}

int stack_run(const Stack *stack, StackOracle *oracle, void *userdata, StackJumps jumps, StackRun *ret) {
        _cleanup_(stack_run_done) StackRun run = {};
        States *queues;
        State first;
        int r;

        queues = calloc(stack->n + 1, sizeof(*queues));
        run.reached = calloc(stack->n + 1, sizeof(*run.reached));
        run.overshoots = calloc(stack->n + 1, sizeof(*run.overshoots));
        if (!queues || !run.reached || !run.overshoots) {
                free(queues);
                return -ENOMEM;
        }

        memset(&first, 0, sizeof(first));
        first.now.status = MUST_FAIL;
        first.outer[0].status = MUST_FAIL;
        r = add_state(&queues[0], &first);
        for (size_t i = 0; i < stack->n && r == 0; i++)
                r = run_line(stack, i, oracle, userdata, jumps, queues, &run);
        for (size_t k = 0; k < queues[stack->n].n && r == 0; k++)
                r = add_end(&run, &queues[stack->n].list[k]);

        for (size_t i = 0; i <= stack->n; i++)
                free(queues[i].list);
        free(queues);
        if (r < 0)
                return r;
        *ret = run;
        run = (StackRun){};
        return 0;
}
