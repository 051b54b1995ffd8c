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
	for (size_t k = 0; k < QEMU_FD_KIND_COUNT; k++) {
		for (size_t i = 0; launch->kinds[k].fds && i < launch->kinds[k].count; i++)
			fd_close(launch->kinds[k].fds[i]);
		free(launch->kinds[k].fds);
	}
	fd_close(launch->kernel_fd);
	fd_close(launch->initrd_fd);
	free(launch->nics);
	free(launch->disks);
	free(launch->identities);
	free(launch->devices);
	free(launch);
}

static int make_room(struct guest_launch *launch, enum qemu_fd_kind kind, size_t count)
{
	launch->kinds[kind].fds = calloc(count ? count : 1, sizeof(int));
	if (!launch->kinds[kind].fds)
		return -ENOMEM;
	launch->kinds[kind].count = count;
	for (size_t i = 0; i < count; i++)
		launch->kinds[kind].fds[i] = -EBADF;
	return 0;
}

static int new_launch(const struct guest_config *config, struct guest_launch **ret_launch)
{
	_cleanup_(guest_launch_freep) struct guest_launch *launch = calloc(1, sizeof(*launch));
	int r = 0;

	if (!launch)
		return -ENOMEM;
	launch->kernel_fd = -EBADF;
	launch->initrd_fd = -EBADF;
	for (size_t k = 0; r >= 0 && k < QEMU_FD_KIND_COUNT; k++) {
		size_t count = 1;

		if (k == QEMU_FD_KIND_SERIAL)
			count = config->serial_ports > 1 ? config->serial_ports - 1 : 0;
		else if (k == QEMU_FD_KIND_TAP || k == QEMU_FD_KIND_VHOST)
			count = config->nic_count;
		else if (k == QEMU_FD_KIND_DISK)
			count = config->disk_count;
		else if (k == QEMU_FD_KIND_CDROM)
			count = config->cdrom_count;
		r = make_room(launch, (enum qemu_fd_kind)k, count);
	}
	launch->nics = calloc(config->nic_count + 1, sizeof(*launch->nics));
	launch->disks = calloc(config->disk_count + 1, sizeof(*launch->disks));
	launch->identities = calloc(config->disk_count + 1, sizeof(*launch->identities));
	launch->devices = calloc(config->disk_count + 1, sizeof(*launch->devices));
	if (r < 0 || !launch->nics || !launch->disks || !launch->identities || !launch->devices)
		return -ENOMEM;
	*ret_launch = take_ptr(launch);
	return 0;
}

static int open_device(struct guest_launch *launch, enum qemu_fd_kind kind, const char *path,
		       char **why)
{
	int fd = open(path, O_RDWR | O_CLOEXEC);

	if (fd < 0) {
		int error = errno;

		guest_set_text(why, "%s: %s", path, strerrordesc_np(error));
		return -error;
	}
	launch->kinds[kind].fds[0] = fd;
	return 0;
}

static int choose_accel(const struct guest *guest, struct guest_launch *launch, char **why)
{
	const struct guests_environment *environment = &guest->guests->environment;
	int r = 0;

	switch (guest->config->accel) {
	case GUEST_ACCEL_TCG:
		return 0;
	case GUEST_ACCEL_ANY:
		if (!environment->kvm_usable)
			return 0;
		break;
	case GUEST_ACCEL_KVM:
		if (environment->kvm_usable)
			break;
		guest_set_text(why, "it needs KVM, which this machine does not offer: %s",
			       environment->kvm_why && *environment->kvm_why ? environment->kvm_why
									     : "unusable");
		return -EOPNOTSUPP;
	}
	r = open_device(launch, QEMU_FD_KIND_KVM, KVM_DEVICE, why);
	launch->kvm = r >= 0;
	return r;
}

/* --- files --- */

static int open_file(const struct guest *guest, enum guest_file kind, const char *what,
		     const char *path, int *ret_fd, char **why)
{
	const struct guests_callbacks *callbacks = &guest->guests->callbacks;
	_cleanup_free_ char *reason = NULL;
	int r = callbacks->open_file(guest, kind, path, ret_fd, &reason, callbacks->userdata);

	if (r < 0)
		guest_set_text(why, "%s%s%s%s: %s", what, path ? " \"" : "", path ? path : "",
			       path ? "\"" : "", reason ? reason : strerrordesc_np(-r));
	return r;
}

static int open_boot_files(const struct guest *guest, struct guest_launch *launch, char **why)
{
	const struct guest_config *config = guest->config;
	int r = 0;

	if (config->kernel)
		r = open_file(guest, GUEST_FILE_KERNEL, "kernel", config->kernel,
			      &launch->kernel_fd, why);
	if (r >= 0 && config->initrd)
		r = open_file(guest, GUEST_FILE_INITRD, "initrd", config->initrd,
			      &launch->initrd_fd, why);
	if (r >= 0 && config->firmware == GUEST_FIRMWARE_UEFI)
		r = open_file(guest, GUEST_FILE_VARIABLES, "UEFI variables", NULL,
			      launch->kinds[QEMU_FD_KIND_VARIABLES].fds, why);
	for (size_t i = 0; r >= 0 && i < config->cdrom_count; i++)
		if (config->cdroms[i].file)
			r = open_file(guest, GUEST_FILE_CDROM, "cdrom", config->cdroms[i].file,
				      &launch->kinds[QEMU_FD_KIND_CDROM].fds[i], why);
	if (r >= 0 && config->cloud_init.present)
		r = open_file(guest, GUEST_FILE_SEED, "cloud-init", NULL,
			      launch->kinds[QEMU_FD_KIND_SEED].fds, why);
	return r;
}

