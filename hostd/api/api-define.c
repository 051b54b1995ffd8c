// SPDX-License-Identifier: GPL-2.0-or-later
// io.mvirt.Guest: Create, Definition, Set, Replace, Rename, Delete.
#include <string.h>

#include "api-internal.h"
#include "host/host-change.h"
#include "host/host-create.h"
#include "host/host-delete.h"

/* An array of {key, value}; NULL is an empty one. To be freed; the texts are the array's. */
static int read_changes(sd_json_variant *array, struct host_change **ret_changes, size_t *ret_count)
{
	static const sd_json_dispatch_field fields[] = {
		{ "key", SD_JSON_VARIANT_STRING, sd_json_dispatch_const_string,
		  offsetof(struct host_change, key), SD_JSON_MANDATORY },
		{ "value", SD_JSON_VARIANT_STRING, sd_json_dispatch_const_string,
		  offsetof(struct host_change, value), SD_JSON_MANDATORY },
		{},
	};
	size_t count = array ? sd_json_variant_elements(array) : 0;
	_cleanup_free_ struct host_change *changes = calloc(count + 1, sizeof(*changes));

	if (!changes)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++)
		if (sd_json_dispatch(sd_json_variant_by_index(array, i), fields, 0, &changes[i]) <
		    0)
			return -EINVAL;
	*ret_changes = take_ptr(changes);
	*ret_count = count;
	return 0;
}

/* --- Create --- */

struct create_call {
	const char *name, *definition;
	sd_json_variant *changes, *files;
	int wait; /* negative: null, which is true */
};

static void close_imports(struct host_create_request *request)
{
	for (size_t i = 0; i < request->import_count; i++)
		fd_close(request->imports[i].fd);
	free(request->imports);
}

static int read_imports(sd_varlink *link, sd_json_variant *array,
			struct host_create_request *request)
{
	struct entry {
		const char *name;
		unsigned int fd_index;
	};
	static const sd_json_dispatch_field fields[] = {
		{ "name", SD_JSON_VARIANT_STRING, sd_json_dispatch_const_string,
		  offsetof(struct entry, name), SD_JSON_MANDATORY },
		{ "fileDescriptor", _SD_JSON_VARIANT_TYPE_INVALID, sd_json_dispatch_uint,
		  offsetof(struct entry, fd_index), SD_JSON_MANDATORY },
		{},
	};
	size_t count = array ? sd_json_variant_elements(array) : 0;

	request->imports = calloc(count + 1, sizeof(*request->imports));
	if (!request->imports)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++) {
		struct entry entry = {};
		int fd = -EBADF;

		if (sd_json_dispatch(sd_json_variant_by_index(array, i), fields, 0, &entry) < 0)
			return -EINVAL;
		fd = sd_varlink_take_fd(link, entry.fd_index);
		request->imports[request->import_count++] =
			(struct host_import){ .name = entry.name, .fd = fd < 0 ? -EBADF : fd };
	}
	return 0;
}

/* Who waits for the guest; link NULL: nobody. */
struct create_wait {
	sd_varlink *link;
};

static void create_wait_free(struct create_wait *wait)
{
	if (!wait)
		return;
	sd_varlink_unref(wait->link);
	free(wait);
}
DEFINE_CLEANUP(struct create_wait *, create_wait_free);

static void on_created(struct guest *guest, const struct error *error, void *userdata)
{
	_cleanup_(create_wait_freep) struct create_wait *wait = userdata;

	if (wait->link && guest)
		(void)api_reply_guest(wait->link, guest);
	else if (wait->link)
		(void)api_reply_error(wait->link, -EIO, error);
}

static int reply_job(sd_varlink *link, uint64_t job)
{
	struct json_builder answer = {};

	json_add_unsigned(&answer, "job", job);
	return api_reply_object(link, &answer);
}

/* With a job, the creation has not ended yet: on_created() comes later. */
static int create(sd_varlink *link, sd_varlink_method_flags_t flags,
		  const struct host_create_request *request, bool waits)
{
	const struct api *api = sd_varlink_get_userdata(link);
	_cleanup_(error_done) struct error error = {};
	_cleanup_(create_wait_freep) struct create_wait *wait = calloc(1, sizeof(*wait));
	uint64_t job = 0;
	int r = 0;

	if (!wait)
		return -ENOMEM;
	wait->link = api_reply_later(link, flags);
	r = host_create_guest(api->host, request, on_created, wait, &job, &error);
	if (r < 0)
		return api_reply_error(link, r, &error);
	if (job > 0 && !waits) {
		wait->link = sd_varlink_unref(wait->link);
		r = flags & SD_VARLINK_METHOD_ONEWAY ? 0 : reply_job(link, job);
	}
	(void)take_ptr(wait);
	return r;
}

