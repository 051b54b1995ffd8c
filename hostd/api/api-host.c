// SPDX-License-Identifier: GPL-2.0-or-later
// io.mvirt.Host: status, devices, power.
#include "api-internal.h"
#include "base/meminfo.h"
#include "host/host-end.h"
#include "host/host-replace.h"

/* That are told, of the configuration's. */
#define MISTAKES_MAX 100

int api_build_network(struct net *net, size_t index, sd_json_variant **ret_network)
{
	struct json_builder network = {}, addresses = {}, dns = {};
	struct net_status status = {};
	int r = net_status_at(net, index, &status);

	if (r < 0)
		return r;
	for (size_t i = 0; i < status.address_count; i++) {
		struct json_builder address = {};

		json_add_text(&address, "address", status.addresses[i].text);
		json_add_text(&address, "origin", status.addresses[i].origin);
		json_append_object(&addresses, &address);
	}
	for (const char *const *server = status.dns; server && *server; server++)
		json_append_text(&dns, *server);
	json_add_text(&network, "name", status.name);
	json_add_text(&network, "phase", status.phase);
	json_add_text(&network, "uplink", status.uplink);
	json_add_bool(&network, "carrier", status.carrier);
	json_add_array(&network, "addresses", &addresses);
	json_add_text(&network, "gateway", status.gateway);
	json_add_array(&network, "dns", &dns);
	json_add_unsigned(&network, "rxBytes", status.rx_bytes);
	json_add_unsigned(&network, "txBytes", status.tx_bytes);
	return json_end_object(&network, ret_network);
}

static void add_networks(struct json_builder *object, struct net *net)
{
	struct json_builder networks = {};

	for (size_t i = 0; net && i < net_count(net); i++) {
		sd_json_variant *network = NULL;

		/* One that goes at this moment is not worth losing the answer. */
		if (api_build_network(net, i, &network) >= 0)
			json_append_variant(&networks, network);
	}
	json_add_array(object, "networks", &networks);
}

static void add_kvm(struct json_builder *object, const struct kvm_status *status)
{
	struct json_builder kvm = {};

	json_add_bool(&kvm, "usable", kvm_usable(status));
	json_add_text(&kvm, "state", kvm_state_name(status->state));
	json_add_text(&kvm, "why", status->why[0] ? status->why : NULL);
	json_add_object(object, "kvm", &kvm);
}

static void add_screen(struct json_builder *object, const struct screen_status *status)
{
	struct json_builder screen = {};

	if (!status->present)
		return;
	json_add_unsigned(&screen, "width", status->width);
	json_add_unsigned(&screen, "height", status->height);
	json_add_unsigned(&screen, "bitsPerPixel", status->bits_per_pixel);
	json_add_text(&screen, "driver", status->driver);
	json_add_object(object, "screen", &screen);
}

static const char *phase_text(enum data_volume_phase phase)
{
	switch (phase) {
	case DATA_VOLUME_NONE:
		return "none";
	case DATA_VOLUME_CHECKING:
		return "checking";
	case DATA_VOLUME_MOUNTED:
		return "mounted";
	case DATA_VOLUME_FAILED:
		return "failed";
	}
	return "?";
}

int api_build_data_volume(const struct host *host, sd_json_variant **ret_volume)
{
	struct data_volume_status status = {};
	struct json_builder data = {};

	(void)host_get_data_volume(host, &status);
	json_add_text(&data, "phase", phase_text(status.phase));
	json_add_text(&data, "device", status.device);
	json_add_text(&data, "type", status.type);
	json_add_text(&data, "why", status.why);
	if (status.phase == DATA_VOLUME_MOUNTED) {
		json_add_unsigned(&data, "sizeBytes", status.size_bytes);
		json_add_unsigned(&data, "freeBytes", status.free_bytes);
	}
	return json_end_object(&data, ret_volume);
}

static void add_data_volume(struct json_builder *object, const struct host *host)
{
	sd_json_variant *data = NULL;

	if (api_build_data_volume(host, &data) >= 0)
		json_add_variant(object, "dataVolume", data);
}

static void append_mistake(struct json_builder *mistakes, unsigned int line, const char *message)
{
	struct json_builder mistake = {};

	json_add_unsigned(&mistake, "line", line);
	json_add_text(&mistake, "message", message);
	json_append_object(mistakes, &mistake);
}

/* Of a file that is no configuration at all each line is one. */
static void append_mistakes(struct json_builder *mistakes, const struct config_mistakes *found)
{
	_cleanup_free_ char *more = NULL;
	size_t count = found->count < MISTAKES_MAX ? found->count : MISTAKES_MAX;

	for (size_t i = 0; i < count; i++)
		append_mistake(mistakes, found->items[i].line, found->items[i].message);
	if (count == found->count)
		return;
	more = text_format("and %zu more mistakes", found->count - count);
	append_mistake(mistakes, found->items[count].line, more);
}

static void add_config(struct json_builder *object, const struct host *host)
{
	const char *source = host_config_source(host);
	struct json_builder config = {}, mistakes = {};

	append_mistakes(&mistakes, host_mistakes(host));
	json_add_text(&config, "source", source ? source : "?");
	json_add_array(&config, "mistakes", &mistakes);
	json_add_object(object, "config", &config);
}

