# SPDX-License-Identifier: LGPL-2.1-or-later
# make lint: warnings of both compilers, static analysis, layers, and what else can be judged without running.
# Each check is first shown what it must find; one that no longer finds it fails as well.

LINT_CHECKS = layers limits words scripts openapi
LINT_TOOLS  = gcc clang gcc-analyzer cppcheck clang-tidy

.PHONY: lint
lint: export LINT_CPPFLAGS = $(ALL_CPPFLAGS)
lint: export LINT_CFLAGS = $(CSTD) $(WARNINGS) $(HARDEN)
lint: $(BUILD)/pam_itax.so $(call objects,$(filter daemon/core/%,$(SRC_DAEMON))) ## warnings, static analysis, layers
	@tests/lint/lint $(BUILD) "$(LINT_CHECKS)" "$(LINT_TOOLS)"
