/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Texts: the table of words, and the way they are filled in
 *
 * A text names what is put into it: {number}, {text}, {text2}. Format strings of printf stay out of
 * the hands of translators. Sentences are short, polite, and say what to do next. */

#include <errno.h>
#include <inttypes.h>
#include <libintl.h>
#include <locale.h>
#include <stdio.h>
#include <string.h>

#include "daemon/texts.h"
#include "lib/common/util.h"

#define DOMAIN "pam_itax"

/* For xgettext: one text, or one for a single thing and one for several */
#define N_(text)                                                                                   \
        { text, NULL }
#define NP_(one, many)                                                                             \
        { one, many }

typedef struct Text {
        const char *one, *many;
} Text;

static const Text text_table[_SAY_MAX] = {
        [SAY_ASK_ACCOUNT] = N_("Account (mobile, login name or ID number; ?: help): "),
        [SAY_ASK_ACCOUNT_OR_QR] = N_("Account (mobile, login name or ID number; Enter: QR, ?: "
                                     "help): "),
        /* The word "password" must be in every question for one: some greeters look for it. */
        [SAY_ASK_PASSWORD] = N_("(? for help) Password: "),
        [SAY_ASK_PASSWORD_OR_QR] = N_("(Enter alone for a QR code, ? for help) Password: "),
        [SAY_ASK_CAPTCHA] = N_("Characters in the picture (r: new picture, ?: help): "),
        [SAY_ASK_CAPTCHA_OR_QR] = N_("Characters in the picture (r: new picture, Enter: QR "
                                     "code, ?: help): "),
        [SAY_ASK_CONFIRMED] = N_("Press Enter when you have confirmed on the phone (?: help): "),
        [SAY_ASK_CONFIRMED_OR_PASSWORD] = N_("Press Enter when you have confirmed on the phone "
                                             "(p: go back, ?: help): "),
        [SAY_ASK_DIGITS] = N_("Six digits shown on the phone: "),
        [SAY_ASK_DIGITS_OR_PASSWORD] = N_("Six digits shown on the phone (p to go back): "),
        [SAY_ASK_UNIT] = N_("Number of the unit: "),
        [SAY_ASK_UNIT_OR_START] = N_("Number of the unit (b for another account): "),
        [SAY_ASK_UNIT_PASSWORD] = N_("(? for help) Declaration password of the unit: "),
        [SAY_ASK_UNIT_PASSWORD_OR_LIST] = N_("(Enter: list of units, ?: help) Declaration "
                                             "password of the unit: "),
        [SAY_ASK_UNIT_PASSWORD_OR_BACK] = N_("(Enter: go back, ?: help) Declaration password of "
                                             "the unit: "),
        [SAY_ASK_UNIT_CAPTCHA] = N_("Characters in the picture (r: new picture, ?: help): "),
        [SAY_ASK_UNIT_CAPTCHA_OR_LIST] = N_("Characters in the picture (r: new picture, Enter: "
                                            "list of units): "),
        [SAY_ASK_UNIT_CAPTCHA_OR_BACK] = N_("Characters in the picture (r: new picture, Enter: "
                                            "go back): "),
        [SAY_ASK_UNIT_WAY] = N_("Number of the way: "),
        [SAY_ASK_UNIT_WAY_OR_BACK] = N_("Number of the way (Enter alone to go back): "),
        [SAY_ASK_PIN] = N_("Password (PIN) of the CA certificate: "),
        [SAY_ASK_PIN_OR_BACK] = N_("(Enter alone to go back) "
                                   "Password (PIN) of the CA certificate: "),
        [SAY_ASK_PASSWORD_CURRENT] = N_("Current password: "),
        [SAY_ASK_NEW_PASSWORD] = N_("New password: "),
        [SAY_ASK_NEW_PASSWORD_AGAIN] = N_("New password once more: "),
        [SAY_ASK_LINKS] = N_("Number (Enter alone to go back): "),
        [SAY_ASK_ONE] = N_("Password: "),

        [SAY_ACCOUNT_EMPTY] = N_("Please type your account."),
        [SAY_ACCOUNT_LENGTH] = N_("A login name has 2 to 16 characters, a mobile number 11 digits, "
                                  "an identity number 18 characters. Please type it again."),
        [SAY_ACCOUNT_CHARACTERS] = N_("An account has letters, digits, Chinese characters and "
                                      "underscores only; @ and the code of a unit may follow. "
                                      "Please type it again."),
        [SAY_ACCOUNT_CHECK] = N_("This identity number has a typing error: its check character "
                                 "does not fit. Please type it again."),
        [SAY_ACCOUNT_DATE] = N_("This identity number has a typing error: there is no such date of "
                                "birth. Please type it again."),
        [SAY_ACCOUNT_DIGITS] = N_("This is neither a mobile number nor the number of a resident "
                                  "identity card. If you registered with another document, please "
                                  "use your login name or mobile number."),
        [SAY_ACCOUNT_MOBILE] = N_("This is no mobile number: one has 11 digits, from 13 to 19 "
                                  "in front. Please type it again."),
        [SAY_ACCOUNT_OLD_IDENTITY] = N_("Identity numbers of 15 digits are out of use. Please "
                                        "type the 18 characters of your resident identity card, "
                                        "your login name or mobile number."),
        [SAY_ACCOUNT_DOCUMENT] = N_("This is not the number of a resident identity card, and "
                                    "other documents cannot be used to log in. Please use your "
                                    "login name or mobile number."),
        [SAY_ACCOUNT_OTHER_UNIT] = N_("Only unit {text} can be used here. Please type your account "
                                      "without another unit."),

        [SAY_PASSWORD_EMPTY] = N_("Please type your password."),
        [SAY_PASSWORD_IMPOSSIBLE] = N_("This is too long for a password. Please type it again."),
        [SAY_PASSWORD_WRONG] = N_("The account or the password is wrong."),
        [SAY_PASSWORD_WRONG_TRIES] = NP_("The account or the password is wrong. {number} try is "
                                         "left before it is locked.",
                                         "The account or the password is wrong. {number} tries are "
                                         "left before it is locked."),
        [SAY_PASSWORD_BACK] = N_("To change the account, type b here."),
        [SAY_PASSWORD_DOCUMENT] = N_("A document other than the resident identity card cannot "
                                     "be used to log in; please use your login name or mobile "
                                     "number."),
        [SAY_CAPTCHA_DUE] = N_("After a wrong password, please type the characters in the "
                               "picture as well."),
        [SAY_CAPTCHA_WRONG] = N_("These are not the characters in the picture. Please type them "
                                 "again."),
        [SAY_CAPTCHA_NO_PICTURE] = N_("The next try by password needs a captcha, which cannot "
                                      "be shown here. Please go on with your phone."),
        [SAY_CAPTCHA_NO_PICTURE_END] = N_("A captcha is needed, which cannot be shown here. "
                                          "Please log in once on the web or at a terminal, then "
                                          "try again."),
        [SAY_LOCKED] = N_("The password is locked after too many wrong ones. Please try again "
                          "later, or log in by QR code. Forgotten password, or a tax service "
                          "hall with your identity document, unlocks it at once."),
        [SAY_LOCKED_MINUTES] = NP_("The password is locked after too many wrong ones. Please "
                                   "try again in {number} minute, or log in by QR code. "
                                   "Forgotten password, or a tax service hall with your "
                                   "identity document, unlocks it at once.",
                                   "The password is locked after too many wrong ones. Please "
                                   "try again in {number} minutes, or log in by QR code. "
                                   "Forgotten password, or a tax service hall with your "
                                   "identity document, unlocks it at once."),
        [SAY_DISABLED] = N_("This account is disabled. Please go to a tax service hall with your "
                            "identity document."),

        [SAY_SCAN_INVITE] = N_("Please scan with the personal income tax app and confirm on the "
                               "phone."),
        [SAY_SCAN_ADDRESS] = N_("Or open {text} on the phone and type the code {text2} there."),
        [SAY_SCAN_ADDRESS_ONLY] = N_("To log in with your phone, open {text} there and type the "
                                     "code {text2} ."),
        [SAY_SCAN_OPEN] = N_("To log in with your phone, open {text} there and confirm."),
        [SAY_SCAN_KEY] = N_("Press Enter to log in with account and password instead."),
        [SAY_SCAN_DIGITS] = N_("The phone then shows six digits. Please type them here."),
        [SAY_SCAN_WAITING] = N_("The code has not been scanned yet."),
        [SAY_SCAN_SCANNED] = N_("Scanned. Please confirm on the phone."),
        [SAY_SCAN_CONFIRMED] = N_("Confirmed on the phone."),
        [SAY_SCAN_RENEWED] = N_("The code has expired. Please scan the new one."),
        [SAY_SCAN_REFUSED] = N_("The login was refused on the phone."),
        [SAY_SCAN_OVER] = N_("There were too many codes in this login. Please start again."),
        [SAY_SCAN_UNBOUND] = N_("The platform offers no QR code for remote logins. Please start "
                                "again and use your password."),
        [SAY_DIGITS_SHAPE] = N_("Please type the six digits that the phone shows once you have "
                                "confirmed."),
        [SAY_DIGITS_WRONG] = N_("These are not the digits on the phone. Please type them again."),
        [SAY_DIGITS_WRONG_TRIES] = NP_("These are not the digits on the phone. {number} try is "
                                       "left.",
                                       "These are not the digits on the phone. {number} tries are "
                                       "left."),
        [SAY_DIGITS_OVER] = N_("The digits were wrong too often. Please start again."),

        [SAY_WRONG_PHONE] = N_("The code was confirmed with the phone of somebody else. Please "
                               "start again with your own phone."),
        [SAY_WRONG_PERSON] = N_("This account is not that of the user who is to be logged in. "
                                "Please start again with the right account."),
        [SAY_NO_LOCAL_USER] = N_("Account {text} has no user on this computer. Please ask the "
                                 "administrator."),
        [SAY_LINKS_INVITE] = N_("Which page would you like to see?"),
        [SAY_LINKS_WRONG] = N_("There is no page with this number. Please type one of the numbers, or "
                               "press Enter to go back."),
        [SAY_LINKS_NONE] = N_("The platform names no page for help. Please go to a tax service "
                              "hall with your identity document."),
        [SAY_LINKS_FORGOT_PASSWORD] = N_("Forgotten password"),
        [SAY_LINKS_REGISTER] = N_("Register now"),
        [SAY_LINKS_APP] = N_("Get the app for the phone"),
        [SAY_LINKS_FORGOT_DECLARATION] = N_("Forgotten declaration password"),
        [SAY_LINK_FORGOT_PASSWORD] = N_("Forgotten password: {text}"),
        [SAY_LINK_REGISTER] = N_("Register now: {text}"),
        [SAY_LINK_APP] = N_("Get the app for the phone: {text}"),
        [SAY_LINK_FORGOT_DECLARATION] = N_("Forgotten declaration password: {text}"),
        [SAY_LINK_FORGOT_DECLARATION_APP] = N_("Or in the personal income tax app: {text}"),
        [SAY_NEW_PASSWORD_RULES] = N_("The new password has 8 to 15 characters without spaces, "
                                      "of at least three kinds: upper case, lower case, digits, "
                                      "special characters."),
        [SAY_NEW_PASSWORD_EMPTY] = N_("Please type the new password."),
        [SAY_NEW_PASSWORD_SHORT] = N_("The new password is too short: it needs at least 8 "
                                      "characters."),
        [SAY_NEW_PASSWORD_LONG] = N_("The new password is too long: it can have 15 characters "
                                     "at most."),
        [SAY_NEW_PASSWORD_CLASSES] = N_("The new password needs three of: upper case, lower "
                                        "case, digits, special ones."),
        [SAY_NEW_PASSWORD_SPACE] = N_("The new password cannot have spaces."),
        [SAY_NEW_PASSWORD_CHARACTERS] = N_("The new password has characters that cannot be "
                                           "typed again everywhere."),
        [SAY_NEW_PASSWORD_SAME] = N_("This is the current password. Please choose another one."),
        [SAY_NEW_PASSWORD_DIFFERENT] = N_("The two entries differ. Please type the new password "
                                          "again."),
        [SAY_NEW_PASSWORD_WEAK] = N_("The platform does not accept this password. Please choose "
                                     "another one."),
        [SAY_NEW_PASSWORD_CHANGED] = N_("Your password has been changed."),
        [SAY_UNIT_PERSON] = N_("Unit verification for {text}"),

        [SAY_UNIT_INVITE] = N_("Please choose the unit you act for:"),
        [SAY_UNIT_PAGES] = NP_("{number} unit in all. n: next page, p: previous page; or type the "
                               "code of the unit, or a part of its name.",
                               "{number} units in all. n: next page, p: previous page; or type the "
                               "code of the unit, or a part of its name."),
        [SAY_UNIT_PAGE] = N_("Page {text} of {text2}."),
        [SAY_UNIT_FOUND] = NP_("{number} unit found. Enter alone for the whole list.",
                               "{number} units found. Enter alone for the whole list."),
        [SAY_UNIT_FOUND_PAGES] = N_("n: next page, p: previous page."),
        [SAY_UNIT_FOUND_NONE] = N_("No unit has this in its name or code."),
        [SAY_UNIT_ENTRY] = N_("{text} ({text2})"),
        [SAY_UNIT_ENTRY_LAST] = N_("{text} ({text2}) - used last"),
        [SAY_UNIT_CHOSEN] = N_("Unit verification: {text} ({text2})"),
        [SAY_UNIT_NONE] = N_("No unit is bound to your account. Please ask your unit, or a tax "
                             "service hall."),
        [SAY_UNIT_NONE_ALLOWED] = N_("None of your units can be used on this computer. Please ask "
                                     "the administrator."),
        [SAY_UNIT_NOT_ALLOWED] = N_("Unit {text} cannot be used on this computer. Please ask the "
                                    "administrator."),
        [SAY_UNIT_CHOICE_WRONG] = N_("Please type a number of the list, or the code of a unit in "
                                     "it."),
        [SAY_UNIT_NOT_YOURS] = N_("Unit {text} is not bound to your account. Please choose "
                                   "another one, or ask that unit."),
        [SAY_UNIT_UNRELATED] = N_("You have no authorisation relation with {text}. Please ask that "
                                  "unit for one."),
        [SAY_UNIT_NO_WAY] = N_("{text} has no declaration password to be verified with. Please ask "
                               "that unit for an authorisation relation."),
        [SAY_UNIT_AMBIGUOUS] = N_("You act for several units, and this program cannot ask for "
                                  "which. Please ask the administrator to set the unit."),
        [SAY_UNIT_PASSWORD_EMPTY] = N_("Please type the declaration password of the unit."),
        [SAY_UNIT_PASSWORD_IMPOSSIBLE] = N_("This cannot be a declaration password. Please type it "
                                            "again."),
        [SAY_UNIT_PASSWORD_SAME] = N_("This is your own password. Please type the declaration "
                                      "password of the unit."),
        [SAY_UNIT_PASSWORD_WRONG] = N_("The declaration password is wrong."),
        [SAY_UNIT_PASSWORD_WRONG_TRIES] = NP_("The declaration password is wrong. {number} try is "
                                              "left before it is locked.",
                                              "The declaration password is wrong. {number} tries "
                                              "are left before it is locked."),
        [SAY_UNIT_LOCKED] = N_("The declaration password is locked after too many wrong tries. "
                               "Please try again later, or have the legal representative or the "
                               "finance manager reset it (Forgotten declaration password), or a "
                               "tax service hall."),
        [SAY_UNIT_LOCKED_MINUTES] = NP_("The declaration password is locked after too many "
                                        "wrong tries. Please try again in {number} minute, or "
                                        "have the legal representative or the finance manager "
                                        "reset it (Forgotten declaration password), or a tax "
                                        "service hall.",
                                        "The declaration password is locked after too many "
                                        "wrong tries. Please try again in {number} minutes, or "
                                        "have the legal representative or the finance manager "
                                        "reset it (Forgotten declaration password), or a tax "
                                        "service hall."),
        [SAY_UNIT_WAY_INVITE] = N_("Please choose how to verify the unit:"),
        [SAY_UNIT_WAY_PASSWORD] = N_("Declaration password"),
        [SAY_UNIT_WAY_CERTIFICATE] = N_("CA certificate"),
        [SAY_UNIT_WAY_WRONG] = N_("Please type 1 or 2."),

        [SAY_PIN_EMPTY] = N_("Please type the PIN of the CA certificate."),
        [SAY_PIN_IMPOSSIBLE] = N_("This cannot be a PIN. Please type it again."),
        [SAY_PIN_SAME] = N_("This is another password. Please type the PIN of the CA certificate."),
        [SAY_PIN_WRONG] = N_("The PIN is wrong."),
        [SAY_PIN_WRONG_TRIES] = NP_("The PIN is wrong. {number} try is left.",
                                    "The PIN is wrong. {number} tries are left."),
        [SAY_PIN_LOCKED] = N_("The PIN of the CA certificate is locked after too many wrong ones. "
                              "A certificate in a file can be used again after 120 minutes; a "
                              "token is unlocked by whoever issued it."),
        [SAY_PIN_OVER] = N_("The PIN was wrong too often in this login. Please make sure of it "
                             "before you try again."),
        [SAY_CERTIFICATE_NO_KEY] = N_("The CA certificate of this unit was not found. Please "
                                      "connect its token and try again."),
        [SAY_CERTIFICATE_FAILED] = N_("The CA certificate could not be used. Please try again."),
        [SAY_CERTIFICATE_UNTRUSTED] = N_("The CA certificate is not by an authority that the tax "
                                         "platform knows. Please ask whoever issued it."),
        [SAY_CERTIFICATE_EXPIRED] = N_("The CA certificate is not valid at this date. Please have "
                                       "it renewed."),
        [SAY_CERTIFICATE_REVOKED] = N_("The CA certificate has been revoked. Please ask whoever "
                                       "issued it."),
        [SAY_CERTIFICATE_USAGE] = N_("The CA certificate cannot be used for this purpose. Please "
                                     "ask whoever issued it."),
        [SAY_CERTIFICATE_OTHER_UNIT] = N_("The CA certificate is that of another unit. Please use "
                                          "that of the unit chosen."),
        [SAY_CERTIFICATE_SIGNATURE] = N_("The tax platform did not accept the signature. Please "
                                         "try again."),

        [SAY_UNIT_LOGIN] = N_("Login of unit {text}, without a person"),
        [SAY_UNIT_LOGIN_CLOSED] = N_("Logging in with the code of a unit is not possible here. "
                                     "Please log in under your real name, with your own account."),
        [SAY_UNIT_LOGIN_WRONG] = N_("The unit or the declaration password is wrong."),
        [SAY_UNIT_LOGIN_WRONG_TRIES] = NP_("The unit or the declaration password is wrong. "
                                           "{number} try is left before it is locked.",
                                           "The unit or the declaration password is wrong. "
                                           "{number} tries are left before it is locked."),
        [SAY_UNIT_NO_LOCAL_USER] = N_("Unit {text} has no user on this computer. Please ask the "
                                      "administrator."),

        [SAY_TIMEOUT] = N_("The time for this login is over. Please start again."),
        [SAY_UNAVAILABLE] = N_("The tax platform cannot be reached at the moment. Please try again "
                               "later."),
        [SAY_TOO_MANY_ANSWERS] = N_("There were too many answers in this login. Please start "
                                    "again."),
        [SAY_CLIENT_CANNOT] = N_("This program cannot ask what is needed for this login. Please "
                                 "use another program."),
        [SAY_ONE_CAPTCHA] = N_("A captcha is needed, and this program cannot ask for it. Please "
                               "log in with another program first."),
};

