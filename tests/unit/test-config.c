/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Config: what is wrong is told with file and line, all of it at once, and nothing wrong is used */

#include <dirent.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "daemon/config.h"

#define GOOD "[platform]\nissuer=https://itax.lab\nca_file=/etc/itax/ca.pem\n"

typedef struct Told {
        char text[8192];
        size_t n;
} Told;

static void tell(const char *problem, void *userdata) {
        Told *told = userdata;

        told->n++;
        (void)snprintf(told->text + strlen(told->text), sizeof(told->text) - strlen(told->text),
                       "%s\n", problem);
}

static int parse(const char *text, size_t n, Told *told, Config **ret) {
        _cleanup_(freep) char *copy = calloc(1, n + 1);

        assert_non_null(copy);
        memcpy(copy, text, n);
        *told = (Told){};
        return config_parse("F", copy, n, tell, told, ret);
}

static const struct {
        const char *name, *text;
        const char *told; /* each line of it must have been told, in this order, and nothing else */
} bad_cases[] = {
        { "an empty file misses everything", "",
          "F: [platform] issuer is missing: the address of the platform, an address with https:// and no '/' "
          "at the end\n"
          "F: [platform] ca_file is missing: the certificates that the platform's must chain up to, an absolute "
          "path\n" },
        { "an address in clear", "[platform]\nissuer=http://itax.lab\nca_file=/x\n",
          "F:2: bad value 'http://itax.lab' of 'issuer'; allowed: an address with https:// and no '/' at the end\n" },
        { "an empty certificate file", "[platform]\nissuer=https://itax.lab\nca_file=\n",
          "F:3: bad value '' of 'ca_file'; allowed: an absolute path\n" },
        { "an address that hides another host", "[platform]\nissuer=https://a@b\nca_file=/x\n",
          "F:2: bad value 'https://a@b' of 'issuer'; allowed: an address with https:// and no '/' at the end\n" },
        { "a key with a slip is guessed", GOOD "[login]\nphaes=dual\n",
          "F:5: unknown key 'phaes' in [login]; did you mean 'phase' in [login]?\n" },
        { "a key in the wrong section is sent home", GOOD "[login]\nca_file=/x\n",
          "F:5: key 'ca_file' belongs in [platform], not in [login]\n" },
        { "a key that nothing is like", GOOD "debug_everything=yes\n",
          "F:4: unknown key 'debug_everything' in [platform]\n" },
        { "the nearest of the same section is meant", GOOD "timeuot=5\n",
          "F:4: unknown key 'timeuot' in [platform]; did you mean 'timeout' in [platform]?\n" },
        { "a section with a slip is guessed", GOOD "[logins]\nphase=dual\n",
          "F:5: unknown section [logins]; did you mean [login]?\n" },
        { "a section that nothing is like", GOOD "[database]\nx=y\n",
          "F:5: unknown section [database]; sections are [platform], [phases], [login], [provision], "
          "[certificate], [callers], [audit], [service NAME]\n" },
        { "a key before any section", "phase=dual\n" GOOD,
          "F:1: a key before the first section; sections are [platform], [phases], [login], [provision], "
          "[certificate], [callers], [audit], [service NAME]\n" },
        { "a service without a name", GOOD "[service]\nmode=one\n",
          "F:5: [service] needs the name of one: [service NAME]\n" },
        { "a key given twice", GOOD "[login]\nphase=dual\nphase=realname\n",
          "F:6: key 'phase' is given twice\n" },
        { "a key given twice in two places",
          GOOD "[service a]\nmode=one\n[service b]\nmode=one\n[service a]\nmode=many\n",
          "F:9: key 'mode' is given twice\n" },
        { "a line that is nothing", GOOD "[login]\nphase\n",
          "F:5: neither a section, nor KEY = VALUE, nor a comment\n" },
        { "a section that does not end", GOOD "[login\n",
          "F:4: a section is [NAME], its name at most 48 bytes\n" },
        { "words that do not exist",
          GOOD
          "[login]\nphase=Dual\nunit=yes\nmethod=sms\nlanguage=fr\n[service x]\nmode=two\nlayout=wide\npicture=png\n",
          "F:5: bad value 'Dual' of 'phase'; allowed: dual, relation or realname\n"
          "F:6: bad value 'yes' of 'unit'; allowed: off, ask, required or a unit code\n"
          "F:7: bad value 'sms' of 'method'; allowed: any, password or qr\n"
          "F:8: bad value 'fr' of 'language'; allowed: zh_CN or en\n"
          "F:10: bad value 'two' of 'mode'; allowed: many, buffered or one\n"
          "F:11: bad value 'wide' of 'layout'; allowed: folded, lines or bare\n"
          "F:12: bad value 'png' of 'picture'; allowed: terminal, blocks, ascii or none\n" },
        { "numbers outside of their range",
          GOOD "timeout=0\n[login]\ntimeout=601\n[service x]\ntimeout=-5\n",
          "F:4: bad value '0' of 'timeout'; allowed: 1 to 15 seconds\n"
          "F:6: bad value '601' of 'timeout'; allowed: 10 to 600 seconds\n"
          "F:8: bad value '-5' of 'timeout'; allowed: 10 to 600 seconds\n" },
        { "a number that does not fit", GOOD "timeout=18446744073709551617\n",
          "F:4: bad value '18446744073709551617' of 'timeout'; allowed: 1 to 15 seconds\n" },
        { "a unit code with a wrong check character", GOOD "[login]\nunit=919900000000000019\n",
          "F:5: bad value '919900000000000019' of 'unit'; allowed: off, ask, required or a unit code\n" },
        { "paths that depend on where one stands", "[platform]\nissuer=https://h\nca_file=ca.pem\n",
          "F:3: bad value 'ca.pem' of 'ca_file'; allowed: an absolute path\n" },
        { "a uid is no name", GOOD "[callers]\nservices=postgres 33\n",
          "F:5: bad value 'postgres 33' of 'services'; allowed: at most 32 names of local users, divided by spaces\n" },
        { "days that there are not",
          GOOD "[phases]\ndual=2019-11-31\nrelation=2020-1-1\nrealname=soon\n",
          "F:5: bad value '2019-11-31' of 'dual'; allowed: a day that exists, as YYYY-MM-DD\n"
          "F:6: bad value '2020-1-1' of 'relation'; allowed: a day that exists, as YYYY-MM-DD\n"
          "F:7: bad value 'soon' of 'realname'; allowed: a day that exists, as YYYY-MM-DD\n" },
        { "phases in the wrong order", GOOD "[phases]\ndual=2020-01-01\nrelation=2019-11-09\n",
          "F: [phases] relation begins before dual; allowed: one after another\n" },
        { "units that there cannot be", GOOD "[login]\nunits=919900000000000018 919900000000000019\n",
          "F:5: bad value '919900000000000018 919900000000000019' of 'units'; allowed: at most 200 unit codes, "
          "divided by spaces; the key may stand on several lines\n" },
        { "no unit at all", GOOD "[login]\nunits=off\n",
          "F:5: bad value 'off' of 'units'; allowed: at most 200 unit codes, divided by spaces; the key may stand "
          "on several lines\n" },
        { "a unit that is not among the units",
          GOOD "[login]\nunit=91990000000000002B\nunits=919900000000000018\n",
          "F: [login] unit is 91990000000000002B, which is not among units\n" },
        { "accounts of no known kind", GOOD "[login]\naccounts=ldap\n",
          "F:5: bad value 'ldap' of 'accounts'; allowed: table, name or provision\n" },
        { "numbers of the system", GOOD "[provision]\nuid_min=0\nuid_max=999999999\n",
          "F:5: bad value '0' of 'uid_min'; allowed: a number from 1000 to 524287\n"
          "F:6: bad value '999999999' of 'uid_max'; allowed: a number from 1000 to 524287\n" },
        { "a range backwards", GOOD "[provision]\nuid_min=3000\nuid_max=2000\n",
          "F: [provision] uid_min and uid_max are no range for users; allowed: 1000 to 524287, uid_min not above "
          "uid_max, nothing that systemd keeps for itself\n" },
        { "a range of systemd's", GOOD "[provision]\nuid_min=61184\nuid_max=61200\n",
          "F: [provision] uid_min and uid_max are no range for users; allowed: 1000 to 524287, uid_min not above "
          "uid_max, nothing that systemd keeps for itself\n" },
        { "a home that would be another field", GOOD "[provision]\nhome=/home:0\nshell=bash\n",
          "F:5: bad value '/home:0' of 'home'; allowed: an absolute path without spaces and ':'\n"
          "F:6: bad value 'bash' of 'shell'; allowed: an absolute path without spaces and ':'\n" },
        { "keys of certificates", GOOD "[certificate]\nfolder=x\npkcs11_module=x.so\ntimeout=121\n",
          "F:5: bad value 'x' of 'folder'; allowed: an absolute path\n"
          "F:6: bad value 'x.so' of 'pkcs11_module'; allowed: an absolute path\n"
          "F:7: bad value '121' of 'timeout'; allowed: 1 to 120 seconds\n" },
        { "bytes that are no text", GOOD "[login]\nlanguage=\xff\n",
          "F:5: bytes that are no text (UTF-8)\n" },
};

