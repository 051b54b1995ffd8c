// SPDX-License-Identifier: GPL-2.0-or-later
// mvirt events: one line each.
#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "cli.h"

static char *guest_text(sd_json_variant *event, sd_json_variant *guest)
{
	const char *kind = json_text(event, "kind"), *detail = json_text(event, "detail");
	const char *label = cli_guest_label(guest);

	if (text_equal(kind, "current")) {
		kind = json_text(guest, "state");
		detail = json_text(guest, "reason");
	}
	return text_format("guest %s: %s%s%s%s%s%s%s", json_text(guest, "name"), kind,
			   detail ? " (" : "", detail ? detail : "", detail ? ")" : "",
			   *label ? " [" : "", label, *label ? "]" : "");
}

static char *network_text(sd_json_variant *network)
{
	const char *uplink = json_text(network, "uplink");
	sd_json_variant *address = NULL;
	char *text = text_format("net %s: %s%s%s", json_text(network, "name"),
				 json_text(network, "phase"), uplink ? " on " : "",
				 uplink ? uplink : "");

	for (size_t i = 0; text && (address = json_element(network, "addresses", i)); i++) {
		_cleanup_free_ char *before = text, *more = client_address_text(address);

		text = more ? text_format("%s, %s", before, more) : NULL;
	}
	return text;
}

static char *data_volume_text(sd_json_variant *event, sd_json_variant *volume)
{
	const char *kind = json_text(event, "kind"), *detail = json_text(event, "detail");
	const char *device = json_text(volume, "device");

	if (text_equal(kind, "current")) {
		kind = json_text(volume, "phase");
		detail = json_text(volume, "why");
	}
	return text_format("data volume: %s%s%s%s%s%s", kind ? kind : "?", device ? ", " : "",
			   device ? device : "", detail ? " (" : "", detail ? detail : "",
			   detail ? ")" : "");
}

static char *job_text(sd_json_variant *job)
{
	const char *detail = json_text(job, "reason");

	return text_format("job %" PRIu64 ": %s %s: %s%s%s%s", json_unsigned(job, "id"),
			   json_text(job, "kind"), json_text(job, "subject"),
			   json_text(job, "state"), detail ? " (" : "", detail ? detail : "",
			   detail ? ")" : "");
}

/* New string, or NULL for what a newer hostd tells of. */
static char *event_text(sd_json_variant *event)
{
	sd_json_variant *guest = json_member(event, "guest");
	sd_json_variant *network = json_member(event, "network");
	sd_json_variant *volume = json_member(event, "dataVolume");
	sd_json_variant *job = json_member(event, "job");

	return guest     ? guest_text(event, guest)
	       : network ? network_text(network)
	       : volume  ? data_volume_text(event, volume)
	       : job     ? job_text(job)
			 : NULL;
}

static int on_event(sd_json_variant *event, void *userdata)
{
	const struct cli *cli = userdata;
	time_t seconds = (time_t)(json_unsigned(event, "timeUsec") / 1000000);
	_cleanup_free_ char *text = NULL;
	char when[32] = "";
	struct tm broken_down = {};

	if (cli->json) {
		if (cli_print_json(event) != 0)
			return 1;
	} else {
		text = event_text(event);
		if (!text)
			return -EAGAIN;
		(void)localtime_r(&seconds, &broken_down);
		(void)strftime(when, sizeof(when), "%F %T", &broken_down);
		(void)printf("%s ", when);
		client_put(stdout, text);
		(void)fputc('\n', stdout);
	}
	return fflush(stdout) == 0 ? -EAGAIN : 1;
}

int cli_events(const struct cli *cli)
{
	_cleanup_(sd_varlink_unrefp) sd_varlink *varlink = NULL;
	_cleanup_(error_done) struct error error = {};
	struct cli copy = *cli; /* the predicate only reads it */
	int r = 0;

	if (cli_connect(cli, &varlink) < 0)
		return 1;
	r = client_watch(varlink, "io.mvirt.Guest.Subscribe", NULL, on_event, &copy, &error);
	if (r < 0)
		cli_fail(client_error_line(&error));
	return r != 0;
}
