# SPDX-License-Identifier: LGPL-2.1-or-later
# Installing: programs, configuration that is not there yet, what bus and systemd read. Users are made by
# sysusers (systemd-sysusers $(SYSUSERSDIR)/itaxd.conf) or by the package, never here.

SBINDIR      ?= $(PREFIX)/sbin
BINDIR       ?= $(PREFIX)/bin
LIBEXECDIR   ?= $(PREFIX)/libexec/itax
DATADIR      ?= $(PREFIX)/share
DBUSDIR      ?= $(DATADIR)/dbus-1
UNITDIR      ?= $(PREFIX)/lib/systemd/system
SYSUSERSDIR  ?= $(PREFIX)/lib/sysusers.d
TMPFILESDIR  ?= $(PREFIX)/lib/tmpfiles.d
ZSHDIR       ?= $(DATADIR)/zsh/vendor-completions
EXAMPLEDIR   ?= $(DATADIR)/doc/pam_itax/examples
MANDIR       ?= $(DATADIR)/man
MAN_PAGES    := $(wildcard doc/man/*.[0-9])

INSTALL      ?= install
INSTALL_PROGRAM = $(INSTALL) -D -m 0755
INSTALL_DATA    = $(INSTALL) -D -m 0644

# $(call install_filled,FROM,TO): what names the place of the programs
define install_filled
	sed -e 's|@PREFIX@|$(PREFIX)|g' $(1) >$(BUILD)/$(notdir $(1)).filled
	$(INSTALL_DATA) $(BUILD)/$(notdir $(1)).filled $(DESTDIR)$(2)
	@rm -f $(BUILD)/$(notdir $(1)).filled
endef

# $(call install_kept,FROM,TO): what the administrator may have written already
define install_kept
	test -e $(DESTDIR)$(2) || $(INSTALL_DATA) $(1) $(DESTDIR)$(2)
endef

.PHONY: install
install: install-programs install-conf install-services install-man install-completion ## install; DESTDIR, PREFIX and SYSCONFDIR are honoured

.PHONY: install-programs
install-programs: all
	$(INSTALL_PROGRAM) $(BUILD)/itaxd $(DESTDIR)$(SBINDIR)/itaxd
	$(INSTALL_PROGRAM) $(BUILD)/itax-backend $(DESTDIR)$(SBINDIR)/itax-backend
	$(INSTALL_PROGRAM) $(BUILD)/itaxctl $(DESTDIR)$(BINDIR)/itaxctl
	$(INSTALL_PROGRAM) $(BUILD)/itax-sign $(DESTDIR)$(LIBEXECDIR)/itax-sign
	$(INSTALL_DATA) $(BUILD)/pam_itax.so $(DESTDIR)$(PAMDIR)/pam_itax.so

.PHONY: install-conf
install-conf:
	@mkdir -p $(BUILD)
	$(call install_kept,conf/itaxd.conf,$(SYSCONFDIR)/itax/itaxd.conf)
	$(call install_kept,conf/users,$(SYSCONFDIR)/itax/users)
	$(call install_kept,conf/logrotate/itaxd,$(SYSCONFDIR)/logrotate.d/itaxd)
	$(call install_kept,conf/itax-backend.default,$(SYSCONFDIR)/default/itax-backend)
	$(INSTALL_DATA) -t $(DESTDIR)$(EXAMPLEDIR) conf/itaxd.conf conf/users conf/systemd/itax-provision.tmpfiles
	$(INSTALL_DATA) -t $(DESTDIR)$(EXAMPLEDIR)/pam.d $(wildcard conf/pam.d/*)

# Where the shells look for them by themselves.
.PHONY: install-completion
install-completion:
	$(INSTALL_DATA) packaging/completion/itaxctl.bash $(DESTDIR)$(DATADIR)/bash-completion/completions/itaxctl
	$(INSTALL_DATA) packaging/completion/_itaxctl $(DESTDIR)$(ZSHDIR)/_itaxctl

.PHONY: install-services
install-services:
	@mkdir -p $(BUILD)
	$(INSTALL_DATA) conf/dbus/org.itax.Auth1.conf $(DESTDIR)$(DBUSDIR)/system.d/org.itax.Auth1.conf
	$(call install_filled,conf/dbus/org.itax.Auth1.service,$(DBUSDIR)/system-services/org.itax.Auth1.service)
	$(call install_filled,conf/systemd/itaxd.service,$(UNITDIR)/itaxd.service)
	$(call install_filled,conf/systemd/itax-backend.service,$(UNITDIR)/itax-backend.service)
	$(foreach name,itaxd itax-backend, \
		$(INSTALL_DATA) conf/systemd/$(name).sysusers $(DESTDIR)$(SYSUSERSDIR)/$(name).conf && \
		$(INSTALL_DATA) conf/systemd/$(name).tmpfiles $(DESTDIR)$(TMPFILESDIR)/$(name).conf &&) true

# A page goes into the folder of its section.
.PHONY: install-man
install-man:
	$(foreach page,$(MAN_PAGES),$(INSTALL_DATA) $(page) \
		$(DESTDIR)$(MANDIR)/man$(subst .,,$(suffix $(page)))/$(notdir $(page)) &&) true

.PHONY: uninstall
uninstall: ## remove what install put there, but for the configuration
	rm -f $(DESTDIR)$(SBINDIR)/itaxd $(DESTDIR)$(SBINDIR)/itax-backend $(DESTDIR)$(BINDIR)/itaxctl \
		$(DESTDIR)$(LIBEXECDIR)/itax-sign $(DESTDIR)$(PAMDIR)/pam_itax.so \
		$(DESTDIR)$(DBUSDIR)/system.d/org.itax.Auth1.conf \
		$(DESTDIR)$(DBUSDIR)/system-services/org.itax.Auth1.service \
		$(DESTDIR)$(UNITDIR)/itaxd.service $(DESTDIR)$(UNITDIR)/itax-backend.service \
		$(foreach name,itaxd itax-backend,$(DESTDIR)$(SYSUSERSDIR)/$(name).conf $(DESTDIR)$(TMPFILESDIR)/$(name).conf)
	rm -f $(foreach page,$(MAN_PAGES),$(DESTDIR)$(MANDIR)/man$(subst .,,$(suffix $(page)))/$(notdir $(page)))
	rm -f $(DESTDIR)$(DATADIR)/bash-completion/completions/itaxctl $(DESTDIR)$(ZSHDIR)/_itaxctl
	rm -rf $(DESTDIR)$(EXAMPLEDIR)

include mk/packages.mk
