/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Doctor answers: each stack is run with what pam_itax may say and with what the others may say to it. What
 * follows is told of the line by which it happens. */

#include <errno.h>
#include <security/pam_modules.h>
#include <stdio.h>
#include <string.h>

#include "ctl/doctor.h"

#define WHAT_BYTES 256
#define BIT(code) (1U << (code))
#define CODES_ALL (~BIT(PAM_INCOMPLETE))

/* Facts on a course: lines of pam_itax that were asked, from bit FACT_ASKED on; a way parted by who the user is. */
#define FACT_UNSURE 1U
#define FACT_ASKED 8
#define FACTS_ASKED (~0U << FACT_ASKED)

/* What the module says when it is sure that somebody must not get in. Its errors are among them: they are no reason
 * to let anybody in either. */
static const int denials[_STACK_KIND_MAX][8] = {
        [STACK_AUTH] = { PAM_AUTH_ERR, PAM_MAXTRIES, PAM_PERM_DENIED, PAM_CONV_ERR, PAM_SERVICE_ERR, PAM_SYSTEM_ERR, PAM_BUF_ERR },
        [STACK_ACCOUNT] = { PAM_PERM_DENIED, PAM_SERVICE_ERR, PAM_SYSTEM_ERR, PAM_BUF_ERR },
        [STACK_PASSWORD] = { PAM_AUTH_ERR, PAM_MAXTRIES, PAM_PERM_DENIED, PAM_AUTHTOK_ERR, PAM_SYSTEM_ERR },
        [STACK_SESSION] = {},
};

/* Programs without which nobody can mend a host. */
static const char *const doors[] = { "login", "sshd", "su", "su-l", "sudo", "sudo-i", "gdm-password", "lightdm", "sddm", "xdm", "polkit-1" };

typedef enum Mood { MOOD_ANY, MOOD_GOOD, MOOD_BAD } Mood;

/* What is assumed. */
typedef struct Scene {
        const Stack *stack;
        StackKind kind;
        uint32_t itax;   /* bits of values */
        Mood proofs, gates;
        size_t bad_line; /* this one refuses; STACK_NOBODY */
        User user;
        const int *frozen; /* pam_setcred(): values of the run before, -1 for lines that were not asked; or NULL */
        bool is_cred;
} Scene;

/* What came of it. */
typedef struct Outcome {
        bool succeeds;       /* on some course */
        bool asked_succeeds; /* on one on which pam_itax was asked */
        bool passes_by;      /* on one on which it was not, and that is the way of every user */
        size_t giver;        /* of the asked one */
        uint32_t twice;      /* the lines, when there is a course with two */
} Outcome;

static const int refusals[_STACK_KIND_MAX] = {
        [STACK_AUTH] = PAM_AUTH_ERR,
        [STACK_ACCOUNT] = PAM_ACCT_EXPIRED,
        [STACK_PASSWORD] = PAM_AUTHTOK_ERR,
        [STACK_SESSION] = PAM_SESSION_ERR,
};

static uint32_t codes_in_mood(const Scene *scene, size_t i, Mood mood, uint32_t good) {
        const uint32_t bad = BIT(refusals[scene->kind]) | BIT(PAM_PERM_DENIED) | BIT(PAM_USER_UNKNOWN) |
                             (scene->kind == STACK_AUTH ? BIT(PAM_AUTHINFO_UNAVAIL) | BIT(PAM_MAXTRIES) : 0);

        if (scene->bad_line == i)
                return bad;
        switch (mood) {
        case MOOD_GOOD:
                return good;
        case MOOD_BAD:
                return bad;
        case MOOD_ANY:
                break;
        }
        return CODES_ALL;
}

static uint32_t codes_of_condition(const Scene *scene, const StackLine *line) {
        switch (module_condition(line, scene->user)) {
        case TRUTH_YES:
                return BIT(PAM_SUCCESS);
        case TRUTH_NO:
                return BIT(PAM_AUTH_ERR);
        case TRUTH_UNKNOWN:
                break;
        }
        return BIT(PAM_SUCCESS) | BIT(PAM_AUTH_ERR);
}

