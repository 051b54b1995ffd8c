# SPDX-License-Identifier: GPL-2.0-or-later
# make run: the host in the emulator, with the demo's stick; make lint.

MEDIUM ?= iso
FIRMWARE ?= uefi
.PHONY: run lint

run: $(if $(filter kernel,$(MEDIUM)),$(UKI),$(if $(filter efi,$(MEDIUM)),$(UKI),$(ISO))) guest
	$(Q)tools/run --medium=$(MEDIUM) --firmware=$(FIRMWARE) $(ARGS)

LINT_C := $(sort $(wildcard hostd/*.[ch] hostd/*/*.[ch] hostd/*/*/*.[ch] test/*/*.c test/unit/*.h test/unit/*/*.[ch]))
LINT_SHELL := $(shell grep -lrE '^\#!/bin/(ba)?sh' --include='*' os iso uki initramfs guest test tools .ci 2>/dev/null)
LINT_PYTHON := $(sort $(wildcard test/*/*.py) $(shell grep -lrE '^\#!/usr/bin/python3' docs/man iso os tools))

lint: $(SYSROOT)/.systemd $(KERNEL_OBJECTS)/.config $(GUEST_OBJECTS)/.config
	$(Q)clang-format --dry-run --Werror $(LINT_C)
	$(Q)tools/check-includes
	$(Q)for f in $(filter hostd/%.c,$(LINT_C)); do \
		gcc -fsyntax-only $(CPPFLAGS) $(CFLAGS) $$f && \
		clang -fsyntax-only $(CPPFLAGS) -std=gnu23 $(WARNINGS) $$f || exit 1; done
	$(Q)shellcheck $(LINT_SHELL) hostd/cli/completion/mvirt.bash
	$(Q)pyflakes3 $(LINT_PYTHON)
	$(Q)tools/check-spdx
	@echo "mvirt: lint: no complaint"
