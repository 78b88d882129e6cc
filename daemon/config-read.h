/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Config read: the files of a configuration, line by line; private to daemon/config*.c */

#include <libintl.h>

#include "daemon/config-keys.h"

#define CONFIG_SERVICES_MAX 64U

/* For xgettext. Problems are English in the log; who checks a configuration by hand reads his own language. */
#define N_(text) text

/* One reading of all files. Of a new one .report, .userdata, .config and .path are set. */
typedef struct Reading {
        const char *path; /* of the file at hand */
        char *text;
        size_t n, at;
        unsigned line, n_files;
        bool is_open; /* the line should give a key, and has not yet */
        bool is_bad;
        int error;
        ConfigReportFn report;
        void *userdata;
        Config *config;
        uint64_t seen[CONFIG_SERVICES_MAX + 1]; /* keys given in this file, a bit each; [0] outside of services */
} Reading;

/** reading_problem() - tell what is wrong; @format is looked up in the language. @line 0: in no line */
void reading_problem(Reading *reading, unsigned line, const char *format, ...) _printf_(3, 4);

/**
 * reading_take() - read one more file; what it says holds over what others said before, key by key
 * @path: for reports
 * @text: is changed; a NUL byte stands behind it
 *
 * Return: 0, also where it was bad, or a negative errno.
 */
int reading_take(Reading *reading, const char *path, char *text, size_t n);

/** reading_given() - was the key given, well or not, outside of a service? */
bool reading_given(const Reading *reading, const char *section, const char *name);
