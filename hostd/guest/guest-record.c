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

void guest_record_own(struct guest_record *record)
{
	record->read = sd_json_variant_unref(record->read);
	record->foreign = false;
}

void guest_record_renew(struct guest_record *record)
{
	guest_record_own(record);
	free(take_ptr(record->unknown));
}

void guest_record_done(struct guest_record *record)
{
	guest_record_renew(record);
	guest_config_free(record->config);
	free(record->reason);
	free(record->devices);
	free(record->uuid);
	*record = (struct guest_record){};
}

static int format_device(const struct guest_record_device *device, sd_json_variant **array)
{
	const struct guest_disk_identity *disk = &device->disk;
	bool is_disk = device->kind == VMM_DEVICE_DISK;

	return sd_json_variant_append_arraybo(
		array, SD_JSON_BUILD_PAIR_STRING("kind", vmm_device_kind_name(device->kind)),
		SD_JSON_BUILD_PAIR_UNSIGNED("index", device->index),
		SD_JSON_BUILD_PAIR_CONDITION(is_disk, "device",
					     SD_JSON_BUILD_UNSIGNED(disk->device)),
		SD_JSON_BUILD_PAIR_CONDITION(is_disk, "inode", SD_JSON_BUILD_UNSIGNED(disk->inode)),
		SD_JSON_BUILD_PAIR_CONDITION(is_disk, "writable",
					     SD_JSON_BUILD_BOOLEAN(disk->writable)));
}

static int format_devices(const struct guest_record *record, sd_json_variant **ret_variant)
{
	_cleanup_(sd_json_variant_unrefp) sd_json_variant *array = NULL;
	int r = sd_json_build(&array, SD_JSON_BUILD_EMPTY_ARRAY);

	for (size_t i = 0; r >= 0 && i < record->device_count; i++)
		r = format_device(&record->devices[i], &array);
	if (r >= 0)
		*ret_variant = take_ptr(array);
	return r;
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
	if (!array || !sd_json_variant_is_array(array))
		return;
	for (size_t i = 0; i < config->nic_count; i++)
		config->nics[i].kind = NIC_NETWORK_BRIDGE;
	for (size_t i = 0; i < sd_json_variant_elements(array); i++) {
		sd_json_variant *index = sd_json_variant_by_index(array, i);

		if (sd_json_variant_is_unsigned(index) &&
		    sd_json_variant_unsigned(index) < config->nic_count)
			config->nics[sd_json_variant_unsigned(index)].kind = NIC_NETWORK_USER;
	}
}

/* What is settled when a run begins. */
static int build_run(const struct guest_record *record, sd_json_variant **ret_variant)
{
	_cleanup_(sd_json_variant_unrefp) sd_json_variant *devices = NULL, *user_nics = NULL;
	_cleanup_free_ char *config = guest_config_format(record->config);
	int r = config ? format_devices(record, &devices) : -ENOMEM;

	if (r >= 0)
		r = format_user_nics(record->config, &user_nics);
	if (r < 0)
		return r;
	return sd_json_buildo(
		ret_variant, SD_JSON_BUILD_PAIR_UNSIGNED("version", GUEST_RECORD_VERSION),
		SD_JSON_BUILD_PAIR_CONDITION(record->uuid != NULL, "uuid",
					     SD_JSON_BUILD_STRING(record->uuid)),
		SD_JSON_BUILD_PAIR_CONDITION(
			record->vmm != NULL, "vmm",
			SD_JSON_BUILD_STRING(record->vmm ? vmm_name(record->vmm) : NULL)),
		SD_JSON_BUILD_PAIR_BOOLEAN("kvm", record->kvm),
		SD_JSON_BUILD_PAIR_UNSIGNED("console_start", record->console_start),
		SD_JSON_BUILD_PAIR_VARIANT("devices", devices),
		SD_JSON_BUILD_PAIR_VARIANT("user_nics", user_nics),
		SD_JSON_BUILD_PAIR_STRING("config", config));
}

