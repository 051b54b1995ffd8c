// SPDX-License-Identifier: GPL-2.0-or-later
// Images examined by the real qemu-img, and imported. Each call of hostd and of the child fails in
// turn. Needs root, and says so where it is not.
// link: -Wl,--wrap=open_tree,--wrap=mount_setattr,--wrap=memfd_create,--wrap=calloc
// link: -Wl,--wrap=malloc,--wrap=fstat,--wrap=pread,--wrap=pwrite,--wrap=ftruncate
// link: -Wl,--wrap=fsync,--wrap=lseek,--wrap=fchown,--wrap=fchmod,--wrap=sd_event_add_io
// link: -Wl,--wrap=sd_event_add_defer,--wrap=sd_event_add_time_relative,--wrap=mount
// link: -Wl,--wrap=umount2,--wrap=chdir,--wrap=move_mount,--wrap=setsid,--wrap=setgroups
// link: -Wl,--wrap=setresgid,--wrap=setresuid,--wrap=setrlimit,--wrap=dup2
// link: -Wl,--wrap=close_range,--wrap=execveat,--wrap=sigprocmask,--wrap=waitid
// link: -Wl,--wrap=open,--wrap=fcntl,--wrap=prctl,--wrap=syscall
// needs: obj/bin/qemu-img obj/bin/genisoimage
#include "image-fixture.h"

#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <systemd/sd-event.h>
#include <time.h>

#include "base/file.h"
#include "base/text.h"
#include "process/uids.h"
#include "storage/image/image-child.h"

#define QEMU_IMG "/build/obj/bin/qemu-img"

static sd_event *event;
static const char *impossible; /* why, or NULL */

WRAP(int, open_tree, -1, (int fd, const char *path, unsigned int flags), (fd, path, flags))
WRAP(int, mount_setattr, -1,
     (int fd, const char *p, unsigned int f, struct mount_attr *a, size_t n), (fd, p, f, a, n))
WRAP(int, memfd_create, -1, (const char *name, unsigned int flags), (name, flags))
WRAP(void *, calloc, 0, (size_t count, size_t size), (count, size))
WRAP(void *, malloc, 0, (size_t size), (size))
WRAP(int, fstat, -1, (int fd, struct stat *status), (fd, status))
WRAP(ssize_t, pread, -1, (int fd, void *data, size_t n, off_t at), (fd, data, n, at))
WRAP(ssize_t, pwrite, -1, (int fd, const void *data, size_t n, off_t at), (fd, data, n, at))
WRAP(int, ftruncate, -1, (int fd, off_t size), (fd, size))
WRAP(int, fsync, -1, (int fd), (fd))
WRAP(off_t, lseek, -1, (int fd, off_t at, int whence), (fd, at, whence))
WRAP(int, fchown, -1, (int fd, uid_t uid, gid_t gid), (fd, uid, gid))
WRAP(int, fchmod, -1, (int fd, mode_t mode), (fd, mode))
WRAP(int, sd_event_add_io, -ENOMEM,
     (sd_event * e, sd_event_source **s, int fd, uint32_t events, sd_event_io_handler_t c, void *u),
     (e, s, fd, events, c, u))
WRAP(int, sd_event_add_defer, -ENOMEM,
     (sd_event * e, sd_event_source **s, sd_event_handler_t c, void *u), (e, s, c, u))
WRAP(int, mount, -1, (const char *s, const char *t, const char *y, unsigned long f, const void *d),
     (s, t, y, f, d))
WRAP(int, umount2, -1, (const char *path, int flags), (path, flags))
WRAP(int, chdir, -1, (const char *path), (path))
WRAP(int, move_mount, -1, (int f, const char *p, int t, const char *q, unsigned int flags),
     (f, p, t, q, flags))
