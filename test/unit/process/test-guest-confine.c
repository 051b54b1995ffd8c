// SPDX-License-Identifier: GPL-2.0-or-later
// The confinement for real, audited by a program inside (confined-probe.c) and by /proc from
// outside.
#include "guest-confine-fixture.h"

#include <linux/seccomp.h>
#include <signal.h>
#include <sys/pidfd.h>
#include <sys/socket.h>

#include "net/guest/net-tap.h"
#include "vmm/qemu/qemu-seccomp.h"

#define INDEX 17
#define TAP "mv-probe-0"
#define TAP_FD 30
#define REPORT_BYTES_MAX 65536

/* What holds without the filter is to be seen too. */
static bool without_seccomp;

static const struct sock_fprog *filter(void)
{
	static struct sock_filter allow = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	static const struct sock_fprog none = { .len = 1, .filter = &allow };
	const struct sock_fprog *program = &none;

	if (!without_seccomp)
		assert_int_equal(qemu_seccomp_program(&program), 0);
	return program;
}

struct fixture {
	struct guest_process_spec spec;
	struct guest_process_file files[2];
	struct process_fd fds[16];
	int report_fds[2], control_fds[2], numbered_fds[10];
	int tap_fd; /* -errno: there are no taps here */
	pid_t pid;
	int pidfd;
	uint64_t start_time;
	char report[REPORT_BYTES_MAX];
	char log[1024];
	int fd_count;
};

static void on_log(enum log_level level [[maybe_unused]], const char *subject, const char *message,
		   void *userdata)
{
	struct fixture *f = userdata;

	(void)snprintf(f->log, sizeof(f->log), "%s: %s", subject, message);
}

/* --- one start of the probe --- */

static int open_tap(void)
{
	int fd = -EBADF, r = net_tap_open(TAP, &fd);

	return r < 0 ? r : fd;
}

static void setup(struct fixture *f)
{
	static char name[] = "probe", argument[] = "last";
	static char *argv[] = { name, argument, NULL };
	size_t count = 0;

	*f = (struct fixture){ .pidfd = -EBADF };
	log_set_hook(on_log, f);
	tree_file(&tree, "/kernel", "the kernel");
	tree_file(&tree, "/initrd", "the initrd");
	(void)chmod(tree_path(&tree, "/initrd"), 0666);
	f->fd_count = count_fds();
	assert_int_equal(pipe2(f->report_fds, O_CLOEXEC), 0);
	assert_int_equal(pipe2(f->control_fds, O_CLOEXEC), 0);
	f->files[0] = (struct guest_process_file){
		open(tree_path(&tree, "/kernel"), O_RDONLY | O_CLOEXEC), "/kernel"
	};
	f->files[1] = (struct guest_process_file){
		open(tree_path(&tree, "/initrd"), O_RDONLY | O_CLOEXEC), "/initrd"
	};
	f->fds[count++] = (struct process_fd){ f->report_fds[1], 3 };
	f->fds[count++] = (struct process_fd){ f->control_fds[0], 4 };
	/* Their numbers are those of other fds of ours, turned round. */
	for (int i = 0; i < 10; i++) {
		char path[32], text[32];

		(void)snprintf(path, sizeof(path), "/number-%d", i);
		(void)snprintf(text, sizeof(text), "number %d", i);
		tree_file(&tree, path, text);
		f->numbered_fds[i] = open(tree_path(&tree, path), O_RDONLY | O_CLOEXEC);
		f->fds[count++] = (struct process_fd){ f->numbered_fds[i], 20 - i };
	}
	f->tap_fd = open_tap();
	if (f->tap_fd >= 0)
		f->fds[count++] = (struct process_fd){ f->tap_fd, TAP_FD };
	f->spec = (struct guest_process_spec){ .name = "probe",
					       .index = INDEX,
					       .executable = probe,
					       .firmware = firmware,
					       .seccomp = filter(),
					       .argv = argv,
					       .limits = { .memory_bytes = 64 << 20 },
					       .fds = f->fds,
					       .fd_count = count,
					       .files = f->files,
					       .file_count = 2 };
	assert_int_equal(guest_process_prepare("probe"), 0);
}

