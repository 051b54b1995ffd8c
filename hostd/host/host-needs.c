// SPDX-License-Identifier: GPL-2.0-or-later
// What guests get from storage, net and machine: files, disks, taps.
#include <string.h>

#include "base/log.h"
#include "host-guests.h"
#include "host-internal.h"
#include "host-volumes.h"

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
void host_adopt_taps(struct host *host)
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

void host_connect_needs(struct host *host, struct guests_callbacks *callbacks)
{
	callbacks->open_file = open_file;
	callbacks->open_disk = open_disk;
	callbacks->open_tap = open_tap;
	callbacks->missing = missing;
	callbacks->userdata = host;
}
