// SPDX-License-Identifier: GPL-2.0-or-later
// The block network "NAME" { … }.
#include <arpa/inet.h>
#include <string.h>

#include "config-parse.h"

static const char *const modes[] = { "dhcp", "static", "none", NULL };

static void set_uplink(struct config_parse *parse, const struct config_entry *entry, void *object)
{
	struct network_config *network = object;

	config_set_text(parse, entry, &network->uplink);
}

static void set_ipv4(struct config_parse *parse, const struct config_entry *entry, void *object)
{
	struct network_config *network = object;
	int mode = config_choose(parse, entry, modes);

	if (mode >= 0)
		network->ipv4 = (enum address_mode)mode;
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
		else if (text_list_add(&network->addresses, address) < 0)
			parse->out_of_memory = true;
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

static void set_gateway(struct config_parse *parse, const struct config_entry *entry, void *object)
{
	struct network_config *network = object;

	set_gateway_of(parse, entry, AF_INET, &network->gateway);
}

static void set_gateway6(struct config_parse *parse, const struct config_entry *entry, void *object)
{
	struct network_config *network = object;

	set_gateway_of(parse, entry, AF_INET6, &network->gateway6);
}

static void set_dns(struct config_parse *parse, const struct config_entry *entry, void *object)
{
	struct network_config *network = object;
	char binary[16];

	for (size_t i = 0; i < entry->values.count; i++) {
		const char *server = entry->values.items[i];

		if (inet_pton(strchr(server, ':') ? AF_INET6 : AF_INET, server, binary) != 1)
			config_wrong(parse, entry->line, "dns \"%s\" is not an address", server);
		else if (text_list_add(&network->dns, server) < 0)
			parse->out_of_memory = true;
	}
}

static void set_ipv6_ra(struct config_parse *parse, const struct config_entry *entry, void *object)
{
	struct network_config *network = object;

	config_set_bool(parse, entry, &network->ipv6_ra);
}

static const struct config_key keys[] = {
	{ "uplink", CONFIG_ATTRIBUTE, set_uplink },
	{ "ipv4", CONFIG_ATTRIBUTE, set_ipv4 },
	{ "address", CONFIG_LIST, set_addresses },
	{ "gateway", CONFIG_ATTRIBUTE, set_gateway },
	{ "gateway6", CONFIG_ATTRIBUTE, set_gateway6 },
	{ "dns", CONFIG_LIST, set_dns },
	{ "ipv6-ra", CONFIG_ATTRIBUTE, set_ipv6_ra },
};

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
	struct network_config *grown = NULL;

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
	grown = reallocarray(config->networks, config->network_count + 1, sizeof(*grown));
	if (grown)
		config->networks = grown;
	if (!grown || network_config_init(&grown[config->network_count], block->label) < 0) {
		parse->out_of_memory = true;
		return NULL;
	}
	return &grown[config->network_count++];
}

/* A network with a mistake keeps what is right in it: a host that is half reachable can be mended.
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
	network = place_for(parse, block);
	if (!network)
		return;
	network->line = block->line;
	where = text_format("network \"%s\"", block->label);
	if (!where) {
		parse->out_of_memory = true;
		return;
	}
	config_apply(parse, block, where, keys, ELEMENTS(keys), network);
	if (network->ipv4 == ADDRESS_STATIC && !has_ipv4(network)) {
		config_wrong(parse, block->line,
			     "network \"%s\" is static and has no IPv4 address: it uses DHCP",
			     block->label);
		network->ipv4 = ADDRESS_DHCP;
	}
}
