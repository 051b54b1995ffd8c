// SPDX-License-Identifier: GPL-2.0-or-later
// io.mvirt.Guest: Definition, Set, Replace, Rename, Delete. First the file, then the guest; what
// went before is undone when a step fails.
#include <string.h>

#include "api-internal.h"
#include "base/log.h"
#include "storage/store/guest-store.h"

int api_store_root(const struct api *api, enum guest_origin origin)
{
	const struct api_context *context = &api->context;

	return context->operations.store_root
		       ? context->operations.store_root(origin, context->userdata)
		       : -EBADF;
}

void api_empty_trash(const struct api *api, enum guest_origin origin)
{
	const struct api_context *context = &api->context;

	if (context->operations.empty_trash)
		context->operations.empty_trash(origin, context->userdata);
}

int api_writable_root(sd_varlink *link, const struct guest *guest, int *ret_root_fd)
{
	const struct api *api = sd_varlink_get_userdata(link);
	const char *name = guest_config(guest)->name;
	int root_fd = -EBADF;

	switch (guest_origin(guest)) {
	case GUEST_ORIGIN_CONFIG:
		return api_client_refusef(
			link, "guest %s is defined in mvirt.conf: change it there", name);
	case GUEST_ORIGIN_RECORD:
		return api_client_refusef(
			link, "guest %s is not defined any more: it goes on until it ends", name);
	case GUEST_ORIGIN_DATA:
	case GUEST_ORIGIN_MEMORY:
		break;
	}
	root_fd = api_store_root(api, guest_origin(guest));
	if (root_fd < 0)
		return api_client_refusef(link, "guest %s is on the data volume, which is %s", name,
					  root_fd == -EAGAIN ? "being checked" : "not there");
	*ret_root_fd = root_fd;
	return 0;
}

/* As it is kept, or what it means where it is not kept alone. */
static int definition_text(const struct api *api, const struct guest *guest, char **ret_text)
{
	enum guest_origin origin = guest_origin(guest);
	int root_fd = api_store_root(api, origin);

	if ((origin == GUEST_ORIGIN_DATA || origin == GUEST_ORIGIN_MEMORY) && root_fd >= 0)
		return guest_store_load(root_fd, guest_config(guest)->name, ret_text);
	*ret_text = guest_config_format(guest_config(guest));
	return *ret_text ? 0 : -ENOMEM;
}

static int method_definition(sd_varlink *link, sd_json_variant *parameters,
			     sd_varlink_method_flags_t, void *userdata)
{
	_cleanup_free_ char *text = NULL;
	struct json_builder answer = {};
	int r = 0;
	struct guest *guest = api_guest_of_parameters(link, parameters, &r);

	if (!guest)
		return r;
	r = definition_text(userdata, guest, &text);
	if (r < 0)
		return api_client_refusef(link, "guest %s: its definition cannot be read: %s",
					  guest_config(guest)->name, strerrordesc_np(-r));
	json_add_text(&answer, "text", text);
	json_add_text(&answer, "origin", api_origin_name(guest_origin(guest)));
	return api_client_reply_object(link, &answer);
}

/* --- Set, Replace --- */

/* The file first: what a killed hostd has answered is on the disk. config and text belong together.
 */
static int put_definition(struct guest *guest, int root_fd, struct guest_config **config,
			  const char *text)
{
	_cleanup_free_ char *before = NULL;
	const char *name = guest_config(guest)->name;
	int r = guest_store_load(root_fd, name, &before);

	if (r >= 0)
		r = guest_store_save(root_fd, name, text);
	if (r < 0)
		return r;
	r = guest_redefine(guest, *config);
	if (r < 0) {
		(void)guest_store_save(root_fd, name, before);
		return r;
	}
	(void)take_ptr(*config);
	return 0;
}

/* Sends the answer when it fails; 0 when it has not. */
static int change_guest(sd_varlink *link, struct guest *guest, int root_fd,
			struct guest_config **config, const char *text)
{
	_cleanup_free_ char *why = NULL;
	struct api *api = sd_varlink_get_userdata(link);
	int r = api_check_config(api, *config, guest, &why);

	if (r >= 0)
		r = put_definition(guest, root_fd, config, text);
	if (r < 0)
		return api_client_refusef(link, "guest %s is as it was: %s",
					  guest_config(guest)->name,
					  why ? why : strerrordesc_np(-r));
	log_notice("guests", "%s: changed", guest_config(guest)->name);
	api_publish_guest_event(api, guest, "changed", NULL);
	return 0;
}

