// SPDX-License-Identifier: GPL-2.0-or-later
// A guest's start: look whether all is there, open it, write the record, start QEMU.
#include <fcntl.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/log.h"
#include "base/text.h"
#include "guest/guest-argv.h"
#include "guest/guest-internal.h"
#include "guest/guest-process.h"
#include "guest/guest-spec.h"

#define KVM_DEVICE "/dev/kvm"

/* Everything that is opened for one start. */
struct launch {
	bool kvm;
	int qmp_fd, serial_fd, kvm_fd, kernel_fd, initrd_fd;
	int *tap_fds, *vhost_fds; /* one a NIC, -EBADF: none */
	int *disk_fds; /* one a disk */
	struct guest_disk_identity *identities; /* one a disk */
	size_t nic_count, disk_count;
};

static void fds_done(int *fds, size_t count)
{
	for (size_t i = 0; fds && i < count; i++)
		fd_close(fds[i]);
	free(fds);
}

static void launch_done(struct launch *launch)
{
	fd_close(launch->qmp_fd);
	fd_close(launch->serial_fd);
	fd_close(launch->kvm_fd);
	fd_close(launch->kernel_fd);
	fd_close(launch->initrd_fd);
	fds_done(launch->tap_fds, launch->nic_count);
	fds_done(launch->vhost_fds, launch->nic_count);
	fds_done(launch->disk_fds, launch->disk_count);
	free(launch->identities);
}

#define LAUNCH_EMPTY                                                                          \
	(struct launch)                                                                       \
	{                                                                                     \
		.qmp_fd = -EBADF, .serial_fd = -EBADF, .kvm_fd = -EBADF, .kernel_fd = -EBADF, \
		.initrd_fd = -EBADF                                                           \
	}

static int *new_fds(size_t count)
{
	int *fds = calloc(count ? count : 1, sizeof(*fds));

	for (size_t i = 0; fds && i < count; i++)
		fds[i] = -EBADF;
	return fds;
}

static int choose_accel(const struct guest *guest, struct launch *launch, char **why)
{
	const struct guests_environment *environment = &guest->guests->environment;

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
	launch->kvm_fd = open(KVM_DEVICE, O_RDWR | O_CLOEXEC);
	if (launch->kvm_fd < 0) {
		int error = errno;

		guest_set_text(why, "%s: %s", KVM_DEVICE, strerrordesc_np(error));
		return -error;
	}
	launch->kvm = true;
	return 0;
}

/* MemAvailable of /proc/meminfo, in bytes; UINT64_MAX when the kernel does not say. */
static uint64_t memory_available(const char *path)
{
	_cleanup_free_ char *text = NULL;
	const char *line = NULL;
	unsigned long long kib = 0;

	if (file_read(AT_FDCWD, path, 64 * 1024, &text, NULL) < 0)
		return UINT64_MAX;
	line = strstr(text, "MemAvailable:");
	if (!line || sscanf(line, "MemAvailable: %llu kB", &kib) != 1)
		return UINT64_MAX;
	return (uint64_t)kib * 1024;
}

static int check_memory(const struct guest *guest, char **why)
{
	const char *path = guest->guests->environment.meminfo;
	uint64_t available = memory_available(path ? path : "/proc/meminfo");
	char wanted_text[TEXT_BYTES_MAX], available_text[TEXT_BYTES_MAX];

	if (guest->config->memory_bytes <= available)
		return 0;
	guest_set_text(why, "memory is to be %s, and this machine has %s left",
		       text_from_bytes(guest->config->memory_bytes, wanted_text),
		       text_from_bytes(available, available_text));
	return -ENOMEM;
}

static int open_boot_file(const struct guest *guest, const char *what, const char *path,
			  int *ret_fd, char **why)
{
	const struct guests_callbacks *callbacks = &guest->guests->callbacks;
	int r = 0;

	if (!path)
		return 0;
	r = callbacks->open_boot_file(path, ret_fd, callbacks->userdata);
	if (r < 0)
		guest_set_text(why, "%s \"%s\": %s", what, path, strerrordesc_np(-r));
	return r;
}

