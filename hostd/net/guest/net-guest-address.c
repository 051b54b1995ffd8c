// SPDX-License-Identifier: GPL-2.0-or-later
// Which addresses guests use: a packet socket on each tap keeps the frames that tell of them until
// somebody asks. Nothing wakes up for them, and a guest that floods its own fills its own alone.
#include <errno.h>
#include <fcntl.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/array.h"
#include "base/file.h"
#include "base/log.h"
#include "net-guest-address.h"
#include "net-guest-filter.h"
#include "net-seen.h"
#include "net/net-internal.h"

/* The kernel doubles it; a frame takes up to a KiB of it. What does not fit any more is lost. */
#define QUEUE_BYTES (32 * 1024)
/* At once: a guest that sends as fast as they are read is not listened to for ever. */
#define FRAMES_MAX 256
#define FILE_BYTES_MAX 1024

struct net_guest_nic {
	char tap[IFNAMSIZ];
	int ifindex;
	uint8_t mac[6];
	int fd; /* owned */
	struct net_seen seen;
	bool has_warned; /* that it uses an address of the host's */
};

static int open_socket(int ifindex, const uint8_t *mac, int *ret_fd)
{
	const struct sockaddr_ll address = { .sll_family = AF_PACKET,
					     .sll_protocol = htons(ETH_P_ALL),
					     .sll_ifindex = ifindex };
	struct sock_filter code[NET_SEEN_PROGRAM_LENGTH];
	const struct sock_fprog program = { ELEMENTS(code), code };
	const int one = 1, queue_bytes = QUEUE_BYTES;
	/* Without a protocol it receives nothing before the filter is there. */
	_cleanup_fd_ int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return -errno;
	net_seen_filter(mac, code);
	/* What is sent to the guest would be cloned before the filter sees it. */
	if (setsockopt(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &one, sizeof(one)) < 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &queue_bytes, sizeof(queue_bytes)) < 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)) < 0 ||
	    bind(fd, (const struct sockaddr *)&address, sizeof(address)) < 0)
		return -errno;
	*ret_fd = take_fd(&fd);
	return 0;
}

/* --- what the next hostd finds --- */

static char *path_of(const struct net *net, const char *tap)
{
	return text_format("%s/%s.seen", net->paths.state, tap);
}

static void write_list(FILE *stream, const struct net_seen_list *list)
{
	char text[NET_IP_TEXT_MAX];

	/* The newest last: it is read as it was learned. */
	for (size_t i = list->count; i > 0; i--)
		(void)fprintf(stream, "%s\n", net_ip_format(&list->ips[i - 1], text));
}

static void keep(const struct net *net, const struct net_guest_nic *nic)
{
	_cleanup_free_ char *path = path_of(net, nic->tap), *text = NULL;
	size_t length = 0;
	FILE *stream = open_memstream(&text, &length);

	if (!stream)
		return;
	write_list(stream, &nic->seen.ip4);
	write_list(stream, &nic->seen.ip6);
	if (fclose(stream) == 0 && path)
		(void)file_replace(AT_FDCWD, path, text, length, 0644);
}

static void take_up(const struct net *net, struct net_guest_nic *nic)
{
	_cleanup_free_ char *path = path_of(net, nic->tap), *text = NULL;
	char *rest = NULL;

	if (!path || file_read(AT_FDCWD, path, FILE_BYTES_MAX, &text, NULL) < 0)
		return;
	for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
		struct net_ip ip = {};

		if (net_ip_parse(line, &ip) == 0)
			(void)net_seen_add(&nic->seen, &ip);
	}
}

/* --- the table --- */

static struct net_guest_nic *find_nic(struct net *net, const char *tap)
{
	for (size_t i = 0; i < net->guest_nic_count; i++)
		if (text_equal(net->guest_nics[i].tap, tap))
			return &net->guest_nics[i];
	return NULL;
}

static void forget(struct net *net, struct net_guest_nic *nic)
{
	fd_close(nic->fd);
	*nic = net->guest_nics[--net->guest_nic_count];
}

/* Returns -errno when the tap is gone. */
static int listen_to(struct net *net, struct net_guest_nic *nic)
{
	bool changed = false;

	for (size_t i = 0; i < FRAMES_MAX; i++) {
		uint8_t frame[NET_SEEN_FRAME_MAX];
		ssize_t length = recv(nic->fd, frame, sizeof(frame), 0);

		if (length < 0 && errno != EAGAIN && errno != EINTR)
			return -errno;
		if (length < 0)
			break;
		changed |= net_seen_take(&nic->seen, nic->mac, frame, (size_t)length);
	}
	if (changed)
		keep(net, nic);
	return 0;
}

