// SPDX-License-Identifier: GPL-2.0-or-later
// What outlives hostd of a guest, as JSON in /run.
#include "guest-record.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <systemd/sd-json.h>

#include "base/file.h"

#define RECORD_LIMIT (256 * 1024)
#define RECORD_NAME "record.json"

void guest_record_done(struct guest_record *record)
{
	guest_config_free(record->config);
	free(record->reason);
	free(record->disks);
	*record = (struct guest_record){};
}

static int format_disks(const struct guest_record *record, sd_json_variant **ret_variant)
{
	_cleanup_(sd_json_variant_unrefp) sd_json_variant *array = NULL;
	int r = sd_json_build(&array, SD_JSON_BUILD_EMPTY_ARRAY);

	for (size_t i = 0; r >= 0 && i < record->disk_count; i++) {
		const struct guest_disk_identity *disk = &record->disks[i];

		r = sd_json_variant_append_arraybo(
			&array, SD_JSON_BUILD_PAIR_UNSIGNED("device", disk->device),
			SD_JSON_BUILD_PAIR_UNSIGNED("inode", disk->inode),
			SD_JSON_BUILD_PAIR_BOOLEAN("writable", disk->writable));
	}
	if (r < 0)
		return r;
	*ret_variant = take_ptr(array);
	return 0;
}

/* Which NICs are behind SLIRP depends on networks that a later configuration may not have. */
static int format_user_nics(const struct guest_config *config, sd_json_variant **ret_variant)
{
	_cleanup_(sd_json_variant_unrefp) sd_json_variant *array = NULL;
	int r = sd_json_build(&array, SD_JSON_BUILD_EMPTY_ARRAY);

	for (size_t i = 0; r >= 0 && i < config->nic_count; i++)
		if (config->nics[i].kind == NIC_NETWORK_USER)
			r = sd_json_variant_append_arrayb(&array, SD_JSON_BUILD_UNSIGNED(i));
	if (r >= 0)
		*ret_variant = take_ptr(array);
	return r;
}

static void parse_user_nics(sd_json_variant *array, struct guest_config *config)
{
	if (!array)
		return;
	for (size_t i = 0; i < config->nic_count; i++)
		config->nics[i].kind = NIC_NETWORK_BRIDGE;
	for (size_t i = 0; i < sd_json_variant_elements(array); i++) {
		uint64_t index = sd_json_variant_unsigned(sd_json_variant_by_index(array, i));

		if (index < config->nic_count)
			config->nics[index].kind = NIC_NETWORK_USER;
	}
}

static int build(const struct guest_record *record, sd_json_variant **ret_variant)
{
	_cleanup_(sd_json_variant_unrefp) sd_json_variant *disks = NULL, *user_nics = NULL;
	_cleanup_free_ char *config = guest_config_format(record->config);
	const struct guest_life *life = &record->life;
	int r = config ? format_disks(record, &disks) : -ENOMEM;

	if (r >= 0)
		r = format_user_nics(record->config, &user_nics);
	if (r < 0)
		return r;
	return sd_json_buildo(ret_variant, SD_JSON_BUILD_PAIR_UNSIGNED("state", life->state),
			      SD_JSON_BUILD_PAIR_UNSIGNED("ending", life->ending),
			      SD_JSON_BUILD_PAIR_UNSIGNED("failures", life->failures),
			      SD_JSON_BUILD_PAIR_UNSIGNED("fast_failures", life->fast_failures),
			      SD_JSON_BUILD_PAIR_UNSIGNED("restarts", life->restarts),
			      SD_JSON_BUILD_PAIR_UNSIGNED("started_usec", life->started_usec),
			      SD_JSON_BUILD_PAIR_UNSIGNED("timer_usec", life->timer_usec),
			      SD_JSON_BUILD_PAIR_BOOLEAN("restart_wanted", life->restart_wanted),
			      SD_JSON_BUILD_PAIR_STRING("reason", record->reason),
			      SD_JSON_BUILD_PAIR_INTEGER("pid", record->pid),
			      SD_JSON_BUILD_PAIR_UNSIGNED("start_time", record->start_time),
			      SD_JSON_BUILD_PAIR_UNSIGNED("index", record->index),
			      SD_JSON_BUILD_PAIR_UNSIGNED("origin", record->origin),
			      SD_JSON_BUILD_PAIR_UNSIGNED("overhead_bytes", record->overhead_bytes),
			      SD_JSON_BUILD_PAIR_BOOLEAN("kvm", record->kvm),
			      SD_JSON_BUILD_PAIR_BOOLEAN("ready", record->ready),
			      SD_JSON_BUILD_PAIR_UNSIGNED("console_start", record->console_start),
			      SD_JSON_BUILD_PAIR_VARIANT("disks", disks),
			      SD_JSON_BUILD_PAIR_VARIANT("user_nics", user_nics),
			      SD_JSON_BUILD_PAIR_STRING("config", config));
}

