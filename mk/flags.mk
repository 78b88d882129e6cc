# SPDX-License-Identifier: LGPL-2.1-or-later
# Compiler and linker flags, each group with its reason.

CSTD     = -std=gnu11

# What the house style asks for; an error everywhere, so that no warning is ever grown used to.
WARNINGS = -Wall -Wextra -Wshadow -Wformat=2 -Wformat-security -Wundef -Wvla -Wstrict-prototypes \
           -Wmissing-prototypes -Wimplicit-fallthrough -Werror

# Everything becomes position independent, so one object file serves the module and the programs.
# Hidden visibility: the module exports its entry points and nothing else.
HARDEN   = -fPIC -fvisibility=hidden -fstack-protector-strong -fno-strict-aliasing
LDHARDEN = -Wl,-z,relro -Wl,-z,now -Wl,-z,noexecstack -Wl,--as-needed

# SAN=1 builds into its own folder with the address and undefined-behaviour sanitizers.
# COVERAGE=1 likewise, with line counters.
ifeq ($(SAN),1)
OPT      = -O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=undefined
LDOPT    = -fsanitize=address,undefined
else ifeq ($(COVERAGE),1)
OPT      = -O0 -g --coverage
LDOPT    = --coverage
else
# Set only where neither the distribution nor the packager has set it already.
FORTIFY := $(shell echo | $(CC) $(CFLAGS) $(CPPFLAGS) -O2 -dM -E - 2>/dev/null | grep -q _FORTIFY_SOURCE || echo -D_FORTIFY_SOURCE=2)
OPT      = -O2 -g $(FORTIFY)
LDOPT    =
endif

ALL_CPPFLAGS = -D_GNU_SOURCE -I. -DVERSION='"$(VERSION)"' -DLIBEXECDIR='"$(LIBEXECDIR)"' $(CPPFLAGS)
ALL_CFLAGS   = $(CSTD) $(WARNINGS) $(HARDEN) $(OPT) $(CFLAGS)
ALL_LDFLAGS  = $(LDHARDEN) $(LDOPT) $(LDFLAGS)
