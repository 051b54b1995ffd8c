// SPDX-License-Identifier: GPL-2.0-or-later
// Answers and events -> struct model: guests, devices, and what is wrong with them.
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

#include "base/array.h"
#include "base/json.h"
#include "client/client-guest.h"
#include "model-internal.h"

/* Two samples nearer than this say nothing. */
#define SAMPLE_USEC_MIN 500000

uint64_t model_percent(uint64_t then_busy_usec, uint64_t busy_usec, uint64_t then_usec,
		       uint64_t now_usec, uint64_t before, uint64_t count)
{
	if (then_usec == 0 || busy_usec < then_busy_usec || now_usec < then_usec)
		return MODEL_UNKNOWN;
	if (now_usec - then_usec < SAMPLE_USEC_MIN)
		return before;
	return (busy_usec - then_busy_usec) * 100 / ((now_usec - then_usec) * (count ? count : 1));
}

/* --- notices --- */

void model_notice_add(struct model_notices *notices, unsigned int level, const char *format, ...)
{
	va_list arguments;
	char *text = NULL;

	va_start(arguments, format);
	if (vasprintf(&text, format, arguments) < 0)
		text = NULL;
	va_end(arguments);
	if (!text || array_grow(notices->items, notices->count) < 0) {
		free(text);
		return;
	}
	notices->items[notices->count++] = (struct model_notice){ .level = level, .text = text };
}

void model_notices_clear(struct model_notices *notices)
{
	for (size_t i = 0; i < notices->count; i++)
		free(notices->items[i].text);
	free(notices->items);
	*notices = (struct model_notices){};
}

bool model_notices_replace(struct model_notices *notices, struct model_notices *now)
{
	bool differ = notices->count != now->count;

	for (size_t i = 0; i < now->count && !differ; i++)
		differ = !text_equal(notices->items[i].text, now->items[i].text);
	model_notices_clear(notices);
	*notices = *now;
	*now = (struct model_notices){};
	return differ;
}

/* --- guests --- */

void model_guest_done(struct model_guest *guest)
{
	free(guest->name);
	free(guest->state);
	free(guest->reason);
	free(guest->waiting);
	free(guest->address);
	free(guest->display);
}

struct model_guest *model_find_guest(const struct model *model, const char *name)
{
	for (size_t i = 0; i < model->guest_count; i++)
		if (text_equal(model->guests[i].name, name))
			return &model->guests[i];
	return NULL;
}

static struct model_guest *add_guest(struct model *model, const char *name)
{
	size_t at = 0;
	char *copy = strdup(name);

	if (!copy || array_grow(model->guests, model->guest_count) < 0) {
		free(copy);
		return NULL;
	}
	while (at < model->guest_count && strcmp(model->guests[at].name, name) < 0)
		at++;
	memmove(&model->guests[at + 1], &model->guests[at],
		(model->guest_count - at) * sizeof(*model->guests));
	model->guest_count++;
	model->guests[at] = (struct model_guest){
		.name = copy,
		.used_bytes = MODEL_UNKNOWN,
		.started_usec = MODEL_UNKNOWN,
		.cpu_percent = MODEL_UNKNOWN,
	};
	return &model->guests[at];
}

static bool remove_guest(struct model *model, const char *name)
{
	struct model_guest *guest = model_find_guest(model, name);
	size_t after = 0;

	if (!guest)
		return false;
	after = model->guest_count - (size_t)(guest - model->guests) - 1;
	model_guest_done(guest);
	memmove(guest, guest + 1, after * sizeof(*guest));
	model->guest_count--;
	return true;
}

/* Without an address: how it can be found in the network. */
static char *address_of(sd_json_variant *object)
{
	sd_json_variant *nic = json_element(object, "nics", 0);
	const char *address = client_guest_address(object), *mac = json_text(nic, "mac");

	if (address)
		return strdup(address);
	if (json_bool(nic, "user"))
		return strdup("NAT");
	return mac ? strdup(mac) : NULL;
}

static bool is_address_unknown(sd_json_variant *object)
{
	sd_json_variant *nic = json_element(object, "nics", 0);

	return nic && !json_bool(nic, "user") && !client_guest_address(object);
}

/* Of a guest that is not running nothing is used. */
static void forget_samples(struct model_guest *guest)
{
	guest->used_bytes = guest->started_usec = guest->cpu_percent = MODEL_UNKNOWN;
	guest->cpu_usec = guest->cpu_at_usec = 0;
}

