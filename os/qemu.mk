# SPDX-License-Identifier: GPL-2.0-or-later
# QEMU and qemu-img, static, with the devices of os/qemu-devices.mak only.

QEMU_SOURCE := $(O)/src/qemu
QEMU_OBJECTS := $(O)/obj/qemu
QEMU := $(O)/obj/bin/qemu-system-x86_64
QEMU_IMG := $(O)/obj/bin/qemu-img

QEMU_CONFIGURE := --static --target-list=x86_64-softmmu --prefix=/usr \
	--without-default-features --without-default-devices --with-devices-x86_64=mvirt \
	--disable-download --disable-docs --disable-werror --disable-install-blobs \
	--enable-system --enable-tools --enable-kvm --enable-tcg --enable-linux-io-uring \
	--enable-vhost-net --enable-vhost-kernel --enable-vnc --enable-pixman --enable-slirp \
	--enable-seccomp --enable-tpm --enable-fdt=system

# To save memory and bytes: uncalled functions are left out, nothing unwinds a stack, and the 120,000 relocations of a
# position-independent program are 31 KiB instead of 2.9 MiB.
QEMU_CFLAGS := -Os -ffunction-sections -fdata-sections -fno-asynchronous-unwind-tables -fno-unwind-tables
QEMU_LDFLAGS := -Wl,--gc-sections -Wl,-z,pack-relative-relocs

.PHONY: qemu
qemu: $(QEMU) $(QEMU_IMG) ## static QEMU and qemu-img

$(QEMU_OBJECTS)/build.ninja: $(O)/sources/qemu os/qemu-devices.mak $(O)/sysroot/.pixman \
		$(O)/sysroot/.slirp $(call remember,qemu.configure,$(QEMU_CONFIGURE) $(QEMU_CFLAGS) $(QEMU_LDFLAGS))
	$(Q)cp os/qemu-devices.mak $(QEMU_SOURCE)/configs/devices/x86_64-softmmu/mvirt.mak
	$(Q)rm -rf $(QEMU_OBJECTS) && mkdir -p $(QEMU_OBJECTS)
	$(Q)cd $(QEMU_OBJECTS) && PKG_CONFIG_PATH=$(O)/sysroot/lib/pkgconfig $(CURDIR)/$(STEP) \
		"QEMU configure" $(O)/log/qemu-configure.log 0 \
		$(QEMU_SOURCE)/configure --cc="ccache gcc" --extra-cflags="$(QEMU_CFLAGS)" \
		--extra-ldflags="$(QEMU_LDFLAGS)" $(QEMU_CONFIGURE)

$(QEMU) $(QEMU_IMG) &: $(QEMU_OBJECTS)/build.ninja
	$(Q)$(STEP) QEMU $(O)/log/qemu.log 1424 \
		ninja -C $(QEMU_OBJECTS) qemu-system-x86_64 qemu-img
	$(Q)mkdir -p $(O)/obj/bin
	$(Q)strip -o $(QEMU) $(QEMU_OBJECTS)/qemu-system-x86_64
	$(Q)strip -o $(QEMU_IMG) $(QEMU_OBJECTS)/qemu-img
