# SPDX-License-Identifier: LGPL-2.1-or-later
# make bench: what a login costs beside the floor, in the lab, and what the platform alone can do;
# tests/bench/bench --help and tests/bench/platform --help tell how.

SRC_BENCH := $(call sources,tests/bench)
LIBS_BENCH = -lpam $(shell $(PKG) --libs libsystemd libcurl) -lcrypt

$(BUILD)/bench-load: $(call objects,$(SRC_BENCH))
	@mkdir -p $(@D)
	$(say) LINK $@
	$(Q)$(CC) -pie $(ALL_LDFLAGS) -o $@ $^ $(LIBS_BENCH)

.PHONY: bench
bench: ## performance beside the floor, one table
	@packaging/install-deps build lab test
	@$(MAKE) -s all $(BUILD)/bench-load
	@ITAX_LAB_BUILD=$(abspath $(BUILD)) tests/bench/bench $(BUILD)/bench-load
	@ITAX_LAB_BUILD=$(abspath $(BUILD)) tests/bench/platform
