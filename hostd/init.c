// SPDX-License-Identifier: GPL-2.0-or-later
// PID 1: mounts, reaps, keeps hostd alive, powers off. It does almost nothing, because when it dies
// every guest dies. libc only, one file. Signals have busybox init's meanings, so its poweroff and
// reboot work.
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define HOSTD "/usr/bin/hostd"
#define HOSTD_EXIT_REPLACED 3 /* host/host-replace.c */
#define TRIAL_LIMIT_S 30
#define FAST_RUN_S 2
#define GOOD_RUN_S 600 /* a run of this length ends a row of failures */
#define FAILURES_MAX 5
#define RESTART_INTERVAL_S 1
#define RESTART_INTERVAL_FAILING_S 10
#define BOOT_TIMES "/run/mvirt/boot-times" /* machine/boot-times.c; its first line is PID 1's */
#define STOP_LIMIT_S 120 /* without a report from hostd, which knows the guests' deadlines */
#define TERM_LIMIT_S 5
#define SYNC_LIMIT_S 30 /* without progress */
#define REBOOT_LIMIT_S 180

/* What to do when everything has stopped; 0 while the host runs. */
enum ending { RUNNING, POWER_OFF, REBOOT, HALT };
static const char *const ending_names[] = { "", "power off", "reboot", "halt" };
static const int ending_commands[] = { 0, RB_POWER_OFF, RB_AUTOBOOT, RB_HALT_SYSTEM };

/* A child that is kept alive. */
struct service {
	const char *path;
	const char *terminal; /* NULL: /dev/console without controlling it */
	pid_t pid; /* 0 or -1: not running */
	time_t started_s; /* CLOCK_MONOTONIC */
	time_t due_s; /* when to start it (again) */
	unsigned int fast_failures, short_runs; /* in a row, below FAST_RUN_S and good_run_s */
};

/* hostd's programs: the first that exists is started; host/host-replace.c describes them. */
static const char *const hostd_suffixes[] = { ".trial", ".replaced", "" };

static struct {
	enum ending ending;
	bool guests_stopped; /* hostd's exit status says so */
	bool test; /* in a PID namespace: mounts nothing, leaves the consoles alone */
	time_t stop_limit_s, stop_deadline_s;
	const char *hostd; /* the image's */
	char hostd_path[256]; /* of the running one, or the last one */
	ino_t hostd_inode;
	time_t trial_limit_s, trial_deadline_s;
	ino_t trial_inode; /* hostd_inode, if that one is on trial; otherwise 0 */
	time_t good_run_s, sync_limit_s;
	struct service daemon, shell;
} state = { .stop_limit_s = STOP_LIMIT_S,
	    .trial_limit_s = TRIAL_LIMIT_S,
	    .good_run_s = GOOD_RUN_S,
	    .sync_limit_s = SYNC_LIMIT_S };

static time_t now_s(void)
{
	struct timespec now = {};

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec;
}

static bool write_to(const char *path, const char *line)
{
	int fd = open(path, O_WRONLY | O_NOCTTY | O_CLOEXEC);
	bool written = fd >= 0 && write(fd, line, strlen(line)) > 0;

	(void)close(fd);
	return written;
}

/* Logs a line through the kernel's log, so every console shows it. */
__attribute__((format(printf, 1, 2))) static void say(const char *format, ...)
{
	char line[400] = "<27>init: "; /* an error: shown on a quiet console, too */
	size_t start = strlen(line);
	va_list arguments;

	va_start(arguments, format);
	(void)vsnprintf(line + start, sizeof(line) - start - 1, format, arguments);
	va_end(arguments);
	(void)strcat(line, "\n");
	if (state.test || !write_to("/dev/kmsg", line))
		(void)!write(STDERR_FILENO, line + 4, strlen(line + 4));
}

static void mount_at(const char *type, const char *target, unsigned long flags, const char *options)
{
	(void)mkdir(target, 0755);
	if (mount(type, target, type, flags, options) < 0 && errno != EBUSY)
		say("%s cannot be mounted: %m", target);
}