#define KIND_VMM "vmm"

static bool is_vmm(sd_json_variant *process)
{
	sd_json_variant *kind = sd_json_variant_by_key(process, "kind");

	return kind && sd_json_variant_is_string(kind) &&
	       strcmp(sd_json_variant_string(kind), KIND_VMM) == 0;
}

/* The VMM's, and those of the record that was read which this hostd does not know. */
static int format_processes(const struct guest_record *record, sd_json_variant **ret_variant)
{
	sd_json_variant *read = sd_json_variant_by_key(record->read, "processes");
	_cleanup_(sd_json_variant_unrefp) sd_json_variant *array = NULL;
	int r = sd_json_variant_append_arraybo(
		&array, SD_JSON_BUILD_PAIR_STRING("kind", KIND_VMM),
		SD_JSON_BUILD_PAIR_INTEGER("pid", record->process.pid),
		SD_JSON_BUILD_PAIR_UNSIGNED("start_time", record->process.start_time),
		SD_JSON_BUILD_PAIR_UNSIGNED("index", record->index));

	for (size_t i = 0; r >= 0 && read && i < sd_json_variant_elements(read); i++) {
		sd_json_variant *process = sd_json_variant_by_index(read, i);

		if (!is_vmm(process))
			r = sd_json_variant_append_array(&array, process);
	}
	if (r >= 0)
		*ret_variant = take_ptr(array);
	return r;
}

static int build_life(const struct guest_record *record, sd_json_variant **ret_variant)
{
	const struct guest_life *life = &record->life;
	_cleanup_(sd_json_variant_unrefp) sd_json_variant *processes = NULL;
	int r = format_processes(record, &processes);

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
			      SD_JSON_BUILD_PAIR_VARIANT("processes", processes),
			      SD_JSON_BUILD_PAIR_UNSIGNED("origin", record->origin),
			      SD_JSON_BUILD_PAIR_UNSIGNED("overhead_bytes", record->overhead_bytes),
			      SD_JSON_BUILD_PAIR_BOOLEAN("ready", record->ready),
			      SD_JSON_BUILD_PAIR_BOOLEAN("lacked", record->lacked));
}

