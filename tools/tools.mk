# SPDX-License-Identifier: GPL-2.0-or-later
# make run: the host in the emulator, with the demo's stick; make lint, format, shell.

MEDIUM ?= iso
FIRMWARE ?= uefi
.PHONY: run shell format

run: $(if $(filter kernel,$(MEDIUM)),$(UKI),$(if $(filter efi,$(MEDIUM)),$(UKI),$(ISO))) guest ## boot it in an emulator (MEDIUM=iso|efi|usb|kernel FIRMWARE=uefi|bios)
	$(Q)tools/run --medium=$(MEDIUM) --firmware=$(FIRMWARE) $(ARGS)

shell: ## a shell in the build root (ARGS="command" for one command)
	@echo "mvirt: the build root: sources in /src, output in /build; leave it with exit"
	@PS1='(mvirt) \w \$$ ' $(or $(ARGS),bash --norc -i)

LINT_C := $(sort $(wildcard hostd/*.[ch] hostd/*/*.[ch] hostd/*/*/*.[ch] test/*/*.[ch] test/unit/*.h test/unit/*/*.[ch]))
LINT_SHELL := $(shell grep -lrE '^\#!/bin/(ba)?sh' --include='*' os iso uki initramfs guest test tools .ci 2>/dev/null)
LINT_PYTHON := $(sort $(wildcard test/*/*.py test/unit/*/*.py) $(shell grep -lrE '^\#!/usr/bin/(env )?python3' docs/man iso os tools))

format: ## clang-format of all C
	$(Q)clang-format -i $(LINT_C)

# Each part is a target of its own, so that make runs them beside each other and one can be run alone.
LINT := $(O)/obj/lint
LINT_SOURCES := $(filter hostd/%.c,$(LINT_C))
LINT_PARTS := format rooms clang shell python spdx kernel

.PHONY: lint $(LINT_PARTS:%=lint-%)
lint: $(LINT_PARTS:%=lint-%) ## format, rooms, warnings, clang-tidy, spelling, scripts, Kconfig
	@echo "mvirt: lint: no complaint"

lint-format:
	$(Q)clang-format --dry-run --Werror $(LINT_C)

# gcc's warnings are errors when the objects are made.
lint-rooms: $(call objects,$(LINT_SOURCES))
	$(Q)tools/check-rooms $(HOSTD_OBJECTS)

# clang's warnings, again only for what was compiled again
lint-clang: $(LINT_SOURCES:hostd/%.c=$(LINT)/%.clang)
$(LINT)/%.clang: hostd/%.c $(HOSTD_OBJECTS)/%.o
	$(Q)mkdir -p $(@D)
	$(Q)clang -fsyntax-only $(CPPFLAGS) -std=gnu23 $(WARNINGS) $<
	$(Q)touch $@

lint-shell:
	$(Q)shellcheck $(LINT_SHELL) hostd/cli/completion/mvirt.bash

lint-python:
	$(Q)pyflakes3 $(LINT_PYTHON)

lint-spdx:
	$(Q)tools/check-spdx

# A symbol that did not survive Kconfig fails these.
lint-kernel: $(KERNEL_OBJECTS)/.config $(GUEST_OBJECTS)/.config
