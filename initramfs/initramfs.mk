# SPDX-License-Identifier: GPL-2.0-or-later
# The host's root file system: what files.list names, and nothing else.

INITRAMFS := $(O)/initramfs.cpio.zst
# In the list, $OBJ is where our programs are.
export OBJ := $(O)/obj

# $(call listed,LIST): the files of a list that come from our tree or our output
listed = $(shell sed -n 's/^file [^ ]* \([^ ]*\) .*/\1/p' $1 | sed -e 's|\$${OBJ}|$(OBJ)|' | sort -u)

.PHONY: initramfs
initramfs: $(INITRAMFS) ## build/initramfs.cpio.zst

# $(call make_initramfs,LIST): the kernel's own archiver, then zstd. Its window of 8 MiB costs the kernel memory
# beside the archive and the files; one as large as the archive would save 1 % of it.
define make_initramfs
$(Q)mkdir -p $(@D)
$(Q)$(GEN_INIT_CPIO) -t $(SOURCE_DATE_EPOCH) $1 >$@.cpio
$(Q)zstd -q -f --ultra -20 --zstd=wlog=23 $@.cpio -o $@ && rm $@.cpio
endef

$(INITRAMFS): initramfs/files.list $(call listed,initramfs/files.list) $(GEN_INIT_CPIO) $(VERSION_FILE)
	$(call make_initramfs,$<)
