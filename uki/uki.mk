# SPDX-License-Identifier: GPL-2.0-or-later
# build/mvirt.efi: kernel, initramfs, command line and os-release behind systemd's stub, one PE file.
# https://uapi-group.org/specifications/specs/unified_kernel_image/

UKI := $(O)/mvirt.efi
UKI_LIMIT := 20971520
STUB := /usr/lib/systemd/boot/efi/linuxx64.efi.stub

.PHONY: uki
uki: $(UKI) ## build/mvirt.efi

$(O)/obj/os-release: uki/os-release $(VERSION_FILE)
	$(Q)sed 's/@VERSION@/$(VERSION)/' $< >$@

# Adds the id of this build's ISO, as libblkid reads it: the time that iso/stamp-iso writes. With a CD or a BIOS, nothing
# else identifies the boot medium.
CMDLINE := $(O)/obj/cmdline.txt
$(CMDLINE): cmdline.txt $(VERSION_FILE)
	$(Q)echo "$$(cat $<) mvirt.iso=$$(date -u -d @$(SOURCE_DATE_EPOCH) +%Y-%m-%d-%H-%M-%S-00)" >$@

$(UKI): $(O)/vmlinuz $(INITRAMFS) $(CMDLINE) $(O)/obj/os-release
	$(Q)mkdir -p $(O)/log
	$(Q)ukify build --linux=$(O)/vmlinuz --initrd=$(INITRAMFS) --cmdline=@$(CMDLINE) \
		--os-release=@$(O)/obj/os-release --uname="$$(cat $(KERNEL_OBJECTS)/include/config/kernel.release)" \
		--stub=$(STUB) --output=$@ >$(O)/log/uki.log
	$(Q)uki/report-sizes $@ $(UKI_LIMIT) $(O)/vmlinuz $(INITRAMFS)
	$(Q)cat $(KERNEL_FETCHED).note 2>/dev/null | sed 's/^/mvirt: /' || true
