// SPDX-License-Identifier: GPL-2.0-or-later
// A whole mvirt.conf, its default, and its canonical text.
#include "config.h"

#include <string.h>

#include "base/array.h"
#include "config-parse.h"

#define GUESTS_MAX 1000
#define RESERVE_MAX_MIB (16ULL << 20)

SETTER(set_memory_reserve, struct host_config,
       config_set_mebibytes(parse, entry, 1, RESERVE_MAX_MIB, &object->memory_reserve_bytes))

/* RFC 9562, section 4: the text of a UUID. */
static bool is_uuid(const char *text)
{
	static const char form[] = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";

	for (size_t i = 0; i < strlen(form); i++)
		if (form[i] == '-' ? text[i] != '-'
				   : !text[i] || !strchr("0123456789abcdefABCDEF", text[i]))
			return false;
	return !text[strlen(form)];
}

static void set_data_volume(struct config_parse *parse, const struct config_entry *entry,
			    void *object)
{
	struct host_config *config = object;

	if (!is_uuid(entry->values.items[0]))
		config_wrong(parse, entry->line,
			     "data-volume is the UUID of a file system, which `mvirt devices` or "
			     "blkid shows, not \"%s\"",
			     entry->values.items[0]);
	else
		config_set_text(parse, entry, &config->data_volume);
}

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

static const struct config_key keys[] = {
	{ "console-password", CONFIG_ATTRIBUTE, config_set_console_password },
	{ "data-volume", CONFIG_ATTRIBUTE, set_data_volume },
	{ "hostname", CONFIG_ATTRIBUTE, set_hostname },
	{ "memory-reserve", CONFIG_ATTRIBUTE, set_memory_reserve },
	{ "screen", CONFIG_ATTRIBUTE, config_set_screen },
	{ "scale", CONFIG_ATTRIBUTE, config_set_scale },
	{ "hotkey-dashboard", CONFIG_ATTRIBUTE, config_set_hotkey_dashboard },
	{ "hotkey-end", CONFIG_ATTRIBUTE, config_set_hotkey_end },
	{ "hotkey-guests", CONFIG_ATTRIBUTE, config_set_hotkey_guests },
	{ "network", CONFIG_BLOCK, NULL },
	{ "guest", CONFIG_BLOCK, NULL },
};
static const struct config_keys host_keys = CONFIG_KEYS(keys);

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
	free(config->screen.guest);
	free(config->hostname);
	free(config->console_password);
	free(config->data_volume);
	free(config);
}

int host_config_default(struct host_config **ret_config)
{
	_cleanup_(host_config_freep) struct host_config *config = calloc(1, sizeof(*config));

	if (!config)
		return -ENOMEM;
	screen_config_init(&config->screen);
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

static void add_guest(struct config_parse *parse, const struct config_entry *block)
{
	struct host_config *config = parse->config;
	const struct guest_config *same = NULL;
	struct guest_config guest = {};

	if (block->label)
		same = host_config_find_guest(config, block->label);
	if (same)
		config_wrong(parse, block->line,
			     "guest \"%s\" is given twice, first in line %u: this one is left out",
			     block->label, same->line);
	else if (config->guest_count == GUESTS_MAX)
		config_wrong(parse, block->line,
			     "the file has more than %d guests: this one is left out", GUESTS_MAX);
	if (same || config->guest_count == GUESTS_MAX || !config_parse_guest(parse, block, &guest))
		return;
	if (array_grow(config->guests, config->guest_count) < 0) {
		parse->out_of_memory = true;
		guest_config_done(&guest);
		return;
	}
	config->guests[config->guest_count++] = guest;
}

static void each_block(struct config_parse *parse, const struct config_entry *root, const char *key,
		       void (*read)(struct config_parse *parse, const struct config_entry *block))
{
	for (size_t i = 0; i < root->entry_count; i++)
		if (root->entries[i].kind == CONFIG_BLOCK && strcmp(root->entries[i].key, key) == 0)
			read(parse, &root->entries[i]);
}

/* Networks first: the guests' NICs name them wherever they are in the file. */
static void parse_tree(struct config_parse *parse, const struct config_entry *root)
{
	config_apply(parse, root, "the file", &host_keys, parse->config);
	each_block(parse, root, "network", config_parse_network);
	config_check_uplinks(parse);
	each_block(parse, root, "guest", add_guest);
	config_check_nics(parse);
	config_check_after(parse, root);
	config_check_screen(parse, root);
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
	if (r == -ENOMEM || parse.out_of_memory || config_mistakes_sort(&parse.mistakes) < 0) {
		config_mistakes_done(&parse.mistakes);
		host_config_free(parse.config);
		return -ENOMEM;
	}
	*ret_config = parse.config;
	*ret_mistakes = parse.mistakes;
	return 0;
}
