# SPDX-License-Identifier: GPL-2.0-or-later
# build/mvirt.efi: kernel, initramfs, command line and os-release behind systemd's stub, one PE file.
# https://uapi-group.org/specifications/specs/unified_kernel_image/

UKI := $(O)/mvirt.efi
UKI_LIMIT := 20971520
STUB := /usr/lib/systemd/boot/efi/linuxx64.efi.stub

.PHONY: uki
uki: $(UKI)

$(O)/obj/os-release: uki/os-release $(VERSION_FILE)
	$(Q)sed 's/@VERSION@/$(VERSION)/' $< >$@

$(UKI): $(O)/vmlinuz $(INITRAMFS) cmdline.txt $(O)/obj/os-release
	$(Q)mkdir -p $(O)/log
	$(Q)ukify build --linux=$(O)/vmlinuz --initrd=$(INITRAMFS) --cmdline=@cmdline.txt \
		--os-release=@$(O)/obj/os-release --uname="$$(cat $(KERNEL_OBJECTS)/include/config/kernel.release)" \
		--stub=$(STUB) --output=$@ >$(O)/log/uki.log
	$(Q)uki/report-sizes $@ $(UKI_LIMIT) $(O)/vmlinuz $(INITRAMFS)
	$(Q)cat $(KERNEL_FETCHED).note 2>/dev/null | sed 's/^/mvirt: /' || true
