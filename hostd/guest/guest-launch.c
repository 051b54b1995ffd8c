// SPDX-License-Identifier: GPL-2.0-or-later
// A guest's start: look whether all is there, open it, write the record, start QEMU.
#include <string.h>

#include "base/text.h"
#include "guest/guest-identity.h"
#include "guest/guest-launch-internal.h"
#include "process/guest-process.h"
#include "vmm/qemu/qemu-seccomp.h"

int guest_launch_check(struct guest *guest, char **ret_why)
{
	int r = 0;

	guest_launch_free(take_ptr(guest->launch));
	r = guest_launch_open(guest, &guest->launch, ret_why);
	if (r < 0 && !*ret_why)
		guest_set_text(ret_why, "%s", strerrordesc_np(-r));
	return r;
}

/* --- what leaves a trace: taps, the folder with its sockets, the record --- */

static int open_tap(const struct guest *guest, struct guest_launch *launch, size_t index,
		    char **why)
{
	const struct guests_callbacks *callbacks = &guest->guests->callbacks;
	const struct nic_config *nic = &guest->config->nics[index];
	int *tap_fd = &launch->kinds[QEMU_FD_KIND_TAP].fds[index],
	    *vhost_fd = &launch->kinds[QEMU_FD_KIND_VHOST].fds[index], r = 0;

	guest_identity_mac(guest->config, index, guest->guests->environment.host_id,
			   launch->nics[index].mac);
	if (nic->kind == NIC_NETWORK_USER)
		return 0;
	r = callbacks->open_tap(guest, index, tap_fd, vhost_fd, callbacks->userdata);
	if (r == -ENOENT)
		guest_set_text(why, "network \"%s\" does not exist", nic->network);
	else if (r < 0)
		guest_set_text(why, "network \"%s\": %s", nic->network, strerrordesc_np(-r));
	if (r < 0)
		return r;
	launch->nics[index].vhost = *vhost_fd >= 0 && nic->model == NIC_MODEL_VIRTIO;
	return 0;
}

static int open_taps(const struct guest *guest, struct guest_launch *launch, char **why)
{
	int r = 0;

	for (size_t i = 0; r >= 0 && i < guest->config->nic_count; i++)
		r = open_tap(guest, launch, i, why);
	return r;
}

static int listen_serials(const struct guest *guest, struct guest_launch *launch)
{
	int r = guest_process_listen(guest->config->name, "serial",
				     launch->kinds[QEMU_FD_KIND_CONSOLE].fds);

	for (size_t i = 0; r >= 0 && i < launch->kinds[QEMU_FD_KIND_SERIAL].count; i++) {
		char name[sizeof("serial") + 1] = "serial2";

		name[sizeof("serial") - 1] = (char)('2' + i);
		r = guest_process_listen(guest->config->name, name,
					 &launch->kinds[QEMU_FD_KIND_SERIAL].fds[i]);
	}
	return r;
}

/* The folder, empty of what an earlier process left, and the sockets in it. */
static int make_place(const struct guest *guest, struct guest_launch *launch)
{
	const char *name = guest->config->name;
	int r = guest_process_cleanup(name);

	if (r >= 0)
		r = guest_process_prepare(name);
	if (r >= 0)
		r = guest_process_listen(name, "qmp", launch->kinds[QEMU_FD_KIND_QMP].fds);
	return r < 0 ? r : listen_serials(guest, launch);
}

/* From here on a new hostd knows that there may be a process, and removes it if so. */
static int write_record(struct guest *guest, struct guest_launch *launch)
{
	struct guest_record *record = &guest->record;

	record->pid = 0;
	record->start_time = 0;
	record->kvm = launch->kvm;
	record->ready = false;
	record->console_start =
		guest_open_console(guest, 0) < 0 ? 0 : guest_console_written(guest->consoles[0]);
	free(record->disks);
	record->disks = take_ptr(launch->identities);
	record->disk_count = guest->config->disk_count;
	if (guest->config != record->config) {
		struct guest_config *copy = NULL;
		int r = guest_config_copy(guest->config, &copy);

		if (r < 0)
			return r;
		guest_config_free(record->config);
		record->config = copy;
	}
	guest_record_renew(record);
	guest->is_new = false; /* what there was to take up is gone */
	return guest_save(guest);
}

/* --- the process --- */