static const struct {
        const char *word;   /* in the configuration, and as LANGUAGE */
        const char *prefix; /* of a locale's name */
        bool is_source;     /* the words of the table as they are */
} language_table[_TEXTS_LANGUAGE_MAX] = {
        [TEXTS_EN] = { "en", "en", true },
        [TEXTS_ZH_CN] = { "zh_CN", "zh", false },
};

/* What gettext counts up to see that LANGUAGE has changed (its manual, section "Being a gettext
 * grok"). */
extern int _nl_msg_cat_cntr;

static locale_t texts_locale;
static TextsLanguage texts_current = TEXTS_EN;
static TextsLanguage texts_in_environment = _TEXTS_LANGUAGE_MAX;

int texts_init(const char *localedir) {
        if (!texts_locale) {
                texts_locale = newlocale(LC_MESSAGES_MASK, "C.UTF-8", (locale_t)0);
                if (!texts_locale)
                        return errno == ENOMEM ? -ENOMEM : -ENOENT;
        }

        if (!bindtextdomain(DOMAIN, localedir) || !bind_textdomain_codeset(DOMAIN, "UTF-8"))
                return -ENOMEM;

        /* From here on setenv() only replaces this one, and the environment itself stays in place
         * under whoever reads it in another thread. */
        if (setenv("LANGUAGE", "", 1) < 0)
                return -errno;
        texts_in_environment = _TEXTS_LANGUAGE_MAX;
        return 0;
}

