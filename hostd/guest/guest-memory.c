// SPDX-License-Identifier: GPL-2.0-or-later
// Memory admission: what the host has, what running guests were promised, and what one more needs.
#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/meminfo.h"
#include "base/text.h"
#include "guest/guest-internal.h"
#include "process/guest-cgroup.h"
#include "process/guest-process.h"

#define SMAPS_BYTES_MAX (4UL * 1024 * 1024)
/* What was measured of another guest counts up to so many times of that. */
#define LIKE_ANOTHER_MAX 4
/* 8 bytes of page tables for 4 KiB, once for the VMM and once for KVM: grow as the guest uses
 * memory.
 */
#define PAGE_TABLES_DIVISOR 256
/* The host itself: hostd, and page cache for disks. What the kernel keeps for itself is no part of
 * what is available. */
#define RESERVE_MIN (UINT64_C(16) << 20)
#define RESERVE_DIVISOR 32
/* A guest has done by then what it does at its start. */
#define SETTLED_USEC UINT64_C(10000000)
#define HUGEPAGE_BYTES (UINT64_C(2) << 20)
#define HUGEPAGES "/sys/kernel/mm/hugepages/hugepages-2048kB"

static uint64_t reserve(const struct guests *guests, uint64_t total)
{
	uint64_t wanted = guests->environment.memory_reserve_bytes;

	if (wanted == 0)
		wanted = total / RESERVE_DIVISOR > RESERVE_MIN ? total / RESERVE_DIVISOR
							       : RESERVE_MIN;
	return wanted;
}

static bool is_alike(const struct guest *a, const struct guest *b)
{
	return a->config->machine == b->config->machine &&
	       a->config->display == b->config->display &&
	       guest_runs_on_kvm(a) == guest_runs_on_kvm(b);
}

/* What it was seen to use beyond its memory, or the most that one like it was; 0: nothing. One
 * guest alone cannot make the others seem too large for this machine. */
static uint64_t measured_overhead(const struct guest *guest, uint64_t usual)
{
	const struct guests *guests = guest->guests;
	uint64_t most = 0;

	if (guest->record.overhead_bytes)
		return guest->record.overhead_bytes;
	for (size_t i = 0; i < guests->count; i++)
		if (guests->items[i]->record.overhead_bytes > most &&
		    is_alike(guests->items[i], guest))
			most = guests->items[i]->record.overhead_bytes;
	return most < usual * LIKE_ANOTHER_MAX ? most : usual * LIKE_ANOTHER_MAX;
}

static uint64_t expected_overhead(const struct guest *guest, const struct guest_config *config)
{
	uint64_t usual = vmm_overhead(guest_vmm_type(guest), config, guest_runs_on_kvm(guest));
	uint64_t measured = measured_overhead(guest, usual);

	/* An emulated processor's translations grow long after anything was measured. */
	if (measured == 0 || (!guest_runs_on_kvm(guest) && measured < usual))
		measured = usual;
	return measured + (config->hugepages ? 0 : config->memory_bytes / PAGE_TABLES_DIVISOR);
}

/* Huge pages are not part of what is available as soon as they are made: see missing_pages(). */
static uint64_t promised(const struct guest *guest, const struct guest_config *config)
{
	return (config->hugepages ? 0 : config->memory_bytes) + expected_overhead(guest, config);
}

/* Once a run, when it has done what a guest does at its start; what is learned is only asked for
 * here. */
static void learn_of_all(const struct guests *guests)
{
	uint64_t now = clock_usec(CLOCK_BOOTTIME);

	for (size_t i = 0; i < guests->count; i++) {
		struct guest *guest = guests->items[i];

		if (guest->learned || guest->record.life.state != GUEST_STATE_RUNNING ||
		    now < guest->record.life.started_usec + SETTLED_USEC)
			continue;
		guest->learned = true;
		guest_memory_learn(guest);
		(void)guest_save(guest);
	}
}

/* What the guests that run may still come to use, and have not yet. */
static uint64_t outstanding(const struct guests *guests)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < guests->count; i++) {
		const struct guest *guest = guests->items[i];
		uint64_t used = 0, promise = 0;

		if (!guest_state_has_process(guest->record.life.state) ||
		    guest->record.process.pid == 0)
			continue;
		used = guest_cgroup_memory(guest->config->name);
		promise = promised(guest, guest->record.config);
		if (used < promise)
			sum += promise - used;
	}
	return sum;
}

