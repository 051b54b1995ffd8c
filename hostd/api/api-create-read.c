// SPDX-License-Identifier: GPL-2.0-or-later
// What Create is asked for: definition, changes to it, files to import -> struct api_creation.
#include <fcntl.h>
#include <string.h>

#include "api-create.h"
#include "base/array.h"
#include "storage/store/guest-store.h"

#define FILES_MAX 32
#define OWN "data:guests/"

struct call {
	const char *name, *definition;
	sd_json_variant *changes, *files;
};

static int refuse(char **ret_why, char *message_consume)
{
	*ret_why = message_consume;
	return message_consume ? -EINVAL : -ENOMEM;
}

/* --- the definition --- */

/*
 * Changes are made to a definition that is right, and an empty one is not: so a NIC stands in until
 * there is something to boot from.
 */
static int make_from_nothing(const char *name, sd_json_variant *changes,
			     struct guest_config **ret_config, char **ret_why)
{
	_cleanup_(guest_config_freep) struct guest_config *base = NULL, *changed = NULL;
	_cleanup_free_ char *text = text_format("guest \"%s\" { nic {} }", name);
	_cleanup_(config_mistakes_done) struct config_mistakes mistakes = {};
	bool has_nic = false;
	int r = text ? api_parse_definition(text, &base, ret_why) : -ENOMEM;

	if (r >= 0)
		r = api_apply_changes(base, changes, &changed, ret_why);
	for (size_t i = 0; r >= 0 && changes && i < sd_json_variant_elements(changes); i++) {
		sd_json_variant *key =
			sd_json_variant_by_key(sd_json_variant_by_index(changes, i), "key");

		has_nic = has_nic || strncmp(sd_json_variant_string(key), "nic.", 4) == 0;
	}
	if (r < 0)
		return r;
	if (has_nic) {
		*ret_config = take_ptr(changed);
		return 0;
	}
	r = guest_config_set(changed, "nic.0", "", ret_config, &mistakes);
	if (r != -EBADMSG)
		return r;
	return refuse(ret_why,
		      text_format("%s", mistakes.count > 0 ? mistakes.items[0].message : "?"));
}

static int rename_config(struct guest_config **config, const char *name, char **ret_why)
{
	struct guest_config *renamed = NULL;
	int r = guest_config_rename(*config, name, &renamed);

	if (r == -EINVAL)
		return refuse(ret_why, text_format("\"%s\" is no name: 1 to %d of a-z, 0-9 and -",
						   name, NAME_LENGTH_MAX));
	if (r < 0)
		return r;
	guest_config_free(*config);
	*config = renamed;
	return 0;
}

static int make_config(struct api_creation *creation, const struct call *call, char **ret_why)
{
	_cleanup_(guest_config_freep) struct guest_config *config = NULL, *changed = NULL;
	bool has_changes = call->changes && sd_json_variant_elements(call->changes) > 0;
	int r = 0;

	if (!call->definition && (!call->name || !text_is_name(call->name)))
		return refuse(ret_why,
			      call->name
				      ? text_format("\"%s\" is no name: 1 to %d of a-z, 0-9 and -",
						    call->name, NAME_LENGTH_MAX)
				      : text_format("a guest needs a definition or a name"));
	if (!call->definition)
		return make_from_nothing(call->name, call->changes, &creation->config, ret_why);
	r = api_parse_definition(call->definition, &config, ret_why);
	if (r >= 0 && call->name && strcmp(call->name, config->name) != 0) {
		r = rename_config(&config, call->name, ret_why);
		has_changes = true;
	}
	if (r >= 0)
		r = api_apply_changes(config, call->changes, &changed, ret_why);
	if (r < 0)
		return r;
	creation->config = take_ptr(changed);
	/* What nobody has changed is kept as it was written, with its comments. */
	if (has_changes)
		return 0;
	creation->text = strdup(call->definition);
	return creation->text ? 0 : -ENOMEM;
}

/* --- files --- */

/* A path of the definition as a name in the guest's own folder, or NULL. */
static const char *own_name(const struct guest_config *config, const char *path)
{
	size_t length = strlen(config->name);

	if (!path)
		return NULL;
	if (strncmp(path, OWN, strlen(OWN)) == 0) {
		path += strlen(OWN);
		if (strncmp(path, config->name, length) != 0 || path[length] != '/')
			return NULL;
		path += length + 1;
	}
	return strchr(path, '/') || strncmp(path, "data:", 5) == 0 ? NULL : path;
}

static bool is_named(const struct guest_config *config, const char *name)
{
	const char *const paths[] = { config->kernel, config->initrd, config->cloud_init.user_data,
				      config->cloud_init.meta_data,
				      config->cloud_init.network_config };

	for (size_t i = 0; i < ELEMENTS(paths); i++)
		if (text_equal(own_name(config, paths[i]), name))
			return true;
	for (size_t i = 0; i < config->cdrom_count; i++)
		if (text_equal(own_name(config, config->cdroms[i].file), name))
			return true;
	for (size_t i = 0; i < config->disk_count; i++)
		if (text_equal(own_name(config, config->disks[i].file), name))
			return true;
	return false;
}

/*
 * No guest has written into the file yet, so its magic can be believed: where the definition says
 * nothing of the format it will from now on. Returns whether it was changed, or -errno.
 */