static uint32_t codes_of(const Scene *scene, const StackLine *line, size_t i) {
        const bool is_any = scene->proofs == MOOD_ANY;

        switch (module_role(line, scene->kind)) {
        case ROLE_ITAX:
                return scene->itax;
        case ROLE_PROOF:
                return scene->kind == STACK_SESSION && !is_any ? BIT(PAM_SUCCESS) :
                                                                 codes_in_mood(scene, i, scene->proofs, BIT(PAM_SUCCESS));
        case ROLE_GATE:
                return codes_in_mood(scene, i, scene->gates, BIT(PAM_SUCCESS) | BIT(PAM_IGNORE));
        case ROLE_UNKNOWN:
                return codes_in_mood(scene, i, scene->kind == STACK_AUTH ? scene->proofs : scene->gates,
                                     BIT(PAM_SUCCESS) | BIT(PAM_IGNORE));
        case ROLE_CONDITION:
                return codes_of_condition(scene, line);
        case ROLE_ROOTOK:
                return is_any ? BIT(PAM_SUCCESS) | BIT(PAM_AUTH_ERR) : BIT(PAM_AUTH_ERR);
        case ROLE_DENY:
                return BIT(refusals[scene->kind]);
        case ROLE_PERMIT:
                return BIT(PAM_SUCCESS);
        case ROLE_COUNTER:
                return BIT(PAM_IGNORE) | BIT(PAM_AUTH_ERR);
        case ROLE_BYSTANDER:
                break;
        }
        return is_any ? CODES_ALL : BIT(PAM_SUCCESS) | BIT(PAM_IGNORE);
}

static uint32_t codes_of_cred(const Scene *scene, const StackLine *line) {
        switch (module_role(line, scene->kind)) {
        case ROLE_ITAX:
                return scene->itax;
        case ROLE_DENY:
                return BIT(PAM_CRED_ERR);
        case ROLE_PROOF:
        case ROLE_PERMIT:
                return BIT(PAM_SUCCESS);
        case ROLE_GATE:
        case ROLE_CONDITION:
        case ROLE_ROOTOK:
        case ROLE_BYSTANDER:
        case ROLE_COUNTER:
        case ROLE_UNKNOWN:
                break;
        }
        return BIT(PAM_SUCCESS) | BIT(PAM_IGNORE);
}

/* The bit that stands for line @i of pam_itax; those behind the last bit share it. */
static uint32_t fact_of(const Scene *scene, size_t i) {
        unsigned n = FACT_ASKED;

        for (size_t k = 0; k < i && n < 31; k++)
                n += module_role(&scene->stack->lines[k], scene->kind) == ROLE_ITAX;
        return 1U << n;
}

static size_t oracle(const StackLine *line, size_t i, void *userdata, StackMove moves[STACK_CODES]) {
        const Scene *scene = userdata;
        const Role role = module_role(line, scene->kind);
        const uint32_t codes = scene->is_cred ? codes_of_cred(scene, line) : codes_of(scene, line, i);
        size_t n = 0;

        for (int code = 0; code < STACK_CODES; code++) {
                StackMove move = { .code = code, .frozen = code };

                if (!(codes & BIT(code)))
                        continue;
                if (scene->frozen && scene->frozen[i] >= 0)
                        move.frozen = scene->frozen[i];
                if (role == ROLE_ITAX)
                        move.facts = fact_of(scene, i);
                if (role == ROLE_CONDITION && codes != BIT(code) && (line->actions[code] > 0 || line->actions[code] == STACK_DONE))
                        move.facts = FACT_UNSURE;
                moves[n++] = move;
        }
        return n;
}

static int play(const Scene *scene, Outcome *ret) {
        Outcome outcome = { .giver = STACK_NOBODY };
        _cleanup_(stack_run_done) StackRun run = {};
        int r;

        r = stack_run(scene->stack, oracle, (void *)scene, STACK_JUMPS_IGNORED, &run);
        if (r < 0)
                return r;
        for (size_t i = 0; i < run.n_ends; i++) {
                const StackEnd *end = &run.ends[i];
                const uint32_t asked = end->facts & FACTS_ASKED;

                if (asked & (asked - 1))
                        outcome.twice |= asked;
                if (end->code != PAM_SUCCESS)
                        continue;
                outcome.succeeds = true;
                if (asked && !outcome.asked_succeeds) {
                        outcome.asked_succeeds = true;
                        outcome.giver = end->giver;
                }
                if (!asked && !(end->facts & FACT_UNSURE))
                        outcome.passes_by = true;
        }
        *ret = outcome;
        return 0;
}

/* One stack, and where its findings go. */
typedef struct Patient {
        Report *report;
        const StackService *service;
        const Stack *stack;
        StackKind kind;
        const StackLine *itax; /* its first line of pam_itax */
        bool has_proof;        /* there is another way to prove oneself, in its auth lines */
        int error;             /* of a run; whatever comes after it says nothing */
} Patient;

