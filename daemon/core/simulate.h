/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Simulate: what would a unit need, if somebody logged in for it? (itaxctl policy simulate)
 *
 * Pure, and no rule of its own: it reads the tables that the verdict reads (login-verdict.c).
 * Whether the platform has a relation, a password or a certificate is not known here; it says what
 * would be admitted. */

#include <stdbool.h>

#include "daemon/core/login.h"

typedef struct Simulation {
        Phase phase;
        LoginMethod method;
        UnitPolicy unit_policy;
        const char *fixed_unit;           /* set by the administrator, NULL for none */
        const char *const *units_allowed; /* NULL at the end; NULL: all */
        const char *unit;                 /* in question; NULL for whichever unit */
} Simulation;

typedef struct SimulationResult {
        bool unit_needed;  /* without a unit nobody gets in; with UNIT_ASK only who has none does */
        bool unit_allowed; /* this unit may be chosen here */
        /* What would prove it; all false where it may not be chosen, or none is asked for. */
        bool relation, declaration_password, certificate;
        bool unit_login;   /* the old login, by code and declaration password alone */
} SimulationResult;

void simulate(const Simulation *simulation, SimulationResult *ret);
