# SPDX-License-Identifier: GPL-2.0-or-later
# make bench: us and the peers side by side (test/bench/README.md). ROW=2 or ROW="3 7" runs these rows alone
# and writes docs/benchmarks.md; bench-quick runs fewer of what takes long, and writes build/bench/quick.md.

BENCH := $(O)/bench
BENCH_PEERS := $(BENCH)/peers
BENCH_DEBIAN := $(BENCH_PEERS)/debian.raw
BENCH_BY_HAND := $(BENCH_PEERS)/by-hand/by-hand.efi
BENCH_PEER_FILES := $(filter-out %.packages,$(wildcard test/bench/peers/* test/bench/peers/debian/*/*/* \
	test/bench/peers/debian/*/*/*/*))

.PHONY: bench bench-quick bench-peers bench-test
bench: ## us and what people would use instead, side by side: docs/benchmarks.md (ROW=2 for one row)
bench-quick: ## the same with fewer runs: build/bench/quick.md
bench bench-quick: bench-peers os iso guest $(BENCH)/obj/guest.cpio.zst $(BENCH)/obj/throughput.cpio.zst \
		$(BENCH)/obj/greeting $(BENCH)/obj/confined $(BENCH)/obj/mvirt-shell.efi
	$(Q)cd test/bench && python3 bench.py $(if $(filter bench-quick,$@),--quick) $(ROW)

bench-test: ## the statistics of the benchmarks, on figures whose answer is known
	$(Q)cd test/bench && python3 -m pytest -p no:cacheprovider -q test_figures.py test_report.py

$(BENCH)/obj/%: test/bench/%.c
	$(Q)mkdir -p $(@D)
	$(Q)gcc -std=gnu23 -D_GNU_SOURCE -Os $(WARNINGS) -static -s $< -o $@

# With a part of hostd: the filters that it measures are the ones that are shipped.
CONFINED_OBJECTS := $(call objects,$(addprefix hostd/,machine/privileges.c vmm/qemu/qemu-seccomp.c vmm/qemu/qemu-seccomp-ioctl.c))
$(BENCH)/obj/confined: test/bench/confined.c $(CONFINED_OBJECTS)
	$(Q)mkdir -p $(@D)
	$(Q)gcc $(CPPFLAGS) -std=gnu23 -D_GNU_SOURCE -Os $(WARNINGS) -static -s $^ -lseccomp -o $@

# The guest of every row: our guest kernel, and one program that says that userspace has begun.
$(BENCH)/obj/guest.cpio.zst: $(BENCH)/obj/marker $(GEN_INIT_CPIO)
	$(Q)printf 'dir /dev 0755 0 0\nnod /dev/console 0600 0 0 c 5 1\nfile /init %s 0755 0 0\n' $< >$(@D)/guest.list
	$(call make_initramfs,$(@D)/guest.list)

# The one whose disk and network are timed.
$(BENCH)/obj/throughput.cpio.zst: $(BENCH)/obj/throughput $(GEN_INIT_CPIO)
	$(Q)mkdir -p $(@D)
	$(Q)printf 'dir /dev 0755 0 0\nnod /dev/console 0600 0 0 c 5 1\nfile /init %s 0755 0 0\n' $< >$(@D)/throughput.list
	$(call make_initramfs,$(@D)/throughput.list)

# Our image with a shell on the second serial line, for the harness; the same else.
$(BENCH)/obj/mvirt-shell.efi: $(UKI)
	$(Q)ukify build --linux=$(O)/vmlinuz --initrd=$(INITRAMFS) --os-release=@$(O)/obj/os-release \
		--cmdline="$$(cat cmdline.txt) mvirt.shell=ttyS1" --stub=$(STUB) --output=$@ >/dev/null
	$(Q)touch $@

bench-peers: $(BENCH_DEBIAN) $(BENCH_BY_HAND) $(BENCH_PEERS)/stock-kernel.key $(BENCH_PEERS)/plots.key

$(BENCH_DEBIAN): $(BENCH_PEER_FILES) test/bench/peers/debian.packages $(BENCH)/obj/guest.cpio.zst | $(O)/guest/vmlinuz
	$(Q)test/bench/peers/make-debian-host $(BENCH_PEERS)/debian-root $@ $(O)/guest/vmlinuz $(BENCH)/obj/guest.cpio.zst

# One big download at a time.
$(BENCH_BY_HAND): $(BENCH_PEER_FILES) test/bench/peers/by-hand.packages $(BENCH)/obj/guest.cpio.zst \
		| $(O)/guest/vmlinuz $(BENCH_DEBIAN)
	$(Q)test/bench/peers/make-by-hand-host $(BENCH_PEERS)/by-hand-root $(@D) $(O)/guest/vmlinuz \
		$(BENCH)/obj/guest.cpio.zst

$(BENCH_PEERS)/%.key: test/bench/peers/%.packages test/bench/peers/make-root | $(BENCH_BY_HAND)
	$(Q)test/bench/peers/make-root $(if $(filter plots,$*),configured,unpacked) $< $(BENCH_PEERS)/$*
	$(Q)touch $@
