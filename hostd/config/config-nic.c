// SPDX-License-Identifier: GPL-2.0-or-later
// The block nic { … } of a guest.
#include <string.h>

#include "base/array.h"
#include "config-parse.h"

#define NICS_MAX 8
#define ADDRESSES_MAX 16

CHOICE(set_model, struct nic_config, model, config_model_names)
SETTER(set_isolate, struct nic_config, config_set_bool(parse, entry, &object->isolate))

static void set_network(struct config_parse *parse, const struct config_entry *entry, void *untyped)
{
	struct nic_config *nic = untyped;

	if (strcmp(entry->values.items[0], "user") == 0)
		nic->kind = NIC_NETWORK_USER;
	config_set_text(parse, entry, &nic->network);
}

static void set_mac(struct config_parse *parse, const struct config_entry *entry, void *untyped)
{
	struct nic_config *nic = untyped;

	if (config_parse_mac(entry->values.items[0], nic->mac) < 0)
		config_wrong(parse, entry->line,
			     "mac is a unicast address like \"52:54:00:12:34:56\", not \"%s\"",
			     entry->values.items[0]);
	else
		nic->has_mac = true;
}

static void set_addresses(struct config_parse *parse, const struct config_entry *entry,
			  void *untyped)
{
	struct nic_config *nic = untyped;

	for (size_t i = 0; i < entry->values.count; i++) {
		const char *address = entry->values.items[i];

		if (!config_is_unicast(address))
			config_wrong(parse, entry->line,
				     "a nic's address is an IPv4 or IPv6 address alone, like "
				     "\"192.0.2.7\", not \"%s\"",
				     address);
		else if (nic->addresses.count == ADDRESSES_MAX)
			config_wrong(parse, entry->line, "a nic has more than %d addresses",
				     ADDRESSES_MAX);
		else
			config_add_text(parse, &nic->addresses, address);
	}
	if (entry->values.count == 0)
		config_wrong(parse, entry->line,
			     "address is an empty list: leave it out for any address");
}

static void set_may(struct config_parse *parse, const struct config_entry *entry, void *untyped)
{
	struct nic_config *nic = untyped;

	for (size_t i = 0; i < entry->values.count; i++) {
		const char *word = entry->values.items[i];
		int index = config_name_index(config_may_names, word);

		if (index < 0)
			config_wrong(parse, entry->line,
				     "a nic may be \"dhcp-server\" or \"router\", not \"%s\"",
				     word);
		else if (nic->may & 1U << index)
			config_wrong(parse, entry->line, "may names \"%s\" twice", word);
		else
			nic->may |= 1U << index;
	}
	if (entry->values.count == 0)
		config_wrong(parse, entry->line,
			     "may is an empty list: leave it out where nothing is allowed");
}

static const struct config_key keys[] = {
	{ "network", CONFIG_ATTRIBUTE, set_network }, { "model", CONFIG_ATTRIBUTE, set_model },
	{ "mac", CONFIG_ATTRIBUTE, set_mac },         { "address", CONFIG_LIST, set_addresses },
	{ "isolate", CONFIG_ATTRIBUTE, set_isolate }, { "may", CONFIG_LIST, set_may },
};
const struct config_keys config_nic_keys = CONFIG_KEYS(keys);

void config_parse_nic(struct config_parse *parse, const struct config_entry *block,
		      const char *where, struct guest_config *guest)
{
	struct nic_config *nic = NULL;

	if (guest->nic_count == NICS_MAX) {
		config_wrong(parse, block->line, "%s has more than %d NICs", where, NICS_MAX);
		return;
	}
	if (array_grow(guest->nics, guest->nic_count) < 0) {
		parse->out_of_memory = true;
		return;
	}
	nic = &guest->nics[guest->nic_count++];
	*nic = (struct nic_config){ .line = block->line, .network = strdup("lan") };
	if (!nic->network)
		parse->out_of_memory = true;
	config_apply(parse, block, where, &config_nic_keys, nic);
	if (nic->model != NIC_MODEL_VIRTIO && guest->machine == GUEST_MACHINE_MICROVM)
		config_wrong(parse, config_line_of(block, "model"),
			     "a microvm's NICs are model \"virtio\" only");
	if (nic->may & NIC_MAY_ROUTER && nic->addresses.count > 0)
		config_wrong(parse, config_line_of(block, "may"),
			     "a nic with address cannot be a router: what a router passes on comes "
			     "from other addresses");
}

