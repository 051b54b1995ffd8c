// SPDX-License-Identifier: GPL-2.0-or-later
// Starting dashboards: fork, terminal, namespaces, uid, exec; and again when they end.
#include "dashboards.h"

#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <termios.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "base/text.h"
#include "consoles.h"

#define LINK_FD_FIRST 3
/* One that ends sooner does not hold. */
#define HELD_USEC (UINT64_C(5) * 1000000)
#define DELAY_MIN_USEC UINT64_C(200000)
#define DELAY_MAX_USEC (UINT64_C(30) * 1000000)
#define TIMER_ACCURACY_USEC 100000
#define FILES_MAX 64
#define MEMORY_BYTES_MAX (UINT64_C(64) << 20)
/* Alt+F12. */
#define LOG_TERMINAL 12

struct dashboard_process {
	struct dashboards *owner;
	struct console console;
	pid_t pid; /* 0: it does not run */
	uint64_t started_usec, delay_usec;
	sd_event_source *ended, *retry;
	bool told; /* that it does not hold */
};

struct dashboards {
	sd_event *event;
	struct dashboards_settings settings;
	struct dashboard_process processes[CONSOLES_MAX];
	size_t count;
};

/* --- in the child --- */

static void set_limit(int resource, uint64_t value)
{
	const struct rlimit limit = { .rlim_cur = value, .rlim_max = value };

	(void)setrlimit(resource, &limit);
}

static int take_terminal(const char *name)
{
	char path[sizeof("/dev/") + CONSOLE_NAME_MAX];
	int fd = -EBADF;

	(void)snprintf(path, sizeof(path), "/dev/%s", name);
	/* A line without carrier detect would wait for a modem. */
	fd = open(path, O_RDWR | O_NOCTTY | O_NONBLOCK);
	if (fd < 0 || fcntl(fd, F_SETFL, 0) < 0)
		return -errno;
	/* An earlier hostd's dashboard may have left it to its session. */
	if (ioctl(fd, TIOCSCTTY, 1) < 0)
		return -errno;
	for (int standard = 0; standard < 3; standard++)
		if (dup2(fd, standard) < 0)
			return -errno;
	if (fd > 2)
		(void)close(fd);
	return 0;
}

/* Nothing of root's is left: no user, no capability, no network, nothing that can be gained. */
static int drop_everything(void)
{
	if (unshare(CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS) < 0)
		return -errno;
	set_limit(RLIMIT_NOFILE, FILES_MAX);
	set_limit(RLIMIT_CORE, 0);
	set_limit(RLIMIT_FSIZE, 0);
	set_limit(RLIMIT_AS, MEMORY_BYTES_MAX);
	if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0 ||
	    prctl(PR_SET_NO_NEW_PRIVS, 1UL, 0, 0, 0) < 0 || setgroups(0, NULL) < 0 ||
	    setresgid(DASHBOARD_UID, DASHBOARD_UID, DASHBOARD_UID) < 0 ||
	    setresuid(DASHBOARD_UID, DASHBOARD_UID, DASHBOARD_UID) < 0)
		return -errno;
	/* Everything of it comes back with the next hostd. */
	return prctl(PR_SET_PDEATHSIG, SIGTERM) < 0 ? -errno : 0;
}

static void reset_signals(void)
{
	sigset_t none;

	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	(void)signal(SIGPIPE, SIG_DFL);
}

