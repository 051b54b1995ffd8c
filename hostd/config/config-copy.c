// SPDX-License-Identifier: GPL-2.0-or-later
// A guest's definition: freed, copied, renamed.
#include <string.h>

#include "config-parse.h"

void guest_config_done(struct guest_config *guest)
{
	struct cloud_init_config *cloud_init = &guest->cloud_init;

	for (size_t i = 0; i < guest->disk_count; i++) {
		free(guest->disks[i].file);
		free(guest->disks[i].device);
		free(guest->disks[i].serial);
	}
	for (size_t i = 0; i < guest->cdrom_count; i++)
		free(guest->cdroms[i].file);
	for (size_t i = 0; i < guest->nic_count; i++) {
		free(guest->nics[i].network);
		text_list_done(&guest->nics[i].addresses);
	}
	free(guest->disks);
	free(guest->cdroms);
	free(guest->nics);
	free(cloud_init->user_data);
	free(cloud_init->meta_data);
	free(cloud_init->network_config);
	free(cloud_init->hostname);
	text_list_done(&cloud_init->ssh_keys);
	free(cloud_init->password_hash);
	free(cloud_init->instance_id);
	free(guest->name);
	free(guest->cpu);
	free(guest->kernel);
	free(guest->initrd);
	free(guest->cmdline);
	text_list_done(&guest->after);
	free(guest->ready_text);
	*guest = (struct guest_config){};
}

void guest_config_free(struct guest_config *config)
{
	if (config)
		guest_config_done(config);
	free(config);
}

void config_remove_guests(struct host_config *config, const bool *wrong)
{
	size_t kept = 0;

	for (size_t i = 0; i < config->guest_count; i++)
		if (wrong[i])
			guest_config_done(&config->guests[i]);
		else
			config->guests[kept++] = config->guests[i];
	config->guest_count = kept;
}

/* Without memory the rest of a copy stays empty, and is freed as it is. */
struct copy {
	bool out_of_memory;
};

static void copy_text(struct copy *copy, char **to, const char *from)
{
	*to = from && !copy->out_of_memory ? strdup(from) : NULL;
	if (from && !*to)
		copy->out_of_memory = true;
}

static void copy_list(struct copy *copy, struct text_list *to, const struct text_list *from)
{
	*to = (struct text_list){};
	for (size_t i = 0; i < from->count && !copy->out_of_memory; i++)
		if (text_list_add(to, from->items[i]) < 0)
			copy->out_of_memory = true;
}

/* Room for count elements, or NULL with *ret_count 0. */
static void *copy_room(struct copy *copy, size_t count, size_t size, size_t *ret_count)
{
	void *room = count > 0 && !copy->out_of_memory ? calloc(count, size) : NULL;

	if (count > 0 && !room)
		copy->out_of_memory = true;
	*ret_count = room ? count : 0;
	return room;
}

static void copy_blocks(struct copy *copy, struct guest_config *to, const struct guest_config *from)
{
	to->disks = copy_room(copy, from->disk_count, sizeof(*to->disks), &to->disk_count);
	for (size_t i = 0; i < to->disk_count; i++) {
		to->disks[i] = from->disks[i];
		copy_text(copy, &to->disks[i].file, from->disks[i].file);
		copy_text(copy, &to->disks[i].device, from->disks[i].device);
		copy_text(copy, &to->disks[i].serial, from->disks[i].serial);
	}
	to->cdroms = copy_room(copy, from->cdrom_count, sizeof(*to->cdroms), &to->cdrom_count);
	for (size_t i = 0; i < to->cdrom_count; i++) {
		to->cdroms[i] = from->cdroms[i];
		copy_text(copy, &to->cdroms[i].file, from->cdroms[i].file);
	}
	to->nics = copy_room(copy, from->nic_count, sizeof(*to->nics), &to->nic_count);
	for (size_t i = 0; i < to->nic_count; i++) {
		to->nics[i] = from->nics[i];
		copy_text(copy, &to->nics[i].network, from->nics[i].network);
		copy_list(copy, &to->nics[i].addresses, &from->nics[i].addresses);
	}
}

static void copy_cloud_init(struct copy *copy, struct cloud_init_config *to,
			    const struct cloud_init_config *from)
{
	copy_text(copy, &to->user_data, from->user_data);
	copy_text(copy, &to->meta_data, from->meta_data);
	copy_text(copy, &to->network_config, from->network_config);
	copy_text(copy, &to->hostname, from->hostname);
	copy_list(copy, &to->ssh_keys, &from->ssh_keys);
	copy_text(copy, &to->password_hash, from->password_hash);
	copy_text(copy, &to->instance_id, from->instance_id);
}

int guest_config_copy(const struct guest_config *config, struct guest_config **ret_config)
{
	_cleanup_(guest_config_freep) struct guest_config *to = calloc(1, sizeof(*to));
	struct copy copy = {};

	if (!to)
		return -ENOMEM;
	*to = *config;
	copy_text(&copy, &to->name, config->name);
	copy_text(&copy, &to->cpu, config->cpu);
	copy_text(&copy, &to->kernel, config->kernel);
	copy_text(&copy, &to->initrd, config->initrd);
	copy_text(&copy, &to->cmdline, config->cmdline);
	copy_blocks(&copy, to, config);
	copy_cloud_init(&copy, &to->cloud_init, &config->cloud_init);
	copy_list(&copy, &to->after, &config->after);
	copy_text(&copy, &to->ready_text, config->ready_text);
	if (copy.out_of_memory)
		return -ENOMEM;
	*ret_config = take_ptr(to);
	return 0;
}

/* "data:guests/OLD/x" -> "data:guests/NEW/x"; any other path stays. Returns 0 or -ENOMEM. */
static int rename_path(char **path, const char *old_start, const char *name)
{
	char *renamed = NULL;

	if (!*path || !config_path_begins(*path, old_start))
		return 0;
	renamed = text_format("%s%s/%s", CONFIG_DATA_GUESTS, name, *path + strlen(old_start));
	if (!renamed)
		return -ENOMEM;
	free(*path);
	*path = renamed;
	return 0;
}

int guest_config_rename(const struct guest_config *config, const char *name,
			struct guest_config **ret_config)
{
	_cleanup_(guest_config_freep) struct guest_config *to = NULL;
	_cleanup_free_ char *start = text_format("%s%s/", CONFIG_DATA_GUESTS, config->name);
	struct cloud_init_config *cloud_init = NULL;
	int r = 0;

	if (!text_is_name(name))
		return -EINVAL;
	if (!start || guest_config_copy(config, &to) < 0)
		return -ENOMEM;
	cloud_init = &to->cloud_init;
	free(to->name);
	to->name = strdup(name);
	if (!to->name)
		r = -ENOMEM;
	for (size_t i = 0; i < to->disk_count && r == 0; i++)
		r = rename_path(&to->disks[i].file, start, name);
	for (size_t i = 0; i < to->cdrom_count && r == 0; i++)
		r = rename_path(&to->cdroms[i].file, start, name);
	if (r < 0 || rename_path(&to->kernel, start, name) < 0 ||
	    rename_path(&to->initrd, start, name) < 0 ||
	    rename_path(&cloud_init->user_data, start, name) < 0 ||
	    rename_path(&cloud_init->meta_data, start, name) < 0 ||
	    rename_path(&cloud_init->network_config, start, name) < 0)
		return -ENOMEM;
	*ret_config = take_ptr(to);
	return 0;
}
