// SPDX-License-Identifier: GPL-2.0-or-later
// The DHCP client as it is on a host: busybox's udhcpc, confined, gets a lease, renews it and hands
// it over, and is looked at from outside. Needs root, and says so where it is not.
// needs: obj/bin/busybox
#include "net-fixture.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <linux/capability.h>
#include <linux/if_packet.h>
#include <linux/seccomp.h>
#include <net/ethernet.h>
#include <net/if_arp.h>
#include <netinet/in.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>

#include "base/file.h"
#include "machine/privileges.h"
#include "net/address/net-dhcp-seccomp.h"
#include "process/uids.h"

#define SERVER "\xc0\x00\x02\x01" /* 192.0.2.1 */
#define CLIENT "\xc0\x00\x02\x07"
#define DNS "\xc0\x00\x02\x02"
#define OTHER_DNS "\xc0\x00\x02\x09"
#define SERVER_MAC "\x02\x00\x00\x00\x00\x01"
#define AT_IP 14
#define AT_UDP 34
#define AT_DHCP 42
#define AT_CHADDR (AT_DHCP + 28)
#define AT_OPTIONS (AT_DHCP + 240)
#define CAPABILITIES (UINT64_C(1) << CAP_NET_RAW | UINT64_C(1) << CAP_NET_BIND_SERVICE)

static const char *impossible; /* why, or NULL */
static char *busybox;
/* What it was asked: so many times to everybody, and to its address alone. */
static unsigned int broadcasts, unicasts;
static const char *dns = DNS;

static const char *find_impossible(void)
{
	_cleanup_free_ char *map = NULL;
	unsigned int first = 0, outside = 0, count = 0;

	if (getuid() != 0)
		return "it needs root";
	if (file_read(AT_FDCWD, "/proc/self/uid_map", 4096, &map, NULL) < 0 ||
	    sscanf(map, "%u %u %u", &first, &outside, &count) != 3 || count <= PROCESS_UID_DHCP)
		return "the uid of the client does not exist in this user namespace";
	if (access(busybox, X_OK) < 0)
		return "there is no busybox: MVIRT_TEST_BUSYBOX names it";
	return NULL;
}

#define SKIP_UNLESS_POSSIBLE(f)                                       \
	do {                                                          \
		SKIP_WHERE_IMPOSSIBLE(f);                             \
		if (impossible) {                                     \
			print_message("# skipped: %s\n", impossible); \
			skip();                                       \
		}                                                     \
	} while (0)

static int setup(void **state)
{
	struct fixture *f = NULL;

	fixture_setup(state);
	f = *state;
	fixture_real_client = true;
	broadcasts = unicasts = 0;
	dns = DNS;
	free((void *)(uintptr_t)f->paths.dhcp_client);
	f->paths.dhcp_client = strdup(busybox);
	return 0;
}

/* --- a server at the other end of the cable, which has an address in its frames only --- */

static int open_server(struct fixture *f)
{
	struct sockaddr_ll address = {
		.sll_family = AF_PACKET,
		.sll_protocol = htons(ETH_P_ALL),
		.sll_ifindex = fixture_ifindex(f, "cable-eth0"),
	};
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, htons(ETH_P_ALL));

	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
	return fd;
}

static void put_checksum(uint8_t *header)
{
	uint32_t sum = 0;

	for (size_t i = 0; i < 20; i += 2)
		sum += (uint32_t)header[i] << 8 | header[i + 1];
	sum = (sum & 0xffff) + (sum >> 16);
	sum = ~(sum + (sum >> 16));
	header[10] = (uint8_t)(sum >> 8);
	header[11] = (uint8_t)sum;
}

