/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Simulate: the tables of the verdict, asked without a login */

#include <string.h>

#include "daemon/core/login-private.h"
#include "daemon/core/simulate.h"

static bool unit_may_be_chosen(const Simulation *simulation) {
        const char *unit = simulation->unit ? simulation->unit : simulation->fixed_unit;

        if (simulation->unit_policy == UNIT_OFF)
                return false;
        if (!unit)
                return true;
        return units_admit(simulation->units_allowed, unit) &&
               (!simulation->fixed_unit || strcmp(simulation->fixed_unit, unit) == 0);
}

void simulate(const Simulation *simulation, SimulationResult *ret) {
        Phase phase = simulation->phase;
        bool allowed = unit_may_be_chosen(simulation);

        *ret = (SimulationResult){
                .unit_needed = simulation->unit_policy == UNIT_REQUIRED ||
                               (simulation->unit_policy == UNIT_ASK && simulation->fixed_unit),
                .unit_allowed = allowed,
                .relation = allowed && phase_admits(phase, PROOF_RELATION),
                .declaration_password = allowed && phase_admits(phase, PROOF_PASSWORD),
                .certificate = allowed && phase_admits(phase, PROOF_CERTIFICATE),
                .unit_login = allowed && phase_admits(phase, PROOF_PASSWORD) &&
                              phase_admits_route(phase, ROUTE_UNIT) &&
                              policy_admits_route(simulation->method, simulation->unit_policy,
                                                  ROUTE_UNIT),
        };
}
