# SPDX-License-Identifier: GPL-2.0-or-later
# The demo guest: a small kernel and busybox.

GUEST_OBJECTS := $(O)/obj/guest-linux

.PHONY: guest
guest: $(O)/guest/vmlinuz $(O)/guest/initramfs.cpio.zst ## the demo guest's kernel and initramfs: build/guest/

$(GUEST_OBJECTS)/.config: guest/kernel.config os/kernel-config $(KERNEL_FETCHED)
	$(Q)os/kernel-config $(KERNEL_SOURCE) $(GUEST_OBJECTS) guest/kernel.config

# After the host's kernel: two kernels at once would take the same time and show nothing sooner.
$(O)/guest/vmlinuz: $(GUEST_OBJECTS)/.config | $(O)/vmlinuz
	$(Q)$(STEP) "guest kernel" $(O)/log/guest-kernel.log 1514 \
		$(KERNEL_MAKE) O=$(GUEST_OBJECTS) -j$(shell nproc) bzImage
	$(Q)mkdir -p $(@D)
	$(Q)cp $(GUEST_OBJECTS)/vmlinux $(@D)/vmlinux && strip -s $(@D)/vmlinux
	$(Q)cp $(GUEST_OBJECTS)/arch/x86/boot/bzImage $@

$(O)/guest/initramfs.cpio.zst: guest/files.list $(call listed,guest/files.list) $(GEN_INIT_CPIO) $(VERSION_FILE)
	$(call make_initramfs,$<)
