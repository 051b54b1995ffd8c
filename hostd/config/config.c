// SPDX-License-Identifier: GPL-2.0-or-later
// A whole mvirt.conf, its default, and its canonical text.
#include "config.h"

#include <string.h>

#include "base/array.h"
#include "config-parse.h"

#define GUESTS_MAX 1000

void host_config_free(struct host_config *config)
{
	if (config)
		config_block_done(&config_host_block, config);
	free(config);
}

static int make_default(struct config_parse *parse)
{
	parse->config = calloc(1, sizeof(*parse->config));
	if (!parse->config)
		return -ENOMEM;
	config_block_init(parse, &config_host_block, parse->config);
	(void)config_add_network(parse, "lan");
	if (!parse->out_of_memory)
		return 0;
	host_config_free(take_ptr(parse->config));
	return -ENOMEM;
}

int host_config_default(struct host_config **ret_config)
{
	struct config_parse parse = {};
	int r = make_default(&parse);

	if (r == 0)
		*ret_config = parse.config;
	return r;
}

char *host_config_format(const struct host_config *config)
{
	char *text = NULL;
	size_t length = 0;
	FILE *out = open_memstream(&text, &length);

	if (!out)
		return NULL;
	config_block_write(&config_host_block, config, "", false, out);
	return config_text_finish(out, &text);
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

/* A guest that is not in the file may be on the data volume. */
static void check_screen(struct config_parse *parse, const struct config_entry *root)
{
	const char *name = parse->config->screen.guest;
	const struct guest_config *guest =
		name ? host_config_find_guest(parse->config, name) : NULL;

	if (guest && guest->display == GUEST_DISPLAY_NONE)
		config_wrong(parse, config_line_of(root, "screen"),
			     "screen: guest \"%s\" has no display: it wants display = \"vnc\"",
			     name);
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
	config_block_read(parse, &config_host_block, root, "the file", parse->config);
	each_block(parse, root, "network", config_parse_network);
	config_check_uplinks(parse);
	each_block(parse, root, "guest", add_guest);
	config_check_nics(parse);
	config_check_after(parse, root);
	check_screen(parse, root);
}

int host_config_parse(const char *text, struct host_config **ret_config,
		      struct config_mistakes *ret_mistakes)
{
	_cleanup_(config_entry_done) struct config_entry root = {};
	struct config_parse parse = {};
	_cleanup_free_ char *message = NULL;
	unsigned int line = 0;
	int r = make_default(&parse);

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
