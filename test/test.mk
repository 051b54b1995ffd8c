# SPDX-License-Identifier: GPL-2.0-or-later
# make test: unit tests under the sanitizers, PID 1 tests, fault tests, then boots in the emulator. TESTS=unit is the first
# part alone, TEST=qemu-argv one unit test, TESTS='-k matrix' boot tests alone, as pytest selects them.

TEST_OBJECTS := $(O)/obj/test
TEST_CFLAGS := -std=gnu23 -g -O1 $(WARNINGS) -fno-omit-frame-pointer \
	-fsanitize=address,undefined -fno-sanitize-recover=undefined
UNIT_SOURCES := $(sort $(wildcard test/unit/*/test-*.c))
UNIT_TESTS := $(UNIT_SOURCES:test/unit/%.c=$(TEST_OBJECTS)/unit/%)
UNIT_SCRIPTS := $(sort $(wildcard test/unit/*/test-*.sh))
FUZZ_SOURCES := $(sort $(wildcard test/fuzz/fuzz-*.c))
FUZZERS := $(FUZZ_SOURCES:test/fuzz/%.c=$(TEST_OBJECTS)/fuzz/%)

FULL := $(filter test-full,$(MAKECMDGOALS))
.PHONY: test test-full test-unit test-one test-fault test-fault-short test-boot
test: $(if $(TEST),test-one,$(if $(filter unit,$(TESTS)),test-unit,test-boot)) ## unit, fault and boot tests (TEST=qemu-argv for a unit test, TESTS='-k x' for boot tests)

# hostd's objects (and the dashboard's pure ones) once more, with the sanitizers, as an archive that each test takes its members from
TEST_ARCHIVE := $(TEST_OBJECTS)/hostd.a
TEST_ARCHIVE_OBJECTS := $(patsubst hostd/%.c,$(TEST_OBJECTS)/hostd/%.o,$(HOSTD_SOURCES) $(CLIENT_SOURCES) $(DASHBOARD_PURE) \
	hostd/vmm/fake/fake.c hostd/vmm/fake/fake-program.c)

$(TEST_OBJECTS)/hostd/%.o: hostd/%.c $(call remember,$(notdir $(TEST_OBJECTS)).flags,$(CPPFLAGS) $(TEST_CFLAGS)) $(SYSROOT)/.systemd
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

# And once more, as libFuzzer wants them. The tests run each target over its corpus; make fuzz lets one search.
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

FUZZ_TIME ?= 60
FUZZ_FOUND := $(O)/fuzz/$(TARGET)
.PHONY: fuzz
fuzz: $(if $(TARGET),$(TEST_OBJECTS)/fuzz/fuzz-$(TARGET)) ## search with one fuzz target (TARGET=config FUZZ_TIME=60 seconds)
	$(if $(TARGET),,$(error TARGET= is one of $(FUZZ_SOURCES:test/fuzz/fuzz-%.c=%)))
	$(Q)mkdir -p $(FUZZ_FOUND)
	$(Q)ASAN_OPTIONS=malloc_context_size=2 $< -max_total_time=$(FUZZ_TIME) -close_fd_mask=3 -print_final_stats=1 \
		-artifact_prefix=$(FUZZ_FOUND)/ $(ARGS) $(FUZZ_FOUND) test/fuzz/corpus/$(TARGET)

# What mvirt-screen costs, with the objects that are shipped.
$(TEST_OBJECTS)/bench-screen: test/bench/bench-screen.c $(call objects,$(BASE_SOURCES) $(SCREEN_SOURCES))
	$(Q)mkdir -p $(@D)
	$(Q)gcc $(CPPFLAGS) $(CFLAGS) $^ -static-pie -lz -o $@

.PHONY: bench-screen
bench-screen: $(TEST_OBJECTS)/bench-screen ## what a guest on the screen costs of a processor, from recorded updates
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
export MVIRT_TEST_QEMU := $(QEMU)

export MVIRT_TEST_API := $(TEST_OBJECTS)/unit/api/test-api

# $(call needs,FILES): what they name in a line "// needs: obj/hostd/mvirt" or "# needs: ...", as files of the output
needs = $(patsubst $(O)/obj/test/%,$(TEST_OBJECTS)/%,$(addprefix $(O)/,$(sort \
	$(shell sed -n -E 's,^(//|\#) needs: ,,p' /dev/null $1))))
PROVE = prove --failures --timer $(if $(filter 0,$(V)),,--verbose)

test-unit: $(UNIT_TESTS) $(FUZZERS) $(call needs,$(UNIT_SOURCES) $(UNIT_SCRIPTS)) bench-test $(if $(FULL),lint)
	$(Q)$(PROVE) $(UNIT_TESTS) $(UNIT_SCRIPTS) test/fuzz/replay.sh