/* threats 118 */
static void test_bad(void **state) {
        (void)state;
        for (size_t i = 0; i < ELEMENTSOF(bad_cases); i++) {
                Config *config = NULL;
                Told told;

                if (parse(bad_cases[i].text, strlen(bad_cases[i].text), &told, &config) !=
                    CONFIG_E_PROBLEMS)
                        fail_msg("%s: taken", bad_cases[i].name);
                assert_null(config);
                if (strcmp(told.text, bad_cases[i].told) != 0)
                        fail_msg("%s: told\n%s", bad_cases[i].name, told.text);
        }
}

static void test_bytes(void **state) {
        char text[512] = GOOD "[login]\nphase=dual\n";
        Config *config = NULL;
        Told told;

        (void)state;
        /* A NUL hides what stands behind it from whoever reads C strings. */
        assert_int_equal(parse(GOOD "#\0\n", strlen(GOOD) + 3, &told, &config), CONFIG_E_PROBLEMS);
        assert_string_equal(told.text, "F:4: bytes that are no text (UTF-8)\n");

        memset(text + strlen(GOOD), 'x', 300);
        assert_int_equal(parse(text, strlen(text), &told, &config), CONFIG_E_PROBLEMS);
        assert_string_equal(told.text, "F:4: longer than 190 bytes\n");
}

