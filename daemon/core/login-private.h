/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Login, from inside: what the files of the machine share
 *
 *   login.c           states, deadlines, the table of states and events
 *   login-plan.c      what is said and asked; how a login fails
 *   login-verdict.c   the one place that grants
 *   login-answer.c    the table of questions; which answers are never looked at
 *   login-reply.c     the table of requests and replies; who the person is
 *   login-captcha.c   the picture that goes with the next try
 *   login-password.c  account, password; the single answer
 *   login-qr.c        QR login
 *   login-resume.c    a login of before, taken up again
 *   login-new-password.c  another account password
 *   login-links.c     the platform's pages, at "?"
 *   login-unit.c      unit verification: which unit, and what proves it
 *   login-list.c      the list of units: order, pages, search
 *   login-certificate.c   unit verification by CA certificate
 *   login-unit-login.c    the old login of a unit without a person
 *
 * A new factor is a question (a row of login_asks), a request (a row of the table of replies) and a
 * file of its own; if it proves a unit, a UnitProof and its row in login-verdict.c. States stay as
 * they are: what is asked is in .ask, what was sent in .request.
 *
 * Handlers allocate before they change anything. What they return below 0 ends the login. */

#include "daemon/core/login.h"
#include "daemon/core/mark.h"

/* Loops that a person could go round for ever. */
#define LOGIN_ASKS_MAX 40       /* questions in one login; pages of units and links are some */
#define LOGIN_SCAN_ASKS_MAX 100 /* "press Enter when you have confirmed"; costs nobody anything */
#define LOGIN_CODES_MAX 6       /* QR codes: one, and five more */
#define LOGIN_POLLS_MAX 1000    /* questions for the state of a QR login */
#define LOGIN_DIGITS_MAX 3      /* wrong digits for one code (threats R11) */
#define LOGIN_RESTARTS_MAX 3    /* from the units back to the beginning */
#define LOGIN_PINS_MAX 3        /* wrong PINs, where the key itself does not count them */
#define LOGIN_CHOICES_PAGE (LIMIT_STEP_CHOICES - 2)

/* A client waits LIMIT_NEXT_WAIT_USEC for a step, so it is told of a failure before. */
#define LOGIN_PENDING_USEC (22 * USEC_PER_SEC)
/* Time is up while the person types: this long there is still somebody to tell it to. */
#define LOGIN_LATE_USEC (60 * USEC_PER_SEC)

typedef enum LoginState {
        LOGIN_NEW,
        LOGIN_WAIT_CLIENT,   /* for the answer to the question in .ask */
        LOGIN_WAIT_PLATFORM, /* for the reply to .request; the client's Next is pending */
        LOGIN_WAIT_SCAN,     /* for the phone; Next may or may not be pending */
        LOGIN_WAIT_RESOLVE,  /* for the local user; Next is pending */
        LOGIN_WAIT_FIND,     /* whether the typed account is a local user's name; Next is pending */
        LOGIN_WAIT_SIGN,     /* for the signature; Next is pending */
        LOGIN_LATE,          /* time is up, and the client has not asked since */
        LOGIN_CLOSED,
        _LOGIN_STATE_MAX,
} LoginState;

/* The question that is open. */
typedef enum Ask {
        ASK_NOTHING,
        ASK_ACCOUNT,
        ASK_PASSWORD,
        ASK_CAPTCHA,
        ASK_SCAN,      /* nothing: a code to scan is shown */
        ASK_CONFIRMED, /* Enter, when the phone has confirmed (MODE_BUFFERED) */
        ASK_DIGITS,    /* the six digits of the phone */
        ASK_UNIT,
        ASK_UNIT_PASSWORD,
        ASK_UNIT_CAPTCHA,
        ASK_ONE, /* everything in one answer (MODE_ONE) */
        ASK_LINKS,         /* which of the platform's pages */
        ASK_UNIT_WAY,      /* declaration password or certificate */
        ASK_PIN,           /* of the unit's certificate */
        ASK_NEW_PASSWORD,  /* PURPOSE_PASSWORD */
        ASK_NEW_PASSWORD_AGAIN,
        _ASK_MAX,
} Ask;

_Static_assert(_ASK_MAX <= MARK_SLOTS, "a mark has a slot for each question");

/* How the person showed who he or she is. ROUTE_SESSION: by a login before. ROUTE_UNIT: not at all,
 * the old unit login. */