[[noreturn]] static void become(const struct dashboards_settings *settings,
				const struct console *console, pid_t hostd,
				const int links[static DASHBOARD_LINKS])
{
	static const char path[] = "PATH=/usr/bin", terminfo[] = "TERMINFO=/usr/share/terminfo";
	_cleanup_free_ char *type =
		text_format("TERM=%s", console->on_screen    ? "linux"
				       : settings->line_type ? settings->line_type
							     : "vt220");
	const char *const arguments[] = { "mvirt-dashboard", "--passed",
					  console->on_screen ? NULL : "--wait", NULL };
	const char *const environment[] = { path, terminfo, type, NULL };
	int moved[DASHBOARD_LINKS], r = 0;

	reset_signals();
	(void)setsid();
	/* Out of the way of where they shall be. */
	for (int i = 0; i < DASHBOARD_LINKS; i++)
		moved[i] = fcntl(links[i], F_DUPFD_CLOEXEC, LINK_FD_FIRST + DASHBOARD_LINKS);
	for (int i = 0; i < DASHBOARD_LINKS; i++)
		if (moved[i] < 0 || dup2(moved[i], LINK_FD_FIRST + i) < 0)
			_exit(1);
	r = take_terminal(console->name);
	if (r >= 0)
		r = drop_everything();
	/* After the exec this would be too late. */
	if (r < 0 || getppid() != hostd)
		_exit(1);
	(void)close_range(LINK_FD_FIRST + DASHBOARD_LINKS, ~0U, 0);
	(void)execve(settings->program, (char *const *)(uintptr_t)arguments,
		     (char *const *)(uintptr_t)environment);
	_exit(127);
}

/* --- in hostd --- */

static int start(struct dashboard_process *process);

static uint64_t now_usec(const struct dashboards *dashboards)
{
	uint64_t now = 0;

	(void)sd_event_now(dashboards->event, CLOCK_MONOTONIC, &now);
	return now;
}

static int on_retry(sd_event_source *source [[maybe_unused]], uint64_t usec [[maybe_unused]],
		    void *userdata)
{
	struct dashboard_process *process = userdata;

	process->retry = sd_event_source_disable_unref(process->retry);
	(void)start(process);
	return 0;
}

static void retry_later(struct dashboard_process *process)
{
	struct dashboards *owner = process->owner;

	if (now_usec(owner) - process->started_usec >= HELD_USEC)
		process->delay_usec = 0;
	process->delay_usec = process->delay_usec ? process->delay_usec * 2 : DELAY_MIN_USEC;
	if (process->delay_usec > DELAY_MAX_USEC)
		process->delay_usec = DELAY_MAX_USEC;
	(void)sd_event_add_time_relative(owner->event, &process->retry, CLOCK_MONOTONIC,
					 process->delay_usec, TIMER_ACCURACY_USEC, on_retry,
					 process);
}

static void tell_end(struct dashboard_process *process, const siginfo_t *info)
{
	if (info->si_code == CLD_EXITED && info->si_status == 0) {
		process->told = false;
		return;
	}
	if (process->told)
		return;
	process->told = true;
	log_warning("dashboard", "the one on %s %s %d: it is started again", process->console.name,
		    info->si_code == CLD_EXITED ? "ended with status" : "was ended by signal",
		    info->si_status);
}

static int on_ended(sd_event_source *source [[maybe_unused]], int pidfd,
		    uint32_t events [[maybe_unused]], void *userdata)
{
	struct dashboard_process *process = userdata;
	siginfo_t info = {};

	(void)waitid(P_PIDFD, (id_t)pidfd, &info, WEXITED);
	process->ended = sd_event_source_disable_unref(process->ended);
	process->pid = 0;
	tell_end(process, &info);
	retry_later(process);
	return 0;
}

static int watch(struct dashboard_process *process)
{
	_cleanup_fd_ int pidfd = pidfd_open(process->pid, 0);
	int r = 0;

	if (pidfd < 0)
		return -errno;
	r = sd_event_add_io(process->owner->event, &process->ended, pidfd, EPOLLIN, on_ended,
			    process);
	if (r < 0)
		return r;
	(void)sd_event_source_set_io_fd_own(process->ended, true);
	(void)take_fd(&pidfd);
	return 0;
}

static void close_links(int links[static DASHBOARD_LINKS])
{
	for (int i = 0; i < DASHBOARD_LINKS; i++)
		links[i] = fd_close(links[i]);
}

