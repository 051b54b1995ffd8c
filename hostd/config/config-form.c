// SPDX-License-Identifier: GPL-2.0-or-later
// Which texts are right as a value, and values in a form of their own.
#include <string.h>

#include "config-parse.h"

#define CPU_LENGTH_MAX 512
#define READY_TEXT_MAX 200
#define DEVICE_LENGTH_MAX 256
/* virtio-blk's serial has 20 bytes, the least of all buses. */
#define SERIAL_LENGTH_MAX 20
#define HOSTNAME_LENGTH_MAX 253
#define INSTANCE_ID_LENGTH_MAX 64

bool config_has_control(const char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text < 0x20 || *text == 0x7f)
			return true;
	return false;
}

bool config_is_word(const char *text, const char *others, size_t most)
{
	size_t length = 0;

	for (; text[length]; length++) {
		char c = text[length];

		if (length == most || (!(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') &&
				       !(c >= '0' && c <= '9') && !strchr(others, c)))
			return false;
	}
	return length > 0;
}

bool config_list_has(const struct text_list *list, const char *text)
{
	for (size_t i = 0; i < list->count; i++)
		if (strcmp(list->items[i], text) == 0)
			return true;
	return false;
}

bool config_is_name(const char *text)
{
	size_t length = 0;

	for (; text[length]; length++) {
		char c = text[length];

		if (length >= NAME_LENGTH_MAX)
			return false;
		if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') && !(c == '-' && length > 0))
			return false;
	}
	return length > 0;
}

bool config_is_nic_name(const char *text)
{
	return *text && !config_has_control(text);
}

static bool is_cpu_name(const char *text, size_t length)
{
	if (length == 0 || *text == '-' || *text == '.')
		return false;
	for (size_t i = 0; i < length; i++)
		if (!config_is_word((char[]){ text[i], '\0' }, "-_.", 1))
			return false;
	return true;
}

/* A model, and features with + or -: nothing else, for it is a part of one of QEMU's options. */
bool config_is_cpu(const char *text)
{
	size_t length = strcspn(text, ",");
	bool right = strlen(text) <= CPU_LENGTH_MAX && is_cpu_name(text, length);

	for (text += length; right && *text; text += length) {
		if (text[1] != '+' && text[1] != '-')
			return false;
		text += 2;
		length = strcspn(text, ",");
		right = is_cpu_name(text, length);
	}
	return right;
}

bool config_is_device(const char *text)
{
	const char *rest = strchr(text, ':');

	if (strlen(text) > DEVICE_LENGTH_MAX || config_has_control(text))
		return false;
	if (text_begins(text, "/dev/"))
		return text[strlen("/dev/")] && !strstr(text, "//") && !strstr(text, "/.");
	if (text_begins(text, "serial:"))
		return rest[1];
	return text_begins(text, "path:") && rest[1] && rest[1] != '.' && !strchr(rest, '/');
}

/* QEMU's options are split at commas. */
bool config_is_serial(const char *text)
{
	return config_is_word(text, "-_.", SERIAL_LENGTH_MAX);
}

bool config_is_instance_id(const char *text)
{
	return config_is_word(text, "-_.", INSTANCE_ID_LENGTH_MAX);
}

/* Labels of 1 to 63, as in RFC 1123, section 2.1. */
bool config_is_host_name(const char *text)
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

/* TYPE BASE64 [COMMENT], as sshd's authorized_keys has it without options. */
bool config_is_ssh_key(const char *text)
{
	static const char *const types[] = { "ssh-ed25519", "ssh-rsa", "ecdsa-", "sk-" };
	size_t type = strcspn(text, " "), data = 0;
	bool known = false;

	for (size_t i = 0; i < ELEMENTS(types); i++)
		known |= types[i][strlen(types[i]) - 1] == '-'
				 ? text_begins(text, types[i])
				 : type == strlen(types[i]) && text_begins(text, types[i]);
	if (!known || text[type] != ' ' || config_has_control(text))
		return false;
	text += type + 1;
	data = strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=");
	return data > 0 && (text[data] == '\0' || text[data] == ' ');
}

/* RFC 9562, section 4: the text of a UUID. */
bool config_is_uuid(const char *text)
{
	static const char form[] = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";

	for (size_t i = 0; i < strlen(form); i++)
		if (form[i] == '-' ? text[i] != '-'
				   : !text[i] || !strchr("0123456789abcdefABCDEF", text[i]))
			return false;
	return !text[strlen(form)];
}

/* --- mac --- */

static int read_mac(const struct config_field *, const char *text, void *object)
{
	struct nic_config *nic = object;
	unsigned int byte[6];
	char rest = 0;

	if (strlen(text) != 17 || text[strspn(text, "0123456789abcdefABCDEF:")] ||
	    sscanf(text, "%2x:%2x:%2x:%2x:%2x:%2x%c", &byte[0], &byte[1], &byte[2], &byte[3],
		   &byte[4], &byte[5], &rest) != 6)
		return -EINVAL;
	if ((byte[0] & 1) || !(byte[0] | byte[1] | byte[2] | byte[3] | byte[4] | byte[5]))
		return -EINVAL;
	for (int i = 0; i < 6; i++)
		nic->mac[i] = (uint8_t)byte[i];
	nic->has_mac = true;
	return 0;
}

static const char *write_mac(const struct config_field *, const void *object, char *buffer)
{
	const struct nic_config *nic = object;
	const uint8_t *mac = nic->mac;

	(void)sprintf(buffer, "%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2], mac[3],
		      mac[4], mac[5]);
	return nic->has_mac ? buffer : NULL;
}

const struct config_form config_mac_form = { read_mac, write_mac };

/* --- ready --- */

static int read_ready(const struct config_field *, const char *text, void *object)
{
	struct guest_config *guest = object;
	const char *port = text + strlen("tcp:"), *line = text + strlen("console:");
	uint64_t number = 0;

	if (strcmp(text, "running") == 0) {
		guest->ready = GUEST_READY_RUNNING;
	} else if (text_begins(text, "tcp:") && *port && !port[strspn(port, "0123456789")] &&
		   text_to_bytes(port, &number) == 0 && number >= 1 && number <= 65535) {
		guest->ready = GUEST_READY_TCP;
		guest->ready_port = (unsigned int)number;
	} else if (text_begins(text, "console:") && *line && strlen(line) <= READY_TEXT_MAX) {
		free(guest->ready_text);
		guest->ready_text = strdup(line);
		if (!guest->ready_text)
			return -ENOMEM;
		guest->ready = GUEST_READY_CONSOLE;
	} else {
		return -EINVAL;
	}
	return 0;
}

static const char *write_ready(const struct config_field *, const void *object, char *buffer)
{
	const struct guest_config *guest = object;

	switch (guest->ready) {
	case GUEST_READY_RUNNING:
		return "running";
	case GUEST_READY_CONSOLE:
		(void)snprintf(buffer, CONFIG_VALUE_BYTES, "console:%s", guest->ready_text);
		break;
	case GUEST_READY_TCP:
		(void)snprintf(buffer, CONFIG_VALUE_BYTES, "tcp:%u", guest->ready_port);
		break;
	}
	return buffer;
}

const struct config_form config_ready_form = { read_ready, write_ready };
