// SPDX-License-Identifier: GPL-2.0-or-later
// The system calls that udhcpc may make: its sockets, time, memory.
#include <fcntl.h>
#include <linux/if_packet.h>
#include <linux/prctl.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include "base/cleanup.h"
#include "net-dhcp-seccomp.h"
#include "process/seccomp-list.h"

static const int allowed[] = {
	/* open files */
	SCMP_SYS(read),
	SCMP_SYS(write),
	SCMP_SYS(writev),
	SCMP_SYS(close),
	SCMP_SYS(fstat),
	SCMP_SYS(fcntl),
	SCMP_SYS(dup),
	SCMP_SYS(dup2),
	SCMP_SYS(pipe),
	SCMP_SYS(pipe2),
	/* its sockets */
	SCMP_SYS(bind),
	SCMP_SYS(connect),
	SCMP_SYS(sendto),
	SCMP_SYS(recvfrom),
	SCMP_SYS(recvmsg),
	/* waiting */
	SCMP_SYS(poll),
	SCMP_SYS(ppoll),
	SCMP_SYS(restart_syscall),
	SCMP_SYS(nanosleep),
	SCMP_SYS(clock_nanosleep),
	SCMP_SYS(clock_gettime),
	SCMP_SYS(gettimeofday),
	SCMP_SYS(time),
	/* memory, signals, start and end */
	SCMP_SYS(brk),
	SCMP_SYS(munmap),
	SCMP_SYS(mremap),
	SCMP_SYS(madvise),
	SCMP_SYS(rt_sigaction),
	SCMP_SYS(rt_sigprocmask),
	SCMP_SYS(rt_sigreturn),
	SCMP_SYS(arch_prctl),
	SCMP_SYS(set_tid_address),
	SCMP_SYS(set_robust_list),
	SCMP_SYS(rseq),
	SCMP_SYS(getrandom),
	SCMP_SYS(getpid),
	SCMP_SYS(getuid),
	SCMP_SYS(geteuid),
	SCMP_SYS(getgid),
	SCMP_SYS(getegid),
	SCMP_SYS(exit),
	SCMP_SYS(exit_group),
};

static const struct seccomp_rule allowed_with[] = {
#define ANY SECCOMP_ANY
#define IS(value) SECCOMP_IS(value)
#define WITHOUT(bits) SECCOMP_WITHOUT(bits)
	{ SCMP_SYS(execveat), { IS(NET_DHCP_EXECUTABLE_FD), ANY, ANY } },
	/* before it has an address; to announce it; and to query the interface */
	{ SCMP_SYS(socket), { IS(AF_PACKET), IS(SOCK_DGRAM), IS(0) } },
	{ SCMP_SYS(socket), { IS(AF_INET), IS(SOCK_DGRAM), IS(IPPROTO_UDP) } },
	{ SCMP_SYS(socket), { IS(AF_INET), IS(SOCK_RAW), IS(IPPROTO_RAW) } },
	{ SCMP_SYS(ioctl), { ANY, IS(SIOCGIFINDEX), ANY } },
	{ SCMP_SYS(ioctl), { ANY, IS(SIOCGIFHWADDR), ANY } },
	/* no option that opens the kernel to a packet socket */
	{ SCMP_SYS(setsockopt), { ANY, IS(SOL_PACKET), IS(PACKET_AUXDATA) } },
	{ SCMP_SYS(setsockopt), { ANY, IS(SOL_SOCKET), IS(SO_REUSEADDR) } },
	{ SCMP_SYS(setsockopt), { ANY, IS(SOL_SOCKET), IS(SO_BROADCAST) } },
	{ SCMP_SYS(setsockopt), { ANY, IS(SOL_SOCKET), IS(SO_BINDTODEVICE) } },
	/* without /dev/null it opens its root, which is empty, as a spare fd */
	{ SCMP_SYS(openat), { ANY, ANY, WITHOUT(O_ACCMODE | O_CREAT) } },
	/* only memory that was executable at the start stays so */
	{ SCMP_SYS(mmap), { ANY, ANY, WITHOUT(PROT_EXEC) } },
	{ SCMP_SYS(mprotect), { ANY, ANY, WITHOUT(PROT_EXEC) } },
	{ SCMP_SYS(prctl), { IS(PR_GET_NAME), ANY, ANY } },
	{ SCMP_SYS(prctl), { IS(PR_SET_NAME), ANY, ANY } },
	/* reading its limits, not setting them */
	{ SCMP_SYS(prlimit64), { ANY, ANY, { UINT64_MAX, 0 } } },
};

int net_dhcp_seccomp_program(const struct sock_fprog **ret_program)
{
	static const struct seccomp_list list = {
		.action = SCMP_ACT_ALLOW,
		.otherwise = SCMP_ACT_ERRNO(ENOSYS),
		.calls = allowed,
		.call_count = ELEMENTS(allowed),
		.rules = allowed_with,
		.rule_count = ELEMENTS(allowed_with),
	};
	static struct sock_fprog program;
	int r = program.filter ? 0 : seccomp_list_compile(&list, &program);

	if (r == 0)
		*ret_program = &program;
	return r;
}
