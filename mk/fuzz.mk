# SPDX-License-Identifier: LGPL-2.1-or-later
# Fuzzing: every tests/fuzz/fuzz-NAME.c is one fuzzer, its seeds are in tests/fuzz/corpus/NAME/.
#
# make fuzz         each fuzzer for FUZZ_SECONDS under libFuzzer, ASan and UBSan (clang); what it finds
#                   lies in $(BUILD)/fuzz/found/ and becomes a seed
# make fuzz-replay  the seeds and their small changes, with any compiler and without an engine

FUZZ_SECONDS ?= 30
FUZZ_CC ?= clang
FUZZ_FLAGS = $(CSTD) $(WARNINGS) -fPIC -O1 -g -fno-omit-frame-pointer -fno-strict-aliasing \
             -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=undefined

FUZZERS = $(sort $(patsubst tests/fuzz/fuzz-%.c,%,$(wildcard tests/fuzz/fuzz-*.c)))
FUZZ_DIR = $(BUILD)/fuzz
FUZZ_SRC = $(filter-out %/main.c,$(SRC_COMMON) $(SRC_CLIENT) $(SRC_WIRE) $(SRC_DAEMON) $(SRC_BACKEND))

$(FUZZ_DIR)/obj/%.o: %.c
	@mkdir -p $(@D)
	$(say) CC-FUZZ $<
	$(Q)$(FUZZ_CC) $(ALL_CPPFLAGS) $(FUZZ_FLAGS) -MMD -MP -c -o $@ $<
$(FUZZ_DIR)/libfuzzed.a: $(patsubst %.c,$(FUZZ_DIR)/obj/%.o,$(FUZZ_SRC)); $(archive)
$(FUZZ_DIR)/fuzz-%: $(FUZZ_DIR)/obj/tests/fuzz/fuzz-%.o $(FUZZ_DIR)/libfuzzed.a
	$(say) LINK $@
	$(Q)$(FUZZ_CC) -fsanitize=fuzzer,address,undefined -o $@ $^ $(LIBS_DAEMON) $(LIBS_BACKEND)

$(FUZZ_DIR)/replay-%: $(BUILD)/obj/tests/fuzz/fuzz-%.o $(BUILD)/obj/tests/fuzz/replay.o \
		$(LIB_DAEMON) $(LIB_BACKEND) $(LIB_CLIENT) $(LIB_WIRE) $(LIB_COMMON)
	@mkdir -p $(@D)
	$(say) LINK $@
	$(Q)$(CC) -pie $(ALL_LDFLAGS) -o $@ $(filter %.o,$^) -Wl,--start-group $(filter %.a,$^) -Wl,--end-group $(LIBS_TEST)

.PHONY: fuzz fuzz-replay
fuzz: ## each fuzzer for FUZZ_SECONDS=30 (clang)
	@packaging/install-deps build fuzz
	@$(MAKE) -s $(addprefix $(FUZZ_DIR)/fuzz-,$(FUZZERS))
	@tests/fuzz/run fuzz $(FUZZ_DIR) $(FUZZ_SECONDS) $(FUZZERS)
fuzz-replay: $(addprefix $(FUZZ_DIR)/replay-,$(FUZZERS)) ## the fuzzers' seeds and small changes of them
	@tests/fuzz/run replay $(FUZZ_DIR) 0 $(FUZZERS)

-include $(shell find $(FUZZ_DIR)/obj -name '*.d' 2>/dev/null)
.SECONDARY: $(patsubst %.c,$(BUILD)/obj/%.o,$(wildcard tests/fuzz/*.c)) \
            $(patsubst %.c,$(FUZZ_DIR)/obj/%.o,$(wildcard tests/fuzz/fuzz-*.c))
