# SPDX-License-Identifier: GPL-2.0-or-later
# make run: the host in the emulator, with the demo's stick; make shell, format, lint (docs/decisions/lint.md).

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
LINT_SOURCES := $(filter hostd/%.c,$(LINT_C))

format: ## clang-format of all C
	$(Q)clang-format -i $(LINT_C)

# For editors: the flags of every file, with the paths that they have outside the build root. clangd looks into build/.
.PHONY: compile_commands.json
compile_commands.json: $(O)/compile_commands.json ## for clangd and other editors: build/compile_commands.json
$(O)/compile_commands.json: $(FLAGS_FILE) $(call remember,lint.sources,$(LINT_SOURCES)) tools/compile-commands
	$(Q)tools/compile-commands '$(CPPFLAGS) $(CFLAGS)' $(LINT_SOURCES) >$@

# Each part is a target of its own, so that make runs them beside each other and one can be run alone.
LINT := $(O)/obj/lint
LINT_PARTS := format rooms tidy analyzer words shell python spdx kernel generated

.PHONY: lint $(LINT_PARTS:%=lint-%)
lint: $(LINT_PARTS:%=lint-%) ## format, rooms, clang-tidy, analyzer, spelling, scripts, Kconfig
	@echo "mvirt: lint: no complaint"

lint-format:
	$(Q)clang-format --dry-run --Werror $(LINT_C)

# gcc's warnings are errors when the objects are made.
lint-rooms: $(call objects,$(LINT_SOURCES))
	$(Q)tools/check-rooms $(HOSTD_OBJECTS)

# clang's warnings and .clang-tidy's checks, again only for what was compiled again
lint-tidy: $(LINT_SOURCES:hostd/%.c=$(LINT)/%.tidy)
$(LINT)/%.tidy: hostd/%.c $(HOSTD_OBJECTS)/%.o .clang-tidy
	$(Q)mkdir -p $(@D)
	$(Q)clang-tidy --quiet $< -- $(CPPFLAGS) -std=gnu23 $(WARNINGS) 2>$@.log || { cat $@.log >&2; exit 1; }
	$(Q)touch $@

# gcc's analyzer takes a second a file: what changed, and in test-full everything. What is off does not know what the cleanup
# attribute does, or that a function which returned 0 has set its outputs.
ANALYZER := -fanalyzer -O1 -Werror $(addprefix -Wno-analyzer-,malloc-leak fd-leak null-argument null-dereference \
	possible-null-argument possible-null-dereference out-of-bounds fd-use-without-check)
LINT_CHANGED = $(filter $(shell $(GIT) diff --name-only $(or $(shell $(GIT) merge-base origin/main HEAD 2>/dev/null | \
	grep -vx "$$($(GIT) rev-parse HEAD)"),HEAD~1)),$(LINT_SOURCES))
LINT_ANALYZED = $(if $(FULL),$(LINT_SOURCES),$(LINT_CHANGED))
lint-analyzer: $(LINT_ANALYZED:hostd/%.c=$(LINT)/%.analyzer)
$(LINT)/%.analyzer: hostd/%.c $(HOSTD_OBJECTS)/%.o
	$(Q)mkdir -p $(@D)
	$(Q)gcc $(CPPFLAGS) -std=gnu23 $(ANALYZER) -c $< -o /dev/null
	$(Q)touch $@

lint-words:
	$(Q)tools/check-words
	$(Q)codespell -q 3 -I tools/words.known --skip '*.ok,*.svg,*.png,*.json,*/corpus/*' \
		.ci docs examples guest hostd initramfs iso os test tools uki Makefile *.md

lint-shell:
	$(Q)shellcheck $(LINT_SHELL) hostd/cli/completion/mvirt.bash

lint-python:
	$(Q)pyflakes3 $(LINT_PYTHON)

lint-spdx:
	$(Q)tools/check-spdx

# A symbol that did not survive Kconfig fails these.
lint-kernel: $(KERNEL_OBJECTS)/.config $(GUEST_OBJECTS)/.config

# What is committed and made by a program is what the program makes.
lint-generated:
	$(Q)cd test/bench && PYTHONDONTWRITEBYTECODE=1 python3 bench.py --check
