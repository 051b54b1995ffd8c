// SPDX-License-Identifier: GPL-2.0-or-later
// NICs among all guests: the networks that they name, and MACs that are used twice.
#include <string.h>

#include "config-parse.h"

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

/* Whose the first NIC of the file with this MAC is; there are 8000 at most. */
static const struct guest_config *first_with_mac(const struct host_config *config,
						 const struct nic_config *nic,
						 const struct nic_config **ret_first)
{
	for (size_t g = 0; g < config->guest_count; g++)
		for (size_t n = 0; n < config->guests[g].nic_count; n++) {
			*ret_first = &config->guests[g].nics[n];
			if ((*ret_first)->has_mac && memcmp((*ret_first)->mac, nic->mac, 6) == 0)
				return &config->guests[g];
		}
	return NULL;
}

static bool check_macs(struct config_parse *parse, const struct guest_config *guest)
{
	bool right = true;

	for (size_t i = 0; i < guest->nic_count; i++) {
		const struct nic_config *nic = &guest->nics[i], *first = nic;
		const struct guest_config *other =
			nic->has_mac ? first_with_mac(parse->config, nic, &first) : guest;

		if (first == nic)
			continue;
		if (other == guest)
			config_wrong(parse, nic->line, "two NICs of guest \"%s\" have the same mac",
				     guest->name);
		else
			config_wrong(parse, nic->line,
				     "guest \"%s\" has the same mac as guest \"%s\"", guest->name,
				     other->name);
		right = false;
	}
	return right;
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
		wrong[i] |= !check_macs(parse, &config->guests[i]);
	}
	config_remove_guests(config, wrong);
}