static Scene scene_of(const Patient *patient, uint32_t itax, Mood proofs, User user) {
        return (Scene){ .stack = patient->stack, .kind = patient->kind, .itax = itax, .proofs = proofs, .gates = MOOD_GOOD,
                        .bad_line = STACK_NOBODY, .user = user };
}

static Outcome outcome_of(Patient *patient, const Scene *scene) {
        Outcome outcome = { .succeeds = true };
        int r;

        r = play(scene, &outcome);
        if (r < 0 && patient->error == 0)
                patient->error = r;
        return outcome;
}

static Outcome try_codes(Patient *patient, uint32_t itax, Mood proofs, User user) {
        const Scene scene = scene_of(patient, itax, proofs, user);

        return outcome_of(patient, &scene);
}

/* Does this user get in when pam_itax lets him, and not when it says @itax? */
static bool is_kept_out(Patient *patient, uint32_t itax, User user) {
        return !try_codes(patient, itax, MOOD_GOOD, user).succeeds && try_codes(patient, BIT(PAM_SUCCESS), MOOD_GOOD, user).succeeds;
}

static void tell(Patient *patient, Check check, const StackLine *line, const char *what) {
        if (patient->error == 0)
                report_add(patient->report, check, line->file, line->line, what);
}

static bool is_door(const char *service) {
        for (size_t i = 0; i < ELEMENTSOF(doors); i++)
                if (strcmp(doors[i], service) == 0)
                        return true;
        return false;
}

static void add_word(char words[static WHAT_BYTES], int code) {
        const size_t n = strlen(words);

        (void)snprintf(words + n, WHAT_BYTES - n, "%s%s", n ? ", " : "", stack_code_to_string(code));
}

/* Which of the refusals end in success, and by which line? */
static size_t find_ignored(Patient *patient, Mood proofs, User user, char ret_words[static WHAT_BYTES]) {
        size_t giver = STACK_NOBODY;

        ret_words[0] = '\0';
        for (size_t i = 0; i < ELEMENTSOF(denials[0]) && denials[patient->kind][i]; i++) {
                const Outcome outcome = try_codes(patient, BIT(denials[patient->kind][i]), proofs, user);

                if (outcome.asked_succeeds) {
                        add_word(ret_words, denials[patient->kind][i]);
                        giver = giver == STACK_NOBODY ? outcome.giver : giver;
                }
        }
        return giver;
}

/* Lines that no course leads to, jumps to nowhere, pam_itax twice: of any stack. */
static void examine_courses(Patient *patient) {
        Scene scene = scene_of(patient, CODES_ALL, MOOD_ANY, USER_ANY);
        _cleanup_(stack_run_done) StackRun run = {};
        const Stack *stack = patient->stack;
        int r;

        scene.gates = MOOD_ANY;
        r = stack_run(stack, oracle, &scene, STACK_JUMPS_IGNORED, &run);
        if (r < 0) {
                patient->error = r;
                return;
        }
        for (size_t i = 0; i < stack->n; i++) {
                const StackLine *line = &stack->lines[i];
                const Role role = module_role(line, patient->kind);

                if (run.overshoots[i])
                        tell(patient, CHECK_JUMP, line, NULL);
                if (run.reached[i] || line->form != STACK_MODULE)
                        continue;
                if (role == ROLE_ITAX)
                        tell(patient, CHECK_NEVER_ASKED, line, NULL);
                else if (role != ROLE_DENY) /* which stands there for the case that it is reached after all */
                        tell(patient, CHECK_UNREACHABLE, line, line->module);
        }
}

static bool has_word(const StackLine *line, const char *word) {
        for (char **w = line->words; *w; w++)
                if (strcmp(*w, word) == 0)
                        return true;
        return false;
}

static void examine_twice(Patient *patient) {
        Scene scene = scene_of(patient, CODES_ALL, MOOD_GOOD, USER_LOCAL);
        const StackLine *first = NULL;
        Outcome outcome;

        outcome = outcome_of(patient, &scene);
        for (size_t i = 0; i < patient->stack->n; i++) {
                const StackLine *line = &patient->stack->lines[i];
                char where[WHAT_BYTES];

                if (module_role(line, patient->kind) != ROLE_ITAX || !(outcome.twice & fact_of(&scene, i)))
                        continue;
                if (!first) {
                        first = line;
                        continue;
                }
                /* Who it is, and then for which unit: two questions. */
                if (has_word(first, "only=unit") != has_word(line, "only=unit"))
                        continue;
                (void)snprintf(where, sizeof(where), "%s:%u", first->file, first->line);
                tell(patient, CHECK_TWICE, line, where);
        }
}

