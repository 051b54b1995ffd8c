// SPDX-License-Identifier: GPL-2.0-or-later
// PID 1: mounts, reaps, keeps hostd alive, powers off. It does almost nothing, because when it dies
// every guest dies. libc only, one file. Signals have busybox init's meanings, so its poweroff and
// reboot work.
#include <errno.h>
#include <fcntl.h>
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
#define FAST_FAILURES_MAX 5
#define RESTART_INTERVAL_S 1
#define RESTART_INTERVAL_FAILING_S 10
/* The file of machine/boot-times.c, of which the first line is PID 1's. */
#define BOOT_TIMES "/run/mvirt/boot-times"
/* hostd ends its guests within their own deadlines; this is for a hostd that hangs. */
#define STOP_LIMIT_S 300
#define TERM_LIMIT_S 5

/* What shall happen when everything has stopped; 0 while the host runs. */
enum ending { RUNNING, POWER_OFF, REBOOT, HALT };
static const struct {
	const char *name;
	int command;
} endings[] = {
	[POWER_OFF] = { "power off", RB_POWER_OFF },
	[REBOOT] = { "reboot", RB_AUTOBOOT },
	[HALT] = { "halt", RB_HALT_SYSTEM },
};

/* A child that is kept alive. */
struct service {
	const char *path;
	const char *terminal; /* NULL: /dev/console without controlling it */
	pid_t pid; /* 0: not running */
	time_t started_s; /* CLOCK_MONOTONIC */
	time_t due_s; /* when to start it (again) */
	unsigned int fast_failures;
};

static struct {
	enum ending ending;
	bool test; /* in a PID namespace: nothing is mounted, the consoles are left alone */
	time_t stop_limit_s;
	time_t stop_deadline_s;
	char shell_terminal[64];
	struct service hostd, shell;
} state = { .stop_limit_s = STOP_LIMIT_S };

static time_t now_s(void)
{
	struct timespec now = {};

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec;
}

static void write_to(const char *path, const char *line)
{
	int fd = open(path, O_WRONLY | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);

	if (fd >= 0) {
		(void)!write(fd, line, strlen(line));
		(void)close(fd);
	}
}

/* Says a line on every console= of the kernel's command line, or on stderr where there is none. */
static void say(const char *format, ...) __attribute__((format(printf, 1, 2)));
static void say(const char *format, ...)
{
	char line[256] = "init: ", consoles[256] = "", path[80];
	va_list arguments;
	FILE *active = NULL;
	char *next = NULL;

	va_start(arguments, format);
	(void)vsnprintf(line + 6, sizeof(line) - 8, format, arguments);
	va_end(arguments);
	(void)strcat(line, "\n");

	active = state.test ? NULL : fopen("/sys/class/tty/console/active", "re");
	if (active) {
		(void)!fgets(consoles, sizeof(consoles), active);
		(void)fclose(active);
	}
	if (!*consoles) {
		(void)!write(STDERR_FILENO, line, strlen(line));
		return;
	}
	for (char *name = strtok_r(consoles, " \n", &next); name;
	     name = strtok_r(NULL, " \n", &next)) {
		(void)snprintf(path, sizeof(path), "/dev/%s", name);
		write_to(path, line);
	}
}

static void mount_at(const char *type, const char *target, unsigned long flags, const char *options,
		     bool optional)
{
	(void)mkdir(target, 0755);
	if (mount(type, target, type, flags, options) < 0 && errno != EBUSY && !optional)
		say("%s cannot be mounted: %s", target, strerror(errno));
}

/*
 * The kernel's first root file system cannot be left by pivot_root(2), which guests are confined
 * by. A bind mount of it over itself can: it costs nothing.
 */
static void make_root_pivotable(void)
{
	if (mount("/", "/mnt", NULL, MS_BIND, NULL) < 0 || chdir("/mnt") < 0 ||
	    mount(".", "/", NULL, MS_MOVE, NULL) < 0 || chroot(".") < 0 || chdir("/") < 0)
		say("the root cannot be made pivotable: %s", strerror(errno));
}

static void mount_everything(void)
{
	const unsigned long safe = MS_NOSUID | MS_NODEV | MS_NOEXEC;

	mount_at("proc", "/proc", safe, NULL, false);
	mount_at("sysfs", "/sys", safe, NULL, false);
	mount_at("devtmpfs", "/dev", MS_NOSUID, "mode=755", false);
	mount_at("devpts", "/dev/pts", MS_NOSUID | MS_NOEXEC, "mode=620,ptmxmode=666", false);
	mount_at("tmpfs", "/dev/shm", MS_NOSUID | MS_NODEV, "mode=1777", false);
	mount_at("tmpfs", "/run", MS_NOSUID | MS_NODEV, "mode=755", false);
	mount_at("tmpfs", "/tmp", MS_NOSUID | MS_NODEV, "mode=1777", false);
	mount_at("cgroup2", "/sys/fs/cgroup", safe, "nsdelegate", false);
	mount_at("efivarfs", "/sys/firmware/efi/efivars", safe | MS_RDONLY, NULL, true);
	mount_at("pstore", "/sys/fs/pstore", safe, NULL, true);
}

