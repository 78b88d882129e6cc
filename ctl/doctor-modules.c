/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Doctor modules: what is known of the modules that stand around pam_itax. */

#include <dirent.h>
#include <stdio.h>
#include <string.h>

#include "ctl/doctor.h"
#include "lib/common/identity.h"
#include "lib/common/limits.h"

#define ITAX "pam_itax"
#define NAME_BYTES 64
#define ORDINARY_UID 40000 /* of somebody who is neither root nor the system's */

/* A module that is not here may be anything. */
static const struct {
        const char *name;
        Role role;
} role_table[] = {
        { ITAX, ROLE_ITAX },
        { "pam_unix", ROLE_PROOF },
        { "pam_sss", ROLE_PROOF },
        { "pam_ldap", ROLE_PROOF },
        { "pam_krb5", ROLE_PROOF },
        { "pam_winbind", ROLE_PROOF },
        { "pam_systemd_home", ROLE_PROOF },
        { "pam_userdb", ROLE_PROOF },
        { "pam_fprintd", ROLE_PROOF },
        { "pam_u2f", ROLE_PROOF },
        { "pam_pkcs11", ROLE_PROOF },
        { "pam_p11", ROLE_PROOF },
        { "pam_google_authenticator", ROLE_PROOF },
        { "pam_oath", ROLE_PROOF },
        { "pam_yubico", ROLE_PROOF },
        { "pam_radius_auth", ROLE_PROOF },
        { "pam_ssh_agent_auth", ROLE_PROOF },
        { "pam_cockpit_cert", ROLE_PROOF },
        { "pam_nologin", ROLE_GATE },
        { "pam_listfile", ROLE_GATE },
        { "pam_access", ROLE_GATE },
        { "pam_time", ROLE_GATE },
        { "pam_shells", ROLE_GATE },
        { "pam_securetty", ROLE_GATE },
        { "pam_sepermit", ROLE_GATE },
        { "pam_wheel", ROLE_GATE },
        { "pam_faillock", ROLE_GATE },
        { "pam_tally2", ROLE_GATE },
        { "pam_pwquality", ROLE_GATE },
        { "pam_cracklib", ROLE_GATE },
        { "pam_passwdqc", ROLE_GATE },
        { "pam_pwhistory", ROLE_GATE },
        { "pam_succeed_if", ROLE_CONDITION },
        { "pam_usertype", ROLE_CONDITION },
        { "pam_localuser", ROLE_CONDITION },
        { "pam_rootok", ROLE_ROOTOK },
        { "pam_timestamp", ROLE_ROOTOK },
        { "pam_rhosts", ROLE_ROOTOK },
        { "pam_deny", ROLE_DENY },
        { "pam_permit", ROLE_PERMIT },
        { "pam_cap", ROLE_BYSTANDER },
        { "pam_echo", ROLE_BYSTANDER },
        { "pam_env", ROLE_BYSTANDER },
        { "pam_faildelay", ROLE_BYSTANDER },
        { "pam_gnome_keyring", ROLE_BYSTANDER },
        { "pam_group", ROLE_BYSTANDER },
        { "pam_issue", ROLE_BYSTANDER },
        { "pam_keyinit", ROLE_BYSTANDER },
        { "pam_kwallet5", ROLE_BYSTANDER },
        { "pam_lastlog", ROLE_BYSTANDER },
        { "pam_limits", ROLE_BYSTANDER },
        { "pam_loginuid", ROLE_BYSTANDER },
        { "pam_mail", ROLE_BYSTANDER },
        { "pam_mkhomedir", ROLE_BYSTANDER },
        { "pam_motd", ROLE_BYSTANDER },
        { "pam_namespace", ROLE_BYSTANDER },
        { "pam_selinux", ROLE_BYSTANDER },
        { "pam_systemd", ROLE_BYSTANDER },
        { "pam_elogind", ROLE_BYSTANDER },
        { "pam_tty_audit", ROLE_BYSTANDER },
        { "pam_umask", ROLE_BYSTANDER },
        { "pam_warn", ROLE_BYSTANDER },
        { "pam_xauth", ROLE_BYSTANDER },
};

