// SPDX-License-Identifier: GPL-2.0-or-later
// A DHCP lease as udhcpc reports it.
#include "net-lease.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

/* udhcpc's default if the server names no time, and the shortest lease that it keeps. */
#define LIFETIME_DEFAULT_S 3600
#define LIFETIME_LEAST_S 30
/* RFC 791 section 3.2: every host accepts 576 bytes. */
#define MTU_LEAST 576
#define MTU_MOST 65535

enum key {
	KEY_EVENT,
	KEY_CLIENT,
	KEY_TIME,
	KEY_IP,
	KEY_SUBNET,
	KEY_ROUTER,
	KEY_DNS,
	KEY_DOMAIN,
	KEY_LEASE,
	KEY_MTU,
	KEY_STATICROUTES,
	KEY_COUNT,
};

static const char *const key_names[KEY_COUNT] = {
	[KEY_EVENT] = "event",
	[KEY_CLIENT] = "client",
	[KEY_TIME] = "time",
	[KEY_IP] = "ip",
	[KEY_SUBNET] = "subnet",
	[KEY_ROUTER] = "router",
	[KEY_DNS] = "dns",
	[KEY_DOMAIN] = "domain",
	[KEY_LEASE] = "lease",
	[KEY_MTU] = "mtu",
	[KEY_STATICROUTES] = "staticroutes",
};

/* Cuts the text into lines, in place. Unknown keys are ignored; a repeated key, a line without "="
 * and a last line without newline are errors. */
static int split_lines(char *text, const char *values[static KEY_COUNT])
{
	while (*text) {
		char *end = strchr(text, '\n'), *equals = NULL;

		if (!end)
			return -EINVAL;
		*end = '\0';
		equals = strchr(text, '=');
		if (!equals || equals == text)
			return -EINVAL;
		*equals = '\0';
		for (size_t key = 0; key < KEY_COUNT; key++) {
			if (strcmp(text, key_names[key]) != 0)
				continue;
			if (values[key])
				return -EINVAL;
			values[key] = equals + 1;
		}
		text = end + 1;
	}
	return 0;
}

static int parse_number(const char *text, uint64_t most, uint64_t *ret_number)
{
	uint64_t number = 0;

	if (!*text)
		return -EINVAL;
	for (; *text; text++)
		if (!isdigit((unsigned char)*text) || __builtin_mul_overflow(number, 10, &number) ||
		    __builtin_add_overflow(number, (uint64_t)(*text - '0'), &number))
			return -EINVAL;
	if (number > most)
		return -EINVAL;
	*ret_number = number;
	return 0;
}

/* The next word of a space-separated list; false at its end or for too long a word. */
static bool next_word(const char **list, char word[static NET_IP_TEXT_MAX])
{
	size_t length = 0;

	*list += strspn(*list, " ");
	length = strcspn(*list, " ");
	if (length == 0 || length >= NET_IP_TEXT_MAX)
		return false;
	memcpy(word, *list, length);
	word[length] = '\0';
	*list += length;
	return true;
}

static int parse_ipv4(const char *text, struct net_ip *ret_ip)
{
	struct net_ip ip = {};

	if (net_ip_parse(text, &ip) < 0 || ip.family != AF_INET)
		return -EINVAL;
	*ret_ip = ip;
	return 0;
}

/* "255.255.255.0" -> 24. A mask with holes is refused. */
static int parse_mask(const char *text, uint8_t *ret_prefix)
{
	struct net_ip mask = {};
	uint32_t bits = 0;
	uint8_t prefix = 0;

	if (parse_ipv4(text, &mask) < 0)
		return -EINVAL;
	bits = (uint32_t)mask.bytes[0] << 24 | (uint32_t)mask.bytes[1] << 16 |
	       (uint32_t)mask.bytes[2] << 8 | mask.bytes[3];
	for (; bits & 0x80000000; bits <<= 1)
		prefix++;
	if (bits || prefix == 0)
		return -EINVAL;
	*ret_prefix = prefix;
	return 0;
}

/* Without a mask, the address's class applies (RFC 2132 section 3.3, RFC 950). */
static uint8_t class_prefix(const struct net_ip *address)
{
	if (address->bytes[0] < 128)
		return 8;
	return address->bytes[0] < 192 ? 16 : 24;
}

static int parse_address(const char *ip, const char *mask, struct net_ip *ret_address)
{
	struct net_ip address = {}, first = {}, last = {};

	if (!ip || parse_ipv4(ip, &address) < 0 || !net_ip_is_unicast(&address))
		return -EINVAL;
	address.prefix = class_prefix(&address);
	if (mask && parse_mask(mask, &address.prefix) < 0)
		return -EINVAL;
	if (address.prefix < 31) {
		first = net_ip_first(&address);
		last = net_ip_last(&address);
		if (net_ip_equal(&address, &first) || net_ip_equal(&address, &last))
			return -EINVAL;
	}
	*ret_address = address;
	return 0;
}