static uint64_t less(uint64_t a, uint64_t b)
{
	return a > b ? a - b : 0;
}

/* --- huge pages: made of what is available, from then on apart --- */

struct hugepages {
	uint64_t all, free, reserved; /* reserved: free, and mapped by somebody */
};

static int read_number(const struct guests *guests, const char *name, uint64_t *ret_number)
{
	const char *folder = guests->environment.hugepages;
	_cleanup_free_ char *path = text_format("%s/%s", folder ? folder : HUGEPAGES, name),
			    *line = NULL;
	int r = path ? file_read_line(AT_FDCWD, path, &line) : -ENOMEM;

	if (r < 0)
		return r;
	return sscanf(line, "%" SCNu64, ret_number) == 1 ? 0 : -EBADMSG;
}

static int read_hugepages(const struct guests *guests, struct hugepages *ret_pages)
{
	struct hugepages pages = {};
	int r = read_number(guests, "nr_hugepages", &pages.all);

	if (r >= 0)
		r = read_number(guests, "free_hugepages", &pages.free);
	if (r >= 0)
		r = read_number(guests, "resv_hugepages", &pages.reserved);
	if (r >= 0)
		*ret_pages = pages;
	return r;
}

static void set_hugepages(const struct guests *guests, uint64_t count)
{
	const char *folder = guests->environment.hugepages;
	_cleanup_free_ char *path = text_format("%s/nr_hugepages", folder ? folder : HUGEPAGES);
	char text[32];

	(void)snprintf(text, sizeof(text), "%" PRIu64, count);
	if (path)
		(void)file_write(AT_FDCWD, path, text);
}

/* Made for guests whose VMM is still at taking them: it has them all when it answers. */
static uint64_t awaited_pages(const struct guests *guests)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < guests->count; i++) {
		const struct guest *guest = guests->items[i];
		const struct guest_config *config = guest->record.config;

		if (guest->record.life.state == GUEST_STATE_STARTING &&
		    guest->record.process.pid > 0 && config->hugepages)
			sum += less(config->memory_bytes, guest_cgroup_hugepages(config->name)) /
			       HUGEPAGE_BYTES;
	}
	return sum;
}

/* Free, and nobody's. */
static uint64_t spare_pages(const struct guests *guests, const struct hugepages *pages)
{
	uint64_t awaited = awaited_pages(guests);

	return less(pages->free, pages->reserved > awaited ? pages->reserved : awaited);
}

/* What has to be made for the guest. */
static uint64_t missing_pages(const struct guest *guest)
{
	struct hugepages pages = {};

	if (!guest->config->hugepages)
		return 0;
	/* Of a kernel that does not say none is free. */
	(void)read_hugepages(guest->guests, &pages);
	return less(guest->config->memory_bytes / HUGEPAGE_BYTES,
		    spare_pages(guest->guests, &pages));
}

struct verdict guest_memory_take_hugepages(const struct guest *guest)
{
	const struct guests *guests = guest->guests;
	uint64_t needed = guest->config->memory_bytes / HUGEPAGE_BYTES, spare = 0;
	struct hugepages pages = {};
	int r = 0;

	if (!guest->config->hugepages)
		return (struct verdict){};
	r = read_hugepages(guests, &pages);
	spare = spare_pages(guests, &pages);
	if (r >= 0 && spare < needed) {
		set_hugepages(guests, pages.all + needed - spare);
		r = read_hugepages(guests, &pages);
		spare = spare_pages(guests, &pages);
	}
	if (r >= 0 && spare >= needed)
		return (struct verdict){};
	guest_memory_return_hugepages(guests);
	return verdict_of(VERDICT_REFUSED, -ENOMEM,
			  "it needs %" PRIu64
			  " huge pages of 2 MiB, and the kernel can make %" PRIu64 " free",
			  needed, spare);
}

void guest_memory_return_hugepages(const struct guests *guests)
{
	struct hugepages pages = {};
	uint64_t spare = 0;

	if (read_hugepages(guests, &pages) < 0)
		return;
	spare = spare_pages(guests, &pages);
	if (spare > 0)
		set_hugepages(guests, less(pages.all, spare));
}

/* --- one account for all --- */

/* What is available, less what was promised to others. Returns 0, or -ENODATA: a kernel that does
 * not say refuses nothing. */