static void test_defaults(void **state) {
        _cleanup_(config_freep) Config *config = NULL;
        Told told;

        (void)state;
        assert_int_equal(parse(GOOD, strlen(GOOD), &told, &config), 0);
        assert_int_equal(told.n, 0);
        assert_string_equal(config->issuer, "https://itax.lab");
        assert_string_equal(config->ca_file, "/etc/itax/ca.pem");
        assert_string_equal(config->client_id, "workstation");
        assert_null(config->client_secret_file);
        assert_null(config->unix_socket);
        assert_null(config->proxy);
        assert_int_equal(config->timeout_usec, 5 * USEC_PER_SEC);
        assert_int_equal(config->phase, PHASE_RELATION);
        assert_int_equal(config->unit.policy, UNIT_REQUIRED);
        assert_string_equal(config->unit.code, "");
        assert_int_equal(config->method, METHOD_ANY);
        assert_int_equal(config->language, TEXTS_ZH_CN);
        assert_string_equal(config->users, "/etc/itax/users");
        assert_int_equal(config->login_timeout_usec, 110 * USEC_PER_SEC);
        assert_int_equal(config->n_callers, 0);
        assert_int_equal(config->n_services, 0);
        for (Phase phase = 0; phase < _PHASE_MAX; phase++)
                assert_false(config->phases.first[phase].is_set);
        assert_null(config->units);
        assert_int_equal(config->accounts, ACCOUNTS_TABLE);
        assert_int_equal(config->uid_min, 200000);
        assert_int_equal(config->uid_max, 299999);
        assert_string_equal(config->home, "/home");
        assert_string_equal(config->shell, "/bin/bash");
        assert_null(config->certificates);
        assert_null(config->pkcs11_module);
        assert_int_equal(config->sign_timeout_usec, 10 * USEC_PER_SEC);
}