static void teardown(struct fixture *f)
{
	f->report_fds[0] = fd_close(f->report_fds[0]);
	f->control_fds[1] = fd_close(f->control_fds[1]);
	fd_close(f->report_fds[1]);
	fd_close(f->control_fds[0]);
	fd_close(f->pidfd);
	fd_close(f->files[0].fd);
	fd_close(f->files[1].fd);
	for (int i = 0; i < 10; i++)
		fd_close(f->numbered_fds[i]);
	if (f->tap_fd >= 0)
		fd_close(f->tap_fd);
	assert_int_equal(guest_process_cleanup("probe"), 0);
	assert_no_child();
	assert_int_equal(count_fds(), f->fd_count);
	log_set_hook(NULL, NULL);
}

/* Starts it, and hears it out. */
static void start(struct fixture *f)
{
	size_t length = 0;

	/* What hostd has, QEMU shall not have. */
	sigset_t all;

	(void)sigfillset(&all);
	(void)signal(SIGPIPE, SIG_IGN);
	(void)sigprocmask(SIG_BLOCK, &all, NULL);
	assert_int_equal(guest_process_start(&f->spec, &f->pid, &f->pidfd, &f->start_time), 0);
	(void)sigprocmask(SIG_UNBLOCK, &all, NULL);
	f->report_fds[1] = fd_close(f->report_fds[1]);
	f->control_fds[0] = fd_close(f->control_fds[0]);
	while (!strstr(f->report, "\nend\n")) {
		struct pollfd poll_fd = { .fd = f->report_fds[0], .events = POLLIN };
		ssize_t got = 0;

		assert_int_equal(poll(&poll_fd, 1, 20000), 1);
		got = read(f->report_fds[0], f->report + length, sizeof(f->report) - 1 - length);
		assert_true(got > 0);
		length += (size_t)got;
		f->report[length] = '\0';
	}
}

static int wait_status(const struct fixture *f)
{
	struct pollfd poll_fd = { .fd = f->pidfd, .events = POLLIN };
	int status = -1;

	assert_int_equal(poll(&poll_fd, 1, 20000), 1);
	assert_int_equal(guest_process_exit_status(f->pid, f->pidfd, &status), 0);
	return status;
}

static int finish(struct fixture *f, const char *word)
{
	if (*word)
		assert_int_equal(write(f->control_fds[1], word, 1), 1);
	f->control_fds[1] = fd_close(f->control_fds[1]);
	return wait_status(f);
}

static void assert_line(const struct fixture *f, const char *line)
{
	char whole[256];

	(void)snprintf(whole, sizeof(whole), "\n%s\n", line);
	if (!strstr(f->report, whole) && strncmp(f->report, whole + 1, strlen(whole + 1)) != 0)
		fail_msg("not reported: %s\n%s", line, f->report);
}

static unsigned int count_lines(const char *text, const char *start)
{
	unsigned int count = 0;

	for (const char *line = text; line;
	     line = strchr(line, '\n'), line = line ? line + 1 : NULL)
		count += strncmp(line, start, strlen(start)) == 0;
	return count;
}

struct expected {
	const char *what;
	const char *bare, *filtered; /* without the filter, and with it; NULL: not of interest */
};

static void check_calls(const struct fixture *f, const struct expected *calls, size_t count,
			bool filtered)
{
	for (size_t i = 0; i < count; i++) {
		const char *wanted = filtered ? calls[i].filtered : calls[i].bare;
		char line[256];

		(void)snprintf(line, sizeof(line), "%s: %s", calls[i].what, wanted);
		if (wanted)
			assert_line(f, line);
	}
}