/* Gates that hold for the local password, and not for pam_itax. */
static void examine_gates(Patient *patient, Check check, uint32_t others, bool with_proofs) {
        for (size_t i = 0; i < patient->stack->n; i++) {
                const StackLine *line = &patient->stack->lines[i];
                const Role role = module_role(line, patient->kind);
                Scene scene = scene_of(patient, others, MOOD_GOOD, USER_LOCAL);

                if (role != ROLE_GATE && !(with_proofs && role == ROLE_PROOF))
                        continue;
                scene.bad_line = i;
                if (outcome_of(patient, &scene).succeeds)
                        continue; /* it decides for nobody */
                scene.itax = BIT(PAM_SUCCESS);
                if (outcome_of(patient, &scene).asked_succeeds)
                        tell(patient, check, check == CHECK_GATE_SKIPPED ? line : patient->itax, line->module);
        }
}

/* Values that lines without a choice give, -1 where they were not asked. */
static int freeze(const Scene *scene, int ret[STACK_LINES], bool *ret_succeeds) {
        _cleanup_(stack_run_done) StackRun run = {};
        int r;

        r = stack_run(scene->stack, oracle, (void *)scene, STACK_JUMPS_IGNORED, &run);
        if (r < 0)
                return r;
        *ret_succeeds = false;
        for (size_t i = 0; i < run.n_ends; i++)
                *ret_succeeds |= run.ends[i].code == PAM_SUCCESS;
        for (size_t i = 0; i < scene->stack->n; i++) {
                const StackLine *line = &scene->stack->lines[i];
                StackMove moves[STACK_CODES];

                ret[i] = -1;
                if (!run.reached[i])
                        continue;
                if (line->form == STACK_FAILS)
                        ret[i] = PAM_PERM_DENIED;
                else if (line->form == STACK_MODULE && oracle(line, i, (void *)scene, moves) > 0)
                        ret[i] = moves[0].code;
        }
        return 0;
}

static void examine_setcred(Patient *patient) {
        static const struct {
                int itax, cred;
        } logins[] = {
                { PAM_USER_UNKNOWN, PAM_IGNORE },
                { PAM_AUTHINFO_UNAVAIL, PAM_IGNORE },
                { PAM_SUCCESS, PAM_SUCCESS },
        };
        Scene cred = scene_of(patient, BIT(PAM_IGNORE), MOOD_GOOD, USER_LOCAL);

        cred.is_cred = true;
        if (patient->has_proof && !outcome_of(patient, &cred).succeeds)
                tell(patient, CHECK_SETCRED, patient->itax, NULL);

        for (size_t i = 0; i < ELEMENTSOF(logins); i++) {
                Scene login = scene_of(patient, BIT(logins[i].itax), MOOD_GOOD, USER_LOCAL);
                int frozen[STACK_LINES];
                bool succeeds;
                int r;

                r = freeze(&login, frozen, &succeeds);
                if (r < 0) {
                        patient->error = r;
                        return;
                }
                cred.frozen = frozen;
                cred.itax = BIT(logins[i].cred);
                if (succeeds && !outcome_of(patient, &cred).succeeds)
                        tell(patient, CHECK_SETCRED_LOGIN, patient->itax, stack_code_to_string(logins[i].itax));
        }
}

/* Of a file that is missing libpam says this, and reads the rest of the stack as it is. */
static void examine_gone(Patient *patient) {
        if (is_kept_out(patient, BIT(PAM_MODULE_UNKNOWN), USER_ROOT))
                tell(patient, CHECK_GONE_OUT, patient->itax, NULL);
}

static void examine_lockout(Patient *patient) {
        const bool by_local = try_codes(patient, BIT(PAM_USER_UNKNOWN), MOOD_GOOD, USER_LOCAL).succeeds;
        const bool by_away = try_codes(patient, BIT(PAM_AUTHINFO_UNAVAIL), MOOD_GOOD, USER_LOCAL).succeeds;
        const bool by_root = !is_kept_out(patient, BIT(PAM_AUTHINFO_UNAVAIL), USER_ROOT);
        const bool by_other_root = !is_kept_out(patient, BIT(PAM_USER_UNKNOWN), USER_ROOT);

        if (!patient->has_proof) {
                if (is_door(patient->report->service) && !by_away)
                        tell(patient, CHECK_NOBODY_IN, patient->itax, NULL);
                return;
        }
        if (!by_local)
                tell(patient, CHECK_LOCAL_OUT, patient->itax, NULL);
        if (!by_away)
                tell(patient, CHECK_AWAY_OUT, patient->itax, NULL);
        else if (by_root && by_other_root)
                examine_gone(patient);
        if ((!by_root && by_away) || (!by_other_root && by_local))
                tell(patient, CHECK_ROOT_OUT, patient->itax, NULL);
}

