// SPDX-License-Identifier: GPL-2.0-or-later
// What a guest is expected to use beside its memory: before anything was measured, and after. And
// huge pages, and files in memory, which come out of the same account.
// link: -Wl,--wrap=guest_process_start,--wrap=guest_process_adopt,--wrap=guest_process_exit_status
// link: -Wl,--wrap=guest_process_cleanup,--wrap=guest_process_stderr_tail
// link: -Wl,--wrap=guest_process_prepare,--wrap=guest_process_listen
// link: -Wl,--wrap=qemu_qmp_new,--wrap=qemu_qmp_execute,--wrap=qemu_qmp_free
// link: -Wl,--wrap=guest_console_new,--wrap=guest_console_connect
// link: -Wl,--wrap=guest_console_disconnect,--wrap=guest_console_free
// link: -Wl,--wrap=guest_console_set_line,--wrap=guest_console_written
// link: -Wl,--wrap=file_write
#include "guests-fixture.h"

#include <inttypes.h>

#include "guest/guest-internal.h"
#include "process/guest-cgroup.h"

#define MIB (UINT64_C(1) << 20)

/* /proc and /sys/fs/cgroup of this test. */
static struct {
	char folder[32], proc[48], cgroup[48];
	struct guest_process_paths paths;
} kernel_tells;

/* The kernel's huge pages: how many it has made, how many of them are free, how many it can make.
 */
static struct {
	char folder[48];
	uint64_t all, unused, most;
} pages;

static void tell(const char *path, const char *text);

static void tell_pages(void)
{
	const struct {
		const char *file;
		uint64_t number;
	} files[] = { { "pages/nr_hugepages", pages.all },
		      { "pages/free_hugepages", pages.unused },
		      { "pages/resv_hugepages", 0 } };

	for (size_t i = 0; i < ELEMENTS(files); i++) {
		_cleanup_free_ char *text = text_format("%" PRIu64 "\n", files[i].number);

		tell(files[i].file, text);
	}
}

int __real_file_write(int dir_fd, const char *path, const char *text);
int __wrap_file_write(int dir_fd, const char *path, const char *text);
int __wrap_file_write(int dir_fd, const char *path, const char *text)
{
	uint64_t taken = pages.all - pages.unused, wanted = strtoull(text, NULL, 10);

	if (!strstr(path, "nr_hugepages"))
		return __real_file_write(dir_fd, path, text);
	pages.all = wanted < taken ? taken : wanted > pages.most ? pages.most : wanted;
	pages.unused = pages.all - taken;
	tell_pages();
	return 0;
}

static int set_up_kernel(void **state)
{
	int r = 0;

	(void)snprintf(kernel_tells.folder, sizeof(kernel_tells.folder),
		       "/tmp/mvirt-memory-XXXXXX");
	assert_non_null(mkdtemp(kernel_tells.folder));
	(void)snprintf(kernel_tells.proc, sizeof(kernel_tells.proc), "%s/proc",
		       kernel_tells.folder);
	(void)snprintf(kernel_tells.cgroup, sizeof(kernel_tells.cgroup), "%s/cgroup",
		       kernel_tells.folder);
	kernel_tells.paths = *guest_process_paths();
	kernel_tells.paths.proc = kernel_tells.proc;
	kernel_tells.paths.cgroup = kernel_tells.cgroup;
	guest_process_set_paths(&kernel_tells.paths);
	r = set_up(state);
	memset(&pages, 0, sizeof(pages));
	(void)snprintf(pages.folder, sizeof(pages.folder), "%s/pages", kernel_tells.folder);
	pages.most = 100000;
	host.environment.hugepages = pages.folder;
	tell_pages();
	return r;
}

static int tear_down_kernel(void **state)
{
	guest_process_set_paths(NULL);
	(void)remove_folder(kernel_tells.folder);
	return tear_down(state);
}

