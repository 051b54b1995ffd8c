// SPDX-License-Identifier: GPL-2.0-or-later
// Any bytes as mvirt.conf and as guest.conf: a usable configuration comes out, whose canonical text
// means the same, and each guest of which stands on its own.
#include <stdlib.h>
#include <string.h>

#include "config/config-claims.h"
#include "config/config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_mistakes(const struct config_mistakes *mistakes, unsigned int least_line)
{
	for (size_t i = 0; i < mistakes->count; i++)
		if (mistakes->items[i].line < least_line ||
		    (i > 0 && mistakes->items[i].line < mistakes->items[i - 1].line) ||
		    strchr(mistakes->items[i].message, '\n'))
			abort();
}

/* Formatted, parsed and formatted again it is the same; so is its copy. */
static void check_guest(const struct guest_config *guest)
{
	_cleanup_(guest_config_freep) struct guest_config *again = NULL, *copy = NULL;
	_cleanup_(config_mistakes_done) struct config_mistakes none = {};
	_cleanup_free_ char *text = guest_config_format(guest), *text_again = NULL,
			    *text_copy = NULL;

	if (!text || guest_config_parse(text, &again, &none) != 0 ||
	    guest_config_copy(guest, &copy) != 0)
		abort();
	text_again = guest_config_format(again);
	text_copy = guest_config_format(copy);
	if (strcmp(text, text_again) != 0 || strcmp(text, text_copy) != 0)
		abort();
}

/* The bytes as "KEY=VALUE" of mvirt set. */
static void check_set(const char *text)
{
	static struct guest_config *guest; /* the same for all inputs: set() leaves it as it is */
	_cleanup_(guest_config_freep) struct guest_config *changed = NULL;
	_cleanup_(config_mistakes_done) struct config_mistakes none = {}, mistakes = {};
	_cleanup_free_ char *key = strndup(text, strcspn(text, "="));
	const char *value = strchr(text, '=');
	int r = guest ? 0
		      : guest_config_parse("guest \"a\" { disk { file = \"x\" } cdrom {} nic {} }",
					   &guest, &none);

	if (!key || r < 0)
		abort();
	r = guest_config_set(guest, key, value ? value + 1 : "", &changed, &mistakes);
	if (r == 0)
		check_guest(changed);
	else if (r != -EBADMSG || mistakes.count == 0)
		abort();
	check_mistakes(&mistakes, 0);
}

static void check_guest_file(const char *text)
{
	_cleanup_(guest_config_freep) struct guest_config *guest = NULL;
	_cleanup_(config_mistakes_done) struct config_mistakes mistakes = {};
	int r = guest_config_parse(text, &guest, &mistakes);

	if (r == 0)
		check_guest(guest);
	else if (r != -EBADMSG || mistakes.count == 0)
		abort();
	check_mistakes(&mistakes, 1);
}

/* As another hostd may have stored it: what is unknown is kept, once and for all. */
static void check_stored(const char *text)
{
	_cleanup_(guest_config_freep) struct guest_config *guest = NULL, *again = NULL, *set = NULL;
	_cleanup_(config_mistakes_done) struct config_mistakes mistakes = {}, same = {}, none = {};
	_cleanup_free_ char *stored = NULL, *stored_again = NULL;

	if (guest_config_load(text, &guest, &mistakes) != 0)
		return;
	check_mistakes(&mistakes, 1);
	stored = guest_config_format(guest);
	if (!stored || guest_config_load(stored, &again, &same) != 0 ||
	    same.count != mistakes.count)
		abort();
	stored_again = guest_config_format(again);
	if (strcmp(stored, stored_again) != 0 ||
	    guest_config_set(guest, "start-delay", "1", &set, &none) != 0)
		abort();
}

static void check_host_file(const char *text)
{
	_cleanup_(host_config_freep) struct host_config *config = NULL, *again = NULL;
	_cleanup_(config_mistakes_done) struct config_mistakes mistakes = {}, none = {};
	_cleanup_free_ char *canonical = NULL, *canonical_again = NULL;

	if (host_config_parse(text, &config, &mistakes) < 0)
		abort();
	check_mistakes(&mistakes, 1);
	canonical = host_config_format(config);
	if (!canonical || host_config_parse(canonical, &again, &none) < 0)
		abort();
	canonical_again = host_config_format(again);
	if (none.count > 0 || strcmp(canonical, canonical_again) != 0)
		abort();
	for (size_t i = 0; i < config->guest_count; i++)
		check_guest(&config->guests[i]);
}

/* A file that can be parsed has them; the disks of guests that are right are among them. */
static void check_claims(const char *text)
{
	_cleanup_(host_config_freep) struct host_config *config = NULL;
	_cleanup_(config_mistakes_done) struct config_mistakes mistakes = {};
	_cleanup_(text_list_done) struct text_list claims = {};
	size_t disks = 0;

	if (config_claims(text, &claims) < 0)
		return;
	if (host_config_parse(text, &config, &mistakes) < 0)
		abort();
	for (size_t i = 0; i < config->guest_count; i++)
		for (size_t k = 0; k < config->guests[i].disk_count; k++)
			disks += config->guests[i].disks[k].device != NULL;
	if (claims.count < disks)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_free_ char *text = strndup((const char *)data, size);

	if (!text)
		abort();
	check_host_file(text);
	check_guest_file(text);
	check_stored(text);
	check_set(text);
	check_claims(text);
	return 0;
}
