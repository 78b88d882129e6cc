/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>

#include "backend/clock.h"
#include "backend/deed.h"

/* What was not found is held against who looked. */
static int noted(Request *request, const char *account_id, int r) {
        if (r == DEVICE_E_UNKNOWN)
                misses_note(&request->server->misses, account_id, clock_boot_usec());
        return r;
}

static bool blocked(const Request *request, const char *account_id) {
        return misses_blocked(&request->server->misses, account_id, clock_boot_usec());
}

static bool is_for(const DeviceRow *device, const char *account_id) {
        return device->hinted ? strcmp(device->hint_account, account_id) == 0
                              : device->account_id[0] == '\0' ||
                                        strcmp(device->account_id, account_id) == 0;
}

int deed_look(Request *request, const char *account_id, const char *code, DeviceRow *ret) {
        int r;

        if (blocked(request, account_id))
                return DEVICE_E_UNKNOWN;
        r = noted(request, account_id,
                  device_find_user_code(request->server->store, code, request->now, ret));
        /* threats 114: another person's login is told apart from none, and nothing more */
        return r == 0 && !is_for(ret, account_id) ? DEVICE_E_WRONG_PERSON : r;
}

static int run(Store *store, int64_t now, const char *account_id, Deed deed, const char *code,
               DeviceRow *ret, char *ret_digits) {
        switch (deed) {
        case DEED_SCAN:
                return device_scan(store, code, account_id, now, ret);
        case DEED_CONFIRM:
                return device_confirm(store, code, account_id, now, ret, ret_digits);
        case DEED_REFUSE:
                return device_refuse(store, code, account_id, now, ret);
        }
        return DEVICE_E_UNKNOWN;
}

int deed_do(Request *request, const char *account_id, Deed deed, const char *code, DeviceRow *ret,
            char ret_digits[static LIMIT_DIGITS + 1]) {
        _cleanup_(transaction_done) Transaction transaction = {};
        Store *store = request->server->store;
        int r, q;

        *ret = (DeviceRow){};
        ret_digits[0] = '\0';
        if (blocked(request, account_id))
                return DEVICE_E_UNKNOWN;

        r = transaction_begin(store, &transaction);
        if (r < 0)
                return r;
        q = run(store, request->now, account_id, deed, code, ret, ret_digits);
        r = q < 0 ? q : transaction_commit(&transaction);
        if (r < 0) {
                explicit_bzero(ret_digits, LIMIT_DIGITS + 1);
                return r;
        }
        if (q == 0 || q == DEVICE_E_WRONG_PERSON)
                waiters_wake(&request->server->waiters, ret->hash);
        return noted(request, account_id, q);
}
