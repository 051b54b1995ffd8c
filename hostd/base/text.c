// SPDX-License-Identifier: GPL-2.0-or-later
// Strings and lists of strings that grow.
#include "text.h"

#include <ctype.h>
#include <stdarg.h>
#include <string.h>

void text_list_done(struct text_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		free(list->items[i]);
	free(list->items);
	*list = (struct text_list){};
}

int text_list_add_consume(struct text_list *list, char *text_consume)
{
	char **items = NULL;

	if (!text_consume)
		return -ENOMEM;
	items = reallocarray(list->items, list->count + 2, sizeof(*items));
	if (!items) {
		free(text_consume);
		return -ENOMEM;
	}
	items[list->count++] = text_consume;
	items[list->count] = NULL;
	list->items = items;
	return 0;
}

int text_list_add(struct text_list *list, const char *text)
{
	return text_list_add_consume(list, strdup(text));
}

bool text_list_remove(struct text_list *list, const char *text)
{
	size_t kept = 0, before = list->count;

	for (size_t i = 0; i < before; i++)
		if (text_equal(list->items[i], text))
			free(list->items[i]);
		else
			list->items[kept++] = list->items[i];
	if (kept < before)
		list->items[kept] = NULL;
	list->count = kept;
	return kept < before;
}

int text_list_addf(struct text_list *list, const char *format, ...)
{
	va_list arguments;
	char *text = NULL;

	va_start(arguments, format);
	if (vasprintf(&text, format, arguments) < 0)
		text = NULL;
	va_end(arguments);
	return text_list_add_consume(list, text);
}

char *text_format(const char *format, ...)
{
	va_list arguments;
	char *text = NULL;

	va_start(arguments, format);
	if (vasprintf(&text, format, arguments) < 0)
		text = NULL;
	va_end(arguments);
	return text;
}

int text_to_bytes(const char *text, uint64_t *ret_bytes)
{
	static const char units[] = "KMGT";
	const char *unit = NULL;
	uint64_t value = 0;
	size_t digits = 0;

	for (; isdigit((unsigned char)text[digits]); digits++)
		if (__builtin_mul_overflow(value, 10, &value) ||
		    __builtin_add_overflow(value, (uint64_t)(text[digits] - '0'), &value))
			return -ERANGE;
	if (digits == 0)
		return -EINVAL;
	text += digits;
	if (*text) {
		unit = strchr(units, *text);
		if (!unit || text[1])
			return -EINVAL;
		for (const char *u = units; u <= unit; u++)
			if (__builtin_mul_overflow(value, 1024, &value))
				return -ERANGE;
	}
	*ret_bytes = value;
	return 0;
}

char *text_from_bytes(uint64_t bytes, char buffer[static TEXT_BYTES_MAX])
{
	static const char *const units[] = { "B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB" };
	uint64_t whole = bytes, tenths = 0;
	size_t unit = 0;

	while (whole >= 1024 && unit + 1 < ELEMENTS(units)) {
		tenths = whole % 1024 * 10 / 1024;
		whole /= 1024;
		unit++;
	}
	if (tenths)
		(void)snprintf(buffer, TEXT_BYTES_MAX, "%u.%u %s", (unsigned int)whole,
			       (unsigned int)tenths, units[unit]);
	else
		(void)snprintf(buffer, TEXT_BYTES_MAX, "%u %s", (unsigned int)whole, units[unit]);
	return buffer;
}
