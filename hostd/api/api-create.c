// SPDX-License-Identifier: GPL-2.0-or-later
// io.mvirt.Guest.Create: folder, files, definition, guest, in this order. There is no guest before
// its definition is there, and what went before is undone when a step fails.
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "api-create.h"
#include "api-internal.h"
#include "base/log.h"
#include "storage/image/image.h"
#include "storage/store/guest-store.h"

#define CREATIONS_MAX 8

DEFINE_CLEANUP(struct api_creation *, api_creation_free);

void api_creation_free(struct api_creation *creation)
{
	if (!creation)
		return;
	image_job_cancel(creation->job);
	for (size_t i = 0; i < creation->file_count; i++) {
		fd_close(creation->files[i].source_fd);
		fd_close(creation->files[i].target_fd);
		free(creation->files[i].name);
	}
	free(creation->files);
	guest_config_free(creation->config);
	free(creation->text);
	sd_varlink_unref(creation->link);
	free(creation);
}

static int root_of(const struct api_creation *creation)
{
	return api_store_root(creation->api, creation->origin);
}

/* A copy in memory is taken from the account that guests are started from. What is copied is gone
 * from what is free, so for a moment it counts twice. */
static int reserve_memory(struct api_creation *creation, const struct api_file *file,
			  char **ret_why)
{
	struct stat status;
	uint64_t bytes = 0;
	int r = 0;

	if (creation->origin != GUEST_ORIGIN_MEMORY || file->source_fd < 0)
		return 0;
	if (fstat(file->source_fd, &status) < 0)
		return -errno;
	bytes = (uint64_t)status.st_blocks * 512; /* holes are not copied */
	r = guests_reserve_memory(creation->api->context.guests, bytes, ret_why);
	if (r >= 0)
		creation->reserved_bytes = bytes;
	return r;
}

static void release_memory(struct api_creation *creation)
{
	guests_release_memory(creation->api->context.guests, creation->reserved_bytes);
	creation->reserved_bytes = 0;
}

static void take_out(struct api_creation *creation)
{
	release_memory(creation);
	for (struct api_creation **at = &creation->api->creations; *at; at = &(*at)->next)
		if (*at == creation) {
			*at = creation->next;
			return;
		}
}

/* Everything that is in the folder because of it goes. */
static void undo(struct api_creation *creation)
{
	int root_fd = root_of(creation);
	const char *name = creation->config->name;

	if (creation->defined)
		(void)guest_store_delete(root_fd, name, false);
	for (size_t i = 0; i < creation->file_count; i++)
		if (creation->files[i].made)
			api_import_remove(root_fd, name, creation->files[i].name,
					  creation->files[i].finished);
	api_import_forget(root_fd, name);
	api_import_remove_folder(root_fd, name);
	api_empty_trash(creation->api, creation->origin);
}

bool api_is_being_created(const struct api *api, const char *name)
{
	for (const struct api_creation *at = api->creations; at; at = at->next)
		if (!name || strcmp(at->config->name, name) == 0)
			return true;
	return false;
}

void api_creation_cancel_all(struct api *api)
{
	while (api->creations) {
		struct api_creation *creation = api->creations;

		/* The copying child writes to a file that is gone then. */
		image_job_cancel(take_ptr(creation->job));
		undo(creation);
		take_out(creation);
		api_creation_free(creation);
	}
}

/* The answer; the caller may have gone away. Ends the creation. */
static int fail(struct api_creation *creation_consume, const char *file, int error, const char *why)
{
	_cleanup_(api_creation_freep) struct api_creation *creation = creation_consume;
	_cleanup_free_ char *reason =
		text_format("guest %s is not created: %s%s%s", creation->config->name,
			    file ? file : "", file ? ": " : "",
			    why ? why : strerrordesc_np(-error));

	undo(creation);
	take_out(creation);
	log_warning("guests", "%s", reason ? reason : "out of memory");
	return creation->link ? api_client_refuse(creation->link, reason) : 0;
}

/* --- the definition, when all files are there --- */

