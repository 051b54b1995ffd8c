// SPDX-License-Identifier: GPL-2.0-or-later
// What our confinement costs a guest's disk and network, counted: PID 1 of a machine of which an
// instruction is a nanosecond (machines.run_counted). It goes on as mvirt's init, and leaves a
// child behind: that measures the guest "bench", which hostd has started, and then the same QEMU by
// hand, each time with another part of the confinement. The guest's program is throughput.c.
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/if_tun.h>
#include <linux/kvm.h>
#include <linux/seccomp.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/reboot.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <x86intrin.h>

#include "machine/privileges.h"
#include "process/guest-process.h"
#include "vmm/qemu/qemu-seccomp.h"

#define PROC "/bench-proc"
#define CGROUP "/sys/fs/cgroup/mvirt/hand"
#define HOST "192.0.2.1"
#define PORT 7000
#define MIB 1048576L
#define WORDS_MAX 256
#define CALLS_MAX 512
#define KVM_RUNS (CALLS_MAX - 1) /* not a call's number */
#define RUNS 2

enum part {
	HOSTD_FILTER = 1, /* and hostd's capabilities */
	GUEST_FILTER = 2,
	SANDBOX = 4, /* QEMU's own */
	CGROUP_OF_ITS_OWN = 8,
	NAMESPACES = 16,
	SHALLOW = 32, /* that cgroup is the root's child */
	NO_CPU = 64, /* controller, from here on */
	COUNTED = 128, /* its system calls, which takes far longer */
};

static const struct variant {
	const char *name;
	unsigned int parts;
} variants[] = {
	{ "hand", 0 },
	{ "sandbox", SANDBOX },
	{ "hostd-filter", HOSTD_FILTER },
	{ "guest-filter", GUEST_FILTER },
	{ "filters", HOSTD_FILTER | GUEST_FILTER | SANDBOX },
	{ "cgroup", CGROUP_OF_ITS_OWN },
	{ "cgroup-shallow", CGROUP_OF_ITS_OWN | SHALLOW },
	{ "namespaces", NAMESPACES },
	{ "all", HOSTD_FILTER | GUEST_FILTER | SANDBOX | CGROUP_OF_ITS_OWN | NAMESPACES },
	{ "calls", COUNTED },
	{ "cgroup-no-cpu", CGROUP_OF_ITS_OWN | NO_CPU },
};

static const struct work {
	const char *what;
	long count; /* of MiB, or of accesses */
} works[] = { { "write", 32 }, { "read", 32 }, { "send", 8 }, { "receive", 8 }, { "exit", 2000 } };

static FILE *report;
static char buffer[MIB], words_text[65536], *words[WORDS_MAX];
static unsigned long *calls; /* by number, shared with who counts them */

_Noreturn static void fail(const char *what)
{
	(void)fprintf(report, "bench: %s: %m\n", what);
	(void)fflush(report);
	(void)reboot(RB_POWER_OFF);
	_exit(1);
}

/* A list on the kernel's command line, which the kernel makes PID 1's environment of; without it,
 * all. */
static bool is_wanted(const char *list, const char *name)
{
	const char *at = getenv(list);
	const size_t length = strlen(name);

	if (!at)
		return true;
	for (; at; at = strchr(at, ','), at = at ? at + 1 : NULL)
		if (strncmp(at, name, length) == 0 && (at[length] == ',' || !at[length]))
			return true;
	return false;
}

static void write_text(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		fail(path);
	(void)close(fd);
}

/* --- the host --- */

/* PID 1 moves its root; what it mounts there is seen from there alone. */
static void enter_host(void)
{
	(void)mkdir(PROC, 0755);
	(void)mount("proc", PROC, "proc", 0, NULL);
	for (;;) {
		if (chdir(PROC "/1/root") == 0 && access("run/mvirt/api.sock", F_OK) == 0)
			break;
		(void)usleep(100000);
	}
	if (chroot(".") < 0 || chdir("/") < 0)
		_exit(1);
	report = fopen("/dev/ttyS1", "w");
	if (!report)
		_exit(1);
}

static void mvirt(char *const *arguments)
{
	pid_t pid = fork();
	int status = 0;

	if (pid == 0) {
		(void)dup2(fileno(report), STDOUT_FILENO);
		(void)dup2(fileno(report), STDERR_FILENO);
		(void)execv("/usr/bin/mvirt", arguments);
		_exit(127);
	}
	(void)waitpid(pid, &status, 0);
	if (status != 0)
		fail(arguments[1]);
}

/* A guest in memory: the data volume is none. */
static void make_guest(void)
{
	static char *const create[] = { "mvirt",
					"create",
					"bench",
					"--conf",
					"/bench/bench.conf",
					"--import",
					"/bench/vmlinuz=vmlinuz",
					"--import",
					"/bench/initrd=initramfs.cpio.zst",
					NULL };
	static char *const start[] = { "mvirt", "start", "bench", NULL };

	mvirt(create);
	mvirt(start);
}

