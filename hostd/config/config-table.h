/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The keys of each block, as one table: how a value is read, written, copied, freed and compared,
 * what its default is, when a change of it counts, and what the manual says of it.
 */
#pragma once

#include "config/config-tree.h"
#include "config/config.h"

enum field_kind {
	FIELD_TEXT, /* char *; is: which texts; high: how many bytes, 0: any */
	FIELD_PATH, /* char *, see config-path.h */
	FIELD_BOOL,
	FIELD_NUMBER, /* unsigned int, low to high; below low: not set */
	FIELD_SIZE, /* uint64_t bytes, low to high; 0: not set. Whole MiB, unless wrong says else */
	FIELD_CHOICE, /* an enumeration; low: the bits of the names that may be written, 0: all */
	FIELD_BITS, /* unsigned int: a list of names, one bit each */
	FIELD_ORDER, /* an array of an enumeration with its count: a list of names, each once */
	FIELD_TEXTS, /* struct text_list; is: which texts, high: how many */
	FIELD_FORM, /* what form reads and writes */
	FIELD_PART, /* one block, whose object begins with bool present */
	FIELD_PARTS, /* an array of blocks with its count; high: how many */
	FIELD_OWNED, /* char * that has no key of its own */
};

struct config_field;

/* A value in a form of its own. object is the whole block's. */
struct config_form {
	/* Returns 0, -EINVAL (wrong), -ERANGE (many) or -ENOMEM. */
	int (*read)(const struct config_field *field, const char *text, void *object);
	/* The text, in the buffer or not; NULL: not set. */
	const char *(*write)(const struct config_field *field, const void *object, char *buffer);
};

struct config_field {
	const char *key;
	enum field_kind kind;
	size_t offset;
	uint64_t low, high;
	const char *standard; /* the default, as text; a list's with commas. NULL: not set */
	const char *const *names; /* of CHOICE, BITS and ORDER */
	bool (*is)(const char *text);
	const struct config_form *form;
	/* What is said of a wrong value, of too many and of none; a % is the value, or high. */
	const char *wrong, *many, *empty;
	bool once; /* TEXTS: no value twice */
	bool now; /* a change counts at once for a guest that runs; otherwise at its next start */
	bool brief; /* left out of the canonical text where it is the default */
	bool (*is_shown)(const void *object); /* in the canonical text; NULL: always */
	size_t count; /* offset of the count of ORDER and PARTS */
	const struct config_block *block; /* of PART and PARTS */
	const char *api; /* its name in the API; NULL: the API does not show it as it is */
	/* For the manual: a % is the range. otherwise: the default, where standard is none. */
	const char *meaning, *otherwise;
};

struct config_parse;

struct config_block {
	const struct config_field *fields;
	size_t count, size; /* of the fields, and of the object */
	bool is_named; /* KEY "NAME" { … }: the object begins with char *name */
	size_t line; /* offset of the line, unsigned int */
	size_t unknown; /* offset of what another hostd wrote, char *; 0: it is not kept */
	/* What is no key's alone; called once, when the block was read. */
	void (*check)(struct config_parse *parse, const struct config_entry *entry, void *object);
};

#define CONFIG_FIELDS_MAX 64

extern const struct config_block config_host_block, config_network_block, config_guest_block,
	config_disk_block, config_cdrom_block, config_nic_block, config_cloud_init_block;

/*
 * The value as text, or NULL where it is not set, for a field of one value; the index-th value of a
 * list, or NULL behind the last.
 */
#define CONFIG_VALUE_BYTES 256
const char *config_field_text(const struct config_field *field, const void *object,
			      char buffer[static CONFIG_VALUE_BYTES]);
const char *config_field_item(const struct config_field *field, const void *object, size_t index);
bool config_field_is_list(const struct config_field *field);
static inline bool config_field_is_block(const struct config_field *field)
{
	return field->kind == FIELD_PART || field->kind == FIELD_PARTS;
}
/* How many parts there are, and one of them. */
size_t config_part_count(const struct config_field *field, const void *object);
const void *config_part(const struct config_field *field, const void *object, size_t index);

/* NULL where the block has no such key; of the other, key is length long. */
const struct config_field *config_field_find(const struct config_block *block, const char *key);
const struct config_field *config_field_find_part(const struct config_block *block, const char *key,
						  size_t length);
