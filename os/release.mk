# SPDX-License-Identifier: GPL-2.0-or-later
# make release: what people download, with one list of checksums. A release is a clean tree with the tag of VERSION.

RELEASED := $(O)/release
RELEASE_NAME := mvirt-$(VERSION)

.PHONY: release
release: all docs ## images, source, manifest and checksums: build/release/
	$(Q)rm -rf $(RELEASED) && mkdir -p $(RELEASED)
	$(Q)cp $(UKI) $(RELEASED)/$(RELEASE_NAME).efi
	$(Q)cp $(ISO) $(RELEASED)/$(RELEASE_NAME).iso
	$(Q)cp $(MANIFEST) $(RELEASED)/$(RELEASE_NAME).manifest.json
	$(Q)cp NEWS.md $(MAN_PAGES) $(RELEASED)/
	$(Q)$(GIT) archive --prefix=$(RELEASE_NAME)/ --add-virtual-file='$(RELEASE_NAME)/.version:$(VERSION) $(SOURCE_DATE_EPOCH)' HEAD | gzip -9n >$(RELEASED)/$(RELEASE_NAME).tar.gz
	$(Q)cd $(RELEASED) && sha256sum * >SHA256SUMS
	$(Q)cat $(RELEASED)/SHA256SUMS
	@echo "mvirt: release: $(RELEASE_NAME) is in $(RELEASED)"
ifneq ($(VERSION),$(RELEASE))
	@echo "mvirt: release: NOT A RELEASE: v$(RELEASE) does not stand on this tree, or files are changed"
endif
