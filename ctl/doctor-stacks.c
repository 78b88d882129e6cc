/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Doctor stacks: what can be said of a service without running its stacks. */

#include <errno.h>
#include <string.h>

#include "ctl/doctor.h"

static const Check check_of_fault[_STACK_FAULT_MAX] = {
        [STACK_NO_KIND] = CHECK_NO_KIND,       [STACK_NO_CONTROL] = CHECK_NO_CONTROL,
        [STACK_BAD_CONTROL] = CHECK_BAD_CONTROL, [STACK_NO_MODULE] = CHECK_NO_MODULE,
        [STACK_NO_FILE] = CHECK_NO_INCLUDE,    [STACK_TOO_DEEP] = CHECK_TOO_DEEP,
        [STACK_TOO_LONG] = CHECK_TOO_LONG,     [STACK_UNFINISHED] = CHECK_UNFINISHED,
};

static void examine_line(Report *report, const StackLine *line, StackKind kind) {
        const char *word;

        if (line->form != STACK_MODULE)
                return;
        if (module_role(line, kind) == ROLE_ITAX) {
                word = module_option_fault(line);
                if (word)
                        report_add(report, CHECK_OPTION, line->file, line->line, word);
                if (module_is_missing(report->root, line->module))
                        report_add(report, CHECK_ITAX_MISSING, line->file, line->line, line->module);
        } else if (!line->is_quiet && module_is_missing(report->root, line->module))
                report_add(report, CHECK_MODULE_MISSING, line->file, line->line, line->module);
}

int doctor_service(Report *report, const StackService *service) {
        for (size_t i = 0; i < service->n_remarks; i++)
                report_add(report, check_of_fault[service->remarks[i].fault], service->remarks[i].file, service->remarks[i].line,
                           service->remarks[i].text);
        for (size_t i = 0; i < service->n_files; i++) {
                const int r = doctor_file(report, service->files[i]);

                if (r < 0)
                        return r;
        }
        for (StackKind kind = 0; kind < _STACK_KIND_MAX; kind++)
                for (size_t i = 0; i < service->stacks[kind].n; i++)
                        examine_line(report, &service->stacks[kind].lines[i], kind);
        return service->is_closed ? 0 : doctor_answers(report, service);
}
