// SPDX-License-Identifier: GPL-2.0-or-later
// The mistakes of a file, and their order.
#include <stdarg.h>
#include <string.h>

#include "base/array.h"
#include "config-parse.h"

void config_wrong(struct config_parse *parse, unsigned int line, const char *format, ...)
{
	struct config_mistakes *mistakes = &parse->mistakes;
	va_list arguments;
	char *message = NULL;

	va_start(arguments, format);
	if (vasprintf(&message, format, arguments) < 0)
		message = NULL;
	va_end(arguments);
	/* What the file says is quoted, and a message is one line. */
	for (char *c = message; c && *c; c++)
		if ((unsigned char)*c < 0x20 || *c == 0x7f)
			*c = '?';
	if (!message || array_grow(mistakes->items, mistakes->count) < 0) {
		parse->out_of_memory = true;
		free(message);
		return;
	}
	mistakes->items[mistakes->count++] = (struct config_mistake){ line, message };
}

int config_mistakes_add(struct config_mistakes *mistakes, const char *message)
{
	_cleanup_free_ char *copy = strdup(message);

	if (!copy || array_grow(mistakes->items, mistakes->count) < 0)
		return -ENOMEM;
	mistakes->items[mistakes->count++] = (struct config_mistake){ 0, take_ptr(copy) };
	return 0;
}

void config_mistakes_done(struct config_mistakes *mistakes)
{
	for (size_t i = 0; i < mistakes->count; i++)
		free(mistakes->items[i].message);
	free(mistakes->items);
	*mistakes = (struct config_mistakes){};
}

static void merge(const struct config_mistake *from, size_t left, size_t right, size_t end,
		  struct config_mistake *to)
{
	size_t a = left, b = right;

	for (size_t i = left; i < end; i++) {
		bool first = a < right && (b >= end || from[a].line <= from[b].line);

		to[i] = from[first ? a++ : b++];
	}
}

int config_mistakes_sort(struct config_mistakes *mistakes)
{
	struct config_mistake *other = NULL;
	size_t count = mistakes->count;

	if (count < 2)
		return 0;
	other = calloc(count, sizeof(*other));
	if (!other)
		return -ENOMEM;
	for (size_t run = 1; run < count; run *= 2) {
		struct config_mistake *swapped = mistakes->items;

		for (size_t left = 0; left < count; left += 2 * run) {
			size_t right = left + run < count ? left + run : count;
			size_t end = left + 2 * run < count ? left + 2 * run : count;

			merge(mistakes->items, left, right, end, other);
		}
		mistakes->items = other;
		other = swapped;
	}
	free(other);
	return 0;
}
