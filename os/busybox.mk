# SPDX-License-Identifier: GPL-2.0-or-later
# busybox, static, with the applets of os/busybox.config only: the host's shell tools and DHCP client, and
# the demo guest's whole userspace.

BUSYBOX := $(O)/obj/bin/busybox

$(O)/obj/busybox/.config: os/busybox.config $(O)/sources/busybox
	$(Q)mkdir -p $(@D)
	$(Q)make -s -C $(O)/src/busybox O=$(@D) allnoconfig >/dev/null
	$(Q)os/busybox-config $(O)/src/busybox $(@D) os/busybox.config

$(BUSYBOX): $(O)/obj/busybox/.config
	$(Q)$(STEP) busybox $(O)/log/busybox.log 0 \
		env SOURCE_DATE_EPOCH=0 make -C $(O)/src/busybox O=$(O)/obj/busybox CC="ccache gcc" -j$(shell nproc) busybox
	$(Q)mkdir -p $(@D) && cp $(O)/obj/busybox/busybox $@