static int note_files(const struct api_creation *creation, int root_fd)
{
	_cleanup_free_ char *names = strdup("");

	if (creation->file_count == 0)
		return 0;
	for (size_t i = 0; names && i < creation->file_count; i++) {
		_cleanup_free_ char *before = names;

		names = text_format("%s%s\n", before, creation->files[i].name);
	}
	return names ? api_import_note(root_fd, creation->config->name, names) : -ENOMEM;
}

static int finish_files(struct api_creation *creation, int root_fd, const char **ret_file)
{
	int r = note_files(creation, root_fd);

	if (r < 0)
		return r;
	for (size_t i = 0; i < creation->file_count; i++) {
		r = api_import_finish(root_fd, creation->config->name, creation->files[i].name);
		*ret_file = creation->files[i].name;
		if (r < 0)
			return r;
		creation->files[i].finished = true;
	}
	*ret_file = NULL;
	return 0;
}

/* Checked again: an import takes its time, and other guests may have come and gone. */
static int define(struct api_creation *creation, struct guest **ret_guest, char **ret_why)
{
	_cleanup_(guest_config_freep) struct guest_config *config = NULL;
	struct api *api = creation->api;
	int r = api_check_config(api, creation->config, NULL, ret_why);

	if (r >= 0)
		r = guest_config_copy(creation->config, &config);
	if (r >= 0)
		r = guest_store_create(root_of(creation), config->name, creation->text);
	if (r < 0)
		return r;
	creation->defined = true;
	api_import_forget(root_of(creation), config->name);
	r = guests_define(api->context.guests, config, creation->origin, ret_guest);
	if (r < 0)
		return r;
	(void)take_ptr(config);
	(void)guest_skip_autostart(*ret_guest);
	return 0;
}

static int finish(struct api_creation *creation_consume)
{
	_cleanup_free_ char *why = NULL;
	struct api_creation *creation = creation_consume;
	struct api *api = creation->api;
	const char *file = NULL;
	struct guest *guest = NULL;
	int r = finish_files(creation, root_of(creation), &file);

	if (r >= 0)
		r = define(creation, &guest, &why);
	if (r < 0)
		return fail(creation, file, r, why);
	take_out(creation);
	log_notice("guests", "%s: created%s", creation->config->name,
		   creation->origin == GUEST_ORIGIN_MEMORY ? ", not kept: there is no data volume"
							   : "");
	api_publish_guest_event(api, guest, "created", NULL);
	r = creation->link ? api_reply_guest(creation->link, guest) : 0;
	api_creation_free(creation);
	return r;
}

/* --- files, one after the other --- */

static int next_file(struct api_creation *creation);

static void on_imported(int error, const char *why, void *userdata)
{
	struct api_creation *creation = userdata;
	struct api_file *file = &creation->files[creation->current];

	creation->job = NULL;
	release_memory(creation);
	if (error < 0) {
		(void)fail(creation, file->name, error, why);
		return;
	}
	file->source_fd = fd_close(file->source_fd);
	file->target_fd = fd_close(file->target_fd);
	creation->current++;
	(void)next_file(creation);
}

static const char *import_error(int error)
{
	return error == -EISDIR || error == -EMEDIUMTYPE ? "it is not a regular file"
	       : error == -EEXIST
		       ? "there is such a file in the guest's folder: without importing it, "
			 "the guest is created with the one that is there"
		       : NULL;
}

static int start_file(struct api_creation *creation, struct api_file *file, char **ret_why)
{
	int r = reserve_memory(creation, file, ret_why);

	if (r >= 0)
		r = api_import_open(root_of(creation), creation->config->name, file->name,
				    &file->target_fd);
	if (r < 0)
		return r;
	file->made = true;
	if (file->is_boot_file && fchmod(file->target_fd, 0644) < 0)
		return -errno;
	if (file->source_fd >= 0 && !file->is_image)
		return image_import_file(creation->api->event, file->source_fd, file->target_fd,
					 on_imported, creation, &creation->job);
	if (file->source_fd >= 0)
		return image_import(creation->api->event, file->source_fd, file->target_fd,
				    file->format, on_imported, creation, &creation->job);
	r = image_make(file->target_fd, file->format, file->size_bytes);
	if (r >= 0 && fsync(file->target_fd) < 0)
		r = -errno;
	file->target_fd = fd_close(file->target_fd);
	creation->current++;
	return r;
}