/* "DESTINATION/PREFIX GATEWAY …", option 121 (RFC 3442). Returns the number of valid routes. */
static size_t parse_routes(const char *list, const struct net_ip *own,
			   struct net_lease_route routes[static NET_LEASE_ROUTES_MAX])
{
	char destination[NET_IP_TEXT_MAX], gateway[NET_IP_TEXT_MAX];
	size_t count = 0;

	while (count < NET_LEASE_ROUTES_MAX && next_word(&list, destination)) {
		static const struct net_ip none = { .family = AF_INET, .prefix = 32 };
		struct net_lease_route route = {};

		if (!next_word(&list, gateway))
			break;
		if (!strchr(destination, '/') ||
		    net_ip_parse_prefix(destination, &route.destination) < 0 ||
		    route.destination.family != AF_INET || parse_ipv4(gateway, &route.gateway) < 0)
			continue;
		route.destination = net_ip_first(&route.destination);
		if (net_ip_equal(&route.gateway, &none))
			route.gateway = (struct net_ip){};
		else if (!net_ip_is_unicast(&route.gateway) ||
			 memcmp(route.gateway.bytes, own->bytes, 4) == 0)
			continue;
		if (route.destination.prefix > 0 && !net_ip_is_unicast(&route.destination))
			continue;
		routes[count++] = route;
	}
	return count;
}

/* The default route by the first valid router of the list. */
static size_t parse_router(const char *list, const struct net_ip *own,
			   struct net_lease_route routes[static NET_LEASE_ROUTES_MAX])
{
	char word[NET_IP_TEXT_MAX];

	while (next_word(&list, word)) {
		struct net_lease_route route = { .destination.family = AF_INET };

		if (parse_ipv4(word, &route.gateway) < 0 || !net_ip_is_unicast(&route.gateway) ||
		    memcmp(route.gateway.bytes, own->bytes, 4) == 0)
			continue;
		routes[0] = route;
		return 1;
	}
	return 0;
}

static size_t parse_dns(const char *list, struct net_ip dns[static NET_LEASE_DNS_MAX])
{
	char word[NET_IP_TEXT_MAX];
	size_t count = 0;

	while (count < NET_LEASE_DNS_MAX && next_word(&list, word))
		if (parse_ipv4(word, &dns[count]) == 0 && net_ip_is_unicast(&dns[count]))
			count++;
	return count;
}

/* Labels of 1 to 63 letters, digits, '-' and '_' that do not start with '-'. */
static bool is_domain(const char *text)
{
	size_t length = strlen(text), label = 0;

	if (length == 0 || length > NET_LEASE_DOMAIN_MAX)
		return false;
	for (; *text; text++) {
		if (*text == '.') {
			if (label == 0)
				return false;
			label = 0;
			continue;
		}
		if (!isalnum((unsigned char)*text) && *text != '_' && !(*text == '-' && label > 0))
			return false;
		if (++label > 63)
			return false;
	}
	return true;
}

static int parse_client(const char *text, char client[static NET_LEASE_CLIENT_MAX + 1])
{
	size_t length = text ? strlen(text) : 0;

	if (length == 0 || length > NET_LEASE_CLIENT_MAX)
		return -EINVAL;
	for (size_t i = 0; i < length; i++)
		if (!isalnum((unsigned char)text[i]))
			return -EINVAL;
	memcpy(client, text, length + 1);
	return 0;
}

static int parse_bound(const char *const values[static KEY_COUNT], struct net_lease *lease)
{
	uint64_t number = LIFETIME_DEFAULT_S;

	if (parse_address(values[KEY_IP], values[KEY_SUBNET], &lease->address) < 0)
		return -EINVAL;
	if (values[KEY_LEASE] && parse_number(values[KEY_LEASE], UINT32_MAX, &number) < 0)
		return -EINVAL;
	lease->lifetime_s = (uint32_t)(number < LIFETIME_LEAST_S ? LIFETIME_LEAST_S : number);
	if (values[KEY_STATICROUTES])
		lease->route_count =
			parse_routes(values[KEY_STATICROUTES], &lease->address, lease->routes);
	/* RFC 3442: with classless routes, the default route is among them. */
	if (lease->route_count == 0 && values[KEY_ROUTER])
		lease->route_count =
			parse_router(values[KEY_ROUTER], &lease->address, lease->routes);
	if (values[KEY_DNS])
		lease->dns_count = parse_dns(values[KEY_DNS], lease->dns);
	if (values[KEY_DOMAIN] && is_domain(values[KEY_DOMAIN]))
		(void)snprintf(lease->domain, sizeof(lease->domain), "%s", values[KEY_DOMAIN]);
	if (values[KEY_MTU] && parse_number(values[KEY_MTU], MTU_MOST, &number) == 0 &&
	    number >= MTU_LEAST)
		lease->mtu = (unsigned int)number;
	return 0;
}

