// SPDX-License-Identifier: GPL-2.0-or-later
// Folder, files, definition, guest, in this order. There is no guest before its definition is
// there, and what went before is undone when a step fails.
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "base/log.h"
#include "host-create-internal.h"
#include "host-event.h"
#include "host-import.h"
#include "host-job.h"
#include "host-store.h"
#include "storage/store/guest-store.h"

static void creation_free(struct host_creation *creation)
{
	if (!creation)
		return;
	image_job_cancel(creation->import);
	for (size_t i = 0; i < creation->file_count; i++) {
		fd_close(creation->files[i].source_fd);
		fd_close(creation->files[i].target_fd);
		free(creation->files[i].name);
	}
	free(creation->files);
	guest_config_free(creation->config);
	free(creation->text);
	free(creation);
}
DEFINE_CLEANUP(struct host_creation *, creation_free);

static int root_of(const struct host_creation *creation)
{
	return host_store_root(creation->host, creation->origin);
}

/* A copy in memory is taken from the account that guests are started from. What is copied is gone
 * from what is free, so for a moment it counts twice. */
static int reserve_memory(struct host_creation *creation, const struct creation_file *file,
			  struct error *error)
{
	struct guests_memory memory = {};
	struct stat status;
	char *why = NULL;
	uint64_t bytes = 0;
	int r = 0;

	if (creation->origin != GUEST_ORIGIN_MEMORY || file->source_fd < 0)
		return 0;
	if (fstat(file->source_fd, &status) < 0)
		return -errno;
	bytes = (uint64_t)status.st_blocks * 512; /* holes are not copied */
	r = guests_reserve_memory(creation->host->guests, bytes, &why);
	if (r < 0) {
		guests_read_memory(creation->host->guests, &memory);
		error->free_bytes = memory.free_bytes;
		error->reserve_bytes = memory.reserve_bytes;
		error->needed_bytes = bytes;
		return error_take(error, r, why);
	}
	creation->reserved_bytes = bytes;
	return 0;
}

static void release_memory(struct host_creation *creation)
{
	guests_release_memory(creation->host->guests, creation->reserved_bytes);
	creation->reserved_bytes = 0;
}

static void take_out(struct host_creation *creation)
{
	release_memory(creation);
	for (struct host_creation **at = &creation->host->creations; *at; at = &(*at)->next)
		if (*at == creation) {
			*at = creation->next;
			return;
		}
}

/* Everything that is in the folder because of it goes. */
static void undo(struct host_creation *creation)
{
	int root_fd = root_of(creation);
	const char *name = creation->config->name;

	if (creation->defined)
		(void)guest_store_delete(root_fd, name, false);
	for (size_t i = 0; i < creation->file_count; i++)
		if (creation->files[i].made)
			host_import_remove(root_fd, name, creation->files[i].name,
					   creation->files[i].finished);
	host_import_forget(root_fd, name);
	host_import_remove_folder(root_fd, name);
	host_empty_trash(creation->host, creation->origin);
}

bool host_is_being_created(const struct host *host, const char *name)
{
	for (const struct host_creation *at = host->creations; at; at = at->next)
		if (!name || strcmp(at->config->name, name) == 0)
			return true;
	return false;
}

static void add_space(const struct host_creation *creation, struct error *error)
{
	struct statvfs space;

	if (fstatvfs(root_of(creation), &space) < 0)
		return;
	error->free_bytes = (uint64_t)space.f_bavail * space.f_frsize;
	for (size_t i = 0; i < creation->file_count; i++) {
		struct stat status;

		error->needed_bytes += creation->files[i].size_bytes;
		if (creation->files[i].source_fd >= 0 &&
		    fstat(creation->files[i].source_fd, &status) == 0)
			error->needed_bytes += (uint64_t)status.st_blocks * 512;
	}
}

/* Ends the creation; error may be none yet. */
static void fail(struct host_creation *creation_consume, const char *file, int r,
		 struct error *error)
{
	_cleanup_(creation_freep) struct host_creation *creation = creation_consume;

	if (file)
		(void)error_prefix(error, r, "%s", file);
	(void)error_prefix(error, r, "guest %s is not created", creation->config->name);
	if (error->kind == ERROR_NO_SPACE)
		add_space(creation, error);
	undo(creation);
	take_out(creation);
	log_warning("guests", "%s", error->reason ? error->reason : "out of memory");
	job_end(take_ptr(creation->job), error);
	creation->done(NULL, error, creation->userdata);
}

/* The copying child writes to a file that is gone then. */
static void abort_creation(struct host_creation *creation, int r, struct error *error)
{
	image_job_cancel(take_ptr(creation->import));
	fail(creation, NULL, r, error);
}

void host_creations_cancel(struct host *host)
{
	while (host->creations) {
		_cleanup_(error_done) struct error error = {};

		abort_creation(host->creations, error_set(&error, ERROR_NOT_NOW, "hostd ends"),
			       &error);
	}
}

static void on_cancelled(void *userdata)
{
	_cleanup_(error_done) struct error error = {};

	abort_creation(userdata, error_set(&error, ERROR_FAILED, "it was cancelled"), &error);
}

