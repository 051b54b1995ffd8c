/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The syntax of mvirt.conf: text -> a tree of attributes and blocks, each with its line. Pure. */
#pragma once

#include <stddef.h>
#include <stdio.h>

#include "base/text.h"

enum config_kind {
	CONFIG_ATTRIBUTE, /* key = value */
	CONFIG_LIST, /* key = { value, value } or [ value, value ] */
	CONFIG_BLOCK, /* key "label" { … } or key { … } */
};

struct config_entry {
	enum config_kind kind;
	unsigned int line;
	char *key;
	char *label; /* of a block, or NULL */
	struct text_list values; /* one of an attribute, any number of a list */
	struct config_entry *entries; /* of a block */
	size_t entry_count;
};

#define CONFIG_DEPTH_MAX 8
#define CONFIG_STRING_LENGTH_MAX 4096

/*
 * Parses a whole file into a block without key. Returns 0, -ENOMEM, or -EBADMSG with the line and a
 * message of what is wrong there (a new string) and the tree untouched.
 */
int config_tree_parse(const char *text, struct config_entry *ret_root, unsigned int *ret_line,
		      char **ret_message);
void config_entry_done(struct config_entry *entry);
/* One value, or those between the commas of a list. Returns 0 or -ENOMEM. */
int config_entry_add_values(struct config_entry *entry, const char *text, bool is_list);
/* The entry as lines behind those of before (or NULL). A new string, or NULL. */
char *config_entry_text(const struct config_entry *entry, const char *before);
/* In quotes, on one line. */
void config_write_quoted(FILE *out, const char *text);
/* Closes a memory stream: only then its text is whole. Returns it, or NULL. */
char *config_text_finish(FILE *out, char **text);
