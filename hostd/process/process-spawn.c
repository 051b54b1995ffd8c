// SPDX-License-Identifier: GPL-2.0-or-later
// What the caller does for a child before there is one: it opens all that the child is to have.
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/pidfd.h>

#include "base/cleanup.h"
#include "process-internal.h"

#define STREAMS 3
#define MOUNT_ATTRIBUTES \
	(MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC)

static size_t count_mounts(const struct process_spec *spec)
{
	return spec->root ? spec->root->mount_count : 0;
}

/* What is kept has been taken out, or nobody gets it. */
static void opened_done(struct process_opened *opened)
{
	fd_close(opened->null_fd);
	fd_close(opened->program_fd);
	fd_close(opened->caller_fd);
	fd_close(opened->proc_fd);
	fd_close(opened->output_fd);
	fd_close(opened->error_fd);
	for (size_t i = 0; opened->mount_fds && i < count_mounts(opened->spec); i++)
		fd_close(opened->mount_fds[i]);
	free(opened->mount_fds);
	free(opened->moved_fds);
}

/* fd is what a call has returned that opens what. */
static int keep(struct process_opened *opened, const char *what, int fd, int *ret_fd)
{
	opened->what = what;
	if (fd < 0)
		return -errno;
	*ret_fd = fd;
	return 0;
}

/* The kernel copies a mount only in the namespace that it is in, so the child could not. */
static int copy_mount(const struct process_mount *mount, int *ret_fd)
{
	struct mount_attr attributes = {
		.attr_set = MOUNT_ATTRIBUTES &
			    ~(mount->device ? (uint64_t)MOUNT_ATTR_NODEV : UINT64_C(0)),
	};
	_cleanup_fd_ int fd =
		mount->source
			? open_tree(AT_FDCWD, mount->source, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC)
			: open_tree(mount->fd, "",
				    OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH);

	if (fd < 0 || mount_setattr(fd, "", AT_EMPTY_PATH, &attributes, sizeof(attributes)) < 0)
		return -errno;
	*ret_fd = take_fd(&fd);
	return 0;
}

static int open_mounts(struct process_opened *opened)
{
	const size_t count = count_mounts(opened->spec);
	int r = 0;

	if (count == 0)
		return 0;
	opened->mount_fds = calloc(count, sizeof(*opened->mount_fds));
	if (!opened->mount_fds)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++)
		opened->mount_fds[i] = -EBADF;
	for (size_t i = 0; r == 0 && i < count; i++) {
		const struct process_mount *mount = &opened->spec->root->mounts[i];

		opened->what = mount->path;
		if (!mount->text && !mount->tmpfs)
			r = copy_mount(mount, &opened->mount_fds[i]);
	}
	return r;
}

static int check(const struct process_spec *spec)
{
	if (!spec->program == !spec->run || (spec->root && !(spec->namespaces & CLONE_NEWNS)))
		return -EINVAL;
	for (size_t i = 0; i < spec->fd_count; i++)
		if (spec->fds[i].number < STREAMS ||
		    (spec->run && i > 0 && spec->fds[i].number <= spec->fds[i - 1].number))
			return -EINVAL;
	return 0;
}

static int open_kept(struct process_opened *opened)
{
	const struct process_spec *spec = opened->spec;
	int r = 0;

	if (spec->output == PROCESS_KEPT)
		r = keep(opened, "its output", memfd_create("output", MFD_CLOEXEC),
			 &opened->output_fd);
	if (r == 0 && spec->errors <= 0)
		r = keep(opened, "its errors", memfd_create("errors", MFD_CLOEXEC),
			 &opened->error_fd);
	return r;
}

/* A program in a root of its own is not there, and is executed from an fd. */
static int open_all(struct process_opened *opened)
{
	const struct process_spec *spec = opened->spec;
	const char *proc = spec->user_namespace_proc;
	int r = keep(opened, "/dev/null", open("/dev/null", O_RDWR | O_CLOEXEC | O_NOCTTY),
		     &opened->null_fd);

	if (r == 0 && spec->program && spec->root)
		r = keep(opened, spec->program, open(spec->program, O_PATH | O_CLOEXEC),
			 &opened->program_fd);
	if (r == 0 && proc)
		r = keep(opened, proc, open(proc, O_PATH | O_DIRECTORY | O_CLOEXEC),
			 &opened->proc_fd);
	if (r == 0 && !spec->outlives_caller)
		r = keep(opened, "its parent", pidfd_open(getpid(), 0), &opened->caller_fd);
	if (r == 0)
		r = open_mounts(opened);
	if (r == 0)
		r = open_kept(opened);
	if (r < 0)
		return r;
	opened->moved_fds = calloc(STREAMS + spec->fd_count, sizeof(*opened->moved_fds));
	return opened->moved_fds ? 0 : -ENOMEM;
}

int process_spawn(const struct process_spec *spec, struct process_started *ret_started,
		  const char **ret_what)
{
	_cleanup_(opened_done) struct process_opened opened = {
		.spec = spec,
		.null_fd = -EBADF,
		.program_fd = -EBADF,
		.terminal_fd = -EBADF,
		.caller_fd = -EBADF,
		.proc_fd = -EBADF,
		.output_fd = -EBADF,
		.error_fd = -EBADF,
	};
	struct process_started started = PROCESS_STARTED_NONE;
	int r = check(spec);

	opened.what = "its description";
	if (r == 0)
		r = open_all(&opened);
	if (r == 0) {
		opened.what = "clone";
		r = confine_clone(spec->namespaces, spec->cgroup_fd, &started.pid, &started.pidfd);
	}
	if (r < 0 && ret_what)
		*ret_what = opened.what;
	if (r < 0)
		return r;
	if (started.pid == 0)
		process_child(&opened);
	started.output_fd = take_fd(&opened.output_fd);
	started.error_fd = take_fd(&opened.error_fd);
	*ret_started = started;
	return 0;
}

void process_started_done(struct process_started *started)
{
	started->pidfd = fd_close(started->pidfd);
	started->output_fd = fd_close(started->output_fd);
	started->error_fd = fd_close(started->error_fd);
}
