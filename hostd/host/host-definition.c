// SPDX-License-Identifier: GPL-2.0-or-later
// Definitions before they are anyone's: parsed, changed, checked.
#include "host-definition.h"

#include <string.h>

#include "host-internal.h"

/* Of a text with many mistakes the first ones are enough. */
#define MISTAKES_SHOWN 5

/* All mistakes in one line; new string or NULL. Lines are 0 where there is no file. */
static char *mistakes_text(const struct config_mistakes *mistakes)
{
	char *text = text_format("%s", "");

	for (size_t i = 0; text && i < mistakes->count && i < MISTAKES_SHOWN; i++) {
		const struct config_mistake *mistake = &mistakes->items[i];
		_cleanup_free_ char *before = text;

		if (mistake->line > 0)
			text = text_format("%s%sline %u: %s", before, i > 0 ? "; " : "",
					   mistake->line, mistake->message);
		else
			text = text_format("%s%s%s", before, i > 0 ? "; " : "", mistake->message);
	}
	if (text && mistakes->count > MISTAKES_SHOWN) {
		_cleanup_free_ char *before = text;

		text = text_format("%s; and %zu more", before, mistakes->count - MISTAKES_SHOWN);
	}
	return text;
}

static int take_mistakes(struct error *error, const struct config_mistakes *mistakes)
{
	_cleanup_free_ char *text = mistakes_text(mistakes);
	int r = text ? error_set(error, ERROR_INVALID, "%s", text) : -ENOMEM;

	if (text && mistakes->count > 0)
		error->line = mistakes->items[0].line;
	return r;
}

int host_parse_definition(const char *text, struct guest_config **ret_config, struct error *error)
{
	_cleanup_(config_mistakes_done) struct config_mistakes mistakes = {};
	int r = guest_config_parse(text, ret_config, &mistakes);

	return r == -EBADMSG ? take_mistakes(error, &mistakes) : r;
}

int host_check_name(const char *name, struct error *error)
{
	return config_is_name(name) ? 0
				    : error_set(error, ERROR_INVALID,
						"\"%s\" is no name: 1 to %d of a-z, 0-9 and -",
						name, NAME_LENGTH_MAX);
}

/* --- changes --- */

/* Sets what can be set now, and takes it off the list. Returns how many that were, or -ENOMEM; the
 * error is of the first that could not be set. */
static int set_some(struct guest_config **config, struct host_change *changes, size_t *count,
		    struct error *error)
{
	size_t left = 0;
	int set = 0;

	for (size_t i = 0; i < *count; i++) {
		_cleanup_(config_mistakes_done) struct config_mistakes mistakes = {};
		struct guest_config *changed = NULL;
		int r = guest_config_set(*config, changes[i].key, changes[i].value, &changed,
					 &mistakes);

		if (r >= 0) {
			guest_config_free(*config);
			*config = changed;
			set++;
			continue;
		}
		if (r != -EBADMSG)
			return r;
		if (left == 0 && take_mistakes(error, &mistakes) == -ENOMEM)
			return -ENOMEM;
		if (left == 0)
			error->field = strdup(changes[i].key);
		changes[left++] = changes[i];
	}
	*count = left;
	return set;
}

/* machine = "microvm" needs the kernel that comes after it: what fails is tried again as long as
 * something else could be set. */
static int set_all(struct guest_config **config, struct host_change *changes, size_t count,
		   struct error *error)
{
	while (count > 0) {
		int r = 0;

		error_done(error);
		r = set_some(config, changes, &count, error);
		if (r <= 0)
			return r < 0 ? r : -EINVAL;
	}
	error_done(error);
	return 0;
}

int host_apply_changes(const struct guest_config *config, const struct host_change *changes,
		       size_t count, struct guest_config **ret_config, struct error *error)
{
	_cleanup_(guest_config_freep) struct guest_config *changed = NULL;
	_cleanup_free_ struct host_change *list = NULL;
	int r = 0;

	if (count > HOST_CHANGES_MAX)
		return error_set(error, ERROR_INVALID, "more than %d changes at once",
				 HOST_CHANGES_MAX);
	list = calloc(count + 1, sizeof(*list));
	if (!list)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++)
		list[i] = changes[i];
	r = guest_config_copy(config, &changed);
	if (r >= 0)
		r = set_all(&changed, list, count, error);
	if (r >= 0)
		*ret_config = take_ptr(changed);
	return r;
}

/* --- checks --- */

/* Every guest's definition but the one's; to be freed, the definitions are the guests'. */
static const struct guest_config **list_others(const struct host *host, const struct guest *but,
					       size_t *ret_count)
{
	size_t all = guests_count(host->guests), count = 0;
	const struct guest_config **others = calloc(all + 1, sizeof(*others));

	for (size_t i = 0; others && i < all; i++) {
		const struct guest *guest = guests_at(host->guests, i);

		if (guest != but)
			others[count++] = guest_config(guest);
	}
	*ret_count = count;
	return others;
}

int host_check_definition(const struct host *host, struct guest_config *config,
			  const struct guest *but, struct error *error)
{
	size_t count = 0;
	_cleanup_free_ const struct guest_config **others = list_others(host, but, &count);
	char *why = NULL;
	int r = others ? guest_config_check(config, host->config, others, count, &why) : -ENOMEM;

	if (r < 0)
		return error_take(error, r, why);
	guest_config_bind_networks(config, host->config);
	return 0;
}

bool host_next_start_differs(const struct guest *guest)
{
	const struct guest_config *config = guest_config(guest);
	const struct guest_config *running = guest_running_config(guest);

	return running && running != config && !guest_config_starts_alike(config, running);
}