int guest_record_format(const struct guest_record *record, char **ret_text)
{
	_cleanup_(sd_json_variant_unrefp) sd_json_variant *variant = NULL;
	int r = build(record, &variant);

	if (r < 0)
		return r;
	r = sd_json_variant_format(variant, SD_JSON_FORMAT_NEWLINE, ret_text);
	return r < 0 ? r : 0;
}

/* In the syntax of guest.conf, so that there is one way to write a guest down. */
static int dispatch_config(const char *, sd_json_variant *variant, sd_json_dispatch_flags_t,
			   void *userdata)
{
	struct config_mistakes mistakes = {};
	int r = guest_config_parse(sd_json_variant_string(variant), userdata, &mistakes);

	config_mistakes_done(&mistakes);
	return r;
}

#define DISK_FIELD(member, type, parse)                                                         \
	{ #member, SD_JSON_VARIANT_##type, parse, offsetof(struct guest_disk_identity, member), \
	  SD_JSON_MANDATORY }

static int dispatch_disks(const char *, sd_json_variant *variant, sd_json_dispatch_flags_t flags,
			  void *userdata)
{
	static const sd_json_dispatch_field fields[] = {
		DISK_FIELD(device, UNSIGNED, sd_json_dispatch_uint64),
		DISK_FIELD(inode, UNSIGNED, sd_json_dispatch_uint64),
		DISK_FIELD(writable, BOOLEAN, sd_json_dispatch_stdbool),
		{},
	};
	struct guest_record *record = userdata;
	size_t count = sd_json_variant_elements(variant);

	record->disks = calloc(count ? count : 1, sizeof(*record->disks));
	if (!record->disks)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++) {
		int r = sd_json_dispatch(sd_json_variant_by_index(variant, i), fields, flags,
					 &record->disks[record->disk_count++]);

		if (r < 0)
			return r;
	}
	return 0;
}

#define FIELD(name, member, type, parse)                                              \
	{ name, SD_JSON_VARIANT_##type, parse, offsetof(struct guest_record, member), \
	  SD_JSON_MANDATORY }

