// SPDX-License-Identifier: GPL-2.0-or-later
// A guest as JSON: what it is to be, and is.
#include "api-internal.h"
#include "config/config-table.h"
#include "host/host-catalogue.h"
#include "host/host-definition.h"

const char *api_origin_name(enum guest_origin origin)
{
	switch (origin) {
	case GUEST_ORIGIN_CONFIG:
		return "config";
	case GUEST_ORIGIN_DATA:
		return "data";
	case GUEST_ORIGIN_MEMORY:
		return "memory";
	case GUEST_ORIGIN_RECORD:
		return "record";
	}
	return "?";
}

/* --- the definition, by the table of its keys --- */

static void add_fields(struct json_builder *object, const struct config_block *block,
		       const void *config);

static void add_list(struct json_builder *object, const struct config_field *field,
		     const void *config)
{
	struct json_builder list = {};

	for (size_t i = 0; field->kind == FIELD_PARTS && i < config_part_count(field, config);
	     i++) {
		struct json_builder part = {};

		add_fields(&part, field->block, config_part(field, config, i));
		json_append_object(&list, &part);
	}
	for (size_t i = 0; field->kind == FIELD_TEXTS && config_field_item(field, config, i); i++)
		json_append_text(&list, config_field_item(field, config, i));
	json_add_array(object, field->api, &list);
}

static void add_field(struct json_builder *object, const struct config_field *field,
		      const void *config)
{
	const void *value = (const char *)config + field->offset;

	if (field->kind == FIELD_BOOL)
		json_add_bool(object, field->api, *(const bool *)value);
	else if (field->kind == FIELD_NUMBER)
		json_add_unsigned(object, field->api, *(const unsigned int *)value);
	else if (field->kind == FIELD_SIZE)
		json_add_unsigned(object, field->api, *(const uint64_t *)value);
	else if (field->kind == FIELD_CHOICE)
		json_add_text(object, field->api, field->names[*(const unsigned int *)value]);
	else if (field->kind == FIELD_TEXT || field->kind == FIELD_PATH)
		json_add_text(object, field->api, *(char *const *)value);
	else
		add_list(object, field, config);
}

static void add_fields(struct json_builder *object, const struct config_block *block,
		       const void *config)
{
	for (size_t i = 0; i < block->count; i++)
		if (block->fields[i].api)
			add_field(object, &block->fields[i], config);
}

/* --- what it is now --- */

/* What it tells of itself; of one that does not run, or is not on a network, nothing is known. */
static void add_seen_addresses(struct json_builder *nic, struct net *net, const struct guest *guest,
			       size_t index)
{
	_cleanup_(text_list_done) struct text_list seen = {};
	struct json_builder addresses = {};
	uint8_t mac[6];

	guest_nic_mac_bytes(guest, index, mac);
	if (net && guest_state_has_process(guest_state(guest)))
		(void)net_list_guest_addresses(net, guest_config(guest)->name, (unsigned int)index,
					       mac, &seen);
	for (size_t i = 0; i < seen.count; i++)
		json_append_text(&addresses, seen.items[i]);
	json_add_array(nic, "seenAddresses", &addresses);
}

static void add_nics(struct json_builder *object, struct net *net, const struct guest *guest)
{
	const struct guest_config *config = guest_config(guest);
	struct json_builder nics = {};

	for (size_t i = 0; i < config->nic_count; i++) {
		bool user = config->nics[i].kind == NIC_NETWORK_USER;
		struct json_builder nic = {};
		char mac[18] = "";

		add_fields(&nic, &config_nic_block, &config->nics[i]);
		json_add_text(&nic, "mac", guest_nic_mac(guest, i, mac));
		json_add_bool(&nic, "user", user);
		json_add_text(&nic, "network", user ? NULL : config->nics[i].network);
		add_seen_addresses(&nic, user ? NULL : net, guest, i);
		json_append_object(&nics, &nic);
	}
	json_add_array(object, "nics", &nics);
}

