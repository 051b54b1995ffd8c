// SPDX-License-Identifier: GPL-2.0-or-later
// Answers and events -> struct model: the host, its networks and its log.
#include "model.h"

#include <errno.h>
#include <string.h>

#include "base/array.h"
#include "base/json.h"
#include "client/client-guest.h"
#include "model-internal.h"

/* Out of memory the old text stays: it will be asked for again. */
bool model_set_text(char **text, const char *value)
{
	char *copy = NULL;

	if (text_equal(*text, value))
		return false;
	if (value && !(copy = strdup(value)))
		return false;
	free(*text);
	*text = copy;
	return true;
}

bool model_set_number(uint64_t *number, uint64_t value)
{
	bool changed = *number != value;

	*number = value;
	return changed;
}

bool model_set_bool(bool *flag, bool value)
{
	bool changed = *flag != value;

	*flag = value;
	return changed;
}

static void network_done(struct model_network *network)
{
	free(network->name);
	free(network->phase);
	free(network->uplink);
	free(network->gateway);
	free(network->address);
	free(network->more);
	free(network->bare_address);
}

void model_done(struct model *model)
{
	char *texts[] = { model->hostname,       model->version,         model->kernel,
			  model->firmware,       model->cpu_model,       model->config_source,
			  model->kvm_state,      model->kvm_why,         model->data_volume,
			  model->data_why,       model->secure_boot,     model->tpm,
			  model->shell_terminal, model->screen_guest,    model->trial.network,
			  model->trial.address,  model->dashboard_hotkey };

	for (size_t i = 0; i < ELEMENTS(texts); i++)
		free(texts[i]);
	for (size_t i = 0; i < model->network_count; i++)
		network_done(&model->networks[i]);
	free(model->networks);
	for (size_t i = 0; i < model->guest_count; i++)
		model_guest_done(&model->guests[i]);
	free(model->guests);
	model_notices_clear(&model->mistakes);
	model_notices_clear(&model->devices);
	model_notices_clear(&model->hardware);
	for (size_t i = 0; i < MODEL_LINES_MAX; i++) {
		free(model->lines[i].subject);
		free(model->lines[i].message);
	}
	*model = (struct model){};
}

/* --- networks --- */

static struct model_network *network_of(struct model *model, const char *name, uint64_t now_usec)
{
	for (size_t i = 0; i < model->network_count; i++)
		if (text_equal(model->networks[i].name, name))
			return &model->networks[i];
	if (array_grow(model->networks, model->network_count) < 0)
		return NULL;
	model->networks[model->network_count] =
		(struct model_network){ .name = strdup(name), .since_usec = now_usec };
	if (!model->networks[model->network_count].name)
		return NULL;
	return &model->networks[model->network_count++];
}

/* "192.0.2.7/24 (dhcp), 2001:db8::7/64 (ra)": IPv4 first, without the first skip ones. New string,
 * NULL when there is none. */
static char *addresses_text(sd_json_variant *object, size_t skip, size_t most)
{
	char *text = NULL;

	for (int family = 4; family <= 6 && most > 0; family += 2) {
		sd_json_variant *element = NULL;

		for (size_t i = 0; (element = json_element(object, "addresses", i)); i++) {
			const char *address = json_text(element, "address");
			_cleanup_free_ char *one = NULL;
			char *longer = NULL;

			if (!address || (strchr(address, ':') ? 6 : 4) != family)
				continue;
			if (skip > 0) {
				skip--;
				continue;
			}
			one = client_address_text(element);
			longer =
				one ? text_format("%s%s%s", text ? text : "", text ? ", " : "", one)
				    : NULL;
			free(text);
			text = longer;
			if (--most == 0)
				break;
		}
	}
	return text;
}

static const char *first_ipv4(sd_json_variant *object)
{
	sd_json_variant *element = NULL;

	for (size_t i = 0; (element = json_element(object, "addresses", i)); i++) {
		const char *address = json_text(element, "address");

		if (address && !strchr(address, ':'))
			return address;
	}
	return NULL;
}

static bool take_network(struct model *model, sd_json_variant *object, uint64_t now_usec)
{
	const char *name = json_text(object, "name");
	struct model_network *network = name ? network_of(model, name, now_usec) : NULL;
	_cleanup_free_ char *address = NULL, *more = NULL;
	bool changed = false;

	if (!network)
		return false;
	if (model_set_text(&network->phase, json_text(object, "phase"))) {
		network->since_usec = now_usec;
		changed = true;
	}
	address = addresses_text(object, 0, 1);
	more = addresses_text(object, 1, SIZE_MAX);
	changed |= model_set_text(&network->uplink, json_text(object, "uplink"));
	changed |= model_set_text(&network->gateway, json_text(object, "gateway"));
	changed |= model_set_text(&network->address, address);
	changed |= model_set_text(&network->more, more);
	changed |= model_set_text(&network->bare_address, first_ipv4(object));
	return changed;
}

bool model_is_waiting(const struct model *model)
{
	for (size_t i = 0; i < model->network_count; i++)
		if (text_equal(model->networks[i].phase, "waiting-for-dhcp"))
			return true;
	return false;
}

/* --- the host --- */

static bool take_mistakes(struct model *model, sd_json_variant *config)
{
	sd_json_variant *mistake = NULL;
	struct model_notices now = {};

	for (size_t i = 0; (mistake = json_element(config, "mistakes", i)); i++) {
		_cleanup_free_ char *text = client_mistake_text(mistake);

		model_notice_add(&now, 3, "%s", text ? text : "out of memory");
	}
	return model_notices_replace(&model->mistakes, &now);
}