static int build(const struct guest_record *record, sd_json_variant **ret_variant)
{
	_cleanup_(sd_json_variant_unrefp) sd_json_variant *all = sd_json_variant_ref(record->read),
							  *life = NULL;
	int r = all ? 0 : build_run(record, &all);

	if (r >= 0)
		r = build_life(record, &life);
	if (r >= 0)
		r = sd_json_variant_merge_object(&all, life);
	if (r >= 0)
		*ret_variant = take_ptr(all);
	return r;
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

/* The first of what is not known is enough to say. */
static int note(struct guest_record *record, char *text_consume)
{
	if (record->unknown)
		free(text_consume);
	else
		record->unknown = text_consume;
	return record->unknown ? 0 : -ENOMEM;
}

/* In the syntax of guest.conf, so that there is one way to write a guest down. */
static int dispatch_config(const char *, sd_json_variant *variant, sd_json_dispatch_flags_t,
			   void *userdata)
{
	_cleanup_(config_mistakes_done) struct config_mistakes mistakes = {};
	struct guest_record *record = userdata;
	int r = guest_config_read(sd_json_variant_string(variant), &record->config, &mistakes);

	if (r >= 0 && mistakes.count > 0)
		r = note(record, text_format("its record is not all understood: %s",
					     mistakes.items[0].message));
	return r;
}

#define DEVICE_FIELD(name, member, type, parse)                                              \
	{ name, SD_JSON_VARIANT_##type, parse, offsetof(struct guest_record_device, member), \
	  SD_JSON_PERMISSIVE }

static int dispatch_kind(const char *, sd_json_variant *variant, sd_json_dispatch_flags_t,
			 void *userdata)
{
	enum vmm_device_kind *kind = userdata;

	for (*kind = 0; *kind < VMM_DEVICE_COUNT; (*kind)++)
		if (strcmp(vmm_device_kind_name(*kind), sd_json_variant_string(variant)) == 0)
			break;
	return 0;
}

/* One that is of a kind that is not known is passed over. */
static int dispatch_devices(const char *, sd_json_variant *variant, sd_json_dispatch_flags_t,
			    void *userdata)
{
	static const sd_json_dispatch_field fields[] = {
		{ "kind", SD_JSON_VARIANT_STRING, dispatch_kind,
		  offsetof(struct guest_record_device, kind), SD_JSON_MANDATORY },
		DEVICE_FIELD("index", index, UNSIGNED, sd_json_dispatch_uint64),
		DEVICE_FIELD("device", disk.device, UNSIGNED, sd_json_dispatch_uint64),
		DEVICE_FIELD("inode", disk.inode, UNSIGNED, sd_json_dispatch_uint64),
		DEVICE_FIELD("writable", disk.writable, BOOLEAN, sd_json_dispatch_stdbool),
		{},
	};
	struct guest_record *record = userdata;
	size_t count = sd_json_variant_is_array(variant) ? sd_json_variant_elements(variant) : 0;

	record->devices = calloc(count ? count : 1, sizeof(*record->devices));
	if (!record->devices)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++) {
		struct guest_record_device device = {};
		int r = sd_json_dispatch(sd_json_variant_by_index(variant, i), fields,
					 SD_JSON_ALLOW_EXTENSIONS, &device);

		if (r >= 0 && device.kind < VMM_DEVICE_COUNT)
			record->devices[record->device_count++] = device;
	}
	return 0;
}

static_assert(sizeof(size_t) == sizeof(uint64_t));

/* Of a VMM that this hostd does not have nothing is understood but that it runs. */
static int dispatch_vmm(const char *, sd_json_variant *variant, sd_json_dispatch_flags_t,
			void *userdata)
{
	struct guest_record *record = userdata;

	record->vmm = vmm_find(sd_json_variant_string(variant));
	return record->vmm ? 0
			   : note(record, text_format("it runs in a VMM that is not known: %s",
						      sd_json_variant_string(variant)));
}

#define PROCESS_FIELD(name, member, type, parse)                                      \
	{ name, SD_JSON_VARIANT_##type, parse, offsetof(struct guest_record, member), \
	  SD_JSON_MANDATORY }

static int dispatch_processes(const char *, sd_json_variant *variant, sd_json_dispatch_flags_t,
			      void *userdata)
{
	static const sd_json_dispatch_field fields[] = {
		PROCESS_FIELD("pid", process.pid, INTEGER, sd_json_dispatch_int32),
		PROCESS_FIELD("start_time", process.start_time, UNSIGNED, sd_json_dispatch_uint64),
		PROCESS_FIELD("index", index, UNSIGNED, sd_json_dispatch_uint32),
		{},
	};

	for (size_t i = 0; i < sd_json_variant_elements(variant); i++)
		if (is_vmm(sd_json_variant_by_index(variant, i)))
			return sd_json_dispatch(sd_json_variant_by_index(variant, i), fields,
						SD_JSON_ALLOW_EXTENSIONS, userdata);
	return -EBADMSG;
}

/* Without these the process is not found; the rest is what a hostd can do without. */
#define NEEDED(name, member, type, parse)                                             \
	{ name, SD_JSON_VARIANT_##type, parse, offsetof(struct guest_record, member), \
	  SD_JSON_MANDATORY }
#define FIELD(name, member, type, parse)                                              \
	{ name, SD_JSON_VARIANT_##type, parse, offsetof(struct guest_record, member), \
	  SD_JSON_PERMISSIVE }

