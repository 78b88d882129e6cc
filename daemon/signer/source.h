/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Source: the places that keys of units are taken from, looked at before they are used
 *
 * Whoever could change them could have others sign, or run code in the helper. What is there and
 * cannot be trusted is logged here. */

#include <limits.h>

/**
 * source_file() - open the file of a unit
 * @folder: may be NULL
 * @ret: descriptor of FOLDER/UNIT.p12, so that what was judged is what is read
 *
 * Return: 0; -ENOENT when there is none (or @unit is no unit code); another negative errno when
 * there is one that cannot be used.
 */
int source_file(const char *folder, const char *unit, int *ret);

/** source_module() - path of the file that @module leads to. Return: 0 or a negative errno. */
int source_module(const char *module, char ret[PATH_MAX]);