static void append_applied(struct json_builder *list, sd_json_variant *change, bool running)
{
	struct json_builder object = {};
	const char *key = sd_json_variant_string(sd_json_variant_by_key(change, "key"));

	json_add_text(&object, "key", key);
	json_add_text(&object, "value",
		      sd_json_variant_string(sd_json_variant_by_key(change, "value")));
	json_add_text(&object, "effect",
		      running && !api_key_counts_now(key) ? "next-start" : "now");
	json_append_object(list, &object);
}

static int set(sd_varlink *link, struct guest *guest, sd_json_variant *changes)
{
	_cleanup_(guest_config_freep) struct guest_config *config = NULL;
	_cleanup_free_ char *text = NULL, *why = NULL;
	struct json_builder answer = {}, list = {};
	bool running = guest_state_has_process(guest_state(guest));
	int root_fd = -EBADF, r = api_writable_root(link, guest, &root_fd);

	if (r != 0 || root_fd < 0)
		return r;
	r = api_apply_changes(guest_config(guest), changes, &config, &why);
	if (r == -EINVAL)
		return why ? api_client_refuse(link, why)
			   : sd_varlink_error_invalid_parameter_name(link, "changes");
	if (r < 0)
		return r;
	text = guest_config_format(config);
	if (!text)
		return -ENOMEM;
	r = change_guest(link, guest, root_fd, &config, text);
	if (r != 0 || config)
		return r;
	for (size_t i = 0; i < sd_json_variant_elements(changes); i++)
		append_applied(&list, sd_json_variant_by_index(changes, i), running);
	json_add_array(&answer, "changes", &list);
	return api_client_reply_object(link, &answer);
}

static int method_set(sd_varlink *link, sd_json_variant *parameters, sd_varlink_method_flags_t,
		      void *)
{
	struct call {
		const char *name;
		sd_json_variant *changes;
	} call = {};
	static const sd_json_dispatch_field fields[] = {
		{ "name", SD_JSON_VARIANT_STRING, sd_json_dispatch_const_string,
		  offsetof(struct call, name), SD_JSON_MANDATORY },
		{ "changes", SD_JSON_VARIANT_ARRAY, sd_json_dispatch_variant_noref,
		  offsetof(struct call, changes), SD_JSON_MANDATORY },
		{},
	};
	struct guest *guest = NULL;
	int r = sd_varlink_dispatch(link, parameters, fields, &call);

	if (r != 0)
		return r;
	guest = api_guest_of_call(link, call.name, &r);
	return guest ? set(link, guest, call.changes) : r;
}

static int replace(sd_varlink *link, struct guest *guest, const char *definition)
{
	_cleanup_(guest_config_freep) struct guest_config *config = NULL;
	_cleanup_free_ char *why = NULL;
	struct json_builder answer = {};
	const char *name = guest_config(guest)->name;
	int root_fd = -EBADF, r = api_writable_root(link, guest, &root_fd);

	if (r != 0 || root_fd < 0)
		return r;
	r = api_parse_definition(definition, &config, &why);
	if (r == -EINVAL)
		return api_client_refuse(link, why);
	if (r < 0)
		return r;
	if (strcmp(config->name, name) != 0)
		return api_client_refusef(link, "the definition is one of guest %s, not of %s",
					  config->name, name);
	r = change_guest(link, guest, root_fd, &config, definition);
	if (r != 0 || config)
		return r;
	json_add_text(&answer, "effect",
		      guest_state_has_process(guest_state(guest)) && api_next_start_differs(guest)
			      ? "next-start"
			      : "now");
	return api_client_reply_object(link, &answer);
}

static int method_replace(sd_varlink *link, sd_json_variant *parameters, sd_varlink_method_flags_t,
			  void *)
{
	struct call {
		const char *name, *definition;
	} call = {};
	static const sd_json_dispatch_field fields[] = {
		{ "name", SD_JSON_VARIANT_STRING, sd_json_dispatch_const_string,
		  offsetof(struct call, name), SD_JSON_MANDATORY },
		{ "definition", SD_JSON_VARIANT_STRING, sd_json_dispatch_const_string,
		  offsetof(struct call, definition), SD_JSON_MANDATORY },
		{},
	};
	struct guest *guest = NULL;
	int r = sd_varlink_dispatch(link, parameters, fields, &call);

	if (r != 0)
		return r;
	guest = api_guest_of_call(link, call.name, &r);
	return guest ? replace(link, guest, call.definition) : r;
}

int api_define_bind(sd_varlink_server *server)
{
	return api_bind(server, "io.mvirt.Guest.Create", api_method_create,
			"io.mvirt.Guest.Definition", method_definition, "io.mvirt.Guest.Set",
			method_set, "io.mvirt.Guest.Replace", method_replace,
			"io.mvirt.Guest.Rename", api_method_rename, "io.mvirt.Guest.Delete",
			api_method_delete);
}