static bool identity_conflicts(const struct guest_disk_identity *a,
			       const struct guest_disk_identity *b)
{
	return a->device == b->device && a->inode == b->inode && (a->writable || b->writable);
}

/* The guest that has the disk already, this one included when it lists it twice; or NULL. */
static const struct guest *find_disk_user(const struct guest *guest, const struct launch *launch,
					  size_t disk)
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
static int identify_disk(int fd, bool writable, struct guest_disk_identity *ret_identity)
{
	struct stat status;
	int flags = 0;

	if (fstat(fd, &status) < 0)
		return -errno;
	if (!S_ISBLK(status.st_mode) && !S_ISREG(status.st_mode))
		return S_ISDIR(status.st_mode) ? -EISDIR : -ENOTBLK;
	flags = fcntl(fd, F_GETFL);
	if (flags < 0)
		return -errno;
	if (S_ISBLK(status.st_mode))
		(void)fcntl(fd, F_SETFL, flags | O_DIRECT);
	*ret_identity = (struct guest_disk_identity){
		.device = S_ISBLK(status.st_mode) ? status.st_rdev : status.st_dev,
		.inode = S_ISBLK(status.st_mode) ? 0 : status.st_ino,
		.writable = writable,
	};
	return 0;
}

static int open_disk(const struct guest *guest, struct launch *launch, size_t index, char **why)
{
	const struct guests_callbacks *callbacks = &guest->guests->callbacks;
	const struct disk_config *disk = &guest->config->disks[index];
	const struct guest *user = NULL;
	int r = callbacks->open_disk(disk, &launch->disk_fds[index], callbacks->userdata);

	if (r >= 0)
		r = identify_disk(launch->disk_fds[index], !disk->readonly,
				  &launch->identities[index]);
	if (r < 0) {
		guest_set_text(why, "disk \"%s\": %s", disk->file, strerrordesc_np(-r));
		return r;
	}
	user = find_disk_user(guest, launch, index);
	if (!user)
		return 0;
	if (user == guest)
		guest_set_text(why, "disk \"%s\" is listed twice", disk->file);
	else
		guest_set_text(why, "disk \"%s\" is in use by guest %s", disk->file,
			       user->config->name);
	return -EBUSY;
}

/* All but the taps, which make network interfaces: so this can also be a mere question. */
static int launch_open(const struct guest *guest, struct launch *launch, char **why)
{
	const struct guest_config *config = guest->config;
	int r = choose_accel(guest, launch, why);

	if (r >= 0)
		r = check_memory(guest, why);
	if (r >= 0)
		r = open_boot_file(guest, "kernel", config->kernel, &launch->kernel_fd, why);
	if (r >= 0)
		r = open_boot_file(guest, "initrd", config->initrd, &launch->initrd_fd, why);
	if (r < 0)
		return r;
	launch->disk_count = config->disk_count;
	launch->disk_fds = new_fds(config->disk_count);
	launch->identities = calloc(config->disk_count + 1, sizeof(*launch->identities));
	if (!launch->disk_fds || !launch->identities)
		return -ENOMEM;
	for (size_t i = 0; r >= 0 && i < config->disk_count; i++)
		r = open_disk(guest, launch, i, why);
	return r;
}

int guest_launch_check(struct guest *guest, char **ret_why)
{
	_cleanup_(launch_done) struct launch launch = LAUNCH_EMPTY;
	int r = launch_open(guest, &launch, ret_why);

	if (r < 0 && !*ret_why)
		guest_set_text(ret_why, "%s", strerrordesc_np(-r));
	return r;
}

