# SPDX-License-Identifier: GPL-2.0-or-later
# genisoimage, static: makes the guests' cloud-init seeds. cdrkit is built by cmake, for programs that we do
# not want; of its tests we need the answers for one compiler and one C library, and those are known.

GENISOIMAGE := $(O)/obj/bin/genisoimage

CDRKIT_DEFINES := -DHAVE_CONFIG_H -DUSE_LARGEFILES -DUSE_LIBSCHILY -DABORT_DEEP_ISO_ONLY -DAPPLE_HYB -DUDF \
	-DDVD_VIDEO -DSORTING -DJIGDO_TEMPLATE
CDRKIT_LIBROLS := comerr saveargs geterrno seterrno getav0 movebytes fillbytes

# Templates of headers: removes what Linux with glibc lacks; the rest exists.
CDRKIT_HEADER := /(DKIO|TERMIO|HAVE_WAIT|LINUX_PG|SYS_MTIO)_H|UNION_WAIT|HTOL|BIGENDIAN|HAVE_RAND/d; \
	s/^\#cmakedefine CDRKIT_VERSION.*/\#define CDRKIT_VERSION "1.1.11"/; \
	s/^\#cmakedefine (define )?([A-Z0-9_]*).*/\#define \2 1/; \
	s/@SIZE_SHORT@/2/; s/@SIZE_(INT|FLOAT)@/4/; s/@SIZE_[A-Z]*@/8/; \
	s/@SHORTLESS@/1/; s/@(INT|FLOAT)LESS@/3/; s/@[A-Z]*LESS@/7/; s/@CMAKE_SYSTEM_NAME@/Linux/
# Stands in for libbz2, which only the templates of jigdo would call.
CDRKIT_BZLIB := typedef struct { void *next_in, *next_out, *bzalloc, *bzfree, *opaque; unsigned int avail_in, \
	avail_out, total_out_lo32; } bz_stream;\n\#define BZ_FINISH 0\n\#define BZ2_bzCompressInit(...) (-1)\n\
	\#define BZ2_bzCompress(...) (-1)\n\#define BZ2_bzCompressEnd(...) (-1)\n

# Two files are changed: the times in an ISO are those of its files and of -creation-date, and not of the
# moment, so that the same seed is the same bytes.
$(GENISOIMAGE): $(O)/sources/cdrkit os/cdrkit.mk
	$(Q)rm -rf $(O)/obj/cdrkit && mkdir -p $(O)/obj/cdrkit $(O)/obj/bin
	$(Q)for header in xconfig align; do \
		sed -E '$(CDRKIT_HEADER)' $(O)/src/cdrkit/include/$$header.h.in >$(O)/obj/cdrkit/$$header.h; done
	$(Q)printf '$(CDRKIT_BZLIB)' >$(O)/obj/cdrkit/bzlib.h
	$(Q)cd $(O)/src/cdrkit/genisoimage && sed -i 's/lstatbuf->st_ctime/lstatbuf->st_mtime/' rock.c && \
		sed -i 's/ctime(&begun)/ctime(\&creation_date)/' write.c
	$(Q)cd $(O)/src/cdrkit/genisoimage && $(CURDIR)/$(STEP) genisoimage $(O)/log/genisoimage.log 0 sh -ec ' \
		sources=$$(sed -n "s/^SET(MKISOFS_MOST_SRCS \(.*\))/\1/p" CMakeLists.txt); \
		gcc -std=gnu17 -Os -w -ffunction-sections -fdata-sections $(CDRKIT_DEFINES) \
			-I$(O)/obj/cdrkit -I../include -I../libhfs_iso -I../wodim genisoimage.c $$sources \
			$(CDRKIT_LIBROLS:%=../librols/%.c) ../libhfs_iso/*.c $$(ls ../libunls/*.c | grep -v iconv) \
			-static -Wl,--gc-sections -s -lz -o $(O)/obj/cdrkit/genisoimage'
	$(Q)cp $(O)/obj/cdrkit/genisoimage $@