typedef enum Route { ROUTE_NONE, ROUTE_PASSWORD, ROUTE_QR, ROUTE_SESSION, ROUTE_UNIT, _ROUTE_MAX } Route;

/* How it was shown that the person may act for the unit. */
typedef enum UnitProof { PROOF_NONE, PROOF_RELATION, PROOF_PASSWORD, PROOF_CERTIFICATE, _PROOF_MAX } UnitProof;

typedef struct Device {
        char *uri, *short_uri, *user_code;
        DeviceState state;
        bool state_told;  /* the client knows .state */
        unsigned n_wrong; /* wrong digits */
} Device;

/* The platform's pages that a person may need at a prompt. */
typedef enum Link {
        LINK_FORGOT_PASSWORD,
        LINK_REGISTER,
        LINK_APP,
        LINK_FORGOT_DECLARATION,
        _LINK_MAX,
} Link;

#define UNIT_NOBODY SIZE_MAX

struct Login {
        /* As set up */
        LoginMode mode;
        LoginMethod method;
        UnitPolicy unit_policy;
        Phase phase;
        LoginPurpose purpose;
        bool binding, user_is_other, user_is_unknown;
        bool no_pictures, keys, resume;
        const Mark *resume_mark; /* borrowed */
        char user[LIMIT_USER_BYTES + 1]; /* "" if the application set none */
        char mapped[LIMIT_ACCOUNT_BYTES + 1]; /* who must be shown, by the map or impossible; "" */
        char fixed_unit[LIMIT_UNIT_CODE_BYTES + 1];
        const char *const *units_allowed; /* borrowed; NULL: all */
        bool (*has_certificate)(const char *unit, void *userdata);
        void *userdata;

        /* Where it stands */
        LoginState state;
        Ask ask;
        bool next_pending;        /* the client waits for a step */
        uint64_t next_since_usec; /* since when */
        uint64_t now_usec, end_usec, deadline_usec;
        unsigned n_asks, n_scan_asks, n_codes, n_polls, n_refused;
        unsigned n_restarts, n_wrong_pins;
        bool signing;     /* a signature is under way */
        unsigned n_refusals;
        const char *last_refusal; /* a fixed word */
        bool key_offered; /* the step that the client has offers a key */
        bool back_told;   /* the way back to the account was told for this one */
        Ask links_ask;    /* the question that "?" was typed at */
        Ask last_ask; /* question of the last answer that was not empty */
        Mark *mark;   /* a slot a question; NULL until something was answered */
        Mark *kept_mark; /* for login_take_mark() */

        /* What was typed */
        char account[LIMIT_ACCOUNT_BYTES + 1]; /* "" while nobody is named */
        AccountKind account_kind;
        char typed[LIMIT_ACCOUNT_BYTES + 1]; /* the last account typed, "" if none */
        char typed_unit[LIMIT_UNIT_CODE_BYTES + 1];
        Secret *password, *new_password, *unit_password, *captcha, *digits, *pin;

        /* What the platform sent */
        uint8_t *captcha_png;
        size_t n_captcha_png;
        bool captcha_due;
        Device device;
        char *links[_LINK_MAX]; /* NULL where none is announced; stays once it is there */
        char *challenge, *to_sign; /* NULL unless a certificate is being tried */
        Signed signature;          /* what became of it */
        Reply parked; /* REPLY_* that came while nobody waited; kind _REPLY_KIND_MAX if none */

        /* What is proven; read by login-verdict.c alone */
        Route route;
        bool person_proven;
        bool account_disabled;
        bool digits_redeemed;
        bool password_changed;
        char local_user[LIMIT_USER_BYTES + 1]; /* "" until resolved */
        ReplyPerson person;
        bool person_fresh; /* nobody was waited for since the platform described the person */
        size_t unit;       /* index in person.units, UNIT_NOBODY while none is chosen */
        UnitProof unit_proof;
        uint16_t listed[LIMIT_UNITS]; /* indices of the units that this host admits, as they are listed */
        uint16_t shown[LIMIT_UNITS];  /* those of them that are looked for; all if none are */
        size_t n_listed, n_shown;
        size_t page_first; /* the first on the page, in .shown */
        char page[2][8];   /* number of the page, and of pages, as it is told */
        char last_unit[LIMIT_UNIT_CODE_BYTES + 1]; /* of the login before this one, "" if unknown */

