# SPDX-License-Identifier: LGPL-2.1-or-later
# tests/pam: the module under the real libpam. Two variants of it are linked, each of the objects that
# make pam_itax.so: one finds the calls of client.h in the test program, the other a bus of its own.

# A sanitizer brings its own allocators: they cannot be made to fail, and they keep what was freed.
PAM_TEST_PLAIN := tests/pam/test-faults.c tests/pam/test-memory.c
PAM_TEST_SRC := $(filter-out $(if $(filter 1,$(SAN)),$(PAM_TEST_PLAIN)),$(wildcard tests/pam/test-*.c))
PAM_TESTS := $(patsubst tests/pam/%.c,$(BUILD)/pamtest/%,$(PAM_TEST_SRC))
PAM_TEST_HELP := $(call objects,tests/pam/harness.c tests/pam/script.c tests/pam/box.c pam_module/codes.c pam_module/options.c)
PAM_TEST_MODULES := $(addprefix $(BUILD)/pamtest/pam_itax_,scripted.so place.so neighbour.so)

define pam_test_module
	@mkdir -p $(@D)
	$(CC) -shared -Wl,--version-script=pam_module/pam_itax.map $(ALL_LDFLAGS) -o $@ $(filter %.o %.a,$^) $(LIBS_MODULE)
endef
$(BUILD)/pamtest/pam_itax_scripted.so: $(call objects,$(SRC_MODULE) lib/client/show.c) $(LIB_COMMON); $(pam_test_module)
$(BUILD)/pamtest/pam_itax_place.so: $(call objects,$(SRC_MODULE) tests/pam/place.c) $(LIB_CLIENT) $(LIB_COMMON); $(pam_test_module)
$(BUILD)/pamtest/pam_itax_neighbour.so: $(call objects,tests/pam/neighbour.c)
	@mkdir -p $(@D)
	$(CC) -shared $(ALL_LDFLAGS) -o $@ $^ -lpam

$(BUILD)/pamtest/test-%: $(BUILD)/obj/tests/pam/test-%.o $(PAM_TEST_HELP) $(LIB_COMMON) | $(PAM_TEST_MODULES)
	@mkdir -p $(@D)
	$(CC) -pie -rdynamic $(ALL_LDFLAGS) -o $@ $(filter %.o %.a,$^) $(LIBS_MODULE) $(shell $(PKG) --libs cmocka)

.PHONY: pamtest
pamtest: $(PAM_TESTS) ## build the tests of the module under libpam