static uint64_t size_of(int fd)
{
	struct stat status = {};

	return fd >= 0 && fstat(fd, &status) == 0 ? (uint64_t)status.st_size : 0;
}

/* Only what is copied takes long. */
static void begin_job(struct host_creation *creation)
{
	struct job_spec spec = {
		.kind = "create",
		.subject = creation->config->name,
		.abandoned = "the guest is not created, and nothing is left of it",
		.cancel = on_cancelled,
		.userdata = creation,
	};

	for (size_t i = 0; i < creation->file_count; i++)
		spec.total_bytes += size_of(creation->files[i].source_fd);
	if (spec.total_bytes > 0)
		creation->job = host_begin_job(creation->host, &spec);
}

/* --- the definition, when all files are there --- */

static int note_files(const struct host_creation *creation, int root_fd)
{
	_cleanup_free_ char *names = strdup("");

	if (creation->file_count == 0)
		return 0;
	for (size_t i = 0; names && i < creation->file_count; i++) {
		_cleanup_free_ char *before = names;

		names = text_format("%s%s\n", before, creation->files[i].name);
	}
	return names ? host_import_note(root_fd, creation->config->name, names) : -ENOMEM;
}

static int finish_files(struct host_creation *creation, int root_fd, const char **ret_file)
{
	int r = note_files(creation, root_fd);

	if (r < 0)
		return r;
	for (size_t i = 0; i < creation->file_count; i++) {
		r = host_import_finish(root_fd, creation->config->name, creation->files[i].name);
		*ret_file = creation->files[i].name;
		if (r < 0)
			return r;
		creation->files[i].finished = true;
	}
	*ret_file = NULL;
	return 0;
}

/* Checked again: an import takes its time, and other guests may have come and gone. */
static int define(struct host_creation *creation, struct guest **ret_guest, struct error *error)
{
	_cleanup_(guest_config_freep) struct guest_config *config = NULL;
	int r = host_check_definition(creation->host, creation->config, NULL, error);

	if (r >= 0)
		r = guest_config_copy(creation->config, &config);
	if (r >= 0)
		r = guest_store_create(root_of(creation), config->name, creation->text);
	if (r < 0)
		return r;
	creation->defined = true;
	host_import_forget(root_of(creation), config->name);
	r = guests_define(creation->host->guests, config, creation->origin, ret_guest);
	if (r < 0)
		return r;
	(void)take_ptr(config);
	(void)guest_skip_autostart(*ret_guest);
	return 0;
}

static void finish(struct host_creation *creation_consume)
{
	_cleanup_(creation_freep) struct host_creation *creation = creation_consume;
	_cleanup_(error_done) struct error error = {};
	const char *file = NULL;
	struct guest *guest = NULL;
	int r = finish_files(creation, root_of(creation), &file);

	if (r >= 0)
		r = define(creation, &guest, &error);
	if (r < 0) {
		fail(take_ptr(creation), file, r, &error);
		return;
	}
	take_out(creation);
	log_notice("guests", "%s: created%s", creation->config->name,
		   creation->origin == GUEST_ORIGIN_MEMORY ? ", not kept: there is no data volume"
							   : "");
	host_publish_guest(creation->host, guest, "created", NULL);
	job_end(take_ptr(creation->job), NULL);
	creation->done(guest, &error, creation->userdata);
}

/* --- files, one after the other --- */

static void next_file(struct host_creation *creation);

static void on_progress(uint64_t done_bytes, void *userdata)
{
	const struct host_creation *creation = userdata;

	if (creation->job)
		job_set_done(creation->job, creation->imported_bytes + done_bytes);
}

static void on_imported(int r, const char *why, void *userdata)
{
	struct host_creation *creation = userdata;
	struct creation_file *file = &creation->files[creation->current];
	_cleanup_(error_done) struct error error = {};

	creation->import = NULL;
	release_memory(creation);
	if (r < 0) {
		if (why)
			(void)error_set(&error, error_kind_of(r), "%s", why);
		fail(creation, file->name, r, &error);
		return;
	}
	creation->imported_bytes += size_of(file->source_fd);
	on_progress(0, creation);
	file->source_fd = fd_close(file->source_fd);
	file->target_fd = fd_close(file->target_fd);
	creation->current++;
	next_file(creation);
}

static void explain(int r, struct error *error)
{
	if (r == -EISDIR || r == -EMEDIUMTYPE)
		(void)error_set(error, ERROR_INVALID, "it is not a regular file");
	else if (r == -EEXIST)
		(void)error_set(error, ERROR_EXISTS,
				"there is such a file in the guest's folder: without importing it, "
				"the guest is created with the one that is there");
}

static int start_import(struct host_creation *creation, const struct creation_file *file)
{
	sd_event *event = creation->host->event;
	int r = file->is_image ? image_import(event, file->source_fd, file->target_fd, file->format,
					      on_imported, creation, &creation->import)
			       : image_import_file(event, file->source_fd, file->target_fd,
						   on_imported, creation, &creation->import);

	if (r >= 0)
		image_job_report(creation->import, on_progress);
	return r;
}

