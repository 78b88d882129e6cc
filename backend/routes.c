/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>

#include "backend/routes.h"

static const Route routes[] = {
        { "GET", "/.well-known/oauth-authorization-server",
          "/.well-known/oauth-authorization-server", STYLE_PROBLEM, ACCESS_OPEN, BODY_IGNORED,
          api_metadata },
        { "GET", "/healthz", "/healthz", STYLE_PROBLEM, ACCESS_OPEN, BODY_IGNORED, api_health },
        { "POST", "/oauth2/challenge", "/oauth2/challenge", STYLE_OAUTH, ACCESS_CLIENT, BODY_FORM,
          api_challenge },
        { "POST", "/oauth2/device", "/oauth2/device", STYLE_OAUTH, ACCESS_CLIENT, BODY_FORM,
          api_device },
        { "POST", "/oauth2/token", "/oauth2/token", STYLE_OAUTH, ACCESS_CLIENT, BODY_FORM,
          api_token },
        { "GET", "/oauth2/userinfo", "/oauth2/userinfo", STYLE_PROBLEM, ACCESS_TOKEN, BODY_IGNORED,
          api_userinfo },
        { "POST", "/oauth2/revoke", "/oauth2/revoke", STYLE_OAUTH, ACCESS_CLIENT, BODY_FORM,
          api_revoke },
        { "GET", "/units", "/units", STYLE_PROBLEM, ACCESS_WORKSTATION, BODY_IGNORED, api_units },
        { "POST", "/units/*/verification", "/units/{code}/verification", STYLE_PROBLEM,
          ACCESS_WORKSTATION, BODY_FORM, api_verification },
        { "POST", "/units/*/challenge", "/units/{code}/challenge", STYLE_PROBLEM,
          ACCESS_WORKSTATION, BODY_IGNORED, api_unit_challenge },
        { "POST", "/account/password", "/account/password", STYLE_PROBLEM, ACCESS_WORKSTATION,
          BODY_FORM, api_password },
        { "GET", "/app/device/*", "/app/device/{user_code}", STYLE_PROBLEM, ACCESS_APP,
          BODY_IGNORED, api_app_show },
        { "POST", "/app/device/*/scan", "/app/device/{user_code}/scan", STYLE_PROBLEM, ACCESS_APP,
          BODY_IGNORED, api_app_scan },
        { "POST", "/app/device/*/confirm", "/app/device/{user_code}/confirm", STYLE_PROBLEM,
          ACCESS_APP, BODY_IGNORED, api_app_confirm },
        { "POST", "/app/device/*/refuse", "/app/device/{user_code}/refuse", STYLE_PROBLEM,
          ACCESS_APP, BODY_IGNORED, api_app_refuse },
        /* the picture holds the first in capitals; a camera or a person may make the second of
         * it */
        { "GET", "/Q/*", "/Q/{user_code}", STYLE_PAGE, ACCESS_OPEN, BODY_IGNORED, page_device },
        { "GET", "/q/*", "/Q/{user_code}", STYLE_PAGE, ACCESS_OPEN, BODY_IGNORED, page_device },
        { "POST", "/Q/*/scan", "/Q/{user_code}/scan", STYLE_PAGE, ACCESS_PERSON, BODY_FORM,
          page_device_scan },
        { "POST", "/Q/*/confirm", "/Q/{user_code}/confirm", STYLE_PAGE, ACCESS_PERSON, BODY_FORM,
          page_device_confirm },
        { "POST", "/Q/*/refuse", "/Q/{user_code}/refuse", STYLE_PAGE, ACCESS_PERSON, BODY_FORM,
          page_device_refuse },
        { "GET", "/Q", "/Q", STYLE_PAGE, ACCESS_OPEN, BODY_IGNORED, page_device_typed },
        { "GET", "/q", "/Q", STYLE_PAGE, ACCESS_OPEN, BODY_IGNORED, page_device_typed },
        { "GET", "/s/*", "/s/{name}", STYLE_PROBLEM, ACCESS_OPEN, BODY_IGNORED, page_asset },
        { "GET", "/login", "/login", STYLE_PAGE, ACCESS_OPEN, BODY_IGNORED, page_login },
        { "POST", "/login", "/login", STYLE_PAGE, ACCESS_VISITOR, BODY_FORM, page_login_try },
        { "POST", "/logout", "/logout", STYLE_PAGE, ACCESS_VISITOR, BODY_FORM, page_logout },
        { "GET", "/me", "/me", STYLE_PAGE, ACCESS_PERSON, BODY_IGNORED, page_me },
        { "POST", "/me/end", "/me/end", STYLE_PAGE, ACCESS_PERSON, BODY_FORM, page_me_end },
        { "GET", "/unit/*", "/unit/{code}", STYLE_PAGE, ACCESS_PERSON, BODY_IGNORED, page_unit },
        { "POST", "/unit/*/password", "/unit/{code}/password", STYLE_PAGE, ACCESS_PERSON,
          BODY_FORM, page_unit_password },
        { "POST", "/unit/*/grant", "/unit/{code}/grant", STYLE_PAGE, ACCESS_PERSON, BODY_FORM,
          page_unit_grant },
        { "POST", "/unit/*/revoke", "/unit/{code}/revoke", STYLE_PAGE, ACCESS_PERSON, BODY_FORM,
          page_unit_revoke },
        { "GET", "/", "/", STYLE_PAGE, ACCESS_OPEN, BODY_IGNORED, page_home },
        /* what metadata announces: short, for they are shown as QR codes, in capitals where that
         * makes the picture smaller */
        { "GET", "/r", "/r", STYLE_PAGE, ACCESS_OPEN, BODY_IGNORED, page_register },
        { "GET", "/R", "/r", STYLE_PAGE, ACCESS_OPEN, BODY_IGNORED, page_register },
        { "GET", "/f", "/f", STYLE_PAGE, ACCESS_OPEN, BODY_IGNORED, page_forgot_password },
        { "GET", "/F", "/f", STYLE_PAGE, ACCESS_OPEN, BODY_IGNORED, page_forgot_password },
        { "GET", "/d", "/d", STYLE_PAGE, ACCESS_OPEN, BODY_IGNORED, page_forgot_declaration },
        { "GET", "/D", "/d", STYLE_PAGE, ACCESS_OPEN, BODY_IGNORED, page_forgot_declaration },
        { "GET", "/a", "/a", STYLE_PAGE, ACCESS_OPEN, BODY_IGNORED, page_app },
        { "GET", "/A", "/a", STYLE_PAGE, ACCESS_OPEN, BODY_IGNORED, page_app },
        { "GET", "/register", "/register", STYLE_PAGE, ACCESS_OPEN, BODY_IGNORED, page_register },
        { "POST", "/register", "/register", STYLE_PAGE, ACCESS_VISITOR, BODY_FORM,
          page_register_consent },
        { "POST", "/register/identity", "/register/identity", STYLE_PAGE, ACCESS_VISITOR, BODY_FORM,
          page_register_identity },
        { "POST", "/register/contact", "/register/contact", STYLE_PAGE, ACCESS_VISITOR, BODY_FORM,
          page_register_contact },
        { "POST", "/register/again", "/register/again", STYLE_PAGE, ACCESS_VISITOR, BODY_FORM,
          page_register_again },
        { "POST", "/register/account", "/register/account", STYLE_PAGE, ACCESS_VISITOR, BODY_FORM,
          page_register_account },
        { "GET", "/forgot", "/forgot", STYLE_PAGE, ACCESS_OPEN, BODY_IGNORED,
          page_forgot_password },
        { "POST", "/forgot", "/forgot", STYLE_PAGE, ACCESS_VISITOR, BODY_FORM,
          page_forgot_identity },
        { "POST", "/forgot/code", "/forgot/code", STYLE_PAGE, ACCESS_VISITOR, BODY_FORM,
          page_forgot_code },
        { "POST", "/forgot/password", "/forgot/password", STYLE_PAGE, ACCESS_VISITOR, BODY_FORM,
          page_forgot_set },
        { "GET", "/forgot-password", "/forgot-password", STYLE_PAGE, ACCESS_OPEN, BODY_IGNORED,
          page_forgot_password },
        { "GET", "/forgot-declaration-password", "/forgot-declaration-password", STYLE_PAGE,
          ACCESS_OPEN, BODY_IGNORED, page_forgot_declaration },
        { "GET", "/app", "/app", STYLE_PAGE, ACCESS_OPEN, BODY_IGNORED, page_app },
};