/* When the kernel had done its part. */
static void note_start(const struct timespec *started)
{
	int fd = -1;

	(void)mkdir("/run/mvirt", 0755);
	fd = open(BOOT_TIMES, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	if (fd < 0)
		return;
	(void)dprintf(fd, "%lld kernel\n",
		      (long long)started->tv_sec * 1000000 + started->tv_nsec / 1000);
	(void)close(fd);
}

static void open_console(void)
{
	int fd = open("/dev/console", O_RDWR | O_NOCTTY);

	for (int standard = 0; fd >= 0 && standard < 3; standard++)
		if (fd != standard)
			(void)dup2(fd, standard);
	if (fd > 2)
		(void)close(fd);
}

/* mvirt.shell=TTY on the kernel's command line. */
static void read_command_line(void)
{
	char line[4096] = "";
	FILE *file = fopen("/proc/cmdline", "re");
	char *next = NULL;

	if (!file)
		return;
	(void)!fgets(line, sizeof(line), file);
	(void)fclose(file);
	for (char *word = strtok_r(line, " \n", &next); word; word = strtok_r(NULL, " \n", &next))
		if (strncmp(word, "mvirt.shell=", 12) == 0 && !strchr(word + 12, '/'))
			(void)snprintf(state.shell_terminal, sizeof(state.shell_terminal),
				       "/dev/%.50s", word + 12);
	if (*state.shell_terminal)
		state.shell.terminal = state.shell_terminal;
}

/* In the child: does not return. */
static void become(const struct service *service)
{
	static char path[] = "PATH=/usr/bin", home[] = "HOME=/root", term[] = "TERM=linux";
	sigset_t none;

	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	(void)setsid();
	if (service->terminal) {
		int fd = open(service->terminal, O_RDWR);

		if (fd < 0) {
			say("mvirt.shell: %s cannot be opened: %s", service->terminal,
			    strerror(errno));
			_exit(127);
		}
		(void)ioctl(fd, TIOCSCTTY, 1);
		for (int standard = 0; standard < 3; standard++)
			(void)dup2(fd, standard);
		(void)dprintf(1, "\nmvirt: root shell on %s, because of mvirt.shell=\n",
			      service->terminal);
	}
	(void)clearenv();
	(void)putenv(path);
	(void)putenv(home);
	(void)putenv(term);
	(void)execl(service->path, service->path, NULL);
	say("%s cannot be executed: %s", service->path, strerror(errno));
	_exit(127);
}

static void start(struct service *service)
{
	pid_t pid = fork();

	if (pid == 0)
		become(service);
	service->started_s = now_s();
	if (pid < 0) {
		say("fork: %s", strerror(errno));
		service->due_s = service->started_s + RESTART_INTERVAL_S;
		return;
	}
	service->pid = pid;
}

/* Never more than one start a second; a service that does not hold gets longer pauses. */
static void plan_restart(struct service *service)
{
	bool fast = now_s() - service->started_s <= 1;

	service->pid = 0;
	service->fast_failures = fast ? service->fast_failures + 1 : 0;
	service->due_s = service->started_s + (service->fast_failures >= FAST_FAILURES_MAX
						       ? RESTART_INTERVAL_FAILING_S
						       : RESTART_INTERVAL_S);
}

static void hostd_ended(int status)
{
	plan_restart(&state.hostd);
	if (state.ending != RUNNING)
		return;
	if (WIFSIGNALED(status))
		say("hostd was killed by signal %d, starting it again", WTERMSIG(status));
	else
		say("hostd ended with status %d, starting it again", WEXITSTATUS(status));
	if (state.hostd.fast_failures == FAST_FAILURES_MAX)
		say("hostd cannot be started: five tries in a row failed. Guests that run go on "
		    "running. %s",
		    state.shell.terminal ? "The rescue shell is on mvirt.shell='s terminal."
					 : "Boot with mvirt.shell=tty1 for a rescue shell.");
}

static void reap(void)
{
	int status = 0;
	pid_t pid = 0;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		if (pid == state.hostd.pid)
			hostd_ended(status);
		else if (pid == state.shell.pid)
			plan_restart(&state.shell);
	}
}