/* Guests' confinement needs it: the kernel's first root cannot be pivoted away from, a bind mount
 * of it can. */
static void make_root_pivotable(void)
{
	if (mount("/", "/mnt", NULL, MS_BIND, NULL) < 0 || chdir("/mnt") < 0 ||
	    mount(".", "/", NULL, MS_MOVE, NULL) < 0 || chroot(".") < 0 || chdir("/") < 0)
		say("the root cannot be made pivotable: %m");
}

static void mount_everything(void)
{
	const unsigned long safe = MS_NOSUID | MS_NODEV | MS_NOEXEC;

	mount_at("proc", "/proc", safe, NULL);
	mount_at("sysfs", "/sys", safe, NULL);
	mount_at("devtmpfs", "/dev", MS_NOSUID, "mode=755");
	mount_at("devpts", "/dev/pts", MS_NOSUID | MS_NOEXEC, "mode=620,ptmxmode=666");
	mount_at("tmpfs", "/dev/shm", MS_NOSUID | MS_NODEV, "mode=1777");
	mount_at("tmpfs", "/run", MS_NOSUID | MS_NODEV, "mode=755");
	mount_at("tmpfs", "/tmp", MS_NOSUID | MS_NODEV, "mode=1777");
	mount_at("cgroup2", "/sys/fs/cgroup", safe, "nsdelegate");
	/* Not every machine has these. */
	(void)mount("efivarfs", "/sys/firmware/efi/efivars", "efivarfs", safe | MS_RDONLY, NULL);
	(void)mount("pstore", "/sys/fs/pstore", "pstore", safe, NULL);
}

/* Notes when the kernel had done its part. */
static void note_start(const struct timespec *started)
{
	int fd = -1;

	(void)mkdir("/run/mvirt", 0755);
	fd = open(BOOT_TIMES, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	(void)dprintf(fd, "%lld kernel\n",
		      (long long)started->tv_sec * 1000000 + started->tv_nsec / 1000);
	(void)close(fd);
}

static bool open_terminal(const char *path, int flags)
{
	int fd = open(path, O_RDWR | O_NOCTTY | flags);

	for (int standard = 0; fd >= 0 && standard < 3; standard++)
		(void)dup2(fd, standard);
	if (fd > 2)
		(void)close(fd);
	return fd >= 0;
}

/* mvirt.shell=TTY on the kernel's command line: "/dev/" overwrites "hell=". */
static void read_command_line(void)
{
	static char line[4096];
	int fd = open("/proc/cmdline", O_RDONLY | O_CLOEXEC);
	char *next = NULL;

	(void)!read(fd, line, sizeof(line) - 1);
	(void)close(fd);
	for (char *word = strtok_r(line, " \n", &next); word; word = strtok_r(NULL, " \n", &next))
		if (strncmp(word, "mvirt.shell=", 12) == 0 && word[12] && !strchr(word, '/'))
			state.shell.terminal = memcpy(word + 7, "/dev/", 5);
}

/* In the child: does not return. */
static void exec_service(const struct service *service)
{
	static const char *const variables[] = { "PATH=/usr/bin", "HOME=/root", "TERM=linux",
						 NULL };
	sigset_t blocked;

	(void)sigemptyset(&blocked);
	/* A signal that comes before hostd handles it waits. */
	if (service == &state.daemon)
		(void)sigaddset(&blocked, SIGTERM);
	(void)sigprocmask(SIG_SETMASK, &blocked, NULL);
	(void)setsid();
	if (service->terminal && !open_terminal(service->terminal, 0)) {
		say("mvirt.shell: %s cannot be opened: %m", service->terminal);
		_exit(127);
	}
	if (service->terminal) {
		(void)ioctl(0, TIOCSCTTY, 1);
		(void)dprintf(1, "\nmvirt: root shell on %s (mvirt.shell=)\n", service->terminal);
	}
	(void)execle(service->path, service == &state.shell ? "sh" : state.hostd, NULL, variables);
	say("%s cannot be executed: %m", service->path);
	_exit(127);
}

static bool is_on_trial(void)
{
	struct stat status;

	return state.trial_inode != 0 && stat(state.hostd_path, &status) == 0 &&
	       status.st_ino == state.trial_inode;
}

static void choose_hostd(void)
{
	struct stat status = {};
	size_t i = 0;

	do
		(void)snprintf(state.hostd_path, sizeof(state.hostd_path), "%s%s", state.hostd,
			       hostd_suffixes[i++]);
	while (stat(state.hostd_path, &status) < 0 && i < 3);
	if (status.st_ino != state.hostd_inode)
		state.daemon.fast_failures = state.daemon.short_runs = 0;
	state.hostd_inode = status.st_ino;
	state.trial_inode = i == 1 ? status.st_ino : 0;
	state.trial_deadline_s = now_s() + state.trial_limit_s;
	state.daemon.path = state.hostd_path;
}

/* A new hostd that does not come up, or does not stay: the previous one is started from now on. */
static void give_up_hostd(const char *why)
{
	char path[sizeof(state.hostd_path) + sizeof(".failed")];

	say("%s %s: starting the previous one", state.hostd_path, why);
	(void)unlink(state.hostd_path);
	(void)snprintf(path, sizeof(path), "%s.failed", state.hostd);
	(void)close(open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644));
	state.daemon.due_s = now_s();
	state.daemon.fast_failures = state.daemon.short_runs = 0;
}

