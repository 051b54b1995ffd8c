# SPDX-License-Identifier: GPL-2.0-or-later
# make test: unit tests under the sanitizers, PID 1 tests, then boots in the emulator.
# TESTS= takes pytest's selection ("-k matrix"), or "unit" for the first part alone.

TEST_OBJECTS := $(O)/obj/test
TEST_CFLAGS := -std=gnu23 -g -O1 $(WARNINGS) -fno-omit-frame-pointer \
	-fsanitize=address,undefined -fno-sanitize-recover=undefined
UNIT_SOURCES := $(sort $(wildcard test/unit/*/test-*.c))
UNIT_TESTS := $(UNIT_SOURCES:test/unit/%.c=$(TEST_OBJECTS)/unit/%)
UNIT_SCRIPTS := $(sort $(wildcard test/unit/*/test-*.sh))
FUZZ_SOURCES := $(sort $(wildcard test/fuzz/fuzz-*.c))
FUZZERS := $(FUZZ_SOURCES:test/fuzz/%.c=$(TEST_OBJECTS)/fuzz/%)

.PHONY: test test-unit test-fault test-fault-short test-boot
test: $(if $(filter unit,$(TESTS)),test-unit,test-boot)

# hostd's objects (and the dashboard's pure ones) once more, with the sanitizers, as an archive that each test takes its members from
TEST_ARCHIVE := $(TEST_OBJECTS)/hostd.a
TEST_ARCHIVE_OBJECTS := $(patsubst hostd/%.c,$(TEST_OBJECTS)/hostd/%.o,$(HOSTD_SOURCES) $(DASHBOARD_PURE))

$(TEST_OBJECTS)/hostd/%.o: hostd/%.c $(call remember,test.flags,$(CPPFLAGS) $(TEST_CFLAGS)) $(SYSROOT)/.systemd
	$(Q)mkdir -p $(@D)
	$(Q)ccache gcc $(CPPFLAGS) $(TEST_CFLAGS) -MMD -MP -c $< -o $@

$(TEST_ARCHIVE): $(TEST_ARCHIVE_OBJECTS)
	$(Q)rm -f $@ && ar rcs $@ $^

# A test, or a header of the tests, names the linker flags it needs in a line "// link: -Wl,--wrap=open".
$(TEST_OBJECTS)/unit/%: test/unit/%.c $(TEST_ARCHIVE)
	$(Q)mkdir -p $(@D)
	$(Q)ccache gcc $(CPPFLAGS) -Itest/unit $(TEST_CFLAGS) -MMD -MP -c $< -o $@.o
	$(Q)gcc $(TEST_CFLAGS) $@.o $$(grep -o 'test/unit/[a-z0-9/-]*\.[ch]' $@.d | sort -u | xargs sed -n 's|^// link: ||p') $(TEST_ARCHIVE) \
		-lcmocka $(HOSTD_LIBS) -o $@ >$@.log 2>&1 || { cat $@.log >&2; exit 1; }

# And once more, as libFuzzer wants them. Each target is run over its corpus here; CONTRIBUTING.md says how to let it search.
FUZZ_CFLAGS := -std=gnu23 -g -O1 -fsanitize=address,undefined
FUZZ_ARCHIVE := $(TEST_OBJECTS)/fuzz-hostd.a
FUZZ_ARCHIVE_OBJECTS := $(HOSTD_SOURCES:hostd/%.c=$(TEST_OBJECTS)/fuzz-hostd/%.o)

$(TEST_OBJECTS)/fuzz-hostd/%.o: hostd/%.c $(call remember,fuzz.flags,$(CPPFLAGS) $(FUZZ_CFLAGS)) $(SYSROOT)/.systemd
	$(Q)mkdir -p $(@D)
	$(Q)ccache clang $(CPPFLAGS) $(FUZZ_CFLAGS) -fsanitize=fuzzer-no-link -MMD -MP -c $< -o $@

$(FUZZ_ARCHIVE): $(FUZZ_ARCHIVE_OBJECTS)
	$(Q)rm -f $@ && ar rcs $@ $^

