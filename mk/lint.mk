# SPDX-License-Identifier: LGPL-2.1-or-later
# make lint: warnings of both compilers, static analysis, layers, and what else can be judged without running.
# Each check is first shown what it must find; one that no longer finds it fails as well. LINT_TOOLS= leaves
# out the compilers and analysers, which take a minute and much room; that is how make check calls it.

LINT_CHECKS = layers limits words messages scripts openapi manual samples units packages
LINT_TOOLS  = gcc clang gcc-analyzer cppcheck clang-tidy

.PHONY: lint
lint: export LINT_CPPFLAGS = $(ALL_CPPFLAGS)
lint: export LINT_CFLAGS = $(CSTD) $(WARNINGS) $(HARDEN)
lint: ## warnings of gcc and clang, static analysis, layers, scripts, the API description
	@packaging/install-deps build lint $(if $(LINT_TOOLS),analysis)
	@$(MAKE) -s $(BUILD)/pam_itax.so $(call objects,$(filter daemon/core/%,$(SRC_DAEMON)))
	@tests/lint/lint $(BUILD) "$(LINT_CHECKS)" "$(LINT_TOOLS)"
