// SPDX-License-Identifier: GPL-2.0-or-later
// The ioctls that QEMU may make on the fds that it was given. Many of the others need no
// capability: whoever holds a tap's fd can change its MAC, and gets another machine's frames from
// the bridge.
#include "qemu-seccomp-ioctl.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/fs.h>
#include <linux/if_tun.h>
#include <linux/kvm.h>
#include <linux/seccomp.h>
#include <linux/sockios.h>
#include <linux/vhost.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>

#include "base/cleanup.h"

/* How O_DIRECT has to be aligned on XFS; it is in no header of the kernel's. */
#define XFS_IOC_DIOINFO _IOR('X', 30, uint32_t[3])

/* All of KVM's have one type; they act on what this QEMU has made. */
#define TYPE_MASK (_IOC_TYPEMASK << _IOC_TYPESHIFT)
#define TYPE_KVM (KVMIO << _IOC_TYPESHIFT)

static const uint32_t allowed[] = {
	/* its tap; not its MAC, owner, persistence, carrier, filters or kernel messages */
	TUNGETFEATURES,
	TUNGETIFF,
	TUNSETOFFLOAD,
	TUNSETSNDBUF,
	TUNSETVNETHDRSZ,
	TUNSETVNETLE,
	TUNSETVNETBE,
	/* vhost-net and vhost-vsock; no further kernel threads, no busy polling */
	VHOST_SET_OWNER,
	VHOST_RESET_OWNER,
	VHOST_GET_FEATURES,
	VHOST_SET_FEATURES,
	VHOST_GET_BACKEND_FEATURES,
	VHOST_SET_BACKEND_FEATURES,
	VHOST_SET_MEM_TABLE,
	VHOST_SET_VRING_NUM,
	VHOST_SET_VRING_ADDR,
	VHOST_SET_VRING_BASE,
	VHOST_GET_VRING_BASE,
	VHOST_SET_VRING_KICK,
	VHOST_SET_VRING_CALL,
	VHOST_SET_VRING_ERR,
	VHOST_NET_SET_BACKEND,
	VHOST_VSOCK_SET_GUEST_CID,
	VHOST_VSOCK_SET_RUNNING,
	/* disks and files; no SCSI or NVMe commands, reservations or flags that stay with a file */
	BLKROGET,
	BLKSECTGET,
	BLKSSZGET,
	BLKPBSZGET,
	BLKDISCARD,
	BLKZEROOUT,
	FS_IOC_FSGETXATTR,
	XFS_IOC_DIOINFO,
	/* sockets of SLIRP */
	FIONBIO,
	FIONREAD,
	SIOCGIFINDEX,
};

/* The lower half comes first. */
#define AT_COMMAND (offsetof(struct seccomp_data, args[1]))
/* Before the list there is what start has below; after it the two results. */
#define LIST_START 9
#define AT_ALLOW (LIST_START + ELEMENTS(allowed) + 1)
#define LENGTH (AT_ALLOW + 1)
static_assert(LENGTH <= QEMU_SECCOMP_IOCTL_LENGTH_MAX);

#define LOAD(offset) (struct sock_filter) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (offset))
#define RETURN(value) (struct sock_filter) BPF_STMT(BPF_RET | BPF_K, (value))
/* Jumps are over so many of the instructions that follow. */
#define OVER(here, to) ((uint8_t)((to) - (here) - 1))
#define ALLOW_IF(here, value) \
	(struct sock_filter) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (value), OVER((here), AT_ALLOW), 0)
#define GO_ON_UNLESS(here, value) \
	(struct sock_filter) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (value), 0, OVER((here), LENGTH))

size_t qemu_seccomp_ioctl(struct sock_filter ret_program[static QEMU_SECCOMP_IOCTL_LENGTH_MAX])
{
	const struct sock_filter start[LIST_START] = {
		LOAD(offsetof(struct seccomp_data, arch)),
		GO_ON_UNLESS(1, AUDIT_ARCH_X86_64),
		LOAD(offsetof(struct seccomp_data, nr)),
		GO_ON_UNLESS(3, SYS_ioctl),
		LOAD(AT_COMMAND),
		ALLOW_IF(5, KVM_RUN),
		BPF_STMT(BPF_ALU | BPF_AND | BPF_K, TYPE_MASK),
		ALLOW_IF(7, TYPE_KVM),
		LOAD(AT_COMMAND),
	};
	size_t count = 0;

	for (; count < LIST_START; count++)
		ret_program[count] = start[count];
	for (size_t i = 0; i < ELEMENTS(allowed); i++, count++)
		ret_program[count] = ALLOW_IF(count, allowed[i]);
	ret_program[count++] = RETURN(SECCOMP_RET_ERRNO | ENOTTY);
	ret_program[count++] = RETURN(SECCOMP_RET_ALLOW);
	return count;
}