static int listen_host(void)
{
	struct sockaddr_in host = { .sin_family = AF_INET, .sin_port = htons(PORT) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), yes = 1;

	(void)inet_pton(AF_INET, HOST, &host.sin_addr);
	(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
	while (bind(fd, (struct sockaddr *)&host, sizeof(host)) < 0)
		(void)usleep(100000);
	if (listen(fd, 4) < 0)
		fail("listen");
	return fd;
}

/* The pid of the only QEMU; its command line in words. */
static pid_t find_qemu(void)
{
	DIR *proc = opendir("/proc");
	char path[300];

	for (struct dirent *entry; (entry = readdir(proc));) {
		ssize_t length = 0;
		size_t count = 0;
		int fd = -1;

		(void)snprintf(path, sizeof(path), "/proc/%s/cmdline", entry->d_name);
		if (atoi(entry->d_name) <= 0 || (fd = open(path, O_RDONLY | O_CLOEXEC)) < 0)
			continue;
		length = read(fd, words_text, sizeof(words_text) - 1);
		(void)close(fd);
		if (length <= 0 || !strstr(words_text, "qemu-system-x86_64"))
			continue;
		words_text[length] = '\0';
		for (char *at = words_text; at < words_text + length; at += strlen(at) + 1)
			words[count++] = at;
		words[count] = NULL;
		(void)closedir(proc);
		return atoi(entry->d_name);
	}
	fail("no QEMU");
}

static int new_tap(void)
{
	struct ifreq tap = { .ifr_name = "byhand0",
			     .ifr_flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR },
		     bridge = {};
	int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK),
	    control = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	DIR *links = opendir("/sys/class/net");
	char path[300];

	for (struct dirent *entry; (entry = readdir(links));) {
		(void)snprintf(path, sizeof(path), "/sys/class/net/%s/bridge", entry->d_name);
		if (access(path, F_OK) == 0)
			(void)snprintf(bridge.ifr_name, sizeof(bridge.ifr_name), "%.15s",
				       entry->d_name);
	}
	(void)closedir(links);
	if (ioctl(fd, TUNSETIFF, &tap) < 0)
		fail("tap");
	tap.ifr_flags = IFF_UP;
	if (ioctl(control, SIOCSIFFLAGS, &tap) < 0 || ioctl(control, SIOCGIFINDEX, &tap) < 0)
		fail("tap up");
	bridge.ifr_ifindex = tap.ifr_ifindex;
	if (ioctl(control, SIOCBRADDIF, &bridge) < 0)
		fail("bridge");
	(void)close(control);
	return fd;
}

static int listening(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	(void)unlink(path);
	(void)snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	if (bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 || listen(fd, 1) < 0)
		fail(path);
	return fd;
}

/* --- QEMU by hand --- */

/* The word with the first "fd=NUMBER" in it replaced. */
static char *with_fd(const char *word, int fd)
{
	const char *at = strstr(word, "fd=");
	char *text = NULL;

	at += strlen("fd=");
	if (asprintf(&text, "%.*s%d%s", (int)(at - word), word, fd, at + strspn(at, "0123456789")) <
	    0)
		fail("memory");
	return text;
}

static char *with_text(const char *word, const char *old, size_t old_length, const char *new)
{
	const char *at = strstr(word, old);
	char *text = NULL;

	if (asprintf(&text, "%.*s%s%s", (int)(at - word), word, new, at + old_length) < 0)
		fail("memory");
	return text;
}

static char *with_vhost(char *word, int fd)
{
	const char *at = strstr(word, "vhostfd=");

	return at ? with_text(word, at, strlen(at), fd < 0 ? "vhost=off" : with_fd("vhostfd=0", fd))
		  : word;
}

/* hostd's command line, with files and fds of our own. */
static char **command(unsigned int parts, int qmp, int serial, int tap, int vhost)
{
	static char *line[WORDS_MAX + 1];
	size_t count = 0;

	for (size_t i = 0; words[i]; i++) {
		char *word = words[i], *set = NULL;

		if ((strcmp(word, "-sandbox") == 0 && !(parts & SANDBOX)) ||
		    strcmp(word, "-add-fd") == 0) {
			i++;
			continue;
		}
		if (strstr(word, "id=qmp,"))
			word = with_fd(word, qmp);
		else if (strstr(word, "id=serial0,"))
			word = with_fd(word, serial);
		else if (strstr(word, "tap,id=net0,"))
			word = with_vhost(with_fd(word, tap), vhost);
		else if (strcmp(word, "/kernel") == 0)
			word = "/bench/vmlinuz";
		else if (strcmp(word, "/initrd") == 0)
			word = "/bench/initrd";
		set = strstr(word, "/dev/fdset/");
		if (set)
			word = with_text(word, set,
					 strlen("/dev/fdset/") +
						 strspn(set + strlen("/dev/fdset/"), "0123456789"),
					 strstr(word, "kvm") ? "/dev/kvm" : "/run/hand.raw");
		line[count++] = word;
	}
	line[count] = NULL;
	return line;
}

