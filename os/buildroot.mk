# SPDX-License-Identifier: GPL-2.0-or-later
# Outside the build root: make it, and call make inside it. Its name carries its list's hash, so that a
# changed list makes a new one.

OUTPUT := $(abspath $(O))
CACHE := $(abspath $(MVIRT_CACHE))
ROOT := $(OUTPUT)/root
ROOT_MADE := $(OUTPUT)/root.$(shell sha256sum os/buildroot.packages os/make-buildroot | sha256sum | cut -c 1-12)
# Variables of the command line that the inside needs, too
PASSED := V MEDIUM FIRMWARE KERNEL_TARBALL TESTS TEST TARGET FUZZ_TIME ARGS ROW

# A tarball from anywhere is copied to where the inside sees it.
TARBALL := $(KERNEL_TARBALL)
ifneq ($(TARBALL),)
override KERNEL_TARBALL := /build/tarball/$(notdir $(TARBALL))
endif

$(ROOT_MADE):
	@mkdir -p $(OUTPUT) $(CACHE)
	@os/make-buildroot os/buildroot.packages $(ROOT) $(CACHE)
	@rm -f $(OUTPUT)/root.????????????
	@touch $@

.PHONY: inside
inside: $(ROOT_MADE)
	$(if $(TARBALL),@mkdir -p $(OUTPUT)/tarball && cp -u $(TARBALL) $(OUTPUT)/tarball/)
	@MAKEFLAGS= os/enter $(ROOT) $(CURDIR) $(OUTPUT) $(CACHE) \
		make $(if $(filter 0,$(V)),-s) -j$(JOBS) MVIRT_INSIDE=1 O=/build \
		$(foreach v,$(PASSED),$(if $($(v)),'$(v)=$($(v))')) \
		$(INSIDE)

# The build root, the sources and what was compiled from them stay.
define OUTSIDE_CLEAN
@cd $(OUTPUT) 2>/dev/null && rm -rf obj/hostd obj/test obj/coverage obj/lint obj/initramfs obj/iso guest test release *.efi *.iso *.zst \
	vmlinuz manifest.json run || true
endef

define OUTSIDE_DISTCLEAN
@if [ -e $(ROOT) ]; then os/remove-buildroot $(ROOT); fi
@rm -rf $(OUTPUT) $(CACHE)/sources $(CACHE)/debs $(CACHE)/guest-image
endef
