// SPDX-License-Identifier: GPL-2.0-or-later
// A whole mvirt.conf, its default, and its canonical text.
#include "config.h"

#include <string.h>

#include "config-parse.h"

static void set_hostname(struct config_parse *parse, const struct config_entry *entry, void *object)
{
	struct host_config *config = object;

	if (!text_is_name(entry->values.items[0]))
		config_wrong(parse, entry->line,
			     "hostname is 1 to %d of a-z, 0-9 and -, not \"%s\"", NAME_LENGTH_MAX,
			     entry->values.items[0]);
	else
		config_set_text(parse, entry, &config->hostname);
}

static const struct config_key host_keys[] = {
	{ "hostname", CONFIG_ATTRIBUTE, set_hostname },
	{ "network", CONFIG_BLOCK, NULL },
	{ "guest", CONFIG_BLOCK, NULL },
};

void host_config_free(struct host_config *config)
{
	if (!config)
		return;
	for (size_t i = 0; i < config->network_count; i++)
		network_config_done(&config->networks[i]);
	for (size_t i = 0; i < config->guest_count; i++)
		guest_config_done(&config->guests[i]);
	free(config->networks);
	free(config->guests);
	free(config->hostname);
	free(config);
}

void config_mistakes_done(struct config_mistakes *mistakes)
{
	for (size_t i = 0; i < mistakes->count; i++)
		free(mistakes->items[i].message);
	free(mistakes->items);
	*mistakes = (struct config_mistakes){};
}

int host_config_default(struct host_config **ret_config)
{
	_cleanup_(host_config_freep) struct host_config *config = calloc(1, sizeof(*config));

	if (!config)
		return -ENOMEM;
	config->hostname = strdup("mvirt");
	config->networks = calloc(1, sizeof(*config->networks));
	if (!config->hostname || !config->networks)
		return -ENOMEM;
	config->network_count = 1;
	if (network_config_init(&config->networks[0], "lan") < 0)
		return -ENOMEM;
	*ret_config = take_ptr(config);
	return 0;
}

const struct guest_config *host_config_find_guest(const struct host_config *config,
						  const char *name)
{
	for (size_t i = 0; i < config->guest_count; i++)
		if (strcmp(config->guests[i].name, name) == 0)
			return &config->guests[i];
	return NULL;
}

/* Networks first: the guests' NICs name them wherever they are in the file. */
static void parse_tree(struct config_parse *parse, const struct config_entry *root)
{
	config_apply(parse, root, "the file", host_keys, ELEMENTS(host_keys), parse->config);
	for (size_t i = 0; i < root->entry_count; i++)
		if (root->entries[i].kind == CONFIG_BLOCK &&
		    strcmp(root->entries[i].key, "network") == 0)
			config_parse_network(parse, &root->entries[i]);
	for (size_t i = 0; i < root->entry_count; i++)
		if (root->entries[i].kind == CONFIG_BLOCK &&
		    strcmp(root->entries[i].key, "guest") == 0)
			config_parse_guest(parse, &root->entries[i]);
	config_check_guests(parse);
}

/* By line; mistakes of one line stay in the order they were found. */
static void sort_by_line(struct config_mistakes *mistakes)
{
	for (size_t i = 1; i < mistakes->count; i++)
		for (size_t j = i; j > 0 && mistakes->items[j - 1].line > mistakes->items[j].line;
		     j--) {
			struct config_mistake swapped = mistakes->items[j];

			mistakes->items[j] = mistakes->items[j - 1];
			mistakes->items[j - 1] = swapped;
		}
}

int host_config_parse(const char *text, struct host_config **ret_config,
		      struct config_mistakes *ret_mistakes)
{
	_cleanup_(config_entry_done) struct config_entry root = {};
	struct config_parse parse = {};
	_cleanup_free_ char *message = NULL;
	unsigned int line = 0;
	int r = host_config_default(&parse.config);

	if (r < 0)
		return r;
	r = config_tree_parse(text, &root, &line, &message);
	if (r == -EBADMSG)
		config_wrong(&parse, line, "%s: the file is not used", message);
	else if (r == 0)
		parse_tree(&parse, &root);
	if (r == -ENOMEM || parse.out_of_memory) {
		config_mistakes_done(&parse.mistakes);
		host_config_free(parse.config);
		return -ENOMEM;
	}
	sort_by_line(&parse.mistakes);
	*ret_config = parse.config;
	*ret_mistakes = parse.mistakes;
	return 0;
}
