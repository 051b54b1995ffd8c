// SPDX-License-Identifier: GPL-2.0-or-later
// The block network "NAME" { … }.
#include <string.h>

#include "base/array.h"
#include "config-parse.h"

#define NETWORKS_MAX 256

struct network_config *config_add_network(struct config_parse *parse, const char *name)
{
	struct host_config *config = parse->config;
	_cleanup_free_ char *copy = strdup(name);
	struct network_config *network = NULL;

	if (!copy || array_grow(config->networks, config->network_count) < 0) {
		parse->out_of_memory = true;
		return NULL;
	}
	network = &config->networks[config->network_count++];
	config_block_init(parse, &config_network_block, network);
	network->name = take_ptr(copy);
	return network;
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
	return config_add_network(parse, block->label);
}

/*
 * A network with a mistake keeps what is right in it: a host that is half reachable can be mended.
 */
void config_parse_network(struct config_parse *parse, const struct config_entry *block)
{
	struct network_config *network = NULL;
	_cleanup_free_ char *where = NULL;

	/* The bridge has the network's name, and an interface's name has 15 characters. */
	if (!block->label || !config_is_name(block->label) || strlen(block->label) > 15) {
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
	where = text_format("network \"%s\"", block->label);
	if (!where) {
		parse->out_of_memory = true;
		return;
	}
	config_block_read(parse, &config_network_block, block, where, network);
}
