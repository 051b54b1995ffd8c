// SPDX-License-Identifier: GPL-2.0-or-later
// Runs on the host as root for test_confinement.py, which compiles it static and puts it on the
// stick: says what a guest's QEMU has open, and tries what a QEMU that was taken over would try.
//
//	probe fds PID			its fds: number, access, link
//	probe as UID PID NAME		as another guest's uid, on the host: everything against PID
//	probe inside PID OTHER NAME	from inside PID's namespaces, root and cgroup, against OTHER
//	probe qmp SOCKET		a conversation on QMP, a line a command
//	probe greeting SOCKET		the first line that a server says
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

/* "signal: EPERM", or "signal: ok". */
static void tell(const char *what, long result)
{
	printf("%s: %s\n", what, result < 0 ? strerrorname_np(errno) : "ok");
	fflush(stdout);
}

static long open_at(const char *format, const char *name, int flags)
{
	char path[256];

	snprintf(path, sizeof(path), format, name);
	return open(path, flags | O_CLOEXEC, 0600);
}

static int connect_to(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	return fd < 0 || connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0 ? -1
											     : fd;
}

static int connect_guest(const char *name, const char *file)
{
	char path[108];

	snprintf(path, sizeof(path), "/run/mvirt/guests/%s/%s", name, file);
	return connect_to(path);
}

static int tell_fds(const char *pid)
{
	char path[64], link[256], line[64];
	struct dirent *entry = NULL;
	DIR *dir = NULL;

	snprintf(path, sizeof(path), "/proc/%s/fd", pid);
	dir = opendir(path);
	if (!dir)
		return 1;
	while ((entry = readdir(dir))) {
		FILE *info = NULL;
		unsigned int flags = 0;
		ssize_t length = readlinkat(dirfd(dir), entry->d_name, link, sizeof(link) - 1);

		if (length < 0)
			continue;
		link[length] = '\0';
		snprintf(path, sizeof(path), "/proc/%s/fdinfo/%.16s", pid, entry->d_name);
		info = fopen(path, "re");
		while (info && fgets(line, sizeof(line), info))
			if (sscanf(line, "flags: %o", &flags) == 1)
				break;
		if (info)
			fclose(info);
		printf("%s %s %s\n", entry->d_name,
		       (flags & O_ACCMODE) == O_RDONLY   ? "r"
		       : (flags & O_ACCMODE) == O_WRONLY ? "w"
							 : "rw",
		       link);
	}
	closedir(dir);
	return 0;
}

static void become(unsigned int uid)
{
	if (setgroups(0, NULL) < 0 || setresgid(uid, uid, uid) < 0 ||
	    setresuid(uid, uid, uid) < 0 || prctl(PR_SET_DUMPABLE, 1, 0, 0, 0) < 0) {
		perror("becoming a guest's uid");
		exit(1);
	}
}

/* What needs no path. */
static void attack_process(pid_t pid)
{
	char byte = 0;
	struct iovec here = { &byte, 1 }, there = { (void *)0x400000, 1 };
	int pidfd = -1;

	tell("signal", kill(pid, SIGCONT));
	tell("queue signal", sigqueue(pid, SIGCONT, (union sigval){}));
	tell("trace", ptrace(PTRACE_SEIZE, pid, NULL, NULL));
	tell("read memory", process_vm_readv(pid, &here, 1, &there, 1, 0));
	tell("write memory", process_vm_writev(pid, &here, 1, &there, 1, 0));
	tell("limits", prlimit(pid, RLIMIT_NOFILE, NULL, &(struct rlimit){}));
	pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	tell("take fd", syscall(SYS_pidfd_getfd, pidfd, 3, 0));
	tell("enter namespaces", setns(pidfd, CLONE_NEWNS | CLONE_NEWPID));
	tell("enter network", setns(pidfd, CLONE_NEWNET));
}

static int attack_as(unsigned int uid, const char *pid, const char *name)
{
	become(uid);
	attack_process(atoi(pid));
	tell("/proc/mem", open_at("/proc/%s/mem", pid, O_RDONLY));
	tell("/proc/maps", open_at("/proc/%s/maps", pid, O_RDONLY));
	tell("/proc/environ", open_at("/proc/%s/environ", pid, O_RDONLY));
	tell("/proc/fd", open_at("/proc/%s/fd", pid, O_RDONLY | O_DIRECTORY));
	tell("/proc/root", open_at("/proc/%s/root", pid, O_RDONLY | O_DIRECTORY));
	tell("/proc/oom_score_adj", open_at("/proc/%s/oom_score_adj", pid, O_WRONLY));
	tell("folder", open_at("/run/mvirt/guests/%s", name, O_RDONLY | O_DIRECTORY));
	tell("record", open_at("/run/mvirt/guests/%s/record.json", name, O_RDONLY));
	tell("QMP", connect_guest(name, "qmp.sock"));
	tell("serial", connect_guest(name, "serial.sock"));
	tell("API", connect_to("/run/mvirt/api.sock"));
	tell("cgroup", open_at("/sys/fs/cgroup/mvirt/%s/cgroup.procs", name, O_WRONLY));
	tell("memory limit", open_at("/sys/fs/cgroup/mvirt/%s/memory.max", name, O_WRONLY));
	tell("KVM", open_at("%s", "/dev/kvm", O_RDWR));
	tell("tap", open_at("%s", "/dev/net/tun", O_RDWR));
	tell("log", open_at("%s", "/dev/kmsg", O_RDONLY));
	return 0;
}