void texts_use(TextsLanguage language) {
        texts_current = language;
        if (language_table[language].is_source || language == texts_in_environment)
                return;

        if (setenv("LANGUAGE", language_table[language].word, 1) < 0) {
                texts_current = TEXTS_EN;
                return;
        }
        texts_in_environment = language;
        _nl_msg_cat_cntr++;
}

TextsLanguage texts_language_of(const char *locale, TextsLanguage fallback) {
        for (TextsLanguage i = 0; locale && i < _TEXTS_LANGUAGE_MAX; i++) {
                const char *prefix = language_table[i].prefix;
                size_t n = strlen(prefix);

                if (strncmp(locale, prefix, n) == 0 && strchr("_-.@", locale[n]))
                        return i;
        }
        return fallback;
}

TextsLanguage texts_language_from_string(const char *word) {
        TextsLanguage i;

        for (i = 0; i < _TEXTS_LANGUAGE_MAX; i++)
                if (strcmp(language_table[i].word, word) == 0)
                        break;
        return i;
}

const char *texts_language_to_string(TextsLanguage language) {
        return language < _TEXTS_LANGUAGE_MAX ? language_table[language].word : NULL;
}

/* The words in the language in use, with names in braces still in them. */
static const char *text_pattern(const Say *say) {
        const Text *text = &text_table[say->id];
        unsigned long number = say->number < 0 ? 0 : (unsigned long)say->number;
        const char *found;
        locale_t before;

        if (!text->one)
                return "";
        if (language_table[texts_current].is_source || !texts_locale)
                return text->many && number != 1 ? text->many : text->one;

        before = uselocale(texts_locale);
        found = text->many ? dngettext(DOMAIN, text->one, text->many, number)
                           : dgettext(DOMAIN, text->one);
        (void)uselocale(before);
        return found;
}

