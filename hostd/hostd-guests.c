// SPDX-License-Identifier: GPL-2.0-or-later
// What guests get from storage, net and machine: files, disks, taps; and where their definitions
// come from.
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/log.h"
#include "base/text.h"
#include "hostd.h"
#include "machine/boot-times.h"
#include "storage/store/guest-store.h"

/* A file that is no configuration at all would fill every console with its mistakes. */
#define MISTAKES_TOLD_MAX 32
#define BOOT_USEC_MAX UINT64_C(300000000)
/* A disk that spins up, or a slow stick, is not found before. */
#define DISKS_FOUND_USEC UINT64_C(30000000)
#define UEFI_VARIABLES_TEMPLATE "/usr/share/qemu/OVMF_VARS.fd"

/* --- files --- */

static struct guest_files_owner owner_of(const struct guest *guest)
{
	return (struct guest_files_owner){
		.name = guest_config(guest)->name,
		.from_config = guest_origin(guest) == GUEST_ORIGIN_CONFIG,
		.in_memory = guest_origin(guest) == GUEST_ORIGIN_MEMORY,
	};
}

static int make_seed(struct host *host, const struct guest *guest, int *ret_fd, char **ret_why)
{
	const struct guest_files_owner owner = owner_of(guest);
	char instance_id[GUEST_INSTANCE_ID_BYTES];

	return guest_files_make_seed(&host->files, &owner, &guest_config(guest)->cloud_init,
				     guest_instance_id(guest, instance_id), ret_fd, ret_why);
}

static int open_file(const struct guest *guest, enum guest_file kind, const char *path, int *ret_fd,
		     char **ret_why, void *userdata)
{
	struct host *host = userdata;
	const struct guest_files_owner owner = owner_of(guest);

	switch (kind) {
	case GUEST_FILE_KERNEL:
	case GUEST_FILE_INITRD:
		return guest_files_open_boot(&host->files, &owner, path, ret_fd, ret_why);
	case GUEST_FILE_CDROM:
		return guest_files_open(&host->files, &owner, path, false, ret_fd, ret_why);
	case GUEST_FILE_SEED:
		return make_seed(host, guest, ret_fd, ret_why);
	case GUEST_FILE_VARIABLES:
		return guest_files_open_variables(&host->files, &owner, UEFI_VARIABLES_TEMPLATE,
						  ret_fd, ret_why);
	}
	return -EINVAL;
}

/* --- disks --- */

static int claim_disk(const struct host *host, const struct disk_config *disk, int *ret_fd,
		      char **ret_why)
{
	const struct disk_claim_request request = {
		.device = disk->device,
		.readonly = disk->readonly,
		.allow_existing = disk->allow_existing,
		.boot_node = config_volume_device(host->volume),
	};
	size_t count = 0;
	_cleanup_free_ struct disk_claim_device *disks = host_list_disks(host, &count);

	return disks ? disk_claim_open(&request, disks, count, ret_fd, ret_why) : -ENOMEM;
}

static const char *missing_disk(const struct host *host, const struct guest_config *config)
{
	size_t count = 0;
	_cleanup_free_ struct disk_claim_device *disks = host_list_disks(host, &count);

	for (size_t i = 0; disks && i < config->disk_count; i++) {
		const char *device = config->disks[i].device;

		if (device && !disk_claim_finds(device, disks, count))
			return device;
	}
	return NULL;
}

static int missing(const struct guest *guest, char **ret_what, void *userdata)
{
	const struct host *host = userdata;
	const struct guest_config *config = guest_config(guest);
	const struct guest_files_owner owner = owner_of(guest);
	const char *disk = missing_disk(host, config);
	int r = disk ? -ENODEV : guest_files_check_volume(&host->files, &owner, config);

	if (disk)
		*ret_what = text_format("the disk %s", disk);
	else if (r < 0)
		*ret_what = text_format("the data volume%s",
					r == -EAGAIN ? ", which is being checked" : "");
	return r;
}

/* What is on a whole disk is the guest's own affair: it is raw. */
static int open_disk(const struct guest *guest, const struct disk_config *disk, int *ret_fd,
		     enum disk_format *ret_format, char **ret_why, void *userdata)
{
	struct host *host = userdata;
	const struct guest_files_owner owner = owner_of(guest);

	if (!disk->device)
		return guest_files_open_disk(&host->files, &owner, disk, ret_fd, ret_format,
					     ret_why);
	*ret_format = disk->format == DISK_FORMAT_QCOW2 ? DISK_FORMAT_QCOW2 : DISK_FORMAT_RAW;
	return claim_disk(host, disk, ret_fd, ret_why);
}

/* --- taps --- */

/* The MAC is the caller's buffer. */
static struct net_tap_request tap_request(const struct guest *guest, size_t nic_index,
					  uint8_t mac[static 6])
{
	const struct nic_config *nic = &guest_config(guest)->nics[nic_index];

	guest_nic_mac_bytes(guest, nic_index, mac);
	return (struct net_tap_request){
		.network = nic->network,
		.guest_name = guest_config(guest)->name,
		.nic_index = (unsigned int)nic_index,
		.mac = mac,
		.addresses = &nic->addresses,
		.isolate = nic->isolate,
		.may = nic->may,
	};
}

