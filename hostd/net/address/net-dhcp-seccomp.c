// SPDX-License-Identifier: GPL-2.0-or-later
// What udhcpc may call: its sockets, time, memory.
#include <fcntl.h>
#include <linux/if_packet.h>
#include <linux/prctl.h>
#include <net/if.h>
#include <netinet/in.h>
#include <seccomp.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include "base/cleanup.h"
#include "net-dhcp-confine.h"

static const int allowed[] = {
	/* what is open */
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
	/* memory, signals, the start and the end */
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

/* Calls that are allowed with these arguments; a mask of 0 leaves one open. */
static const struct {
	int call;
	struct {
		uint64_t mask, value;
	} arguments[3];
} allowed_with[] = {
#define ANY { 0, 0 }
#define IS(value) { UINT32_MAX, (value) }
#define WITHOUT(bits) { (bits), 0 }
	{ SCMP_SYS(execveat), { IS(NET_DHCP_EXECUTABLE_FD), ANY, ANY } },
	/* before it has an address; to say which it has; and to ask what the interface is */
	{ SCMP_SYS(socket), { IS(AF_PACKET), IS(SOCK_DGRAM), IS(0) } },
	{ SCMP_SYS(socket), { IS(AF_INET), IS(SOCK_DGRAM), IS(IPPROTO_UDP) } },
	{ SCMP_SYS(socket), { IS(AF_INET), IS(SOCK_RAW), IS(IPPROTO_RAW) } },
	{ SCMP_SYS(ioctl), { ANY, IS(SIOCGIFINDEX), ANY } },
	{ SCMP_SYS(ioctl), { ANY, IS(SIOCGIFHWADDR), ANY } },
	/* nothing of what makes a packet socket a way into the kernel */
	{ SCMP_SYS(setsockopt), { ANY, IS(SOL_PACKET), IS(PACKET_AUXDATA) } },
	{ SCMP_SYS(setsockopt), { ANY, IS(SOL_SOCKET), IS(SO_REUSEADDR) } },
	{ SCMP_SYS(setsockopt), { ANY, IS(SOL_SOCKET), IS(SO_BROADCAST) } },
	{ SCMP_SYS(setsockopt), { ANY, IS(SOL_SOCKET), IS(SO_BINDTODEVICE) } },
	/* where there is no /dev/null it wants its root, which is empty, as a spare fd */
	{ SCMP_SYS(openat), { ANY, ANY, WITHOUT(O_ACCMODE | O_CREAT) } },
	/* memory that can be executed is what was there at the start */
	{ SCMP_SYS(mmap), { ANY, ANY, WITHOUT(PROT_EXEC) } },
	{ SCMP_SYS(mprotect), { ANY, ANY, WITHOUT(PROT_EXEC) } },
	{ SCMP_SYS(prctl), { IS(PR_GET_NAME), ANY, ANY } },
	{ SCMP_SYS(prctl), { IS(PR_SET_NAME), ANY, ANY } },
	/* its limits as they are */
	{ SCMP_SYS(prlimit64), { ANY, ANY, { UINT64_MAX, 0 } } },
};

static void contextp(scmp_filter_ctx *context)
{
	if (*context)
		seccomp_release(*context);
}

static int add_rule(scmp_filter_ctx context, size_t index)
{
	struct scmp_arg_cmp arguments[ELEMENTS(allowed_with[0].arguments)];
	unsigned int count = 0;

	for (unsigned int i = 0; i < ELEMENTS(arguments); i++)
		if (allowed_with[index].arguments[i].mask != 0)
			arguments[count++] = SCMP_CMP64(i, SCMP_CMP_MASKED_EQ,
							allowed_with[index].arguments[i].mask,
							allowed_with[index].arguments[i].value);
	return seccomp_rule_add_exact_array(context, SCMP_ACT_ALLOW, allowed_with[index].call,
					    count, arguments);
}

static int export(scmp_filter_ctx context, struct sock_fprog *ret_program)
{
	_cleanup_free_ struct sock_filter *filter = NULL;
	size_t bytes = 0;
	int r = seccomp_export_bpf_mem(context, NULL, &bytes);

	if (r < 0)
		return r;
	filter = malloc(bytes);
	if (!filter)
		return -ENOMEM;
	r = seccomp_export_bpf_mem(context, filter, &bytes);
	if (r < 0)
		return r;
	ret_program->len = (unsigned short)(bytes / sizeof(*filter));
	ret_program->filter = take_ptr(filter);
	return 0;
}

int net_dhcp_seccomp_program(const struct sock_fprog **ret_program)
{
	static struct sock_fprog program;
	_cleanup_(contextp) scmp_filter_ctx context = NULL;
	int r = 0;

	if (program.filter) {
		*ret_program = &program;
		return 0;
	}
	context = seccomp_init(SCMP_ACT_ERRNO(ENOSYS));
	if (!context)
		return -ENOMEM;
	for (size_t i = 0; r == 0 && i < ELEMENTS(allowed); i++)
		r = seccomp_rule_add_exact_array(context, SCMP_ACT_ALLOW, allowed[i], 0, NULL);
	for (size_t i = 0; r == 0 && i < ELEMENTS(allowed_with); i++)
		r = add_rule(context, i);
	if (r == 0)
		r = export(context, &program);
	if (r < 0)
		return r;
	*ret_program = &program;
	return 0;
}