static void enter_cgroup(unsigned int parts)
{
	if (parts & SHALLOW) {
		(void)mkdir("/sys/fs/cgroup/shallow", 0755);
		write_text("/sys/fs/cgroup/shallow/cgroup.procs", "0");
		return;
	}
	(void)mkdir(CGROUP, 0755);
	if (parts & NO_CPU) {
		write_text("/sys/fs/cgroup/mvirt/cgroup.subtree_control", "-cpu");
		write_text("/sys/fs/cgroup/cgroup.subtree_control", "-cpu");
	}
	write_text(CGROUP "/memory.max", "402653184");
	write_text(CGROUP "/memory.swap.max", "0");
	write_text(CGROUP "/memory.oom.group", "1");
	write_text(CGROUP "/pids.max", "512");
	write_text(CGROUP "/cgroup.procs", "0");
}

/* exec, with a part of what hostd and its child do before. */
_Noreturn static void become(char **line, unsigned int parts)
{
	static char *const environment[] = { NULL };
	const struct rlimit limit = { GUEST_PROCESS_EXECUTABLE_FD + 1,
				      GUEST_PROCESS_EXECUTABLE_FD + 1 };
	const struct sock_fprog *program = NULL;
	const char *step = NULL;
	int qemu = open("/usr/bin/qemu-system-x86_64", O_PATH | O_CLOEXEC),
	    output = open("/run/hand.log", O_WRONLY | O_CREAT | O_TRUNC, 0600);

	(void)dup2(open("/dev/null", O_RDWR | O_CLOEXEC), STDIN_FILENO);
	(void)dup2(output, STDOUT_FILENO);
	(void)dup2(output, STDERR_FILENO);
	(void)setsid();
	if (setrlimit(RLIMIT_NOFILE, &limit) < 0)
		fail("limit of files");
	if (parts & CGROUP_OF_ITS_OWN)
		enter_cgroup(parts);
	if (parts & GUEST_FILTER && qemu_seccomp_program(&program) < 0)
		fail("filter");
	if (parts & HOSTD_FILTER && privileges_drop(&step) < 0)
		fail(step);
	if (parts & NAMESPACES &&
	    unshare(CLONE_NEWNS | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWNET | CLONE_NEWUSER) < 0)
		fail("namespaces");
	if (parts & GUEST_FILTER && (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
				     dup3(qemu, GUEST_PROCESS_EXECUTABLE_FD, O_CLOEXEC) < 0 ||
				     syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, program) < 0))
		fail("guest's filter");
	(void)syscall(SYS_execveat, parts & GUEST_FILTER ? GUEST_PROCESS_EXECUTABLE_FD : qemu, "",
		      line, environment, AT_EMPTY_PATH);
	fail("exec");
}

/* Counts every thread's calls until QEMU has ended. */
_Noreturn static void trace(char **line, pid_t *ret_qemu)
{
	pid_t child = fork();

	if (child == 0) {
		(void)ptrace(PTRACE_TRACEME, 0, NULL, NULL);
		(void)raise(SIGSTOP);
		become(line, 0);
	}
	(void)waitpid(child, NULL, 0);
	(void)ptrace(PTRACE_SETOPTIONS, child, NULL,
		     PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACECLONE | PTRACE_O_EXITKILL);
	*ret_qemu = child;
	(void)ptrace(PTRACE_SYSCALL, child, NULL, NULL);
	for (;;) {
		struct __ptrace_syscall_info info = {};
		int status = 0, number = 0;
		pid_t pid = waitpid(-1, &status, __WALL);

		if (pid < 0)
			_exit(0);
		if (!WIFSTOPPED(status))
			continue;
		number = WSTOPSIG(status);
		if (number == (SIGTRAP | 0x80)) {
			(void)ptrace(PTRACE_GET_SYSCALL_INFO, pid, sizeof(info), &info);
			if (info.op == PTRACE_SYSCALL_INFO_ENTRY && info.entry.nr < CALLS_MAX)
				calls[info.entry.nr]++;
			if (info.op == PTRACE_SYSCALL_INFO_ENTRY && info.entry.nr == SYS_ioctl &&
			    info.entry.args[1] == KVM_RUN)
				calls[KVM_RUNS]++;
		}
		(void)ptrace(PTRACE_SYSCALL, pid, NULL,
			     number == (SIGTRAP | 0x80) || number == SIGTRAP || number == SIGSTOP
				     ? 0L
				     : (long)number);
	}
}

