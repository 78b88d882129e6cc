# SPDX-License-Identifier: LGPL-2.1-or-later
# Packages from the tree as it is: doc/PACKAGES.md tells what is in them and how they are tried.

.PHONY: deb
deb: ## Debian packages into build/deb, judged by lintian
	@packaging/install-deps build package
	@packaging/make-deb $(BUILD)/deb

.PHONY: rpm
rpm: ## RPM packages into build/rpm (built where the spec's own dependencies are not asked for)
	@packaging/install-deps build package
	@packaging/make-rpm $(BUILD)/rpm

.PHONY: check-packages
check-packages: deb ## install, upgrade, remove and purge them in a fresh Debian 12 (needs a mirror)
	@packaging/test-packages $(BUILD)/deb
