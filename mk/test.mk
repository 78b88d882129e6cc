# SPDX-License-Identifier: LGPL-2.1-or-later
# Trying and testing. What a target needs is installed first; nothing happens when it is there.

.PHONY: demo
demo: ## log in at a real login program, in a private copy of this machine
	@packaging/install-deps build lab
	@$(MAKE) -s -j$(shell nproc) all
	@tests/lab/demo

.PHONY: check
check: ## build and run every test
	@packaging/install-deps build lab tour test clients lint
	@tests/run

.PHONY: security
security: ## every acceptance check with its tests, and how they came out
	@packaging/install-deps build lab tour test clients lint
	@tests/security

.PHONY: mutants
mutants: ## break each promise once, and see that a test notices
	@packaging/install-deps build test
	@tests/mutants/run

# A program of our own in the place of a PAM application: exact codes and messages, one JSON object a line.
$(BUILD)/pam-try: $(BUILD)/obj/tests/e2e/pam-try.o
	$(CC) -pie $(ALL_LDFLAGS) -o $@ $^ -lpam

# A token for the signer's test, which can be told to hang, crash and lock; the test runs the real helper.
$(BUILD)/test-token.so: $(BUILD)/obj/tests/token/token.o
	$(say) LINK $@
	$(Q)$(CC) -shared $(ALL_LDFLAGS) -o $@ $^ -ldl
$(BUILD)/unit/test-signer: | $(BUILD)/itax-sign $(BUILD)/test-token.so

.PHONY: test-programs
test-programs:
	@printf '%s\n' $(UNIT_TESTS) $(PAM_TESTS)