static const sd_json_dispatch_field record_fields[] = {
	FIELD("state", life.state, UNSIGNED, sd_json_dispatch_uint32),
	FIELD("ending", life.ending, UNSIGNED, sd_json_dispatch_uint32),
	FIELD("failures", life.failures, UNSIGNED, sd_json_dispatch_uint32),
	FIELD("fast_failures", life.fast_failures, UNSIGNED, sd_json_dispatch_uint32),
	FIELD("restarts", life.restarts, UNSIGNED, sd_json_dispatch_uint32),
	FIELD("started_usec", life.started_usec, UNSIGNED, sd_json_dispatch_uint64),
	FIELD("timer_usec", life.timer_usec, UNSIGNED, sd_json_dispatch_uint64),
	FIELD("restart_wanted", life.restart_wanted, BOOLEAN, sd_json_dispatch_stdbool),
	{ "reason", SD_JSON_VARIANT_STRING, sd_json_dispatch_string,
	  offsetof(struct guest_record, reason), SD_JSON_NULLABLE },
	FIELD("pid", pid, INTEGER, sd_json_dispatch_int32),
	FIELD("start_time", start_time, UNSIGNED, sd_json_dispatch_uint64),
	FIELD("index", index, UNSIGNED, sd_json_dispatch_uint32),
	FIELD("origin", origin, UNSIGNED, sd_json_dispatch_uint32),
	FIELD("overhead_bytes", overhead_bytes, UNSIGNED, sd_json_dispatch_uint64),
	FIELD("kvm", kvm, BOOLEAN, sd_json_dispatch_stdbool),
	{ "ready", SD_JSON_VARIANT_BOOLEAN, sd_json_dispatch_stdbool,
	  offsetof(struct guest_record, ready), 0 },
	{ "console_start", SD_JSON_VARIANT_UNSIGNED, sd_json_dispatch_uint64,
	  offsetof(struct guest_record, console_start), 0 },
	{ "disks", SD_JSON_VARIANT_ARRAY, dispatch_disks, 0, SD_JSON_MANDATORY },
	FIELD("config", config, STRING, dispatch_config),
	{},
};

static_assert(sizeof(pid_t) == sizeof(int32_t) && sizeof(enum guest_state) == sizeof(uint32_t));

int guest_record_parse(const char *text, struct guest_record *ret_record)
{
	_cleanup_(sd_json_variant_unrefp) sd_json_variant *variant = NULL;
	_cleanup_(guest_record_done) struct guest_record record = {};
	int r = sd_json_parse(text, 0, &variant, NULL, NULL);

	if (r < 0)
		return r == -ENOMEM ? r : -EBADMSG;
	if (!sd_json_variant_is_object(variant))
		return -EBADMSG;
	/* A hostd that was put in the place of a newer one goes on with what it knows. */
	r = sd_json_dispatch(variant, record_fields, SD_JSON_ALLOW_EXTENSIONS, &record);
	if (r < 0)
		return r == -ENOMEM ? r : -EBADMSG;
	parse_user_nics(sd_json_variant_by_key(variant, "user_nics"), record.config);
	if (record.life.state >= GUEST_STATE_COUNT || record.life.ending > GUEST_ENDING_REBOOT ||
	    record.pid < 0)
		return -EBADMSG;
	/* Saved before the end of a run was, maybe. */
	record.ready = record.ready && record.life.state == GUEST_STATE_RUNNING;
	*ret_record = record;
	record = (struct guest_record){};
	return 0;
}

int guest_record_save(int folder_fd, const struct guest_record *record)
{
	_cleanup_fd_ int guest_fd = -EBADF;
	_cleanup_free_ char *text = NULL;
	const char *name = record->config->name;
	int r = guest_record_format(record, &text);

	if (r < 0)
		return r;
	if (mkdirat(folder_fd, name, 0700) < 0 && errno != EEXIST)
		return -errno;
	guest_fd = openat(folder_fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (guest_fd < 0)
		return -errno;
	return file_replace(guest_fd, RECORD_NAME, text, strlen(text), 0600);
}

int guest_record_load(int folder_fd, const char *name, struct guest_record *ret_record)
{
	_cleanup_(guest_record_done) struct guest_record record = {};
	_cleanup_fd_ int guest_fd = -EBADF;
	_cleanup_free_ char *text = NULL;
	int r = 0;

	guest_fd = openat(folder_fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (guest_fd < 0)
		return -errno;
	r = file_read(guest_fd, RECORD_NAME, RECORD_LIMIT, &text, NULL);
	if (r >= 0)
		r = guest_record_parse(text, &record);
	if (r < 0)
		return r;
	if (!text_equal(record.config->name, name))
		return -EBADMSG;
	*ret_record = record;
	record = (struct guest_record){};
	return 0;
}