static void test_everything(void **state) {
        static const char text[] =
                "\xef\xbb\xbf# a comment, behind the mark that some editors write\r\n"
                "; another\n\n"
                "  [platform]\n"
                "  issuer = https://itax.example:8443/tax ; why\n"
                "ca_file: /c\nclient_id = lab-workstation\nclient_secret_file=/s\nunix_socket=/u\nproxy=\n"
                "timeout=15\n"
                "[login]\nphase=realname\nunit=91990000000000002b\nmethod=qr\nlanguage=en\nusers=/m\ntimeout=600\n"
                "units=91990000000000002b, 919900000000000018\naccounts=provision\nunits=990101000000004\n"
                "[phases]\nrelation=2020-01-01\ndual=2019-11-09\nrealname=2030-02-28\n"
                "[provision]\nuid_min=70000\nuid_max=80000\nhome=/srv/home\nshell=/usr/bin/zsh\n"
                "[certificate]\nfolder=/etc/itax/certificates\npkcs11_module=/usr/lib/p11.so\ntimeout=120\n"
                "[callers]\nservices = postgres, www-data\n"
                "[service my-app]\nmode=buffered\nlayout=lines\npicture=ascii\ntimeout=10\n"
                "[service other]\nmode=one";
        _cleanup_(config_freep) Config *config = NULL;
        Told told;

        (void)state;
        if (parse(text, strlen(text), &told, &config) != 0)
                fail_msg("%s", told.text);
        assert_string_equal(config->issuer, "https://itax.example:8443/tax");
        assert_string_equal(config->ca_file, "/c");
        assert_string_equal(config->client_id, "lab-workstation");
        assert_string_equal(config->client_secret_file, "/s");
        assert_string_equal(config->unix_socket, "/u");
        assert_string_equal(config->proxy, "");
        assert_int_equal(config->timeout_usec, 15 * USEC_PER_SEC);
        assert_int_equal(config->phase, PHASE_REALNAME);
        assert_int_equal(config->unit.policy, UNIT_REQUIRED);
        assert_string_equal(config->unit.code, "91990000000000002B");
        assert_int_equal(config->method, METHOD_QR);
        assert_int_equal(config->language, TEXTS_EN);
        assert_string_equal(config->users, "/m");
        assert_int_equal(config->login_timeout_usec, 600 * USEC_PER_SEC);
        assert_int_equal(config->n_callers, 2);
        assert_string_equal(config->callers[0], "postgres");
        assert_string_equal(config->callers[1], "www-data");
        assert_int_equal(config->n_services, 2);
        assert_string_equal(config->services[0].name, "my-app");
        assert_int_equal(config->services[0].mode, MODE_BUFFERED);
        assert_int_equal(config->services[0].layout, LAYOUT_LINES);
        assert_int_equal(config->services[0].picture, PICTURE_ASCII);
        assert_int_equal(config->services[0].timeout_usec, 10 * USEC_PER_SEC);
        assert_string_equal(config->services[1].name, "other");
        assert_int_equal(config->services[1].mode, MODE_ONE);
        assert_int_equal(config->services[1].layout, _STEP_LAYOUT_MAX);
        assert_int_equal(config->n_units, 3);
        assert_string_equal(config->units[0], "91990000000000002B");
        assert_string_equal(config->units[1], "919900000000000018");
        assert_string_equal(config->units[2], "990101000000004");
        assert_null(config->units[3]);
        assert_int_equal(config->accounts, ACCOUNTS_PROVISION);
        assert_int_equal(phase_day_begin(&config->phases.first[PHASE_DUAL]), 1573228800);
        assert_int_equal(config->uid_min, 70000);
        assert_int_equal(config->uid_max, 80000);
        assert_string_equal(config->home, "/srv/home");
        assert_string_equal(config->shell, "/usr/bin/zsh");
        assert_string_equal(config->certificates, "/etc/itax/certificates");
        assert_string_equal(config->pkcs11_module, "/usr/lib/p11.so");
        assert_int_equal(config->sign_timeout_usec, 120 * USEC_PER_SEC);
}

