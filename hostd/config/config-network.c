// SPDX-License-Identifier: GPL-2.0-or-later
// The block network "NAME" { … }.
#include <arpa/inet.h>
#include <string.h>
#include <strings.h>

#include "base/array.h"
#include "config-parse.h"

#define NETWORKS_MAX 256
#define ADDRESSES_MAX 32
#define BOND_MAX 8

SETTER(set_uplink, struct network_config, config_set_text(parse, entry, &object->uplink))
SETTER(set_vlan, struct network_config, config_set_unsigned(parse, entry, 1, 4094, &object->vlan))
SETTER(set_mtu, struct network_config, config_set_unsigned(parse, entry, 576, 65535, &object->mtu))
SETTER(set_ipv6_ra, struct network_config, config_set_bool(parse, entry, &object->ipv6_ra))
CHOICE(set_ipv4, struct network_config, ipv4, config_address_mode_names)

/* What was meant is not known: guests are rather alone than where nobody wants them. The host
 * itself has to be reached, over "lan". */
static void set_mode(struct config_parse *parse, const struct config_entry *entry, void *object)
{
	struct network_config *network = object;
	int chosen = config_choose(parse, entry, config_network_mode_names);

	if (chosen >= 0)
		network->mode = (enum network_mode)chosen;
	else if (strcmp(network->name, "lan") != 0)
		network->mode = NETWORK_MODE_ISOLATED;
}

static void set_bond(struct config_parse *parse, const struct config_entry *entry, void *object)
{
	struct network_config *network = object;

	for (size_t i = 0; i < entry->values.count; i++) {
		const char *nic = entry->values.items[i];

		if (!*nic || config_has_control(nic))
			config_wrong(parse, entry->line, "bond: \"%s\" names no NIC", nic);
		else if (config_list_has(&network->bond, nic))
			config_wrong(parse, entry->line, "bond names \"%s\" twice", nic);
		else if (network->bond.count == BOND_MAX)
			config_wrong(parse, entry->line, "bond names more than %d NICs", BOND_MAX);
		else
			config_add_text(parse, &network->bond, nic);
	}
}

static void set_addresses(struct config_parse *parse, const struct config_entry *entry,
			  void *object)
{
	struct network_config *network = object;

	for (size_t i = 0; i < entry->values.count; i++) {
		const char *address = entry->values.items[i];

		if (config_check_prefix(address) < 0)
			config_wrong(parse, entry->line,
				     "address \"%s\" is not ADDRESS/PREFIX like 192.0.2.7/24",
				     address);
		else if (network->addresses.count == ADDRESSES_MAX)
			config_wrong(parse, entry->line, "a network has more than %d addresses",
				     ADDRESSES_MAX);
		else
			config_add_text(parse, &network->addresses, address);
	}
}

static void set_gateway_of(struct config_parse *parse, const struct config_entry *entry, int family,
			   char **output)
{
	char binary[16];

	if (inet_pton(family, entry->values.items[0], binary) != 1)
		config_wrong(parse, entry->line, "%s \"%s\" is not an %s address", entry->key,
			     entry->values.items[0], family == AF_INET ? "IPv4" : "IPv6");
	else
		config_set_text(parse, entry, output);
}
SETTER(set_gateway, struct network_config, set_gateway_of(parse, entry, AF_INET, &object->gateway))
SETTER(set_gateway6, struct network_config,
       set_gateway_of(parse, entry, AF_INET6, &object->gateway6))

static void set_dns(struct config_parse *parse, const struct config_entry *entry, void *object)
{
	struct network_config *network = object;

	for (size_t i = 0; i < entry->values.count; i++)
		if (!config_is_address(entry->values.items[i]))
			config_wrong(parse, entry->line, "dns \"%s\" is not an address",
				     entry->values.items[i]);
		else
			config_add_text(parse, &network->dns, entry->values.items[i]);
}

static const struct config_key keys[] = {
	{ "mode", CONFIG_ATTRIBUTE, set_mode },
	{ "uplink", CONFIG_ATTRIBUTE, set_uplink },
	{ "bond", CONFIG_LIST, set_bond },
	{ "vlan", CONFIG_ATTRIBUTE, set_vlan },
	{ "mtu", CONFIG_ATTRIBUTE, set_mtu },
	{ "ipv4", CONFIG_ATTRIBUTE, set_ipv4 },
	{ "address", CONFIG_LIST, set_addresses },
	{ "gateway", CONFIG_ATTRIBUTE, set_gateway },
	{ "gateway6", CONFIG_ATTRIBUTE, set_gateway6 },
	{ "dns", CONFIG_LIST, set_dns },
	{ "ipv6-ra", CONFIG_ATTRIBUTE, set_ipv6_ra },
};
static const struct config_keys network_keys = CONFIG_KEYS(keys);