static void start(struct service *service)
{
	if (service == &state.daemon)
		choose_hostd();
	service->pid = fork();
	if (service->pid == 0)
		exec_service(service);
	if (service->pid < 0)
		say("fork: %m");
	service->started_s = now_s();
	service->due_s = service->started_s + RESTART_INTERVAL_S;
	/* The shutdown request that the previous hostd did not finish. */
	if (service == &state.daemon && service->pid > 0 && state.ending != RUNNING)
		(void)kill(service->pid, SIGTERM);
}

/* At most one start a second; a service that keeps failing waits longer. */
static void plan_restart(struct service *service)
{
	time_t ran_s = now_s() - service->started_s;

	service->pid = 0;
	service->fast_failures = ran_s < FAST_RUN_S ? service->fast_failures + 1 : 0;
	service->short_runs = ran_s < state.good_run_s ? service->short_runs + 1 : 0;
	if (service->fast_failures >= FAILURES_MAX)
		service->due_s = service->started_s + RESTART_INTERVAL_FAILING_S;
}

/* It ended by itself, and will be started again. */
static void log_end_of_hostd(int status)
{
	if (WIFSIGNALED(status))
		say("hostd was killed by signal %d, starting it again", WTERMSIG(status));
	else if (WEXITSTATUS(status) != HOSTD_EXIT_REPLACED)
		say("hostd ended with status %d, starting it again", WEXITSTATUS(status));
}

/* A hostd that was put in place gives way to the previous one; the image's is tried without end. */
static void give_up_failing_hostd(void)
{
	if (state.daemon.short_runs < FAILURES_MAX)
		return;
	if (strcmp(state.hostd_path, state.hostd) != 0)
		give_up_hostd("ended five times in a row, each time within ten minutes");
	else if (state.daemon.fast_failures == FAILURES_MAX)
		say("hostd cannot be started: five tries in a row failed. Guests go on running. "
		    "Boot with mvirt.shell=tty2 on the kernel's command line for a rescue shell");
	else if (state.daemon.short_runs == FAILURES_MAX)
		say("hostd ended five times in a row, each time within ten minutes. Guests go on "
		    "running; it is started again each time");
}

static void hostd_ended(int status)
{
	plan_restart(&state.daemon);
	state.guests_stopped =
		state.ending != RUNNING && WIFEXITED(status) && WEXITSTATUS(status) == 0;
	if (state.guests_stopped)
		return;
	if (is_on_trial() && now_s() >= state.trial_deadline_s) {
		give_up_hostd("does not answer");
	} else if (is_on_trial()) {
		give_up_hostd("ended before it answered");
	} else {
		log_end_of_hostd(status);
		give_up_failing_hostd();
	}
}

