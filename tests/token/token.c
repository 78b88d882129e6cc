/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Token: SoftHSM behind a PKCS#11 module that can also be as bad as modules are
 *
 * A test copies it into a folder of its own. There lie softhsm2.conf, as the program that loads it
 * has no environment to tell SoftHSM by, and "mode": a word that says what goes wrong. Mode "card"
 * is a card with three tries, which are counted in "tries" as each process begins anew. */

#include <dlfcn.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <p11-kit-1/p11-kit/pkcs11.h>

#include "lib/common/util.h"

#define SOFTHSM "/usr/lib/softhsm/libsofthsm2.so"
#define CARD_TRIES 3

static struct {
        char folder[256];
        char mode[32];
        CK_FUNCTION_LIST list; /* SoftHSM's, with some of ours in it */
        CK_FUNCTION_LIST *real;
} token;

static void path_make(const char *name, char *ret, size_t n) {
        (void)snprintf(ret, n, "%s/%s", token.folder, name);
}

static void word_read(const char *name, char *ret, size_t n) {
        char path[512];
        FILE *f;

        path_make(name, path, sizeof(path));
        ret[0] = '\0';
        f = fopen(path, "re");
        if (!f)
                return;
        if (fgets(ret, (int)n, f))
                ret[strcspn(ret, "\n")] = '\0';
        (void)fclose(f);
}

static int tries_read(void) {
        char word[16];

        word_read("tries", word, sizeof(word));
        return word[0] ? atoi(word) : CARD_TRIES;
}

static void tries_write(int n) {
        char path[512];
        FILE *f;

        path_make("tries", path, sizeof(path));
        f = fopen(path, "we");
        if (!f)
                abort();
        (void)fprintf(f, "%d\n", n);
        (void)fclose(f);
}

static bool mode_is(const char *mode) {
        return strcmp(token.mode, mode) == 0;
}

/* Not to be woken by anything that can be caught. */
static void hang(void) {
        sigset_t all;

        (void)sigfillset(&all);
        (void)sigprocmask(SIG_SETMASK, &all, NULL);
        for (;;)
                (void)pause();
}

static void misbehave(const char *where) {
        char hanging[32], crashing[32], printing[32], forking[32];

        (void)snprintf(hanging, sizeof(hanging), "hang-%s", where);
        (void)snprintf(crashing, sizeof(crashing), "crash-%s", where);
        (void)snprintf(printing, sizeof(printing), "print-%s", where);
        (void)snprintf(forking, sizeof(forking), "fork-%s", where);
        if (mode_is(hanging))
                hang();
        if (mode_is(crashing)) {
                (void)signal(SIGSEGV, SIG_DFL);
                (void)raise(SIGSEGV);
        }
        if (mode_is(printing)) {
                (void)puts("2:no,Insert your card, please!");
                (void)fflush(stdout);
        }
        if (mode_is(forking) && fork() == 0)
                hang();
}

static CK_RV card_login(CK_SESSION_HANDLE session, CK_USER_TYPE user, CK_UTF8CHAR *pin,
                        CK_ULONG n) {
        int left = tries_read();
        CK_RV rv;

        misbehave("login");
        if (mode_is("removed"))
                return CKR_DEVICE_REMOVED;
        if (!mode_is("card"))
                return token.real->C_Login(session, user, pin, n);
        if (left == 0)
                return CKR_PIN_LOCKED;

        tries_write(left - 1);
        rv = token.real->C_Login(session, user, pin, n);
        if (rv == CKR_OK)
                tries_write(CARD_TRIES);
        return rv;
}

static CK_RV card_info(CK_SLOT_ID slot, CK_TOKEN_INFO *info) {
        CK_RV rv = token.real->C_GetTokenInfo(slot, info);
        int left = tries_read();

        info->flags &=
                ~(CK_FLAGS)(CKF_USER_PIN_COUNT_LOW | CKF_USER_PIN_FINAL_TRY | CKF_USER_PIN_LOCKED);
        if (mode_is("card"))
                info->flags |= left == 0         ? CKF_USER_PIN_LOCKED :
                               left == 1         ? CKF_USER_PIN_FINAL_TRY :
                               left < CARD_TRIES ? CKF_USER_PIN_COUNT_LOW :
                                                   0;
        return rv;
}

static CK_RV card_sign(CK_SESSION_HANDLE session, CK_BYTE *data, CK_ULONG n, CK_BYTE *signature,
                       CK_ULONG *n_signature) {
        CK_RV rv;

        misbehave("sign");
        rv = token.real->C_Sign(session, data, n, signature, n_signature);
        if (mode_is("lie") && signature && rv == CKR_OK)
                signature[*n_signature / 2] ^= 1;
        return rv;
}

_export_ CK_RV C_GetFunctionList(CK_FUNCTION_LIST **ret);

_export_ CK_RV C_GetFunctionList(CK_FUNCTION_LIST **ret) {
        CK_RV (*get)(CK_FUNCTION_LIST **);
        char path[512];
        Dl_info here;
        void *library;

        if (!dladdr((void *)&C_GetFunctionList, &here) || !here.dli_fname ||
            strlen(here.dli_fname) >= sizeof(token.folder))
                return CKR_GENERAL_ERROR;
        (void)snprintf(token.folder, sizeof(token.folder), "%s", here.dli_fname);
        *strrchr(token.folder, '/') = '\0';
        word_read("mode", token.mode, sizeof(token.mode));
        misbehave("load");

        path_make("softhsm2.conf", path, sizeof(path));
        (void)setenv("SOFTHSM2_CONF", path, 1);
        library = dlopen(SOFTHSM, RTLD_NOW | RTLD_LOCAL);
        get = library ? (CK_RV(*)(CK_FUNCTION_LIST **))dlsym(library, "C_GetFunctionList") : NULL;
        if (!get || get(&token.real) != CKR_OK)
                return CKR_GENERAL_ERROR;

        token.list = *token.real;
        token.list.C_Login = card_login;
        token.list.C_GetTokenInfo = card_info;
        token.list.C_Sign = card_sign;
        *ret = &token.list;
        return CKR_OK;
}
