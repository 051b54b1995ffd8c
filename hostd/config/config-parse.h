/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the parts of the parser share: the mistakes, values by a table, and rules. Private to
 * config/. */
#pragma once

#include "config/config-path.h"
#include "config/config-table.h"

/* Who wrote the text, and so what a mistake costs. */
enum config_trust {
	CONFIG_BY_PEOPLE, /* every mistake is one */
	CONFIG_STORED, /* a key that is unknown is another hostd's: kept, and said */
	CONFIG_CHANGED, /* kept, and not said again */
	CONFIG_RUNNING, /* any mistake costs its key and nothing else */
};

struct config_parse {
	struct host_config *config; /* NULL: one guest alone, from guest.conf */
	const struct guest_config *guest; /* the one that is read */
	enum config_trust trust;
	struct config_mistakes mistakes;
	size_t kept; /* mistakes that are unknown keys, which cost nothing */
	bool out_of_memory;
};

/* The enumerations as in the file, in their order and NULL-terminated. */
extern const char *const config_machine_names[],
	*const config_firmware_names[],
		*const config_accel_names[],
			*const config_restart_names[],
				*const config_on_names[],
					*const config_watchdog_names[],
						*const config_display_names[],
							*const config_video_names[],
								*const config_boot_names[],
									*const config_format_names[],
										*const config_bus_names[],
											*const config_model_names[],
												*const config_may_names[],
													*const config_scale_names[],
														*const config_address_mode_names
															[],
																*const config_network_mode_names
																	[];
/* -1 where the text is none of the names. */
int config_name_index(const char *const *names, const char *text);

/* Records a mistake at a line. */
void config_wrong(struct config_parse *parse, unsigned int line, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* By line; mistakes of one line stay in the order they were found. Returns 0 or -ENOMEM. */
int config_mistakes_sort(struct config_mistakes *mistakes);
void config_unknown_key(struct config_parse *parse, unsigned int line, const char *key,
			const char *where, const struct config_block *block);

/* --- config-field.c: one value --- */

/* Sets what the entry says, or records a mistake and leaves the object as it is. */
void config_field_set(struct config_parse *parse, const struct config_field *field,
		      const struct config_entry *entry, void *object);
/* Whether the file may have that name of the enumeration. */
bool config_field_may_be(const struct config_field *field, unsigned int index);
/* Whole MiB up to whole TiB: "512M", "2G". Returns the buffer. */
#define CONFIG_MEBIBYTES_BYTES 24
const char *config_mebibytes(uint64_t bytes, char buffer[static CONFIG_MEBIBYTES_BYTES]);
/* As "KEY = VALUE", or nothing where it is not set. */
void config_field_write(const struct config_field *field, const void *object, const char *indent,
			FILE *out);
static inline void *config_at(void *object, size_t offset)
{
	return (char *)object + offset;
}
static inline const void *config_at_const(const void *object, size_t offset)
{
	return (const char *)object + offset;
}

/* --- config-block.c: all of an object --- */

/* Nothing but the defaults. */
void config_block_init(struct config_parse *parse, const struct config_block *block, void *object);
/* Sets every key by the table and calls the block's check. where names it: "guest \"web\"". */
void config_block_read(struct config_parse *parse, const struct config_block *block,
		       const struct config_entry *entry, const char *where, void *object);
/* The lines between the braces. next_start: those alone that count at the next start. */
void config_block_write(const struct config_block *block, const void *object, const char *indent,
			bool next_start, FILE *out);
void config_block_done(const struct config_block *block, void *object);
/* Makes a flat copy a deep one. Returns 0, or -ENOMEM with an object that can be freed. */
int config_block_copy(const struct config_block *block, void *object);

void *config_part_of(const struct config_field *field, void *object, size_t index);

/* --- what is right (config-form.c, config-address.c, config-path.c) --- */

bool config_has_control(const char *text);
/* 1 to most of a-z, A-Z, 0-9 and what is in others. */
bool config_is_word(const char *text, const char *others, size_t most);
bool config_list_has(const struct text_list *list, const char *text);
bool config_is_nic_name(const char *text);
bool config_is_cpu(const char *text);
bool config_is_device(const char *text);
bool config_is_serial(const char *text);
bool config_is_host_name(const char *text);
bool config_is_instance_id(const char *text);
bool config_is_ssh_key(const char *text);
bool config_is_password_hash(const char *text);
/* No password has it: nobody may act. */
#define CONFIG_LOCKED "!"
bool config_is_console_password(const char *text);
bool config_is_uuid(const char *text);
bool config_is_prefix(const char *text); /* "192.0.2.7/24" or "2001:db8::7/64" */
bool config_is_ipv4(const char *text);
bool config_is_ipv6(const char *text);
bool config_is_address(const char *text); /* IPv4 or IPv6, alone */
bool config_is_unicast(const char *text);
bool config_check_path(struct config_parse *parse, const struct config_entry *entry);
extern const struct config_form config_mac_form, config_ready_form, config_hotkey_form,
	config_function_key_form;

/* --- rules --- */

/* A key whose value was a mistake is not missing: that would say the same thing twice. */
const struct config_entry *config_entry_of(const struct config_entry *block, const char *key);
bool config_has_key(const struct config_entry *block, const char *key);
/* The line of the first entry of that key, or the block's. */
unsigned int config_line_of(const struct config_entry *block, const char *key);

void config_check_host(struct config_parse *parse, const struct config_entry *root, void *object);
void config_check_network(struct config_parse *parse, const struct config_entry *block,
			  void *object);
void config_check_guest(struct config_parse *parse, const struct config_entry *block, void *object);
void config_check_disk(struct config_parse *parse, const struct config_entry *block, void *object);
void config_check_cdrom(struct config_parse *parse, const struct config_entry *block, void *object);
void config_check_nic(struct config_parse *parse, const struct config_entry *block, void *object);
void config_check_cloud_init(struct config_parse *parse, const struct config_entry *block,
			     void *object);

/* A network of this name with nothing but the defaults, or NULL without memory. */
struct network_config *config_add_network(struct config_parse *parse, const char *name);
/* The block network; adds to parse->config what is right. */
void config_parse_network(struct config_parse *parse, const struct config_entry *block);
/* Networks that want the same NIC: the later one becomes isolated. */
void config_check_uplinks(struct config_parse *parse);
/*
 * The block guest into *ret_guest, which is then to be freed with guest_config_done(). Returns
 * whether it is one, as parse->trust has it; otherwise *ret_guest is untouched.
 */
bool config_parse_guest(struct config_parse *parse, const struct config_entry *block,
			struct guest_config *ret_guest);

/* Hands out either the guest or its mistakes, as guest_config_parse(). */
int config_guest_finish(struct config_parse *parse, struct guest_config *guest, bool right,
			struct guest_config **ret_config, struct config_mistakes *ret_mistakes);

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
