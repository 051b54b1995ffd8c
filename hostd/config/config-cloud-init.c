// SPDX-License-Identifier: GPL-2.0-or-later
// The block cloud-init { … } of a guest.
#include <string.h>

#include "config-parse.h"

#define SSH_KEYS_MAX 32
#define HOSTNAME_LENGTH_MAX 253
#define INSTANCE_ID_LENGTH_MAX 64

SETTER(set_user_data, struct cloud_init_config, config_set_path(parse, entry, &object->user_data))
SETTER(set_meta_data, struct cloud_init_config, config_set_path(parse, entry, &object->meta_data))
SETTER(set_network_config, struct cloud_init_config,
       config_set_path(parse, entry, &object->network_config))

/* Labels of 1 to 63, as in RFC 1123, section 2.1. */
static bool is_host_name(const char *text)
{
	if (!config_is_word(text, "-.", HOSTNAME_LENGTH_MAX))
		return false;
	for (;;) {
		size_t length = strcspn(text, ".");

		if (length == 0 || length > 63 || text[0] == '-' || text[length - 1] == '-')
			return false;
		if (text[length] == '\0')
			return true;
		text += length + 1;
	}
}

static void set_hostname(struct config_parse *parse, const struct config_entry *entry,
			 void *untyped)
{
	struct cloud_init_config *cloud_init = untyped;

	if (!is_host_name(entry->values.items[0]))
		config_wrong(parse, entry->line,
			     "hostname is a name like \"web\" or \"web.example.org\", not \"%s\"",
			     entry->values.items[0]);
	else
		config_set_text(parse, entry, &cloud_init->hostname);
}

/* TYPE BASE64 [COMMENT], as sshd's authorized_keys has it without options. */
static bool is_ssh_key(const char *text)
{
	static const char *const types[] = { "ssh-ed25519", "ssh-rsa", "ecdsa-", "sk-" };
	size_t type = strcspn(text, " "), data = 0;
	bool known = false;

	for (size_t i = 0; i < ELEMENTS(types); i++)
		known |= types[i][strlen(types[i]) - 1] == '-'
				 ? config_path_begins(text, types[i])
				 : type == strlen(types[i]) && config_path_begins(text, types[i]);
	if (!known || text[type] != ' ' || config_has_control(text))
		return false;
	text += type + 1;
	data = strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=");
	return data > 0 && (text[data] == '\0' || text[data] == ' ');
}

static void set_ssh_keys(struct config_parse *parse, const struct config_entry *entry,
			 void *untyped)
{
	struct cloud_init_config *cloud_init = untyped;

	for (size_t i = 0; i < entry->values.count; i++) {
		const char *key = entry->values.items[i];

		if (!is_ssh_key(key))
			config_wrong(parse, entry->line,
				     "ssh-key is a public key, a line like \"ssh-ed25519 AAAA… "
				     "name\", not \"%.40s\"",
				     key);
		else if (cloud_init->ssh_keys.count == SSH_KEYS_MAX)
			config_wrong(parse, entry->line, "cloud-init has more than %d ssh keys",
				     SSH_KEYS_MAX);
		else
			config_add_text(parse, &cloud_init->ssh_keys, key);
	}
}

/* $id$…$hash of crypt(5): printable ASCII without what /etc/shadow or YAML would take otherwise. */
static bool is_password_hash(const char *text)
{
	size_t dollars = 0, length = strlen(text);

	if (text[0] != '$' || text[1] == '$' || length > 384)
		return false;
	for (const char *c = text; *c; c++) {
		if (*c <= ' ' || *c > '~' || strchr(":;*!\\\"'", *c))
			return false;
		dollars += *c == '$';
	}
	return dollars >= 3 && text[length - 1] != '$';
}

static void set_password_hash(struct config_parse *parse, const struct config_entry *entry,
			      void *untyped)
{
	struct cloud_init_config *cloud_init = untyped;

	/* What is there may be the password itself: it is not repeated on the screen. */
	if (!is_password_hash(entry->values.items[0]))
		config_wrong(parse, entry->line,
			     "password-hash is what \"openssl passwd -6\" or mkpasswd prints, like "
			     "\"$6$salt$hash\", never the password itself");
	else
		config_set_text(parse, entry, &cloud_init->password_hash);
}

static void set_instance_id(struct config_parse *parse, const struct config_entry *entry,
			    void *untyped)
{
	struct cloud_init_config *cloud_init = untyped;

	if (!config_is_word(entry->values.items[0], "-_.", INSTANCE_ID_LENGTH_MAX))
		config_wrong(parse, entry->line,
			     "instance-id is 1 to %d letters, digits, -, _ or ., not \"%s\"",
			     INSTANCE_ID_LENGTH_MAX, entry->values.items[0]);
	else
		config_set_text(parse, entry, &cloud_init->instance_id);
}

static const struct config_key keys[] = {
	{ "user-data", CONFIG_ATTRIBUTE, set_user_data },
	{ "meta-data", CONFIG_ATTRIBUTE, set_meta_data },
	{ "network-config", CONFIG_ATTRIBUTE, set_network_config },
	{ "hostname", CONFIG_ATTRIBUTE, set_hostname },
	{ "ssh-key", CONFIG_LIST, set_ssh_keys },
	{ "password-hash", CONFIG_ATTRIBUTE, set_password_hash },
	{ "instance-id", CONFIG_ATTRIBUTE, set_instance_id },
};
const struct config_keys config_cloud_init_keys = CONFIG_KEYS(keys);

void config_parse_cloud_init(struct config_parse *parse, const struct config_entry *block,
			     const char *where, struct guest_config *guest)
{
	static const char *const in_file[] = { "ssh-key", "password-hash" };
	struct cloud_init_config *cloud_init = &guest->cloud_init;

	if (cloud_init->present) {
		config_wrong(parse, block->line,
			     "cloud-init is given twice in %s, first in line %u", where,
			     cloud_init->line);
		return;
	}
	cloud_init->present = true;
	cloud_init->line = block->line;
	config_apply(parse, block, where, &config_cloud_init_keys, cloud_init);
	for (size_t i = 0; i < ELEMENTS(in_file); i++)
		if (config_has_key(block, "user-data") && config_has_key(block, in_file[i]))
			config_wrong(parse, config_line_of(block, in_file[i]),
				     "%s and user-data exclude each other: put it into the "
				     "user-data file",
				     in_file[i]);
}
