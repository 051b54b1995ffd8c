// SPDX-License-Identifier: GPL-2.0-or-later
// Whether a guest fits the host and the guests that are there.
#include <string.h>

#include "config-parse.h"

/* Takes over the message. Returns -EINVAL, or -ENOMEM where there is none. */
static int refuse(char *message, char **ret_why)
{
	if (!message)
		return -ENOMEM;
	*ret_why = message;
	return -EINVAL;
}

static int check_networks(const struct guest_config *guest, const struct host_config *host,
			  char **ret_why)
{
	for (size_t i = 0; i < guest->nic_count; i++) {
		const char *network = guest->nics[i].network;

		if (strcmp(network, "user") != 0 && !config_find_network(host, network))
			return refuse(
				text_format("nic %zu: there is no network \"%s\" on this host", i,
					    network),
				ret_why);
	}
	return 0;
}

/* The NIC of a guest that has this MAC, of those before the limit. */
static bool has_mac(const struct guest_config *guest, size_t limit, const uint8_t mac[static 6])
{
	for (size_t i = 0; i < guest->nic_count && i < limit; i++)
		if (guest->nics[i].has_mac && memcmp(guest->nics[i].mac, mac, 6) == 0)
			return true;
	return false;
}

static int check_macs(const struct guest_config *guest, const struct guest_config *const *others,
		      size_t other_count, char **ret_why)
{
	for (size_t i = 0; i < guest->nic_count; i++) {
		const struct nic_config *nic = &guest->nics[i];

		if (!nic->has_mac)
			continue;
		if (has_mac(guest, i, nic->mac))
			return refuse(text_format("nic %zu has the same mac as another of its NICs",
						  i),
				      ret_why);
		for (size_t o = 0; o < other_count; o++)
			if (strcmp(others[o]->name, guest->name) != 0 &&
			    has_mac(others[o], SIZE_MAX, nic->mac))
				return refuse(
					text_format("nic %zu has the same mac as guest \"%s\"", i,
						    others[o]->name),
					ret_why);
	}
	return 0;
}

static bool is_among(const char *name, const struct guest_config *const *guests, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(guests[i]->name, name) == 0)
			return true;
	return false;
}

static int check_after(const struct guest_config *guest, const struct guest_config *const *others,
		       size_t other_count, char **ret_why)
{
	_cleanup_free_ const struct guest_config **all = calloc(other_count + 1, sizeof(*all));
	_cleanup_free_ char *circle = NULL;
	size_t count = 0;
	int r = 0;

	if (!all)
		return -ENOMEM;
	all[count++] = guest;
	for (size_t i = 0; i < other_count; i++)
		if (strcmp(others[i]->name, guest->name) != 0)
			all[count++] = others[i];
	for (size_t i = 0; i < guest->after.count; i++)
		if (!is_among(guest->after.items[i], all, count))
			return refuse(
				text_format("it comes after \"%s\", and there is no such guest",
					    guest->after.items[i]),
				ret_why);
	r = config_after_circle(all, count, &circle);
	if (r < 0 || !circle)
		return r;
	return refuse(text_format("guests would wait for each other in a circle: %s", circle),
		      ret_why);
}

int guest_config_check(const struct guest_config *guest, const struct host_config *host,
		       const struct guest_config *const *others, size_t other_count, char **ret_why)
{
	int r = check_networks(guest, host, ret_why);

	if (r == 0)
		r = check_macs(guest, others, other_count, ret_why);
	if (r == 0)
		r = check_after(guest, others, other_count, ret_why);
	return r;
}