bool api_is_kept(const struct guest *guest)
{
	enum guest_origin origin = guest_origin(guest);

	return origin == GUEST_ORIGIN_CONFIG || origin == GUEST_ORIGIN_DATA;
}

/* One that may only run on KVM is isolated, or does not run. */
bool api_is_isolated(const struct guest *guest)
{
	return guest_uses_kvm(guest) || (!guest_state_has_process(guest_state(guest)) &&
					 guest_config(guest)->accel == GUEST_ACCEL_KVM);
}

/* What it is now. */
static void add_life(struct json_builder *object, const struct guest *guest)
{
	enum guest_state state = guest_state(guest);
	uint64_t now_usec = machine_uptime_usec(), started_usec = guest_started_usec(guest);
	bool has_process = guest_state_has_process(state);
	pid_t pid = guest_pid(guest);

	json_add_text(object, "state", guest_state_name(state));
	json_add_bool(object, "paused", guest_is_paused(guest));
	json_add_bool(object, "settled", guest_is_settled(guest));
	json_add_text(object, "reason", guest_reason(guest));
	json_add_text(object, "waiting", guest_waiting(guest));
	if (has_process) {
		json_add_text(object, "accel", guest_uses_kvm(guest) ? "kvm" : "tcg");
		if (pid > 0)
			json_add_unsigned(object, "pid", (uint64_t)pid);
		if (started_usec > 0 && now_usec >= started_usec)
			json_add_unsigned(object, "uptimeUsec", now_usec - started_usec);
	}
	json_add_bool(object, "isolation", api_is_isolated(guest));
	json_add_unsigned(object, "restarts", guest_restarts(guest));
	json_add_bool(object, "nextStartDiffers", has_process && host_next_start_differs(guest));
}

static void add_origin(struct json_builder *object, const struct guest *guest)
{
	json_add_text(object, "origin", api_origin_name(guest_origin(guest)));
	json_add_bool(object, "kept", api_is_kept(guest));
}

int api_build_guest(struct net *net, const struct guest *guest, sd_json_variant **ret_guest)
{
	const struct guest_config *config = guest_config(guest);
	struct json_builder object = {};

	json_add_text(&object, "name", config->name);
	add_life(&object, guest);
	add_origin(&object, guest);
	add_fields(&object, &config_guest_block, config);
	json_add_text(&object, "firmware",
		      config->kernel ? NULL : guest_firmware_name(config->firmware));
	json_add_unsigned(&object, "shutdownTimeoutUsec",
			  (uint64_t)config->shutdown_timeout_s * 1000000);
	add_nics(&object, net, guest);
	json_add_bool(&object, "cloudInit", config->cloud_init.present);
	return json_end_object(&object, ret_guest);
}

/* --- in calls --- */

struct guest *api_guest_of_call(sd_varlink *link, const char *name, int *ret_error)
{
	const struct api *api = sd_varlink_get_userdata(link);
	_cleanup_(error_done) struct error error = {};
	struct guest *guest = host_find_guest(api->host, name, &error);

	if (!guest)
		*ret_error = api_reply_error(link, -ENOENT, &error);
	return guest;
}

struct guest *api_guest_of_parameters(sd_varlink *link, sd_json_variant *parameters, int *ret_error)
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

int api_refuse_port(sd_varlink *link, const struct guest *guest, unsigned int port)
{
	unsigned int count = guest_config(guest)->serial_ports;

	return api_reply_errorf(link, ERROR_NOT_FOUND,
				"guest %s has %u serial port%s, counted from 1: there is no %u",
				guest_config(guest)->name, count, count == 1 ? "" : "s", port);
}

int api_reply_guest(sd_varlink *link, const struct guest *guest)
{
	const struct api *api = sd_varlink_get_userdata(link);
	struct json_builder answer = {};
	sd_json_variant *object = NULL;
	int r = api_build_guest(host_net(api->host), guest, &object);

	if (r < 0)
		return r;
	json_add_variant(&answer, "guest", object);
	return api_reply_object(link, &answer);
}