static void check_inside(bool filtered)
{
	static const char *const lines[] = {
		"uid: 65534 65534 65534",
		"gid: 65534 65534 65534",
		"groups: 0",
		"bounding: 0",
		"ambient: 0",
		"argv: 2 probe last",
		"environment: 0",
		"pid: 1 0 1 1",
		"signals: 0 0",
		"hostname: probe",
		"limit core: 0 0",
		"limit nofile: 4096 4096",
		"limit memlock: 65536 65536",
		"limit nproc: 512 512",
		"fd 0: character ",
		"fd 1: character ",
		"fd 2: file append ",
		"fd 3: pipe ",
		"fd 4: pipe read-only ",
		"fd 20: file read-only number 0",
		"fd 11: file read-only number 9",
		"tree /kernel: 100644",
		"tree /initrd: 100666",
		"tree /tmp: 41777",
		"kill 2: ESRCH",
		"open /proc: ENOENT",
		"open /dev/null: ok",
		"open ../: ENOENT",
		"create /x: EROFS",
		"create in firmware: ENOENT",
		"write /kernel: EACCES",
		"write /initrd: EROFS",
		"read /kernel: ok",
		"unlink /kernel: EROFS",
		"create /tmp/file: ok",
		"tmp bytes: bounded",
		"log bytes: bounded",
		"raw socket: EPERM",
		"unix socket: ok",
		"own name: ok",
		"raise nofile: EBADF",
		"thread: ok",
	};
	static const struct expected calls[] = {
		{ "pdeathsig", "0", NULL },
		{ "no-new-privs", "1", NULL },
		{ "capabilities", "0", NULL },
		{ "mount", "EPERM", "ENOSYS" },
		{ "umount", "EPERM", "ENOSYS" },
		{ "remount", "EPERM", "ENOSYS" },
		{ "chroot", "EPERM", "ENOSYS" },
		{ "setuid", "EINVAL", "ENOSYS" },
		{ "setgroups", "EPERM", "ENOSYS" },
		{ "sethostname", "EPERM", "ENOSYS" },
		{ "packet socket", "EPERM", "ENOSYS" },
		{ "mknod", "EPERM", "ENOSYS" },
		{ "setns", "EPERM", "ENOSYS" },
		{ "reboot", "EPERM", "ENOSYS" },
		{ "chmod /kernel", "EROFS", "ENOSYS" },
		{ "mkdir /tmp/a", "ok", "ENOSYS" },
		{ "execute /tmp/file", "EACCES", "ENOSYS" },
		{ "packet netlink", "ok", "ENOSYS" },
		{ "crypto socket", NULL, "ENOSYS" },
		{ "keyring", NULL, "ENOSYS" },
		{ "io ring", NULL, "ENOSYS" },
		{ "trace", "ESRCH", "ENOSYS" },
		{ "fork", "ok", "ENOSYS" },
		{ "execute memfd", NULL, "ENOSYS" },
		{ "dumpable", "ok", "ENOSYS" },
		{ "user namespace", "ENOSPC", "ENOSYS" },
		{ "lease", "ok", "ENOSYS" },
		{ "lock", "ok", "ok" },
	};
	/* By no capability, but by whose the fd is. */
	static const struct expected tap_calls[] = {
		{ "tap is a tap", "ok", "ok" },     { "tap offload", "ok", "ok" },
		{ "tap MAC", "ok", "ENOTTY" },      { "tap MAC by 64 bits", "ok", "ENOTTY" },
		{ "tap owner", NULL, "ENOTTY" },    { "tap carrier", NULL, "ENOTTY" },
		{ "tap persists", "ok", "ENOTTY" },
	};
	struct fixture f;
	char line[256];

	skip_unless_possible();
	without_seccomp = !filtered;
	setup(&f);
	start(&f);
	for (size_t i = 0; i < ELEMENTS(lines); i++)
		assert_line(&f, lines[i]);
	check_calls(&f, calls, ELEMENTS(calls), filtered);
	if (f.tap_fd >= 0)
		check_calls(&f, tap_calls, ELEMENTS(tap_calls), filtered);
	else
		print_message("# no taps here (%s): not tested\n", strerror(-f.tap_fd));
	/* And nothing that is not listed. Interfaces are asked for by netlink. */
	assert_int_equal(count_lines(f.report, "fd "), 3 + f.spec.fd_count);
	assert_int_equal(count_lines(f.report, "interface: "), filtered ? 0 : 1);
	if (!filtered)
		assert_line(&f, "interface: lo");
	(void)snprintf(line, sizeof(line), "tree %s/bios.bin: 100644", f.spec.firmware);
	assert_line(&f, line);
	/* kernel, initrd, tmp, dev with null; the firmware is below tmp here, in two folders. */
	assert_int_equal(count_lines(f.report, "tree "), 5 + 2 + 1);
	assert_line(&f, "tree /dev/null: 20666");
	assert_int_equal(finish(&f, ""), 42 << 8);
	without_seccomp = false;
	teardown(&f);
}