bool model_take_status(struct model *model, sd_json_variant *answer, uint64_t now_usec)
{
	const struct {
		char **text;
		const char *name;
	} texts[] = {
		{ &model->hostname, "hostname" },  { &model->version, "version" },
		{ &model->kernel, "kernel" },      { &model->firmware, "firmware" },
		{ &model->cpu_model, "cpuModel" },
	};
	sd_json_variant *kvm = sd_json_variant_by_key(answer, "kvm");
	sd_json_variant *config = sd_json_variant_by_key(answer, "config");
	sd_json_variant *data = sd_json_variant_by_key(answer, "dataVolume");
	sd_json_variant *network = NULL;
	bool changed = model_set_bool(&model->connected, true);

	for (size_t i = 0; i < ELEMENTS(texts); i++)
		changed |= model_set_text(texts[i].text, json_text(answer, texts[i].name));
	model->uptime_usec = json_unsigned(answer, "uptimeUsec");
	model->uptime_at_usec = now_usec;
	changed |= model_set_number(&model->cpus, json_unsigned(answer, "cpus"));
	changed |= model_set_number(&model->memory_total_bytes,
				    json_unsigned(answer, "memoryTotalBytes"));
	changed |= model_set_number(&model->memory_available_bytes,
				    json_unsigned(answer, "memoryAvailableBytes"));
	changed |= model_set_bool(&model->kvm_usable, json_bool(kvm, "usable"));
	changed |= model_set_text(&model->kvm_state, json_text(kvm, "state"));
	changed |= model_set_text(&model->kvm_why, json_text(kvm, "why"));
	changed |= model_set_text(&model->config_source, json_text(config, "source"));
	changed |= model_set_text(&model->data_volume, json_text(data, "phase"));
	changed |= model_set_text(&model->data_why, json_text(data, "why"));
	changed |= take_mistakes(model, config);
	for (size_t i = 0; (network = json_element(answer, "networks", i)); i++)
		changed |= take_network(model, network, now_usec);
	return changed;
}

static bool take_trial(struct model *model, sd_json_variant *trial, uint64_t now_usec)
{
	bool changed = model_set_text(&model->trial.network, json_text(trial, "network"));

	changed |= model_set_text(&model->trial.address, json_text(trial, "address"));
	model->trial.ends_usec = now_usec + json_unsigned(trial, "leftUsec");
	return changed;
}

bool model_take_machine(struct model *model, sd_json_variant *answer, uint64_t now_usec)
{
	uint64_t busy_usec = json_unsigned(answer, "cpuBusyUsec");
	bool changed = false;

	changed |= model_set_text(&model->secure_boot, json_text(answer, "secureBoot"));
	changed |= model_set_text(&model->tpm, json_text(answer, "tpm"));
	changed |= model_set_text(&model->shell_terminal, json_text(answer, "shellTerminal"));
	changed |= model_set_text(&model->screen_guest, json_text(answer, "screenGuest"));
	changed |= model_set_text(&model->dashboard_hotkey, json_text(answer, "dashboardHotkey"));
	changed |= model_set_bool(&model->can_choose_screen, json_bool(answer, "canChooseScreen"));
	changed |= model_set_bool(&model->password_needed, json_bool(answer, "passwordNeeded"));
	changed |= take_trial(model, sd_json_variant_by_key(answer, "addressTrial"), now_usec);
	changed |= model_take_driverless(model, answer);
	changed |=
		model_set_number(&model->cpu_percent,
				 model_percent(model->cpu_busy_usec, busy_usec, model->cpu_at_usec,
					       now_usec, model->cpu_percent, model->cpus));
	model->cpu_busy_usec = busy_usec;
	model->cpu_at_usec = now_usec;
	return changed;
}

/* --- events --- */

bool model_take_event(struct model *model, sd_json_variant *event, uint64_t now_usec)
{
	const char *type = json_text(event, "type");

	if (text_equal(type, "network"))
		return take_network(model, sd_json_variant_by_key(event, "network"), now_usec);
	if (text_equal(type, "guest"))
		return model_take_guest(model, sd_json_variant_by_key(event, "guest"),
					json_text(event, "kind"), now_usec);
	return false;
}

bool model_take_line(struct model *model, sd_json_variant *object)
{
	const char *subject = json_text(object, "subject");
	const char *message = json_text(object, "message");
	struct model_line *line = NULL;
	struct model_line taken = {
		.time_usec = json_unsigned(object, "timeUsec"),
		.level = (unsigned int)json_unsigned_or(object, "level", 5),
		.subject = subject ? strdup(subject) : NULL,
		.message = message ? strdup(message) : NULL,
	};

	if (!taken.subject || !taken.message) {
		free(taken.subject);
		free(taken.message);
		return false;
	}
	line = &model->lines[(model->line_first + model->line_count) % MODEL_LINES_MAX];
	if (model->line_count == MODEL_LINES_MAX)
		model->line_first = (model->line_first + 1) % MODEL_LINES_MAX;
	else
		model->line_count++;
	free(line->subject);
	free(line->message);
	*line = taken;
	return true;
}

const struct model_line *model_line(const struct model *model, size_t index)
{
	return &model->lines[(model->line_first + index) % MODEL_LINES_MAX];
}
