// SPDX-License-Identifier: GPL-2.0-or-later
// What stands in for QEMU in test-guest-confine.c: tells on fd 3 what it sees and may do, a fact a
// line, then waits until fd 4 ends. Compiled static by the test, since its root is empty.
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/if_tun.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#define REPORT_FD 3
#define CONTROL_FD 4
#define TAP_FD 30

/* "mount: EPERM", or "mount: ok". */
static void tell(const char *what, long result)
{
	dprintf(REPORT_FD, "%s: %s\n", what, result < 0 ? strerrorname_np(errno) : "ok");
}

static void tell_identity(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct caps[2];
	uid_t u[3];
	gid_t g[3];
	int bounding = 0, ambient = 0;

	getresuid(&u[0], &u[1], &u[2]);
	getresgid(&g[0], &g[1], &g[2]);
	dprintf(REPORT_FD, "uid: %u %u %u\ngid: %u %u %u\ngroups: %d\n", u[0], u[1], u[2], g[0],
		g[1], g[2], getgroups(0, NULL));
	memset(caps, 0xff, sizeof(caps));
	syscall(SYS_capget, &header, caps);
	dprintf(REPORT_FD, "capabilities: %x\n",
		caps[0].effective | caps[0].permitted | caps[0].inheritable | caps[1].effective |
			caps[1].permitted | caps[1].inheritable);
	for (int i = 0; i < 64; i++) {
		bounding += prctl(PR_CAPBSET_READ, i, 0, 0, 0) == 1;
		ambient += prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, i, 0, 0) == 1;
	}
	dprintf(REPORT_FD, "bounding: %d\nambient: %d\nno-new-privs: %d\n", bounding, ambient,
		prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0));
	dprintf(REPORT_FD, "pdeathsig: %d\n", ({
			int number = -1;
			prctl(PR_GET_PDEATHSIG, &number);
			number;
		}));
}

static void tell_process(int argc, char **argv, char **environment)
{
	struct utsname names;
	struct sigaction action;
	sigset_t blocked;
	int variables = 0, handled = 0, blocked_count = 0;

	while (environment[variables])
		variables++;
	sigprocmask(SIG_SETMASK, NULL, &blocked);
	for (int i = 1; i < NSIG; i++) {
		blocked_count += sigismember(&blocked, i) == 1;
		if (sigaction(i, NULL, &action) == 0 && action.sa_handler != SIG_DFL)
			handled++;
	}
	uname(&names);
	dprintf(REPORT_FD, "argv: %d %s %s\nenvironment: %d\npid: %d %d %d %d\n", argc, argv[0],
		argv[argc - 1], variables, getpid(), getppid(), getsid(0), getpgid(0));
	dprintf(REPORT_FD, "signals: %d %d\nhostname: %s\n", handled, blocked_count,
		names.nodename);
}

static void tell_limits(void)
{
	static const struct {
		const char *name;
		int resource;
	} limits[] = { { "core", RLIMIT_CORE },
		       { "nofile", RLIMIT_NOFILE },
		       { "memlock", RLIMIT_MEMLOCK },
		       { "nproc", RLIMIT_NPROC } };
	struct rlimit limit;

	for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
		getrlimit(limits[i].resource, &limit);
		dprintf(REPORT_FD, "limit %s: %lu %lu\n", limits[i].name, limit.rlim_cur,
			limit.rlim_max);
	}
}

static void tell_fds(void)
{
	for (int fd = 0; fd < 65536; fd++) {
		char text[16] = "";
		struct stat status;
		int flags = fcntl(fd, F_GETFL);

		if (flags < 0)
			continue;
		fstat(fd, &status);
		if (S_ISREG(status.st_mode))
			(void)!pread(fd, text, sizeof(text) - 1, 0);
		dprintf(REPORT_FD, "fd %d: %s%s%s %s\n", fd,
			S_ISCHR(status.st_mode)    ? "character"
			: S_ISFIFO(status.st_mode) ? "pipe"
			: S_ISREG(status.st_mode)  ? "file"
			: S_ISDIR(status.st_mode)  ? "folder"
						   : "other",
			flags & O_APPEND ? " append" : "",
			(flags & O_ACCMODE) == O_RDONLY ? " read-only" : "", text);
	}
}