API_METHOD_DEFINE(api_method_create)
{
	static const sd_json_dispatch_field fields[] = {
		{ "name", SD_JSON_VARIANT_STRING, sd_json_dispatch_const_string,
		  offsetof(struct create_call, name), SD_JSON_NULLABLE },
		{ "definition", SD_JSON_VARIANT_STRING, sd_json_dispatch_const_string,
		  offsetof(struct create_call, definition), SD_JSON_NULLABLE },
		{ "changes", SD_JSON_VARIANT_ARRAY, sd_json_dispatch_variant_noref,
		  offsetof(struct create_call, changes), SD_JSON_NULLABLE },
		{ "files", SD_JSON_VARIANT_ARRAY, sd_json_dispatch_variant_noref,
		  offsetof(struct create_call, files), SD_JSON_NULLABLE },
		{ "wait", SD_JSON_VARIANT_BOOLEAN, sd_json_dispatch_tristate,
		  offsetof(struct create_call, wait), SD_JSON_NULLABLE },
		{},
	};
	_cleanup_(close_imports) struct host_create_request request = {};
	_cleanup_free_ struct host_change *changes = NULL;
	struct create_call call = { .wait = -1 };
	int r = sd_varlink_dispatch(link, parameters, fields, &call);

	if (r != 0)
		return r;
	r = read_changes(call.changes, &changes, &request.change_count);
	if (r >= 0)
		r = read_imports(link, call.files, &request);
	if (r == -EINVAL)
		return sd_varlink_error_invalid_parameter(link, parameters);
	if (r < 0)
		return r;
	request.name = call.name;
	request.definition = call.definition;
	request.changes = changes;
	return create(link, flags, &request, call.wait != 0);
}

/* --- Definition, Set, Replace --- */

API_METHOD_DEFINE(api_method_definition)
{
	const struct api *api = userdata;
	_cleanup_(error_done) struct error error = {};
	_cleanup_free_ char *text = NULL;
	struct json_builder answer = {};
	char revision[HOST_REVISION_BYTES];
	int r = 0;
	struct guest *guest = api_guest_of_parameters(link, parameters, &r);

	if (!guest)
		return r;
	r = host_read_definition(api->host, guest, &text, &error);
	if (r < 0)
		return api_reply_error(link, r, &error);
	json_add_text(&answer, "text", text);
	json_add_text(&answer, "origin", api_origin_name(guest_origin(guest)));
	json_add_text(&answer, "revision", host_revision(text, revision));
	return api_reply_object(link, &answer);
}

static int reply_applied(sd_varlink *link, const struct host_change *changes, size_t count,
			 bool running, const char *revision)
{
	struct json_builder answer = {}, list = {};

	for (size_t i = 0; i < count; i++) {
		bool later = running && !guest_config_counts_now(changes[i].key);
		struct json_builder object = {};

		json_add_text(&object, "key", changes[i].key);
		json_add_text(&object, "value", changes[i].value);
		json_add_text(&object, "effect", later ? "next-start" : "now");
		json_append_object(&list, &object);
	}
	json_add_array(&answer, "changes", &list);
	json_add_text(&answer, "revision", revision);
	return api_reply_object(link, &answer);
}