static int open_tap(const struct guest *guest, size_t nic_index, int *ret_tap_fd, int *ret_vhost_fd,
		    void *userdata)
{
	struct host *host = userdata;
	uint8_t mac[6];
	struct net_tap_request request = tap_request(guest, nic_index, mac);

	return net_open_tap(host->net, &request, ret_tap_fd, ret_vhost_fd);
}

/* Of what runs. Until the guests are defined, the definition that each has is the one that it was
 * started with; a NIC of QEMU's own has no tap. */
static void adopt_taps(struct host *host)
{
	for (size_t g = 0; g < guests_count(host->guests); g++) {
		const struct guest *guest = guests_at(host->guests, g);
		size_t count = guest_pid(guest) > 0 ? guest_config(guest)->nic_count : 0;

		for (size_t i = 0; i < count; i++) {
			uint8_t mac[6];
			struct net_tap_request request = tap_request(guest, i, mac);
			int r = net_adopt_tap(host->net, &request);

			if (r < 0 && r != -ENODEV && r != -ENOENT)
				log_error("guests",
					  "%s: the filter of NIC %zu does not follow the host's "
					  "addresses: %s",
					  request.guest_name, i, strerror(-r));
		}
	}
}

/* --- events --- */

/* The start of a guest is part of the boot in its first minutes. */
static void note_boot(const struct guest *guest, const char *kind)
{
	_cleanup_free_ char *name = NULL;

	if (machine_uptime_usec() > BOOT_USEC_MAX ||
	    (!text_equal(kind, "starting") && !text_equal(kind, "running") &&
	     !text_equal(kind, "ready")))
		return;
	name = text_format("guest %s: %s", guest_config(guest)->name, kind);
	if (name)
		boot_times_mark(BOOT_TIMES_FOLDER, name);
}

static void on_guest_event(const struct guest *guest, const char *kind, const char *detail,
			   void *userdata)
{
	struct host *host = userdata;

	note_boot(guest, kind);
	if (host->api)
		api_publish_guest_event(host->api, guest, kind, detail);
	host_screen_guest_changed(host);
}

static void power_off_host(const struct guest *, void *userdata)
{
	host_end(POWER_OFF, false, userdata);
}

/* --- definitions --- */

static void define(struct host *host, struct guest_config *config_consume, enum guest_origin origin)
{
	_cleanup_(guest_config_freep) struct guest_config *config = config_consume;
	struct guest *guest = guests_find(host->guests, config->name);
	bool is_known = false;
	int r = 0;

	guest_config_bind_networks(config, host->config);
	if (guest && guest_origin(guest) != origin && guest_origin(guest) != GUEST_ORIGIN_RECORD) {
		log_error("data", "guest %s is defined in %s already: this one is left alone",
			  config->name,
			  guest_origin(guest) == GUEST_ORIGIN_CONFIG ? "mvirt.conf" : "memory");
		return;
	}
	/* The data volume was away and is back: that is no boot. */
	is_known = guest && guest_origin(guest) == origin;
	if (is_known)
		r = guest_redefine(guest, config);
	else
		r = guests_define(host->guests, config, origin, &guest);
	if (r < 0) {
		log_error("guests", "%s: %s", config->name, strerror(-r));
		return;
	}
	(void)take_ptr(config);
	if (!is_known)
		guest_autostart(guest);
}

void host_tell_mistakes(const char *file, const struct config_mistakes *mistakes)
{
	for (size_t i = 0; i < mistakes->count && i < MISTAKES_TOLD_MAX; i++)
		log_error("config", "%s:%u: %s", file, mistakes->items[i].line,
			  mistakes->items[i].message);
	if (mistakes->count > MISTAKES_TOLD_MAX)
		log_error("config", "%s: and %zu more mistakes", file,
			  mistakes->count - MISTAKES_TOLD_MAX);
}

static int load(int root_fd, const char *name, struct guest_config **ret_config)
{
	_cleanup_(config_mistakes_done) struct config_mistakes mistakes = {};
	_cleanup_(guest_config_freep) struct guest_config *config = NULL;
	_cleanup_free_ char *text = NULL,
			    *file = text_format("guests/%s/" GUEST_STORE_DEFINITION, name);
	int r = guest_store_load(root_fd, name, &text);

	if (r >= 0)
		r = guest_config_parse(text, &config, &mistakes);
	host_tell_mistakes(file ? file : name, &mistakes);
	if (r >= 0 && strcmp(config->name, name) != 0) {
		log_error("config",
			  "guests/%s/" GUEST_STORE_DEFINITION ":%u: it defines guest \"%s\": "
			  "the folder and the guest have to have one name",
			  name, config->line, config->name);
		return -EINVAL;
	}
	if (r >= 0)
		*ret_config = take_ptr(config);
	if (r < 0 && mistakes.count == 0)
		log_error("guests", "%s/" GUEST_STORE_DEFINITION " cannot be read: %s", name,
			  strerror(-r));
	return r;
}