/* A file below the folder of this test, with the folders it is in. */
static void tell(const char *path, const char *text)
{
	_cleanup_free_ char *whole = text_format("%s/%s", kernel_tells.folder, path);
	FILE *file = NULL;

	assert_non_null(whole);
	for (char *slash = whole + strlen(kernel_tells.folder); slash;
	     slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		assert_true(mkdir(whole, 0700) == 0 || errno == EEXIST);
		*slash = '/';
	}
	file = fopen(whole, "we");
	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

/* As the kernel tells it of a guest's cgroup and its QEMU: guest_kib of the guest's memory are
 * resident. */
static void tell_of(const char *name, uint64_t memory_kib, uint64_t guest_kib, uint64_t anon_kib)
{
	_cleanup_free_ char *group = text_format("cgroup/mvirt/%s/memory.stat", name),
			    *smaps = text_format("proc/%d/smaps", *fake_process(name)),
			    *charged =
				    text_format("anon %" PRIu64 "\nfile 99999999\nkernel %" PRIu64
						"\nshmem %" PRIu64 "\n",
						(anon_kib + guest_kib - 2048) * 1024,
						UINT64_C(1024) * 1024, UINT64_C(1024) * 1024),
			    *mappings = text_format(
				    "7f0000000000-7f0040000000 rw-p 00000000 00:00 0 \n"
				    "Size:           %8" PRIu64 " kB\nRss:            %8" PRIu64
				    " kB\nPss:                   1 kB\n"
				    "7f0040000000-7f0040010000 r-xp 00000000 00:02 9 /qemu\n"
				    "Size:                 64 kB\nRss:                  64 kB\n",
				    memory_kib, guest_kib);

	tell("cgroup/cgroup.controllers", "memory\n");
	tell(group, charged);
	tell(smaps, mappings);
}

static int admit(struct guest *guest, char **ret_why)
{
	struct verdict verdict = guest_memory_admit(guest);

	free(*ret_why);
	*ret_why = verdict.why;
	return verdict.error;
}

/* The guest is refused, and the line has what QEMU is thought to use. */
static void assert_expected(const char *name, const char *for_qemu)
{
	_cleanup_free_ char *why = NULL, *wanted = text_format(" and %s for QEMU,", for_qemu);

	assert_int_equal(admit(find(name), &why), -ENOMEM);
	assert_contains(why, wanted);
}

/* 1000 MiB are available; web of 64, which has not started, and db of 2000. */
static void new_hostd_with_kvm(void)
{
	host.environment.kvm_usable = true;
	host.guest[1].accel = GUEST_ACCEL_ANY;
	host.guest[0].machine = host.guest[1].machine = GUEST_MACHINE_MICROVM;
	host.guest[0].memory_bytes = 64 * MIB;
	host.guest[1].memory_bytes = 2000 * MIB;
	write_meminfo("MemTotal: 2048000 kB\nMemFree: 1 kB\nMemAvailable: 1024000 kB\n");
	new_hostd();
	settle();
}

/* Tests run where there may be no KVM, and which it is is known from the record. */
static void start_under_kvm(const char *name)
{
	start(name);
	find(name)->record.kvm = true;
}

/* 16 MiB (24 where it is no microvm), page tables for 2000 (7.8), a display's 32, and what TCG
 * translates into, 128. */
static void before_anything_was_measured(void **)
{
	new_hostd_with_kvm();
	assert_expected("db", "23.8 MiB");
	host.guest[1].hugepages = true;
	redefine(1);
	assert_expected("db", "16 MiB"); /* huge pages have few tables */
}

/* At boot nobody asks before: the first look is while the guest starts. */
static void while_it_starts(void **)
{
	new_hostd_with_kvm();
	find("db")->record.life.state = GUEST_STATE_STARTING;
	assert_expected("db", "23.8 MiB");
}

static void without_kvm(void **)
{
	new_hostd_with_kvm();
	host.guest[1].accel = GUEST_ACCEL_TCG;
	redefine(1);
	assert_expected("db", "151.8 MiB");
}

static void with_a_display(void **)
{
	new_hostd_with_kvm();
	host.guest[1].machine = GUEST_MACHINE_Q35;
	host.guest[1].display = GUEST_DISPLAY_VNC;
	redefine(1);
	assert_expected("db", "63.8 MiB");
}

/* A guest that has run for a while is measured, and others like it are thought to be the same. */
static void measured(void **)
{
	new_hostd_with_kvm();
	start_under_kvm("web");
	tell_of("web", 64 * 1024, 40 * 1024, 9 * 1024);
	/* not yet: what it does at its start it may still be doing */
	assert_expected("db", "23.8 MiB");
	find("web")->record.life.started_usec = 0;
	assert_expected("db", "16.8 MiB");
	/* once a run, and never less than was seen */
	tell_of("web", 64 * 1024, 40 * 1024, 30 * 1024);
	assert_expected("db", "16.8 MiB");
	host.guest[1].machine = GUEST_MACHINE_Q35;
	redefine(1);
	assert_expected("db", "31.8 MiB");
}

/* What the guest has not used yet of its promise is not given away again. */
static void promised_and_not_used(void **)
{
	_cleanup_free_ char *why = NULL;

	new_hostd_with_kvm();
	start_under_kvm("web");
	tell_of("web", 64 * 1024, 40 * 1024, 9 * 1024);
	find("web")->record.life.started_usec = 0;
	host.guest[1].memory_bytes = 974 * MIB;
	redefine(1);
	/* 1000 less 64.25 + 9 - 49 is 975.75; db is to have 9, and 3.8 of page tables */
	assert_expected("db", "12.8 MiB");
	host.guest[1].memory_bytes = 962 * MIB;
	redefine(1);
	assert_int_equal(admit(find("db"), &why), 0);
}

/* --- huge pages --- */

/* Those that have to be made are made of what others may be promised. */
static void pages_are_of_what_is_available(void **)
{
	_cleanup_free_ char *why = NULL;

	new_hostd_with_kvm();
	host.guest[1].hugepages = true;
	redefine(1);
	assert_expected("db", "16 MiB");
	/* with most of them there already, 800 MiB are missing */
	pages.all = pages.unused = 600;
	tell_pages();
	assert_int_equal(admit(find("db"), &why), 0);
	/* and a guest that runs may still come to use its own */
	start_under_kvm("web");
	find("web")->record.config->memory_bytes = 300 * MIB;
	assert_expected("db", "16 MiB");
}

/* A QEMU that has not answered yet may not have taken what was made for it: it is not another's,
 * and not given back. */
static void pages_of_a_start(void **)
{
	_cleanup_free_ char *why = NULL;

	host.guest[0].hugepages = host.guest[1].hugepages = true;
	new_hostd_with_kvm();
	host.guest[1].accel = GUEST_ACCEL_TCG;
	host.guest[1].memory_bytes = 100 * MIB;
	redefine(1);
	assert_int_equal(guest_start(find("web"), &why), 0);
	assert_int_equal(pages.all, 32);
	assert_int_equal(guest_start(find("db"), &why), 0);
	assert_int_equal(pages.all, 32 + 50);
	/* web has taken them; then db ends, and only its own go */
	pages.unused = 50;
	tell_pages();
	tell("cgroup/cgroup.controllers", "hugetlb\n");
	tell("cgroup/mvirt/web/hugetlb.2MB.current", "67108864\n");
	assert_int_equal(guest_kill(find("db"), &why), 0);
	wait_for("db", GUEST_STATE_STOPPED);
	assert_int_equal(pages.all, 32);
	assert_int_equal(pages.unused, 0);
}

static void pages_that_cannot_be_made(void **)
{
	_cleanup_free_ char *why = NULL;

	new_hostd_with_kvm();
	host.guest[0].hugepages = true;
	redefine(0);
	pages.most = 20;
	assert_int_equal(guest_start(find("web"), &why), -EIO);
	assert_contains(why, "it needs 32 huge pages of 2 MiB, and the kernel can make 20 free");
	assert_int_equal(pages.all, 0);
}

/* --- files in memory --- */

static void what_is_being_written(void **)
{
	_cleanup_free_ char *why = NULL;

	new_hostd_with_kvm();
	host.guest[1].memory_bytes = 900 * MIB;
	redefine(1);
	assert_int_equal(guests_reserve_memory(host.guests, 200 * MIB, &why), 0);
	assert_int_equal(admit(find("db"), &why), -ENOMEM);
	assert_contains(why, "this machine has 800 MiB free");
	assert_int_equal(guests_reserve_memory(host.guests, 900 * MIB, &why), -ENOMEM);
	assert_contains(why, "it needs 900 MiB of memory, and this machine has 800 MiB free");
	guests_release_memory(host.guests, 200 * MIB);
	assert_int_equal(admit(find("db"), &why), 0);
}

/* A QEMU that is the guest's uses all that it may, at each start: it may no more for that. */
static void measured_of_one_that_takes_all(void **)
{
	uint64_t most = GUEST_CGROUP_OVERHEAD_BYTES + 64 * MIB / GUEST_CGROUP_OVERHEAD_DIVISOR;

	new_hostd_with_kvm();
	start_under_kvm("web");
	tell_of("web", 64 * 1024, 40 * 1024, 4096 * 1024);
	guest_memory_learn(find("web"));
	assert_int_equal(find("web")->record.overhead_bytes, most);
	/* nor do others seem to need as much: four times 16 MiB, and 7.8 of page tables */
	assert_expected("db", "71.8 MiB");
}

#define KERNEL_TEST(function) \
	cmocka_unit_test_setup_teardown(function, set_up_kernel, tear_down_kernel)

int main(void)
{
	const struct CMUnitTest tests[] = {
		KERNEL_TEST(before_anything_was_measured),
		KERNEL_TEST(while_it_starts),
		KERNEL_TEST(without_kvm),
		KERNEL_TEST(with_a_display),
		KERNEL_TEST(measured),
		KERNEL_TEST(promised_and_not_used),
		KERNEL_TEST(pages_are_of_what_is_available),
		KERNEL_TEST(pages_of_a_start),
		KERNEL_TEST(pages_that_cannot_be_made),
		KERNEL_TEST(what_is_being_written),
		KERNEL_TEST(measured_of_one_that_takes_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