static int read_account(const struct guests *guests, struct guests_memory *ret_account)
{
	const char *path = guests->environment.meminfo;
	struct meminfo memory = {};

	if (meminfo_read(path ? path : MEMINFO_PATH, &memory) < 0)
		return -ENODATA;
	learn_of_all(guests);
	ret_account->reserve_bytes = reserve(guests, memory.total_bytes);
	ret_account->free_bytes =
		less(memory.available_bytes, outstanding(guests) + guests->reserved_bytes);
	return 0;
}

void guests_read_memory(const struct guests *guests, struct guests_memory *ret_memory)
{
	struct guests_memory memory = {};

	(void)read_account(guests, &memory);
	*ret_memory = memory;
}

uint64_t guest_needed_memory(const struct guest *guest)
{
	return promised(guest, guest->config) + missing_pages(guest) * HUGEPAGE_BYTES;
}

struct verdict guest_memory_admit(struct guest *guest)
{
	char needed_text[TEXT_BYTES_MAX], free_text[TEXT_BYTES_MAX], reserve_text[TEXT_BYTES_MAX];
	struct guests_memory account = {};
	uint64_t needed = 0;

	if (read_account(guest->guests, &account) < 0)
		return (struct verdict){};
	needed = guest_needed_memory(guest);
	if (needed <= less(account.free_bytes, account.reserve_bytes))
		return (struct verdict){};
	return verdict_of(
		VERDICT_REFUSED, -ENOMEM,
		"memory is to be %s and %s for %s, and this machine has %s free, of which "
		"%s are kept for the host",
		text_from_bytes(guest->config->memory_bytes, needed_text),
		text_from_bytes(expected_overhead(guest, guest->config), (char[TEXT_BYTES_MAX]){}),
		guest_vmm_label(guest), text_from_bytes(account.free_bytes, free_text),
		text_from_bytes(account.reserve_bytes, reserve_text));
}

int guests_reserve_memory(struct guests *guests, uint64_t bytes, char **ret_why)
{
	char needed_text[TEXT_BYTES_MAX], free_text[TEXT_BYTES_MAX], reserve_text[TEXT_BYTES_MAX];
	struct guests_memory account = {};

	if (read_account(guests, &account) >= 0 &&
	    bytes > less(account.free_bytes, account.reserve_bytes)) {
		guest_set_text(ret_why,
			       "it needs %s of memory, and this machine has %s free, of which %s "
			       "are kept for the host",
			       text_from_bytes(bytes, needed_text),
			       text_from_bytes(account.free_bytes, free_text),
			       text_from_bytes(account.reserve_bytes, reserve_text));
		return -ENOMEM;
	}
	guests->reserved_bytes += bytes;
	return 0;
}

void guests_release_memory(struct guests *guests, uint64_t bytes)
{
	guests->reserved_bytes = less(guests->reserved_bytes, bytes);
}

/* --- what the VMM uses itself --- */

/* Resident bytes of the guest's memory: of the mappings that are as large, which no other is. */
static uint64_t guest_resident(const char *smaps, uint64_t guest_bytes)
{
	uint64_t sum = 0, size = 0;

	for (const char *line = smaps; line; line = strchr(line, '\n')) {
		uint64_t kib = 0;

		line += *line == '\n';
		if (sscanf(line, "Size: %" SCNu64, &kib) == 1)
			size = kib * 1024;
		else if (sscanf(line, "Rss: %" SCNu64, &kib) == 1 && size >= guest_bytes)
			sum += kib * 1024;
	}
	return sum;
}

void guest_memory_learn(struct guest *guest)
{
	struct guest_record *record = &guest->record;
	_cleanup_free_ char *path = NULL, *smaps = NULL;
	uint64_t measured = 0, most = 0;

	if (record->process.pid == 0)
		return;
	path = text_format("%s/%d/smaps", guest_process_paths()->proc, record->process.pid);
	if (!path || file_read(AT_FDCWD, path, SMAPS_BYTES_MAX, &smaps, NULL) < 0)
		return;
	measured = less(guest_cgroup_memory(record->config->name),
			guest_resident(smaps, record->config->memory_bytes));
	/* A VMM that is the guest's may use all that it may: that is not to raise what it may, at
	 * each start again. */
	most = GUEST_CGROUP_OVERHEAD_BYTES +
	       record->config->memory_bytes / GUEST_CGROUP_OVERHEAD_DIVISOR;
	if (measured > most)
		measured = most;
	/* Never less than was seen before: a guest that has used more may do so again. */
	if (measured > record->overhead_bytes)
		record->overhead_bytes = measured;
}
