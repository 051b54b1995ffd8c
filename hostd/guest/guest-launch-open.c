// SPDX-License-Identifier: GPL-2.0-or-later
// What a guest needs, opened: KVM, memory, boot files, disks, drives, variable store, seed.
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/text.h"
#include "guest/guest-identity.h"
#include "guest/guest-launch-internal.h"

#define KVM_DEVICE "/dev/kvm"
#define VSOCK_DEVICE "/dev/vhost-vsock"

void guest_launch_free(struct guest_launch *launch)
{
	if (!launch)
		return;
	for (size_t i = 0; i < launch->device_count; i++)
		for (size_t n = 0; n < VMM_DEVICE_FDS_MAX; n++)
			fd_close(launch->devices[i].fds[n]);
	free(launch->devices);
	free(launch->kept);
	free(launch);
}

static struct verdict no_memory(void)
{
	return verdict_of(VERDICT_LATER, -ENOMEM, "no memory to open its files");
}

static struct verdict new_launch(const struct guest *guest, bool kvm,
				 struct guest_launch **ret_launch)
{
	_cleanup_(guest_launch_freep) struct guest_launch *launch = calloc(1, sizeof(*launch));

	if (!launch ||
	    vmm_list_devices(guest->config, kvm, &launch->devices, &launch->device_count) < 0)
		return no_memory();
	launch->kvm = kvm;
	launch->kept = calloc(launch->device_count, sizeof(*launch->kept));
	if (!launch->kept)
		return no_memory();
	for (size_t i = 0; i < launch->device_count; i++)
		launch->kept[i] = (struct guest_record_device){ .kind = launch->devices[i].kind,
								.index = launch->devices[i].index };
	*ret_launch = take_ptr(launch);
	return (struct verdict){};
}

static struct verdict open_node(struct vmm_device *device, const char *path)
{
	device->fds[0] = open(path, O_RDWR | O_CLOEXEC);
	return device->fds[0] >= 0 ? (struct verdict){}
				   : verdict_failed(-errno, "%s: %s", path, strerror(errno));
}

static struct verdict choose_accel(const struct guest *guest, bool *ret_kvm)
{
	const struct guests_environment *environment = &guest->guests->environment;
	const char *why = environment->kvm_why;

	*ret_kvm = environment->kvm_usable && guest->config->accel != GUEST_ACCEL_TCG;
	if (*ret_kvm || guest->config->accel != GUEST_ACCEL_KVM)
		return (struct verdict){};
	return verdict_of(VERDICT_REFUSED, -EOPNOTSUPP,
			  "it needs KVM, which this machine does not offer: %s",
			  why && *why ? why : "unusable");
}

/* --- files --- */

static struct verdict open_file(const struct guest *guest, enum guest_file kind, const char *what,
				const char *path, struct vmm_device *device)
{
	const struct guests_callbacks *callbacks = &guest->guests->callbacks;
	_cleanup_free_ char *reason = NULL;
	int r = callbacks->open_file(guest, kind, path, &device->fds[0], &reason,
				     callbacks->userdata);

	if (r >= 0)
		return (struct verdict){};
	return verdict_failed(r, "%s%s%s%s: %s", what, path ? " \"" : "", path ? path : "",
			      path ? "\"" : "", reason ? reason : strerror(-r));
}

/* --- disks --- */

static bool conflicts(const struct guest_record_device *a, const struct guest_record_device *b)
{
	return a->kind == VMM_DEVICE_DISK && b->kind == VMM_DEVICE_DISK &&
	       a->disk.device == b->disk.device && a->disk.inode == b->disk.inode &&
	       (a->disk.writable || b->disk.writable);
}

/* The guest that has the disk already, this one included when it lists it twice; or NULL. */
static const struct guest *find_disk_user(const struct guest *guest,
					  const struct guest_launch *launch, size_t disk)
{
	const struct guests *guests = guest->guests;

	for (size_t i = 0; i < disk; i++)
		if (conflicts(&launch->kept[i], &launch->kept[disk]))
			return guest;
	for (size_t g = 0; g < guests->count; g++) {
		const struct guest *other = guests->items[g];

		if (other == guest || !guest_state_has_process(other->record.life.state))
			continue;
		for (size_t i = 0; i < other->record.device_count; i++)
			if (conflicts(&other->record.devices[i], &launch->kept[disk]))
				return other;
	}
	return NULL;
}

/* On a block device the page cache would hold everything twice, so those are direct; of files not
 * every file system can. */
static int identify_disk(struct vmm_device *device, bool writable,
			 struct guest_disk_identity *ret_identity)
{
	int flags = fcntl(device->fds[0], F_GETFL);
	struct stat status;
	bool is_device = false;

	if (flags < 0 || fstat(device->fds[0], &status) < 0)
		return -errno;
	is_device = S_ISBLK(status.st_mode);
	if (!is_device && !S_ISREG(status.st_mode))
		return S_ISDIR(status.st_mode) ? -EISDIR : -ENOTBLK;
	if (is_device && fcntl(device->fds[0], F_SETFL, flags | O_DIRECT) == 0)
		flags |= O_DIRECT;
	device->direct = flags & O_DIRECT;
	*ret_identity = (struct guest_disk_identity){
		.device = is_device ? status.st_rdev : status.st_dev,
		.inode = is_device ? 0 : status.st_ino,
		.writable = writable,
	};
	return 0;
}