int network_config_init(struct network_config *network, const char *name)
{
	*network = (struct network_config){ .name = strdup(name),
					    .ipv4 = ADDRESS_DHCP,
					    .ipv6_ra = true };
	return network->name ? 0 : -ENOMEM;
}

void network_config_done(struct network_config *network)
{
	free(network->name);
	free(network->uplink);
	text_list_done(&network->bond);
	free(network->gateway);
	free(network->gateway6);
	text_list_done(&network->addresses);
	text_list_done(&network->dns);
	*network = (struct network_config){};
}

static bool has_ipv4(const struct network_config *network)
{
	for (size_t i = 0; i < network->addresses.count; i++)
		if (!strchr(network->addresses.items[i], ':'))
			return true;
	return false;
}

/* Where "lan" is, or a new network's place. NULL with a mistake, or without memory. */
static struct network_config *place_for(struct config_parse *parse,
					const struct config_entry *block)
{
	struct host_config *config = parse->config;

	for (size_t i = 0; i < config->network_count; i++) {
		struct network_config *network = &config->networks[i];

		if (strcmp(network->name, block->label) != 0)
			continue;
		if (network->line) {
			config_wrong(parse, block->line,
				     "network \"%s\" is given twice, first in line %u",
				     block->label, network->line);
			return NULL;
		}
		return network;
	}
	if (config->network_count == NETWORKS_MAX) {
		config_wrong(parse, block->line,
			     "the file has more than %d networks: this one is left out",
			     NETWORKS_MAX);
		return NULL;
	}
	if (array_grow(config->networks, config->network_count) < 0 ||
	    network_config_init(&config->networks[config->network_count], block->label) < 0) {
		parse->out_of_memory = true;
		return NULL;
	}
	return &config->networks[config->network_count++];
}

static void drop_uplink(struct network_config *network)
{
	free(take_ptr(network->uplink));
	text_list_done(&network->bond);
	network->vlan = 0;
}

static void drop_addresses(struct network_config *network)
{
	network->mtu = 0;
	text_list_done(&network->addresses);
	free(take_ptr(network->gateway));
	free(take_ptr(network->gateway6));
	text_list_done(&network->dns);
}

/* What a network without a NIC has no use for is said, and not used. */
static void check_mode(struct config_parse *parse, const struct config_entry *block,
		       struct network_config *network)
{
	static const char *const unused[] = { "uplink",  "bond", "vlan",    "mtu",      "ipv4",
					      "address", "dns",  "gateway", "gateway6", "ipv6-ra" };
	bool nat = network->mode == NETWORK_MODE_NAT;
	size_t count = nat ? ELEMENTS(unused) : 3;

	if (network->mode == NETWORK_MODE_BRIDGE)
		return;
	for (size_t i = 0; i < count; i++)
		if (config_has_key(block, unused[i]))
			config_wrong(parse, config_line_of(block, unused[i]),
				     nat ? "network \"%s\" is in mode \"nat\": each guest has one "
					   "of its own, and %s is not used"
					 : "network \"%s\" is in mode \"isolated\", without a NIC: "
					   "%s is not used",
				     network->name, unused[i]);
	drop_uplink(network);
	if (nat)
		drop_addresses(network);
	/* Nobody is asked for an address there, unless the file says so. */
	if (nat || !config_has_key(block, "ipv4"))
		network->ipv4 = !nat && has_ipv4(network) ? ADDRESS_STATIC : ADDRESS_NONE;
	if (nat || !config_has_key(block, "ipv6-ra"))
		network->ipv6_ra = false;
}

/* Of a bond that is none, its one NIC is the uplink. */
static void check_bond(struct config_parse *parse, const struct config_entry *block,
		       struct network_config *network)
{
	unsigned int line = config_line_of(block, "bond");

