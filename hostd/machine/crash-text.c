// SPDX-License-Identifier: GPL-2.0-or-later
// Sorts the records of a crash. Pure: the records come from firmware that may contain anything.
#include "crash-text.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"

#define WRITTEN_WITHIN_S 60 /* all parts of one crash, on slow firmware too */

void crash_parts_done(struct crash_parts *parts)
{
	for (size_t i = 0; i < parts->count; i++)
		free(parts->items[i].text);
	*parts = (struct crash_parts){};
}

/* Copies the lines without their "<6>". Returns a new string, or NULL. */
static char *without_priorities(const char *text)
{
	char *copy = malloc(strlen(text) + 1), *out = copy;

	if (!copy)
		return NULL;
	for (bool begin = true; *text; begin = text[-1] == '\n') {
		size_t digits = begin && *text == '<' ? strspn(text + 1, "0123456789") : 0;

		if (digits > 0 && text[1 + digits] == '>')
			text += digits + 2;
		if (*text)
			*out++ = *text++;
	}
	*out = '\0';
	return copy;
}

int crash_parts_add(struct crash_parts *parts, const char *record, int64_t time_s)
{
	const char *end = strchr(record, '\n');
	struct crash_part part = { .time_s = time_s };
	char why[16];

	if (!end || sscanf(record, "%15[A-Za-z ]#%9u Part%9u", why, &part.number, &part.part) != 3)
		return -EBADMSG;
	if (parts->count == CRASH_PARTS_MAX)
		return -E2BIG;
	part.panic = text_equal(why, "Panic");
	part.text = without_priorities(end + 1);
	if (!part.text)
		return -ENOMEM;
	parts->items[parts->count++] = part;
	return 0;
}

static int compare_numbers(int64_t a, int64_t b)
{
	return a < b ? -1 : a > b;
}

/* The clock may advance by a second between two parts of one crash, and a panic follows an oops. */
static int compare(const void *a_part, const void *b_part)
{
	const struct crash_part *a = a_part, *b = b_part;
	int order = compare_numbers(a->time_s, b->time_s);

	if (order == 0)
		order = compare_numbers(a->number, b->number);
	return order ? order : compare_numbers(a->part, b->part);
}

static void reverse(struct crash_part *items, size_t count)
{
	for (size_t i = 0; i < count / 2; i++) {
		struct crash_part item = items[i];

		items[i] = items[count - 1 - i];
		items[count - 1 - i] = item;
	}
}

/* Crashes of different boots have the same numbers. */
static bool same_crash(const struct crash_part *a, const struct crash_part *b)
{
	return a->panic == b->panic && a->number == b->number &&
	       llabs(a->time_s - b->time_s) <= WRITTEN_WITHIN_S;
}

/* In the order of writing: part 1 first. */
static size_t count_written(const struct crash_parts *parts, size_t first)
{
	size_t end = first + 1;

	while (end < parts->count && same_crash(&parts->items[first], &parts->items[end]) &&
	       parts->items[end].part > parts->items[end - 1].part)
		end++;
	return end - first;
}

void crash_parts_sort(struct crash_parts *parts)
{
	qsort(parts->items, parts->count, sizeof(parts->items[0]), compare);
	for (size_t first = 0; first < parts->count;) {
		size_t count = count_written(parts, first);

		reverse(&parts->items[first], count);
		first += count;
	}
}

size_t crash_parts_of(const struct crash_parts *parts, size_t first)
{
	size_t end = first + 1;

	while (end < parts->count && same_crash(&parts->items[first], &parts->items[end]) &&
	       parts->items[end].part < parts->items[end - 1].part)
		end++;
	return end - first;
}

char *crash_text(const struct crash_parts *parts, size_t first)
{
	size_t count = crash_parts_of(parts, first), length = 0;
	char *text = NULL, *end = NULL;

	for (size_t i = 0; i < count; i++)
		length += strlen(parts->items[first + i].text);
	text = malloc(length + 1);
	if (!text)
		return NULL;
	end = text;
	for (size_t i = 0; i < count; i++)
		end = stpcpy(end, parts->items[first + i].text);
	*end = '\0';
	return text;
}

/* The last line with the mark that is the kernel's own: hostd's lines report earlier crashes. */
static const char *find_last(const char *text, const char *mark)
{
	const char *found = NULL;

	for (const char *line = text; *line; line += strcspn(line, "\n"), line += *line == '\n') {
		const char *end = line + strcspn(line, "\n"), *at = strstr(line, mark);
		const char *hostd = strstr(line, "hostd: ");

		if (at && at < end && (!hostd || hostd > at))
			found = at;
	}
	return found;
}

char *crash_why(const char *text)
{
	static const char *const marks[] = { "Kernel panic - not syncing: ", "BUG: ", "Oops: " };

	for (size_t i = 0; i < ELEMENTS(marks); i++) {
		const char *found = find_last(text, marks[i]);

		if (found)
			return strndup(found, strcspn(found, "\n"));
	}
	return strndup(text, strcspn(text, "\n"));
}