        /* What goes out */
        Request request;  /* under way unless its kind is REQUEST_NONE */
        Request answered; /* what the reply at hand answers; its pointers are not to be used */
        Plan plan;
        bool plan_given;
        Outcome outcome;
        LoginActions actions;
};

/* login.c */

/** login_state_enter() - the only way to another state; sets the deadline */
void login_state_enter(Login *login, LoginState state);
/** login_send() - give out login->request and wait for its reply in @state */
void login_send(Login *login, LoginState state);
/** login_cancel() - forget the request under way, if there is one */
void login_cancel(Login *login);
/** login_act() - the next action, zeroed but for its kind */
LoginAction *login_act(Login *login, ActionKind kind);
/** login_wipe() - forget every secret */
void login_wipe(Login *login);
/** login_refused() - something that the person gave was refused; @what: a fixed word for the record
 * */
void login_refused(Login *login, const char *what);
/** login_end() - give out the outcome, wipe, close */
void login_end(Login *login, StepReason reason, const char *detail);
/** login_name_impossible() - the account that stands for the application's user and that nobody has
 * */
void login_name_impossible(const Login *login, char ret[static LIMIT_ACCOUNT_BYTES + 1]);

/* login-plan.c */

/** login_tell() - say something with the next step */
void login_tell(Login *login, SayId id);
void login_tell_number(Login *login, SayId id, int64_t number);
void login_tell_text(Login *login, SayId id, const char *text, const char *text2);
/** login_ask() - put a question to the person; fails the login when there were too many, or when
 * the client cannot */
void login_ask(Login *login, Ask ask);
/** login_show() - STEP_SCAN to the pending Next; the state does not change */
void login_show(Login *login);
/** login_fail() - cancel, plan STEP_FAIL if the client waits, end; @say is SAY_NONE or told without
 * members */
void login_fail(Login *login, StepReason reason, const char *detail, SayId say);
/** login_offers_back() - does "b" lead from this question to the one for the account? */
bool login_offers_back(const Login *login, Ask ask);
/** login_offers_other() - may this question be answered by going another way? */
bool login_offers_other(const Login *login, Ask ask);

/* login-verdict.c */

/* What must be true at the moment of STEP_DONE. In the old unit login the unit stands for the
 * person: it is the unit that is proven, asked for, and a user of this host. A fact is read from
 * what was proven, never set. */
typedef struct Facts {
        bool person_proven; /* the platform named a person in this login */
        bool account_open;  /* and never called the account disabled */
        bool account_asked; /* the person is the one who was named, if anybody was */
        bool phone_bound;   /* the digits were redeemed, if they were wanted */
        bool user_resolved; /* the person is a user of this host */
        bool user_asked;    /* the one that the application asked for, if it did */
        bool unit_proven;   /* the unit asked for, or none is needed */
        bool unit_admitted; /* and one that this host admits, if any was proven */
        bool route_admitted; /* program, policy and phase admit the way the person came */
        bool phase_kept;    /* and that in which the unit was proven */
        bool purpose_met;   /* what was wanted has come about, and nothing else */
} Facts;

void login_facts(const Login *login, Facts *ret);
bool facts_grant(const Facts *facts);
/** phase_admits() - spec.md section 3.4: is this proof of a unit good in @phase? */
bool phase_admits(Phase phase, UnitProof proof);
/** phase_admits_route() - likewise, the way the person came */
bool phase_admits_route(Phase phase, Route route);
/** policy_admits_route() - may one come this way where @method is set, and that of units? */
bool policy_admits_route(LoginMethod method, UnitPolicy policy, Route route);
/** units_admit() - is @unit among @units_allowed, NULL for all? */
bool units_admit(const char *const *units_allowed, const char *unit);
/** login_person_is_asked() - is the person who arrived the one who was named? */
bool login_person_is_asked(const Login *login);
/** login_grant() - plan STEP_DONE if everything is proven, else fail. Nothing else plans it. */
void login_grant(Login *login);

/* login-answer.c */

typedef struct AskRule {
        StepKind kind;
        SayId prompt;
        SayId prompt_other; /* when login_offers_other() */
        SayId prompt_back;  /* else, when login_unit_back() leads anywhere */
        SayId mistaken;     /* told when the answer was that of another question */
        StepToken token;
        bool links;         /* "?" leads to the platform's pages */
        bool compares;      /* looks at the answers of other questions itself */
        int (*answered)(Login *login, const Secret *answer);
} AskRule;