/* Starts what is due. Returns when to look again, or 0 if there is nothing to wait for. */
static time_t start_due(void)
{
	struct service *services[] = { &state.daemon, &state.shell };
	time_t now = now_s(), next = 0;

	for (size_t i = 0; i < 2; i++) {
		struct service *service = services[i];

		if (service->pid > 0 ||
		    (service == &state.shell && (!service->terminal || state.ending != RUNNING)))
			continue;
		if (service->due_s <= now)
			start(service);
		if (service->pid <= 0 && (next == 0 || service->due_s < next))
			next = service->due_s;
	}
	if (state.daemon.pid <= 0 || !is_on_trial())
		return next;
	if (now >= state.trial_deadline_s)
		(void)kill(state.daemon.pid, SIGKILL);
	return next == 0 || state.trial_deadline_s < next ? state.trial_deadline_s : next;
}

static void begin_ending(enum ending ending)
{
	if (state.ending != RUNNING || ending == RUNNING)
		return;
	state.ending = ending;
	state.stop_deadline_s = now_s() + state.stop_limit_s;
	state.daemon.short_runs = 0;
	say("%s: stopping hostd", ending_names[ending]);
	if (state.daemon.pid > 0)
		(void)kill(state.daemon.pid, SIGTERM);
}

/* Waits for the end of every process, at most limit_s. Returns whether none is left. */
static bool wait_for_all(time_t limit_s)
{
	for (time_t deadline = now_s() + limit_s; now_s() < deadline; (void)usleep(20000)) {
		pid_t pid = 0;

		while ((pid = waitpid(-1, NULL, WNOHANG)) > 0)
			;
		if (pid < 0)
			return true;
	}
	return false;
}

/* Memory that has not been written to the disks yet. */
static unsigned long unwritten_kib(void)
{
	static const char *const names[] = { "\nDirty:", "\nWriteback:" };
	char text[4096] = "";
	unsigned long sum = 0;
	int fd = open("/proc/meminfo", O_RDONLY | O_CLOEXEC);

	(void)!read(fd, text, sizeof(text) - 1);
	(void)close(fd);
	for (size_t i = 0; i < 2; i++) {
		const char *found = strstr(text, names[i]);

		sum += found ? strtoul(found + strlen(names[i]), NULL, 10) : 0;
	}
	return sum;
}

/* In a child, because each of these calls may hang on a disk that no longer answers. */
static void write_to_disks(void)
{
	unsigned long left = 0, least = ULONG_MAX;
	time_t progress_s = now_s();
	pid_t child = fork();

	if (child == 0) {
		sync();
		if (!state.test)
			(void)(umount2("/data", MNT_DETACH) |
			       umount2("/run/mvirt/config", MNT_DETACH));
		sync();
		_exit(0);
	}
	for (; child > 0 && waitpid(child, NULL, WNOHANG) == 0; (void)usleep(20000)) {
		left = unwritten_kib();
		if (left < least) {
			least = left;
			progress_s = now_s();
		} else if (now_s() - progress_s >= state.sync_limit_s) {
			say("a disk takes no more data: %lu KiB are lost", left);
			return;
		}
	}
}

/* The kernel first asks every driver, and a driver may wait for its device for ever. */
static void force_reboot_later(void)
{
	if (fork() != 0)
		return;
	(void)sleep(REBOOT_LIMIT_S);
	(void)write_to("/proc/sysrq-trigger", "b");
	_exit(0);
}

[[noreturn]] static void finish(void)
{
	(void)kill(-1, SIGTERM);
	(void)kill(-1, SIGCONT);
	if (!wait_for_all(TERM_LIMIT_S)) {
		(void)kill(-1, SIGKILL);
		(void)wait_for_all(TERM_LIMIT_S);
	}
	write_to_disks();
	say("%s", ending_names[state.ending]);
	if (state.ending == REBOOT && !state.test)
		force_reboot_later();
	(void)reboot(ending_commands[state.ending]);
	for (;;) /* not reached on a machine; PID 1 never exits */
		(void)pause();
}

