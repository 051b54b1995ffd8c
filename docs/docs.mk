# SPDX-License-Identifier: GPL-2.0-or-later
# make docs: the man pages, from the manual.

MAN_PAGES := $(addprefix $(O)/man/,mvirt.1 mvirt.conf.5 hostd.8)

.PHONY: docs
docs: $(MAN_PAGES) ## man pages: build/man/

# $(call man_page,SUMMARY): name and section are the target's
man_page = $(Q)mkdir -p $(@D) && docs/man/make-man $(basename $(@F)) $(patsubst .%,%,$(suffix $@)) '$1' '$(VERSION)' \
	<$< >$@.new && mv $@.new $@

$(O)/man/mvirt.1: docs/manual/cli.md
	$(call man_page,command line client of a virtual machine host)
$(O)/man/mvirt.conf.5: docs/manual/configuration.md
	$(call man_page,configuration of a virtual machine host and its guests)
$(O)/man/hostd.8: docs/manual/hostd.md
	$(call man_page,daemon of a virtual machine host)
$(MAN_PAGES): docs/man/make-man $(VERSION_FILE)
