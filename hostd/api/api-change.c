// SPDX-License-Identifier: GPL-2.0-or-later
// Definitions before they are anyone's: parsed, changed, checked, and when a change counts.
#include <string.h>

#include "api-internal.h"

/* Of a text with many mistakes the first ones are enough. */
#define MISTAKES_SHOWN 5
#define CHANGES_MAX 256

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

int api_parse_definition(const char *text, struct guest_config **ret_config, char **ret_why)
{
	_cleanup_(config_mistakes_done) struct config_mistakes mistakes = {};
	int r = guest_config_parse(text, ret_config, &mistakes);

	if (r != -EBADMSG)
		return r;
	*ret_why = mistakes_text(&mistakes);
	return *ret_why ? -EINVAL : -ENOMEM;
}

/* --- changes --- */

struct change {
	const char *key, *value;
};

static int read_changes(sd_json_variant *array, struct change *changes, size_t count)
{
	static const sd_json_dispatch_field fields[] = {
		{ "key", SD_JSON_VARIANT_STRING, sd_json_dispatch_const_string,
		  offsetof(struct change, key), SD_JSON_MANDATORY },
		{ "value", SD_JSON_VARIANT_STRING, sd_json_dispatch_const_string,
		  offsetof(struct change, value), SD_JSON_MANDATORY },
		{},
	};

	for (size_t i = 0; i < count; i++)
		if (sd_json_dispatch(sd_json_variant_by_index(array, i), fields, 0, &changes[i]) <
		    0)
			return -EINVAL;
	return 0;
}

/* Sets what can be set now, and takes it off the list. Returns how many that were, or -ENOMEM; *why
 * is of the first that could not be set. */
static int set_some(struct guest_config **config, struct change *changes, size_t *count, char **why)
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
		if (left == 0)
			*why = mistakes_text(&mistakes);
		if (!*why)
			return -ENOMEM;
		changes[left++] = changes[i];
	}
	*count = left;
	return set;
}

/* machine = "microvm" needs the kernel that comes after it: what fails is tried again as long as
 * something else could be set. */
static int set_all(struct guest_config **config, struct change *changes, size_t count,
		   char **ret_why)
{
	while (count > 0) {
		_cleanup_free_ char *why = NULL;
		int r = set_some(config, changes, &count, &why);

		if (r < 0)
			return r;
		if (r == 0) {
			*ret_why = take_ptr(why);
			return -EINVAL;
		}
	}
	return 0;
}

int api_apply_changes(const struct guest_config *config, sd_json_variant *changes,
		      struct guest_config **ret_config, char **ret_why)
{
	size_t count = changes ? sd_json_variant_elements(changes) : 0;
	_cleanup_(guest_config_freep) struct guest_config *changed = NULL;
	_cleanup_free_ struct change *list = NULL;
	int r = 0;

	if (count > CHANGES_MAX) {
		*ret_why = text_format("more than %d changes at once", CHANGES_MAX);
		return *ret_why ? -EINVAL : -ENOMEM;
	}
	list = calloc(count + 1, sizeof(*list));
	if (!list)
		return -ENOMEM;
	r = read_changes(changes, list, count);
	if (r >= 0)
		r = guest_config_copy(config, &changed);
	if (r >= 0)
		r = set_all(&changed, list, count, ret_why);
	if (r >= 0)
		*ret_config = take_ptr(changed);
	return r;
}

/* --- checks --- */

int api_other_configs(struct api *api, const struct guest *but,
		      const struct guest_config ***ret_others, size_t *ret_count)
{
	size_t all = guests_count(api->context.guests), count = 0;
	const struct guest_config **others = calloc(all + 1, sizeof(*others));

	if (!others)
		return -ENOMEM;
	for (size_t i = 0; i < all; i++) {
		const struct guest *guest = guests_at(api->context.guests, i);

		if (guest != but)
			others[count++] = guest_config(guest);
	}
	*ret_others = others;
	*ret_count = count;
	return 0;
}

int api_check_config(struct api *api, struct guest_config *config, const struct guest *but,
		     char **ret_why)
{
	_cleanup_free_ const struct guest_config **others = NULL;
	size_t count = 0;
	int r = api_other_configs(api, but, &others, &count);

	if (r >= 0)
		r = guest_config_check(config, api->context.config, others, count, ret_why);
	if (r >= 0)
		guest_config_bind_networks(config, api->context.config);
	return r;
}

/* --- now, or at the next start --- */

/* The rest is what QEMU got when it was started: on-reboot and on-panic too, which are its own. */
bool api_key_counts_now(const char *key)
{
	static const char *const keys[] = { "autostart",    "restart",         "on-poweroff",
					    "after",        "ready",           "start-delay",
					    "echo-console", "shutdown-timeout" };

	for (size_t i = 0; i < ELEMENTS(keys); i++)
		if (strcmp(keys[i], key) == 0)
			return true;
	return false;
}

/* A view of config in which all that counts now is as in like. Owns nothing. */
static struct guest_config with_same_life(const struct guest_config *config,
					  const struct guest_config *like)
{
	struct guest_config view = *config;

	view.autostart = like->autostart;
	view.restart = like->restart;
	view.on_poweroff = like->on_poweroff;
	view.after = like->after;
	view.ready = like->ready;
	view.ready_text = like->ready_text;
	view.ready_port = like->ready_port;
	view.start_delay_s = like->start_delay_s;
	view.echo_console = like->echo_console;
	view.shutdown_timeout_s = like->shutdown_timeout_s;
	return view;
}

bool api_next_start_differs(const struct guest *guest)
{
	const struct guest_config *config = guest_config(guest);
	const struct guest_config *running = guest_running_config(guest);
	struct guest_config view = {};
	_cleanup_free_ char *next = NULL, *now = NULL;

	if (!running || running == config)
		return false;
	next = guest_config_format(config);
	view = with_same_life(running, config);
	now = guest_config_format(&view);
	return next && now && strcmp(next, now) != 0;
}
