// SPDX-License-Identifier: GPL-2.0-or-later
// A guest's cgroup on a folder of plain files: which limits are written, what is read back.
#include "fake-tree.h"

#include <signal.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/log.h"
#include "guest/guest.h"
#include "process/guest-cgroup.h"
#include "process/guest-process.h"
#include "process/uids.h"

#define GIB (UINT64_C(1) << 30)
#define GROUP "/cgroup/mvirt/web"

struct fixture {
	struct tree tree;
	struct guest_process_paths paths;
	char cgroup[80];
	unsigned int warnings;
	int fd_count;
};

static const char *const attributes[] = {
	"memory.max", "memory.swap.max", "memory.oom.group", "pids.max", "hugetlb.2MB.max",
	"cpu.weight", "cpu.max",         "io.weight",        "io.max",
};

static void on_log(enum log_level level [[maybe_unused]], const char *subject [[maybe_unused]],
		   const char *message [[maybe_unused]], void *userdata)
{
	((struct fixture *)userdata)->warnings++;
}

static void setup(struct fixture *f)
{
	char path[64];

	*f = (struct fixture){};
	tree_make(&f->tree);
	tree_file(&f->tree, "/cgroup/cgroup.controllers", "cpu\n");
	tree_file(&f->tree, "/cgroup/cgroup.subtree_control", "");
	tree_file(&f->tree, "/cgroup/io.cost.qos", "");
	tree_file(&f->tree, "/cgroup/mvirt/cgroup.subtree_control", "");
	for (size_t i = 0; i < ELEMENTS(attributes); i++) {
		(void)snprintf(path, sizeof(path), GROUP "/%s", attributes[i]);
		tree_file(&f->tree, path, "");
	}
	(void)snprintf(f->cgroup, sizeof(f->cgroup), "%s/cgroup", f->tree.root);
	f->paths = *guest_process_paths();
	f->paths.cgroup = f->cgroup;
	guest_process_set_paths(&f->paths);
	f->fd_count = count_fds();
	log_set_hook(on_log, f);
}

static void teardown(struct fixture *f)
{
	log_set_hook(NULL, NULL);
	assert_int_equal(count_fds(), f->fd_count);
	guest_process_set_paths(NULL);
	tree_remove(&f->tree);
}

static void assert_attribute(const struct fixture *f, const char *path, const char *wanted)
{
	_cleanup_free_ char *text = NULL;

	assert_int_equal(file_read(AT_FDCWD, tree_path(&f->tree, path), 4096, &text, NULL), 0);
	if (strcmp(text, wanted) != 0)
		fail_msg("%s is \"%s\" and not \"%s\"", path, text, wanted);
}

static void make(const struct guest_cgroup_limits *limits)
{
	int fd = -EBADF;

	assert_int_equal(guest_cgroup_make("web", limits, &fd), 0);
	assert_true(fd >= 0);
	(void)close(fd);
}

static void test_defaults(void **)
{
	struct fixture f;

	setup(&f);
	make(&(struct guest_cgroup_limits){ .memory_bytes = GIB });
	/* 1 GiB, 256 MiB, and 8 MiB. */
	assert_attribute(&f, GROUP "/memory.max", "1350565888");
	assert_attribute(&f, GROUP "/memory.swap.max", "0");
	assert_attribute(&f, GROUP "/memory.oom.group", "1");
	assert_attribute(&f, GROUP "/pids.max", "512");
	assert_attribute(&f, GROUP "/hugetlb.2MB.max", "0");
	assert_attribute(&f, GROUP "/cpu.weight", "");
	assert_attribute(&f, GROUP "/cpu.max", "");
	assert_attribute(&f, GROUP "/io.weight", "");
	assert_attribute(&f, GROUP "/io.max", "");
	assert_int_equal(f.warnings, 0);
	teardown(&f);
}