static void test_inside(void **)
{
	check_inside(false);
}

static void test_inside_with_seccomp(void **)
{
	check_inside(true);
}

/* --- from outside --- */

static char *read_proc(pid_t pid, const char *file)
{
	char path[64], *text = NULL;

	(void)snprintf(path, sizeof(path), "/proc/%d/%s", pid, file);
	assert_int_equal(file_read(AT_FDCWD, path, REPORT_BYTES_MAX, &text, NULL), 0);
	return text;
}

static bool shares_namespace(pid_t pid, const char *name)
{
	char path[64];
	struct stat a, b;

	(void)snprintf(path, sizeof(path), "/proc/%d/ns/%s", pid, name);
	assert_int_equal(stat(path, &a), 0);
	(void)snprintf(path, sizeof(path), "/proc/self/ns/%s", name);
	assert_int_equal(stat(path, &b), 0);
	return a.st_ino == b.st_ino;
}

static void test_outside(void **)
{
	static const char *const private[] = { "mnt", "pid", "ipc", "uts", "net", "user" };
	_cleanup_free_ char *status = NULL, *mounts = NULL, *group = NULL, *wanted = NULL,
			    *maps = NULL;
	struct fixture f;
	int adopted = -EBADF;

	skip_unless_possible();
	setup(&f);
	start(&f);
	status = read_proc(f.pid, "status");
	assert_non_null(strstr(status, "\nUid:\t70017\t70017\t70017\t70017\n"));
	assert_non_null(strstr(status, "\nGid:\t70017\t70017\t70017\t70017\n"));
	assert_non_null(strstr(status, "\nGroups:\t \n"));
	assert_non_null(strstr(status, "\nCapBnd:\t0000000000000000\n"));
	assert_non_null(strstr(status, "\nCapPrm:\t0000000000000000\n"));
	assert_non_null(strstr(status, "\nNoNewPrivs:\t1\n"));
	assert_non_null(strstr(status, "\nSeccomp:\t2\n"));
	assert_non_null(strstr(status, "\nSigIgn:\t0000000000000000\n"));
	assert_non_null(strstr(status, "\nSigBlk:\t0000000000000000\n"));
	maps = read_proc(f.pid, "uid_map");
	assert_string_equal(maps, "");
	for (size_t i = 0; i < ELEMENTS(private); i++)
		assert_false(shares_namespace(f.pid, private[i]));
	mounts = read_proc(f.pid, "mountinfo");
	/* Its root, the firmware, two files, /tmp, /dev/null. */
	assert_int_equal(count_lines(mounts, ""), 6 + 1);
	assert_int_equal(guest_process_adopt(f.pid, f.start_time, &adopted), 0);
	adopted = fd_close(adopted);
	if (has_cgroup) {
		wanted = text_format("/mvirt-test-%d/mvirt/probe\n", getpid());
		group = read_proc(f.pid, "cgroup");
		assert_non_null(strstr(group, wanted));
	} else
		print_message("# no cgroup v2 here: not tested\n");
	/* abort() of a PID 1: SIGABRT alone would be ignored. */
	assert_int_equal(finish(&f, "a") & 0x7f, SIGSEGV);
	teardown(&f);
}