WRAP(pid_t, setsid, -1, (void), ())
WRAP(int, setgroups, -1, (size_t count, const gid_t *list), (count, list))
WRAP(int, setresgid, -1, (gid_t a, gid_t b, gid_t c), (a, b, c))
WRAP(int, setresuid, -1, (uid_t a, uid_t b, uid_t c), (a, b, c))
WRAP(int, setrlimit, -1, (__rlimit_resource_t r, const struct rlimit *limit), (r, limit))
WRAP(int, dup2, -1, (int from, int to), (from, to))
WRAP(int, close_range, -1, (unsigned int a, unsigned int b, int flags), (a, b, flags))
WRAP(int, execveat, -1, (int fd, const char *p, char *const *a, char *const *e, int flags),
     (fd, p, a, e, flags))
WRAP(int, sigprocmask, -1, (int how, const sigset_t *set, sigset_t *old), (how, set, old))
WRAP(int, waitid, -1, (idtype_t type, id_t id, siginfo_t *info, int options),
     (type, id, info, options))

static bool impatient;
int __real_sd_event_add_time_relative(sd_event *e, sd_event_source **ret, clockid_t clock,
				      uint64_t usec, uint64_t accuracy,
				      sd_event_time_handler_t callback, void *userdata);
int __wrap_sd_event_add_time_relative(sd_event *e, sd_event_source **ret, clockid_t clock,
				      uint64_t usec, uint64_t accuracy,
				      sd_event_time_handler_t callback, void *userdata);
int __wrap_sd_event_add_time_relative(sd_event *e, sd_event_source **ret, clockid_t clock,
				      uint64_t usec, uint64_t accuracy,
				      sd_event_time_handler_t callback, void *userdata)
{
	if (fails("sd_event_add_time_relative"))
		return -ENOMEM;
	return __real_sd_event_add_time_relative(e, ret, clock, impatient ? 1 : usec, accuracy,
						 callback, userdata);
}

int __real_open(const char *path, int flags, ...);
int __wrap_open(const char *path, int flags, ...);
int __wrap_open(const char *path, int flags, ...)
{
	va_list arguments;
	mode_t mode = 0;

	va_start(arguments, flags);
	mode = va_arg(arguments, mode_t);
	va_end(arguments);
	return fails("open") ? -1 : __real_open(path, flags, mode);
}

int __real_fcntl(int fd, int command, ...);
int __wrap_fcntl(int fd, int command, ...);
int __wrap_fcntl(int fd, int command, ...)
{
	va_list arguments;
	int argument = 0;

	va_start(arguments, command);
	argument = va_arg(arguments, int);
	va_end(arguments);
	return fails("fcntl") ? -1 : __real_fcntl(fd, command, argument);
}

int __real_prctl(int option, ...);
int __wrap_prctl(int option, ...);
int __wrap_prctl(int option, ...)
{
	va_list arguments;
	unsigned long argument = 0;

	va_start(arguments, option);
	argument = va_arg(arguments, unsigned long);
	va_end(arguments);
	return fails("prctl") ? -1 : __real_prctl(option, argument, 0, 0, 0);
}

static bool no_pivot;
long __real_syscall(long number, ...);
long __wrap_syscall(long number, ...);
long __wrap_syscall(long number, ...)
{
	va_list arguments;
	long a[6], result = 0;

	va_start(arguments, number);
	for (int i = 0; i < 6; i++)
		a[i] = va_arg(arguments, long);
	va_end(arguments);
	if (number == SYS_pivot_root && no_pivot) {
		errno = EINVAL;
		return -1;
	}
	/* The kill that a failure leads to must work, and no signal has to be reset. */
	if (number != SYS_pidfd_send_signal && number != SYS_rt_sigaction && fails("syscall"))
		return -1;
	result = __real_syscall(number, a[0], a[1], a[2], a[3], a[4], a[5]);
	if (number == SYS_clone3 && result == 0 && fake.active) {
		fake.in_child = true;
		fake.call = 0;
	}
	return result;
}

/* --- the place --- */