/* type: OFFER or ACK. */
static void answer_dhcp(int fd, const uint8_t *question, uint8_t type, bool to_all)
{
	const uint8_t options[] = { 53,
				    1,
				    type,
				    54,
				    4,
				    192,
				    0,
				    2,
				    1,
				    51,
				    4,
				    0,
				    0,
				    2,
				    0x58,
				    1,
				    4,
				    255,
				    255,
				    255,
				    0,
				    3,
				    4,
				    192,
				    0,
				    2,
				    1,
				    6,
				    4,
				    (uint8_t)dns[0],
				    (uint8_t)dns[1],
				    (uint8_t)dns[2],
				    (uint8_t)dns[3],
				    255 };
	uint8_t frame[AT_OPTIONS + 64] = {};
	const uint16_t length = sizeof(frame) - AT_IP;

	memcpy(frame, to_all ? "\xff\xff\xff\xff\xff\xff" : (const char *)question + 6, 6);
	memcpy(frame + 6, SERVER_MAC "\x08\x00", 8);
	memcpy(frame + AT_IP, "\x45\x00\x00\x00\x00\x00\x00\x00\x40\x11", 10);
	frame[AT_IP + 2] = (uint8_t)(length >> 8);
	frame[AT_IP + 3] = (uint8_t)length;
	memcpy(frame + AT_IP + 12, SERVER, 4);
	memcpy(frame + AT_IP + 16, to_all ? "\xff\xff\xff\xff" : CLIENT, 4);
	put_checksum(frame + AT_IP);
	frame[AT_UDP + 1] = 67;
	frame[AT_UDP + 3] = 68;
	frame[AT_UDP + 4] = (uint8_t)((length - 20) >> 8);
	frame[AT_UDP + 5] = (uint8_t)(length - 20);
	memcpy(frame + AT_DHCP, question + AT_DHCP, 28 + 16);
	frame[AT_DHCP] = 2;
	memset(frame + AT_DHCP + 12, 0, 16);
	memcpy(frame + AT_DHCP + 16, CLIENT, 4);
	memcpy(frame + AT_OPTIONS - 4, "\x63\x82\x53\x63", 4);
	memcpy(frame + AT_OPTIONS, options, sizeof(options));
	assert_int_equal(send(fd, frame, sizeof(frame), 0), sizeof(frame));
}

static void answer_arp(int fd, const uint8_t *question)
{
	uint8_t frame[42] = {};

	if (question[21] != 1 || memcmp(question + 38, SERVER, 4) != 0)
		return;
	memcpy(frame, question + 6, 6);
	memcpy(frame + 6, SERVER_MAC "\x08\x06\x00\x01\x08\x00\x06\x04\x00\x02", 16);
	memcpy(frame + 22, SERVER_MAC SERVER, 10);
	memcpy(frame + 32, question + 22, 10);
	assert_int_equal(send(fd, frame, sizeof(frame), 0), sizeof(frame));
}

static void serve(int fd)
{
	uint8_t frame[2048];
	ssize_t length = 0;

	while ((length = recv(fd, frame, sizeof(frame), 0)) > 0) {
		bool to_all = memcmp(frame + AT_IP + 16, "\xff\xff\xff\xff", 4) == 0;

		if (length >= 42 && frame[12] == 0x08 && frame[13] == 0x06)
			answer_arp(fd, frame);
		if (length < AT_OPTIONS + 3 || frame[12] != 0x08 || frame[13] != 0 ||
		    frame[AT_IP + 9] != 17 || frame[AT_UDP + 3] != 67)
			continue;
		(void)(to_all ? broadcasts++ : unicasts++);
		/* The type comes first: 1 is DISCOVER. */
		answer_dhcp(fd, frame, frame[AT_OPTIONS + 2] == 1 ? 2 : 5, to_all);
	}
}

static int on_question(sd_event_source *, int fd, uint32_t, void *)
{
	serve(fd);
	return 0;
}

/* The network, its server, and the lease. Returns the server. */
static int start_with_server(struct fixture *f)
{
	int fd = -EBADF;

	fixture_plug_in(f, "eth0");
	fd = open_server(f);
	assert_true(sd_event_add_io(f->event, NULL, fd, EPOLLIN, on_question, NULL) >= 0);
	fixture_start(f);
	fixture_wait_line(f, "net lan: 192.0.2.7/24 (dhcp)");
	return fd;
}

/* --- the client from outside --- */

