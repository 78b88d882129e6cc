/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Web: what all pages for people share: the browser's session, forms that only our own pages can
 * send, and the frame around every page
 *
 * Cookies: "__Host-itax" the session (model-web.h; Secure, HttpOnly, SameSite=Lax, Path=/), "lang" zh
 * or en. A browser gets a session with the first POST form that it is shown, with the first flow or
 * login a row in the store, and a new value at login and logout (no fixation, RFC 6265 section 8.4).
 *
 * Forms carry "csrf", a keyed hash of the session; a POST also needs Origin or Sec-Fetch-Site of
 * ours. auth_admit() checks both before a handler runs. */

#include "backend/html.h"
#include "backend/http.h"

#define WEB_PAGE_BYTES_MAX 262144

/** web_begin() - initialise @html, then doctype to the opened <main>, with title, language switch,
 * the link to who is logged in, and the style sheet
 * @title_chinese: of the window; <h1> is for the page to write
 * @script: NULL or the name of one of web/'s scripts, e.g. "keyboard.js"; left out when there is
 *   none. Several: web_script().
 *
 * @html is released by web_answer(), or by html_done(). */
void web_begin(Request *request, Html *html, const char *title_chinese, const char *title_english,
               const char *script);

/** web_script() - one more script, anywhere in <main> */
void web_script(Html *html, const char *name);

/** web_form() - <form method=post action=@action> with its csrf field; gives the browser a session
 * if it has none. Close it with </form>. */
void web_form(Request *request, Html *html, const char *action);

/** web_answer() - close the page and answer with it */
void web_answer(Request *request, unsigned status, Html *html);

/** web_redirect() - 303 See Other to a path of ours */
void web_redirect(Request *request, const char *path);

/** web_redirect_login() - to /login, which comes back to this request's path */
void web_redirect_login(Request *request);

/** web_path_is_ours() - may a person be sent to @path (it begins with '/', there is such a page)? */
bool web_path_is_ours(const char *path);

/** web_language() - read the language of a request: ?lang=, the cookie, Chinese unless the browser
 * asks for languages without it. For http.c. */
void web_language(Request *request);

/** web_notice() - a whole page of a heading and a paragraph, with a link back to @path (NULL: none) */
void web_notice(Request *request, unsigned status, const char *title_chinese,
                const char *title_english, const char *chinese, const char *english,
                const char *path);

/** web_error() - the message above a form, read out by screen readers (role=alert) */
void web_error(Html *html, const char *chinese, const char *english);

/** web_time() - a moment, in the server's time zone */
void web_time(Html *html, int64_t seconds);

/* The steps of a flow over several pages, kept by the server for this browser. */

/** web_flow_get() - a form-encoded text that web_flow_set() kept for this @flow ("register", "reset");
 * empty form when there is none. Return: 0 or -errno. */
int web_flow_get(Request *request, const char *flow, Form *ret);

/** web_flow_set() - keep @form for this browser; NULL ends the flow. In the caller's transaction.
 * Return: 0 or -errno. */
int web_flow_set(Request *request, const char *flow, const Form *form);

/** web_session() - request->web has a cookie afterwards; a new one goes out with the answer. Return: 0
 * or -errno. */
int web_session(Request *request);

/** web_login() - this browser is this person now: new session value; the old one is void. In the
 * caller's transaction. Return: 0 or -errno. */
int web_login(Request *request, const char *account_id);

/** web_logout_all() - void all browser sessions of an account, in the caller's transaction */
int web_logout_all(Store *store, const char *account_id);