/* threats 126: in force from midnight in China, and what [login] phase says holds besides */
static void test_phases(void **state) {
        static const struct {
                const char *text;
                int64_t time_sec;
                Phase phase;
        } cases[] = {
                { "", 0, PHASE_RELATION },
                { "[login]\nphase=dual\n", INT64_MAX, PHASE_DUAL },
                { "[phases]\nrelation=2020-01-01\n", 1577807999, PHASE_DUAL },
                { "[phases]\nrelation=2020-01-01\n", 1577808000, PHASE_RELATION },
                { "[phases]\nrelation=2020-01-01\nrealname=2021-01-01\n", 1609430399,
                  PHASE_RELATION },
                { "[phases]\nrelation=2020-01-01\nrealname=2021-01-01\n", 1609430400,
                  PHASE_REALNAME },
                { "[phases]\nrealname=2021-01-01\n[login]\nphase=relation\n", 0, PHASE_RELATION },
                { "[phases]\nrelation=2020-01-01\n[login]\nphase=realname\n", 1577808000,
                  PHASE_REALNAME },
                { "[phases]\nrealname=2021-01-01\n", -1, PHASE_DUAL },
        };

        (void)state;
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_(config_freep) Config *config = NULL;
                char text[512];
                Told told;

                (void)snprintf(text, sizeof(text), GOOD "%s", cases[i].text);
                assert_int_equal(parse(text, strlen(text), &told, &config), 0);
                if (config_phase(config, cases[i].time_sec) != cases[i].phase)
                        fail_msg("%s at %lld", cases[i].text, (long long)cases[i].time_sec);
        }
}

/* The file that is installed becomes good by its two required lines, and every key in it exists. */
static void test_sample(void **state) {
        static char text[16384];
        FILE *file = fopen("conf/itaxd.conf", "r");
        _cleanup_(config_freep) Config *config = NULL;
        size_t n = 0, n_keys = 0;
        char line[512];
        Told told;

        (void)state;
        if (!file)
                skip();
        while (fgets(line, sizeof(line), file)) {
                char *equals = strchr(line, '=');
                bool is_key = line[0] == '#' && line[1] >= 'a' && line[1] <= 'z' && equals;
                bool is_section = strcmp(line, "#[service NAME]\n") == 0;

                n_keys += is_key;
                if (line[0] == '#' && !is_key && !is_section)
                        continue;
                n += (size_t)snprintf(text + n, sizeof(text) - n, "%s", line + (line[0] == '#'));
        }
        assert_int_equal(fclose(file), 0);
        if (parse(text, n, &told, &config) != 0)
                fail_msg("%s\n%s", told.text, text);
        assert_int_equal(n_keys, 31);
}

static void test_unit_words(void **state) {
        static const char *const wrong[] = {
                "", "Off", "required ", "9", "919900000000000018919900000000000018", "x\n"
        };
        ConfigUnit unit;

        (void)state;
        assert_int_equal(config_unit_from_string("off", &unit), 0);
        assert_int_equal(unit.policy, UNIT_OFF);
        assert_int_equal(config_unit_from_string("ask", &unit), 0);
        assert_int_equal(unit.policy, UNIT_ASK);
        assert_int_equal(config_unit_from_string("990101000000004", &unit), 0);
        assert_string_equal(unit.code, "990101000000004");
        for (size_t i = 0; i < ELEMENTSOF(wrong); i++)
                assert_int_equal(config_unit_from_string(wrong[i], &unit), CONFIG_E_VALUE);
}

