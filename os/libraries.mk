# SPDX-License-Identifier: GPL-2.0-or-later
# The static libraries that Debian ships no .a of: libsystemd, libudev, pixman, libslirp.

SYSROOT := $(O)/sysroot
MESON_STATIC := --prefix=$(SYSROOT) --libdir=lib --default-library=static --buildtype=release
# meson finds the compilers here
export CC := ccache gcc

# Debian's source with our patches (docs/decisions/patches.md).
.SECONDEXPANSION:
$(O)/sources/%: $$(sort $$(wildcard os/patches/$$*-*.patch)) | os/fetch
	$(Q)$(STEP) "$* source" $(O)/log/$*-source.log 0 os/fetch source $* $(O)/src/$* $@.unpatched
	$(if $^,$(Q)cat $^ | patch -s -p1 -d $(O)/src/$*)
	$(Q)mv $@.unpatched $@

# $(call meson_build,NAME,LINES,SETUP OPTIONS,NINJA TARGETS)
define meson_build
$(Q)rm -rf $(O)/obj/$1 && mkdir -p $(O)/obj/$1 $(SYSROOT)
$(Q)$(STEP) $1 $(O)/log/$1.log $2 sh -ec \
	'meson setup $3 $(O)/obj/$1 $(O)/src/$1 && ninja -C $(O)/obj/$1 $4'
endef

$(SYSROOT)/.pixman: $(O)/sources/pixman
	$(call meson_build,pixman,0,$(MESON_STATIC) -Dtests=disabled -Ddemos=disabled \
		-Dgtk=disabled -Dlibpng=disabled -Dopenmp=disabled,install)
	$(Q)touch $@

$(SYSROOT)/.slirp: $(O)/sources/libslirp
	$(call meson_build,libslirp,0,$(MESON_STATIC),install)
	$(Q)touch $@

# libsystemd: sd-event, sd-json, sd-varlink; libudev from the same source.
$(SYSROOT)/.systemd: $(O)/sources/systemd
	$(call meson_build,systemd,1084,--auto-features=disabled --prefix=/usr --buildtype=release \
		-Doptimization=s -Dmode=release -Dtests=false -Dstatic-libsystemd=pic \
		-Dstatic-libudev=pic,libsystemd.a libudev.a)
	$(Q)mkdir -p $(SYSROOT)/lib $(SYSROOT)/include/systemd
	$(Q)cp $(O)/obj/systemd/libsystemd.a $(O)/obj/systemd/libudev.a $(SYSROOT)/lib/
	$(Q)cp $(O)/src/systemd/src/systemd/*.h $(SYSROOT)/include/systemd/
	$(Q)cp $(O)/src/systemd/src/libudev/libudev.h $(SYSROOT)/include/
	$(Q)touch $@