static int open_taps(const struct guest *guest, struct launch *launch, char **why)
{
	const struct guests_callbacks *callbacks = &guest->guests->callbacks;
	const struct guest_config *config = guest->config;

	launch->nic_count = config->nic_count;
	launch->tap_fds = new_fds(config->nic_count);
	launch->vhost_fds = new_fds(config->nic_count);
	if (!launch->tap_fds || !launch->vhost_fds)
		return -ENOMEM;
	for (size_t i = 0; i < config->nic_count; i++) {
		const struct nic_config *nic = &config->nics[i];
		int r = 0;

		if (nic->kind == NIC_NETWORK_USER)
			continue;
		r = callbacks->open_tap(nic->network, config->name, (unsigned int)i,
					&launch->tap_fds[i], &launch->vhost_fds[i],
					callbacks->userdata);
		if (r == -ENOENT)
			guest_set_text(why, "network \"%s\" does not exist", nic->network);
		else if (r < 0)
			guest_set_text(why, "network \"%s\": %s", nic->network,
				       strerrordesc_np(-r));
		if (r < 0)
			return r;
		if (nic->model != NIC_MODEL_VIRTIO) /* vhost speaks virtio only */
			launch->vhost_fds[i] = fd_close(launch->vhost_fds[i]);
	}
	return 0;
}

/* The list of fds for the process, and the same numbers for argv; see guest-argv.h for the order.
 */
struct numbers {
	struct guest_process_fd *fds;
	size_t fd_count;
	struct guest_argv_nic *nics;
	struct guest_argv_disk *disks;
	int next;
};

static void numbers_done(struct numbers *numbers)
{
	free(numbers->fds);
	free(numbers->nics);
	free(numbers->disks);
}

static void add_fixed(struct numbers *numbers, int fd, int number)
{
	if (fd >= 0)
		numbers->fds[numbers->fd_count++] =
			(struct guest_process_fd){ .fd = fd, .number = number };
}

static int add_next(struct numbers *numbers, int fd)
{
	if (fd < 0)
		return -EBADF;
	add_fixed(numbers, fd, numbers->next);
	return numbers->next++;
}

static int number_fds(const struct guest *guest, const struct launch *launch,
		      struct numbers *numbers)
{
	const struct guest_config *config = guest->config;

	numbers->next = GUEST_FD_FIRST_FREE;
	numbers->fds =
		calloc(3 + 2 * launch->nic_count + launch->disk_count, sizeof(*numbers->fds));
	numbers->nics = calloc(launch->nic_count + 1, sizeof(*numbers->nics));
	numbers->disks = calloc(launch->disk_count + 1, sizeof(*numbers->disks));
	if (!numbers->fds || !numbers->nics || !numbers->disks)
		return -ENOMEM;
	add_fixed(numbers, launch->qmp_fd, GUEST_FD_QMP);
	add_fixed(numbers, launch->serial_fd, GUEST_FD_SERIAL);
	add_fixed(numbers, launch->kvm_fd, GUEST_FD_KVM);
	for (size_t i = 0; i < launch->nic_count; i++) {
		numbers->nics[i].tap_fd = add_next(numbers, launch->tap_fds[i]);
		guest_argv_mac(config, i, guest->guests->environment.host_id, numbers->nics[i].mac);
	}
	for (size_t i = 0; i < launch->nic_count; i++)
		numbers->nics[i].vhost_fd = add_next(numbers, launch->vhost_fds[i]);
	for (size_t i = 0; i < launch->disk_count; i++) {
		int flags = fcntl(launch->disk_fds[i], F_GETFL);

		numbers->disks[i].direct = flags >= 0 && (flags & O_DIRECT);
		numbers->disks[i].fd = add_next(numbers, launch->disk_fds[i]);
	}
	return 0;
}

/* The folder, empty of what an earlier process left, and the sockets in it. */
static int make_place(const struct guest *guest, struct launch *launch)
{
	const char *name = guest->config->name;
	int r = guest_process_cleanup(name);

	if (r >= 0)
		r = guest_process_prepare(name);
	if (r >= 0)
		r = guest_process_listen(name, "qmp", &launch->qmp_fd);
	if (r >= 0)
		r = guest_process_listen(name, "serial", &launch->serial_fd);
	return r;
}

