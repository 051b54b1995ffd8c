// SPDX-License-Identifier: GPL-2.0-or-later
// A guest's configuration as JSON and back. The only reader is hostd's own next run, so
// enumerations are numbers.
#include "guest-spec.h"

#include <string.h>

#define FIELD(type, member, json_type, parse) \
	{ #member, SD_JSON_VARIANT_##json_type, parse, offsetof(type, member), SD_JSON_MANDATORY }
#define TEXT(type, member)                                                                  \
	{ #member, SD_JSON_VARIANT_STRING, sd_json_dispatch_string, offsetof(type, member), \
	  SD_JSON_NULLABLE }
#define NUMBER(type, member) FIELD(type, member, UNSIGNED, sd_json_dispatch_uint32)
#define BOOLEAN(type, member) FIELD(type, member, BOOLEAN, sd_json_dispatch_stdbool)

static int dispatch_mac(const char *, sd_json_variant *variant, sd_json_dispatch_flags_t,
			void *userdata)
{
	_cleanup_free_ void *bytes = NULL;
	size_t length = 0;
	int r = sd_json_variant_unhex(variant, &bytes, &length);

	if (r < 0)
		return r;
	if (length != 6)
		return -EBADMSG;
	memcpy(userdata, bytes, length);
	return 0;
}

static const sd_json_dispatch_field disk_fields[] = {
	TEXT(struct disk_config, file),
	TEXT(struct disk_config, serial),
	NUMBER(struct disk_config, format),
	NUMBER(struct disk_config, bus),
	BOOLEAN(struct disk_config, readonly),
	NUMBER(struct disk_config, line),
	{},
};

static const sd_json_dispatch_field nic_fields[] = {
	TEXT(struct nic_config, network),
	NUMBER(struct nic_config, kind),
	NUMBER(struct nic_config, model),
	BOOLEAN(struct nic_config, has_mac),
	FIELD(struct nic_config, mac, STRING, dispatch_mac),
	NUMBER(struct nic_config, line),
	{},
};

/* Every enumeration is dispatched as a number, so it has to have a number's size. */
static_assert(sizeof(enum disk_bus) == sizeof(uint32_t));

static int dispatch_disks(const char *, sd_json_variant *variant, sd_json_dispatch_flags_t flags,
			  void *userdata)
{
	struct guest_config *config = userdata;
	size_t count = sd_json_variant_elements(variant);

	config->disks = calloc(count ? count : 1, sizeof(*config->disks));
	if (!config->disks)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++) {
		struct disk_config *disk = &config->disks[config->disk_count++];
		int r = sd_json_dispatch(sd_json_variant_by_index(variant, i), disk_fields, flags,
					 disk);

		if (r < 0)
			return r;
		if (!disk->file || disk->format > DISK_FORMAT_QCOW2 || disk->bus > DISK_BUS_NVME)
			return -EBADMSG;
	}
	return 0;
}

static int dispatch_nics(const char *, sd_json_variant *variant, sd_json_dispatch_flags_t flags,
			 void *userdata)
{
	struct guest_config *config = userdata;
	size_t count = sd_json_variant_elements(variant);

	config->nics = calloc(count ? count : 1, sizeof(*config->nics));
	if (!config->nics)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++) {
		struct nic_config *nic = &config->nics[config->nic_count++];
		int r = sd_json_dispatch(sd_json_variant_by_index(variant, i), nic_fields, flags,
					 nic);

		if (r < 0)
			return r;
		if (nic->kind > NIC_NETWORK_USER || nic->model > NIC_MODEL_RTL8139)
			return -EBADMSG;
	}
	return 0;
}

static const sd_json_dispatch_field config_fields[] = {
	TEXT(struct guest_config, name),
	NUMBER(struct guest_config, machine),
	NUMBER(struct guest_config, accel),
	NUMBER(struct guest_config, restart),
	NUMBER(struct guest_config, cpus),
	FIELD(struct guest_config, memory_bytes, UNSIGNED, sd_json_dispatch_uint64),
	TEXT(struct guest_config, cpu),
	TEXT(struct guest_config, kernel),
	TEXT(struct guest_config, initrd),
	TEXT(struct guest_config, cmdline),
	BOOLEAN(struct guest_config, autostart),
	BOOLEAN(struct guest_config, echo_console),
	NUMBER(struct guest_config, shutdown_timeout_s),
	NUMBER(struct guest_config, line),
	{ "disks", SD_JSON_VARIANT_ARRAY, dispatch_disks, 0, SD_JSON_MANDATORY },
	{ "nics", SD_JSON_VARIANT_ARRAY, dispatch_nics, 0, SD_JSON_MANDATORY },
	{},
};

int guest_spec_parse(sd_json_variant *variant, struct guest_config **ret_config)
{
	_cleanup_(guest_spec_freep) struct guest_config *config = calloc(1, sizeof(*config));
	int r = 0;

	if (!config)
		return -ENOMEM;
	if (!sd_json_variant_is_object(variant))
		return -EBADMSG;
	r = sd_json_dispatch(variant, config_fields, 0, config);
	if (r < 0)
		return r == -ENOMEM ? r : -EBADMSG;
	if (!config->name || !text_is_name(config->name) ||
	    config->machine > GUEST_MACHINE_MICROVM || config->accel > GUEST_ACCEL_ANY ||
	    config->restart > GUEST_RESTART_ALWAYS)
		return -EBADMSG;
	*ret_config = take_ptr(config);
	return 0;
}

