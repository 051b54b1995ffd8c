// SPDX-License-Identifier: GPL-2.0-or-later
// ETHTOOL_GPERMADDR.
#include "nic-mac.h"

#include <errno.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "base/cleanup.h"

#define MAC_BYTES 6

int nic_permanent_mac(const char *interface, char ret_mac[static NIC_MAC_TEXT_BYTES])
{
	static const unsigned char none[MAC_BYTES] = {};
	_cleanup_fd_ int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	/* struct ethtool_perm_addr with room for the kernel's MAX_ADDR_LEN. */
	struct {
		uint32_t cmd;
		uint32_t size;
		unsigned char address[32];
	} request = { .cmd = ETHTOOL_GPERMADDR, .size = sizeof(request.address) };
	struct ifreq ifreq = { .ifr_data = (void *)&request };
	const unsigned char *m = request.address;

	if (fd < 0)
		return -errno;
	if (strlen(interface) >= sizeof(ifreq.ifr_name))
		return -EINVAL;
	memcpy(ifreq.ifr_name, interface, strlen(interface));
	if (ioctl(fd, SIOCETHTOOL, &ifreq) < 0)
		return -errno;
	if (request.size != MAC_BYTES || memcmp(m, none, MAC_BYTES) == 0)
		return -ENODATA;
	(void)snprintf(ret_mac, NIC_MAC_TEXT_BYTES, "%02x:%02x:%02x:%02x:%02x:%02x", m[0], m[1],
		       m[2], m[3], m[4], m[5]);
	return 0;
}
