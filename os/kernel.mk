# SPDX-License-Identifier: GPL-2.0-or-later
# The kernel's source (kernel.version, or KERNEL_TARBALL=) and the host's kernel (kernel.config).

KERNEL_SOURCE := $(O)/src/linux
KERNEL_OBJECTS := $(O)/obj/linux
KERNEL_FETCHED := $(O)/sources/linux-source
KERNEL_MAKE := make -C $(KERNEL_SOURCE) CC="ccache gcc" HOSTCC="ccache gcc"

.PHONY: kernel menuconfig
kernel: $(O)/vmlinuz ## the host's kernel: build/vmlinuz

$(KERNEL_FETCHED): kernel.version os/fetch-kernel $(wildcard os/patches/linux-*.patch) $(call remember,kernel.tarball,$(KERNEL_TARBALL))
	$(Q)$(STEP) "kernel source" $(O)/log/kernel-source.log 0 \
		os/fetch-kernel kernel.version $(KERNEL_SOURCE) $@ $(KERNEL_TARBALL)

$(KERNEL_OBJECTS)/.config: kernel.config os/kernel-config $(KERNEL_FETCHED)
	$(Q)os/kernel-config $(KERNEL_SOURCE) $(KERNEL_OBJECTS) kernel.config

$(O)/vmlinuz: $(KERNEL_OBJECTS)/.config
	$(Q)$(STEP) kernel $(O)/log/kernel.log 3460 \
		$(KERNEL_MAKE) O=$(KERNEL_OBJECTS) -j$(shell nproc) bzImage
	$(Q)cp $(KERNEL_OBJECTS)/arch/x86/boot/bzImage $@

# The kernel's own tool writes both initramfs archives: fixed owners, fixed times, order as listed.
GEN_INIT_CPIO := $(O)/obj/tools/gen_init_cpio
$(GEN_INIT_CPIO): $(KERNEL_FETCHED)
	$(Q)mkdir -p $(@D) && gcc -O2 -o $@ $(KERNEL_SOURCE)/usr/gen_init_cpio.c

menuconfig: $(KERNEL_OBJECTS)/.config ## look at the kernel's configuration, and see what differs from kernel.config
	$(Q)$(KERNEL_MAKE) O=$(KERNEL_OBJECTS) menuconfig
	$(Q)$(KERNEL_SOURCE)/scripts/diffconfig $(KERNEL_OBJECTS)/.config.old $(KERNEL_OBJECTS)/.config
	@echo "mvirt: carry what you want to keep over to kernel.config"