static const char *find_impossible(void)
{
	_cleanup_free_ char *map = NULL;
	unsigned int first = 0, outside = 0, count = 0;

	if (getuid() != 0)
		return "it needs root";
	if (file_read(AT_FDCWD, "/proc/self/uid_map", 4096, &map, NULL) < 0 ||
	    sscanf(map, "%u %u %u", &first, &outside, &count) != 3 || count <= PROCESS_UID_IMAGES)
		return "the uid of the child does not exist in this user namespace";
	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return "mount namespaces cannot be made here";
	if (access(QEMU_IMG, X_OK) < 0)
		return "there is no " QEMU_IMG;
	return NULL;
}

static void skip_unless_possible(void)
{
	if (!impossible)
		return;
	print_message("# skipped: %s\n", impossible);
	skip();
}

static int group_setup(void **)
{
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		      0);
	impossible = find_impossible();
	image_child_set_paths(
		&(struct image_child_paths){ QEMU_IMG, "/build/obj/bin/genisoimage" });
	return shared == MAP_FAILED ? -1 : 0;
}

static int setup(void **)
{
	sd_event_source *timer = NULL;

	memset(&fake, 0, sizeof(fake));
	memset(shared, 0, sizeof(*shared));
	fake.error = EIO;
	tree_make(&tree);
	if (sd_event_new(&event) < 0)
		return -1;
	/* The loop opens its timer fd with the first timer and keeps it: have it counted. */
	if (sd_event_add_time_relative(event, &timer, CLOCK_MONOTONIC, 0, 0, NULL, NULL) < 0)
		return -1;
	sd_event_source_disable_unref(timer);
	return 0;
}

static int teardown(void **)
{
	event = sd_event_unref(event);
	tree_remove(&tree);
	assert_no_child();
	return 0;
}

/* --- jobs --- */

static struct answer {
	int count, error;
	char why[512];
} answer;

static void on_done(int error, const char *why, void *userdata)
{
	char *used = NULL;

	assert_ptr_equal(userdata, &answer);
	answer.count++;
	answer.error = error;
	(void)snprintf(answer.why, sizeof(answer.why), "%s", why ?: "(none)");
	/* What it uses is the file system's affair. */
	used = strstr(answer.why, ", uses ");
	if (used)
		memmove(used, used + 7 + strcspn(used + 7, ","),
			strlen(used + 7 + strcspn(used + 7, ",")) + 1);
}

static void run_until_answer(void)
{
	for (int i = 0; i < 100 && answer.count == 0; i++)
		assert_true(sd_event_run(event, 1000000) >= 0);
	assert_int_equal(answer.count, 1);
}

static void examine(int fd, enum disk_format format, int error, const char *why)
{
	struct image_job *job = NULL;
	int fds = count_fds();
	struct stat before, after;

	answer = (struct answer){};
	assert_int_equal(fstat(fd, &before), 0);
	assert_int_equal(image_examine(event, fd, format, on_done, &answer, &job), 0);
	assert_int_equal(answer.count, 0);
	run_until_answer();
	assert_string_equal(answer.why, why);
	assert_int_equal(answer.error, error);
	assert_int_equal(count_fds(), fds);
	assert_int_equal(fstat(fd, &after), 0);
	assert_int_equal(after.st_mode, before.st_mode);
	assert_int_equal(after.st_gid, before.st_gid);
	assert_no_child();
}