/* The child of a process that is called "udhcpc"; 0: there is none. */
static pid_t find_client(pid_t parent)
{
	DIR *folder = opendir("/proc");
	struct dirent *entry = NULL;
	pid_t found = 0;

	assert_non_null(folder);
	while (!found && (entry = readdir(folder))) {
		_cleanup_free_ char *path = text_format("/proc/%s/cmdline", entry->d_name);
		_cleanup_free_ char *stat_path = text_format("/proc/%s/stat", entry->d_name);
		_cleanup_free_ char *arguments = NULL, *status = NULL;
		size_t length = 0;
		int ppid = 0;

		if (atoi(entry->d_name) == 0 ||
		    file_read(AT_FDCWD, path, 4096, &arguments, &length) < 0 ||
		    file_read(AT_FDCWD, stat_path, 4096, &status, NULL) < 0)
			continue;
		if (length > 15 && memcmp(arguments, "busybox\0udhcpc", 15) == 0 &&
		    sscanf(strrchr(status, ')') + 1, " %*c %d", &ppid) == 1 && ppid == parent)
			found = atoi(entry->d_name);
	}
	(void)closedir(folder);
	return found;
}

static void assert_field(const char *status, const char *name, const char *expected)
{
	const char *line = strstr(status, name);
	char found[128] = "";

	assert_non_null(line);
	(void)sscanf(line + strlen(name), "%*[ \t]%127[^\n]", found);
	if (strcmp(found, expected) != 0)
		fail_msg("%s%s and not %s", name, found, expected);
}

static void assert_status(pid_t pid)
{
	_cleanup_free_ char *path = text_format("/proc/%d/status", pid), *status = NULL;
	char ids[64], capabilities[32];
	static const char *const sets[] = { "CapInh:", "CapPrm:", "CapEff:", "CapBnd:", "CapAmb:" };

	assert_int_equal(file_read(AT_FDCWD, path, 65536, &status, NULL), 0);
	(void)snprintf(ids, sizeof(ids), "%u\t%u\t%u\t%u", PROCESS_UID_DHCP, PROCESS_UID_DHCP,
		       PROCESS_UID_DHCP, PROCESS_UID_DHCP);
	(void)snprintf(capabilities, sizeof(capabilities), "%016llx",
		       (unsigned long long)CAPABILITIES);
	assert_field(status, "\nUid:", ids);
	assert_field(status, "\nGid:", ids);
	assert_field(status, "\nGroups:", "");
	for (size_t i = 0; i < ELEMENTS(sets); i++)
		assert_field(status, sets[i], capabilities);
	assert_field(status, "\nNoNewPrivs:", "1");
	assert_field(status, "\nSeccomp:", "2");
}

static void assert_root_is_empty(pid_t pid)
{
	_cleanup_free_ char *path = text_format("/proc/%d/root", pid), *mounts = NULL,
			    *mounts_path = text_format("/proc/%d/mountinfo", pid);
	DIR *folder = opendir(path);
	struct dirent *entry = NULL;

	assert_non_null(folder);
	while ((entry = readdir(folder)))
		if (entry->d_name[0] != '.')
			fail_msg("there is a %s", entry->d_name);
	(void)closedir(folder);
	assert_int_equal(file_read(AT_FDCWD, mounts_path, 65536, &mounts, NULL), 0);
	assert_non_null(strstr(mounts, " / / ro,nosuid,nodev,noexec"));
	/* and no other */
	assert_ptr_equal(strchr(mounts, '\n'), mounts + strlen(mounts) - 1);
}

/* Its socket to hostd, /dev/null, the pipe of its signals, and sockets. */
static void assert_fds(pid_t pid)
{
	for (int fd = 0; fd < 64; fd++) {
		_cleanup_free_ char *path = text_format("/proc/%d/fd/%d", pid, fd);
		char link[64] = "";

		if (readlink(path, link, sizeof(link) - 1) < 0)
			continue;
		if (fd == 1 || fd == 2)
			assert_string_equal(link, "/dev/null");
		else if (fd == 3 || fd == 4)
			assert_memory_equal(link, "pipe:", 5);
		else
			assert_memory_equal(link, "socket:", 7);
	}
}

