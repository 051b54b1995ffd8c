// SPDX-License-Identifier: GPL-2.0-or-later
// PID 1 of the benchmarks' guest, and of a kernel that is timed: says that userspace has begun,
// with the time-stamp counter, and sleeps. "bench.end" on the kernel's command line: powers off
// instead.
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <unistd.h>
#include <x86intrin.h>

int main(void)
{
	unsigned long long tsc = __rdtsc();
	char line[2048] = "";
	int fd = open("/dev/console", O_RDWR | O_NOCTTY);

	(void)dprintf(fd, "bench: userspace tsc=%llu\n", tsc);
	(void)mkdir("/proc", 0755);
	if (mount("proc", "/proc", "proc", 0, NULL) == 0) {
		int cmdline = open("/proc/cmdline", O_RDONLY);

		(void)!read(cmdline, line, sizeof(line) - 1);
	}
	if (strstr(line, "bench.end"))
		(void)reboot(RB_POWER_OFF);
	for (;;)
		(void)pause();
}
