// SPDX-License-Identifier: GPL-2.0-or-later
// console-password: the hash that acting at the machine's own consoles is checked against.
#include <string.h>

#include "config-parse.h"

#define BASE64 "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
#define SHA512_SALT_MAX 16
#define SHA512_HASH 86
#define YESCRYPT_SALT_MAX 86
#define YESCRYPT_HASH 43
/* No password has it: nobody may act. */
#define LOCKED "!"

/* Takes "1 to most of what is in set" and the '$' behind it off the text. */
static bool take_part(const char **text, const char *set, size_t most)
{
	size_t length = strspn(*text, set);

	if (length == 0 || length > most || (*text)[length] != '$')
		return false;
	*text += length + 1;
	return true;
}

static bool is_last_part(const char *text, size_t length)
{
	return strlen(text) == length && strspn(text, BASE64) == length;
}

/* crypt(5): $6$[rounds=N$]SALT$HASH */
static bool is_sha512crypt(const char *text)
{
	if (!config_path_begins(text, "$6$"))
		return false;
	text += 3;
	if (config_path_begins(text, "rounds=")) {
		text += strlen("rounds=");
		if (*text == '0' || !take_part(&text, "0123456789", 7))
			return false;
	}
	return take_part(&text, BASE64, SHA512_SALT_MAX) && is_last_part(text, SHA512_HASH);
}

/* crypt(5): $y$PARAMETERS$SALT$HASH */
static bool is_yescrypt(const char *text)
{
	if (!config_path_begins(text, "$y$"))
		return false;
	text += 3;
	return take_part(&text, BASE64, 12) && take_part(&text, BASE64, YESCRYPT_SALT_MAX) &&
	       is_last_part(text, YESCRYPT_HASH);
}

void config_set_console_password(struct config_parse *parse, const struct config_entry *entry,
				 void *untyped)
{
	struct host_config *config = untyped;
	const char *text = entry->values.items[0];

	/* What is there may be the password itself: it is not repeated on the screen. */
	if (strcmp(text, LOCKED) != 0 && !is_sha512crypt(text) && !is_yescrypt(text)) {
		config_wrong(
			parse, entry->line,
			"console-password is a hash that \"openssl passwd -6\" or \"mkpasswd\" "
			"prints, $6$salt$hash or $y$…, never the password itself: nothing can "
			"be changed at the consoles");
		/* Somebody wanted them locked: a hash that no password has. */
		free(config->console_password);
		config->console_password = strdup(LOCKED);
		parse->out_of_memory |= !config->console_password;
		return;
	}
	config_set_text(parse, entry, &config->console_password);
}
