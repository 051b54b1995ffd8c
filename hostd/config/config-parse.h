/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the parts of the parser share: the mistakes, and keys as tables. Private to config/. */
#pragma once

#include "config/config-tree.h"
#include "config/config.h"

struct config_parse {
	struct host_config *config;
	struct config_mistakes mistakes;
	bool out_of_memory;
};

/*
 * A key that a block may have. set writes the value into the block's object, or records a mistake;
 * NULL for blocks, which the caller walks itself.
 */
struct config_key {
	const char *name;
	enum config_kind kind; /* a list's key also takes a single value */
	void (*set)(struct config_parse *parse, const struct config_entry *entry, void *object);
};

/* Records a mistake at a line. */
void config_wrong(struct config_parse *parse, unsigned int line, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/*
 * Sets every attribute of a block by the table, recording unknown keys (with the nearest known
 * one), repeated ones, and wrong kinds. where names the block for people: "guest \"web\"".
 */
void config_apply(struct config_parse *parse, const struct config_entry *block, const char *where,
		  const struct config_key *keys, size_t key_count, void *object);

/* Values of one type; each records a mistake and leaves the output alone when the text is not one.
 */
void config_set_text(struct config_parse *parse, const struct config_entry *entry, char **output);
void config_set_bool(struct config_parse *parse, const struct config_entry *entry, bool *output);
void config_set_unsigned(struct config_parse *parse, const struct config_entry *entry,
			 unsigned int low, unsigned int high, unsigned int *output);
/* names: NULL-terminated, in the order of the enumeration. Returns the index, or -1 with a mistake.
 */
int config_choose(struct config_parse *parse, const struct config_entry *entry,
		  const char *const *names);
/* A path relative to the configuration's volume: no "..", no control characters. */
void config_set_path(struct config_parse *parse, const struct config_entry *entry, char **output);

/* "52:54:00:12:34:56", unicast. Returns 0 or -EINVAL. */
int config_parse_mac(const char *text, uint8_t ret_mac[static 6]);
/* "192.0.2.7/24" or "2001:db8::7/64". Returns 0 or -EINVAL. */
int config_check_prefix(const char *text);

/* The blocks network and guest; each checks its block and adds to parse->config what is right. */
void config_parse_network(struct config_parse *parse, const struct config_entry *block);
void config_parse_guest(struct config_parse *parse, const struct config_entry *block);
/* What can only be checked when everything is read: networks that NICs name, MACs used twice. */
void config_check_guests(struct config_parse *parse);

void guest_config_done(struct guest_config *guest);
void network_config_done(struct network_config *network);
int network_config_init(struct network_config *network, const char *name);