static int settle_format(struct guest_config *config, struct api_file *file)
{
	int changed = 0, r = image_detect(file->source_fd, &file->format);
	enum disk_format detected = file->format;

	if (r < 0)
		return r;
	for (size_t i = 0; i < config->disk_count; i++) {
		struct disk_config *disk = &config->disks[i];

		if (!text_equal(own_name(config, disk->file), file->name))
			continue;
		changed = changed || disk->format == DISK_FORMAT_AUTO;
		if (disk->format == DISK_FORMAT_AUTO)
			disk->format = detected;
		file->format = disk->format;
		file->is_image = true;
		return changed;
	}
	file->format = DISK_FORMAT_RAW;
	file->is_boot_file = text_equal(own_name(config, config->kernel), file->name) ||
			     text_equal(own_name(config, config->initrd), file->name);
	for (size_t i = 0; i < config->cdrom_count; i++)
		if (text_equal(own_name(config, config->cdroms[i].file), file->name))
			file->is_image = true;
	return 0;
}

static struct api_file *find_file(struct api_creation *creation, const char *name)
{
	for (size_t i = 0; i < creation->file_count; i++)
		if (strcmp(creation->files[i].name, name) == 0)
			return &creation->files[i];
	return NULL;
}

/* Returns the new one, or NULL. */
static struct api_file *add_file(struct api_creation *creation, const char *name)
{
	struct api_file *file = NULL;

	if (array_grow(creation->files, creation->file_count) < 0)
		return NULL;
	file = &creation->files[creation->file_count];
	*file = (struct api_file){ .name = strdup(name), .source_fd = -EBADF, .target_fd = -EBADF };
	if (!file->name)
		return NULL;
	creation->file_count++;
	return file;
}

static int check_file(struct api_creation *creation, const char *name, char **ret_why)
{
	if (!api_import_is_name(name))
		return refuse(ret_why, text_format("a file cannot be imported as \"%s\"", name));
	if (find_file(creation, name))
		return refuse(ret_why, text_format("two files are imported as \"%s\"", name));
	if (!is_named(creation->config, name))
		return refuse(ret_why, text_format("the definition names no file \"%s\" "
						   "(disk.0.file=%s would)",
						   name, name));
	return 0;
}

static int read_file(struct api_creation *creation, sd_varlink *link, sd_json_variant *element,
		     char **ret_why)
{
	struct entry {
		const char *name;
		unsigned int fd_index;
	} entry = {};
	static const sd_json_dispatch_field fields[] = {
		{ "name", SD_JSON_VARIANT_STRING, sd_json_dispatch_const_string,
		  offsetof(struct entry, name), SD_JSON_MANDATORY },
		{ "fileDescriptor", _SD_JSON_VARIANT_TYPE_INVALID, sd_json_dispatch_uint,
		  offsetof(struct entry, fd_index), SD_JSON_MANDATORY },
		{},
	};
	struct api_file *file = NULL;
	int r = 0;

	if (sd_json_dispatch(element, fields, 0, &entry) < 0)
		return -EINVAL;
	r = check_file(creation, entry.name, ret_why);
	if (r < 0)
		return r;
	file = add_file(creation, entry.name);
	if (!file)
		return -ENOMEM;
	file->source_fd = sd_varlink_take_fd(link, entry.fd_index);
	if (file->source_fd < 0)
		return refuse(ret_why, text_format("there is no file descriptor %u with the call",
						   entry.fd_index));
	r = settle_format(creation->config, file);
	if (r > 0) {
		free(creation->text);
		creation->text = NULL;
	}
	if (r < 0)
		return refuse(ret_why,
			      text_format("%s cannot be read: %s", entry.name,
					  r == -EISDIR ? "it is a folder" : strerrordesc_np(-r)));
	return 0;
}

int api_creation_read(struct api_creation *creation, sd_varlink *link, sd_json_variant *parameters,
		      char **ret_why)
{
	static const sd_json_dispatch_field fields[] = {
		{ "name", SD_JSON_VARIANT_STRING, sd_json_dispatch_const_string,
		  offsetof(struct call, name), SD_JSON_NULLABLE },
		{ "definition", SD_JSON_VARIANT_STRING, sd_json_dispatch_const_string,
		  offsetof(struct call, definition), SD_JSON_NULLABLE },
		{ "changes", SD_JSON_VARIANT_ARRAY, sd_json_dispatch_variant_noref,
		  offsetof(struct call, changes), SD_JSON_NULLABLE },
		{ "files", SD_JSON_VARIANT_ARRAY, sd_json_dispatch_variant_noref,
		  offsetof(struct call, files), SD_JSON_NULLABLE },
		{},
	};
	struct call call = {};
	size_t file_count = 0;
	int r = sd_varlink_dispatch(link, parameters, fields, &call);

	if (r != 0)
		return r == -ENOMEM ? r : 1;
	file_count = call.files ? sd_json_variant_elements(call.files) : 0;
	r = make_config(creation, &call, ret_why);
	if (r >= 0 && file_count > FILES_MAX)
		r = refuse(ret_why, text_format("more than %d files at once", FILES_MAX));
	for (size_t i = 0; r >= 0 && i < file_count; i++)
		r = read_file(creation, link, sd_json_variant_by_index(call.files, i), ret_why);
	if (r >= 0 && !creation->text) {
		creation->text = guest_config_format(creation->config);
		r = creation->text ? 0 : -ENOMEM;
	}
	return r;
}

/* Whether the guest's folder, which may be one that delete left with its disks, has the file. */
static bool is_there(const struct api_creation *creation, const char *name)
{
	_cleanup_fd_ int fd = -EBADF;

	return guest_store_open(api_store_root(creation->api, creation->origin),
				creation->config->name, name, O_RDONLY, &fd) != -ENOENT;
}

int api_creation_add_disks(struct api_creation *creation)
{
	const struct guest_config *config = creation->config;

	for (size_t i = 0; i < config->disk_count; i++) {
		const struct disk_config *disk = &config->disks[i];
		const char *name = own_name(config, disk->file);
		struct api_file *file = NULL;

		if (!name || disk->size_bytes == 0 || disk->readonly || !api_import_is_name(name) ||
		    find_file(creation, name) || is_there(creation, name))
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
