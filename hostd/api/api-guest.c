// SPDX-License-Identifier: GPL-2.0-or-later
// io.mvirt.Guest: what guests there are, and commands to them.
#include <string.h>

#include "api-interface.h"
#include "api-internal.h"

static const char *disk_format_text(enum disk_format format)
{
	switch (format) {
	case DISK_FORMAT_AUTO:
		return "auto";
	case DISK_FORMAT_RAW:
		return "raw";
	case DISK_FORMAT_QCOW2:
		return "qcow2";
	}
	return "?";
}

static const char *disk_bus_text(enum disk_bus bus)
{
	switch (bus) {
	case DISK_BUS_VIRTIO:
		return "virtio";
	case DISK_BUS_SCSI:
		return "scsi";
	case DISK_BUS_SATA:
		return "sata";
	case DISK_BUS_NVME:
		return "nvme";
	}
	return "?";
}

static const char *nic_model_text(enum nic_model model)
{
	switch (model) {
	case NIC_MODEL_VIRTIO:
		return "virtio";
	case NIC_MODEL_E1000:
		return "e1000";
	case NIC_MODEL_RTL8139:
		return "rtl8139";
	}
	return "?";
}

static void add_disks(struct json_builder *object, const struct guest_config *config)
{
	struct json_builder disks = {};

	for (size_t i = 0; i < config->disk_count; i++) {
		struct json_builder disk = {};

		json_add_text(&disk, "file", config->disks[i].file);
		json_add_text(&disk, "format", disk_format_text(config->disks[i].format));
		json_add_text(&disk, "bus", disk_bus_text(config->disks[i].bus));
		json_add_text(&disk, "serial", config->disks[i].serial);
		json_add_bool(&disk, "readonly", config->disks[i].readonly);
		json_append_object(&disks, &disk);
	}
	json_add_array(object, "disks", &disks);
}

static void add_nics(struct json_builder *object, const struct guest *guest)
{
	const struct guest_config *config = guest_config(guest);
	struct json_builder nics = {};

	for (size_t i = 0; i < config->nic_count; i++) {
		bool user = config->nics[i].kind == NIC_NETWORK_USER;
		struct json_builder nic = {};
		char mac[18] = "";

		json_add_text(&nic, "mac", guest_nic_mac(guest, i, mac));
		json_add_text(&nic, "model", nic_model_text(config->nics[i].model));
		json_add_bool(&nic, "user", user);
		json_add_text(&nic, "network", user ? NULL : config->nics[i].network);
		json_append_object(&nics, &nic);
	}
	json_add_array(object, "nics", &nics);
}

/* What it is now. */
static void add_life(struct json_builder *object, const struct guest *guest)
{
	enum guest_state state = guest_state(guest);
	uint64_t now_usec = machine_uptime_usec(), started_usec = guest_started_usec(guest);
	pid_t pid = guest_pid(guest);

	json_add_text(object, "state", guest_state_name(state));
	json_add_text(object, "reason", guest_reason(guest));
	if (guest_state_has_process(state)) {
		json_add_text(object, "accel", guest_uses_kvm(guest) ? "kvm" : "tcg");
		if (pid > 0)
			json_add_unsigned(object, "pid", (uint64_t)pid);
		if (started_usec > 0 && now_usec >= started_usec)
			json_add_unsigned(object, "uptimeUsec", now_usec - started_usec);
	}
	json_add_unsigned(object, "restarts", guest_restarts(guest));
}

int api_build_guest(const struct guest *guest, sd_json_variant **ret_guest)
{
	const struct guest_config *config = guest_config(guest);
	struct json_builder object = {};

	json_add_text(&object, "name", config->name);
	add_life(&object, guest);
	json_add_text(&object, "accelAllowed", guest_accel_name(config->accel));
	json_add_text(&object, "machine", guest_machine_name(config->machine));
	json_add_text(&object, "cpu", config->cpu);
	json_add_unsigned(&object, "cpus", config->cpus);
	json_add_unsigned(&object, "memoryBytes", config->memory_bytes);
	json_add_bool(&object, "autostart", config->autostart);
	json_add_text(&object, "restart", guest_restart_name(config->restart));
	json_add_unsigned(&object, "shutdownTimeoutUsec",
			  (uint64_t)config->shutdown_timeout_s * 1000000);
	json_add_text(&object, "kernel", config->kernel);
	json_add_text(&object, "initrd", config->initrd);
	json_add_text(&object, "cmdline", config->cmdline);
	add_disks(&object, config);
	add_nics(&object, guest);
	return json_end_object(&object, ret_guest);
}