/* From here on a new hostd knows that there may be a process, and removes it if so. */
static int write_record(struct guest *guest, struct launch *launch)
{
	struct guest_record *record = &guest->record;

	record->pid = 0;
	record->start_time = 0;
	record->kvm = launch->kvm;
	free(record->disks);
	record->disks = take_ptr(launch->identities);
	record->disk_count = launch->disk_count;
	if (guest->config != record->config) {
		struct guest_config *copy = NULL;
		int r = guest_spec_copy(guest->config, &copy);

		if (r < 0)
			return r;
		guest_spec_free(record->config);
		record->config = copy;
	}
	return guest_save(guest);
}

static int start_process(struct guest *guest, const struct launch *launch, char **why)
{
	_cleanup_(text_list_done) struct text_list argv = {};
	_cleanup_(numbers_done) struct numbers numbers = {};
	_cleanup_fd_ int pidfd = -EBADF;
	const struct guest_config *config = guest->config;
	struct guest_process_file files[2];
	struct guest_process_spec spec = {};
	size_t file_count = 0;
	int r = number_fds(guest, launch, &numbers);

	if (r >= 0)
		r = guest_argv_build(&(struct guest_argv_input){ .config = config,
								 .kvm = launch->kvm,
								 .nics = numbers.nics,
								 .disks = numbers.disks },
				     &argv, why);
	if (r < 0)
		return r;
	if (launch->kernel_fd >= 0)
		files[file_count++] = (struct guest_process_file){ .fd = launch->kernel_fd,
								   .path = GUEST_KERNEL_PATH };
	if (launch->initrd_fd >= 0)
		files[file_count++] = (struct guest_process_file){ .fd = launch->initrd_fd,
								   .path = GUEST_INITRD_PATH };
	spec = (struct guest_process_spec){
		.name = config->name,
		.index = guest->record.index,
		.argv = argv.items,
		.memory_bytes = config->memory_bytes,
		.fds = numbers.fds,
		.fd_count = numbers.fd_count,
		.files = files,
		.file_count = file_count,
	};
	for (size_t i = 0; i < config->nic_count; i++)
		spec.host_network |= config->nics[i].kind == NIC_NETWORK_USER;
	r = guest_process_start(&spec, &guest->record.pid, &pidfd, &guest->record.start_time);
	if (r < 0)
		return r;
	r = guest_attach(guest, take_fd(&pidfd));
	if (r < 0)
		guest->record.pid = 0; /* the clean-up that follows kills it */
	return r;
}

/* Lack of something that may be there at the next try, and not a refusal. */
static bool is_transient(int error)
{
	return error == -EAGAIN || error == -EMFILE || error == -ENFILE || error == -ENOSPC ||
	       error == -EINTR || error == -EIO;
}

static void give_up(struct guest *guest, int error, const char *step, char **why, bool refuse)
{
	if (*why) {
		free(guest->record.reason);
		guest->record.reason = take_ptr(*why);
	} else
		guest_set_text(&guest->record.reason, "%s: %s", step, strerrordesc_np(-error));
	guest_handle(guest, refuse ? GUEST_EVENT_START_REFUSED : GUEST_EVENT_PROCESS_START_FAILED,
		     GUEST_EXIT_UNKNOWN);
}

void guest_launch(struct guest *guest)
{
	_cleanup_(launch_done) struct launch launch = LAUNCH_EMPTY;
	_cleanup_free_ char *why = NULL;
	int r = launch_open(guest, &launch, &why);

	if (r < 0) {
		give_up(guest, r, "opening its files", &why, why && !is_transient(r));
		return;
	}
	r = open_taps(guest, &launch, &why);
	if (r < 0) {
		give_up(guest, r, "opening its network", &why, r == -ENOENT);
		return;
	}
	r = make_place(guest, &launch);
	if (r >= 0)
		r = write_record(guest, &launch);
	if (r < 0) {
		give_up(guest, r, "making its place in /run", &why, false);
		return;
	}
	r = start_process(guest, &launch, &why);
	if (r < 0)
		give_up(guest, r, "starting QEMU", &why, r == -EOPNOTSUPP && why);
	else
		guest_handle(guest, GUEST_EVENT_PROCESS_STARTED, GUEST_EXIT_UNKNOWN);
}
