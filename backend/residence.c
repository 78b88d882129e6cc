/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <string.h>

#include "backend/residence-table.h"
#include "backend/residence.h"

#define STEP_DIGITS 2

const char *residence_name(const char *code) {
        for (size_t i = 0; code && i < ELEMENTSOF(places); i++)
                if (strcmp(places[i].code, code) == 0)
                        return places[i].name;
        return NULL;
}

const char *residence_next(const char *parent, const char *place) {
        size_t n = strlen(parent);

        for (size_t i = 0; i < ELEMENTSOF(places); i++)
                if (strlen(places[i].code) == n + STEP_DIGITS &&
                    strncmp(places[i].code, parent, n) == 0 &&
                    (!place || strcmp(places[i].code, place) > 0))
                        return places[i].code;
        return NULL;
}
