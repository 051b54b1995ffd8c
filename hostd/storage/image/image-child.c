// SPDX-License-Identifier: GPL-2.0-or-later
// A short-lived child without privileges. It gets copies of mounts and fds that hostd opened, takes
// everything else from itself, and works. What it says goes to files in memory, which bound it.
#include "image-child.h"

#include <ctype.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "process/confine.h"

#define NAMESPACES (CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS)
#define MOUNT_ATTRIBUTES \
	(MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC)
/* Only its namespace sees what is mounted over it. */
#define ROOT "/tmp"
#define ROOT_OPTIONS "size=4m,nr_inodes=16,mode=0755"
#define FIRST_FD 3
#define MEMORY_BYTES_MAX (512UL << 20)
#define OPEN_FILES_MAX 32
/* qemu-img's worker threads. */
#define THREADS_MAX 80
#define STACK_BYTES_MAX (1UL << 20)

static struct image_child_paths programs = { "/usr/bin/qemu-img", "/usr/bin/genisoimage" };

void image_child_set_paths(const struct image_child_paths *paths)
{
	programs = *paths;
}

const struct image_child_paths *image_child_get_paths(void)
{
	return &programs;
}

/* What the child gives up, and what it keeps. */
struct confine {
	const struct image_child_spec *spec;
	int image_mount_fd, null_fd, program_fd, output_fd, error_fd;
};

static int or_errno(int result)
{
	return result < 0 ? -errno : 0;
}

/* --- in the child: each step returns 0 or -errno --- */

static int make_session(struct confine *)
{
	(void)umask(022);
	return or_errno(setsid());
}

