// SPDX-License-Identifier: GPL-2.0-or-later
// mvirt events: one line each.
#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "cli.h"

static char *guest_text(sd_json_variant *event, sd_json_variant *guest)
{
	const char *kind = cli_text(event, "kind"), *detail = cli_text(event, "detail");
	const char *label = cli_guest_label(guest);

	if (text_equal(kind, "current")) {
		kind = cli_text(guest, "state");
		detail = cli_text(guest, "reason");
	}
	return text_format("guest %s: %s%s%s%s%s%s%s", cli_text(guest, "name"), kind,
			   detail ? " (" : "", detail ? detail : "", detail ? ")" : "",
			   *label ? " [" : "", label, *label ? "]" : "");
}

static char *network_text(sd_json_variant *network)
{
	sd_json_variant *addresses = sd_json_variant_by_key(network, "addresses");
	const char *uplink = cli_text(network, "uplink");
	char *text =
		text_format("net %s: %s%s%s", cli_text(network, "name"), cli_text(network, "phase"),
			    uplink ? " on " : "", uplink ? uplink : "");

	for (size_t i = 0; text && i < sd_json_variant_elements(addresses); i++) {
		sd_json_variant *address = sd_json_variant_by_index(addresses, i);
		_cleanup_free_ char *before = text;

		text = text_format("%s, %s (%s)", before, cli_text(address, "address"),
				   cli_text(address, "origin"));
	}
	return text;
}

static char *data_volume_text(sd_json_variant *event, sd_json_variant *volume)
{
	const char *kind = cli_text(event, "kind"), *detail = cli_text(event, "detail");
	const char *device = cli_text(volume, "device");

	if (text_equal(kind, "current")) {
		kind = cli_text(volume, "phase");
		detail = cli_text(volume, "why");
	}
	return text_format("data volume: %s%s%s%s%s%s", kind ? kind : "?", device ? ", " : "",
			   device ? device : "", detail ? " (" : "", detail ? detail : "",
			   detail ? ")" : "");
}

/* New string, or NULL for what a newer hostd tells of. */
static char *event_text(sd_json_variant *event)
{
	sd_json_variant *guest = sd_json_variant_by_key(event, "guest");
	sd_json_variant *network = sd_json_variant_by_key(event, "network");
	sd_json_variant *volume = sd_json_variant_by_key(event, "dataVolume");

	return guest     ? guest_text(event, guest)
	       : network ? network_text(network)
	       : volume  ? data_volume_text(event, volume)
			 : NULL;
}

static int on_event(sd_json_variant *event, void *userdata)
{
	const struct cli *cli = userdata;
	time_t seconds = (time_t)(cli_unsigned(event, "timeUsec") / 1000000);
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
		cli_put(stdout, text);
		(void)fputc('\n', stdout);
	}
	return fflush(stdout) == 0 ? -EAGAIN : 1;
}

int cli_events(const struct cli *cli)
{
	/* The callback only reads it. */
	struct cli copy = *cli;

	return cli_watch(cli, on_event, &copy);
}
