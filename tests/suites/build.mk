# SPDX-License-Identifier: MIT
# Other projects' tests: CPython's as Debian packs them, with those for sqlite3 from its source; git's, which
# want a git that was built beside them.

SUITES_PYTHON := $(BUILD)/suites/python/test
SUITES_GIT    := $(BUILD)/suites/git/t/helper/test-tool
GIT_WITHOUT   := NO_CURL=1 NO_EXPAT=1 NO_GETTEXT=1 NO_OPENSSL=1 NO_PYTHON=1 NO_TCLTK=1

.PHONY: check-suites

check-suites: all
	@tools/install-packages
	@tools/install-packages tests/suites/packages.txt
	@$(MAKE) --no-print-directory -j2 $(SUITES_PYTHON) $(SUITES_GIT)
	@BUILD=$(BUILD) tests/suites/run $(SUITES)

$(SOURCES)/%/debian/control:
	$(call say,FETCH) tools/fetch-source $*

$(SUITES_PYTHON): $(SOURCES)/python3.11/debian/control
	@rm -rf $(@D) && mkdir -p $(@D)
	$(call say,COPY) cp -r /usr/lib/python3.11/test $@.new && \
		cp -r $(SOURCES)/python3.11/Lib/test/test_sqlite3 $@.new/ && mv $@.new $@

$(SUITES_GIT): $(SOURCES)/git/debian/control
	@mkdir -p $(BUILD)/suites
	@[ -d $(BUILD)/suites/git ] || cp -r $(SOURCES)/git $(BUILD)/suites/git
	$(call say,MAKE) $(MAKE) -s -C $(BUILD)/suites/git CFLAGS=-O1 $(GIT_WITHOUT) all > $(BUILD)/suites/git.log 2>&1
