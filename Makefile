# SPDX-License-Identifier: GPL-2.0-or-later
# mvirt: the one entry. Outside the build root this file makes the build root and calls itself in it,
# where the source is /src, the output /build and the cache /cache. Each folder's .mk has its rules.

O ?= build
V ?= 0
JOBS ?= $(shell nproc)
MVIRT_CACHE ?= $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/mvirt
MAKEFLAGS += -rR --no-print-directory
.DELETE_ON_ERROR:
.SUFFIXES:
.DEFAULT_GOAL := help

# What is described, in the order in which one meets it.
HELP := os/buildroot.mk os/kernel.mk os/qemu.mk initramfs/initramfs.mk uki/uki.mk iso/iso.mk guest/guest.mk docs/docs.mk \
	tools/tools.mk test/test.mk test/bench/bench.mk os/release.mk Makefile
.PHONY: help
help: ## this list
	@echo "mvirt: make TARGET [O=DIR] [V=1] [JOBS=N]"
	@sed -n 's/^\([a-z-]*\):.* ## \(.*\)/  \1\t\2/p' $(HELP) | awk -F'\t' '{ printf "%-16s %s\n", $$1, $$2 }'

ifneq ($(MVIRT_INSIDE),1)

# Everything but these is made inside the build root.
.NOTPARALLEL:
include os/buildroot.mk
INSIDE := $(filter-out help clean distclean,$(MAKECMDGOALS))
.PHONY: $(INSIDE) clean distclean
$(INSIDE): inside

clean: ## remove our output, keep the build root and the sources
	$(OUTSIDE_CLEAN)
distclean: ## remove the build root, sources and downloads as well
	$(OUTSIDE_DISTCLEAN)

else

SHELL := /bin/sh
Q := $(if $(filter 0,$(V)),@)
STEP := os/step

include os/version.mk os/kernel.mk os/qemu.mk os/libraries.mk os/busybox.mk os/e2fsprogs.mk os/cdrkit.mk
include hostd/hostd.mk initramfs/initramfs.mk uki/uki.mk iso/iso.mk guest/guest.mk
include os/manifest.mk docs/docs.mk test/test.mk test/bench/bench.mk tools/tools.mk os/release.mk

.PHONY: os all
os: uki ## kernel + initramfs + UKI: build/mvirt.efi
all: uki iso guest manifest ## everything there is to build: os, iso, guest, manifest

endif