/* Whom pam_itax passes on has to prove himself to others: does a password that is wrong suffice? */
static void examine_unproven(Patient *patient) {
        static const int passed_on[] = { PAM_USER_UNKNOWN, PAM_AUTHINFO_UNAVAIL, PAM_MODULE_UNKNOWN };
        char words[WHAT_BYTES] = "";
        size_t giver = STACK_NOBODY;

        for (size_t i = 0; i < ELEMENTSOF(passed_on); i++) {
                const Outcome outcome = try_codes(patient, BIT(passed_on[i]), MOOD_BAD, USER_ANY);

                if (outcome.asked_succeeds) {
                        add_word(words, passed_on[i]);
                        giver = giver == STACK_NOBODY ? outcome.giver : giver;
                }
        }
        if (giver != STACK_NOBODY)
                tell(patient, CHECK_UNPROVEN, &patient->stack->lines[giver], words);
}

static void examine_auth(Patient *patient) {
        const uint32_t refused = BIT(PAM_AUTH_ERR) | BIT(PAM_MAXTRIES) | BIT(PAM_PERM_DENIED);
        char words[WHAT_BYTES];
        bool is_ignored, alone, other;
        size_t giver;

        giver = find_ignored(patient, MOOD_BAD, USER_ANY, words);
        is_ignored = giver != STACK_NOBODY;
        if (is_ignored)
                tell(patient, CHECK_DENIAL_IGNORED, &patient->stack->lines[giver], words);
        else
                examine_unproven(patient);

        if (!try_codes(patient, BIT(PAM_SUCCESS), MOOD_GOOD, USER_LOCAL).asked_succeeds &&
            !try_codes(patient, BIT(PAM_SUCCESS), MOOD_BAD, USER_LOCAL).asked_succeeds) {
                tell(patient, CHECK_SUCCESS_REFUSED, patient->itax, NULL);
                return; /* whatever else there is follows from it */
        }

        alone = try_codes(patient, BIT(PAM_SUCCESS), MOOD_BAD, USER_LOCAL).asked_succeeds;
        other = try_codes(patient, refused, MOOD_GOOD, USER_LOCAL).asked_succeeds;
        if (!is_ignored && other && !alone)
                tell(patient, CHECK_NO_INFLUENCE, patient->itax, NULL);
        else if (!is_ignored && other) {
                (void)find_ignored(patient, MOOD_GOOD, USER_LOCAL, words);
                tell(patient, CHECK_OTHER_WAY, patient->itax, words);
        } else if (!other && !alone && patient->has_proof)
                tell(patient, CHECK_BOTH_NEEDED, patient->itax, NULL);
        if (alone && !is_ignored && try_codes(patient, refused, MOOD_GOOD, USER_LOCAL).passes_by)
                tell(patient, CHECK_ASKED_LATE, patient->itax, NULL);

        examine_lockout(patient);
        examine_gates(patient, CHECK_GATE_SKIPPED, BIT(PAM_USER_UNKNOWN), false);
        examine_setcred(patient);
}