/* threats 118: how the file lies there */
static void test_files(void **state) {
        static const struct {
                const char *name;
                mode_t mode, folder_mode;
                const char *told;
        } cases[] = {
                { "root's alone", 0600, 0700, NULL },
                { "readable for all", 0644, 0755, NULL },
                { "writable for the group", 0664, 0755, "is writable for its group or for others" },
                { "writable for all", 0646, 0755, "is writable for its group or for others" },
                { "in a folder of everybody's", 0644, 0777,
                  "lies in a folder that does not belong to root, or that others may write" },
        };
        char dir[] = "/tmp/test-config-XXXXXX", path[64], link[64];
        Config *config = NULL;
        Told told = {};
        FILE *file;

        (void)state;
        assert_non_null(mkdtemp(dir));
        (void)snprintf(path, sizeof(path), "%s/itaxd.conf", dir);
        (void)snprintf(link, sizeof(link), "%s/link.conf", dir);
        file = fopen(path, "w");
        assert_non_null(file);
        (void)fprintf(file, "[platform]\nissuer=https://itax.lab\nca_file=%s\n[login]\nusers=%s\n", path, path);
        assert_int_equal(fclose(file), 0);

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                told = (Told){};
                assert_int_equal(chmod(path, cases[i].mode), 0);
                assert_int_equal(chmod(dir, cases[i].folder_mode), 0);
                assert_int_equal(config_load(path, tell, &told, &config),
                                 cases[i].told ? CONFIG_E_PROBLEMS : 0);
                if (cases[i].told && !strstr(told.text, cases[i].told))
                        fail_msg("%s: %s", cases[i].name, told.text);
                config = config_free(config);
        }
        assert_int_equal(chmod(path, 0644), 0);
        assert_int_equal(chmod(dir, 0755), 0);

        if (geteuid() == 0) {
                assert_int_equal(chown(path, 65534, 0), 0);
                assert_int_equal(config_load(path, tell, &told, &config), CONFIG_E_PROBLEMS);
                assert_non_null(strstr(told.text, "does not belong to root"));
        }

        told = (Told){};
        assert_int_equal(symlink(path, link), 0);
        assert_int_equal(config_load(link, tell, &told, &config), CONFIG_E_PROBLEMS);
        assert_non_null(strstr(told.text, "links are not followed"));
        assert_int_equal(unlink(link), 0);
        assert_int_equal(mkfifo(link, 0600), 0);
        assert_int_equal(config_load(link, tell, &told, &config), CONFIG_E_PROBLEMS);
        assert_int_equal(config_load("itaxd.conf", tell, &told, &config), CONFIG_E_PROBLEMS);
        assert_int_equal(unlink(path), 0);
        assert_int_equal(config_load(path, tell, &told, &config), CONFIG_E_PROBLEMS);
        assert_non_null(strstr(told.text, "No such file"));
        assert_null(config);

        (void)unlink(link);
        (void)rmdir(dir);
}

/* A folder of its own, with files in it. */
typedef struct Parts {
        char folder[32], path[64], parts[64];
} Parts;

static void write_file(const char *path, const char *text) {
        FILE *file = fopen(path, "w");

        assert_non_null(file);
        assert_true(fputs(text, file) >= 0);
        assert_int_equal(fclose(file), 0);
        assert_int_equal(chmod(path, 0644), 0);
}

static void write_part(const Parts *parts, const char *name, const char *text) {
        char path[128];

        (void)snprintf(path, sizeof(path), "%s/%s", parts->parts, name);
        write_file(path, text);
}

static void parts_begin(Parts *parts) {
        char text[512];

        (void)snprintf(parts->folder, sizeof(parts->folder), "/tmp/test-config-XXXXXX");
        assert_non_null(mkdtemp(parts->folder));
        (void)snprintf(parts->path, sizeof(parts->path), "%s/itaxd.conf", parts->folder);
        (void)snprintf(parts->parts, sizeof(parts->parts), "%s/itaxd.conf.d", parts->folder);
        assert_int_equal(mkdir(parts->parts, 0755), 0);
        (void)snprintf(text, sizeof(text),
                       "[platform]\nissuer=https://itax.lab\nca_file=%s\ntimeout=3\n"
                       "[login]\nusers=%s\nunits=919900000000000018\nunits=91990000000000002B\n"
                       "[callers]\nservices=www-data postgres\n[service a]\nmode=one\n",
                       parts->path, parts->path);
        write_file(parts->path, text);
}