const struct network_config *config_find_network(const struct host_config *config, const char *name)
{
	for (size_t i = 0; i < config->network_count; i++)
		if (strcmp(config->networks[i].name, name) == 0)
			return &config->networks[i];
	return NULL;
}

void guest_config_bind_networks(struct guest_config *guest, const struct host_config *host)
{
	for (size_t i = 0; i < guest->nic_count; i++) {
		struct nic_config *nic = &guest->nics[i];
		const struct network_config *network = config_find_network(host, nic->network);
		bool user = strcmp(nic->network, "user") == 0 ||
			    (network && network->mode == NETWORK_MODE_NAT);

		nic->kind = user ? NIC_NETWORK_USER : NIC_NETWORK_BRIDGE;
	}
}

struct mac_use {
	const struct nic_config *nic;
	const struct guest_config *guest;
	size_t order;
};

static int compare_macs(const void *a, const void *b)
{
	const struct mac_use *first = a, *second = b;
	int difference = memcmp(first->nic->mac, second->nic->mac, 6);

	return difference ? difference
			  : (first->order > second->order) - (first->order < second->order);
}

/* Every MAC that the file gives, sorted; of the same ones, in the order of the file. */
static int collect_macs(const struct host_config *config, struct mac_use **ret_uses,
			size_t *ret_count)
{
	struct mac_use *uses = NULL;
	size_t count = 0;

	for (size_t g = 0; g < config->guest_count; g++)
		for (size_t n = 0; n < config->guests[g].nic_count; n++) {
			const struct nic_config *nic = &config->guests[g].nics[n];

			if (!nic->has_mac)
				continue;
			if (array_grow(uses, count) < 0) {
				free(uses);
				return -ENOMEM;
			}
			uses[count] = (struct mac_use){ nic, &config->guests[g], count };
			count++;
		}
	if (count > 0)
		qsort(uses, count, sizeof(*uses), compare_macs);
	*ret_uses = uses;
	*ret_count = count;
	return 0;
}

static void check_macs(struct config_parse *parse, bool *wrong)
{
	_cleanup_free_ struct mac_use *uses = NULL;
	size_t count = 0, first = 0;

	if (collect_macs(parse->config, &uses, &count) < 0) {
		parse->out_of_memory = true;
		return;
	}
	for (size_t i = 1; i < count; i++) {
		if (memcmp(uses[i].nic->mac, uses[first].nic->mac, 6) != 0) {
			first = i;
			continue;
		}
		if (uses[i].guest == uses[first].guest)
			config_wrong(parse, uses[i].nic->line,
				     "two NICs of guest \"%s\" have the same mac",
				     uses[i].guest->name);
		else
			config_wrong(parse, uses[i].nic->line,
				     "guest \"%s\" has the same mac as guest \"%s\"",
				     uses[i].guest->name, uses[first].guest->name);
		wrong[uses[i].guest - parse->config->guests] = true;
	}
}

static bool check_networks(struct config_parse *parse, const struct guest_config *guest)
{
	bool right = true;

	for (size_t i = 0; i < guest->nic_count; i++) {
		const struct nic_config *nic = &guest->nics[i];

		if (nic->kind == NIC_NETWORK_USER ||
		    config_find_network(parse->config, nic->network))
			continue;
		config_wrong(parse, nic->line, "guest \"%s\": there is no network \"%s\"",
			     guest->name, nic->network);
		right = false;
	}
	return right;
}

void config_check_nics(struct config_parse *parse)
{
	struct host_config *config = parse->config;
	_cleanup_free_ bool *wrong = calloc(config->guest_count + 1, sizeof(*wrong));

	if (!wrong) {
		parse->out_of_memory = true;
		return;
	}
	for (size_t i = 0; i < config->guest_count; i++) {
		guest_config_bind_networks(&config->guests[i], config);
		wrong[i] = !check_networks(parse, &config->guests[i]);
	}
	check_macs(parse, wrong);
	config_remove_guests(config, wrong);
}