bool model_take_guest(struct model *model, sd_json_variant *object, const char *kind,
		      uint64_t now_usec)
{
	const char *name = json_text(object, "name");
	struct model_guest *guest = name ? model_find_guest(model, name) : NULL;
	uint64_t uptime_usec = json_unsigned_or(object, "uptimeUsec", MODEL_UNKNOWN);
	_cleanup_free_ char *address = NULL;
	bool changed = false;

	if (!name)
		return false;
	if (text_equal(kind, "deleted") || text_equal(kind, "removed"))
		return remove_guest(model, name);
	if (!guest) {
		guest = add_guest(model, name);
		changed = true;
	}
	if (!guest)
		return false;
	address = address_of(object);
	if (model_set_text(&guest->state, json_text(object, "state"))) {
		forget_samples(guest);
		changed = true;
	}
	changed |= model_set_text(&guest->reason, json_text(object, "reason"));
	changed |= model_set_text(&guest->waiting, json_text(object, "waiting"));
	changed |= model_set_text(&guest->display, json_text(object, "display"));
	changed |= model_set_text(&guest->address, address);
	guest->address_unknown = is_address_unknown(object);
	changed |= model_set_bool(&guest->paused, json_bool(object, "paused"));
	changed |= model_set_bool(&guest->emulated, text_equal(json_text(object, "accel"), "tcg"));
	changed |= model_set_number(&guest->memory_bytes, json_unsigned(object, "memoryBytes"));
	if (uptime_usec != MODEL_UNKNOWN && guest->started_usec == MODEL_UNKNOWN) {
		guest->started_usec = now_usec > uptime_usec ? now_usec - uptime_usec : 0;
		changed = true;
	}
	return changed;
}

static bool is_listed(sd_json_variant *answer, const char *name)
{
	sd_json_variant *guest = NULL;

	for (size_t i = 0; (guest = json_element(answer, "guests", i)); i++)
		if (text_equal(json_text(guest, "name"), name))
			return true;
	return false;
}

bool model_take_list(struct model *model, sd_json_variant *answer, uint64_t now_usec)
{
	sd_json_variant *guest = NULL;
	bool changed = false;

	for (size_t i = model->guest_count; i > 0; i--)
		if (!is_listed(answer, model->guests[i - 1].name))
			changed |= remove_guest(model, model->guests[i - 1].name);
	for (size_t i = 0; (guest = json_element(answer, "guests", i)); i++)
		changed |= model_take_guest(model, guest, NULL, now_usec);
	return changed;
}

bool model_take_stats(struct model *model, sd_json_variant *answer, uint64_t now_usec)
{
	const char *name = json_text(answer, "name");
	struct model_guest *guest = name ? model_find_guest(model, name) : NULL;
	uint64_t cpu_usec = json_unsigned(answer, "cpuUsec");
	bool changed = false;

	if (!guest || guest->started_usec == MODEL_UNKNOWN)
		return false;
	changed |= model_set_number(&guest->used_bytes,
				    json_unsigned_or(answer, "memoryBytes", MODEL_UNKNOWN));
	changed |= model_set_number(&guest->cpu_percent,
				    model_percent(guest->cpu_usec, cpu_usec, guest->cpu_at_usec,
						  now_usec, guest->cpu_percent, 1));
	guest->cpu_usec = cpu_usec;
	guest->cpu_at_usec = now_usec;
	return changed;
}

/* --- devices --- */

bool model_take_devices(struct model *model, sd_json_variant *answer, uint64_t)
{
	sd_json_variant *disk = NULL;
	struct model_notices now = {};

	for (size_t i = 0; (disk = json_element(answer, "disks", i)); i++) {
		const char *skipped = json_text(disk, "skipped");
		const char *name = json_text(disk, "name");
		const char *label = json_text(disk, "model");

		if (skipped && name)
			model_notice_add(&now, 4, "disk %s%s%s%s is not used: %s", name,
					 label ? " (" : "", label ? label : "", label ? ")" : "",
					 skipped);
	}
	return model_notices_replace(&model->devices, &now);
}

bool model_take_driverless(struct model *model, sd_json_variant *machine)
{
	sd_json_variant *device = NULL;
	struct model_notices now = {};

	for (size_t i = 0; (device = json_element(machine, "driverless", i)); i++) {
		const char *id = json_text(device, "id");
		const char *name = json_text(device, "name");
		const char *path = json_text(device, "path");

		model_notice_add(&now, 4, "no driver for %s [%s] at %s", name ? name : "a device",
				 id ? id : "?", path ? path : "?");
	}
	return model_notices_replace(&model->hardware, &now);
}