/* --- disks --- */

static bool identity_conflicts(const struct guest_disk_identity *a,
			       const struct guest_disk_identity *b)
{
	return a->device == b->device && a->inode == b->inode && (a->writable || b->writable);
}

/* The guest that has the disk already, this one included when it lists it twice; or NULL. */
static const struct guest *find_disk_user(const struct guest *guest,
					  const struct guest_launch *launch, size_t disk)
{
	const struct guests *guests = guest->guests;

	for (size_t i = 0; i < disk; i++)
		if (identity_conflicts(&launch->identities[i], &launch->identities[disk]))
			return guest;
	for (size_t g = 0; g < guests->count; g++) {
		const struct guest *other = guests->items[g];

		if (other == guest || !guest_state_has_process(other->record.life.state))
			continue;
		for (size_t i = 0; i < other->record.disk_count; i++)
			if (identity_conflicts(&other->record.disks[i], &launch->identities[disk]))
				return other;
	}
	return NULL;
}

/*
 * QEMU takes an fd only with the flags it would open the file with. On a block device the page
 * cache would hold everything twice, so those are direct; of files not every file system can.
 */
static int identify_disk(struct guest_launch *launch, size_t index, bool writable)
{
	int fd = launch->kinds[QEMU_FD_KIND_DISK].fds[index], flags = fcntl(fd, F_GETFL);
	struct stat status;
	bool is_device = false;

	if (flags < 0 || fstat(fd, &status) < 0)
		return -errno;
	is_device = S_ISBLK(status.st_mode);
	if (!is_device && !S_ISREG(status.st_mode))
		return S_ISDIR(status.st_mode) ? -EISDIR : -ENOTBLK;
	if (is_device && fcntl(fd, F_SETFL, flags | O_DIRECT) == 0)
		flags |= O_DIRECT;
	launch->disks[index].direct = flags & O_DIRECT;
	launch->devices[index] = is_device ? status.st_rdev : status.st_dev;
	launch->identities[index] = (struct guest_disk_identity){
		.device = launch->devices[index],
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

static int open_disk(const struct guest *guest, struct guest_launch *launch, size_t index,
		     char **why)
{
	const struct guests_callbacks *callbacks = &guest->guests->callbacks;
	const struct disk_config *disk = &guest->config->disks[index];
	const char *name = disk->file ? disk->file : disk->device;
	const struct guest *user = NULL;
	_cleanup_free_ char *reason = NULL;
	int r = callbacks->open_disk(guest, disk, &launch->kinds[QEMU_FD_KIND_DISK].fds[index],
				     &launch->disks[index].format, &reason, callbacks->userdata);

	if (r >= 0)
		r = identify_disk(launch, index, !disk->readonly);
	user = r == -EBUSY ? find_device_user(guest, disk->device) : NULL;
	if (r < 0 && !user) {
		guest_set_text(why, "disk \"%s\": %s", name, reason ? reason : strerrordesc_np(-r));
		return r;
	}
	if (!user)
		user = find_disk_user(guest, launch, index);
	if (!user)
		return 0;
	if (user == guest)
		guest_set_text(why, "disk \"%s\" is listed twice", name);
	else
		guest_set_text(why, "disk \"%s\" is in use by guest %s", name, user->config->name);
	return -EBUSY;
}

static int open_disks(const struct guest *guest, struct guest_launch *launch, char **why)
{
	int r = 0;

	for (size_t i = 0; r >= 0 && i < guest->config->disk_count; i++)
		r = open_disk(guest, launch, i, why);
	return r;
}

/* What nobody defines any more would be started without what is not understood of it. */
static int check_known(const struct guest *guest, char **why)
{
	if (guest->definition || !guest->record.unknown)
		return 0;
	guest_set_text(why, "%s", guest->record.unknown);
	return -EINVAL;
}

int guest_launch_open(struct guest *guest, struct guest_launch **ret_launch, char **ret_why)
{
	_cleanup_(guest_launch_freep) struct guest_launch *launch = NULL;
	int r = check_known(guest, ret_why);

	if (r >= 0)
		r = new_launch(guest->config, &launch);
	if (r >= 0)
		r = choose_accel(guest, launch, ret_why);
	if (r >= 0)
		r = guest_memory_admit(guest, ret_why);
	if (r >= 0 && guest->config->vsock)
		r = open_device(launch, QEMU_FD_KIND_VSOCK, VSOCK_DEVICE, ret_why);
	if (r >= 0)
		r = open_disks(guest, launch, ret_why);
	if (r >= 0)
		r = open_boot_files(guest, launch, ret_why);
	if (r < 0)
		return r;
	*ret_launch = take_ptr(launch);
	return 0;
}

struct qemu_argv_input guest_launch_input(const struct guest *guest,
					  const struct guest_launch *launch)
{
	const uint8_t *host_id = guest->guests->environment.host_id;

	return (struct qemu_argv_input){
		.config = guest->config,
		.kvm = launch->kvm,
		.vsock_cid = guest_identity_cid(host_id, guest->config->name),
		.nics = launch->nics,
		.disks = launch->disks,
	};
}

int guest_launch_fd(const struct guest_launch *launch, const struct qemu_argv_fd *planned)
{
	return planned->index < launch->kinds[planned->kind].count
		       ? launch->kinds[planned->kind].fds[planned->index]
		       : -EBADF;
}
