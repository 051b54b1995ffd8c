// SPDX-License-Identifier: GPL-2.0-or-later
// A guest gets another name, or goes: the guest object is another afterwards, or none.
#include "host-delete.h"

#include <string.h>

#include "base/log.h"
#include "host-catalogue.h"
#include "host-change.h"
#include "host-create.h"
#include "host-internal.h"
#include "host-store.h"
#include "storage/store/guest-store.h"

/* The guest whose "after" names this one, or NULL. */
static const struct guest *follower_of(const struct host *host, const char *name)
{
	for (size_t i = 0; i < guests_count(host->guests); i++) {
		const struct guest *guest = guests_at(host->guests, i);
		const struct text_list *after = &guest_config(guest)->after;

		for (size_t k = 0; k < after->count; k++)
			if (strcmp(after->items[k], name) == 0)
				return guest;
	}
	return NULL;
}

/* What both need: a guest that is ours, does not run, and is waited for by no other. */
static int check_idle(const struct host *host, const struct guest *guest, const char *what,
		      int *ret_root_fd, struct error *error)
{
	const char *name = guest_config(guest)->name;
	const struct guest *follower = follower_of(host, name);
	int r = host_writable_root(host, guest, ret_root_fd, error);

	if (r < 0)
		return r;
	if (guest_state_has_process(guest_state(guest))) {
		const char *state = guest_state_name(guest_state(guest));

		r = error_set(error, ERROR_NOT_NOW, "guest %s is %s: stop it first, then %s it",
			      name, state, what);
		error->state = state;
		return r;
	}
	if (follower)
		return error_set(error, ERROR_BUSY, "guest %s comes after %s: change that first",
				 guest_config(follower)->name, name);
	return 0;
}

static void publish(const struct host *host, enum host_event_type type, const struct guest *guest)
{
	const struct host_event event = { .type = type, .guest = guest, .kind = "deleted" };

	host_publish(host, &event);
}

/* --- rename --- */

static int new_definition(const struct guest *guest, const char *name, char **ret_text)
{
	_cleanup_(guest_config_freep) struct guest_config *config = NULL;
	int r = guest_config_rename(guest_config(guest), name, &config);

	if (r >= 0)
		r = guest_keep_identity(guest, config);
	if (r < 0)
		return r;
	*ret_text = guest_config_format(config);
	return *ret_text ? 0 : -ENOMEM;
}

/* The folder is renamed back when the guest cannot be. */
static int rename_guest(struct guest *guest, int root_fd, const char *name, const char *new_name,
			struct error *error)
{
	_cleanup_free_ char *text = NULL, *before = NULL;
	char *why = NULL;
	int r = guest_store_load(root_fd, name, &before);

	if (r >= 0)
		r = new_definition(guest, new_name, &text);
	if (r >= 0)
		r = guest_store_rename(root_fd, name, new_name, text);
	if (r == -EEXIST)
		(void)error_set(error, ERROR_EXISTS, "there is a folder guests/%s already",
				new_name);
	if (r < 0)
		return r;
	r = guest_rename(guest, new_name, &why);
	if (r < 0)
		(void)guest_store_rename(root_fd, new_name, name, before);
	return error_take(error, r, why);
}

int host_rename_guest(struct host *host, struct guest *guest, const char *new_name,
		      struct guest **ret_guest, struct error *error)
{
	_cleanup_free_ char *name = strdup(guest_config(guest)->name), *detail = NULL;
	int root_fd = -EBADF, r = name ? 0 : -ENOMEM;

	if (r >= 0)
		r = check_idle(host, guest, "rename", &root_fd, error);
	if (r >= 0)
		r = host_check_free_name(host, new_name, error);
	if (r < 0)
		return r;
	publish(host, HOST_EVENT_GUEST_LEAVING, guest);
	r = rename_guest(guest, root_fd, name, new_name, error);
	if (r < 0)
		return error_prefix(error, r, "guest %s is not renamed", name);
	log_notice("guests", "%s: renamed, it was %s", new_name, name);
	guest = host_find_guest(host, new_name, error);
	if (!guest)
		return -ENOENT;
	(void)guest_skip_autostart(guest);
	detail = text_format("it was %s", name);
	host_publish_guest(host, guest, "renamed", detail);
	*ret_guest = guest;
	return 0;
}

/* --- delete --- */

/*
 * The guest first: it knows whether it may go. When its folder cannot be removed it is defined
 * again, as it was.
 */
static int delete_guest(struct host *host, struct guest *guest, int root_fd, bool with_disks,
			struct error *error)
{
	_cleanup_(guest_config_freep) struct guest_config *config = NULL;
	enum guest_origin origin = guest_origin(guest);
	char *why = NULL;
	int r = guest_config_copy(guest_config(guest), &config);

	if (r >= 0)
		r = guest_undefine(guest, &why);
	if (r < 0)
		return error_take(error, r, why);
	r = guest_store_delete(root_fd, config->name, with_disks);
	/* Somebody else has removed it: that is what was asked for. */
	if (r >= 0 || r == -ENOENT)
		return 0;
	if (guests_define(host->guests, config, origin, NULL) >= 0)
		(void)take_ptr(config);
	return r;
}

int host_delete_guest(struct host *host, struct guest *guest, bool with_disks, const char *revision,
		      struct error *error)
{
	_cleanup_free_ char *name = strdup(guest_config(guest)->name);
	enum guest_origin origin = guest_origin(guest);
	int root_fd = -EBADF, r = name ? 0 : -ENOMEM;

	if (r >= 0)
		r = check_idle(host, guest, "delete", &root_fd, error);
	if (r >= 0)
		r = host_check_revision(host, guest, revision, error);
	if (r < 0)
		return r;
	publish(host, HOST_EVENT_GUEST_LEAVING, guest);
	r = delete_guest(host, guest, root_fd, with_disks, error);
	if (r < 0)
		return error_prefix(error, r, "guest %s is not deleted", name);
	if (with_disks)
		host_empty_trash(host, origin);
	log_notice("guests", "%s: deleted%s", name, with_disks ? ", with its disks" : "");
	publish(host, HOST_EVENT_GUEST_GONE, NULL);
	return 0;
}
