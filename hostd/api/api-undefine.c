// SPDX-License-Identifier: GPL-2.0-or-later
// io.mvirt.Guest: Rename, Delete. The guest object is another afterwards, or none.
#include <string.h>

#include "api-internal.h"
#include "base/log.h"
#include "storage/store/guest-store.h"

/* The guest whose "after" names this one, or NULL. */
static const struct guest *follower_of(const struct api *api, const char *name)
{
	for (size_t i = 0; i < guests_count(api->context.guests); i++) {
		const struct guest *guest = guests_at(api->context.guests, i);
		const struct text_list *after = &guest_config(guest)->after;

		for (size_t k = 0; k < after->count; k++)
			if (strcmp(after->items[k], name) == 0)
				return guest;
	}
	return NULL;
}

/* What both need: a guest that is ours, does not run, and is waited for by no other. Returns 0, or
 * 1 after the refusal was sent; a negative one could not be sent. */
static int check_idle(sd_varlink *link, const struct guest *guest, const char *what,
		      int *ret_root_fd)
{
	const struct api *api = sd_varlink_get_userdata(link);
	const char *name = guest_config(guest)->name;
	const struct guest *follower = follower_of(api, name);
	int r = api_writable_root(link, guest, ret_root_fd);

	if (r < 0 || *ret_root_fd < 0)
		return r < 0 ? r : 1;
	if (guest_state_has_process(guest_state(guest)))
		r = api_client_refusef(link, "guest %s is %s: stop it first, then %s it", name,
				       guest_state_name(guest_state(guest)), what);
	else if (follower)
		r = api_client_refusef(link, "guest %s comes after %s: change that first",
				       guest_config(follower)->name, name);
	else
		return 0;
	return r < 0 ? r : 1;
}

/* --- Rename --- */

/* Sends the refusal of a name that cannot be had. As check_idle(). */
static int check_name(sd_varlink *link, const char *name)
{
	const struct api *api = sd_varlink_get_userdata(link);
	int r = 0;

	if (!text_is_name(name))
		r = api_client_refusef(link, "\"%s\" is no name: 1 to %d of a-z, 0-9 and -", name,
				       NAME_LENGTH_MAX);
	else if (guests_find(api->context.guests, name))
		r = api_client_refusef(link, "there is a guest %s already", name);
	else if (api_is_being_created(api, name))
		r = api_client_refusef(link, "guest %s is being created", name);
	else
		return 0;
	return r < 0 ? r : 1;
}

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
			char **ret_why)
{
	_cleanup_free_ char *text = NULL, *before = NULL;
	int r = guest_store_load(root_fd, name, &before);

	if (r >= 0)
		r = new_definition(guest, new_name, &text);
	if (r >= 0)
		r = guest_store_rename(root_fd, name, new_name, text);
	if (r == -EEXIST)
		*ret_why = text_format("there is a folder guests/%s already", new_name);
	if (r < 0)
		return r;
	r = guest_rename(guest, new_name, ret_why);
	if (r < 0)
		(void)guest_store_rename(root_fd, new_name, name, before);
	return r;
}

static int move(sd_varlink *link, struct guest *guest, const char *new_name)
{
	struct api *api = sd_varlink_get_userdata(link);
	_cleanup_free_ char *name = strdup(guest_config(guest)->name), *why = NULL, *detail = NULL;
	int root_fd = -EBADF, r = check_idle(link, guest, "rename", &root_fd);

	if (!name)
		return -ENOMEM;
	if (r == 0)
		r = check_name(link, new_name);
	if (r != 0)
		return r < 0 ? r : 0;
	/* They listen to an object that will be gone. */
	api_console_close_guest(api, guest);
	r = rename_guest(guest, root_fd, name, new_name, &why);
	if (r < 0)
		return api_client_refusef(link, "guest %s is not renamed: %s", name,
					  why ? why : strerrordesc_np(-r));
	log_notice("guests", "%s: renamed, it was %s", new_name, name);
	guest = guests_find(api->context.guests, new_name);
	detail = text_format("it was %s", name);
	if (guest) {
		(void)guest_skip_autostart(guest);
		api_publish_guest_event(api, guest, "renamed", detail);
	}
	return guest ? api_reply_guest(link, guest) : api_client_done(link);
}

