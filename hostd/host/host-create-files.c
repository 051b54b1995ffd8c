// SPDX-License-Identifier: GPL-2.0-or-later
// What a creation is asked for: definition, changes to it, files to import -> struct host_creation.
#include <fcntl.h>
#include <string.h>

#include "base/array.h"
#include "config/config-path.h"
#include "host-create-internal.h"
#include "host-import.h"
#include "host-store.h"
#include "storage/store/guest-store.h"

/* --- the definition --- */

/*
 * Changes are made to a definition that is right, and an empty one is not: so a NIC stands in until
 * there is something to boot from.
 */
static int make_from_nothing(const struct host_create_request *request,
			     struct guest_config **ret_config, struct error *error)
{
	_cleanup_(guest_config_freep) struct guest_config *base = NULL, *changed = NULL;
	_cleanup_free_ char *text = text_format("guest \"%s\" { nic {} }", request->name);
	const struct host_change no_nic = { "nic.0", "" };
	int r = text ? host_parse_definition(text, &base, error) : -ENOMEM;

	if (r >= 0)
		r = host_apply_changes(base, request->changes, request->change_count, &changed,
				       error);
	if (r < 0)
		return r;
	for (size_t i = 0; i < request->change_count; i++)
		if (strncmp(request->changes[i].key, "nic.", 4) == 0) {
			*ret_config = take_ptr(changed);
			return 0;
		}
	r = host_apply_changes(changed, &no_nic, 1, ret_config, error);
	/* Nobody has named that key. */
	if (r < 0)
		free(take_ptr(error->field));
	return r;
}

static int make_config(struct host_creation *creation, const struct host_create_request *request,
		       struct error *error)
{
	_cleanup_(guest_config_freep) struct guest_config *config = NULL, *renamed = NULL;
	bool has_changes = request->change_count > 0;
	int r = request->name ? host_check_name(request->name, error) : 0;

	if (r < 0)
		return r;
	if (!request->definition && !request->name)
		return error_set(error, ERROR_INVALID, "a guest needs a definition or a name");
	if (!request->definition)
		return make_from_nothing(request, &creation->config, error);
	r = host_parse_definition(request->definition, &config, error);
	if (r >= 0 && request->name && strcmp(request->name, config->name) != 0) {
		r = guest_config_rename(config, request->name, &renamed);
		has_changes = true;
	}
	if (r >= 0)
		r = host_apply_changes(renamed ? renamed : config, request->changes,
				       request->change_count, &creation->config, error);
	if (r < 0)
		return r;
	/* What nobody has changed is kept as it was written, with its comments. */
	if (has_changes)
		return 0;
	creation->text = strdup(request->definition);
	return creation->text ? 0 : -ENOMEM;
}

/* --- files --- */

static bool is_file(const struct guest_config *config, const char *path, const char *name)
{
	return path && text_equal(config_path_own_name(path, config->name), name);
}

static bool is_named(const struct guest_config *config, const char *name)
{
	const char *path = NULL;

	for (size_t i = 0; (path = guest_config_path(config, i)); i++)
		if (is_file(config, path, name))
			return true;
	return false;
}

/*
 * No guest has written into the file yet, so its magic can be believed: where the definition says
 * nothing of the format it will from now on. Returns whether it was changed, or -errno.
 */
static int settle_format(struct guest_config *config, struct creation_file *file)
{
	int changed = 0, r = image_detect(file->source_fd, &file->format);
	enum disk_format detected = file->format;

	if (r < 0)
		return r;
	for (size_t i = 0; i < config->disk_count; i++) {
		struct disk_config *disk = &config->disks[i];

		if (!is_file(config, disk->file, file->name))
			continue;
		changed = changed || disk->format == DISK_FORMAT_AUTO;
		if (disk->format == DISK_FORMAT_AUTO)
			disk->format = detected;
		file->format = disk->format;
		file->is_image = true;
		return changed;
	}
	file->format = DISK_FORMAT_RAW;
	file->is_boot_file = is_file(config, config->kernel, file->name) ||
			     is_file(config, config->initrd, file->name);
	for (size_t i = 0; i < config->cdrom_count; i++)
		if (is_file(config, config->cdroms[i].file, file->name))
			file->is_image = true;
	return 0;
}