static const sd_json_dispatch_field record_fields[] = {
	NEEDED("state", life.state, UNSIGNED, sd_json_dispatch_uint32),
	{ "processes", SD_JSON_VARIANT_ARRAY, dispatch_processes, 0, SD_JSON_MANDATORY },
	{ "config", SD_JSON_VARIANT_STRING, dispatch_config, 0, SD_JSON_MANDATORY },
	FIELD("ending", life.ending, UNSIGNED, sd_json_dispatch_uint32),
	FIELD("failures", life.failures, UNSIGNED, sd_json_dispatch_uint32),
	FIELD("fast_failures", life.fast_failures, UNSIGNED, sd_json_dispatch_uint32),
	FIELD("restarts", life.restarts, UNSIGNED, sd_json_dispatch_uint32),
	FIELD("started_usec", life.started_usec, UNSIGNED, sd_json_dispatch_uint64),
	FIELD("timer_usec", life.timer_usec, UNSIGNED, sd_json_dispatch_uint64),
	FIELD("restart_wanted", life.restart_wanted, BOOLEAN, sd_json_dispatch_stdbool),
	FIELD("reason", reason, STRING, sd_json_dispatch_string),
	FIELD("origin", origin, UNSIGNED, sd_json_dispatch_uint32),
	FIELD("overhead_bytes", overhead_bytes, UNSIGNED, sd_json_dispatch_uint64),
	FIELD("kvm", kvm, BOOLEAN, sd_json_dispatch_stdbool),
	FIELD("ready", ready, BOOLEAN, sd_json_dispatch_stdbool),
	FIELD("console_start", console_start, UNSIGNED, sd_json_dispatch_uint64),
	FIELD("lacked", lacked, BOOLEAN, sd_json_dispatch_stdbool),
	FIELD("uuid", uuid, STRING, sd_json_dispatch_string),
	{ "vmm", SD_JSON_VARIANT_STRING, dispatch_vmm, 0, SD_JSON_PERMISSIVE },
	{ "devices", _SD_JSON_VARIANT_TYPE_INVALID, dispatch_devices, 0, 0 },
	{},
};

static_assert(sizeof(pid_t) == sizeof(int32_t) && sizeof(enum guest_state) == sizeof(uint32_t));

/* A later hostd may know more states and endings; what has a process runs. */
static int check_life(struct guest_record *record)
{
	struct guest_life *life = &record->life;

	if (life->ending > GUEST_ENDING_REBOOT)
		life->ending = GUEST_ENDING_NONE;
	if (life->state < GUEST_STATE_COUNT)
		return 0;
	life->state = record->process.pid > 0 ? GUEST_STATE_RUNNING : GUEST_STATE_STOPPED;
	return note(record, text_format("its record has a state that is not known"));
}

static int check_version(struct guest_record *record)
{
	sd_json_variant *version = sd_json_variant_by_key(record->read, "version");

	if (!version || (sd_json_variant_is_unsigned(version) &&
			 sd_json_variant_unsigned(version) <= GUEST_RECORD_VERSION))
		return 0;
	record->foreign = true;
	return note(record, text_format("its record is of a later version of hostd"));
}

int guest_record_parse(const char *text, struct guest_record *ret_record)
{
	_cleanup_(guest_record_done) struct guest_record record = {};
	int r = sd_json_parse(text, 0, &record.read, NULL, NULL);

	if (r < 0)
		return r == -ENOMEM ? r : -EBADMSG;
	if (!sd_json_variant_is_object(record.read))
		return -EBADMSG;
	r = sd_json_dispatch(record.read, record_fields, SD_JSON_ALLOW_EXTENSIONS, &record);
	if (r >= 0)
		r = check_version(&record);
	if (r >= 0)
		r = check_life(&record);
	if (r < 0)
		return r == -ENOMEM ? r : -EBADMSG;
	if (record.process.pid < 0)
		return -EBADMSG;
	parse_user_nics(sd_json_variant_by_key(record.read, "user_nics"), record.config);
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