static int connect_links(const struct dashboards *dashboards, int links[static DASHBOARD_LINKS])
{
	for (int i = 0; i < DASHBOARD_LINKS; i++) {
		links[i] = dashboards->settings.connect(dashboards->settings.userdata);
		if (links[i] < 0)
			return links[i];
	}
	return 0;
}

static int start(struct dashboard_process *process)
{
	struct dashboards *owner = process->owner;
	int links[DASHBOARD_LINKS] = { -EBADF, -EBADF, -EBADF };
	pid_t pid = 0, hostd = getpid();
	int r = connect_links(owner, links);

	process->started_usec = now_usec(owner);
	if (r >= 0) {
		pid = fork();
		if (pid == 0)
			become(&owner->settings, &process->console, hostd, links);
		r = pid < 0 ? -errno : 0;
	}
	close_links(links);
	if (r >= 0) {
		process->pid = pid;
		r = watch(process);
	}
	if (r >= 0)
		return 0;
	log_warning("dashboard", "the one on %s cannot be started: %s", process->console.name,
		    strerror(-r));
	if (process->pid > 0) {
		(void)kill(process->pid, SIGKILL);
		(void)waitpid(process->pid, NULL, 0);
	}
	process->pid = 0;
	retry_later(process);
	return r;
}

int dashboards_new(sd_event *event, const struct dashboards_settings *settings,
		   struct dashboards **ret_dashboards)
{
	struct console consoles[CONSOLES_MAX];
	struct dashboards *dashboards = calloc(1, sizeof(*dashboards));

	if (!dashboards)
		return -ENOMEM;
	dashboards->event = sd_event_ref(event);
	dashboards->settings = *settings;
	dashboards->count = consoles_find(settings->shell_terminal, consoles);
	for (size_t i = 0; i < dashboards->count; i++) {
		dashboards->processes[i] =
			(struct dashboard_process){ .owner = dashboards, .console = consoles[i] };
		(void)start(&dashboards->processes[i]);
	}
	*ret_dashboards = dashboards;
	return 0;
}

void dashboards_free(struct dashboards *dashboards)
{
	if (!dashboards)
		return;
	for (size_t i = 0; i < dashboards->count; i++) {
		struct dashboard_process *process = &dashboards->processes[i];

		sd_event_source_disable_unref(process->ended);
		sd_event_source_disable_unref(process->retry);
		if (process->pid > 0)
			(void)kill(process->pid, SIGTERM);
	}
	sd_event_unref(dashboards->event);
	free(dashboards);
}

/* --- the kernel's log --- */

/* Opening it makes the virtual terminal, which stays. */
static void move_log(void)
{
	char path[16], request[] = { 11 /* TIOCL_SETKMSGREDIRECT */, LOG_TERMINAL };
	_cleanup_fd_ int fd = -EBADF;

	(void)snprintf(path, sizeof(path), "/dev/tty%d", LOG_TERMINAL);
	fd = open(path, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (fd >= 0)
		(void)ioctl(fd, TIOCLINUX, request);
}

int dashboards_prepare_log(void)
{
	int fds[2] = { -EBADF, -EBADF };
	pid_t pid = 0;

	if (pipe2(fds, O_CLOEXEC) < 0)
		return -errno;
	/* Twice, so that it is PID 1's to reap. */
	pid = fork();
	if (pid == 0) {
		char byte = 0;

		if (fork() != 0)
			_exit(0);
		(void)close(fds[1]);
		(void)prctl(PR_SET_NAME, "hostd-log");
		if (read(fds[0], &byte, 1) == 1)
			move_log();
		_exit(0);
	}
	(void)close(fds[0]);
	if (pid < 0) {
		(void)close(fds[1]);
		return -errno;
	}
	(void)waitpid(pid, NULL, 0);
	return fds[1];
}

void dashboards_move_log(int fd_consume)
{
	_cleanup_fd_ int fd = fd_consume;

	if (fd >= 0)
		(void)!write(fd, "", 1);
}