/* Options of pam_itax.so; NULL ends the values, "#" stands for a number, "U" for a unit code too. */
static const struct {
        const char *name;
        const char *values[5];
        unsigned min, max;
} option_table[] = {
        { "method", { "any", "password", "qr" }, 0, 0 },
        { "unit", { "off", "ask", "required", "U" }, 0, 0 },
        { "prompts", { "auto", "many", "buffered", "one" }, 0, 0 },
        { "only", { "unit" }, 0, 0 },
        { "others", { "ignore", "deny", "mapped" }, 0, 0 },
        { "max_age", { "#" }, 1, LIMIT_MAX_AGE_SEC },
        { "timeout", { "#" }, LIMIT_TIMEOUT_MIN_SEC, LIMIT_TIMEOUT_MAX_SEC },
        { "use_first_pass", {}, 0, 0 },
        { "try_first_pass", {}, 0, 0 },
        { "quiet", {}, 0, 0 },
        { "debug", {}, 0, 0 },
};

/* "/lib/security/pam_unix.so" is pam_unix. */
static void bare_name(const char *module, char ret[static NAME_BYTES]) {
        const char *slash = strrchr(module, '/');
        size_t n;

        (void)snprintf(ret, NAME_BYTES, "%s", slash ? slash + 1 : module);
        n = strlen(ret);
        if (n > 3 && strcmp(ret + n - 3, ".so") == 0)
                ret[n - 3] = '\0';
}

static bool has_word(const StackLine *line, const char *word) {
        for (char **w = line->words; w && *w; w++)
                if (strcmp(*w, word) == 0)
                        return true;
        return false;
}

Role module_role(const StackLine *line, StackKind kind) {
        char name[NAME_BYTES];

        if (line->form != STACK_MODULE || !line->module)
                return ROLE_UNKNOWN;
        bare_name(line->module, name);
        if (strcmp(name, "pam_faillock") == 0 && kind == STACK_AUTH && has_word(line, "authfail"))
                return ROLE_COUNTER;
        if (strcmp(name, "pam_faillock") == 0 && kind == STACK_AUTH && has_word(line, "authsucc"))
                return ROLE_BYSTANDER;
        if (strcmp(name, "pam_wheel") == 0 && has_word(line, "trust"))
                return ROLE_ROOTOK;
        for (size_t i = 0; i < ELEMENTSOF(role_table); i++)
                if (strcmp(role_table[i].name, name) == 0)
                        return role_table[i].role;
        return ROLE_UNKNOWN;
}

/* One "uid >= 1000" or "user != root". */
static Truth compare(const char *field, const char *sign, const char *value, User user) {
        const unsigned long uid = user == USER_ROOT ? 0 : ORDINARY_UID;
        char *end;
        unsigned long number;

        if (strcmp(field, "user") == 0 && strcmp(value, "root") == 0) {
                if (strcmp(sign, "=") == 0)
                        return uid == 0 ? TRUTH_YES : TRUTH_NO;
                return strcmp(sign, "!=") == 0 ? (uid == 0 ? TRUTH_NO : TRUTH_YES) : TRUTH_UNKNOWN;
        }
        if (strcmp(field, "uid") != 0)
                return TRUTH_UNKNOWN;
        number = strtoul(value, &end, 10);
        if (end == value || *end)
                return TRUTH_UNKNOWN;
        if (strcmp(sign, "=") == 0 || strcmp(sign, "eq") == 0)
                return uid == number ? TRUTH_YES : TRUTH_NO;
        if (strcmp(sign, "!=") == 0 || strcmp(sign, "ne") == 0)
                return uid != number ? TRUTH_YES : TRUTH_NO;
        if (strcmp(sign, "<") == 0 || strcmp(sign, "lt") == 0)
                return uid < number ? TRUTH_YES : TRUTH_NO;
        if (strcmp(sign, "<=") == 0 || strcmp(sign, "le") == 0)
                return uid <= number ? TRUTH_YES : TRUTH_NO;
        if (strcmp(sign, ">") == 0 || strcmp(sign, "gt") == 0)
                return uid > number ? TRUTH_YES : TRUTH_NO;
        if (strcmp(sign, ">=") == 0 || strcmp(sign, "ge") == 0)
                return uid >= number ? TRUTH_YES : TRUTH_NO;
        return TRUTH_UNKNOWN;
}

