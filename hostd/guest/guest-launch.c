// SPDX-License-Identifier: GPL-2.0-or-later
// A guest's start: look whether all is there, open it, write the record, start its VMM.
#include <string.h>

#include "base/text.h"
#include "guest/guest-identity.h"
#include "guest/guest-launch-internal.h"

struct verdict guest_launch_check(struct guest *guest)
{
	guest_launch_free(take_ptr(guest->launch));
	return guest_launch_open(guest, &guest->launch);
}

/* --- what leaves a trace: taps, the folder with its sockets, the record --- */

static struct verdict open_tap(const struct guest *guest, struct vmm_device *device)
{
	const struct guests_callbacks *callbacks = &guest->guests->callbacks;
	const struct nic_config *nic = &guest->config->nics[device->index];
	int r = 0;

	guest_identity_mac(guest->config, device->index, guest->guests->environment.host_id,
			   device->mac);
	if (nic->kind == NIC_NETWORK_USER)
		return (struct verdict){};
	r = callbacks->open_tap(guest, device->index, &device->fds[0], &device->fds[1],
				callbacks->userdata);
	if (r == -ENOENT)
		return verdict_of(VERDICT_REFUSED, r, "network \"%s\" does not exist",
				  nic->network);
	return r < 0 ? verdict_of(VERDICT_LATER, r, "network \"%s\": %s", nic->network,
				  strerror(-r))
		     : (struct verdict){};
}

static struct verdict open_taps(const struct guest *guest, struct guest_launch *launch)
{
	struct verdict verdict = {};

	for (size_t i = 0; verdict.kind == VERDICT_OK && i < launch->device_count; i++)
		if (launch->devices[i].kind == VMM_DEVICE_NIC)
			verdict = open_tap(guest, &launch->devices[i]);
	return verdict;
}

/* "serial.sock", "serial2.sock"…: the first port has no number. */
static int listen_serial(const char *name, struct vmm_device *device)
{
	char socket_name[32] = "serial";

	if (device->index > 0)
		(void)snprintf(socket_name, sizeof(socket_name), "serial%zu", device->index + 1);
	return guest_process_listen(name, socket_name, &device->fds[0]);
}

/* The folder, empty of what an earlier process left, and the sockets in it. */
static int make_place(const struct guest *guest, struct guest_launch *launch)
{
	const char *name = guest->config->name;
	const char *control = vmm_control_name(guest->guests->environment.vmm);
	int r = guest_process_cleanup(name);

	if (r >= 0)
		r = guest_process_prepare(name);
	for (size_t i = 0; r >= 0 && i < launch->device_count; i++) {
		struct vmm_device *device = &launch->devices[i];

		if (device->kind == VMM_DEVICE_CONTROL)
			r = guest_process_listen(name, control, &device->fds[0]);
		else if (device->kind == VMM_DEVICE_SERIAL)
			r = listen_serial(name, device);
	}
	return r;
}

/* From here on a new hostd knows that there may be a process, and removes it if so. */
static int write_record(struct guest *guest, struct guest_launch *launch)
{
	struct guest_record *record = &guest->record;

	record->process = (struct guest_record_process){};
	record->vmm = guest->guests->environment.vmm;
	record->kvm = launch->kvm;
	record->ready = false;
	record->console_start =
		guest_open_console(guest, 0) < 0 ? 0 : guest_console_written(guest->consoles[0]);
	free(record->devices);
	record->devices = take_ptr(launch->kept);
	record->device_count = launch->device_count;
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

/* The disks, or what their files are on. Returns how many. */
static size_t list_disks(const struct guest_record *record, dev_t *ret_disks)
{
	size_t count = 0;

	for (size_t i = 0; i < record->device_count; i++)
		if (record->devices[i].kind == VMM_DEVICE_DISK)
			ret_disks[count++] = record->devices[i].disk.device;
	return count;
}

static struct guest_cgroup_limits limits(const struct guest *guest, dev_t *disks)
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
		.devices = disks,
		.device_count = list_disks(&guest->record, disks),
	};
}