static void tell_tree(const char *path)
{
	DIR *dir = opendir(*path ? path : "/");
	struct dirent *entry = NULL;
	char child[512];

	if (!dir) {
		dprintf(REPORT_FD, "tree %s: %s\n", path, strerrorname_np(errno));
		return;
	}
	while ((entry = readdir(dir))) {
		struct stat status;

		if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
			continue;
		snprintf(child, sizeof(child), "%s/%s", path, entry->d_name);
		if (lstat(child, &status) < 0)
			continue;
		dprintf(REPORT_FD, "tree %s: %o\n", child, status.st_mode);
		if (S_ISDIR(status.st_mode))
			tell_tree(child);
	}
	closedir(dir);
}

static void tell_writing(void)
{
	static char block[4096];
	int fd = -1;
	long written = 0;

	tell("create /x", open("/x", O_WRONLY | O_CREAT, 0600));
	tell("create in firmware", open("/firmware/x", O_WRONLY | O_CREAT, 0600));
	tell("write /kernel", open("/kernel", O_WRONLY));
	tell("write /initrd", open("/initrd", O_WRONLY));
	tell("read /kernel", open("/kernel", O_RDONLY));
	tell("unlink /kernel", unlink("/kernel"));
	tell("chmod /kernel", chmod("/kernel", 0777));
	tell("mkdir /tmp/a", mkdir("/tmp/a", 0700));
	fd = open("/tmp/file", O_WRONLY | O_CREAT, 0700);
	tell("create /tmp/file", fd);
	tell("lease", fcntl(fd, F_SETLEASE, F_WRLCK));
	(void)fcntl(fd, F_SETLEASE, F_UNLCK);
	tell("lock", fcntl(fd, F_OFD_SETLK, &(struct flock){ .l_type = F_WRLCK }));
	while (written < (16 << 20) && write(fd, block, sizeof(block)) > 0)
		written += sizeof(block);
	dprintf(REPORT_FD, "tmp bytes: %s\n", written <= (1 << 20) ? "bounded" : "unbounded");
	tell("execute /tmp/file", execl("/tmp/file", "x", NULL));
	/* The log, which is file system of its own. */
	for (written = 0; written < (16 << 20) && write(2, block, sizeof(block)) > 0;)
		written += sizeof(block);
	dprintf(REPORT_FD, "log bytes: %s\n", written <= (64 << 10) ? "bounded" : "unbounded");
}

/* The way out that is left where nothing can be written to a file system that allows it. */
static void tell_execution(void)
{
	static char name[] = "x";
	static char *const argv[] = { name, NULL }, *const environment[] = { NULL };
	int fd = memfd_create("x", 0);
	pid_t pid = 0;

	(void)!write(fd, "#!/x\n", 5);
	tell("execute memfd", execveat(fd, "", argv, environment, AT_EMPTY_PATH));
	pid = fork();
	if (pid == 0)
		_exit(0);
	tell("fork", pid);
}

static void *run_thread(void *argument)
{
	*(int *)argument = 1;
	return NULL;
}

static void tell_thread(void)
{
	pthread_t thread;
	int ran = 0;

	errno = pthread_create(&thread, NULL, run_thread, &ran);
	if (errno == 0)
		errno = pthread_join(thread, NULL);
	tell("thread", errno == 0 && ran ? 0 : -1);
}