	if (network->mode != NETWORK_MODE_BRIDGE || !config_has_key(block, "bond"))
		return;
	if (network->uplink) {
		config_wrong(parse, line,
			     "network \"%s\" has both an uplink and a bond: the bond is not used",
			     network->name);
	} else if (network->bond.count == 1) {
		config_wrong(parse, line, "a bond is of two NICs or more: \"%s\" is used alone",
			     network->bond.items[0]);
		network->uplink = strdup(network->bond.items[0]);
		if (!network->uplink)
			parse->out_of_memory = true;
	} else if (network->bond.count == 0) {
		config_wrong(parse, line, "a bond is of two NICs or more: it is not used");
	} else {
		return;
	}
	text_list_done(&network->bond);
}

static void check_network(struct config_parse *parse, const struct config_entry *block,
			  struct network_config *network)
{
	check_mode(parse, block, network);
	check_bond(parse, block, network);
	if (network->ipv4 == ADDRESS_STATIC && !has_ipv4(network)) {
		config_wrong(parse, block->line,
			     "network \"%s\" is static and has no IPv4 address: it uses DHCP",
			     block->label);
		network->ipv4 = ADDRESS_DHCP;
	}
}

/*
 * A network with a mistake keeps what is right in it: a host that is half reachable can be mended.
 */
void config_parse_network(struct config_parse *parse, const struct config_entry *block)
{
	struct network_config *network = NULL;
	_cleanup_free_ char *where = NULL;

	/* The bridge has the network's name, and an interface's name has 15 characters. */
	if (!block->label || !text_is_name(block->label) || strlen(block->label) > 15) {
		config_wrong(parse, block->line,
			     "a network is network \"NAME\" { … } with a name of 1 to 15 of a-z, "
			     "0-9 and -");
		return;
	}
	if (strcmp(block->label, "user") == 0) {
		config_wrong(
			parse, block->line,
			"network \"user\" is what each guest has for itself: use another name");
		return;
	}
	network = place_for(parse, block);
	if (!network)
		return;
	network->line = block->line;
	where = text_format("network \"%s\"", block->label);
	if (!where) {
		parse->out_of_memory = true;
		return;
	}
	config_apply(parse, block, where, &network_keys, network);
	check_network(parse, block, network);
}

/* A NIC that both of two networks name, or NULL. */
static const char *shared_nic(const struct network_config *a, const struct network_config *b)
{
	size_t a_count = a->uplink ? 1 : a->bond.count, b_count = b->uplink ? 1 : b->bond.count;

	for (size_t i = 0; i < a_count; i++)
		for (size_t j = 0; j < b_count; j++) {
			const char *nic = b->uplink ? b->uplink : b->bond.items[j];

			if (strcasecmp(a->uplink ? a->uplink : a->bond.items[i], nic) == 0)
				return nic;
		}
	return NULL;
}

static bool same_bond(const struct network_config *a, const struct network_config *b)
{
	if (a->bond.count != b->bond.count)
		return false;
	for (size_t i = 0; i < a->bond.count; i++)
		if (!config_list_has(&b->bond, a->bond.items[i]))
			return false;
	return true;
}

/* Over any other NIC the guests would be where nobody wants them. */
static void isolate(struct network_config *network)
{
	drop_uplink(network);
	network->mode = NETWORK_MODE_ISOLATED;
	if (network->ipv4 == ADDRESS_DHCP)
		network->ipv4 = ADDRESS_NONE;
	network->ipv6_ra = false;
}

static void check_uplink(struct config_parse *parse, struct network_config *network,
			 const struct network_config *earlier)
{
	const char *nic = shared_nic(earlier, network);

	/* Several VLANs on one NIC, or on one bond, are what VLANs are for. */
	if (!nic || (same_bond(earlier, network) && earlier->vlan != network->vlan))
		return;
	if (same_bond(earlier, network))
		config_wrong(parse, network->line,
			     "network \"%s\" has the same uplink and vlan as network \"%s\": it is "
			     "isolated",
			     network->name, earlier->name);
	else
		config_wrong(parse, network->line,
			     "network \"%s\": \"%s\" is used by network \"%s\" in another bond or "
			     "alone: it is isolated",
			     network->name, nic, earlier->name);
	isolate(network);
}

void config_check_uplinks(struct config_parse *parse)
{
	struct host_config *config = parse->config;

	for (size_t i = 1; i < config->network_count; i++)
		for (size_t j = 0; j < i; j++)
			check_uplink(parse, &config->networks[i], &config->networks[j]);
}