/* Starts what is due. Returns when to look again, or 0 when there is nothing to wait for. */
static time_t start_due(void)
{
	struct service *services[] = { &state.hostd, &state.shell };
	time_t now = now_s(), next = 0;

	for (size_t i = 0; i < 2; i++) {
		struct service *service = services[i];

		if (service->pid != 0 || (service == &state.shell && !service->terminal))
			continue;
		if (service->due_s <= now)
			start(service);
		if (service->pid == 0 && (next == 0 || service->due_s < next))
			next = service->due_s;
	}
	return next;
}

static void begin_ending(enum ending ending)
{
	if (state.ending != RUNNING)
		return;
	state.ending = ending;
	state.stop_deadline_s = now_s() + state.stop_limit_s;
	say("%s: stopping hostd", endings[ending].name);
	if (state.hostd.pid > 0)
		(void)kill(state.hostd.pid, SIGTERM);
}

/* Waits for the end of every process, at most so long. Returns whether none is left. */
static bool wait_for_all(time_t limit_s)
{
	for (time_t deadline = now_s() + limit_s; now_s() < deadline; (void)usleep(20000)) {
		while (waitpid(-1, NULL, WNOHANG) > 0)
			;
		if (waitpid(-1, NULL, WNOHANG) < 0 && errno == ECHILD)
			return true;
	}
	return false;
}

[[noreturn]] static void finish(void)
{
	(void)kill(-1, SIGTERM);
	(void)kill(-1, SIGCONT);
	if (!wait_for_all(TERM_LIMIT_S)) {
		(void)kill(-1, SIGKILL);
		(void)wait_for_all(TERM_LIMIT_S);
	}
	sync();
	if (!state.test) {
		(void)umount2("/data", MNT_DETACH);
		(void)umount2("/run/mvirt/config", MNT_DETACH);
		sync();
	}
	say("%s", endings[state.ending].name);
	(void)reboot(endings[state.ending].command);
	/* Not reached on a machine; PID 1 never exits. */
	for (;;)
		(void)pause();
}

static void handle(int signal)
{
	/* SIGCHLD is reaped in the next step; the rest means nothing to us. */
	if (signal == SIGUSR1)
		begin_ending(HALT);
	else if (signal == SIGUSR2)
		begin_ending(POWER_OFF);
	else if (signal == SIGTERM || signal == SIGINT)
		begin_ending(REBOOT);
}

/* Waits for a signal until a time (CLOCK_MONOTONIC, 0: for ever), then does what is due. */
static void step(const sigset_t *signals)
{
	time_t until = 0, now = 0;
	int signal = 0;

	reap();
	if (state.ending != RUNNING) {
		if (state.hostd.pid == 0)
			finish();
		if (now_s() >= state.stop_deadline_s) {
			say("hostd did not stop within %lld s", (long long)state.stop_limit_s);
			finish();
		}
		until = state.stop_deadline_s;
	} else {
		until = start_due();
	}
	now = now_s();
	if (until == 0) {
		signal = sigwaitinfo(signals, NULL);
	} else {
		struct timespec left = { .tv_sec = until > now ? until - now : 0,
					 .tv_nsec = 10000000 };

		signal = sigtimedwait(signals, NULL, &left);
	}
	if (signal > 0)
		handle(signal);
}

/* init [--test HOSTD [STOP-LIMIT-SECONDS]]: in a PID namespace: no mounts, no consoles. */
int main(int argc, char **argv)
{
	struct timespec started = {};
	sigset_t all;

	(void)clock_gettime(CLOCK_BOOTTIME, &started);
	state.hostd.path = HOSTD;
	state.shell.path = "/bin/sh";
	if (argc > 1 && strcmp(argv[1], "--test") == 0) {
		state.test = true;
		if (argc > 2)
			state.hostd.path = argv[2];
		if (argc > 3)
			state.stop_limit_s = strtol(argv[3], NULL, 10);
	}
	if (getpid() != 1) {
		(void)fprintf(
			stderr,
			"init: not PID 1. To power off or reboot use poweroff, reboot or mvirt\n");
		return 2;
	}
	(void)sigfillset(&all);
	(void)sigprocmask(SIG_SETMASK, &all, NULL);
	if (!state.test) {
		make_root_pivotable();
		mount_everything();
		note_start(&started);
		open_console();
		(void)reboot(RB_DISABLE_CAD);
		(void)!sethostname("mvirt", 5);
		/* A QEMU's, and those of the guest's last ones, whose end takes the kernel time. */
		write_to("/proc/sys/user/max_user_namespaces", "64");
		read_command_line();
	}
	for (;;)
		step(&all);
}
