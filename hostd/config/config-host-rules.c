// SPDX-License-Identifier: GPL-2.0-or-later
// What the keys of the host, of a network, and of two networks ask of each other.
#include <string.h>
#include <strings.h>

#include "config-parse.h"

static bool same_key(const struct hotkey_config *a, const struct hotkey_config *b)
{
	return a->code && a->code == b->code && a->modifiers == b->modifiers;
}

/* Before networks and guests are known. */
void config_check_host(struct config_parse *parse, const struct config_entry *root, void *object)
{
	struct host_config *config = object;
	struct screen_config *screen = &config->screen;

	/* Somebody wanted them locked: a hash that no password has. */
	if (!config->console_password && config_has_key(root, "console-password")) {
		config->console_password = strdup(CONFIG_LOCKED);
		parse->out_of_memory |= !config->console_password;
	}
	if (same_key(&screen->dashboard, &screen->end)) {
		config_wrong(parse, config_line_of(root, "hotkey-end"),
			     "hotkey-end is the same as hotkey-dashboard: it does what that does");
		screen->end = (struct hotkey_config){};
	}
}

static bool has_ipv4(const struct network_config *network)
{
	for (size_t i = 0; i < network->addresses.count; i++)
		if (!strchr(network->addresses.items[i], ':'))
			return true;
	return false;
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

/* What was meant is not known: guests are rather alone than where nobody wants them. The host
 * itself has to be reached, over "lan". */
static bool has_wrong_mode(const struct config_entry *block, const struct network_config *network)
{
	const struct config_entry *mode = config_entry_of(block, "mode");

	return mode && network->mode == NETWORK_MODE_BRIDGE && strcmp(network->name, "lan") != 0 &&
	       (mode->kind != CONFIG_ATTRIBUTE || strcmp(mode->values.items[0], "bridge") != 0);
}

void config_check_network(struct config_parse *parse, const struct config_entry *block,
			  void *object)
{
	struct network_config *network = object;

	if (has_wrong_mode(block, network))
		network->mode = NETWORK_MODE_ISOLATED;
	check_mode(parse, block, network);
	check_bond(parse, block, network);
	if (network->ipv4 == ADDRESS_STATIC && !has_ipv4(network)) {
		config_wrong(parse, block->line,
			     "network \"%s\" is static and has no IPv4 address: it uses DHCP",
			     block->label);
		network->ipv4 = ADDRESS_DHCP;
	}
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
