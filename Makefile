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

.PHONY: help
help: ## this list
	@echo "mvirt: make TARGET [O=DIR] [V=1] [JOBS=N]"
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  \1\t\2/p' Makefile | awk -F'\t' '{ printf "%-14s %s\n", $$1, $$2 }'

ifneq ($(MVIRT_INSIDE),1)

.NOTPARALLEL:
include os/buildroot.mk

.PHONY: os kernel qemu initramfs uki iso guest docs menuconfig run test test-fault lint bench bench-quick bench-screen bench-test
.PHONY: boot-loop screenshots all clean distclean
os: inside ## kernel + initramfs + UKI: build/mvirt.efi
all: inside ## everything there is to build: os, iso, guest, manifest
kernel: inside ## the host's kernel: build/vmlinuz
qemu: inside ## static QEMU and qemu-img
initramfs: inside ## build/initramfs.cpio.zst
uki: inside ## build/mvirt.efi
iso: inside ## build/mvirt.iso, for CD, USB stick and disk, UEFI and BIOS
guest: inside ## the demo guest's kernel and initramfs: build/guest/
docs: inside ## man pages: build/man/
menuconfig: inside ## look at the kernel's configuration, and see what differs from kernel.config
run: inside ## boot it in an emulator (MEDIUM=iso|efi|usb|kernel FIRMWARE=uefi|bios)
test: inside ## unit tests, PID 1 tests, golden files and boot tests
test-fault: inside ## kills, failing calls, power cuts and noise by the hundred and thousand (20 minutes)
boot-loop: inside ## boot the kernel in the emulator again and again, and keep what stands still (ARGS=--help)
bench: inside ## us and what people would use instead, side by side: docs/benchmarks.md (ROW=2 for one row)
bench-quick: inside ## the same with fewer runs: build/bench/quick.md
bench-screen: inside ## what a guest on the screen costs of a processor, from recorded updates
bench-test: inside ## the statistics of the benchmarks, on figures whose answer is known
screenshots: inside ## the pictures of README.md and the manual, taken in the emulator: docs/*.png
lint: inside ## formatting, warnings of two compilers, include directions, shell scripts, Python, Kconfig

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
include os/manifest.mk docs/docs.mk test/test.mk test/bench/bench.mk tools/tools.mk

.PHONY: os all
os: uki
all: uki iso guest manifest

endif