static struct creation_file *find_file(struct host_creation *creation, const char *name)
{
	for (size_t i = 0; i < creation->file_count; i++)
		if (strcmp(creation->files[i].name, name) == 0)
			return &creation->files[i];
	return NULL;
}

/* Returns the new one, or NULL. */
static struct creation_file *add_file(struct host_creation *creation, const char *name)
{
	struct creation_file *file = NULL;

	if (array_grow(creation->files, creation->file_count) < 0)
		return NULL;
	file = &creation->files[creation->file_count];
	*file = (struct creation_file){ .name = strdup(name),
					.source_fd = -EBADF,
					.target_fd = -EBADF };
	if (!file->name)
		return NULL;
	creation->file_count++;
	return file;
}

static int check_file(struct host_creation *creation, const char *name, struct error *error)
{
	if (!host_import_is_name(name))
		return error_set(error, ERROR_INVALID, "a file cannot be imported as \"%s\"", name);
	if (find_file(creation, name))
		return error_set(error, ERROR_INVALID, "two files are imported as \"%s\"", name);
	if (!is_named(creation->config, name))
		return error_set(error, ERROR_INVALID,
				 "the definition names no file \"%s\" (disk.0.file=%s would)", name,
				 name);
	return 0;
}

static int read_file(struct host_creation *creation, struct host_import *import,
		     struct error *error)
{
	struct creation_file *file = NULL;
	int r = check_file(creation, import->name, error);

	if (r < 0)
		return r;
	if (import->fd < 0)
		return error_set(error, ERROR_INVALID,
				 "there is no file descriptor for \"%s\" with the call",
				 import->name);
	file = add_file(creation, import->name);
	if (!file)
		return -ENOMEM;
	file->source_fd = take_fd(&import->fd);
	r = settle_format(creation->config, file);
	if (r > 0) {
		free(creation->text);
		creation->text = NULL;
	}
	if (r < 0)
		return error_set(error, ERROR_INVALID, "%s cannot be read: %s", import->name,
				 r == -EISDIR ? "it is a folder" : strerror(-r));
	return 0;
}

int creation_read(struct host_creation *creation, const struct host_create_request *request,
		  struct error *error)
{
	int r = make_config(creation, request, error);

	if (r >= 0 && request->import_count > HOST_IMPORTS_MAX)
		r = error_set(error, ERROR_INVALID, "more than %d files at once", HOST_IMPORTS_MAX);
	for (size_t i = 0; r >= 0 && i < request->import_count; i++)
		r = read_file(creation, &request->imports[i], error);
	if (r >= 0 && !creation->text) {
		creation->text = guest_config_format(creation->config);
		r = creation->text ? 0 : -ENOMEM;
	}
	return r;
}

/* Whether the guest's folder, which may be one that delete left with its disks, has the file. */
static bool is_there(const struct host_creation *creation, const char *name)
{
	_cleanup_fd_ int fd = -EBADF;

	return guest_store_open(host_store_root(creation->host, creation->origin),
				creation->config->name, name, O_RDONLY, &fd) != -ENOENT;
}

int creation_add_disks(struct host_creation *creation)
{
	const struct guest_config *config = creation->config;

	for (size_t i = 0; i < config->disk_count; i++) {
		const struct disk_config *disk = &config->disks[i];
		const char *name =
			disk->file ? config_path_own_name(disk->file, config->name) : NULL;
		struct creation_file *file = NULL;

		if (!name || disk->size_bytes == 0 || disk->readonly ||
		    !host_import_is_name(name) || find_file(creation, name) ||
		    is_there(creation, name))
			continue;
		file = add_file(creation, name);
		if (!file)
			return -ENOMEM;
		file->size_bytes = disk->size_bytes;
		file->format =
			disk->format == DISK_FORMAT_QCOW2 ? DISK_FORMAT_QCOW2 : DISK_FORMAT_RAW;
	}
	return 0;
}
