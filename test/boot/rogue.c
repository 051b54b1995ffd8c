// SPDX-License-Identifier: GPL-2.0-or-later
// Runs in a guest for test_network.py, which compiles it static and lays it under the guest's
// initramfs: a DHCP server and IPv6 router that nobody asked for. "rogue INTERFACE SECONDS" answers
// every DHCP request there with 192.168.66.7, and advertises 2001:db8:66::/64 every second.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define AT_IP 14
#define AT_UDP 34
#define AT_DHCP 42
#define AT_OPTIONS (AT_DHCP + 240)

static int fd;
static uint8_t mac[6];

/* RFC 1071 */
static uint16_t checksum(const uint8_t *bytes, size_t length, uint32_t sum)
{
	for (size_t i = 0; i + 1 < length; i += 2)
		sum += (uint32_t)bytes[i] << 8 | bytes[i + 1];
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return htons((uint16_t)~sum);
}

static void answer(const uint8_t *question)
{
	static const uint8_t options[] = { 53, 1, 0,  54, 4, 192, 168, 66,  1,   51, 4,
					   0,  0, 14, 16, 1, 4,   255, 255, 255, 0,  255 };
	uint8_t frame[AT_OPTIONS + 64] = {};
	uint16_t sum = 0;

	memset(frame, 0xff, 6);
	memcpy(frame + 6, mac, 6);
	memcpy(frame + 12,
	       "\x08\x00\x45\x00\x01\x4c\x00\x00\x00\x00\x40\x11\x00\x00"
	       "\xc0\xa8\x42\x01\xff\xff\xff\xff\x00\x43\x00\x44\x01\x38",
	       28);
	sum = checksum(frame + AT_IP, 20, 0);
	memcpy(frame + AT_IP + 10, &sum, 2);
	memcpy(frame + AT_DHCP, question + AT_DHCP, 28 + 16);
	frame[AT_DHCP] = 2;
	memset(frame + AT_DHCP + 12, 0, 16);
	memcpy(frame + AT_DHCP + 16, "\xc0\xa8\x42\x07", 4);
	memcpy(frame + AT_OPTIONS - 4, "\x63\x82\x53\x63", 4);
	memcpy(frame + AT_OPTIONS, options, sizeof(options));
	/* DISCOVER: OFFER; REQUEST: ACK */
	frame[AT_OPTIONS + 2] = question[AT_OPTIONS + 2] == 1 ? 2 : 5;
	if (send(fd, frame, sizeof(frame), 0) < 0)
		perror("send");
}

static void advertise(void)
{
	/* no router for the default route; a prefix of 64 bits, an hour, on the link and for
	 * addresses */
	static const uint8_t message[48] = {
		134, 0, 0, 0,  64, 0, 0, 0, [16] = 3, 4,    64,   0xc0, 0,    0, 14,
		16,  0, 0, 14, 16, 0, 0, 0, 0,        0x20, 0x01, 0x0d, 0xb8, 0, 0x66
	};
	uint8_t frame[AT_IP + 40 + sizeof(message)] = { 0x33, 0x33, 0, 0, 0, 1 };
	uint16_t sum = 0;

	memcpy(frame + 6, mac, 6);
	memcpy(frame + 12, "\x86\xdd\x60\x00\x00\x00\x00\x30\x3a\xff", 10);
	frame[AT_IP + 8] = 0xfe;
	frame[AT_IP + 9] = 0x80;
	frame[AT_IP + 23] = 0x66;
	frame[AT_IP + 24] = 0xff;
	frame[AT_IP + 25] = 0x02;
	frame[AT_IP + 39] = 1;
	memcpy(frame + AT_IP + 40, message, sizeof(message));
	sum = checksum(frame + AT_IP + 8, 32 + sizeof(message), sizeof(message) + 58);
	memcpy(frame + AT_IP + 42, &sum, 2);
	if (send(fd, frame, sizeof(frame), 0) < 0)
		perror("send");
}

static void listen_once(void)
{
	uint8_t frame[2048];
	ssize_t length = recv(fd, frame, sizeof(frame), MSG_DONTWAIT);

	if (length > AT_OPTIONS + 3 && frame[12] == 0x08 && frame[13] == 0 &&
	    frame[AT_IP] == 0x45 && frame[AT_IP + 9] == 17 && frame[AT_UDP + 3] == 67)
		answer(frame);
}

int main(int argc, char **argv)
{
	struct sockaddr_ll address = { .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_IP) };
	struct ifreq request = {};
	time_t end = time(NULL), last = 0;

	if (argc != 3)
		return 2;
	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", argv[1]);
	end += atoi(argv[2]);
	fd = socket(AF_PACKET, SOCK_RAW, htons(ETH_P_IP));
	if (fd < 0 || ioctl(fd, SIOCGIFHWADDR, &request) < 0) {
		perror(argv[1]);
		return 1;
	}
	memcpy(mac, request.ifr_hwaddr.sa_data, 6);
	address.sll_ifindex = (int)if_nametoindex(argv[1]);
	if (bind(fd, (const struct sockaddr *)&address, sizeof(address)) < 0) {
		perror(argv[1]);
		return 1;
	}
	while (time(NULL) < end) {
		if (time(NULL) != last) {
			last = time(NULL);
			advertise();
		}
		poll(&(struct pollfd){ .fd = fd, .events = POLLIN }, 1, 1000);
		listen_once();
	}
	return 0;
}