static void examine_account(Patient *patient) {
        const uint32_t denied = BIT(PAM_PERM_DENIED) | BIT(PAM_SYSTEM_ERR) | BIT(PAM_SERVICE_ERR);
        char words[WHAT_BYTES];

        if (find_ignored(patient, MOOD_GOOD, USER_LOCAL, words) != STACK_NOBODY || words[0])
                tell(patient, CHECK_ACCOUNT_IGNORED, patient->itax, words);
        if (try_codes(patient, denied, MOOD_GOOD, USER_LOCAL).passes_by)
                tell(patient, CHECK_ACCOUNT_PASSED_BY, patient->itax, NULL);
        if (!try_codes(patient, BIT(PAM_SUCCESS), MOOD_GOOD, USER_LOCAL).succeeds)
                tell(patient, CHECK_SUCCESS_REFUSED, patient->itax, NULL);
        /* Somebody whom other lines keep out in any case is not kept out by ours. */
        if (patient->has_proof && (is_kept_out(patient, BIT(PAM_IGNORE), USER_LOCAL) || is_kept_out(patient, BIT(PAM_IGNORE), USER_ROOT)))
                tell(patient, CHECK_ACCOUNT_OUT, patient->itax, NULL);
        else if (patient->has_proof)
                examine_gone(patient);
        examine_gates(patient, CHECK_ACCOUNT_SKIPS, BIT(PAM_IGNORE), true);

        for (size_t i = 0; i < patient->stack->n; i++) {
                const StackLine *line = &patient->stack->lines[i];
                const char *others = has_word(line, "others=deny") ? "others=deny" : "others=mapped";

                if (module_role(line, patient->kind) != ROLE_ITAX || !has_word(line, others))
                        continue;
                if (!try_codes(patient, BIT(PAM_PERM_DENIED) | BIT(PAM_AUTHINFO_UNAVAIL), MOOD_GOOD, USER_ROOT).succeeds)
                        tell(patient, CHECK_ROOT_NOT_EXCEPTED, line, others);
        }
}

static void examine_session(Patient *patient) {
        if (patient->has_proof && is_kept_out(patient, BIT(PAM_IGNORE), USER_LOCAL))
                tell(patient, CHECK_SESSION_OUT, patient->itax, NULL);
}

static void examine_password(Patient *patient) {
        char words[WHAT_BYTES];
        bool has_local = false;

        for (size_t i = 0; i < patient->stack->n; i++)
                has_local |= module_role(&patient->stack->lines[i], patient->kind) == ROLE_PROOF;
        if (find_ignored(patient, MOOD_GOOD, USER_LOCAL, words) != STACK_NOBODY || words[0])
                tell(patient, CHECK_PASSWORD_IGNORED, patient->itax, words);
        if (has_local && (!try_codes(patient, BIT(PAM_IGNORE), MOOD_GOOD, USER_LOCAL).succeeds ||
                          !try_codes(patient, BIT(PAM_AUTHINFO_UNAVAIL), MOOD_GOOD, USER_LOCAL).succeeds))
                tell(patient, CHECK_PASSWORD_OUT, patient->itax, NULL);
}

const StackLine *stack_find_itax(const Stack *stack) {
        for (size_t i = 0; i < stack->n; i++)
                if (module_role(&stack->lines[i], STACK_AUTH) == ROLE_ITAX)
                        return &stack->lines[i];
        return NULL;
}

/* Can somebody get in by another module than ours? Where pam_itax asks nobody, others do. */
static bool has_proof(const StackService *service) {
        const Stack *stack = &service->stacks[STACK_AUTH];

        for (size_t i = 0; i < stack->n; i++)
                if (module_role(&stack->lines[i], STACK_AUTH) == ROLE_PROOF)
                        return true;
        return !stack_find_itax(stack);
}

int doctor_answers(Report *report, const StackService *service) {
        static void (*const examine[_STACK_KIND_MAX])(Patient *patient) = {
                [STACK_AUTH] = examine_auth,
                [STACK_ACCOUNT] = examine_account,
                [STACK_PASSWORD] = examine_password,
                [STACK_SESSION] = examine_session,
        };
        const StackLine *asks = stack_find_itax(&service->stacks[STACK_AUTH]);
        const bool lacks_account = service->is_other[STACK_ACCOUNT] || service->stacks[STACK_ACCOUNT].n == 0;

        for (StackKind kind = 0; kind < _STACK_KIND_MAX; kind++) {
                Patient patient = { .report = report, .service = service, .stack = &service->stacks[kind], .kind = kind,
                                    .itax = stack_find_itax(&service->stacks[kind]), .has_proof = has_proof(service) };

                if (!patient.itax)
                        continue;
                examine_courses(&patient);
                examine_twice(&patient);
                examine[kind](&patient);
                if (patient.error == -E2BIG)
                        report_add(report, CHECK_TOO_MANY, patient.itax->file, 0, NULL);
                else if (patient.error < 0)
                        return patient.error;
        }
        if (asks && !stack_find_itax(&service->stacks[STACK_ACCOUNT]))
                /* Screen lockers have auth lines alone and ask for nothing else. */
                report_add(report, lacks_account ? CHECK_NO_ACCOUNT_LINES : CHECK_NO_ACCOUNT, asks->file, asks->line, NULL);
        if (asks && is_door(report->service) && !stack_find_itax(&service->stacks[STACK_SESSION]))
                report_add(report, CHECK_NO_SESSION, asks->file, 0, NULL);
        return 0;
}
