# SPDX-License-Identifier: GPL-2.0-or-later
# build/mvirt.iso: the same bytes boot as CD, USB stick and disk, under UEFI and BIOS.

ISO := $(O)/mvirt.iso
ISO_LIMIT := 44040192

.PHONY: iso
iso: $(ISO) ## build/mvirt.iso, for CD, USB stick and disk, UEFI and BIOS

$(ISO): $(UKI) $(CMDLINE) iso/make-iso iso/stamp-iso iso/isolinux.cfg
	$(Q)mkdir -p $(O)/log
	$(Q)iso/make-iso $(UKI) $(O)/vmlinuz $(INITRAMFS) $(CMDLINE) iso/isolinux.cfg $(O)/obj/iso $@ \
		>$(O)/log/iso.log 2>&1 || { tail -n 20 $(O)/log/iso.log >&2; exit 1; }
	$(Q)uki/report-sizes $@ $(ISO_LIMIT)
