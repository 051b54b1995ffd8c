/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the parts of the parser share: the mistakes, and keys as tables. Private to config/. */
#pragma once

#include "config/config-tree.h"
#include "config/config.h"

struct config_parse {
	struct host_config *config; /* NULL: one guest alone, from guest.conf */
	const char *guest; /* the name of the guest that is read */
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

#define CONFIG_KEYS_MAX 64

struct config_keys {
	const struct config_key *items;
	size_t count;
};
#define CONFIG_KEYS(array) { (array), ELEMENTS(array) }

extern const struct config_keys config_guest_keys, config_disk_keys, config_cdrom_keys,
	config_nic_keys, config_cloud_init_keys;

/* The setters of one object's keys: what to do with parse, entry, object. */
#define SETTER(name, type, ...)                                                        \
	static void name(struct config_parse *parse, const struct config_entry *entry, \
			 void *untyped)                                                \
	{                                                                              \
		type *object = untyped;                                                \
		__VA_ARGS__;                                                           \
	}
#define CHOICE(name, type, field, names)                                    \
	SETTER(name, type, int chosen = config_choose(parse, entry, names); \
	       if (chosen >= 0) object->field = (typeof(object->field))chosen)

/* The enumerations as in the file, in their order and NULL-terminated. */
extern const char *const config_machine_names[],
	*const config_firmware_names[],
		*const config_accel_names[],
			*const config_restart_names[],
				*const config_watchdog_names[],
					*const config_display_names[],
						*const config_video_names[],
							*const config_boot_names[],
								*const config_bus_names[],
									*const config_model_names[],
										*const config_address_mode_names
											[],
												*const config_network_mode_names
													[];
extern const char *const config_may_names[]; /* of the bits of enum nic_may */

/* Records a mistake at a line. */
void config_wrong(struct config_parse *parse, unsigned int line, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* By line; mistakes of one line stay in the order they were found. Returns 0 or -ENOMEM. */
int config_mistakes_sort(struct config_mistakes *mistakes);

/*
 * Sets every attribute of a block by the table, recording unknown keys (with the nearest known
 * one), repeated ones, and wrong kinds. where names the block for people: "guest \"web\"".
 */
void config_apply(struct config_parse *parse, const struct config_entry *block, const char *where,
		  const struct config_keys *keys, void *object);
const struct config_key *config_key_find(const struct config_keys *keys, const char *name);

/*
 * Values of one type; each records a mistake and leaves the output alone when the text is not one.
 */
void config_set_text(struct config_parse *parse, const struct config_entry *entry, char **output);
void config_set_bool(struct config_parse *parse, const struct config_entry *entry, bool *output);
void config_set_unsigned(struct config_parse *parse, const struct config_entry *entry,
			 unsigned int low, unsigned int high, unsigned int *output);
/* Whole MiB, from low to high of them. */
void config_set_mebibytes(struct config_parse *parse, const struct config_entry *entry,
			  uint64_t low, uint64_t high, uint64_t *output_bytes);
/* names: NULL-terminated, in the order of the enumeration. Returns the index, or -1 with a mistake.
 */
int config_choose(struct config_parse *parse, const struct config_entry *entry,
		  const char *const *names);
/* -1 where the text is none of the names. */
int config_name_index(const char *const *names, const char *text);
void config_add_text(struct config_parse *parse, struct text_list *list, const char *text);
bool config_has_control(const char *text);
/* 1 to most of a-z, A-Z, 0-9 and what is in others. */
bool config_is_word(const char *text, const char *others, size_t most);
bool config_list_has(const struct text_list *list, const char *text);

/*
 * A file: of the configuration's file system, of the guest's folder, or "data:…" of the data
 * volume. No "..", no control characters, nothing of another guest's.
 */
void config_set_path(struct config_parse *parse, const struct config_entry *entry, char **output);
#define CONFIG_DATA "data:"
#define CONFIG_DATA_IMAGES "data:images/"
#define CONFIG_DATA_GUESTS "data:guests/"
bool config_path_begins(const char *path, const char *start);
/*
 * In a guest's folder: its definition, and names with a dot in front, which hostd uses while it
 * writes something. A guest that could write its definition would say itself what it may have.
 */
bool config_path_is_reserved(const char *path);

/* "52:54:00:12:34:56", unicast. Returns 0 or -EINVAL. */
int config_parse_mac(const char *text, uint8_t ret_mac[static 6]);
/* "192.0.2.7/24" or "2001:db8::7/64". Returns 0 or -EINVAL. */
int config_check_prefix(const char *text);
/* An IPv4 or IPv6 address alone. */
bool config_is_address(const char *text);
bool config_is_unicast(const char *text);

/* A key whose value was a mistake is not missing: that would say the same thing twice. */
bool config_has_key(const struct config_entry *block, const char *key);
/* The line of the first entry of that key, or the block's. */
unsigned int config_line_of(const struct config_entry *block, const char *key);

/* Keys of the whole file, about the machine's screen: config-screen.c. */
void config_set_screen(struct config_parse *parse, const struct config_entry *entry, void *object);
void config_set_scale(struct config_parse *parse, const struct config_entry *entry, void *object);
void config_set_hotkey_dashboard(struct config_parse *parse, const struct config_entry *entry,
				 void *object);
void config_set_hotkey_end(struct config_parse *parse, const struct config_entry *entry,
			   void *object);
void config_set_hotkey_guests(struct config_parse *parse, const struct config_entry *entry,
			      void *object);
void screen_config_init(struct screen_config *screen);
/* When the guests are known. */
void config_check_screen(struct config_parse *parse, const struct config_entry *root);
void config_set_console_password(struct config_parse *parse, const struct config_entry *entry,
				 void *untyped);

/* The block network; adds to parse->config what is right. */
void config_parse_network(struct config_parse *parse, const struct config_entry *block);
/* Networks that want the same NIC: the later one becomes isolated. */
void config_check_uplinks(struct config_parse *parse);

/*
 * The block guest into *ret_guest, which is then to be freed with guest_config_done(). Returns
 * whether there was no mistake; otherwise *ret_guest is untouched.
 */
bool config_parse_guest(struct config_parse *parse, const struct config_entry *block,
			struct guest_config *ret_guest);
/* The same, where a mistake costs no more than its key; false only without a name or memory. */
bool config_read_guest(struct config_parse *parse, const struct config_entry *block,
		       struct guest_config *ret_guest);
/* The blocks of a guest. */
void config_parse_disk(struct config_parse *parse, const struct config_entry *block,
		       const char *where, struct guest_config *guest);
void config_parse_cdrom(struct config_parse *parse, const struct config_entry *block,
			const char *where, struct guest_config *guest);
void config_parse_nic(struct config_parse *parse, const struct config_entry *block,
		      const char *where, struct guest_config *guest);
void config_parse_cloud_init(struct config_parse *parse, const struct config_entry *block,
			     const char *where, struct guest_config *guest);
/* What can be told when the whole block is read. */
void config_check_guest(struct config_parse *parse, const struct config_entry *block,
			const struct guest_config *guest);

/*
 * What can only be checked when everything is read: networks that NICs name, MACs used twice, and
 * who comes after whom. Guests with mistakes are removed.
 */
void config_check_nics(struct config_parse *parse);
void config_check_after(struct config_parse *parse, const struct config_entry *root);
/*
 * The first circle of after that begins at guests[0], as "db -> web -> db", a new string, or NULL
 * where there is none. Returns 0 or -ENOMEM.
 */
int config_after_circle(const struct guest_config *const *guests, size_t count, char **ret_circle);

const struct network_config *config_find_network(const struct host_config *config,
						 const char *name);

/* Removes the guests whose flag is set. */
void config_remove_guests(struct host_config *config, const bool *wrong);
void guest_config_done(struct guest_config *guest);
void network_config_done(struct network_config *network);
int network_config_init(struct network_config *network, const char *name);
/* Nothing but the defaults. Returns 0 or -ENOMEM. */
int guest_config_init(struct guest_config *guest, const char *name);