static void assert_namespaces(pid_t pid)
{
	static const struct {
		const char *name;
		bool own;
	} kinds[] = {
		{ "mnt", true }, { "pid", true }, { "ipc", true }, { "uts", true }, { "net", false }
	};

	for (size_t i = 0; i < ELEMENTS(kinds); i++) {
		_cleanup_free_ char *theirs = text_format("/proc/%d/ns/%s", pid, kinds[i].name);
		_cleanup_free_ char *ours = text_format("/proc/self/ns/%s", kinds[i].name);
		char a[64] = "", b[64] = "";

		assert_true(readlink(theirs, a, sizeof(a) - 1) > 0);
		assert_true(readlink(ours, b, sizeof(b) - 1) > 0);
		if ((strcmp(a, b) != 0) != kinds[i].own)
			fail_msg("namespace %s", kinds[i].name);
	}
}

static void assert_limits(pid_t pid)
{
	_cleanup_free_ char *path = text_format("/proc/%d/limits", pid), *limits = NULL;

	assert_int_equal(file_read(AT_FDCWD, path, 65536, &limits, NULL), 0);
	assert_non_null(strstr(limits, "Max core file size        0                    0 "));
	assert_non_null(strstr(limits, "Max open files            16                   16 "));
	assert_non_null(strstr(limits, "Max address space         33554432             33554432 "));
}

static void gets_a_lease(void **state)
{
	struct fixture *f = *state;
	char text[4096];
	int server = -EBADF;
	pid_t pid = 0;

	SKIP_UNLESS_POSSIBLE(f);
	server = start_with_server(f);
	fixture_settle(f);
	assert_true(fixture_has_address(f, "lan", "192.0.2.7/24"));
	assert_string_equal(fixture_status(f, 0).gateway, "192.0.2.1");
	fixture_read(f, "/resolv.conf", text, sizeof(text));
	assert_string_equal(text, "nameserver 192.0.2.2\n");
	fixture_read(f, "/state/lan.lease", text, sizeof(text));
	assert_non_null(strstr(text, "\nip=192.0.2.7\nsubnet=255.255.255.0\nrouter=192.0.2.1\n"
				     "dns=192.0.2.2\nlease=600\nevent=bound\n"));
	pid = find_client(getpid());
	assert_true(pid > 0);
	assert_status(pid);
	assert_root_is_empty(pid);
	assert_fds(pid);
	assert_namespaces(pid);
	assert_limits(pid);
	(void)close(server);
}

/* From the address that it has, by UDP: port 68 is a privileged one. */
static void renews(void **state)
{
	struct fixture *f = *state;
	uint64_t end_us = now_us() + DEADLINE_US;
	char text[4096] = "";
	int server = -EBADF;

	SKIP_UNLESS_POSSIBLE(f);
	server = start_with_server(f);
	assert_int_equal(unicasts, 0);
	dns = OTHER_DNS;
	/* "renew now" */
	assert_int_equal(kill(find_client(getpid()), SIGUSR1), 0);
	while (!strstr(text, "192.0.2.9") && now_us() < end_us) {
		assert_true(sd_event_run(f->event, 50000) >= 0);
		fixture_read(f, "/resolv.conf", text, sizeof(text));
	}
	assert_string_equal(text, "nameserver 192.0.2.9\n");
	assert_true(unicasts > 0);
	fixture_read(f, "/state/lan.lease", text, sizeof(text));
	assert_non_null(strstr(text, "event=renew\n"));
	fixture_assert_no_line(f, "lease lost");
	(void)close(server);
}

