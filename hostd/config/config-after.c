// SPDX-License-Identifier: GPL-2.0-or-later
// Who comes after whom: guests that there are not, and guests that wait for each other in a circle.
#include <search.h>
#include <string.h>

#include "config-parse.h"

enum color { COLOR_NEW, COLOR_ON_PATH, COLOR_DONE };

/* A walk along after, in the order of the guests. */
struct walk {
	const struct guest_config *const *guests;
	size_t count;
	const struct guest_config *const **by_name; /* into guests, sorted by name */
	enum color *color;
	size_t *path; /* indexes of the guests that wait for each other up to here */
	size_t depth;
	/* path[from] to path[depth - 1] are a circle. Returns 0 to go on, or what walk_from()
	 * returns. */
	int (*on_circle)(struct walk *walk, size_t from);
	struct config_parse *parse;
	const struct config_entry *root;
	unsigned int *lines; /* of after */
	bool *wrong;
	char *circle;
};

static int compare_names(const void *a, const void *b)
{
	const struct guest_config *const *const *first = a, *const *const *second = b;

	return strcmp((**first)->name, (**second)->name);
}

static int compare_name(const void *key, const void *member)
{
	const struct guest_config *const *const *guest = member;

	return strcmp(key, (**guest)->name);
}

static void walk_done(struct walk *walk)
{
	free(walk->by_name);
	free(walk->color);
	free(walk->path);
	free(walk->lines);
	free(walk->wrong);
}

static int walk_init(struct walk *walk, const struct guest_config *const *guests, size_t count)
{
	walk->guests = guests;
	walk->count = count;
	walk->by_name = calloc(count + 1, sizeof(*walk->by_name));
	walk->color = calloc(count + 1, sizeof(*walk->color));
	walk->path = calloc(count + 1, sizeof(*walk->path));
	walk->lines = calloc(count + 1, sizeof(*walk->lines));
	walk->wrong = calloc(count + 1, sizeof(*walk->wrong));
	if (!walk->by_name || !walk->color || !walk->path || !walk->lines || !walk->wrong)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++)
		walk->by_name[i] = &guests[i];
	qsort(walk->by_name, count, sizeof(*walk->by_name), compare_names);
	return 0;
}

/* Returns the index of a guest, or count. */
static size_t index_of(const struct walk *walk, const char *name)
{
	const struct guest_config *const **found =
		bsearch(name, walk->by_name, walk->count, sizeof(*walk->by_name), compare_name);

	return found ? (size_t)(*found - walk->guests) : walk->count;
}

static size_t place_on_path(const struct walk *walk, size_t index)
{
	size_t place = walk->depth;

	while (place > 0 && walk->path[place - 1] != index)
		place--;
	return place - 1;
}

/* Depth first. A recursion is one guest deep each, and guests are counted. */
static int walk_from(struct walk *walk, size_t index)
{
	const struct text_list *after = &walk->guests[index]->after;
	int r = 0;

	walk->color[index] = COLOR_ON_PATH;
	walk->path[walk->depth++] = index;
	for (size_t i = 0; i < after->count && r == 0; i++) {
		size_t next = index_of(walk, after->items[i]);

		if (next == walk->count)
			continue;
		if (walk->color[next] == COLOR_ON_PATH)
			r = walk->on_circle(walk, place_on_path(walk, next));
		else if (walk->color[next] == COLOR_NEW)
			r = walk_from(walk, next);
	}
	walk->depth--;
	walk->color[index] = COLOR_DONE;
	return r;
}

/* "db -> web -> db": each waits for the next. It begins at path[first]. NULL without memory. */
static char *spell_out(const struct walk *walk, size_t from, size_t first)
{
	size_t length = walk->depth - from, size = 0;
	char *text = NULL;
	FILE *out = open_memstream(&text, &size);
	bool failed = false;

	if (!out)
		return NULL;
	for (size_t i = 0; i <= length; i++)
		(void)fprintf(out, "%s%s", i ? " -> " : "",
			      walk->guests[walk->path[from + (first - from + i) % length]]->name);
	failed = ferror(out);
	if (fclose(out) != 0 || failed) {
		free(text);
		return NULL;
	}
	return text;
}

static int keep_first_circle(struct walk *walk, size_t from)
{
	if (from > 0) /* not this guest's: those of others are found with them */
		return 0;
	walk->circle = spell_out(walk, from, from);
	return walk->circle ? 1 : -ENOMEM;
}

