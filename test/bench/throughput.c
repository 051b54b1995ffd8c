// SPDX-License-Identifier: GPL-2.0-or-later
// PID 1 of the guest whose disk and network are timed. On the kernel's command line:
// bench.address=IP bench.name=NAME. It calls the host (PORT of the bridge's address), says NAME,
// and does what it is told, a line each: "write MIB", "read MIB" (the disk), "send MIB", "receive
// MIB", "exit COUNT" (accesses to a register that QEMU emulates); it answers "done NANOSECONDS".
#include <arpa/inet.h>
#include <fcntl.h>
#include <net/if.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define HOST "192.0.2.1"
#define PORT 7000
#define MIB 1048576L

static char buffer[MIB] __attribute__((aligned(4096)));

static long now_ns(void)
{
	struct timespec now = {};

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000L + now.tv_nsec;
}

_Noreturn static void fail(const char *what)
{
	(void)printf("bench: %s failed\n", what);
	for (;;)
		(void)pause();
}

/* The word behind name on the kernel's command line. */
static void word_of(const char *line, const char *name, char *word, size_t size)
{
	const char *found = strstr(line, name);

	if (!found)
		fail(name);
	found += strlen(name);
	(void)snprintf(word, size, "%.*s", (int)strcspn(found, " \n"), found);
}

static void set_address(const char *address)
{
	struct ifreq request = { .ifr_name = "eth0" };
	struct sockaddr_in *in = (struct sockaddr_in *)&request.ifr_addr;
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	in->sin_family = AF_INET;
	(void)inet_pton(AF_INET, address, &in->sin_addr);
	if (ioctl(fd, SIOCSIFADDR, &request) < 0)
		fail("address");
	(void)inet_pton(AF_INET, "255.255.255.0", &in->sin_addr);
	(void)ioctl(fd, SIOCSIFNETMASK, &request);
	request.ifr_flags = IFF_UP | IFF_RUNNING;
	if (ioctl(fd, SIOCSIFFLAGS, &request) < 0)
		fail("link");
	(void)close(fd);
}

static int call_host(void)
{
	struct sockaddr_in host = { .sin_family = AF_INET, .sin_port = htons(PORT) };

	(void)inet_pton(AF_INET, HOST, &host.sin_addr);
	for (;;) {
		int fd = socket(AF_INET, SOCK_STREAM, 0);

		if (connect(fd, (struct sockaddr *)&host, sizeof(host)) == 0)
			return fd;
		(void)close(fd);
		(void)usleep(100000);
	}
}

/* From the start of the disk, past the guest's own cache. */
static void use_disk(long mib, int is_writing)
{
	int fd = open("/dev/vda", (is_writing ? O_WRONLY : O_RDONLY) | O_DIRECT);

	for (long done = 0; done < mib; done++)
		if ((is_writing ? write(fd, buffer, MIB) : read(fd, buffer, MIB)) != MIB)
			fail("disk");
	(void)close(fd);
}

static void move(int fd, long mib, int is_sending)
{
	for (long left = mib * MIB; left > 0;) {
		size_t size = left < MIB ? (size_t)left : (size_t)MIB;
		ssize_t done = is_sending ? write(fd, buffer, size) : read(fd, buffer, size);

		if (done <= 0)
			fail("network");
		left -= done;
	}
}

/* The number of a PCI device: its port is none of the kernel's. */
static void leave_guest(long count)
{
	int fd = open("/sys/bus/pci/devices/0000:00:00.0/config", O_RDONLY);

	for (long done = 0; done < count; done++)
		if (pread(fd, buffer, 4, 0) != 4)
			fail("exit");
	(void)close(fd);
}

int main(void)
{
	char line[2048] = "", address[64], name[64], what[16];
	int fd = -1;
	long mib = 0;

	(void)mkdir("/proc", 0755);
	(void)mount("proc", "/proc", "proc", 0, NULL);
	(void)mkdir("/sys", 0755);
	(void)mount("sysfs", "/sys", "sysfs", 0, NULL);
	(void)mount("devtmpfs", "/dev", "devtmpfs", 0, NULL);
	fd = open("/proc/cmdline", O_RDONLY);
	(void)!read(fd, line, sizeof(line) - 1);
	word_of(line, "bench.address=", address, sizeof(address));
	word_of(line, "bench.name=", name, sizeof(name));
	set_address(address);
	fd = call_host();
	(void)dprintf(fd, "%s\n", name);
	for (;;) {
		long begun = 0;
		ssize_t length = read(fd, line, sizeof(line) - 1);

		if (length <= 0)
			fail("host");
		line[length] = '\0';
		if (sscanf(line, "%15s %ld", what, &mib) != 2)
			fail(line);
		begun = now_ns();
		if (strcmp(what, "write") == 0 || strcmp(what, "read") == 0)
			use_disk(mib, *what == 'w');
		else if (strcmp(what, "exit") == 0)
			leave_guest(mib);
		else
			move(fd, mib, strcmp(what, "send") == 0);
		(void)dprintf(fd, "done %ld\n", now_ns() - begun);
	}
}