static void asks_again_after_its_death(void **state)
{
	struct fixture *f = *state;
	unsigned int before = 0;
	int server = -EBADF;
	pid_t pid = 0;

	SKIP_UNLESS_POSSIBLE(f);
	server = start_with_server(f);
	before = broadcasts;
	pid = find_client(getpid());
	assert_int_equal(kill(pid, SIGKILL), 0);
	fixture_wait_line(f, "net lan: DHCP client was killed by signal 9; it is started again");
	while (broadcasts < before + 2)
		assert_true(sd_event_run(f->event, 100000) >= 0);
	fixture_settle(f);
	assert_true(fixture_has_address(f, "lan", "192.0.2.7/24"));
	fixture_assert_no_line(f, "lease lost");
	assert_true(find_client(getpid()) > 0 && find_client(getpid()) != pid);
	(void)close(server);
}

/* With what hostd has given up, its clients are confined all the same. */
static void ends_with_hostd(void **state)
{
	struct fixture *f = *state;
	uint64_t end_us = now_us() + DEADLINE_US;
	pid_t pid = 0, hostd = 0;
	int status = 0, fd = -EBADF;

	SKIP_UNLESS_POSSIBLE(f);
	fixture_plug_in(f, "eth0");
	hostd = fork();
	assert_true(hostd >= 0);
	if (hostd == 0) {
		const struct net_callbacks none = {};
		const char *step = NULL;

		if (privileges_drop(&step) < 0)
			_exit(2);
		sd_event_unref(f->event);
		if (sd_event_new(&f->event) < 0 ||
		    net_new_at(&f->paths, f->event, &f->config, &none, &f->net) < 0)
			_exit(1);
		(void)sd_event_loop(f->event);
		_exit(0);
	}
	while ((pid = find_client(hostd)) == 0) {
		assert_true(now_us() < end_us);
		(void)usleep(20000);
	}
	fd = (int)syscall(SYS_pidfd_open, pid, 0);
	assert_true(fd >= 0);
	assert_int_equal(kill(hostd, SIGKILL), 0);
	assert_int_equal(waitpid(hostd, &status, 0), hostd);
	assert_int_equal(poll(&(struct pollfd){ .fd = fd, .events = POLLIN }, 1, 5000), 1);
	(void)close(fd);
}

/* The step and the reason are in the log. */
static void cannot_be_executed(void **state)
{
	struct fixture *f = *state;

	SKIP_UNLESS_POSSIBLE(f);
	free((void *)(uintptr_t)f->paths.dhcp_client);
	f->paths.dhcp_client = strdup(tree_path(&f->tree, "/client"));
	assert_int_equal(chmod(f->paths.dhcp_client, 0644), 0);
	fixture_plug_in(f, "eth0");
	fixture_start(f);
	fixture_wait_line(f, "net lan: DHCP client cannot be confined: executing it: Permission "
			     "denied; it is started again in 1 s");
}

/* --- its system calls --- */

static int errno_of(long result)
{
	return result < 0 ? errno : 0;
}

/* Returns the number of the first that is not as it should be; 0: none. The calls themselves: the
 * sanitizer makes others around them. */