/* These come from udhcpc; hostd writes the rest itself. */
static bool is_sent(enum key key)
{
	return key != KEY_EVENT && key != KEY_CLIENT && key != KEY_TIME;
}

static bool is_plain(const char *value)
{
	for (const char *c = value; *c; c++)
		if (!isalnum((unsigned char)*c) && !strchr(" ./:_-", *c))
			return false;
	return *value;
}

/* The first of a key's values. */
static void collect_values(const char *message, size_t length, const char *values[static KEY_COUNT])
{
	for (size_t at = 0; at < length; at += strlen(message + at) + 1) {
		const char *equals = strchr(message + at, '=');

		for (size_t key = 0; equals && key < KEY_COUNT; key++)
			if (is_sent(key) && !values[key] &&
			    strlen(key_names[key]) == (size_t)(equals - message) - at &&
			    strncmp(message + at, key_names[key], strlen(key_names[key])) == 0 &&
			    is_plain(equals + 1))
				values[key] = equals + 1;
	}
}

int net_lease_text(const char *message, size_t length, const char *client, uint64_t time_s,
		   char **ret_text)
{
	_cleanup_free_ char *text = NULL;
	const char *values[KEY_COUNT] = {};
	size_t name_length = 0, text_length = 0;
	FILE *stream = NULL;

	if (length == 0 || length > NET_LEASE_MESSAGE_MAX || message[length - 1] != '\0')
		return -EINVAL;
	name_length = strlen(message) + 1;
	if (strcmp(message, "bound") == 0 || strcmp(message, "renew") == 0)
		collect_values(message + name_length, length - name_length, values);
	else if (strcmp(message, "deconfig") != 0)
		return -ENOMSG;
	stream = open_memstream(&text, &text_length);
	if (!stream)
		return -ENOMEM;
	(void)fprintf(stream, "client=%s\ntime=%" PRIu64 "\n", client, time_s);
	for (size_t key = 0; key < KEY_COUNT; key++)
		if (values[key])
			(void)fprintf(stream, "%s=%s\n", key_names[key], values[key]);
	(void)fprintf(stream, "event=%s\n", message);
	if (fclose(stream) != 0)
		return -ENOMEM;
	*ret_text = take_ptr(text);
	return 0;
}

int net_lease_parse(const char *text, size_t length, struct net_lease *ret_lease)
{
	char copy[NET_LEASE_FILE_MAX + 1];
	const char *values[KEY_COUNT] = {};
	struct net_lease lease = {};

	if (length > NET_LEASE_FILE_MAX)
		return -EINVAL;
	for (size_t i = 0; i < length; i++)
		if (text[i] != '\n' && (text[i] < 0x20 || text[i] > 0x7e))
			return -EINVAL;
	memcpy(copy, text, length);
	copy[length] = '\0';
	if (split_lines(copy, values) < 0 || !values[KEY_EVENT] || !values[KEY_TIME])
		return -EINVAL;
	if (parse_client(values[KEY_CLIENT], lease.client) < 0 ||
	    parse_number(values[KEY_TIME], UINT32_MAX, &lease.time_s) < 0)
		return -EINVAL;
	if (strcmp(values[KEY_EVENT], "deconfig") == 0)
		lease.event = NET_LEASE_EVENT_DECONFIG;
	else if (strcmp(values[KEY_EVENT], "bound") != 0 && strcmp(values[KEY_EVENT], "renew") != 0)
		return -EINVAL;
	else if (parse_bound(values, &lease) < 0)
		return -EINVAL;
	*ret_lease = lease;
	return 0;
}

uint32_t net_lease_remaining_s(const struct net_lease *lease, uint64_t now_s)
{
	uint64_t age_s = now_s > lease->time_s ? now_s - lease->time_s : 0;

	if (lease->lifetime_s == NET_LEASE_FOREVER)
		return NET_LEASE_FOREVER;
	return age_s < lease->lifetime_s ? (uint32_t)(lease->lifetime_s - age_s) : 0;
}

const struct net_ip *net_lease_gateway(const struct net_lease *lease)
{
	for (size_t i = 0; i < lease->route_count; i++)
		if (lease->routes[i].destination.prefix == 0 &&
		    lease->routes[i].gateway.family == AF_INET)
			return &lease->routes[i].gateway;
	return NULL;
}

bool net_lease_route_equal(const struct net_lease_route *a, const struct net_lease_route *b)
{
	return net_ip_equal(&a->destination, &b->destination) &&
	       net_ip_equal(&a->gateway, &b->gateway);
}