Truth module_condition(const StackLine *line, User user) {
        static const char *const flags[] = { "debug", "use_uid", "quiet", "quiet_fail", "quiet_success", "audit" };
        Truth all = TRUTH_YES;
        char name[NAME_BYTES];
        char **word = line->words;

        bare_name(line->module, name);
        if (user == USER_ANY)
                return TRUTH_UNKNOWN;
        if (strcmp(name, "pam_localuser") == 0)
                return TRUTH_YES;
        if (strcmp(name, "pam_usertype") == 0) {
                if (has_word(line, "isregular"))
                        return user == USER_ROOT ? TRUTH_NO : TRUTH_YES;
                return has_word(line, "issystem") ? (user == USER_ROOT ? TRUTH_YES : TRUTH_NO) : TRUTH_UNKNOWN;
        }
        while (*word) {
                bool is_flag = false;
                Truth one;

                for (size_t i = 0; i < ELEMENTSOF(flags); i++)
                        is_flag |= strcmp(*word, flags[i]) == 0;
                if (is_flag) {
                        if (strcmp(*word, "use_uid") == 0)
                                return TRUTH_UNKNOWN; /* of whoever runs the program */
                        word++;
                        continue;
                }
                if (!word[1] || !word[2])
                        return TRUTH_UNKNOWN;
                one = compare(word[0], word[1], word[2], user);
                if (one == TRUTH_NO)
                        return TRUTH_NO;
                all = one == TRUTH_UNKNOWN ? one : all;
                word += 3;
        }
        return all;
}

static bool number_fits(const char *s, unsigned min, unsigned max) {
        unsigned long number;
        char *end;

        if (strspn(s, "0123456789") != strlen(s) || strlen(s) > 6)
                return false;
        number = strtoul(s, &end, 10);
        return end != s && number >= min && number <= max;
}

static bool option_fits(const char *word) {
        for (size_t i = 0; i < ELEMENTSOF(option_table); i++) {
                const size_t n = strlen(option_table[i].name);
                const char *const *values = option_table[i].values;

                if (strncmp(word, option_table[i].name, n) != 0 || (word[n] != '=' && word[n] != '\0'))
                        continue;
                if (!values[0] || word[n] == '\0')
                        return !values[0] && word[n] == '\0';
                for (size_t k = 0; values[k]; k++)
                        if (strcmp(values[k], "#") == 0   ? number_fits(word + n + 1, option_table[i].min, option_table[i].max) :
                            strcmp(values[k], "U") == 0   ? unit_code_is_valid(word + n + 1) :
                                                            strcmp(values[k], word + n + 1) == 0)
                                return true;
                return false;
        }
        return false;
}

const char *module_option_fault(const StackLine *line) {
        for (char **word = line->words; *word; word++) {
                const size_t n = strcspn(*word, "=");

                if (!option_fits(*word))
                        return *word;
                for (char **before = line->words; before < word; before++)
                        if (strncmp(*before, *word, n) == 0 && strcspn(*before, "=") == n)
                                return *word;
        }
        if (has_word(line, "use_first_pass") && has_word(line, "try_first_pass"))
                return "try_first_pass";
        return has_word(line, "only=unit") && has_word(line, "unit=off") ? "unit=off" : NULL;
}

static bool is_there(const char *root, const char *folder, const char *name, const char *module) {
        _cleanup_(freep) char *path = NULL;

        return asprintf(&path, "%s%s%s%s/%s", root, folder, name ? "/" : "", name ? name : "", module) >= 0 &&
               access(path, F_OK) == 0;
}

/* In /usr/lib/x86_64-linux-gnu/security and the like. */
static bool is_in_any(const char *root, const char *folder, const char *module) {
        _cleanup_(freep) char *path = NULL, *below = NULL;
        struct dirent **entries; /* made by scandir() */
        bool found = false;
        int n;

        if (asprintf(&below, "security/%s", module) < 0 || asprintf(&path, "%s%s", root, folder) < 0)
                return true;
        /* cppcheck-suppress nullPointer ; asprintf() has made it */
        n = scandir(path, &entries, NULL, NULL);
        for (int i = 0; i < n; i++) {
                found = found || (entries[i]->d_name[0] != '.' && is_there(root, folder, entries[i]->d_name, below));
                free(entries[i]);
        }
        if (n >= 0)
                free(entries);
        return found;
}

bool module_is_missing(const char *root, const char *module) {
        static const char *const folders[] = { "/lib/security", "/usr/lib/security", "/lib64/security", "/usr/lib64/security",
                                               "/usr/local/lib/security" };

        if (strstr(module, "$ISA"))
                return false;
        if (module[0] == '/')
                return !is_there(root, "", NULL, module + 1);
        for (size_t i = 0; i < ELEMENTSOF(folders); i++)
                if (is_there(root, folders[i], NULL, module))
                        return false;
        return !is_in_any(root, "/lib", module) && !is_in_any(root, "/usr/lib", module);
}