static void test_all_limits(void **)
{
	/* The second is a file in memory, and is passed over. */
	const dev_t devices[] = { makedev(4095, 7), makedev(0, 21) };
	struct fixture f;

	setup(&f);
	make(&(struct guest_cgroup_limits){ .memory_bytes = GIB,
					    .overhead_bytes = GIB,
					    .hugepages = true,
					    .cpu_weight = 250,
					    .cpu_limit_percent = 150,
					    .io_weight = 50,
					    .io_limit_bytes = 1000000,
					    .devices = devices,
					    .device_count = ELEMENTS(devices) });
	assert_attribute(&f, GROUP "/memory.max", "2147483648");
	assert_attribute(&f, GROUP "/hugetlb.2MB.max", "1073741824");
	assert_attribute(&f, GROUP "/cpu.weight", "250");
	assert_attribute(&f, GROUP "/cpu.max", "150000 100000");
	assert_attribute(&f, GROUP "/io.weight", "default 50");
	assert_attribute(&f, GROUP "/io.max", "4095:7 rbps=1000000 wbps=1000000");
	assert_attribute(&f, "/cgroup/io.cost.qos", "4095:7 enable=1");
	teardown(&f);
}

static void test_no_overflow(void **)
{
	struct fixture f;

	setup(&f);
	make(&(struct guest_cgroup_limits){ .memory_bytes = UINT64_MAX,
					    .overhead_bytes = UINT64_MAX });
	assert_attribute(&f, GROUP "/memory.max", "9223372036854775807");
	teardown(&f);
}

/* What cannot be set is said once, and only if somebody asked for it. */
static void test_no_controllers(void **)
{
	const dev_t device = makedev(4095, 7);
	struct fixture f;

	setup(&f);
	for (size_t i = 0; i < ELEMENTS(attributes); i++) {
		char path[64];

		(void)snprintf(path, sizeof(path), GROUP "/%s", attributes[i]);
		(void)unlink(tree_path(&f.tree, path));
	}
	make(&(struct guest_cgroup_limits){ .memory_bytes = GIB });
	assert_int_equal(f.warnings, 2);
	make(&(struct guest_cgroup_limits){
		.cpu_weight = 1, .io_limit_bytes = 1, .devices = &device, .device_count = 1 });
	assert_int_equal(f.warnings, 4);
	make(&(struct guest_cgroup_limits){ .cpu_limit_percent = 1, .io_weight = 1 });
	assert_int_equal(f.warnings, 4);
	teardown(&f);
}

static void test_stats(void **)
{
	struct fixture f;
	struct guest_stats stats = { .cpu_usec = 7 };

	setup(&f);
	assert_int_equal(guest_cgroup_read_stats("nobody", &stats), -ESRCH);
	assert_int_equal(stats.cpu_usec, 7);
	assert_int_equal(guest_cgroup_read_stats("web", &stats), 0);
	assert_int_equal(
		stats.cpu_usec + stats.memory_bytes + stats.disk_read_bytes + stats.oom_kills, 0);
	assert_false(guest_cgroup_was_oom_killed("web"));
	tree_file(&f.tree, GROUP "/cpu.stat",
		  "usage_usec 123456789012\nuser_usec 1\nsystem_usec 2\n");
	tree_file(&f.tree, GROUP "/memory.current", "98765432101\n");
	tree_file(&f.tree, GROUP "/memory.stat",
		  "anon 60000000000\nfile 30000000000\nkernel 1000000000\nkernel_stack 16384\n"
		  "shmem 7000000000\nfile_mapped 5\nanon_thp 6\n");
	tree_file(&f.tree, GROUP "/memory.events",
		  "low 0\nhigh 0\nmax 4\noom 1\noom_kill 2\noom_group_kill 1\n");
	tree_file(&f.tree, GROUP "/io.stat",
		  "8:0 rbytes=1000 wbytes=200 rios=30 wios=4 dbytes=9 dios=9\n253:0 \n"
		  "8:16 rbytes=5000 wbytes=600 rios=70 wios=8 dbytes=9 dios=9\n");
	assert_int_equal(guest_cgroup_read_stats("web", &stats), 0);
	assert_int_equal(stats.cpu_usec, 123456789012);
	assert_int_equal(stats.memory_bytes, 98765432101);
	assert_int_equal(stats.oom_kills, 2);
	assert_int_equal(stats.disk_read_bytes, 6000);
	assert_int_equal(stats.disk_written_bytes, 800);
	assert_int_equal(stats.disk_reads, 100);
	assert_int_equal(stats.disk_writes, 12);
	assert_int_equal(guest_cgroup_memory("web"), 68000000000);
	assert_int_equal(guest_cgroup_memory("nobody"), 0);
	assert_true(guest_cgroup_was_oom_killed("web"));
	assert_false(guest_cgroup_was_oom_killed("nobody"));
	teardown(&f);
}