static int start_file(struct host_creation *creation, struct creation_file *file,
		      struct error *error)
{
	int r = reserve_memory(creation, file, error);

	if (r >= 0)
		r = host_import_open(root_of(creation), creation->config->name, file->name,
				     &file->target_fd);
	if (r < 0)
		return r;
	file->made = true;
	if (file->is_boot_file && fchmod(file->target_fd, 0644) < 0)
		return -errno;
	if (file->source_fd >= 0)
		return start_import(creation, file);
	r = image_make(file->target_fd, file->format, file->size_bytes);
	if (r >= 0 && fsync(file->target_fd) < 0)
		r = -errno;
	file->target_fd = fd_close(file->target_fd);
	creation->current++;
	return r;
}

/* Goes on until there is a copy to wait for, or nothing left to do. */
static void next_file(struct host_creation *creation)
{
	while (creation->current < creation->file_count) {
		struct creation_file *file = &creation->files[creation->current];
		_cleanup_(error_done) struct error error = {};
		int r = start_file(creation, file, &error);

		if (r < 0) {
			explain(r, &error);
			fail(creation, file->name, r, &error);
			return;
		}
		if (creation->import)
			return;
	}
	finish(creation);
}

/* --- the beginning --- */

/* In memory only where there is no data volume: as long as that is not known, it waits. */
static void begin(struct host_creation *creation_consume)
{
	struct host_creation *creation = creation_consume;
	_cleanup_(error_done) struct error error = {};
	int r = host_store_root(creation->host, GUEST_ORIGIN_DATA);

	if (r == -EAGAIN) {
		log_notice("guests", "%s: is created when the data volume has been checked",
			   creation->config->name);
		return;
	}
	creation->origin = r >= 0 ? GUEST_ORIGIN_DATA : GUEST_ORIGIN_MEMORY;
	r = creation_add_disks(creation);
	if (r >= 0 && creation->file_count > 0)
		r = guest_store_make_folder(root_of(creation), creation->config->name);
	if (r < 0)
		fail(creation, NULL, r, &error);
	else
		next_file(creation);
}

/* The volume may have brought a guest of that name. */
static void begin_late(struct host_creation *creation)
{
	_cleanup_(error_done) struct error error = {};

	if (!guests_find(creation->host->guests, creation->config->name))
		begin(creation);
	else
		fail(creation, NULL,
		     error_set(&error, ERROR_EXISTS, "there is such a guest on the data volume"),
		     &error);
}

void host_creations_resume(struct host *host)
{
	struct host_creation *next = NULL;

	for (struct host_creation *creation = host->creations; creation; creation = next) {
		next = creation->next;
		if (creation->origin == GUEST_ORIGIN_CONFIG)
			begin_late(creation);
	}
}

int host_check_free_name(const struct host *host, const char *name, struct error *error)
{
	const struct guest *guest = NULL;
	int r = host_check_name(name, error);

	if (r < 0)
		return r;
	guest = guests_find(host->guests, name);
	if (guest)
		return error_set(error, ERROR_EXISTS, "there is a guest %s already%s", name,
				 guest_origin(guest) == GUEST_ORIGIN_CONFIG
					 ? ": it is defined in mvirt.conf"
					 : "");
	if (host_is_being_created(host, name))
		return error_set(error, ERROR_BUSY, "guest %s is being created", name);
	return 0;
}

static int check_room(const struct host *host, struct error *error)
{
	size_t count = 0;

	for (const struct host_creation *at = host->creations; at; at = at->next)
		count++;
	if (count >= HOST_CREATIONS_MAX)
		return error_set(error, ERROR_BUSY, "too many guests are being created: try again");
	if (host_store_root(host, GUEST_ORIGIN_MEMORY) < 0 &&
	    host_store_root(host, GUEST_ORIGIN_DATA) < 0)
		return error_set(error, ERROR_UNSUPPORTED, "this host has no place for guests");
	return 0;
}

int host_create_guest(struct host *host, const struct host_create_request *request,
		      host_created_t done, void *userdata, uint64_t *ret_job, struct error *error)
{
	_cleanup_(creation_freep) struct host_creation *creation = calloc(1, sizeof(*creation));
	int r = creation ? creation_read(creation, request, error) : -ENOMEM;
	const struct job *job = NULL;
	uint64_t id = 0;

	if (r >= 0)
		r = host_check_free_name(host, creation->config->name, error);
	if (r >= 0)
		r = check_room(host, error);
	if (r >= 0)
		r = host_check_definition(host, creation->config, NULL, error);
	if (r < 0)
		return r;
	creation->host = host;
	creation->done = done;
	creation->userdata = userdata;
	creation->next = host->creations;
	host->creations = creation;
	begin_job(creation);
	id = creation->job ? job_status(creation->job).id : 0;
	begin(take_ptr(creation));
	/* It may have failed by now, and done was called. */
	job = id > 0 ? jobs_find(host->jobs, id) : NULL;
	*ret_job = job && job_status(job).state == JOB_RUNNING ? id : 0;
	return 0;
}