static int add_nic(struct net *net, const char *tap, int ifindex, const uint8_t *mac,
		   struct net_guest_nic **ret_nic)
{
	struct net_guest_nic nic = { .ifindex = ifindex, .fd = -EBADF };
	int r = array_grow(net->guest_nics, net->guest_nic_count);

	if (r == 0)
		r = open_socket(ifindex, mac, &nic.fd);
	if (r < 0)
		return r;
	(void)stpncpy(nic.tap, tap, sizeof(nic.tap) - 1);
	memcpy(nic.mac, mac, sizeof(nic.mac));
	*ret_nic = &net->guest_nics[net->guest_nic_count++];
	**ret_nic = nic;
	return 0;
}

static void remove_kept(const struct net *net, const char *tap)
{
	_cleanup_free_ char *path = path_of(net, tap);

	if (path)
		(void)unlink(path);
}

void net_guest_address_begin(struct net *net, const char *tap, int ifindex, const uint8_t *mac)
{
	struct net_guest_nic *nic = find_nic(net, tap);
	int r = 0;

	/* The tap before this one's. */
	if (nic)
		forget(net, nic);
	remove_kept(net, tap);
	r = add_nic(net, tap, ifindex, mac, &nic);
	if (r < 0)
		log_warning(NET_SUBJECT, "which addresses are used behind %s will not be known: %s",
			    tap, strerror(-r));
}

void net_guest_address_end(struct net *net, int ifindex)
{
	for (size_t i = 0; i < net->guest_nic_count; i++)
		if (net->guest_nics[i].ifindex == ifindex) {
			remove_kept(net, net->guest_nics[i].tap);
			forget(net, &net->guest_nics[i]);
			return;
		}
}

/* Said once: a guest can claim as many as it likes. */
static void warn_of_refused(struct net_guest_nic *nic, const char *guest_name, const char *address)
{
	if (!nic->has_warned)
		log_warning(NET_SUBJECT,
			    "guest %s may not use %s, which is the host's own address, its "
			    "gateway's or a DNS server's; if the guest is meant to have it, set it "
			    "as address in its nic",
			    guest_name, address);
	nic->has_warned = true;
}

static int format_list(const struct net *net, struct net_guest_nic *nic, const char *guest_name,
		       const struct net_seen_list *list, struct text_list *addresses)
{
	char text[NET_IP_TEXT_MAX];
	int r = 0;

	for (size_t i = 0; r == 0 && i < list->count; i++) {
		(void)net_ip_format(&list->ips[i], text);
		if (net_guest_filter_refuses(net, nic->ifindex, &list->ips[i]))
			warn_of_refused(nic, guest_name, text);
		else
			r = text_list_add(addresses, text);
	}
	return r;
}

int net_list_guest_addresses(struct net *net, const char *guest_name, unsigned int nic_index,
			     const uint8_t *mac, struct text_list *ret_addresses)
{
	_cleanup_(text_list_done) struct text_list addresses = {};
	struct net_guest_nic *nic = NULL;
	struct net_link_info tap = {};
	char name[IFNAMSIZ];
	int r = 0;

	net_policy_tap_name(guest_name, nic_index, name);
	nic = find_nic(net, name);
	r = net_link_get_named(net->link, name, &tap);
	if (r == 0 && !tap.tap)
		r = -ENODEV;
	if (nic && (r < 0 || nic->ifindex != tap.ifindex)) {
		forget(net, nic);
		nic = NULL;
	}
	/* Of an adopted guest. */
	if (r == 0 && !nic) {
		r = add_nic(net, name, tap.ifindex, mac, &nic);
		if (r == 0)
			take_up(net, nic);
	}
	if (r == 0)
		r = listen_to(net, nic);
	if (r == 0)
		r = format_list(net, nic, guest_name, &nic->seen.ip4, &addresses);
	if (r == 0)
		r = format_list(net, nic, guest_name, &nic->seen.ip6, &addresses);
	if (r < 0)
		return r;
	*ret_addresses = addresses;
	addresses = (struct text_list){};
	return 0;
}

void net_guest_addresses_done(struct net *net)
{
	for (size_t i = 0; i < net->guest_nic_count; i++)
		fd_close(net->guest_nics[i].fd);
	free(net->guest_nics);
	net->guest_nics = NULL;
	net->guest_nic_count = 0;
}