int api_method_rename(sd_varlink *link, sd_json_variant *parameters, sd_varlink_method_flags_t,
		      void *)
{
	struct call {
		const char *name, *new_name;
	} call = {};
	static const sd_json_dispatch_field fields[] = {
		{ "name", SD_JSON_VARIANT_STRING, sd_json_dispatch_const_string,
		  offsetof(struct call, name), SD_JSON_MANDATORY },
		{ "newName", SD_JSON_VARIANT_STRING, sd_json_dispatch_const_string,
		  offsetof(struct call, new_name), SD_JSON_MANDATORY },
		{},
	};
	struct guest *guest = NULL;
	int r = sd_varlink_dispatch(link, parameters, fields, &call);

	if (r != 0)
		return r;
	guest = api_guest_of_call(link, call.name, &r);
	return guest ? move(link, guest, call.new_name) : r;
}

/* --- Delete --- */

/*
 * The guest first: it knows whether it may go. When its folder cannot be removed it is defined
 * again, as it was.
 */
static int delete_guest(struct api *api, struct guest *guest, int root_fd, bool with_disks,
			char **ret_why)
{
	_cleanup_(guest_config_freep) struct guest_config *config = NULL;
	enum guest_origin origin = guest_origin(guest);
	int r = guest_config_copy(guest_config(guest), &config);

	if (r >= 0)
		r = guest_undefine(guest, ret_why);
	if (r < 0)
		return r;
	r = guest_store_delete(root_fd, config->name, with_disks);
	/* Somebody else has removed it: that is what was asked for. */
	if (r >= 0 || r == -ENOENT)
		return 0;
	if (guests_define(api->context.guests, config, origin, NULL) >= 0)
		(void)take_ptr(config);
	return r;
}

static int remove_guest(sd_varlink *link, struct guest *guest, bool with_disks)
{
	struct api *api = sd_varlink_get_userdata(link);
	_cleanup_(sd_json_variant_unrefp) sd_json_variant *last = NULL;
	_cleanup_free_ char *name = strdup(guest_config(guest)->name), *why = NULL;
	enum guest_origin origin = guest_origin(guest);
	int root_fd = -EBADF, r = check_idle(link, guest, "delete", &root_fd);

	if (r != 0)
		return r < 0 ? r : 0;
	r = name ? api_build_guest(api->context.net, guest, &last) : -ENOMEM;
	if (r < 0)
		return r;
	api_console_close_guest(api, guest);
	r = delete_guest(api, guest, root_fd, with_disks, &why);
	if (r < 0)
		return api_client_refusef(link, "guest %s is not deleted: %s", name,
					  why ? why : strerrordesc_np(-r));
	if (with_disks)
		api_empty_trash(api, origin);
	log_notice("guests", "%s: deleted%s", name, with_disks ? ", with its disks" : "");
	api_publish_guest(api, last, "deleted", NULL);
	return api_client_done(link);
}

int api_method_delete(sd_varlink *link, sd_json_variant *parameters, sd_varlink_method_flags_t,
		      void *)
{
	struct call {
		const char *name;
		int with_disks; /* negative: null */
	} call = {};
	static const sd_json_dispatch_field fields[] = {
		{ "name", SD_JSON_VARIANT_STRING, sd_json_dispatch_const_string,
		  offsetof(struct call, name), SD_JSON_MANDATORY },
		{ "withDisks", SD_JSON_VARIANT_BOOLEAN, sd_json_dispatch_tristate,
		  offsetof(struct call, with_disks), SD_JSON_NULLABLE },
		{},
	};
	struct guest *guest = NULL;
	int r = sd_varlink_dispatch(link, parameters, fields, &call);

	if (r != 0)
		return r;
	guest = api_guest_of_call(link, call.name, &r);
	return guest ? remove_guest(link, guest, call.with_disks > 0) : r;
}