$(TEST_OBJECTS)/fuzz/%: test/fuzz/%.c $(FUZZ_ARCHIVE)
	$(Q)mkdir -p $(@D)
	$(Q)ccache clang $(CPPFLAGS) $(FUZZ_CFLAGS) -fsanitize=fuzzer-no-link -MMD -MP -c $< -o $@.o
	$(Q)clang $(FUZZ_CFLAGS) -fsanitize=fuzzer $@.o $(FUZZ_ARCHIVE) $(HOSTD_LIBS) -o $@ >$@.log 2>&1 || { cat $@.log >&2; exit 1; }

# What mvirt-screen costs, with the objects that are shipped.
$(TEST_OBJECTS)/bench-screen: test/bench/bench-screen.c $(call objects,$(BASE_SOURCES) $(SCREEN_SOURCES))
	$(Q)mkdir -p $(@D)
	$(Q)gcc $(CPPFLAGS) $(CFLAGS) $^ -static-pie -lz -o $@

.PHONY: bench-screen
bench-screen: $(TEST_OBJECTS)/bench-screen
	$(Q)$<

$(TEST_OBJECTS)/init: hostd/init.c
	$(Q)mkdir -p $(@D)
	$(Q)ccache gcc $(CPPFLAGS) $(TEST_CFLAGS) -fno-sanitize=address $< -o $@

# what prove reads
export CMOCKA_MESSAGE_OUTPUT := TAP
export MVIRT_TEST_INIT := $(TEST_OBJECTS)/init
export MVIRT_TEST_HOSTD := $(HOSTD_OBJECTS)/hostd
export MVIRT := $(HOSTD_OBJECTS)/mvirt
export MVIRT_DASHBOARD := $(HOSTD_OBJECTS)/mvirt-dashboard
export MVIRT_TEST_BUSYBOX := $(BUSYBOX)

test-unit: $(UNIT_TESTS) $(FUZZERS) $(TEST_OBJECTS)/init $(HOSTD_OBJECTS)/hostd $(HOSTD_OBJECTS)/mvirt \
		$(HOSTD_OBJECTS)/mvirt-dashboard \
		$(QEMU_IMG) $(GENISOIMAGE) $(BUSYBOX) bench-test
	$(Q)prove --failures --timer $(if $(filter 0,$(V)),,--verbose) $(UNIT_TESTS) $(UNIT_SCRIPTS) test/fuzz/replay.sh

# Debian for the boot tests, out of the cache where that has it
DEBIAN_IMAGE := $(O)/test/debian.qcow2
$(DEBIAN_IMAGE): $(wildcard test/guest-image/*)
	$(Q)test/guest-image/make-debian-image $@

# The numbers of docs/testing.md take up to 20 minutes; the same tests with smaller ones are a part of make test.
TEST_FAULT := cd test/fault && python3 -m pytest -p no:cacheprovider -q --tb=short -rs
FAULT_NEEDS := $(INITRAMFS) $(O)/vmlinuz $(HOSTD_OBJECTS)/init $(HOSTD_OBJECTS)/hostd $(HOSTD_OBJECTS)/mvirt

test-fault: $(FAULT_NEEDS)
	$(Q)export MVIRT_FAULT=full && $(TEST_FAULT)
test-fault-short: test-unit $(FAULT_NEEDS)
	$(Q)$(TEST_FAULT)

test-boot: test-fault-short all $(DEBIAN_IMAGE)
	$(Q)cd test/boot && python3 -m pytest -p no:cacheprovider -q --tb=short \
		$(filter-out boot,$(TESTS)) -rs

# Direct boots, again and again, for what happens once in hundreds: ARGS="--boots 1000 --at-once 2 --short", or --help.
.PHONY: boot-loop
boot-loop: $(INITRAMFS) $(O)/vmlinuz
	$(Q)cd test/boot && MVIRT_BUILD=$(O) PYTHONDONTWRITEBYTECODE=1 python3 boot_loop.py $(ARGS)

# The pictures are part of the source: they are taken anew when somebody asks for it, and looked at.
.PHONY: screenshots
screenshots: $(INITRAMFS) $(O)/vmlinuz guest
	$(Q)cd test/boot && MVIRT_BUILD=$(O) PYTHONDONTWRITEBYTECODE=1 python3 screenshots.py $(CURDIR)/docs

-include $(TEST_ARCHIVE_OBJECTS:.o=.d) $(FUZZ_ARCHIVE_OBJECTS:.o=.d) $(wildcard $(TEST_OBJECTS)/fuzz/*.d) $(wildcard $(TEST_OBJECTS)/unit/*/*.d)