static void test_examine(void **)
{
	_cleanup_fd_ int fd = open_file("/x");

	skip_unless_possible();
	assert_int_equal(image_make(fd, DISK_FORMAT_RAW, 1 << 20), 0);
	examine(fd, DISK_FORMAT_RAW, 0, "raw, 1 MiB");
	examine(fd, DISK_FORMAT_AUTO, 0, "raw, 1 MiB");
	assert_int_equal(image_make(fd, DISK_FORMAT_QCOW2, 10ULL << 30), 0);
	examine(fd, DISK_FORMAT_QCOW2, 0, "qcow2, 10 GiB");
	examine(fd, DISK_FORMAT_AUTO, 0, "qcow2, 10 GiB");
	assert_int_equal(fchmod(fd, 0644), 0);
	examine(fd, DISK_FORMAT_QCOW2, 0, "qcow2, 10 GiB");
	/* On the kernel's own first root, which cannot be pivoted away from. */
	no_pivot = true;
	examine(fd, DISK_FORMAT_QCOW2, 0, "qcow2, 10 GiB");
	no_pivot = false;
	/* The header is looked at first. */
	examine(fd, DISK_FORMAT_RAW, 0, "raw, 256 KiB");
	assert_int_equal(ftruncate(fd, 1000), 0);
	examine(fd, DISK_FORMAT_RAW, -EINVAL,
		"its size of 1000 bytes is not a multiple of 512: truncated, or not a raw disk "
		"image");
	examine(fd, DISK_FORMAT_QCOW2, -EINVAL,
		"truncated: its tables end at 196768, the file at 1000");
}

/* What only qemu-img finds. */
static void test_examine_damaged(void **)
{
	_cleanup_fd_ int fd = open_file("/x");
	static const uint8_t dirty[8] = { [7] = 1 };

	skip_unless_possible();
	assert_int_equal(image_make(fd, DISK_FORMAT_QCOW2, 1ULL << 30), 0);
	assert_int_equal(run("qemu-io -f qcow2 -c 'write -q 0 10M' %s", "/x"), 0);
	examine(fd, DISK_FORMAT_QCOW2, 0, "qcow2, 1 GiB");
	assert_int_equal(ftruncate(fd, 5 << 20), 0);
	examine(fd, DISK_FORMAT_QCOW2, -EINVAL,
		"damaged or truncated: qemu-img check finds 85 errors");
	/* One that was not closed has wrong counts by right. */
	assert_int_equal(pwrite(fd, dirty, sizeof(dirty), 72), sizeof(dirty));
	examine(fd, DISK_FORMAT_QCOW2, 0, "qcow2, 1 GiB, was not closed cleanly");
	/* A compression that this QEMU was built without: qemu-img's own words. */
	assert_int_equal(pwrite(fd, "\0\0\0\0\0\0\0\x08", 8, 72), 8);
	assert_int_equal(pwrite(fd, "\0\0\0\x70\x07", 5, 100), 5);
	examine(fd, DISK_FORMAT_QCOW2, -EINVAL, "qemu-img: qcow2: unknown compression type: 7");
}

/* A raw image that begins like a qcow2 with a backing file is opened as what it is said to be. */
static void test_examine_never_guesses(void **)
{
	_cleanup_fd_ int fd = open_file("/x");

	skip_unless_possible();
	assert_int_equal(run("qemu-img create -q -f qcow2 -u -b /etc/shadow -F raw %s 1M", "/x"),
			 0);
	assert_int_equal(ftruncate(fd, 1 << 20), 0);
	examine(fd, DISK_FORMAT_QCOW2, -EINVAL,
		"a layer over another file, \"/etc/shadow\": make it whole with qemu-img convert");
	examine(fd, DISK_FORMAT_RAW, 0, "raw, 1 MiB");
}

