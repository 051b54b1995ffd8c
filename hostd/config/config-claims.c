// SPDX-License-Identifier: GPL-2.0-or-later
// The devices of all guests in a file.
#include "config-claims.h"

#include <string.h>

#include "config-tree.h"

static int add_values(const struct config_entry *entry, struct text_list *devices)
{
	int r = 0;

	for (size_t i = 0; r >= 0 && i < entry->values.count; i++)
		r = text_list_add(devices, entry->values.items[i]);
	return r;
}

/* Blocks are nested CONFIG_DEPTH_MAX deep at most. */
static int add_devices(const struct config_entry *block, struct text_list *devices)
{
	int r = 0;

	for (size_t i = 0; r >= 0 && i < block->entry_count; i++) {
		const struct config_entry *entry = &block->entries[i];

		if (entry->kind == CONFIG_BLOCK)
			r = add_devices(entry, devices);
		else if (strcmp(entry->key, "device") == 0)
			r = add_values(entry, devices);
	}
	return r;
}

int config_claims(const char *text, struct text_list *devices)
{
	struct config_entry root = {};
	_cleanup_free_ char *message = NULL;
	unsigned int line = 0;
	int r = config_tree_parse(text, &root, &line, &message);

	if (r < 0)
		return r;
	r = add_devices(&root, devices);
	config_entry_done(&root);
	return r;
}