static void parts_end(const Parts *parts) {
        DIR *folder = opendir(parts->parts);
        const struct dirent *entry;

        assert_non_null(folder);
        while ((entry = readdir(folder)))
                (void)unlinkat(dirfd(folder), entry->d_name, 0);
        (void)closedir(folder);
        (void)rmdir(parts->parts);
        (void)unlink(parts->path);
        (void)rmdir(parts->folder);
}

static char *shown(const Config *config, bool json) {
        char *text = NULL;
        size_t n;
        FILE *out = open_memstream(&text, &n);

        assert_non_null(out);
        config_print(config, out, json);
        assert_int_equal(fclose(out), 0);
        return text;
}

static void test_what_a_later_file_says_holds(void **state) {
        Config *config = NULL;
        Told told = {};
        Parts parts;
        char *text;

        (void)state;
        parts_begin(&parts);
        write_part(&parts, "20-later.conf", "[platform]\ntimeout=9\n[login]\nunits=919900000000000018\n");
        write_part(&parts, "10-first.conf",
                   "[platform]\ntimeout=7\nproxy=http://user:secret@proxy:3128\n[callers]\nservices=nobody\n"
                   "[service a]\nlayout=lines\n[service b]\nmode=many\n");
        write_part(&parts, "README", "no configuration\n");
        write_part(&parts, ".hidden.conf", "no configuration\n");
        write_part(&parts, "30-old.conf~", "no configuration\n");
        assert_int_equal(config_load(parts.path, tell, &told, &config), 0);
        assert_int_equal(config->timeout_usec, 9 * USEC_PER_SEC);
        assert_int_equal(config->n_units, 1);
        assert_int_equal(config->n_callers, 1);
        assert_string_equal(config->callers[0], "nobody");
        assert_int_equal(config->n_services, 2);
        assert_string_equal(config->issuer, "https://itax.lab");

        /* each value with the line that says so, and no secret */
        text = shown(config, false);
        assert_non_null(strstr(text, "/itaxd.conf.d/20-later.conf:2\n"));
        assert_non_null(strstr(text, "[platform] timeout = 9 "));
        assert_non_null(strstr(text, "[platform] client_id = workstation "));
        assert_non_null(strstr(text, "# built in\n"));
        assert_non_null(strstr(text, "[platform] unix_socket =  "));
        assert_non_null(strstr(text, "[login] phase = relation "));
        assert_non_null(strstr(text, "[service a] mode = one "));
        assert_non_null(strstr(text, "[service b] mode = many "));
        assert_null(strstr(text, "secret@"));
        assert_null(strstr(text, "user:"));
        free(text);
        text = shown(config, true);
        assert_non_null(strstr(text, "{\"section\":\"platform\",\"key\":\"timeout\",\"value\":\"9\",\"file\":\""));
        assert_non_null(strstr(text, "\"key\":\"unix_socket\",\"value\":null,\"file\":null}"));
        assert_null(strstr(text, "secret@"));
        free(text);
        config = config_free(config);
        parts_end(&parts);
}