static void tell_privileges(void)
{
	struct if_nameindex *interfaces = if_nameindex();

	tell("mount", mount("x", "/tmp", "tmpfs", 0, NULL));
	tell("umount", umount2("/kernel", MNT_DETACH));
	tell("remount", mount(NULL, "/", NULL, MS_REMOUNT | MS_BIND, NULL));
	tell("chroot", chroot("/tmp"));
	tell("setuid", setresuid(0, 0, 0));
	tell("setgroups", setgroups(0, NULL));
	tell("sethostname", sethostname("x", 1));
	tell("packet socket", socket(AF_PACKET, SOCK_RAW, 0));
	tell("raw socket", socket(AF_INET, SOCK_RAW, 1));
	tell("mknod", mknod("/tmp/null", S_IFCHR | 0666, 1 << 8 | 3));
	tell("setns", unshare(CLONE_NEWNS));
	tell("kill 2", kill(2, SIGKILL));
	tell("open /proc", open("/proc/self/exe", O_RDONLY));
	tell("open /dev/null", open("/dev/null", O_RDWR));
	tell("open ../", open("../../../etc/passwd", O_RDONLY));
	tell("user namespace", unshare(CLONE_NEWUSER));
	tell("packet netlink", socket(AF_NETLINK, SOCK_RAW, 0));
	tell("crypto socket", socket(AF_ALG, SOCK_SEQPACKET, 0));
	tell("unix socket", socket(AF_UNIX, SOCK_STREAM, 0));
	tell("keyring", syscall(SYS_add_key, "user", "x", "x", 1, -3));
	tell("io ring", syscall(SYS_io_uring_setup, 1, NULL));
	tell("trace", ptrace(PTRACE_SEIZE, 2, NULL, NULL));
	tell("own name", prctl(PR_SET_NAME, "probe", 0, 0, 0));
	tell("dumpable", prctl(PR_SET_DUMPABLE, 1, 0, 0, 0));
	tell("raise nofile", dup2(0, 4096));
	tell("reboot", syscall(SYS_reboot, 0xfee1dead, 0x28121969, 0, NULL));
	for (int i = 0; interfaces && interfaces[i].if_index; i++)
		dprintf(REPORT_FD, "interface: %s\n", interfaces[i].if_name);
}

/* What its owner can do with a tap without any capability; the upper half of a command is nothing
 * to the kernel. */
static void tell_tap(void)
{
	struct ifreq request = { .ifr_hwaddr = { 1, { 0x02, 0, 0, 0, 0, 0x99 } } };
	int off = 0;

	if (fcntl(TAP_FD, F_GETFL) < 0)
		return;
	tell("tap is a tap", ioctl(TAP_FD, TUNGETIFF, &request));
	request.ifr_hwaddr = (struct sockaddr){ 1, { 0x02, 0, 0, 0, 0, 0x99 } };
	tell("tap offload", ioctl(TAP_FD, TUNSETOFFLOAD, 0));
	tell("tap MAC", ioctl(TAP_FD, SIOCSIFHWADDR, &request));
	tell("tap MAC by 64 bits",
	     syscall(SYS_ioctl, TAP_FD, UINT64_C(1) << 32 | SIOCSIFHWADDR, &request));
	tell("tap owner", ioctl(TAP_FD, TUNSETOWNER, 0));
	tell("tap carrier", ioctl(TAP_FD, TUNSETCARRIER, &off));
	tell("tap persists", ioctl(TAP_FD, TUNSETPERSIST, 1));
	(void)ioctl(TAP_FD, TUNSETPERSIST, 0);
}

int main(int argc, char **argv, char **environment)
{
	char byte = 0;

	tell_identity();
	tell_process(argc, argv, environment);
	tell_limits();
	tell_fds();
	tell_tree("");
	tell_privileges();
	tell_execution();
	tell_thread();
	tell_writing();
	tell_tap();
	dprintf(REPORT_FD, "end\n");
	while (read(CONTROL_FD, &byte, 1) > 0)
		if (byte == 'a')
			abort();
	return 42;
}
