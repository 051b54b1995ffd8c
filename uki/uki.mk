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

# With the id of the ISO of this build, as libblkid reads it: the time that iso/stamp-iso writes. A CD, and a BIOS, do not
# tell what was loaded from where.
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
