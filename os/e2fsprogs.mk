# SPDX-License-Identifier: GPL-2.0-or-later
# e2fsck and mke2fs, static.

E2FSPROGS := $(O)/obj/bin/e2fsck $(O)/obj/bin/mke2fs

$(E2FSPROGS) &: $(O)/sources/e2fsprogs
	$(Q)rm -rf $(O)/obj/e2fsprogs && mkdir -p $(O)/obj/e2fsprogs $(O)/obj/bin
	$(Q)cd $(O)/obj/e2fsprogs && $(CURDIR)/$(STEP) e2fsprogs $(O)/log/e2fsprogs.log 0 sh -ec ' \
		$(O)/src/e2fsprogs/configure --disable-nls --disable-fuse2fs --disable-uuidd \
			--disable-defrag --disable-imager --disable-debugfs --enable-libuuid \
			--enable-libblkid --without-libarchive CFLAGS="-Os" LDFLAGS="-static"; \
		make -j$(shell nproc) libs; make -C e2fsck -j$(shell nproc) e2fsck; \
		make -C misc -j$(shell nproc) mke2fs'
	$(Q)strip -o $(O)/obj/bin/e2fsck $(O)/obj/e2fsprogs/e2fsck/e2fsck
	$(Q)strip -o $(O)/obj/bin/mke2fs $(O)/obj/e2fsprogs/misc/mke2fs
