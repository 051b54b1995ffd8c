# SPDX-License-Identifier: GPL-2.0-or-later
# build/manifest.json: every source package that went in, with version and SHA-256 (CycloneDX 1.5).

MANIFEST := $(O)/manifest.json
# Debian packages whose files go in unchanged, or are linked in.
LINKED_PACKAGES := libc6-dev libgcc-14-dev libglib2.0-dev libpcre2-dev libfdt-dev liburing-dev zlib1g-dev \
	libseccomp-dev libcap-dev libcrypt-dev libnl-3-dev libblkid-dev pci.ids \
	ovmf seabios qemu-system-data ipxe-qemu systemd-boot-efi isolinux syslinux-common

.PHONY: manifest
manifest: $(MANIFEST)

$(MANIFEST): os/make-manifest $(UKI) $(ISO) $(KERNEL_FETCHED) $(O)/sources/qemu $(O)/sources/systemd \
		$(O)/sources/pixman $(O)/sources/libslirp $(O)/sources/busybox $(O)/sources/e2fsprogs \
		$(O)/sources/cdrkit
	$(Q)os/make-manifest $(VERSION) $(O)/sources $(LINKED_PACKAGES) >$@