static int start_process(struct guest *guest, struct vmm_process *process)
{
	_cleanup_free_ dev_t *disks = calloc(guest->record.device_count + 1, sizeof(*disks));
	struct guest_record_process *started = &guest->record.process;
	_cleanup_fd_ int pidfd = -EBADF;
	int r = 0;

	if (!disks)
		return -ENOMEM;
	process->spec.name = guest->config->name;
	process->spec.index = guest->record.index;
	process->spec.limits = limits(guest, disks);
	r = guest_process_start(&process->spec, &started->pid, &pidfd, &started->start_time);
	if (r < 0)
		return r;
	r = guest_attach(guest, take_fd(&pidfd));
	if (r < 0)
		started->pid = 0; /* the clean-up that follows kills it */
	return r;
}

/* No VMM has helpers yet. */
static int start_vmm(struct guest *guest, const struct guest_launch *launch)
{
	const struct vmm_machine machine = { .config = guest->config,
					     .kvm = launch->kvm,
					     .devices = launch->devices,
					     .device_count = launch->device_count };
	_cleanup_(vmm_plan_done) struct vmm_plan plan = {};
	int r = vmm_make_plan(guest->record.vmm, &machine, &plan);

	if (r >= 0 && plan.count != 1)
		r = -EOPNOTSUPP;
	return r < 0 ? r : start_process(guest, plan.processes);
}

/* --- the row of them --- */

/* consumed */
static void give_up(struct guest *guest, struct verdict verdict)
{
	free(guest->record.reason);
	guest->record.reason = verdict.why;
	guest->record.lacked = verdict.kind == VERDICT_LACKS;
	guest_handle(guest,
		     verdict.kind == VERDICT_LATER ? GUEST_EVENT_PROCESS_START_FAILED
						   : GUEST_EVENT_START_REFUSED,
		     GUEST_EXIT_UNKNOWN);
}

/* Something that is not there may come yet: whether that is why. */
static struct verdict judge_lack(const struct guest *guest, struct verdict verdict)
{
	const struct guests_callbacks *callbacks = &guest->guests->callbacks;
	_cleanup_free_ char *what = NULL;

	if (verdict.error == -ENODEV && callbacks->missing(guest, &what, callbacks->userdata) < 0)
		verdict.kind = VERDICT_LACKS;
	return verdict;
}

static struct verdict launch_now(struct guest *guest)
{
	_cleanup_(guest_launch_freep) struct guest_launch *launch = take_ptr(guest->launch);
	struct verdict verdict = {};
	int r = 0;

	if (!launch)
		verdict = judge_lack(guest, guest_launch_open(guest, &launch));
	if (verdict.kind == VERDICT_OK)
		verdict = open_taps(guest, launch);
	if (verdict.kind != VERDICT_OK)
		return verdict;
	r = make_place(guest, launch);
	if (r >= 0)
		r = write_record(guest, launch);
	if (r < 0)
		return verdict_of(VERDICT_LATER, r, "making its place in /run: %s", strerror(-r));
	verdict = guest_memory_take_hugepages(guest);
	if (verdict.kind != VERDICT_OK)
		return verdict;
	r = start_vmm(guest, launch);
	return r < 0 ? verdict_of(VERDICT_LATER, r, "starting %s: %s", guest_vmm_label(guest),
				  strerror(-r))
		     : verdict;
}

void guest_launch(struct guest *guest)
{
	struct verdict verdict = launch_now(guest);

	if (verdict.kind != VERDICT_OK) {
		give_up(guest, verdict);
		return;
	}
	guest->record.lacked = false;
	guest_handle(guest, GUEST_EVENT_PROCESS_STARTED, GUEST_EXIT_UNKNOWN);
}
