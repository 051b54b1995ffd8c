// SPDX-License-Identifier: GPL-2.0-or-later
// libblkid's superblock probing in a child without privileges. The event loop watches the child's
// pidfd: what it found is in the pipe when it has ended.
#include "disk-probe.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>

#include "base/cleanup.h"
#include "disk-content.h"

#define ANSWER_USEC (5 * 1000000ULL)
#define KILLED_MS 20
#define NOBODY 65534
#define CHILD_PIPE_FD 3

struct disk_probe {
	disk_probe_done_t done; /* NULL: cancelled, or has been told already */
	void *userdata;
	pid_t pid;
	int pipe_fd; /* owned */
	sd_event_source *ended; /* on the pidfd, which it owns */
	sd_event_source *timer;
};

/* The bytes on a disk are a stranger's, so who reads them owns nothing. On a host none of this can
 * fail, and where it does (a build's user namespace) there is nothing to drop. */
static void drop_privileges(void)
{
	(void)!setgroups(0, NULL);
	(void)!setgid(NOBODY);
	(void)!setuid(NOBODY);
}

/* Closes all that is hostd's: a child that hangs must not keep its sockets and locks. */
static void child(const char *node, const struct loader *loader, int pipe_fd)
{
	struct disk_content content = {};
	int fd = -EBADF;

	(void)prctl(PR_SET_NAME, "disk-probe");
	if (dup2(pipe_fd, CHILD_PIPE_FD) < 0)
		_exit(1);
	(void)close_range(CHILD_PIPE_FD + 1, ~0U, 0);
	fd = disk_content_open(node, &content);
	if (fd >= 0) {
		drop_privileges();
		(void)prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		disk_content_read(fd, loader, &content);
	}
	_exit(write(CHILD_PIPE_FD, &content, sizeof(content)) == (ssize_t)sizeof(content) ? 0 : 1);
}

static void probe_free(struct disk_probe *probe)
{
	if (!probe)
		return;
	sd_event_source_disable_unref(probe->timer);
	sd_event_source_disable_unref(probe->ended);
	(void)fd_close(probe->pipe_fd);
	free(probe);
}

static void tell(struct disk_probe *probe, const struct disk_content *content)
{
	disk_probe_done_t done = take_ptr(probe->done);

	if (done)
		done(content, probe->userdata);
}

/* Makes strings of what came, whatever came. */
static void terminate(struct disk_content *content)
{
	content->label[sizeof(content->label) - 1] = '\0';
	content->type[sizeof(content->type) - 1] = '\0';
	content->uuid[sizeof(content->uuid) - 1] = '\0';
	content->skipped[sizeof(content->skipped) - 1] = '\0';
}

void disk_probe_finish(struct disk_probe *probe)
{
	struct disk_content content = {};

	if (read(probe->pipe_fd, &content, sizeof(content)) != (ssize_t)sizeof(content))
		content = (struct disk_content){ .skipped = "cannot be probed" };
	terminate(&content);
	(void)waitpid(probe->pid, NULL, WNOHANG);
	tell(probe, &content);
	probe_free(probe);
}

static int on_ended(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
	(void)source;
	(void)fd;
	(void)revents;
	disk_probe_finish(userdata);
	return 0;
}

/* Killed, a child that hangs in the kernel ends when its disk lets it: on_ended() comes then. */
static int on_timeout(sd_event_source *source, uint64_t usec, void *userdata)
{
	static const struct disk_content content = { .skipped = "does not answer" };
	struct disk_probe *probe = userdata;

	(void)source;
	(void)usec;
	(void)kill(probe->pid, SIGKILL);
	probe->timer = sd_event_source_disable_unref(probe->timer);
	tell(probe, &content);
	return 0;
}

/* A killed child is gone at once, unless it hangs in the kernel: on_ended() reaps that one. */
void disk_probe_cancel(struct disk_probe *probe)
{
	struct pollfd ended = {};

	if (!probe)
		return;
	probe->done = NULL;
	(void)kill(probe->pid, SIGKILL);
	probe->timer = sd_event_source_disable_unref(probe->timer);
	ended = (struct pollfd){ .fd = disk_probe_fd(probe), .events = POLLIN };
	if (poll(&ended, 1, KILLED_MS) > 0)
		disk_probe_finish(probe);
}

int disk_probe_fd(const struct disk_probe *probe)
{
	return sd_event_source_get_io_fd(probe->ended);
}

DEFINE_CLEANUP(struct disk_probe *, probe_free);

static int watch(struct disk_probe *probe, sd_event *event)
{
	_cleanup_fd_ int pid_fd = pidfd_open(probe->pid, 0);
	int r = 0;

	if (pid_fd < 0)
		return -errno;
	r = sd_event_add_io(event, &probe->ended, pid_fd, EPOLLIN, on_ended, probe);
	if (r < 0)
		return r;
	(void)sd_event_source_set_io_fd_own(probe->ended, true);
	(void)take_fd(&pid_fd);
	return sd_event_add_time_relative(event, &probe->timer, CLOCK_MONOTONIC, ANSWER_USEC, 0,
					  on_timeout, probe);
}

int disk_probe_start(sd_event *event, const char *node, const struct loader *loader,
		     disk_probe_done_t done, void *userdata, struct disk_probe **ret_probe)
{
	_cleanup_(probe_freep) struct disk_probe *probe = calloc(1, sizeof(*probe));
	_cleanup_fd_ int write_fd = -EBADF;
	int fds[2] = { -EBADF, -EBADF }, r = 0;

	if (!probe)
		return -ENOMEM;
	probe->done = done;
	probe->userdata = userdata;
	probe->pipe_fd = -EBADF;
	if (pipe2(fds, O_CLOEXEC | O_NONBLOCK) < 0)
		return -errno;
	probe->pipe_fd = fds[0];
	write_fd = fds[1];
	probe->pid = fork();
	if (probe->pid < 0)
		return -errno;
	if (probe->pid == 0)
		child(node, loader, write_fd);
	r = watch(probe, event);
	if (r < 0) {
		(void)kill(probe->pid, SIGKILL);
		(void)waitpid(probe->pid, NULL, 0);
		return r;
	}
	*ret_probe = take_ptr(probe);
	return 0;
}