extern const AskRule login_asks[_ASK_MAX];

int login_answered(Login *login, const Secret *answer);
/** answer_plain() - a short answer without spaces around, full-width made plain; false if it is
 * longer than @n - 1, or no text; then @ret may hold a part of it */
bool answer_plain(const Secret *answer, char *ret, size_t n);
/** answer_narrow() - the ASCII character that a full-width one of three bytes at @s stands for; 0 if
 * there is none within @n bytes */
char answer_narrow(const char *s, size_t n);
/** answer_is_password() - can the platform be sent this? Not empty, not too long, well-formed, no
 * control character */
bool answer_is_password(const Secret *answer);

/* login-reply.c */

int login_replied(Login *login, Reply *reply);
/** login_resolved() - the person's local user is known, NULL if there is none */
void login_resolved(Login *login, const char *user);
/** login_resolve() - ask for the local user of whoever is proven */
void login_resolve(Login *login);
/** login_platform_broken() - fail: an answer that makes no sense */
void login_platform_broken(Login *login);
/** login_fail_locked() - fail with the minutes that are left */
void login_fail_locked(Login *login, const Reply *reply, SayId say, SayId say_minutes,
                       const char *detail);

/* login-captcha.c */

typedef enum CaptchaAnswer {
        CAPTCHA_TYPED,      /* now in login->captcha */
        CAPTCHA_REFRESH,    /* another picture is wanted */
        CAPTCHA_IMPOSSIBLE, /* no captcha looks like this */
} CaptchaAnswer;

void login_captcha_forget(Login *login);
/** login_captcha_keep() - the picture of @reply is due with the next try; none if it has none */
void login_captcha_keep(Login *login, Reply *reply);
/** login_captcha_request() - ask the platform for a picture, for the unit if one is chosen */
void login_captcha_request(Login *login);
/** login_captcha_ask() - ask the person, once there is a picture */
void login_captcha_ask(Login *login);
int login_captcha_take(Login *login, const Secret *answer, CaptchaAnswer *ret);
int login_captcha_arrived(Login *login, Reply *reply);

/* login-password.c */

/** login_begin() - the login of before, or login_first() */
void login_begin(Login *login);
/** login_first() - the first question, or the first code */
void login_first(Login *login);
/** login_account_again() - back to the question for the account */
void login_account_again(Login *login);
void login_password_send(Login *login);
void login_account_found(Login *login, const char *user);
int login_account_answered(Login *login, const Secret *answer);
int login_password_answered(Login *login, const Secret *answer);
int login_captcha_answered(Login *login, const Secret *answer);
int login_one_answered(Login *login, const Secret *answer);
int login_password_wrong(Login *login, Reply *reply);
int login_password_captcha(Login *login, Reply *reply);
int login_password_locked(Login *login, Reply *reply);

/* login-qr.c */

void login_qr_start(Login *login);
/** login_scan_hold_over() - nothing happened for LIMIT_HOLD_USEC: repeat the step, keep waiting */
void login_scan_hold_over(Login *login);
/** login_scan_answered() - Next came in while the phone is waited for */
int login_scan_answered(Login *login, const Secret *answer);
/** login_confirmed_answered() - Enter, digits, or another way, at a prompt beside the code */
int login_confirmed_answered(Login *login, const Secret *answer);
int login_device_arrived(Login *login, Reply *reply);
int login_poll_state(Login *login, Reply *reply);
int login_poll_refused(Login *login, Reply *reply);
int login_poll_expired(Login *login, Reply *reply);
int login_digits_wrong(Login *login, Reply *reply);
void device_done(Device *device);

/** login_code_tell() - the code that is shown, once more; with its picture if there can be one */
void login_code_tell(Login *login);

/* login-resume.c */

/** login_resume_is_due() - is there a login of before that nothing has to be typed for? */
bool login_resume_is_due(const Login *login);
/** login_resume_fits() - is the password typed the one that the login of before was granted for? */
bool login_resume_fits(const Login *login);
void login_resume_send(Login *login);
int login_resume_expired(Login *login, Reply *reply);

/* login-new-password.c */

