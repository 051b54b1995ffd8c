// SPDX-License-Identifier: GPL-2.0-or-later
// What the API says of a guest, and waiting for it.
#include "client-guest.h"

#include <inttypes.h>
#include <string.h>

#include "base/json.h"

const char *client_guest_state(sd_json_variant *guest)
{
	return json_bool(guest, "paused") ? "paused" : json_text(guest, "state");
}

const char *client_nic_address(sd_json_variant *nic, size_t index)
{
	bool given = json_element(nic, "addresses", 0) != NULL;

	return json_element_text(nic, given ? "addresses" : "seenAddresses", index);
}

const char *client_guest_address(sd_json_variant *guest)
{
	sd_json_variant *nic = NULL;
	const char *address = NULL;

	for (size_t i = 0; !address && (nic = json_element(guest, "nics", i)); i++)
		address = client_nic_address(nic, 0);
	return address;
}

/* Line 0: about the file, or that there is none. */
char *client_mistake_text(sd_json_variant *mistake)
{
	const char *message = json_text(mistake, "message");
	uint64_t line = json_unsigned(mistake, "line");

	if (line == 0)
		return text_format("%s", message ? message : "?");
	return text_format("mvirt.conf:%" PRIu64 ": %s", line, message ? message : "?");
}

char *client_address_text(sd_json_variant *address)
{
	const char *origin = json_text(address, "origin");

	return text_format("%s (%s)", json_text(address, "address"), origin ? origin : "?");
}

/* --- waiting --- */

struct wait {
	struct text_list *names;
	const char *goal;
	void (*failed)(const char *line);
	int failures;
};

static void tell_failure(const struct wait *wait, sd_json_variant *event, sd_json_variant *guest)
{
	const char *name = json_text(guest, "name"), *state = client_guest_state(guest);
	const char *reason = json_text(guest, "reason");
	bool crashed = text_equal(state, "crashed");
	_cleanup_free_ char *line = NULL;

	if (!reason)
		reason = json_text(event, "detail");
	if (text_equal(json_text(event, "kind"), "deleted"))
		line = text_format("guest %s was deleted", name);
	else if (crashed || text_equal(state, "failed"))
		line = text_format("guest %s %s%s%s%s", name, state, reason ? ": " : "",
				   reason ? reason : "",
				   crashed ? "; it will be started again" : "");
	else
		line = text_format("guest %s is %s%s%s", name, state, reason ? ": " : "",
				   reason ? reason : "");
	wait->failed(line ? line : "out of memory");
}

/* Somebody may delete a guest as soon as it is stopped. */
static void take_event(struct wait *wait, sd_json_variant *event, sd_json_variant *guest)
{
	bool deleted = text_equal(json_text(event, "kind"), "deleted");

	if (!deleted && !json_bool(guest, "settled"))
		return;
	if (text_list_remove(wait->names, json_text(guest, "name")) && wait->goal &&
	    (deleted || !text_equal(client_guest_state(guest), wait->goal))) {
		tell_failure(wait, event, guest);
		wait->failures++;
	}
}

static int on_event(sd_json_variant *event, void *userdata)
{
	struct wait *wait = userdata;
	sd_json_variant *guest = json_member(event, "guest");

	if (json_text(guest, "name"))
		take_event(wait, event, guest);
	return wait->names->count > 0 ? -EAGAIN : wait->failures;
}

int client_wait_for_guests(sd_varlink *varlink, struct text_list *names, const char *goal,
			   void (*failed)(const char *line), struct error *error)
{
	struct wait wait = { .names = names, .goal = goal, .failed = failed };

	return client_watch(varlink, "io.mvirt.Guest.Subscribe", NULL, on_event, &wait, error);
}
