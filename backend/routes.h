/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Routes: every path of doc/platform-api.yaml, and the pages for people */

#include "backend/http.h"

/**
 * route_find() - who answers
 * @ret_parameter: what stood for '*', at most REQUEST_PARAMETER_BYTES
 * @ret_allow: method that the path has instead; NULL when there is no such path
 *
 * Return: the route, or NULL.
 */
const Route *route_find(const char *method, const char *path, char *ret_parameter,
                        const char **ret_allow);

/* api-meta.c */
void api_metadata(Request *request);
void api_health(Request *request);
/* api-challenge.c */
void api_challenge(Request *request);
/* api-token.c */
void api_token(Request *request);
void api_userinfo(Request *request);
void api_revoke(Request *request);
/* api-device.c */
void api_device(Request *request);
/* api-unit.c */
void api_units(Request *request);
void api_verification(Request *request);
/* api-certificate.c */
void api_unit_challenge(Request *request);
/* api-account.c */
void api_password(Request *request);
/* api-app.c */
void api_app_show(Request *request);
void api_app_scan(Request *request);
void api_app_confirm(Request *request);
void api_app_refuse(Request *request);
/* assets.c */
void page_asset(Request *request);
/* page-login.c */
void page_login(Request *request);
void page_login_try(Request *request);
void page_logout(Request *request);
/* page-me.c */
void page_me(Request *request);
void page_me_end(Request *request);
/* page-forgot.c */
void page_forgot_password(Request *request);
void page_forgot_identity(Request *request);
void page_forgot_code(Request *request);
void page_forgot_set(Request *request);
/* page-unit.c */
void page_forgot_declaration(Request *request);
void page_unit(Request *request);
void page_unit_grant(Request *request);
void page_unit_revoke(Request *request);
/* page-declaration.c */
void page_unit_password(Request *request);
/* page-register.c */
void page_register(Request *request);
void page_register_consent(Request *request);
void page_register_identity(Request *request);
void page_register_contact(Request *request);
void page_register_again(Request *request);
void page_register_account(Request *request);
/* page-device.c */
void page_device(Request *request);
void page_device_typed(Request *request);
void page_device_scan(Request *request);
void page_device_confirm(Request *request);
void page_device_refuse(Request *request);
/* pages.c */
void page_home(Request *request);
void page_app(Request *request);