static void test_host_network(void **)
{
	struct fixture f;
	char line[256];

	skip_unless_possible();
	setup(&f);
	f.spec.host_network = true;
	f.spec.file_count = 0;
	start(&f);
	assert_true(shares_namespace(f.pid, "net"));
	assert_false(shares_namespace(f.pid, "mnt"));
	/* The resolver's folder was made, is empty, and a file that comes later is seen. */
	assert_line(&f, "tree /etc: 40755");
	assert_line(&f, "packet socket: ENOSYS");
	(void)snprintf(line, sizeof(line), "/proc/%d/root/etc/resolv.conf", f.pid);
	tree_file(&tree, "/resolver/new", "nameserver 192.0.2.1\n");
	assert_int_equal(rename(tree_path(&tree, "/resolver/new"),
				tree_path(&tree, "/resolver/resolv.conf")),
			 0);
	assert_int_equal(access(line, R_OK), 0);
	assert_int_equal(finish(&f, ""), 42 << 8);
	teardown(&f);
}

/* QEMU's words are there until the clean-up, as much of them as fits. */
static void test_log(void **)
{
	struct fixture f;
	struct stat status;

	skip_unless_possible();
	setup(&f);
	start(&f);
	assert_int_equal(stat(tree_path(&tree, "/guests/probe/log/stderr"), &status), 0);
	assert_true(status.st_size > 0 && status.st_size <= 64 * 1024);
	assert_int_equal(status.st_uid, 0);
	assert_int_equal(status.st_mode, S_IFREG | 0600);
	assert_int_equal(finish(&f, ""), 42 << 8);
	teardown(&f);
	assert_int_equal(access(tree_path(&tree, "/guests/probe/log"), F_OK), -1);
}

/* A hostd that was killed between the start and its note of it. */
static void test_cleanup_kills(void **)
{
	struct fixture f;

	skip_unless_possible();
	if (!has_cgroup) {
		print_message("# skipped: there is no cgroup v2 here\n");
		skip();
	}
	setup(&f);
	start(&f);
	assert_int_equal(guest_process_cleanup("probe"), 0);
	assert_no_child();
	assert_int_equal(pidfd_send_signal(f.pidfd, 0, NULL, 0), -1);
	assert_int_equal(errno, ESRCH);
	teardown(&f);
}

/* The child ends before it is QEMU, with one line on its stderr. */
static void assert_not_executed(struct fixture *f, const char *line)
{
	_cleanup_free_ char *tail = NULL;

	assert_int_equal(guest_process_start(&f->spec, &f->pid, &f->pidfd, &f->start_time), 0);
	assert_int_equal(wait_status(f), PROCESS_NOT_CONFINED << 8);
	tail = guest_process_stderr_tail("probe");
	assert_string_equal(tail, line);
	f->pidfd = fd_close(f->pidfd);
}

static void test_failing_starts(void **)
{
	_cleanup_free_ char *path = NULL;
	struct fixture f;

	skip_unless_possible();
	setup(&f);
	/* Two files of one name. */
	f.files[1].path = "/kernel";
	assert_not_executed(&f, "filling its root: File exists");
	f.files[1].path = "/initrd";
	/* Not prepared. */
	assert_int_equal(guest_process_cleanup("probe"), 0);
	assert_int_equal(guest_process_start(&f.spec, &f.pid, &f.pidfd, &f.start_time), -ENOENT);
	assert_non_null(strstr(f.log, "its log"));
	/* A program that this root cannot run: the probe is static, the compiler is not. */
	assert_int_equal(guest_process_prepare("probe"), 0);
	f.spec.executable = "/usr/bin/gcc";
	assert_not_executed(&f, "executing it: No such file or directory");
	f.spec.executable = probe;
	assert_int_equal(guest_process_cleanup("probe"), 0);
	path = text_format("%s/mvirt/probe", cgroup);
	assert_int_equal(access(path, F_OK), -1);
	teardown(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_inside),
		cmocka_unit_test(test_inside_with_seccomp),
		cmocka_unit_test(test_outside),
		cmocka_unit_test(test_host_network),
		cmocka_unit_test(test_log),
		cmocka_unit_test(test_cleanup_kills),
		cmocka_unit_test(test_failing_starts),
	};

	return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
