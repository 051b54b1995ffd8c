// SPDX-License-Identifier: GPL-2.0-or-later
// Dashboards: one a console, kept running; and where the kernel's log goes meanwhile.
#include "dashboards.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "base/text.h"
#include "consoles.h"
#include "process/supervisor.h"
#include "process/uids.h"

#define LINK_FD_FIRST 3
#define NAMESPACES (CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS)
#define FILES_MAX 64
#define MEMORY_BYTES_MAX (64UL << 20)
/* For the line about a step that failed. Its own filter, once loaded, lets it open no file. */
#define FILE_BYTES_MAX 4096
/* Alt+F12. */
#define LOG_TERMINAL 12

struct dashboard_process {
	struct dashboards *owner;
	struct console console;
	struct supervisor *supervisor;
	bool told; /* that it does not hold */
};

struct dashboards {
	sd_event *event;
	struct dashboards_settings settings;
	struct dashboard_process processes[CONSOLES_MAX];
	size_t count;
};

/* Nothing of root's is left to it: no user, no capability, no network, nothing that can be gained.
 * Everything of it comes back with the next hostd. */
static int spawn(struct dashboard_process *process, const int links[static DASHBOARD_LINKS])
{
	static const struct confine_limit limits[] = {
		{ RLIMIT_NOFILE, FILES_MAX },
		{ RLIMIT_CORE, 0 },
		{ RLIMIT_FSIZE, FILE_BYTES_MAX },
		{ RLIMIT_AS, MEMORY_BYTES_MAX },
	};
	const struct dashboards_settings *settings = &process->owner->settings;
	const bool on_screen = process->console.on_screen;
	_cleanup_free_ char *terminal = text_format("/dev/%s", process->console.name);
	_cleanup_free_ char *type =
		text_format("TERM=%s", on_screen ? "linux" : settings->line_type ?: "vt220");
	char *const argv[] = { "mvirt-dashboard", "--passed", on_screen ? NULL : "--wait", NULL };
	const char *const environment[] = { "PATH=/usr/bin", "TERMINFO=/usr/share/terminfo", type,
					    NULL };
	struct process_fd fds[DASHBOARD_LINKS];
	const struct process_spec spec = {
		.program = settings->program,
		.argv = argv,
		.environment = environment,
		.terminal = terminal,
		.fds = fds,
		.fd_count = DASHBOARD_LINKS,
		.namespaces = NAMESPACES,
		.uid = PROCESS_UID_DASHBOARD,
		.limits = limits,
		.limit_count = ELEMENTS(limits),
		.end_signal = SIGTERM,
	};

	for (int i = 0; i < DASHBOARD_LINKS; i++)
		fds[i] = (struct process_fd){ links[i], LINK_FD_FIRST + i };
	return terminal && type ? supervisor_spawn(process->supervisor, &spec) : -ENOMEM;
}

static int start(struct supervisor *, void *userdata)
{
	struct dashboard_process *process = userdata;
	const struct dashboards_settings *settings = &process->owner->settings;
	int links[DASHBOARD_LINKS], count = 0, r = 0;

	while (r >= 0 && count < DASHBOARD_LINKS) {
		r = settings->connect(settings->userdata);
		if (r >= 0)
			links[count++] = r;
	}
	if (r >= 0)
		r = spawn(process, links);
	while (count > 0)
		fd_close(links[--count]);
	return r;
}

static void on_ended(const struct supervisor_end *told, void *userdata)
{
	struct dashboard_process *process = userdata;
	_cleanup_free_ char *step = told->end ? process_end_last_line(told->end) : NULL;
	const char *name = process->console.name;
	const int status = told->end ? told->end->status : 0;

	if (!told->end)
		log_warning("dashboard", "the one on %s cannot be started: %s", name,
			    strerror(-told->error));
	else if (status == 0)
		process->told = false;
	if (status == 0 || process->told)
		return;
	process->told = true;
	if (status == PROCESS_NOT_CONFINED)
		log_warning("dashboard", "the one on %s cannot be confined: %s: it is tried again",
			    name, step ?: "no memory");
	else
		log_warning("dashboard", "the one on %s %s %d: it is started again", name,
			    status <= 128 ? "ended with status" : "was ended by signal",
			    status <= 128 ? status : status - 128);
}

static int dashboard_new(struct dashboard_process *process)
{
	const struct supervisor_settings settings = {
		.backoff = { .min_usec = 200000, .max_usec = 30000000, .held_usec = 5000000 },
		.start = start,
		.ended = on_ended,
		.userdata = process,
	};
	int r = supervisor_new(process->owner->event, &settings, &process->supervisor);

	if (r >= 0)
		(void)supervisor_start(process->supervisor);
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
		if (dashboard_new(&dashboards->processes[i]) < 0) {
			dashboards_free(dashboards);
			return -ENOMEM;
		}
	}
	*ret_dashboards = dashboards;
	return 0;
}

void dashboards_free(struct dashboards *dashboards)
{
	if (!dashboards)
		return;
	for (size_t i = 0; i < dashboards->count; i++)
		supervisor_free(dashboards->processes[i].supervisor);
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

static int move_log_when_told(const void *, const char **)
{
	char byte = 0;

	if (read(LINK_FD_FIRST, &byte, 1) == 1)
		move_log();
	return 0;
}

static void on_log_moved(const struct process_end *, void *)
{
}

int dashboards_prepare_log(sd_event *event)
{
	_cleanup_fd_ int read_fd = -EBADF, write_fd = -EBADF;
	struct process *process = NULL;
	int fds[2] = { -EBADF, -EBADF }, r = 0;

	if (pipe2(fds, O_CLOEXEC) < 0)
		return -errno;
	read_fd = fds[0];
	write_fd = fds[1];
	r = process_start(event,
			  &(struct process_spec){
				  .name = "hostd-log",
				  .run = move_log_when_told,
				  .fds = &(struct process_fd){ read_fd, LINK_FD_FIRST },
				  .fd_count = 1,
			  },
			  on_log_moved, NULL, &process);
	return r < 0 ? r : take_fd(&write_fd);
}

void dashboards_move_log(int fd_consume)
{
	_cleanup_fd_ int fd = fd_consume;

	if (fd >= 0)
		(void)!write(fd, "", 1);
}