static void test_import(void **)
{
	_cleanup_fd_ int source_fd = open_file("/a"), target_fd = open_file("/b"), full_fd = -EBADF,
			 folder_fd = open(tree.root, O_RDONLY | O_CLOEXEC);
	struct image_job *job = NULL;
	int fds = 0;

	skip_unless_possible();
	assert_int_equal(image_make(source_fd, DISK_FORMAT_QCOW2, 1ULL << 30), 0);
	assert_int_equal(run("qemu-io -f qcow2 -c 'write -q -P 5 1M 3M' %s", "/a"), 0);
	fds = count_fds();
	answer = (struct answer){};
	assert_int_equal(image_import(event, source_fd, target_fd, DISK_FORMAT_AUTO, on_done,
				      &answer, &job),
			 0);
	run_until_answer();
	assert_string_equal(answer.why, "qcow2, 1 GiB");
	assert_int_equal(answer.error, 0);
	assert_int_equal(run("cd $(dirname %s) && cmp a b", "/a"), 0);
	assert_int_equal(count_fds(), fds);
	/* A copy of what is unfit is unfit. */
	assert_int_equal(ftruncate(source_fd, 100), 0);
	answer = (struct answer){};
	assert_int_equal(image_import(event, source_fd, target_fd, DISK_FORMAT_QCOW2, on_done,
				      &answer, &job),
			 0);
	run_until_answer();
	assert_string_equal(answer.why, "truncated: its header ends at 104, the file at 100");
	assert_int_equal(answer.error, -EINVAL);
	/* What is no image is copied as it is. */
	answer = (struct answer){};
	assert_int_equal(image_import_file(event, source_fd, target_fd, on_done, &answer, &job), 0);
	run_until_answer();
	assert_int_equal(answer.error, 0);
	assert_int_equal(run("cd $(dirname %s) && cmp a b", "/a"), 0);
	/* A disk that is full. */
	fill(source_fd);
	tree_folder(&tree, "/full");
	assert_int_equal(mount("full", tree_path(&tree, "/full"), "tmpfs", 0, "size=4k"), 0);
	full_fd = open_file("/full/x");
	answer = (struct answer){};
	assert_int_equal(image_import(event, source_fd, full_fd, DISK_FORMAT_RAW, on_done, &answer,
				      &job),
			 0);
	run_until_answer();
	assert_string_equal(answer.why, "writing the copy: No space left on device");
	assert_int_equal(answer.error, -ENOSPC);
	full_fd = fd_close(full_fd);
	assert_int_equal(umount2(tree_path(&tree, "/full"), 0), 0);
	assert_int_equal(image_import(event, folder_fd, target_fd, DISK_FORMAT_RAW, on_done,
				      &answer, &job),
			 -EISDIR);
	assert_int_equal(image_import(event, -1, target_fd, DISK_FORMAT_RAW, on_done, &answer,
				      &job),
			 -EBADF);
	assert_int_equal(count_fds(), fds);
}

static void test_cancel(void **)
{
	_cleanup_fd_ int fd = open_file("/x");
	int fds = 0;

	skip_unless_possible();
	assert_int_equal(image_make(fd, DISK_FORMAT_QCOW2, 1ULL << 30), 0);
	fds = count_fds();
	answer = (struct answer){};
	image_job_cancel(NULL);
	for (int turns = 0; turns < 3; turns++) {
		struct image_job *job = NULL;

		assert_int_equal(
			image_examine(event, fd, DISK_FORMAT_QCOW2, on_done, &answer, &job), 0);
		for (int i = 0; i < turns; i++)
			assert_true(sd_event_run(event, 0) >= 0);
		if (answer.count > 0)
			break; /* done already */
		image_job_cancel(job);
		/* It may need a moment to die. */
		for (int i = 0; i < 100 && count_fds() != fds; i++)
			assert_true(sd_event_run(event, 100000) >= 0);
		assert_int_equal(count_fds(), fds);
		assert_int_equal(answer.count, 0);
		assert_no_child();
	}
}

static void test_timeout(void **)
{
	_cleanup_fd_ int fd = open_file("/x");
	struct image_job *job = NULL;
	int fds = 0;

	skip_unless_possible();
	assert_int_equal(image_make(fd, DISK_FORMAT_QCOW2, 1ULL << 30), 0);
	fds = count_fds();
	answer = (struct answer){};
	impatient = true;
	assert_int_equal(image_examine(event, fd, DISK_FORMAT_QCOW2, on_done, &answer, &job), 0);
	run_until_answer();
	impatient = false;
	assert_string_equal(answer.why, "qemu-img did not end in a minute");
	assert_int_equal(answer.error, -ETIMEDOUT);
	for (int i = 0; i < 100 && count_fds() != fds; i++)
		assert_true(sd_event_run(event, 100000) >= 0);
	assert_int_equal(count_fds(), fds);
	assert_int_equal(answer.count, 1);
}

