# SPDX-License-Identifier: LGPL-2.1-or-later
# Words in other languages: built with the rest, installed where gettext looks, refreshed by
# po-update.

LOCALEDIR  ?= $(PREFIX)/share/locale
PO_DOMAIN   = pam_itax
PO_SOURCES  = daemon/texts.c daemon/check.c daemon/trusted.c daemon/audit-verify.c $(wildcard daemon/config*.c) $(SRC_CTL)
PO_FILES   := $(sort $(wildcard po/*.po))
MO_FILES   := $(patsubst po/%.po,$(BUILD)/locale/%/LC_MESSAGES/$(PO_DOMAIN).mo,$(PO_FILES))

all: $(MO_FILES)

$(BUILD)/locale/%/LC_MESSAGES/$(PO_DOMAIN).mo: po/%.po
	@mkdir -p $(@D)
	msgfmt --check --output-file=$@ $<

# Where the programs look for them, and where the unit test does.
$(BUILD)/obj/daemon/main.o $(BUILD)/obj/ctl/main.o: ALL_CPPFLAGS += -DLOCALEDIR='"$(LOCALEDIR)"'
$(BUILD)/unit/test-texts: | $(MO_FILES)
$(BUILD)/obj/tests/unit/test-texts.o: \
	ALL_CPPFLAGS += -DTEST_LOCALEDIR='"$(abspath $(BUILD))/locale"'

install: install-lang

.PHONY: install-lang
install-lang: $(MO_FILES)
	$(foreach mo,$(MO_FILES),$(INSTALL_DATA) $(mo) \
		$(DESTDIR)$(LOCALEDIR)/$(patsubst $(BUILD)/locale/%,%,$(mo)) &&) true

uninstall: uninstall-lang

.PHONY: uninstall-lang
uninstall-lang:
	rm -f $(patsubst $(BUILD)/locale/%,$(DESTDIR)$(LOCALEDIR)/%,$(MO_FILES))

# The dates that gettext writes into the files are left out: they would change with nothing else.
.PHONY: po-update
po-update: ## gather the texts of the sources into po/, and merge them into the translations
	xgettext --language=C --from-code=UTF-8 --keyword=N_ --keyword=NP_:1,2 --keyword=_ --add-comments \
		--add-location=file --no-wrap --package-name=$(PO_DOMAIN) --foreign-user \
		--output=- $(PO_SOURCES) | \
		sed '/^"POT-Creation-Date:/d' >po/$(PO_DOMAIN).pot
	for po in $(PO_FILES); do msgmerge --quiet --no-wrap --no-fuzzy-matching --update --backup=none \
		$$po po/$(PO_DOMAIN).pot || exit 1; done

# Every message has been read by somebody in both languages, or make lint fails (tests/lint/check-messages).
.PHONY: po-new
po-new: ## show the messages that nobody has reviewed yet
	@tests/lint/check-messages --new .

.PHONY: po-reviewed
po-reviewed: ## take them into po/reviewed.txt: only after reading them aloud
	@tests/lint/check-messages --accept .
