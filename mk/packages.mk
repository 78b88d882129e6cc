# SPDX-License-Identifier: LGPL-2.1-or-later
# Packages from the tree as it is: doc/PACKAGES.md tells what is in them and how they are tried.

.PHONY: deb
deb: ## Debian packages into build/deb, judged by lintian
	@packaging/install-deps build package
	@packaging/make-deb $(BUILD)/deb