int config_after_circle(const struct guest_config *const *guests, size_t count, char **ret_circle)
{
	_cleanup_(walk_done) struct walk walk = { .on_circle = keep_first_circle };
	int r = walk_init(&walk, guests, count);

	if (r == 0 && count > 0)
		r = walk_from(&walk, 0);
	if (r < 0)
		return r;
	*ret_circle = walk.circle;
	return 0;
}

/* The lines of the guests' after. Both the file and the guests are in the same order. */
static void find_lines(struct walk *walk)
{
	size_t guest = 0;

	for (size_t i = 0; i < walk->root->entry_count && guest < walk->count; i++) {
		const struct config_entry *entry = &walk->root->entries[i];

		if (entry->label && entry->line == walk->guests[guest]->line &&
		    strcmp(entry->key, "guest") == 0 &&
		    strcmp(entry->label, walk->guests[guest]->name) == 0)
			walk->lines[guest++] = config_line_of(entry, "after");
	}
}

static int report_circle(struct walk *walk, size_t from)
{
	size_t first = from;
	_cleanup_free_ char *circle = NULL;

	for (size_t i = from; i < walk->depth; i++) {
		walk->wrong[walk->path[i]] = true;
		if (walk->path[i] < walk->path[first])
			first = i;
	}
	circle = spell_out(walk, from, first);
	if (!circle)
		return -ENOMEM;
	config_wrong(walk->parse, walk->lines[walk->path[first]],
		     "guests wait for each other in a circle, and none of them is used: %s",
		     circle);
	return 0;
}

/* Whether the file has a guest of that name, be it left out. names is the tree of tsearch(). */
static int compare_texts(const void *a, const void *b)
{
	return strcmp(a, b);
}

static void check_unknown(struct walk *walk, void *const *names)
{
	for (size_t i = 0; i < walk->count; i++)
		for (size_t n = 0; n < walk->guests[i]->after.count; n++) {
			const char *name = walk->guests[i]->after.items[n];

			if (tfind(name, names, compare_texts))
				continue;
			config_wrong(walk->parse, walk->lines[i],
				     "guest \"%s\" comes after \"%s\", and there is no such guest",
				     walk->guests[i]->name, name);
			walk->wrong[i] = true;
		}
}

/* A guest does not wait for one that never comes. */
static void drop_edges(struct walk *walk, struct guest_config *guests)
{
	for (size_t i = 0; i < walk->count; i++) {
		struct text_list *after = &guests[i].after;

		for (size_t n = 0; n < after->count && !walk->wrong[i];) {
			size_t other = index_of(walk, after->items[n]);

			if (other < walk->count && !walk->wrong[other]) {
				n++;
				continue;
			}
			config_wrong(walk->parse, walk->lines[i],
				     "guest \"%s\" comes after \"%s\", which is left out for its "
				     "mistakes: it does not wait for it",
				     guests[i].name, after->items[n]);
			free(after->items[n]);
			memmove(&after->items[n], &after->items[n + 1],
				(after->count - n) * sizeof(*after->items));
			after->count--;
		}
	}
}

static void free_nothing(void *node)
{
	(void)node;
}

static int name_all(const struct config_entry *root, void **names)
{
	for (size_t i = 0; i < root->entry_count; i++) {
		const struct config_entry *entry = &root->entries[i];

		if (entry->kind == CONFIG_BLOCK && entry->label &&
		    strcmp(entry->key, "guest") == 0 &&
		    !tsearch(entry->label, names, compare_texts))
			return -ENOMEM;
	}
	return 0;
}

static int check_after(struct walk *walk, struct host_config *config)
{
	_cleanup_free_ const struct guest_config **guests =
		calloc(config->guest_count + 1, sizeof(*guests));
	void *names = NULL;
	int r = guests ? name_all(walk->root, &names) : -ENOMEM;

	for (size_t i = 0; i < config->guest_count && guests; i++)
		guests[i] = &config->guests[i];
	if (r == 0)
		r = walk_init(walk, guests, config->guest_count);
	if (r == 0) {
		find_lines(walk);
		check_unknown(walk, &names);
	}
	tdestroy(names, free_nothing);
	for (size_t i = 0; i < config->guest_count && r == 0; i++)
		if (walk->color[i] == COLOR_NEW)
			r = walk_from(walk, i);
	if (r == 0)
		drop_edges(walk, config->guests);
	return r;
}

void config_check_after(struct config_parse *parse, const struct config_entry *root)
{
	_cleanup_(walk_done) struct walk walk = { .on_circle = report_circle,
						  .parse = parse,
						  .root = root };

	if (check_after(&walk, parse->config) < 0)
		parse->out_of_memory = true;
	else
		config_remove_guests(parse->config, walk.wrong);
}