/* threats 118: the rules are those of the file itself, and the fault is told of the right one */
static void test_faults_of_parts(void **state) {
        static const struct {
                const char *text, *told;
                mode_t mode, folder_mode;
        } cases[] = {
                { "[login]\nphaze=dual\n",
                  "/10.conf:2: unknown key 'phaze' in [login]; did you mean 'phase' in [login]?\n", 0644, 0755 },
                { "[login]\nphase=dual\nphase=dual\n", "/10.conf:3: key 'phase' is given twice\n", 0644, 0755 },
                { "[platform]\nissuer=http://x\n", "/10.conf:2: bad value 'http://x' of 'issuer'", 0644, 0755 },
                { "", "/10.conf: is writable for its group or for others\n", 0664, 0755 },
                { "", "/itaxd.conf.d: is writable for its group or for others\n", 0644, 0777 },
        };
        Parts parts;
        char path[128];

        (void)state;
        parts_begin(&parts);
        (void)snprintf(path, sizeof(path), "%s/10.conf", parts.parts);
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                Config *config = NULL;
                Told told = {};

                write_file(path, cases[i].text);
                assert_int_equal(chmod(path, cases[i].mode), 0);
                assert_int_equal(chmod(parts.parts, cases[i].folder_mode), 0);
                assert_int_equal(config_load(parts.path, tell, &told, &config), CONFIG_E_PROBLEMS);
                assert_null(config);
                if (!strstr(told.text, cases[i].told) || told.n != 1)
                        fail_msg("case %zu: %s", i, told.text);
        }
        assert_int_equal(chmod(parts.parts, 0755), 0);

        /* a folder through a link, and an empty one that others may write */
        assert_int_equal(unlink(path), 0);
        assert_int_equal(rmdir(parts.parts), 0);
        assert_int_equal(symlink("/etc", parts.parts), 0);
        {
                Config *config = NULL;
                Told told = {};

                assert_int_equal(config_load(parts.path, tell, &told, &config), CONFIG_E_PROBLEMS);
                assert_non_null(strstr(told.text, "/itaxd.conf.d: is no folder (links are not followed)\n"));
        }
        assert_int_equal(unlink(parts.parts), 0);
        assert_int_equal(mkdir(parts.parts, 0755), 0);
        parts_end(&parts);
}

/* Everything is told at once: words and files. */
static void test_files_that_are_not_there(void **state) {
        char dir[] = "/tmp/test-config-XXXXXX", path[64];
        Config *config = NULL;
        Told told = {};
        FILE *file;

        (void)state;
        assert_non_null(mkdtemp(dir));
        (void)snprintf(path, sizeof(path), "%s/itaxd.conf", dir);
        file = fopen(path, "w");
        assert_non_null(file);
        assert_true(fputs("[platform]\nissuer=http://x\nca_file=/nonexistent/ca\n"
                          "client_secret_file=/nonexistent/secret\n[login]\nusers=/nonexistent/users\n"
                          "[certificate]\nfolder=/nonexistent/p12\npkcs11_module=/nonexistent/p11.so\n",
                          file) >= 0);
        assert_int_equal(fclose(file), 0);
        assert_int_equal(config_load(path, tell, &told, &config), CONFIG_E_PROBLEMS);
        assert_null(config);
        assert_non_null(strstr(told.text, ":2: bad value 'http://x'"));
        assert_non_null(strstr(told.text,
                               "[platform] ca_file: /nonexistent/ca: No such file or directory\n"));
        assert_non_null(strstr(told.text, "[platform] client_secret_file: /nonexistent/secret: No such"));
        assert_non_null(strstr(told.text, "[certificate] folder: /nonexistent/p12: No such"));
        assert_non_null(strstr(told.text, "[certificate] pkcs11_module: /nonexistent/p11.so: No such"));
        assert_non_null(strstr(told.text, "[login] users: /nonexistent/users cannot be read: No such"));
        assert_int_equal(told.n, 6);
        (void)unlink(path);
        (void)rmdir(dir);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_bad),
                cmocka_unit_test(test_bytes),
                cmocka_unit_test(test_defaults),
                cmocka_unit_test(test_everything),
                cmocka_unit_test(test_phases),
                cmocka_unit_test(test_sample),
                cmocka_unit_test(test_unit_words),
                cmocka_unit_test(test_files),
                cmocka_unit_test(test_what_a_later_file_says_holds),
                cmocka_unit_test(test_faults_of_parts),
                cmocka_unit_test(test_files_that_are_not_there),
        };

        return cmocka_run_group_tests_name("config", tests, NULL, NULL);
}