struct guest *api_guest_of_call(sd_varlink *link, const char *name, int *ret_error)
{
	struct api *api = sd_varlink_get_userdata(link);
	struct guest *guest = guests_find(api->context.guests, name);
	struct json_builder parameters = {};

	if (guest)
		return guest;
	json_add_text(&parameters, "name", name);
	*ret_error = api_client_error(link, API_ERROR_NO_SUCH_GUEST, &parameters);
	return NULL;
}

/* For calls whose only parameter is the guest's name. NULL after an error, as above. */
static struct guest *guest_of_parameters(sd_varlink *link, sd_json_variant *parameters,
					 int *ret_error)
{
	static const sd_json_dispatch_field fields[] = {
		{ "name", SD_JSON_VARIANT_STRING, sd_json_dispatch_const_string, 0,
		  SD_JSON_MANDATORY },
		{},
	};
	const char *name = NULL;
	int r = sd_varlink_dispatch(link, parameters, fields, &name);

	if (r != 0) {
		*ret_error = r;
		return NULL;
	}
	return api_guest_of_call(link, name, ret_error);
}

static int method_list(sd_varlink *link, sd_json_variant *parameters [[maybe_unused]],
		       sd_varlink_method_flags_t flags [[maybe_unused]], void *userdata)
{
	struct api *api = userdata;
	struct json_builder answer = {}, guests = {};

	for (size_t i = 0; i < guests_count(api->context.guests); i++) {
		sd_json_variant *guest = NULL;
		int r = api_build_guest(guests_at(api->context.guests, i), &guest);

		if (r < 0) {
			json_builder_done(&guests);
			return r;
		}
		json_append_variant(&guests, guest);
	}
	json_add_array(&answer, "guests", &guests);
	return api_client_reply_object(link, &answer);
}

static int method_get(sd_varlink *link, sd_json_variant *parameters,
		      sd_varlink_method_flags_t flags [[maybe_unused]],
		      void *userdata [[maybe_unused]])
{
	struct json_builder answer = {};
	sd_json_variant *object = NULL;
	int r = 0;
	struct guest *guest = guest_of_parameters(link, parameters, &r);

	if (!guest)
		return r;
	r = api_build_guest(guest, &object);
	if (r < 0)
		return r;
	json_add_variant(&answer, "guest", object);
	return api_client_reply_object(link, &answer);
}

static int command(sd_varlink *link, sd_json_variant *parameters,
		   int (*carry_out)(struct guest *guest, char **ret_why))
{
	_cleanup_free_ char *why = NULL;
	struct json_builder nothing = {};
	int r = 0;
	struct guest *guest = guest_of_parameters(link, parameters, &r);

	if (!guest)
		return r;
	r = carry_out(guest, &why);
	if (r < 0)
		return api_client_refuse(link, why ? why : strerrordesc_np(-r));
	return api_client_reply_object(link, &nothing);
}

static int method_start(sd_varlink *link, sd_json_variant *parameters,
			sd_varlink_method_flags_t flags [[maybe_unused]],
			void *userdata [[maybe_unused]])
{
	return command(link, parameters, guest_start);
}

static int method_stop(sd_varlink *link, sd_json_variant *parameters,
		       sd_varlink_method_flags_t flags [[maybe_unused]],
		       void *userdata [[maybe_unused]])
{
	return command(link, parameters, guest_stop);
}

static int method_kill(sd_varlink *link, sd_json_variant *parameters,
		       sd_varlink_method_flags_t flags [[maybe_unused]],
		       void *userdata [[maybe_unused]])
{
	return command(link, parameters, guest_kill);
}

static int method_log(sd_varlink *link, sd_json_variant *parameters,
		      sd_varlink_method_flags_t flags [[maybe_unused]],
		      void *userdata [[maybe_unused]])
{
	_cleanup_free_ char *data = NULL;
	struct json_builder answer = {};
	size_t length = 0;
	int r = 0;
	struct guest *guest = guest_of_parameters(link, parameters, &r);

	if (!guest)
		return r;
	r = guest_console_read(guest, &data, &length);
	if (r < 0)
		return r;
	json_add_bytes(&answer, "data", data, length);
	return api_client_reply_object(link, &answer);
}

int api_guest_bind(sd_varlink_server *server)
{
	return api_bind(server, "io.mvirt.Guest.List", method_list, "io.mvirt.Guest.Get",
			method_get, "io.mvirt.Guest.Start", method_start, "io.mvirt.Guest.Stop",
			method_stop, "io.mvirt.Guest.Kill", method_kill, "io.mvirt.Guest.Log",
			method_log, "io.mvirt.Guest.Console", api_method_console,
			"io.mvirt.Guest.Subscribe", api_method_subscribe);
}