/* Goes on until there is a copy to wait for, or nothing left to do. */
static int next_file(struct api_creation *creation)
{
	while (creation->current < creation->file_count) {
		struct api_file *file = &creation->files[creation->current];
		_cleanup_free_ char *why = NULL;
		int r = start_file(creation, file, &why);

		if (r < 0)
			return fail(creation, file->name, r, why ? why : import_error(r));
		if (creation->job)
			return 0;
	}
	return finish(creation);
}

/* --- the call --- */

static int refuse_taken(sd_varlink *link, const struct guest *guest, const char *name)
{
	if (!guest)
		return api_client_refusef(link, "guest %s is being created", name);
	return api_client_refusef(
		link, "there is a guest %s already%s", name,
		guest_origin(guest) == GUEST_ORIGIN_CONFIG ? ": it is defined in mvirt.conf" : "");
}

/* In memory only where there is no data volume: as long as that is not known, it waits. */
static int begin(struct api_creation *creation_consume)
{
	struct api_creation *creation = creation_consume;
	int r = api_store_root(creation->api, GUEST_ORIGIN_DATA);

	if (r == -EAGAIN) {
		log_notice("guests", "%s: is created when the data volume has been checked",
			   creation->config->name);
		return 0;
	}
	creation->origin = r >= 0 ? GUEST_ORIGIN_DATA : GUEST_ORIGIN_MEMORY;
	r = api_creation_add_disks(creation);
	if (r >= 0 && creation->file_count > 0)
		r = guest_store_make_folder(root_of(creation), creation->config->name);
	return r < 0 ? fail(creation, NULL, r, NULL) : next_file(creation);
}

/* The volume may have brought a guest of that name. */
static void begin_late(struct api_creation *creation_consume)
{
	struct api_creation *creation = creation_consume;

	if (guests_find(creation->api->context.guests, creation->config->name))
		(void)fail(creation, NULL, -EEXIST, "there is such a guest on the data volume");
	else
		(void)begin(creation);
}

void api_data_volume_decided(struct api *api)
{
	struct api_creation *next = NULL;

	for (struct api_creation *creation = api->creations; creation; creation = next) {
		next = creation->next;
		if (creation->origin == GUEST_ORIGIN_CONFIG)
			begin_late(creation);
	}
}

static size_t count_creations(const struct api *api)
{
	size_t count = 0;

	for (const struct api_creation *at = api->creations; at; at = at->next)
		count++;
	return count;
}

int api_method_create(sd_varlink *link, sd_json_variant *parameters,
		      sd_varlink_method_flags_t flags, void *userdata)
{
	_cleanup_(api_creation_freep) struct api_creation *creation = calloc(1, sizeof(*creation));
	_cleanup_free_ char *why = NULL;
	struct api *api = userdata;
	const struct guest *taken = NULL;
	int r = creation ? api_creation_read(creation, link, parameters, &why) : -ENOMEM;

	if (r == -EINVAL)
		return why ? api_client_refuse(link, why)
			   : sd_varlink_error_invalid_parameter(link, parameters);
	if (r != 0)
		return r;
	taken = guests_find(api->context.guests, creation->config->name);
	if (taken || api_is_being_created(api, creation->config->name))
		return refuse_taken(link, taken, creation->config->name);
	if (count_creations(api) >= CREATIONS_MAX)
		return api_client_refuse(link, "too many guests are being created: try again");
	if (api_store_root(api, GUEST_ORIGIN_MEMORY) < 0 &&
	    api_store_root(api, GUEST_ORIGIN_DATA) < 0)
		return api_client_refuse(link, "this host has no place for guests");
	creation->api = api;
	r = api_check_config(api, creation->config, NULL, &why);
	if (r == -EINVAL && why)
		return api_client_refuse(link, why);
	if (r < 0)
		return r;
	/* Of a call without an answer the connection may be at another call by then. */
	creation->link = flags & SD_VARLINK_METHOD_ONEWAY ? NULL : sd_varlink_ref(link);
	creation->next = api->creations;
	api->creations = creation;
	return begin(take_ptr(creation));
}