static pid_t fork_with_uid(unsigned int uid)
{
	int ready[2];
	char byte = 0;
	pid_t pid = 0;

	assert_int_equal(pipe2(ready, O_CLOEXEC), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		byte = setresuid(uid, uid, uid) == 0;
		(void)write(ready[1], &byte, 1);
		for (;;)
			pause();
	}
	assert_int_equal(read(ready[0], &byte, 1), 1);
	assert_int_equal(byte, 1);
	(void)close(ready[0]);
	(void)close(ready[1]);
	return pid;
}

/* Who is in it, and whether that is QEMU already. */
static void test_find(void **)
{
	const unsigned int uids[] = { PROCESS_UID_GUEST_FIRST + 6, 0, PROCESS_UID_GUEST_FIRST - 1 };
	struct guest_process_found found = {};
	struct fixture f;
	pid_t pid = 0;

	setup(&f);
	assert_int_equal(guest_cgroup_find("web", &pid), -ESRCH);
	assert_int_equal(guest_cgroup_find("nobody", &pid), -ESRCH);
	tree_file(&f.tree, GROUP "/cgroup.procs", "");
	assert_int_equal(guest_cgroup_find("web", &pid), -ESRCH);
	assert_int_equal(guest_process_find("web", &found), -ESRCH);
	for (size_t i = 0; i < ELEMENTS(uids); i++) {
		pid_t child = fork_with_uid(uids[i]);
		char text[16];
		int r = 0;

		(void)snprintf(text, sizeof(text), "%d\n1\n", child);
		tree_file(&f.tree, GROUP "/cgroup.procs", text);
		assert_int_equal(guest_cgroup_find("web", &pid), 0);
		assert_int_equal(pid, child);
		r = guest_process_find("web", &found);
		assert_int_equal(r, i == 0 ? 0 : -ESRCH);
		assert_int_equal(kill(child, SIGKILL), 0);
		assert_int_equal(waitpid(child, NULL, 0), child);
		assert_int_equal(guest_process_find("web", &found), -ESRCH);
	}
	assert_int_equal(found.index, 6);
	assert_true(found.start_time > 0);
	teardown(&f);
}

static void test_no_cgroup(void **)
{
	struct fixture f;
	struct guest_stats stats;
	int fd = 7;

	setup(&f);
	f.paths.cgroup = "/nowhere";
	assert_int_equal(guest_cgroup_make("web", &(struct guest_cgroup_limits){}, &fd), 0);
	assert_int_equal(fd, -EBADF);
	assert_int_equal(guest_cgroup_read_stats("web", &stats), -ESRCH);
	assert_false(guest_cgroup_was_oom_killed("web"));
	assert_int_equal(guest_cgroup_remove("web"), 0);
	teardown(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_defaults),    cmocka_unit_test(test_all_limits),
		cmocka_unit_test(test_no_overflow), cmocka_unit_test(test_no_controllers),
		cmocka_unit_test(test_stats),       cmocka_unit_test(test_no_cgroup),
		cmocka_unit_test(test_find),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