/* --- the work --- */

static long used_ns(pid_t pid)
{
	struct timespec used = {};
	clockid_t clock = 0;

	if (clock_getcpuclockid(pid, &clock) != 0 || clock_gettime(clock, &used) < 0)
		fail("processor time");
	return used.tv_sec * 1000000000L + used.tv_nsec;
}

static void ask(int fd, const struct work *work)
{
	char answer[100];

	(void)dprintf(fd, "%s %ld\n", work->what, work->count);
	if (strcmp(work->what, "send") == 0)
		for (long left = work->count * MIB; left > 0;) {
			ssize_t got = read(fd, buffer, left < MIB ? (size_t)left : (size_t)MIB);

			if (got <= 0)
				fail("send");
			left -= got;
		}
	if (strcmp(work->what, "receive") == 0) {
		(void)usleep(50000);
		for (long left = work->count * MIB; left > 0;) {
			ssize_t put = write(fd, buffer, left < MIB ? (size_t)left : (size_t)MIB);

			if (put <= 0)
				fail("receive");
			left -= put;
		}
	}
	if (read(fd, answer, sizeof(answer)) < (ssize_t)strlen("done 0\n"))
		fail(work->what);
}

static void print_calls(const char *name, const struct work *work, const unsigned long *before)
{
	for (size_t i = 0; i < CALLS_MAX; i++)
		if (calls[i] > before[i])
			(void)fprintf(report, "bench: %s %s call=%zu calls=%lu\n", name, work->what,
				      i, calls[i] - before[i]);
}

static void measure(const char *name, int listener, pid_t qemu)
{
	char hello[100];
	int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);

	if (fd < 0 || read(fd, hello, sizeof(hello)) <= 0)
		fail("accept");
	for (size_t i = 0; i < sizeof(works) / sizeof(works[0]); i++) {
		if (!is_wanted("bench_works", works[i].what))
			continue;
		ask(fd, &works[i]); /* the first time the disk has no pages yet */
		for (int run = 0; run < RUNS; run++) {
			unsigned long before[CALLS_MAX];
			unsigned long long start = 0;
			long used = 0;

			memcpy(before, calls, sizeof(before));
			used = used_ns(qemu);
			start = __rdtsc();
			ask(fd, &works[i]);
			(void)fprintf(report, "bench: %s %s count=%ld tsc=%llu used=%ld\n", name,
				      works[i].what, works[i].count, __rdtsc() - start,
				      used_ns(qemu) - used);
			(void)fflush(report);
			if (run == 0)
				print_calls(name, &works[i], before);
		}
	}
	(void)close(fd);
}

static void measure_by_hand(const struct variant *variant, int listener)
{
	int qmp = listening("/run/hand-qmp"), serial = listening("/run/hand-serial"),
	    tap = new_tap(), vhost = open("/dev/vhost-net", O_RDWR);
	pid_t *qemu = (pid_t *)(calls + CALLS_MAX), child = 0;
	char **line = command(variant->parts, qmp, serial, tap, vhost);

	*qemu = 0;
	(void)fflush(report);
	child = fork();
	if (child == 0) {
		if (variant->parts & COUNTED)
			trace(line, qemu);
		become(line, variant->parts);
	}
	if (!(variant->parts & COUNTED))
		*qemu = child;
	while (*qemu == 0)
		(void)usleep(10000);
	(void)close(qmp);
	(void)close(serial);
	(void)close(tap);
	(void)close(vhost);
	measure(variant->name, listener, *qemu);
	(void)kill(*qemu, SIGKILL);
	(void)kill(child, SIGKILL);
	(void)waitpid(child, NULL, 0);
	(void)usleep(500000);
}

static void run(void)
{
	int listener = -1, disk = -1;
	pid_t qemu = -1;

	enter_host();
	calls = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	listener = listen_host();
	disk = open("/run/hand.raw", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	(void)ftruncate(disk, 64 * MIB);
	if (getenv("bench_no_vhost"))
		(void)unlink("/dev/vhost-net");
	make_guest();
	(void)poll(&(struct pollfd){ .fd = listener, .events = POLLIN }, 1, -1);
	qemu = find_qemu();
	measure("hostd", listener, qemu);
	(void)kill(qemu, SIGKILL);
	(void)usleep(1000000);
	for (size_t i = 0; i < sizeof(variants) / sizeof(variants[0]); i++)
		if (is_wanted("bench_parts", variants[i].name))
			measure_by_hand(&variants[i], listener);
	(void)fprintf(report, "bench: end\n");
	(void)fflush(report);
	(void)usleep(100000);
	(void)reboot(RB_POWER_OFF);
	_exit(0);
}

int main(int, char **argv)
{
	static char *const environment[] = { NULL };

	if (fork() == 0)
		run();
	(void)execve("/init", argv, environment);
	return 1;
}