static int try_calls(const struct sock_fprog *program)
{
	char path[] = "/bin/sh";
	char *const argv[] = { path, NULL };
	struct ifreq request = {};
	int one = 1, packet = -1, udp = -1;

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
	    syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, program) < 0)
		return 1;
	packet = socket(AF_PACKET, SOCK_DGRAM, 0);
	udp = socket(AF_INET, SOCK_DGRAM, IPPROTO_UDP);
	if (packet < 0 || udp < 0)
		return 2;
	if (setsockopt(packet, SOL_PACKET, PACKET_AUXDATA, &one, sizeof(one)) < 0 ||
	    setsockopt(udp, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) < 0)
		return 3;
	if (errno_of(syscall(SYS_socket, AF_PACKET, SOCK_RAW, 0)) != ENOSYS ||
	    errno_of(syscall(SYS_socket, AF_PACKET, SOCK_DGRAM, htons(ETH_P_ALL))) != ENOSYS ||
	    errno_of(syscall(SYS_socket, AF_INET, SOCK_STREAM, 0)) != ENOSYS ||
	    errno_of(syscall(SYS_socket, AF_INET6, SOCK_DGRAM, 0)) != ENOSYS ||
	    errno_of(syscall(SYS_socket, AF_UNIX, SOCK_STREAM, 0)) != ENOSYS ||
	    errno_of(syscall(SYS_socket, AF_NETLINK, SOCK_RAW, 0)) != ENOSYS)
		return 4;
	if (errno_of(syscall(SYS_setsockopt, packet, SOL_PACKET, PACKET_VERSION, &one,
			     sizeof(one))) != ENOSYS ||
	    errno_of(syscall(SYS_setsockopt, packet, SOL_PACKET, PACKET_RX_RING, &one,
			     sizeof(one))) != ENOSYS ||
	    errno_of(syscall(SYS_setsockopt, udp, SOL_SOCKET, SO_ATTACH_FILTER, &one,
			     sizeof(one))) != ENOSYS)
		return 5;
	if (errno_of(syscall(SYS_ioctl, udp, SIOCSIFADDR, &request)) != ENOSYS ||
	    errno_of(syscall(SYS_ioctl, udp, SIOCSIFFLAGS, &request)) != ENOSYS)
		return 6;
	if (errno_of(syscall(SYS_openat, AT_FDCWD, "/", O_RDONLY)) != 0 ||
	    errno_of(syscall(SYS_openat, AT_FDCWD, "/dev/null", O_WRONLY)) != ENOSYS ||
	    errno_of(syscall(SYS_openat, AT_FDCWD, "/x", O_RDONLY | O_CREAT, 0600)) != ENOSYS)
		return 7;
	if (errno_of(syscall(SYS_execve, path, argv, argv + 1)) != ENOSYS ||
	    errno_of(syscall(SYS_execveat, udp, "", argv, argv + 1, AT_EMPTY_PATH)) != ENOSYS ||
	    errno_of(syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0)) != ENOSYS ||
	    errno_of(syscall(SYS_fork)) != ENOSYS ||
	    errno_of(syscall(SYS_clone3, NULL, 0)) != ENOSYS)
		return 8;
	if (errno_of(syscall(SYS_mmap, NULL, 4096, PROT_READ | PROT_EXEC,
			     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)) != ENOSYS)
		return 9;
	if (errno_of(syscall(SYS_ptrace, PTRACE_TRACEME, 0, 0, 0)) != ENOSYS ||
	    errno_of(syscall(SYS_kill, 1, 0)) != ENOSYS ||
	    errno_of(syscall(SYS_unshare, CLONE_NEWUSER)) != ENOSYS ||
	    errno_of(syscall(SYS_mount, NULL, NULL, NULL, 0, NULL)) != ENOSYS ||
	    errno_of(syscall(SYS_bpf, 0, NULL, 0)) != ENOSYS ||
	    errno_of(syscall(SYS_io_uring_setup, 1, NULL)) != ENOSYS ||
	    errno_of(syscall(SYS_prctl, PR_SET_DUMPABLE, 1, 0, 0, 0)) != ENOSYS ||
	    errno_of(syscall(SYS_listen, udp, 1)) != ENOSYS)
		return 10;
	return 0;
}

static void system_calls(void **)
{
	const struct sock_fprog *program = NULL, *again = NULL;
	int status = 0;
	pid_t pid = 0;

	if (impossible) {
		print_message("# skipped: %s\n", impossible);
		skip();
	}
	assert_int_equal(net_dhcp_seccomp_program(&program), 0);
	assert_int_equal(net_dhcp_seccomp_program(&again), 0);
	assert_ptr_equal(program, again);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0)
		(void)syscall(SYS_exit_group, try_calls(program));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

int main(void)
{
#define DHCP_TEST(name) cmocka_unit_test_setup_teardown(name, setup, fixture_teardown)
	const struct CMUnitTest tests[] = {
		DHCP_TEST(gets_a_lease),       DHCP_TEST(renews),
		DHCP_TEST(ends_with_hostd),    DHCP_TEST(asks_again_after_its_death),
		DHCP_TEST(cannot_be_executed), cmocka_unit_test(system_calls),
	};
	const char *named = getenv("MVIRT_TEST_BUSYBOX");

	busybox = strdup(named ? named : "/build/obj/bin/busybox");
	impossible = find_impossible();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