/** login_new_password_begin() - the person is proven: what is the password to be? */
void login_new_password_begin(Login *login);
int login_new_password_answered(Login *login, const Secret *answer);
int login_new_password_again_answered(Login *login, const Secret *answer);
void login_new_password_send(Login *login);
int login_new_password_changed(Login *login, Reply *reply);
int login_new_password_weak(Login *login, Reply *reply);
int login_new_password_same(Login *login, Reply *reply);
int login_new_password_wrong(Login *login, Reply *reply);
int login_new_password_expired(Login *login, Reply *reply);

/* login-links.c */

/** login_links_ask() - which page? Asked at the question that is open */
void login_links_ask(Login *login);
void login_links_choices(Login *login);
int login_links_answered(Login *login, const Secret *answer);
/** login_tell_link() - say where a page is, if it is announced */
void login_tell_link(Login *login, Link link);

/* login-unit.c */

/** login_unit_begin() - the person is known: which unit, and how it is verified */
void login_unit_begin(Login *login);
/** login_unit_verify() - this unit it is, by its index */
void login_unit_verify(Login *login, size_t unit);
/** login_unit_code() - of the unit that is being verified, NULL if none is */
const char *login_unit_code(const Login *login);

/* Where an empty answer leads to from a question about a unit. */
typedef enum UnitBack { BACK_NOWHERE, BACK_WAY, BACK_LIST, BACK_START } UnitBack;

UnitBack login_unit_back(const Login *login, Ask ask);
/** login_unit_go_back() - there, or the same question with @say */
void login_unit_go_back(Login *login, SayId say);
/** login_unit_other_way() - the certificate is of no use, and why was told: the password, another
 * unit, or the end */
void login_unit_other_way(Login *login, StepReason reason, const char *detail);
/** login_unit_way_choices() - put the ways into the plan */
void login_unit_way_choices(Login *login);
int login_unit_way_answered(Login *login, const Secret *answer);
int login_unit_password_answered(Login *login, const Secret *answer);
int login_unit_captcha_answered(Login *login, const Secret *answer);
int login_unit_verified(Login *login, Reply *reply);
int login_unit_unrelated(Login *login, Reply *reply);
int login_unit_unknown(Login *login, Reply *reply);
int login_unit_wrong(Login *login, Reply *reply);
int login_unit_captcha(Login *login, Reply *reply);
int login_unit_locked(Login *login, Reply *reply);

/** login_unit_take() - of a single answer: take "@UNIT-CODE" off the beginning of what follows the
 * account password, and prefer that unit */
void login_unit_take(Login *login, const char **bytes, size_t *n);

/* login-list.c */

/** login_list_begin() - of the person's units those that this host admits, the last one used first */
void login_list_begin(Login *login);
bool login_list_has(const Login *login, size_t unit);
/** login_list_show() - ask which */
void login_list_show(Login *login);
/** login_unit_choices() - put one page of units into the plan */
void login_unit_choices(Login *login);
int login_unit_answered(Login *login, const Secret *answer);
/** login_offers_restart() - may this login go back to its beginning? */
bool login_offers_restart(const Login *login);
/** login_restart() - forget who it is, and ask anew */
void login_restart(Login *login);

/* login-certificate.c */

/** login_certificate_is_possible() - is there a key of the unit that is being verified? */
bool login_certificate_is_possible(const Login *login);
void login_certificate_begin(Login *login);
int login_pin_answered(Login *login, const Secret *answer);
int login_challenge_arrived(Login *login, Reply *reply);
/** login_signed() - moves from @result */
void login_signed(Login *login, Signed *result);
int login_certificate_refused(Login *login, Reply *reply);
void login_certificate_forget(Login *login);

/* login-unit-login.c */

/** login_unit_is_mapped() - is it a unit, and no person, that the application's user stands for? */
bool login_unit_is_mapped(const Login *login);
/** login_unit_login_first() - the application's user is a unit's: ask for its password. Return:
 * false if it is not, and nothing was done */
bool login_unit_login_first(Login *login);
/** login_unit_login_answered() - a unit's code was typed in place of an account. Return: false if it
 * was not, and nothing was done. @account: what account_parse() made of @answer */
bool login_unit_login_answered(Login *login, const Secret *answer, const Account *account);
void login_unit_login_send(Login *login);
int login_unit_login_arrived(Login *login, Reply *reply);
int login_unit_login_closed(Login *login, Reply *reply);