/* Whether no hostd can stop the guests in order. */
static bool is_hostd_lost(void)
{
	if (state.daemon.pid <= 0 &&
	    (state.daemon.fast_failures >= FAILURES_MAX || state.daemon.short_runs >= FAILURES_MAX))
		say("hostd keeps failing: running guests are not asked to stop");
	else if (now_s() >= state.stop_deadline_s)
		say("hostd did not stop within %lld s and does not report: running guests are not "
		    "asked to stop",
		    (long long)state.stop_limit_s);
	else
		return false;
	return true;
}

static void take_signal(int signal, const siginfo_t *info)
{
	if (signal == SIGALRM && info->si_pid == state.daemon.pid) /* it is still working */
		state.stop_deadline_s = now_s() + state.stop_limit_s;
	/* Ctrl-Alt-Del once more: hostd knows what it means. */
	if (signal == SIGINT && state.ending != RUNNING && state.daemon.pid > 0)
		(void)kill(state.daemon.pid, SIGTERM);
	/* SIGCHLD is reaped in the next step; other signals mean nothing here. */
	begin_ending(signal == SIGUSR1                       ? HALT
		     : signal == SIGUSR2                     ? POWER_OFF
		     : signal == SIGTERM || signal == SIGINT ? REBOOT
							     : RUNNING);
}

/* Waits for a signal until a time (CLOCK_MONOTONIC, 0: for ever), then does what is due. */
static void step(const sigset_t *signals)
{
	time_t until = 0;
	struct timespec left = { .tv_nsec = 10000000 };
	siginfo_t info = {};
	int status = 0;
	pid_t pid = 0;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		if (pid == state.daemon.pid)
			hostd_ended(status);
		else if (pid == state.shell.pid)
			plan_restart(&state.shell);
	if (state.ending != RUNNING && (state.guests_stopped || is_hostd_lost()))
		finish();
	until = start_due();
	if (state.ending != RUNNING && (until == 0 || state.stop_deadline_s < until))
		until = state.stop_deadline_s;
	left.tv_sec = until > now_s() ? until - now_s() : 0;
	take_signal(sigtimedwait(signals, &info, until ? &left : NULL), &info);
}

/* init [--test HOSTD [STOP-LIMIT [TRIAL-LIMIT [GOOD-RUN [SYNC-LIMIT]]]]]: in a PID namespace,
 * seconds
 */
int main(int argc, char **argv)
{
	time_t *const limits[] = { &state.stop_limit_s, &state.trial_limit_s, &state.good_run_s,
				   &state.sync_limit_s };
	struct timespec started = {};
	sigset_t all;

	(void)clock_gettime(CLOCK_BOOTTIME, &started);
	state.shell.path = "/bin/sh";
	state.test = argc > 2 && strcmp(argv[1], "--test") == 0;
	state.hostd = state.test ? argv[2] : HOSTD;
	for (int i = 3; state.test && i < argc && i < 7; i++)
		*limits[i - 3] = strtol(argv[i], NULL, 10);
	if (getpid() != 1) {
		(void)fputs("init: not PID 1. Use poweroff, reboot or mvirt\n", stderr);
		return 2;
	}
	(void)sigfillset(&all);
	(void)sigprocmask(SIG_SETMASK, &all, NULL);
	if (!state.test) {
		make_root_pivotable();
		mount_everything();
		note_start(&started);
		/* Output that cannot be shown now (on a stopped terminal) must not block us. */
		(void)open_terminal("/dev/console", O_NONBLOCK);
		(void)reboot(RB_DISABLE_CAD);
		(void)!sethostname("mvirt", 5);
		/* For a guest's QEMU and its predecessors, which the kernel cleans up late. */
		(void)write_to("/proc/sys/user/max_user_namespaces", "64");
		read_command_line();
	}
	for (;;)
		step(&all);
}