static bool matches(const char *pattern, const char *path, char *ret_parameter) {
        size_t n_before, n;
        const char *star = strchr(pattern, '*');

        ret_parameter[0] = '\0';
        if (!star)
                return strcmp(pattern, path) == 0;

        n_before = (size_t)(star - pattern);
        if (strncmp(pattern, path, n_before) != 0)
                return false;

        path += n_before;
        n = strcspn(path, "/");
        if (n == 0 || n > REQUEST_PARAMETER_BYTES || strcmp(path + n, star + 1) != 0)
                return false;

        memcpy(ret_parameter, path, n);
        ret_parameter[n] = '\0';
        return true;
}

const Route *route_find(const char *method, const char *path, char *ret_parameter,
                        const char **ret_allow) {
        /* RFC 9110 section 9.3.2: as GET, and the library leaves the body out */
        if (strcmp(method, "HEAD") == 0)
                method = "GET";

        *ret_allow = NULL;
        for (size_t i = 0; i < ELEMENTSOF(routes); i++) {
                if (!matches(routes[i].path, path, ret_parameter))
                        continue;
                if (strcmp(routes[i].method, method) == 0)
                        return &routes[i];
                *ret_allow = strcmp(routes[i].method, "GET") == 0 ? "GET, HEAD" : routes[i].method;
        }
        return NULL;
}