static int mount_root(struct confine *)
{
	if (mount("root", ROOT, "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, ROOT_OPTIONS) < 0)
		return -errno;
	return or_errno(chdir(ROOT));
}

static int mount_image(struct confine *confine)
{
	int fd = -EBADF;

	if (confine->image_mount_fd < 0)
		return 0;
	fd = open(IMAGE_CHILD_IMAGE, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0444);
	if (fd < 0)
		return -errno;
	fd_close(fd);
	return or_errno(move_mount(confine->image_mount_fd, "", AT_FDCWD, IMAGE_CHILD_IMAGE,
				   MOVE_MOUNT_F_EMPTY_PATH));
}

/* The same bytes in, the same out: their times go into the ISO. */
static int write_files(struct confine *confine)
{
	static const struct timespec epoch[2] = {};

	for (size_t i = 0; i < confine->spec->file_count; i++) {
		const struct image_child_file *file = &confine->spec->files[i];
		_cleanup_fd_ int fd =
			open(file->name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0444);
		int r = fd < 0 ? -errno : file_write_all(fd, file->text, strlen(file->text));

		if (r < 0)
			return r;
		if (futimens(fd, epoch) < 0)
			return -errno;
	}
	return utimensat(AT_FDCWD, ".", epoch, 0) < 0 ? -errno : 0;
}

/* A number can be that of another fd which is still needed, so all go out of the way first. */
static int number_fds(struct confine *confine)
{
	const struct image_child_spec *spec = confine->spec;
	const int given[FIRST_FD + IMAGE_CHILD_FDS_MAX] = { confine->null_fd, confine->output_fd,
							    confine->error_fd, spec->fds[0],
							    spec->fds[1] };
	const size_t count = FIRST_FD + spec->fd_count;
	int moved[ELEMENTS(given)];

	for (size_t i = 0; i < count; i++) {
		moved[i] = fcntl(given[i], F_DUPFD_CLOEXEC, (int)ELEMENTS(given));
		if (moved[i] < 0)
			return -errno;
	}
	if (confine->program_fd >= 0) {
		confine->program_fd = fcntl(confine->program_fd, F_DUPFD_CLOEXEC, ELEMENTS(given));
		if (confine->program_fd < 0)
			return -errno;
	}
	for (size_t i = 0; i < count; i++)
		if (dup2(moved[i], (int)i) < 0)
			return -errno;
	confine->error_fd = STDERR_FILENO;
	/* A program's own is closed when it is executed. */
	return or_errno(close_range((unsigned int)count, ~0U,
				    confine->program_fd >= 0 ? CLOSE_RANGE_CLOEXEC : 0));
}

static int set_limits(struct confine *confine)
{
	const rlim_t cpu = confine->spec->cpu_seconds_max, written = confine->spec->write_bytes_max;
	const struct confine_limit limits[] = {
		{ RLIMIT_CORE, 0 },
		{ RLIMIT_NOFILE, OPEN_FILES_MAX },
		{ RLIMIT_MEMLOCK, 0 },
		{ RLIMIT_NPROC, THREADS_MAX },
		{ RLIMIT_CPU, cpu ?: RLIM_INFINITY },
		{ RLIMIT_FSIZE,
		  written > IMAGE_CHILD_OUTPUT_MAX ? written : IMAGE_CHILD_OUTPUT_MAX },
		{ RLIMIT_STACK, STACK_BYTES_MAX },
		{ RLIMIT_AS, confine->program_fd >= 0 ? MEMORY_BYTES_MAX : RLIM_INFINITY },
	};

	return confine_set_limits(limits, ELEMENTS(limits));
}

static int change_user(struct confine *confine)
{
	return confine_change_user(confine->spec->uid ?: IMAGE_CHILD_UID);
}

/* After the user: the kernel forgets the signal with that. */
static int forbid_new_privileges(struct confine *)
{
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0)
		return -errno;
	return or_errno(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
}

static int execute(struct confine *confine)
{
	static char *const environment[] = { NULL };

	if (confine->program_fd < 0)
		return 0;
	return or_errno(
		execveat(confine->program_fd, "", confine->spec->argv, environment, AT_EMPTY_PATH));
}

static const struct {
	const char *name;
	int (*run)(struct confine *confine);
	int (*common)(void);
} steps[] = {
	{ "resetting signals", .common = confine_reset_signals },
	{ "making a session", .run = make_session },
	{ "making mounts private", .common = confine_make_mounts_private },
	{ "mounting its root", .run = mount_root },
	{ "mounting the image", .run = mount_image },
	{ "writing its files", .run = write_files },
	{ "entering its root", .common = confine_enter_root },
	{ "making its root read-only", .common = confine_make_root_readonly },
	{ "numbering fds", .run = number_fds },
	{ "setting limits", .run = set_limits },
	{ "dropping the bounding set", .common = confine_drop_bounding_set },
	{ "changing the user", .run = change_user },
	{ "dropping capabilities", .common = confine_drop_capabilities },
	{ "forbidding new privileges", .run = forbid_new_privileges },
	{ "executing it", .run = execute },
};

[[noreturn]] static void run_child(struct confine *confine)
{
	const char *what = NULL;
	int r = 0;

	for (size_t i = 0; i < ELEMENTS(steps) && r == 0; i++) {
		what = steps[i].name;
		r = steps[i].common ? steps[i].common() : steps[i].run(confine);
	}
	if (r < 0) {
		(void)dprintf(confine->error_fd, "%s: %s\n", what, strerrordesc_np(-r));
		_exit(IMAGE_CHILD_NOT_CONFINED);
	}
	r = confine->spec->work(&what);
	if (r < 0)
		(void)dprintf(STDERR_FILENO, "%s: %s\n", what, strerrordesc_np(-r));
	_exit(r < 0 ? 1 : 0);
}

/* --- in hostd --- */

static int copy_mount(int fd, int *ret_fd)
{
	struct mount_attr attributes = { .attr_set = MOUNT_ATTRIBUTES };
	_cleanup_fd_ int mount_fd =
		open_tree(fd, "", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH);

	if (mount_fd < 0 ||
	    mount_setattr(mount_fd, "", AT_EMPTY_PATH, &attributes, sizeof(attributes)) < 0)
		return -errno;
	*ret_fd = take_fd(&mount_fd);
	return 0;
}

static int make_output(const char *name, int *ret_fd)
{
	int fd = memfd_create(name, MFD_CLOEXEC);

	if (fd < 0)
		return -errno;
	*ret_fd = fd;
	return 0;
}

int image_child_start(const struct image_child_spec *spec, struct image_child *ret_child)
{
	_cleanup_(image_child_done) struct image_child child = IMAGE_CHILD_NONE;
	_cleanup_fd_ int null_fd = -EBADF, program_fd = -EBADF, image_mount_fd = -EBADF;
	int r = 0;

	null_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	if (null_fd < 0)
		return -errno;
	if (spec->program) {
		program_fd = open(spec->program, O_PATH | O_CLOEXEC);
		if (program_fd < 0)
			return -errno;
	}
	if (spec->image_fd >= 0)
		r = copy_mount(spec->image_fd, &image_mount_fd);
	if (r == 0)
		r = make_output("stdout", &child.output_fd);
	if (r == 0)
		r = make_output("stderr", &child.error_fd);
	if (r == 0)
		r = confine_clone(NAMESPACES, &child.pid, &child.pidfd);
	if (r < 0)
		return r;
	if (child.pid == 0)
		run_child(&(struct confine){
			.spec = spec,
			.image_mount_fd = image_mount_fd,
			.null_fd = null_fd,
			.program_fd = program_fd,
			.output_fd = spec->output_fd >= 0 ? spec->output_fd : child.output_fd,
			.error_fd = child.error_fd,
		});
	*ret_child = child;
	child = (struct image_child)IMAGE_CHILD_NONE;
	return 0;
}

int image_child_reap(struct image_child *child)
{
	siginfo_t info = {};

	if (waitid(P_PIDFD, (id_t)child->pidfd, &info, WEXITED | WNOHANG) < 0)
		return -errno;
	if (info.si_pid == 0)
		return -EAGAIN;
	child->pid = 0;
	return info.si_code == CLD_EXITED ? info.si_status : 128 + info.si_status;
}

static int read_file(int fd, char **ret_text, size_t *ret_length)
{
	_cleanup_free_ char *text = malloc(IMAGE_CHILD_OUTPUT_MAX + 1);
	ssize_t length = 0;

	if (!text)
		return -ENOMEM;
	length = pread(fd, text, IMAGE_CHILD_OUTPUT_MAX, 0);
	if (length < 0)
		return -errno;
	text[length] = '\0';
	*ret_text = take_ptr(text);
	*ret_length = (size_t)length;
	return 0;
}

int image_child_output(const struct image_child *child, char **ret_text)
{
	size_t length = 0;

	return read_file(child->output_fd, ret_text, &length);
}

char *image_child_error(const struct image_child *child)
{
	_cleanup_free_ char *text = NULL;
	size_t length = 0;
	char *line = NULL;

	if (read_file(child->error_fd, &text, &length) < 0)
		return NULL;
	while (length > 0 && text[length - 1] == '\n')
		text[--length] = '\0';
	if (length == 0)
		return NULL;
	line = memrchr(text, '\n', length);
	line = line ? line + 1 : text;
	for (char *c = line; c < text + length; c++)
		if ((unsigned char)*c >= 0x80 || !isprint((unsigned char)*c))
			*c = '?';
	return strdup(line);
}

void image_child_kill(const struct image_child *child)
{
	if (child->pidfd >= 0)
		(void)syscall(SYS_pidfd_send_signal, child->pidfd, SIGKILL, NULL, 0);
}

static int64_t now_ms(void)
{
	struct timespec now = {};

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int image_child_wait(const struct image_child *child, int limit_ms)
{
	const int64_t deadline_ms = now_ms() + limit_ms;
	struct pollfd poll_fd = { .fd = child->pidfd, .events = POLLIN };

	for (;;) {
		int64_t left_ms = deadline_ms - now_ms();
		int ready = poll(&poll_fd, 1, left_ms > 0 ? (int)left_ms : 0);

		if (ready > 0)
			return 0;
		if (ready == 0)
			return -ETIMEDOUT;
		if (errno != EINTR)
			return -errno;
	}
}

void image_child_done(struct image_child *child)
{
	fd_close(child->pidfd);
	fd_close(child->output_fd);
	fd_close(child->error_fd);
	*child = (struct image_child)IMAGE_CHILD_NONE;
}
