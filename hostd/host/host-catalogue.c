// SPDX-License-Identifier: GPL-2.0-or-later
// Guests and their definitions: found by name, and read from where they are kept.
#include "host-catalogue.h"

#include <string.h>

#include "base/log.h"
#include "host-import.h"
#include "host-internal.h"
#include "host-store.h"
#include "storage/store/guest-store.h"

/* A file that is no configuration at all would fill every console with its mistakes. */
#define MISTAKES_TOLD_MAX 32

struct guest *host_find_guest(const struct host *host, const char *name, struct error *error)
{
	struct guest *guest = guests_find(host->guests, name);

	if (!guest)
		(void)error_set(error, ERROR_NOT_FOUND, "there is no guest %s", name);
	return guest;
}

int host_writable_root(const struct host *host, const struct guest *guest, int *ret_root_fd,
		       struct error *error)
{
	const char *name = guest_config(guest)->name;
	int root_fd = -EBADF;

	switch (guest_origin(guest)) {
	case GUEST_ORIGIN_CONFIG:
		return error_set(error, ERROR_DENIED,
				 "guest %s is defined in mvirt.conf: change it there", name);
	case GUEST_ORIGIN_RECORD:
		return error_set(error, ERROR_NOT_NOW,
				 "guest %s is not defined any more: it goes on until it ends",
				 name);
	case GUEST_ORIGIN_DATA:
	case GUEST_ORIGIN_MEMORY:
		break;
	}
	root_fd = host_store_root(host, guest_origin(guest));
	if (root_fd == -EAGAIN)
		return error_set(error, ERROR_BUSY,
				 "guest %s is on the data volume, which is being checked", name);
	if (root_fd < 0)
		return error_set(error, ERROR_NOT_NOW,
				 "guest %s is on the data volume, which is not there", name);
	*ret_root_fd = root_fd;
	return 0;
}

/* --- definitions that are kept --- */

static void define(struct host *host, struct guest_config *config_consume, enum guest_origin origin)
{
	_cleanup_(guest_config_freep) struct guest_config *config = config_consume;
	struct guest *guest = guests_find(host->guests, config->name);
	bool is_known = false;
	int r = 0;

	guest_config_bind_networks(config, host->config);
	if (guest && guest_origin(guest) != origin && guest_origin(guest) != GUEST_ORIGIN_RECORD) {
		log_error("data", "guest %s is defined in %s already: this one is left alone",
			  config->name,
			  guest_origin(guest) == GUEST_ORIGIN_CONFIG ? "mvirt.conf" : "memory");
		return;
	}
	/* The data volume was away and is back: that is no boot. */
	is_known = guest && guest_origin(guest) == origin;
	if (is_known)
		r = guest_redefine(guest, config);
	else
		r = guests_define(host->guests, config, origin, &guest);
	if (r < 0) {
		log_error("guests", "%s: %s", config->name, strerror(-r));
		return;
	}
	(void)take_ptr(config);
	if (!is_known)
		guest_autostart(guest);
}

void host_tell_mistakes(const char *file, const struct config_mistakes *mistakes)
{
	for (size_t i = 0; i < mistakes->count && i < MISTAKES_TOLD_MAX; i++)
		log_error("config", "%s:%u: %s", file, mistakes->items[i].line,
			  mistakes->items[i].message);
	if (mistakes->count > MISTAKES_TOLD_MAX)
		log_error("config", "%s: and %zu more mistakes", file,
			  mistakes->count - MISTAKES_TOLD_MAX);
}

static int load(int root_fd, const char *name, struct guest_config **ret_config)
{
	_cleanup_(config_mistakes_done) struct config_mistakes mistakes = {};
	_cleanup_(guest_config_freep) struct guest_config *config = NULL;
	_cleanup_free_ char *text = NULL,
			    *file = text_format("guests/%s/" GUEST_STORE_DEFINITION, name);
	int r = guest_store_load(root_fd, name, &text);

	if (r >= 0)
		r = guest_config_load(text, &config, &mistakes);
	host_tell_mistakes(file ? file : name, &mistakes);
	if (r >= 0 && strcmp(config->name, name) != 0) {
		log_error("config",
			  "guests/%s/" GUEST_STORE_DEFINITION ":%u: it defines guest \"%s\": "
			  "the folder and the guest have to have one name",
			  name, config->line, config->name);
		return -EINVAL;
	}
	if (r >= 0)
		*ret_config = take_ptr(config);
	if (r < 0 && mistakes.count == 0)
		log_error("guests", "%s/" GUEST_STORE_DEFINITION " cannot be read: %s", name,
			  strerror(-r));
	return r;
}

int host_define_stored(struct host *host, enum guest_origin origin)
{
	_cleanup_(text_list_done) struct text_list names = {};
	int root_fd = host_store_root(host, origin), r = host_import_clean(root_fd);

	if (r < 0)
		log_warning("guests", "what an earlier hostd was importing cannot be removed: %s",
			    strerror(-r));
	r = guest_store_list(root_fd, &names);
	for (size_t i = 0; r >= 0 && i < names.count; i++) {
		struct guest_config *config = NULL;

		if (load(root_fd, names.items[i], &config) >= 0)
			define(host, config, origin);
	}
	return r;
}

int host_define_configured(struct host *host)
{
	for (size_t i = 0; i < host->config->guest_count; i++) {
		struct guest_config *config = NULL;
		int r = guest_config_copy(&host->config->guests[i], &config);

		if (r < 0)
			return r;
		define(host, config, GUEST_ORIGIN_CONFIG);
	}
	return 0;
}