static void enter(const char *pid, const char *name, int kind)
{
	char path[64];
	int fd = -1;

	snprintf(path, sizeof(path), "/proc/%s/ns/%s", pid, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || setns(fd, kind) < 0) {
		perror(path);
		exit(1);
	}
	close(fd);
}

/* kill(2) takes a thread for its process: those of QEMU are not told. */
static void tell_processes(void)
{
	for (pid_t pid = 1; pid < 32768; pid++) {
		if (pid == getpid() || (kill(pid, 0) < 0 && errno != EPERM))
			continue;
		if (pid == 1 || (syscall(SYS_tgkill, 1, pid, 0) < 0 && errno == ESRCH))
			printf("process: %d\n", pid);
	}
}

/* All but its seccomp filter, which cannot be taken on from outside: the rest has to hold alone. */
static int attack_inside(const char *pid, const char *other, const char *name)
{
	char path[64];
	unsigned int uid = 0;
	struct stat status;
	pid_t child = 0;
	int user_fd = -1;

	snprintf(path, sizeof(path), "/proc/%s/ns/user", pid);
	user_fd = open(path, O_RDONLY | O_CLOEXEC);
	snprintf(path, sizeof(path), "/proc/%s", pid);
	if (stat(path, &status) < 0)
		return 1;
	uid = status.st_uid;
	enter(pid, "pid", CLONE_NEWPID);
	enter(pid, "net", CLONE_NEWNET);
	enter(pid, "ipc", CLONE_NEWIPC);
	enter(pid, "uts", CLONE_NEWUTS);
	enter(pid, "mnt", CLONE_NEWNS); /* its root comes with it */
	child = fork();
	if (child > 0)
		return waitpid(child, NULL, 0) < 0;
	become(uid);
	tell_processes();
	attack_process(atoi(other));
	tell("/proc", open_at("%s", "/proc", O_RDONLY));
	tell("/dev/kvm", open_at("%s", "/dev/kvm", O_RDONLY));
	tell("/sys", open_at("%s", "/sys", O_RDONLY));
	tell("/etc/passwd", open_at("%s", "/etc/passwd", O_RDONLY));
	tell("/data", open_at("%s", "/data", O_RDONLY));
	tell("up", open_at("%s", "../../../../run/mvirt", O_RDONLY));
	tell("QMP", connect_guest(name, "qmp.sock"));
	tell("API", connect_to("/run/mvirt/api.sock"));
	tell("create", open_at("%s", "/x", O_WRONLY | O_CREAT));
	tell("firmware", open_at("/usr/share/qemu/%s", "bios-256k.bin", O_WRONLY));
	tell("remount", mount(NULL, "/", NULL, MS_REMOUNT | MS_BIND, NULL));
	tell("mount", mount("x", "/tmp", "tmpfs", 0, NULL));
	tell("device", mknod("/tmp/sda", S_IFBLK | 0600, 8 << 8));
	tell("packet socket", socket(AF_PACKET, SOCK_RAW, 0));
	/* its own, which is its uid's, and another in it */
	tell("its user namespace", setns(user_fd, CLONE_NEWUSER));
	tell("user namespace", unshare(CLONE_NEWUSER));
	return 0;
}

/* Events come in between: only lines with "return" or "error" are replies. */
static int converse(const char *path)
{
	static char text[65536], command[4096];
	int fd = connect_to(path);
	FILE *in = fd < 0 ? NULL : fdopen(fd, "r");

	alarm(20);
	if (!in || !fgets(text, sizeof(text), in)) {
		perror(path);
		return 1;
	}
	while (fgets(command, sizeof(command), stdin)) {
		dprintf(fd, "%s", command);
		do
			if (!fgets(text, sizeof(text), in))
				return 1;
		while (strncmp(text, "{\"return\"", 9) != 0 && strncmp(text, "{\"error\"", 8) != 0);
		fputs(text, stdout);
	}
	return 0;
}

static int greet(const char *path)
{
	char text[256];
	int fd = connect_to(path);
	FILE *in = fd < 0 ? NULL : fdopen(fd, "r");

	alarm(20);
	if (!in || !fgets(text, sizeof(text), in)) {
		perror(path);
		return 1;
	}
	fputs(text, stdout);
	return 0;
}

int main(int argc, char **argv)
{
	if (argc == 3 && !strcmp(argv[1], "fds"))
		return tell_fds(argv[2]);
	if (argc == 5 && !strcmp(argv[1], "as"))
		return attack_as((unsigned int)atoi(argv[2]), argv[3], argv[4]);
	if (argc == 5 && !strcmp(argv[1], "inside"))
		return attack_inside(argv[2], argv[3], argv[4]);
	if (argc == 3 && !strcmp(argv[1], "qmp"))
		return converse(argv[2]);
	if (argc == 3 && !strcmp(argv[1], "greeting"))
		return greet(argv[2]);
	fprintf(stderr, "probe: what?\n");
	return 2;
}