API_METHOD_DEFINE(api_method_set)
{
	struct call {
		const char *name, *revision;
		sd_json_variant *changes;
	} call = {};
	static const sd_json_dispatch_field fields[] = {
		{ "name", SD_JSON_VARIANT_STRING, sd_json_dispatch_const_string,
		  offsetof(struct call, name), SD_JSON_MANDATORY },
		{ "changes", SD_JSON_VARIANT_ARRAY, sd_json_dispatch_variant_noref,
		  offsetof(struct call, changes), SD_JSON_MANDATORY },
		{ "revision", SD_JSON_VARIANT_STRING, sd_json_dispatch_const_string,
		  offsetof(struct call, revision), SD_JSON_NULLABLE },
		{},
	};
	const struct api *api = userdata;
	_cleanup_(error_done) struct error error = {};
	_cleanup_free_ struct host_change *changes = NULL;
	struct host_change_request request = {};
	char revision[HOST_REVISION_BYTES];
	struct guest *guest = NULL;
	bool running = false;
	int r = sd_varlink_dispatch(link, parameters, fields, &call);

	if (r != 0)
		return r;
	guest = api_guest_of_call(link, call.name, &r);
	if (!guest)
		return r;
	r = read_changes(call.changes, &changes, &request.change_count);
	if (r == -EINVAL)
		return sd_varlink_error_invalid_parameter_name(link, "changes");
	if (r < 0)
		return r;
	running = guest_state_has_process(guest_state(guest));
	request.changes = changes;
	request.revision = call.revision;
	r = host_change_guest(api->host, guest, &request, revision, &error);
	return r < 0 ? api_reply_error(link, r, &error)
		     : reply_applied(link, changes, request.change_count, running, revision);
}

API_METHOD_DEFINE(api_method_replace)
{
	struct call {
		const char *name, *definition, *revision;
	} call = {};
	static const sd_json_dispatch_field fields[] = {
		{ "name", SD_JSON_VARIANT_STRING, sd_json_dispatch_const_string,
		  offsetof(struct call, name), SD_JSON_MANDATORY },
		{ "definition", SD_JSON_VARIANT_STRING, sd_json_dispatch_const_string,
		  offsetof(struct call, definition), SD_JSON_MANDATORY },
		{ "revision", SD_JSON_VARIANT_STRING, sd_json_dispatch_const_string,
		  offsetof(struct call, revision), SD_JSON_NULLABLE },
		{},
	};
	const struct api *api = userdata;
	_cleanup_(error_done) struct error error = {};
	struct host_change_request request = {};
	struct json_builder answer = {};
	char revision[HOST_REVISION_BYTES];
	struct guest *guest = NULL;
	int r = sd_varlink_dispatch(link, parameters, fields, &call);

	if (r != 0)
		return r;
	guest = api_guest_of_call(link, call.name, &r);
	if (!guest)
		return r;
	request = (struct host_change_request){ .revision = call.revision,
						.definition = call.definition };
	r = host_change_guest(api->host, guest, &request, revision, &error);
	if (r < 0)
		return api_reply_error(link, r, &error);
	json_add_text(&answer, "effect",
		      guest_state_has_process(guest_state(guest)) && host_next_start_differs(guest)
			      ? "next-start"
			      : "now");
	json_add_text(&answer, "revision", revision);
	return api_reply_object(link, &answer);
}

/* --- Rename, Delete --- */

API_METHOD_DEFINE(api_method_rename)
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
	const struct api *api = userdata;
	_cleanup_(error_done) struct error error = {};
	struct guest *guest = NULL;
	int r = sd_varlink_dispatch(link, parameters, fields, &call);

	if (r != 0)
		return r;
	guest = api_guest_of_call(link, call.name, &r);
	if (!guest)
		return r;
	r = host_rename_guest(api->host, guest, call.new_name, &guest, &error);
	return r < 0 ? api_reply_error(link, r, &error) : api_reply_guest(link, guest);
}

API_METHOD_DEFINE(api_method_delete)
{
	struct call {
		const char *name, *revision;
		int with_disks; /* negative: null */
	} call = {};
	static const sd_json_dispatch_field fields[] = {
		{ "name", SD_JSON_VARIANT_STRING, sd_json_dispatch_const_string,
		  offsetof(struct call, name), SD_JSON_MANDATORY },
		{ "withDisks", SD_JSON_VARIANT_BOOLEAN, sd_json_dispatch_tristate,
		  offsetof(struct call, with_disks), SD_JSON_NULLABLE },
		{ "revision", SD_JSON_VARIANT_STRING, sd_json_dispatch_const_string,
		  offsetof(struct call, revision), SD_JSON_NULLABLE },
		{},
	};
	const struct api *api = userdata;
	_cleanup_(error_done) struct error error = {};
	struct guest *guest = NULL;
	int r = sd_varlink_dispatch(link, parameters, fields, &call);

	if (r != 0)
		return r;
	guest = api_guest_of_call(link, call.name, &r);
	if (!guest)
		return r;
	r = host_delete_guest(api->host, guest, call.with_disks > 0, call.revision, &error);
	return api_reply_result(link, r, &error);
}