static void test_no_program(void **)
{
	_cleanup_fd_ int fd = open_file("/x");

	skip_unless_possible();
	assert_int_equal(image_make(fd, DISK_FORMAT_RAW, 512), 0);
	image_child_set_paths(&(struct image_child_paths){ "/none", "/none" });
	examine(fd, DISK_FORMAT_RAW, -ENOENT, "qemu-img cannot be run: No such file or directory");
	image_child_set_paths(&(struct image_child_paths){ "/dev/null", "/none" });
	examine(fd, DISK_FORMAT_RAW, -EIO,
		"qemu-img cannot be confined: executing it: Permission denied");
	image_child_set_paths(
		&(struct image_child_paths){ QEMU_IMG, "/build/obj/bin/genisoimage" });
}

/* Each call of hostd's. */
static void test_job_fails(void **)
{
	_cleanup_fd_ int fd = open_file("/x"), source_fd = open_file("/a");
	int fds = 0, refused = 0, told = 0, calls = 0;

	skip_unless_possible();
	assert_int_equal(image_make(source_fd, DISK_FORMAT_QCOW2, 1ULL << 30), 0);
	fds = count_fds();
	for (int at = 1;; at++) {
		struct image_job *job = NULL;
		int r = 0;

		answer = (struct answer){};
		fake.fail_at = at;
		fake.call = 0;
		fake.active = true;
		r = image_import(event, source_fd, fd, DISK_FORMAT_AUTO, on_done, &answer, &job);
		for (int i = 0; r == 0 && i < 100 && answer.count == 0; i++)
			(void)sd_event_run(event, 1000000);
		fake.active = false;
		calls = fake.call;
		if (r < 0)
			refused++;
		else if (answer.error < 0)
			told++;
		else if (calls < at)
			break;
		assert_true(r < 0 || answer.count == 1);
		assert_int_equal(count_fds(), fds);
		/* A child whose end could not be asked for is left for now. */
		while (waitpid(-1, NULL, 0) > 0)
			;
	}
	assert_true(refused >= 4);
	assert_true(told >= 20);
}

/* Each call of the child's. */
static void test_child_fails(void **)
{
	_cleanup_fd_ int fd = open_file("/x");
	int at = 1;

	skip_unless_possible();
	assert_int_equal(image_make(fd, DISK_FORMAT_RAW, 1 << 20), 0);
	for (;; at++) {
		struct image_job *job = NULL;

		answer = (struct answer){};
		memset(shared, 0, sizeof(*shared));
		shared->fail_at = at;
		fake.fail_at = 0;
		fake.active = true;
		assert_int_equal(image_examine(event, fd, DISK_FORMAT_RAW, on_done, &answer, &job),
				 0);
		run_until_answer();
		fake.active = false;
		if (answer.error == 0 && shared->calls < at)
			break;
		if (answer.error < 0)
			assert_non_null(strstr(answer.why, "qemu-img cannot be confined: "));
		else
			/* Nothing to do with a file that is there or a call that is tried on. */
			assert_string_equal(shared->failed, "prctl");
	}
	assert_true(at > 60);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {

		TEST(test_examine),    TEST(test_examine_damaged), TEST(test_examine_never_guesses),
		TEST(test_import),     TEST(test_cancel),          TEST(test_timeout),
		TEST(test_no_program), TEST(test_job_fails),       TEST(test_child_fails),
	};

	return cmocka_run_group_tests(tests, group_setup, NULL);
}