static int format_disks(const struct guest_config *config, sd_json_variant **ret_variant)
{
	_cleanup_(sd_json_variant_unrefp) sd_json_variant *array = NULL;
	int r = sd_json_build(&array, SD_JSON_BUILD_EMPTY_ARRAY);

	for (size_t i = 0; r >= 0 && i < config->disk_count; i++) {
		const struct disk_config *disk = &config->disks[i];

		r = sd_json_variant_append_arraybo(
			&array, SD_JSON_BUILD_PAIR_STRING("file", disk->file),
			SD_JSON_BUILD_PAIR_STRING("serial", disk->serial),
			SD_JSON_BUILD_PAIR_UNSIGNED("format", disk->format),
			SD_JSON_BUILD_PAIR_UNSIGNED("bus", disk->bus),
			SD_JSON_BUILD_PAIR_BOOLEAN("readonly", disk->readonly),
			SD_JSON_BUILD_PAIR_UNSIGNED("line", disk->line));
	}
	if (r < 0)
		return r;
	*ret_variant = take_ptr(array);
	return 0;
}

static int format_nics(const struct guest_config *config, sd_json_variant **ret_variant)
{
	_cleanup_(sd_json_variant_unrefp) sd_json_variant *array = NULL;
	int r = sd_json_build(&array, SD_JSON_BUILD_EMPTY_ARRAY);

	for (size_t i = 0; r >= 0 && i < config->nic_count; i++) {
		const struct nic_config *nic = &config->nics[i];

		r = sd_json_variant_append_arraybo(
			&array, SD_JSON_BUILD_PAIR_STRING("network", nic->network),
			SD_JSON_BUILD_PAIR_UNSIGNED("kind", nic->kind),
			SD_JSON_BUILD_PAIR_UNSIGNED("model", nic->model),
			SD_JSON_BUILD_PAIR_BOOLEAN("has_mac", nic->has_mac),
			SD_JSON_BUILD_PAIR_HEX("mac", nic->mac, sizeof(nic->mac)),
			SD_JSON_BUILD_PAIR_UNSIGNED("line", nic->line));
	}
	if (r < 0)
		return r;
	*ret_variant = take_ptr(array);
	return 0;
}

int guest_spec_format(const struct guest_config *config, sd_json_variant **ret_variant)
{
	_cleanup_(sd_json_variant_unrefp) sd_json_variant *disks = NULL, *nics = NULL;
	int r = format_disks(config, &disks);

	if (r >= 0)
		r = format_nics(config, &nics);
	if (r < 0)
		return r;
	return sd_json_buildo(ret_variant, SD_JSON_BUILD_PAIR_STRING("name", config->name),
			      SD_JSON_BUILD_PAIR_UNSIGNED("machine", config->machine),
			      SD_JSON_BUILD_PAIR_UNSIGNED("accel", config->accel),
			      SD_JSON_BUILD_PAIR_UNSIGNED("restart", config->restart),
			      SD_JSON_BUILD_PAIR_UNSIGNED("cpus", config->cpus),
			      SD_JSON_BUILD_PAIR_UNSIGNED("memory_bytes", config->memory_bytes),
			      SD_JSON_BUILD_PAIR_STRING("cpu", config->cpu),
			      SD_JSON_BUILD_PAIR_STRING("kernel", config->kernel),
			      SD_JSON_BUILD_PAIR_STRING("initrd", config->initrd),
			      SD_JSON_BUILD_PAIR_STRING("cmdline", config->cmdline),
			      SD_JSON_BUILD_PAIR_BOOLEAN("autostart", config->autostart),
			      SD_JSON_BUILD_PAIR_BOOLEAN("echo_console", config->echo_console),
			      SD_JSON_BUILD_PAIR_UNSIGNED("shutdown_timeout_s",
							  config->shutdown_timeout_s),
			      SD_JSON_BUILD_PAIR_UNSIGNED("line", config->line),
			      SD_JSON_BUILD_PAIR_VARIANT("disks", disks),
			      SD_JSON_BUILD_PAIR_VARIANT("nics", nics));
}

int guest_spec_copy(const struct guest_config *config, struct guest_config **ret_config)
{
	_cleanup_(sd_json_variant_unrefp) sd_json_variant *variant = NULL;
	int r = guest_spec_format(config, &variant);

	if (r < 0)
		return r;
	return guest_spec_parse(variant, ret_config);
}

void guest_spec_free(struct guest_config *config)
{
	if (!config)
		return;
	for (size_t i = 0; i < config->disk_count; i++) {
		free(config->disks[i].file);
		free(config->disks[i].serial);
	}
	for (size_t i = 0; i < config->nic_count; i++)
		free(config->nics[i].network);
	free(config->disks);
	free(config->nics);
	free(config->name);
	free(config->cpu);
	free(config->kernel);
	free(config->initrd);
	free(config->cmdline);
	free(config);
}
