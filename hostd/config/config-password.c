// SPDX-License-Identifier: GPL-2.0-or-later
// Hashes of passwords, as crypt(5) has them.
#include <string.h>

#include "config-parse.h"

#define BASE64 "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
#define SHA512_SALT_MAX 16
#define SHA512_HASH 86
#define YESCRYPT_SALT_MAX 86
#define YESCRYPT_HASH 43

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
	if (!text_begins(text, "$6$"))
		return false;
	text += 3;
	if (text_begins(text, "rounds=")) {
		text += strlen("rounds=");
		if (*text == '0' || !take_part(&text, "0123456789", 7))
			return false;
	}
	return take_part(&text, BASE64, SHA512_SALT_MAX) && is_last_part(text, SHA512_HASH);
}

/* crypt(5): $y$PARAMETERS$SALT$HASH */
static bool is_yescrypt(const char *text)
{
	if (!text_begins(text, "$y$"))
		return false;
	text += 3;
	return take_part(&text, BASE64, 12) && take_part(&text, BASE64, YESCRYPT_SALT_MAX) &&
	       is_last_part(text, YESCRYPT_HASH);
}

bool config_is_console_password(const char *text)
{
	return strcmp(text, CONFIG_LOCKED) == 0 || is_sha512crypt(text) || is_yescrypt(text);
}

/* $id$…$hash of crypt(5): printable ASCII without what /etc/shadow or YAML would take otherwise. */
bool config_is_password_hash(const char *text)
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