/* What comes next in a pattern: a value, if *pattern begins with its name, else one character. */
static const char *text_piece(const Say *say, const char *number, const char **pattern,
                              size_t *ret_n) {
        const struct {
                const char *name, *value;
        } values[] = {
                { "{number}", number },
                { "{text}", say->text },
                { "{text2}", say->text2 },
        };
        const char *piece = *pattern;

        for (size_t i = 0; i < ELEMENTSOF(values); i++) {
                size_t n = strlen(values[i].name);

                if (strncmp(*pattern, values[i].name, n) == 0) {
                        piece = values[i].value ? values[i].value : "";
                        *pattern += n;
                        *ret_n = strlen(piece);
                        return piece;
                }
        }

        *pattern += 1;
        *ret_n = 1;
        return piece;
}

int texts_say(const Say *say, char **ret) {
        const char *pattern = text_pattern(say), *piece;
        size_t n_text = 0, n = 0, n_piece;
        char number[24], *text;

        (void)snprintf(number, sizeof(number), "%" PRId64, say->number);

        for (const char *p = pattern; *p;) {
                (void)text_piece(say, number, &p, &n_piece);
                n_text += n_piece;
        }

        text = malloc(n_text + 1);
        if (!text)
                return -ENOMEM;

        for (const char *p = pattern; *p;) {
                piece = text_piece(say, number, &p, &n_piece);
                memcpy(text + n, piece, n_piece);
                n += n_piece;
        }
        text[n] = '\0';

        *ret = text;
        return 0;
}
