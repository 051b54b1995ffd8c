// SPDX-License-Identifier: GPL-2.0-or-later
// What others may ask of a guest, and see of it: guest.h.
#include "guest.h"

#include <string.h>

#include "base/text.h"
#include "guest/guest-identity.h"
#include "guest/guest-internal.h"
#include "process/guest-cgroup.h"

static int refuse(char **ret_why, int error, const struct guest *guest, const char *why)
{
	guest_set_text(ret_why, "guest %s %s", guest->config->name, why);
	return error;
}

int guest_start(struct guest *guest, char **ret_why)
{
	_cleanup_(verdict_done) struct verdict verdict = {};

	if (guest->guests->no_start)
		return refuse(ret_why, -ESHUTDOWN, guest, "is not started: the host is going down");
	switch (guest->record.life.state) {
	case GUEST_STATE_STARTING:
	case GUEST_STATE_RUNNING:
		return refuse(ret_why, -EALREADY, guest, "is running already");
	case GUEST_STATE_STOPPING:
		return refuse(ret_why, -EBUSY, guest, "is stopping");
	case GUEST_STATE_STOPPED:
	case GUEST_STATE_CRASHED:
	case GUEST_STATE_FAILED:
	case GUEST_STATE_COUNT:
		break;
	}
	verdict = guest_launch_check(guest);
	if (verdict.kind != VERDICT_OK) {
		guest_set_text(ret_why, "guest %s is not started: %s", guest->config->name,
			       verdict_why(&verdict));
		return verdict.error;
	}
	guest->wants_start = false;
	guest_handle(guest, GUEST_EVENT_START, GUEST_EXIT_UNKNOWN);
	if (guest_state_has_process(guest->record.life.state))
		return 0;
	guest_set_text(ret_why, "guest %s is not started: %s", guest->config->name,
		       guest->record.reason ? guest->record.reason : "out of memory");
	return -EIO;
}

/* A start that is due counts as running: stop takes it back. */
static bool is_idle(const struct guest *guest)
{
	const struct guest_life *life = &guest->record.life;

	return life->state == GUEST_STATE_FAILED ||
	       (life->state == GUEST_STATE_STOPPED && life->timer_usec == 0);
}

int guest_stop(struct guest *guest, char **ret_why)
{
	bool withdrawn = guest_withdraw_start(guest);

	if (is_idle(guest) && withdrawn)
		return 0;
	if (is_idle(guest))
		return refuse(ret_why, -EALREADY, guest, "is not running");
	if (guest->record.life.state == GUEST_STATE_STOPPING)
		return refuse(ret_why, -EALREADY, guest, "is stopping already");
	guest_handle(guest, GUEST_EVENT_STOP, GUEST_EXIT_UNKNOWN);
	return 0;
}

int guest_kill(struct guest *guest, char **ret_why)
{
	bool withdrawn = guest_withdraw_start(guest);

	if (is_idle(guest) && withdrawn)
		return 0;
	if (is_idle(guest))
		return refuse(ret_why, -EALREADY, guest, "is not running");
	if (guest_state_has_process(guest->record.life.state))
		guest_set_text(&guest->pending_reason, "killed");
	guest_handle(guest, GUEST_EVENT_KILL, GUEST_EXIT_UNKNOWN);
	return 0;
}

/* A guest that does not run is started: what is asked for is a guest that runs, and runs anew. */
int guest_restart(struct guest *guest, char **ret_why)
{
	if (!guest_state_has_process(guest->record.life.state))
		return guest_start(guest, ret_why);
	if (guest->guests->no_start)
		return refuse(ret_why, -ESHUTDOWN, guest,
			      "is not restarted: the host is going down");
	guest_handle(guest, GUEST_EVENT_RESTART, GUEST_EXIT_UNKNOWN);
	return 0;
}

int guest_pause(struct guest *guest, char **ret_why)
{
	if (guest->record.life.state != GUEST_STATE_RUNNING)
		return refuse(ret_why, -ESRCH, guest, "is not running");
	if (guest->record.life.paused)
		return refuse(ret_why, -EALREADY, guest, "is paused already");
	if (!guest->vmm_ready)
		return guest_refuse_busy_vmm(guest, ret_why);
	guest_handle(guest, GUEST_EVENT_PAUSE, GUEST_EXIT_UNKNOWN);
	return 0;
}

