// SPDX-License-Identifier: GPL-2.0-or-later
// PID 1 of the row "QEMU exec to QMP greeting": runs each QEMU several times and prints how far the
// time-stamp counter went between fork and the first byte of the greeting. Then powers off.
// bench.runs=N on the kernel's command line: how often; the first run of each is printed as any
// other.
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <x86intrin.h>

struct program {
	const char *name, *path;
};

static const struct program programs[] = {
	{ "ours", "/ours/qemu-system-x86_64" },
	{ "peer", "/usr/bin/qemu-system-x86_64" },
};

struct machine {
	const char *name, *options;
};

static const struct machine machines[] = {
	{ "microvm", "microvm,acpi=on,pic=off,pit=off,rtc=off" },
	{ "q35", "q35" },
};

static void become(const char *path, const char *machine, int output)
{
	(void)dup2(output, 1);
	(void)execl(path, path, "-nodefaults", "-no-user-config", "-display", "none", "-machine",
		    machine, "-accel", "kvm", "-cpu", "host", "-m", "128", "-S", "-L",
		    "/usr/share/qemu", "-chardev", "stdio,id=qmp,signal=off", "-mon",
		    "chardev=qmp,mode=control", NULL);
	_exit(127);
}

/* Returns the difference of the counter, or 0 when there was no greeting. */
static unsigned long long time_one(const char *path, const char *machine)
{
	unsigned long long start = 0, end = 0;
	char greeting[64] = "";
	int pipe_fds[2] = { -1, -1 };
	pid_t pid = -1;

	if (pipe(pipe_fds) < 0)
		return 0;
	start = __rdtsc();
	pid = fork();
	if (pid == 0)
		become(path, machine, pipe_fds[1]);
	(void)close(pipe_fds[1]);
	if (read(pipe_fds[0], greeting, sizeof(greeting) - 1) > 0)
		end = __rdtsc();
	(void)kill(pid, SIGKILL);
	(void)waitpid(pid, NULL, 0);
	(void)close(pipe_fds[0]);
	return strncmp(greeting, "{\"QMP\"", 6) == 0 ? end - start : 0;
}

int main(void)
{
	char line[2048] = "";
	const char *wanted = NULL;
	int fd = -1, runs = 7;

	(void)mkdir("/proc", 0755);
	(void)mount("proc", "/proc", "proc", 0, NULL);
	(void)mount("devtmpfs", "/dev", "devtmpfs", 0, NULL);
	(void)mount("tmpfs", "/tmp", "tmpfs", 0, NULL);
	fd = open("/proc/cmdline", O_RDONLY);
	(void)!read(fd, line, sizeof(line) - 1);
	wanted = strstr(line, "bench.runs=");
	if (wanted)
		runs = atoi(wanted + strlen("bench.runs="));
	if (system("modprobe kvm-amd") != 0)
		(void)printf("bench: no KVM\n");
	for (size_t m = 0; m < sizeof(machines) / sizeof(machines[0]); m++)
		for (int i = 0; i < 2 * runs; i++) {
			/* ABBA */
			const struct program *program = &programs[i % 4 == 1 || i % 4 == 2];

			(void)printf("bench: greeting %s %s tsc=%llu\n", machines[m].name,
				     program->name, time_one(program->path, machines[m].options));
			(void)fflush(stdout);
		}
	(void)reboot(RB_POWER_OFF);
	return 1;
}
