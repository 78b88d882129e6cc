/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Assets: the style sheet and scripts of the pages, part of the program
 *
 * Every backend/web/NAME.css and NAME.js is served as /s/NAME.css and /s/NAME.js. */

#include <stddef.h>

#define ASSET_TAG_BYTES 16

typedef struct Asset {
        const char *name;
        const unsigned char *data;
        size_t n;
} Asset;

/* made by mk/embed from what stands in backend/web/ */
extern const Asset asset_files[];
extern const size_t n_asset_files;

/** asset_find() - NULL when there is none of this name */
const Asset *asset_find(const char *name);

/** asset_type() - its media type */
const char *asset_type(const Asset *asset);

/** asset_tag() - a fingerprint of its content: part of its address, so that a browser never mixes an
 * old one with a new page. Return: 0 or -errno. */
int asset_tag(const Asset *asset, char ret[static ASSET_TAG_BYTES + 1]);