static void add_machine(struct json_builder *object, const struct api *api)
{
	const struct machine_info *machine = &api->machine;
	char host_id[MACHINE_ID_BYTES * 2 + 1] = "";
	struct meminfo memory = {};

	for (size_t i = 0; i < MACHINE_ID_BYTES; i++)
		(void)snprintf(host_id + 2 * i, 3, "%02x", machine->host_id[i]);
	json_add_text(object, "kernel", machine->kernel_release);
	json_add_text(object, "firmware", machine->firmware ? machine->firmware : "bios");
	json_add_text(object, "hostId", host_id);
	json_add_text(object, "bootId", api->boot_id[0] ? api->boot_id : NULL);
	json_add_unsigned(object, "uptimeUsec", machine_uptime_usec());
	json_add_text(object, "cpuModel", machine->cpu_model[0] ? machine->cpu_model : NULL);
	json_add_unsigned(object, "cpus", machine->cpus);
	json_add_unsigned(object, "memoryTotalBytes", machine->memory_total_bytes);
	if (meminfo_read(MEMINFO_PATH, &memory) >= 0)
		json_add_unsigned(object, "memoryAvailableBytes", memory.available_bytes);
}

API_METHOD_DEFINE(api_method_status)
{
	struct api *api = userdata;
	const struct host *host = api->host;
	const struct guests *guests = host_guests(host);
	struct json_builder status = {};
	size_t count = guests_count(guests), running = 0;

	for (size_t i = 0; i < count; i++)
		if (guest_state(guests_at(guests, i)) == GUEST_STATE_RUNNING)
			running++;
	json_add_text(&status, "hostname", host_configuration(host)->hostname);
	json_add_text(&status, "version", api->version);
	json_add_bool(&status, "replaceFailed", host_replace_failed(host));
	add_machine(&status, api);
	add_kvm(&status, host_kvm(host));
	add_screen(&status, host_framebuffer(host));
	add_networks(&status, host_net(host));
	add_data_volume(&status, host);
	add_config(&status, host);
	json_add_unsigned(&status, "guests", count);
	json_add_unsigned(&status, "guestsRunning", running);
	return api_reply_object(link, &status);
}

static void append_disk(struct json_builder *disks, const struct disk_device *device)
{
	struct json_builder disk = {};

	json_add_text(&disk, "name", device->name);
	json_add_text(&disk, "node", device->node);
	json_add_text(&disk, "parent", device->parent);
	json_add_unsigned(&disk, "sizeBytes", device->size_bytes);
	json_add_text(&disk, "model", device->model);
	json_add_text(&disk, "serial", device->serial);
	json_add_text(&disk, "path", device->path);
	json_add_text(&disk, "bus", device->bus);
	json_add_text(&disk, "label", device->label);
	json_add_text(&disk, "type", device->type);
	json_add_text(&disk, "uuid", device->uuid);
	json_add_bool(&disk, "removable", device->removable);
	json_add_bool(&disk, "readonly", device->readonly);
	json_add_text(&disk, "skipped", device->skipped);
	json_append_object(disks, &disk);
}

static void append_nic(struct json_builder *nics, const struct nic_device *device)
{
	struct json_builder nic = {};

	json_add_text(&nic, "name", device->name);
	json_add_text(&nic, "driver", device->driver);
	json_add_text(&nic, "mac", device->mac);
	json_add_text(&nic, "pciPath", device->pci_path);
	json_add_bool(&nic, "link", device->link);
	json_add_bool(&nic, "wireless", device->wireless);
	json_append_object(nics, &nic);
}

API_METHOD_DEFINE(api_method_devices)
{
	const struct api *api = userdata;
	const struct devices *found = host_devices(api->host);
	struct json_builder devices = {}, disks = {}, nics = {};
	const struct disk_device *disk = NULL;
	const struct nic_device *nic = NULL;
	size_t disk_count = 0, nic_count = 0;

	if (found) {
		disk = devices_disks(found, &disk_count);
		nic = devices_nics(found, &nic_count);
	}
	for (size_t i = 0; i < disk_count; i++)
		append_disk(&disks, &disk[i]);
	for (size_t i = 0; i < nic_count; i++)
		append_nic(&nics, &nic[i]);
	json_add_array(&devices, "disks", &disks);
	json_add_array(&devices, "nics", &nics);
	return api_reply_object(link, &devices);
}

static int power(sd_varlink *link, sd_json_variant *parameters, struct api *api,
		 enum power_action action)
{
	static const sd_json_dispatch_field fields[] = {
		{ "now", SD_JSON_VARIANT_BOOLEAN, sd_json_dispatch_tristate, 0, SD_JSON_NULLABLE },
		{},
	};
	int now = -1;
	int r = sd_varlink_dispatch(link, parameters, fields, &now);

	if (r != 0)
		return r;
	r = api_reply_done(link);
	/* The machine goes down even for a client that is gone already. */
	host_end(api->host, action, now > 0);
	return r;
}

API_METHOD_DEFINE(api_method_shutdown)
{
	return power(link, parameters, userdata, POWER_OFF);
}

API_METHOD_DEFINE(api_method_reboot)
{
	return power(link, parameters, userdata, POWER_REBOOT);
}