/* A whole disk that another guest has cannot even be opened; the definitions tell who that is. */
static const struct guest *find_device_user(const struct guest *guest, const char *device)
{
	const struct guests *guests = guest->guests;

	for (size_t g = 0; device && g < guests->count; g++) {
		const struct guest *other = guests->items[g];
		const struct guest_config *config = other->record.config;

		if (other == guest || !guest_state_has_process(other->record.life.state))
			continue;
		for (size_t i = 0; i < config->disk_count; i++)
			if (text_equal(config->disks[i].device, device))
				return other;
	}
	return NULL;
}

static struct verdict open_disk(const struct guest *guest, struct guest_launch *launch, size_t at)
{
	const struct guests_callbacks *callbacks = &guest->guests->callbacks;
	struct vmm_device *device = &launch->devices[at];
	const struct disk_config *disk = &guest->config->disks[device->index];
	const char *name = disk->file ? disk->file : disk->device;
	const struct guest *user = NULL;
	_cleanup_free_ char *reason = NULL;
	int r = callbacks->open_disk(guest, disk, &device->fds[0], &device->format, &reason,
				     callbacks->userdata);

	if (r >= 0)
		r = identify_disk(device, !disk->readonly, &launch->kept[at].disk);
	user = r == -EBUSY ? find_device_user(guest, disk->device) : NULL;
	if (r < 0 && !user)
		return verdict_failed(r, "disk \"%s\": %s", name, reason ? reason : strerror(-r));
	if (!user)
		user = find_disk_user(guest, launch, at);
	if (!user)
		return (struct verdict){};
	if (user == guest)
		return verdict_failed(-EBUSY, "disk \"%s\" is listed twice", name);
	return verdict_failed(-EBUSY, "disk \"%s\" is in use by guest %s", name,
			      user->config->name);
}

/* --- all of them --- */

static struct verdict open_device(const struct guest *guest, struct guest_launch *launch, size_t at)
{
	const struct guest_config *config = guest->config;
	struct vmm_device *device = &launch->devices[at];

	switch (device->kind) {
	case VMM_DEVICE_ACCELERATOR:
		return open_node(device, KVM_DEVICE);
	case VMM_DEVICE_KERNEL:
		return open_file(guest, GUEST_FILE_KERNEL, "kernel", config->kernel, device);
	case VMM_DEVICE_INITRD:
		return open_file(guest, GUEST_FILE_INITRD, "initrd", config->initrd, device);
	case VMM_DEVICE_VARIABLES:
		return open_file(guest, GUEST_FILE_VARIABLES, "UEFI variables", NULL, device);
	case VMM_DEVICE_VSOCK:
		device->cid = guest_identity_cid(guest->guests->environment.host_id, config->name);
		return open_node(device, VSOCK_DEVICE);
	case VMM_DEVICE_DISK:
		return open_disk(guest, launch, at);
	case VMM_DEVICE_CDROM:
		if (!config->cdroms[device->index].file)
			break;
		return open_file(guest, GUEST_FILE_CDROM, "cdrom",
				 config->cdroms[device->index].file, device);
	case VMM_DEVICE_SEED:
		return open_file(guest, GUEST_FILE_SEED, "cloud-init", NULL, device);
	case VMM_DEVICE_CONTROL: /* these leave a trace: guest-launch.c */
	case VMM_DEVICE_SERIAL:
	case VMM_DEVICE_NIC:
	case VMM_DEVICE_MEDIUM:
	case VMM_DEVICE_COUNT:
		break;
	}
	return (struct verdict){};
}

/* What nobody defines any more would be started without what is not understood of it. */
static struct verdict check_known(const struct guest *guest)
{
	if (guest->definition || !guest->record.unknown)
		return (struct verdict){};
	return verdict_of(VERDICT_REFUSED, -EINVAL, "%s", guest->record.unknown);
}

struct verdict guest_launch_open(struct guest *guest, struct guest_launch **ret_launch)
{
	_cleanup_(guest_launch_freep) struct guest_launch *launch = NULL;
	struct verdict verdict = check_known(guest);
	bool kvm = false;

	if (verdict.kind == VERDICT_OK)
		verdict = vmm_check(guest->guests->environment.vmm, guest->config);
	if (verdict.kind == VERDICT_OK)
		verdict = choose_accel(guest, &kvm);
	if (verdict.kind == VERDICT_OK)
		verdict = guest_memory_admit(guest);
	if (verdict.kind == VERDICT_OK)
		verdict = new_launch(guest, kvm, &launch);
	for (size_t i = 0; verdict.kind == VERDICT_OK && i < launch->device_count; i++)
		verdict = open_device(guest, launch, i);
	if (verdict.kind == VERDICT_OK)
		*ret_launch = take_ptr(launch);
	return verdict;
}
