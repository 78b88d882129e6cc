# SPDX-License-Identifier: LGPL-2.1-or-later
# pam_itax: the only build file. `make help` lists the targets.

VERSION = 0.1.0
PREFIX ?= /usr
SYSCONFDIR ?= /etc
MULTIARCH := $(shell $(CC) -print-multiarch 2>/dev/null)
PAMDIR ?= $(PREFIX)/lib/$(if $(MULTIARCH),$(MULTIARCH)/)security
ifeq ($(SAN),1)
BUILD ?= build/san
else ifeq ($(COVERAGE),1)
BUILD ?= build/coverage
else
BUILD ?= build
endif

.DEFAULT_GOAL := all
include mk/flags.mk

# `make V=1` shows whole commands; otherwise a line a file.
Q = $(if $(V),,@)
say = $(if $(V),@:,@printf '  %-7s %s\n')

PKG = pkg-config
# The one library whose headers stand in a folder of their own.
PQ_CPPFLAGS := $(shell $(PKG) --cflags libpq 2>/dev/null)
ALL_CPPFLAGS += $(PQ_CPPFLAGS)
# The one place where libraries are named, a line each for whom.
LIBS_MODULE  = -lpam $(shell $(PKG) --libs libsystemd)
LIBS_CTL     = -lpam $(shell $(PKG) --libs libsystemd)
LIBS_DAEMON  = $(shell $(PKG) --libs libsystemd libcurl jansson libcrypto libqrencode libpng inih) -lpthread
LIBS_BACKEND = $(shell $(PKG) --libs libmicrohttpd sqlite3 libpq libcurl jansson libcrypto gdlib inih) -lcrypt -lm -lpthread
LIBS_SIGNER  = $(shell $(PKG) --libs libp11 libcrypto)
LIBS_TEST    = $(shell $(PKG) --libs cmocka libssl) $(LIBS_DAEMON) $(LIBS_BACKEND) -lpam