int guest_resume(struct guest *guest, char **ret_why)
{
	if (guest->record.life.state != GUEST_STATE_RUNNING || !guest->record.life.paused)
		return refuse(ret_why, -EALREADY, guest, "is not paused");
	if (!guest->vmm_ready)
		return guest_refuse_busy_vmm(guest, ret_why);
	guest_handle(guest, GUEST_EVENT_RESUME, GUEST_EXIT_UNKNOWN);
	return 0;
}

const struct guest_config *guest_config(const struct guest *guest)
{
	return guest->config;
}

const struct guest_config *guest_running_config(const struct guest *guest)
{
	return guest->record.config;
}

enum guest_origin guest_origin(const struct guest *guest)
{
	return guest->origin;
}

bool guest_is_paused(const struct guest *guest)
{
	return guest->record.life.paused;
}

bool guest_is_settled(const struct guest *guest)
{
	return guest_life_is_settled(&guest->record.life);
}

const char *guest_waiting(const struct guest *guest)
{
	return guest->wants_start ? guest->waiting : NULL;
}

enum guest_state guest_state(const struct guest *guest)
{
	return guest->record.life.state;
}

const char *guest_reason(const struct guest *guest)
{
	enum guest_state state = guest->record.life.state;

	if (guest_state_has_process(state))
		return guest->record.unknown;
	return state == GUEST_STATE_CRASHED || state == GUEST_STATE_FAILED ? guest->record.reason
									   : NULL;
}

pid_t guest_pid(const struct guest *guest)
{
	return guest->record.process.pid;
}

uint64_t guest_started_usec(const struct guest *guest)
{
	return guest->record.life.started_usec;
}

bool guest_uses_kvm(const struct guest *guest)
{
	return guest_runs_on_kvm(guest);
}

unsigned int guest_restarts(const struct guest *guest)
{
	return guest->record.life.restarts;
}

char *guest_nic_mac(const struct guest *guest, size_t nic_index, char buffer[static 18])
{
	uint8_t mac[6];

	guest_identity_mac(guest->config, nic_index, guest->guests->environment.host_id, mac);
	(void)snprintf(buffer, 18, "%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2], mac[3],
		       mac[4], mac[5]);
	return buffer;
}

void guest_nic_mac_bytes(const struct guest *guest, size_t nic_index, uint8_t ret_mac[static 6])
{
	guest_identity_mac(guest->config, nic_index, guest->guests->environment.host_id, ret_mac);
}

char *guest_instance_id(const struct guest *guest, char buffer[static GUEST_INSTANCE_ID_BYTES])
{
	return guest_identity_instance(guest->guests->environment.host_id, guest->config->name,
				       buffer);
}

int guest_keep_identity(const struct guest *guest, struct guest_config *config)
{
	struct cloud_init_config *cloud_init = &config->cloud_init;
	char instance_id[GUEST_INSTANCE_ID_BYTES];

	for (size_t i = 0; i < config->nic_count; i++) {
		guest_nic_mac_bytes(guest, i, config->nics[i].mac);
		config->nics[i].has_mac = true;
	}
	if (!cloud_init->present || cloud_init->instance_id)
		return 0;
	cloud_init->instance_id = strdup(guest_instance_id(guest, instance_id));
	return cloud_init->instance_id ? 0 : -ENOMEM;
}

int guest_read_stats(const struct guest *guest, struct guest_stats *ret_stats)
{
	if (!guest_state_has_process(guest->record.life.state))
		return -ESRCH;
	return guest_cgroup_read_stats(guest->config->name, ret_stats);
}

int guest_console_read(struct guest *guest, size_t port, char **ret_data, size_t *ret_length)
{
	int r = guest_open_console(guest, port);

	return r < 0 ? r : guest_console_copy(guest->consoles[port], 0, ret_data, ret_length);
}

int guest_console_write(struct guest *guest, size_t port, const void *data, size_t length)
{
	if (port >= GUEST_SERIAL_PORTS_MAX || !guest->consoles[port] || guest->pidfd < 0)
		return -ENOTCONN;
	return guest_console_send(guest->consoles[port], data, length);
}

int guest_console_listen(struct guest *guest, size_t port, guest_console_output_t output,
			 void *userdata, struct guest_console_listener **ret_listener)
{
	int r = guest_open_console(guest, port);

	return r < 0 ? r
		     : guest_console_add_listener(guest->consoles[port], output, userdata,
						  ret_listener);
}

void guest_console_unlisten(struct guest_console_listener *listener)
{
	guest_console_remove_listener(listener);
}