ONE_SOURCE := $(wildcard $(TEST:%=test/unit/*/test-%.c))
ONE_SCRIPT := $(wildcard $(TEST:%=test/unit/*/test-%.sh))
ONE_TEST := $(ONE_SOURCE:test/unit/%.c=$(TEST_OBJECTS)/unit/%) $(ONE_SCRIPT)
test-one: $(ONE_TEST) $(call needs,$(ONE_SOURCE) $(ONE_SCRIPT))
	$(if $(strip $(ONE_TEST)),,$(error there is no test/unit/*/test-$(TEST).c or .sh))
	$(Q)$(PROVE) --verbose $(ONE_TEST)

# The tests that have golden files write them anew; what changed is for a person to read, and to commit.
GOLDEN := $(shell grep -l MVIRT_ACCEPT $(UNIT_SOURCES) $(UNIT_SCRIPTS))
GOLDEN_TESTS := $(patsubst test/unit/%.c,$(TEST_OBJECTS)/unit/%,$(GOLDEN))
.PHONY: accept
accept: $(GOLDEN_TESTS) $(call needs,$(GOLDEN)) ## write the golden files anew, and show what changed
	$(Q)MVIRT_ACCEPT=1 prove -Q --failures $(GOLDEN_TESTS)
	$(Q)$(GIT) --no-pager diff --stat -p -- '*.ok' docs/manual hostd/cli/completion

# Compiled once more for gcov. A test that fails because of that is named, and the others still count.
.PHONY: test-coverage coverage-tests
test-coverage: ## what of hostd/ the unit tests run through: build/coverage.txt
	$(Q)find $(O)/obj/coverage -name '*.gcda' -delete 2>/dev/null || true
	$(Q)$(MAKE) TEST_OBJECTS=$(O)/obj/coverage TEST_CFLAGS='$(TEST_CFLAGS) --coverage' coverage-tests
	$(Q)tools/coverage $(O)/obj/coverage/hostd | tee $(O)/coverage.txt
coverage-tests: $(UNIT_TESTS) $(call needs,$(UNIT_SOURCES) $(UNIT_SCRIPTS))
	$(Q)prove -Q --failures $(UNIT_TESTS) $(UNIT_SCRIPTS) || true

# Debian for the boot tests, out of the cache where that has it
DEBIAN_IMAGE := $(O)/test/debian.qcow2
$(DEBIAN_IMAGE): $(wildcard test/guest-image/*)
	$(Q)test/guest-image/make-debian-image $@

# The numbers of docs/testing.md take up to 20 minutes; the same tests with smaller ones are a part of make test.
TEST_FAULT := cd test/fault && python3 -m pytest -p no:cacheprovider -q --tb=short -rs
FAULT_NEEDS := $(INITRAMFS) $(O)/vmlinuz $(addprefix $(HOSTD_OBJECTS)/,init hostd mvirt hostd-fake mvirt-fake-vmm)

test-fault: $(FAULT_NEEDS) $(if $(FULL),test-unit) ## kills, failing calls, power cuts and noise by the hundred and thousand (20 minutes)
	$(Q)export MVIRT_FAULT=full && $(TEST_FAULT)
test-fault-short: test-unit $(FAULT_NEEDS)
	$(Q)$(TEST_FAULT)

# Boot tests that somebody asks for by name are run alone.
test-boot: $(if $(FULL),test-fault,$(if $(TESTS),,test-fault-short)) all $(DEBIAN_IMAGE)
	$(Q)cd test/boot && python3 -m pytest -p no:cacheprovider -q --tb=short \
		$(filter-out boot,$(TESTS)) -rs
test-full: test-boot ## lint of everything, and every test in its full numbers

# Direct boots, again and again, for what happens once in hundreds: ARGS="--boots 1000 --at-once 2 --short", or --help.
.PHONY: boot-loop
boot-loop: $(INITRAMFS) $(O)/vmlinuz ## boot the kernel in the emulator again and again, and keep what stands still (ARGS=--help)
	$(Q)cd test/boot && MVIRT_BUILD=$(O) PYTHONDONTWRITEBYTECODE=1 python3 boot_loop.py $(ARGS)

# The pictures are part of the source: they are taken anew when somebody asks for it, and looked at.
.PHONY: screenshots
screenshots: $(INITRAMFS) $(O)/vmlinuz guest ## the pictures of README.md and the manual, taken in the emulator: docs/*.png
	$(Q)cd test/boot && MVIRT_BUILD=$(O) PYTHONDONTWRITEBYTECODE=1 python3 screenshots.py $(CURDIR)/docs

-include $(TEST_ARCHIVE_OBJECTS:.o=.d) $(FUZZ_ARCHIVE_OBJECTS:.o=.d) $(wildcard $(TEST_OBJECTS)/fuzz/*.d) $(wildcard $(TEST_OBJECTS)/unit/*/*.d)