sources = $(sort $(foreach d,$(1),$(wildcard $(d)/*.c)))
objects = $(patsubst %.c,$(BUILD)/obj/%.o,$(1))

SRC_COMMON  := $(call sources,lib/common)
SRC_CLIENT  := $(call sources,lib/client)
SRC_WIRE    := $(call sources,lib/wire)
SRC_MODULE  := $(call sources,pam_module)
SRC_DAEMON  := $(call sources,daemon daemon/core daemon/bus daemon/platform daemon/render daemon/directory daemon/signer)
SRC_BACKEND := $(call sources,backend)
SRC_CTL     := $(call sources,ctl)
SRC_SIGNER  := $(call sources,signer)
# A sanitizer brings its own allocators, which cannot be made to fail.
UNIT_PLAIN  := tests/unit/test-no-memory.c tests/unit/test-signer-memory.c
SRC_UNIT    := $(filter-out $(if $(filter 1,$(SAN)),$(UNIT_PLAIN)),$(call sources,tests/unit))

LIB_COMMON  = $(BUILD)/lib/libcommon.a
LIB_CLIENT  = $(BUILD)/lib/libclient.a
LIB_WIRE    = $(BUILD)/lib/libwire.a
LIB_DAEMON  = $(BUILD)/lib/libdaemon.a
LIB_BACKEND = $(BUILD)/lib/libbackend.a
LIB_CTL     = $(BUILD)/lib/libctl.a

PROGRAMS = $(BUILD)/pam_itax.so $(BUILD)/itaxd $(BUILD)/itax-backend $(BUILD)/itaxctl $(BUILD)/itax-sign
UNIT_TESTS = $(patsubst tests/unit/test-%.c,$(BUILD)/unit/test-%,$(filter tests/unit/test-%.c,$(SRC_UNIT)))

.PHONY: all
all: $(PROGRAMS) ## build everything into build/

$(BUILD)/obj/%.o: %.c
	@mkdir -p $(@D)
	$(say) CC $<
	$(Q)$(CC) $(ALL_CPPFLAGS) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

define archive
	@mkdir -p $(@D)
	@rm -f $@
	$(say) AR $@
	$(Q)$(AR) rcsD $@ $^
endef
$(LIB_COMMON): $(call objects,$(SRC_COMMON)); $(archive)
$(LIB_CLIENT): $(call objects,$(SRC_CLIENT)); $(archive)
$(LIB_WIRE): $(call objects,$(SRC_WIRE)); $(archive)
$(LIB_DAEMON): $(call objects,$(filter-out daemon/main.c,$(SRC_DAEMON))); $(archive)
$(LIB_CTL): $(call objects,$(filter-out ctl/main.c,$(SRC_CTL))); $(archive)
$(LIB_BACKEND): $(call objects,$(filter-out backend/main.c,$(SRC_BACKEND))) $(BUILD)/obj/web-files.o; $(archive)

# Style sheet and scripts of the pages, as a table in C. The list of names is a file of its own, so that
# one that is taken away counts as a change.
WEB_FILES := $(sort $(wildcard backend/web/*.css backend/web/*.js))
$(BUILD)/obj/web-files.list: FORCE
	@mkdir -p $(@D)
	@echo '$(WEB_FILES)' | cmp -s - $@ || echo '$(WEB_FILES)' >$@
.PHONY: FORCE
$(BUILD)/obj/web-files.c: $(WEB_FILES) $(BUILD)/obj/web-files.list mk/embed
	$(say) EMBED $@
	$(Q)mk/embed $(WEB_FILES) >$@.new && mv $@.new $@
$(BUILD)/obj/web-files.o: $(BUILD)/obj/web-files.c
	$(say) CC $<
	$(Q)$(CC) $(ALL_CPPFLAGS) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

$(BUILD)/pam_itax.so: $(call objects,$(SRC_MODULE)) $(LIB_CLIENT) $(LIB_COMMON) pam_module/pam_itax.map
	$(say) LINK $@
	$(Q)$(CC) -shared -Wl,--version-script=pam_module/pam_itax.map $(if $(filter 1,$(SAN)),,-Wl,-z,defs) $(ALL_LDFLAGS) \
		-o $@ $(filter %.o %.a,$^) $(LIBS_MODULE)
$(BUILD)/itaxd: $(BUILD)/obj/daemon/main.o $(LIB_DAEMON) $(LIB_WIRE) $(LIB_COMMON)
	$(say) LINK $@
	$(Q)$(CC) -pie $(ALL_LDFLAGS) -o $@ $^ $(LIBS_DAEMON)
$(BUILD)/itax-backend: $(BUILD)/obj/backend/main.o $(LIB_BACKEND) $(LIB_WIRE) $(LIB_COMMON)
	$(say) LINK $@
	$(Q)$(CC) -pie $(ALL_LDFLAGS) -o $@ $^ $(LIBS_BACKEND)
$(BUILD)/itaxctl: $(BUILD)/obj/ctl/main.o $(LIB_CTL) $(LIB_CLIENT) $(LIB_COMMON)
	$(say) LINK $@
	$(Q)$(CC) -pie $(ALL_LDFLAGS) -o $@ $^ $(LIBS_CTL)

$(BUILD)/itax-sign: $(call objects,$(SRC_SIGNER)) $(LIB_COMMON)
	$(say) LINK $@
	$(Q)$(CC) -pie $(ALL_LDFLAGS) -o $@ $^ $(LIBS_SIGNER)

# Objects that only a pattern asks for are kept, or every run would compile them again.
.SECONDARY:

# A unit test may use any part; the linker takes from the archives what it needs.
UNIT_HELP = $(call objects,$(filter-out tests/unit/test-%.c,$(SRC_UNIT)))
$(BUILD)/unit/test-%: $(BUILD)/obj/tests/unit/test-%.o $(UNIT_HELP) \
		$(LIB_DAEMON) $(LIB_BACKEND) $(LIB_CLIENT) $(LIB_WIRE) $(LIB_COMMON)
	@mkdir -p $(@D)
	$(say) LINK $@
	$(Q)$(CC) -pie $(ALL_LDFLAGS) -o $@ $(filter %.o,$^) -Wl,--start-group $(filter %.a,$^) -Wl,--end-group $(LIBS_TEST)
# Those of itaxctl are linked as it is: it has names that a library and the platform have too.
$(BUILD)/unit/test-ctl-%: $(BUILD)/obj/tests/unit/test-ctl-%.o $(LIB_CTL) $(LIB_CLIENT) $(LIB_COMMON)
	@mkdir -p $(@D)
	$(say) LINK $@
	$(Q)$(CC) -pie $(ALL_LDFLAGS) -o $@ $^ $(LIBS_CTL) $(shell $(PKG) --libs cmocka)

.PHONY: unit
unit: $(UNIT_TESTS) ## build the unit tests

.PHONY: clean
clean: ## remove what was built
	rm -rf $(BUILD)

.PHONY: help
help: ## list the targets
	@sed -nE 's/^([a-z-]+):.*## /\1\t/p' Makefile mk/*.mk | sort | expand -t 14

-include $(shell find $(BUILD)/obj -name '*.d' 2>/dev/null)
-include mk/test.mk mk/pam-tests.mk mk/install.mk mk/lang.mk mk/lint.mk mk/fuzz.mk mk/bench.mk