static int number_fds(const struct guest_launch *launch, const struct qemu_argv_input *input,
		      struct process_fd **ret_fds, size_t *ret_count)
{
	_cleanup_free_ struct qemu_argv_fd *plan = NULL;
	_cleanup_free_ struct process_fd *fds = NULL;
	size_t count = 0;
	int r = qemu_argv_plan(input, &plan, &count);

	if (r < 0)
		return r;
	fds = calloc(count + 1, sizeof(*fds));
	if (!fds)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++) {
		fds[i] = (struct process_fd){ .fd = guest_launch_fd(launch, &plan[i]),
					      .number = plan[i].number };
		if (fds[i].fd < 0)
			return -EBADF;
	}
	*ret_fds = take_ptr(fds);
	*ret_count = count;
	return 0;
}

static size_t list_files(const struct guest_launch *launch, struct guest_process_file files[2])
{
	size_t count = 0;

	if (launch->kernel_fd >= 0)
		files[count++] = (struct guest_process_file){ .fd = launch->kernel_fd,
							      .path = QEMU_KERNEL_PATH };
	if (launch->initrd_fd >= 0)
		files[count++] = (struct guest_process_file){ .fd = launch->initrd_fd,
							      .path = QEMU_INITRD_PATH };
	return count;
}

static struct guest_cgroup_limits limits(const struct guest *guest,
					 const struct guest_launch *launch)
{
	const struct guest_config *config = guest->config;

	return (struct guest_cgroup_limits){
		.memory_bytes = config->memory_bytes,
		.overhead_bytes = guest->record.overhead_bytes,
		.hugepages = config->hugepages,
		.cpu_weight = config->cpu_weight,
		.io_weight = config->io_weight,
		.cpu_limit_percent = config->cpu_limit_percent,
		.io_limit_bytes = config->io_limit_bytes,
		.devices = launch->devices,
		.device_count = config->disk_count,
	};
}

static int start_process(struct guest *guest, const struct guest_launch *launch, char **why)
{
	const struct qemu_argv_input input = guest_launch_input(guest, launch);
	const struct guest_config *config = guest->config;
	_cleanup_(text_list_done) struct text_list argv = {};
	_cleanup_free_ struct process_fd *fds = NULL;
	_cleanup_fd_ int pidfd = -EBADF;
	struct guest_process_file files[2];
	struct guest_process_spec spec = { .name = config->name,
					   .index = guest->record.index,
					   .executable = QEMU_PATH,
					   .firmware = QEMU_FIRMWARE_PATH,
					   .limits = limits(guest, launch),
					   .files = files,
					   .file_count = list_files(launch, files) };
	int r = number_fds(launch, &input, &fds, &spec.fd_count);

	if (r >= 0)
		r = qemu_argv_build(&input, &argv, why);
	if (r >= 0)
		r = qemu_seccomp_program(&spec.seccomp);
	if (r < 0)
		return r;
	spec.argv = argv.items;
	spec.fds = fds;
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

/* --- the row of them --- */

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

/* Whether that is why: something that may come yet. */
static bool lacks_device(const struct guest *guest, int error)
{
	const struct guests_callbacks *callbacks = &guest->guests->callbacks;
	_cleanup_free_ char *what = NULL;

	return error == -ENODEV && callbacks->missing(guest, &what, callbacks->userdata) < 0;
}

void guest_launch(struct guest *guest)
{
	_cleanup_(guest_launch_freep) struct guest_launch *launch = take_ptr(guest->launch);
	_cleanup_free_ char *why = NULL;
	int r = launch ? 0 : guest_launch_open(guest, &launch, &why);

	guest->record.lacked = lacks_device(guest, r);
	if (r < 0) {
		give_up(guest, r, "opening its files", &why, why && !is_transient(r));
		return;
	}
	r = open_taps(guest, launch, &why);
	if (r < 0) {
		give_up(guest, r, "opening its network", &why, r == -ENOENT);
		return;
	}
	r = make_place(guest, launch);
	if (r >= 0)
		r = write_record(guest, launch);
	if (r < 0) {
		give_up(guest, r, "making its place in /run", &why, false);
		return;
	}
	r = guest_memory_take_hugepages(guest, &why);
	if (r >= 0)
		r = start_process(guest, launch, &why);
	if (r < 0)
		give_up(guest, r, "starting QEMU", &why, (r == -EOPNOTSUPP || r == -ENOMEM) && why);
	else
		guest_handle(guest, GUEST_EVENT_PROCESS_STARTED, GUEST_EXIT_UNKNOWN);
}