/* A definition with a mistake, or one that does not fit this host, costs that guest alone. */
static int define_stored(struct host *host, int root_fd, enum guest_origin origin)
{
	_cleanup_(text_list_done) struct text_list names = {};
	int r = api_remove_half_imported(root_fd);

	if (r < 0)
		log_warning("guests", "what an earlier hostd was importing cannot be removed: %s",
			    strerror(-r));
	r = guest_store_list(root_fd, &names);
	for (size_t i = 0; r >= 0 && i < names.count; i++) {
		struct guest_config *config = NULL;

		if (load(root_fd, names.items[i], &config) >= 0)
			define(host, config, origin);
	}
	return r;
}

void host_empty_trash(enum guest_origin origin, void *userdata)
{
	const struct host *host = userdata;

	if (origin == GUEST_ORIGIN_DATA && guest_files_data_root(&host->files) >= 0)
		guest_trash_empty(host->data_trash);
	else if (origin == GUEST_ORIGIN_MEMORY)
		guest_trash_empty(host->memory_trash);
}

void host_data_mounted(int root_fd, void *userdata)
{
	struct host *host = userdata;
	int r = 0;

	host->files.data_fd = root_fd;
	if (!host->guests)
		return;
	r = define_stored(host, root_fd, GUEST_ORIGIN_DATA);
	if (r < 0)
		log_error("data", "the guests on it cannot be listed: %s", strerror(-r));
	else
		(void)guests_take_left_over(host->guests, GUEST_ORIGIN_DATA);
	host_empty_trash(GUEST_ORIGIN_DATA, host);
	host_keep_crashes(root_fd);
	if (host->api)
		api_publish_data_volume_event(host->api, "mounted", NULL);
}

void host_data_lost(void *userdata)
{
	struct host *host = userdata;

	host->files.data_fd = -EBADF;
	if (host->api)
		api_publish_data_volume_event(host->api, "lost", NULL);
}

void host_data_failed(const char *why, void *userdata)
{
	struct host *host = userdata;

	if (host->api)
		api_publish_data_volume_event(host->api, "damaged", why);
}

void host_data_decided(void *userdata)
{
	struct host *host = userdata;

	if (host->guests)
		guests_devices_changed(host->guests);
	if (host->api)
		api_data_volume_decided(host->api);
}

static int define_all(struct host *host)
{
	for (size_t i = 0; i < host->config->guest_count; i++) {
		struct guest_config *config = NULL;
		int r = guest_config_copy(&host->config->guests[i], &config);

		if (r < 0)
			return r;
		define(host, config, GUEST_ORIGIN_CONFIG);
	}
	return define_stored(host, host->files.memory_fd, GUEST_ORIGIN_MEMORY);
}

static int open_memory_folder(struct host *host)
{
	if (mkdir(HOST_MEMORY_FOLDER, 0700) < 0 && errno != EEXIST)
		return -errno;
	host->files.memory_fd = open(HOST_MEMORY_FOLDER, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return host->files.memory_fd < 0 ? -errno : 0;
}

int host_start_guests(struct host *host)
{
	const struct guests_callbacks callbacks = {
		.open_file = open_file,
		.open_disk = open_disk,
		.open_tap = open_tap,
		.missing = missing,
		.power_off_host = power_off_host,
		.event = on_guest_event,
		.all_stopped = host_on_all_stopped,
		.userdata = host,
	};
	struct guests_environment environment = {
		.kvm_usable = kvm_usable(&host->kvm),
		.kvm_why = host->kvm.why,
		.memory_reserve_bytes = host->config->memory_reserve_bytes,
		.disks_found_usec = DISKS_FOUND_USEC,
	};
	int r = open_memory_folder(host);

	host->files.volume = host->volume;
	host->files.data_volume = host->data_volume;
	machine_host_id(environment.host_id);
	if (r >= 0)
		r = guests_new(host->event, &environment, &callbacks, &host->guests);
	if (r >= 0)
		adopt_taps(host);
	if (r >= 0)
		r = guest_trash_new(host->event, HOST_MEMORY_FOLDER, &host->memory_trash);
	if (r >= 0)
		r = guest_trash_new(host->event, DATA_VOLUME_MOUNT, &host->data_trash);
	if (r >= 0)
		r = define_all(host);
	if (r < 0)
		return r;
	(void)guests_take_left_over(host->guests, GUEST_ORIGIN_CONFIG);
	(void)guests_take_left_over(host->guests, GUEST_ORIGIN_MEMORY);
	host_empty_trash(GUEST_ORIGIN_MEMORY, host);
	/* Something may have come while no hostd looked. */
	guests_devices_changed(host->guests);
	if (host->files.data_fd >= 0)
		host_data_mounted(host->files.data_fd, host);
	host_offer_disks(host);
	return 0;
}
