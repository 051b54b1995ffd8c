// SPDX-License-Identifier: GPL-2.0-or-later
// mvirt status, devices, poweroff, reboot.
#include <inttypes.h>
#include <string.h>

#include "cli.h"

/* One line "label     text"; without a text there is no line. */
static void print_field(const char *label, char *text_consume)
{
	_cleanup_free_ char *text = text_consume;

	if (!text)
		return;
	(void)printf("%-10s", label);
	client_put(stdout, text);
	(void)fputc('\n', stdout);
}

static char *machine_text(sd_json_variant *status)
{
	const char *model = json_text(status, "cpuModel");

	return text_format("%s%s%" PRIu64 " processor%s", model ? model : "", model ? ", " : "",
			   json_unsigned(status, "cpus"),
			   json_unsigned(status, "cpus") == 1 ? "" : "s");
}

static char *kvm_text(sd_json_variant *kvm)
{
	const char *state = json_text(kvm, "state"), *why = json_text(kvm, "why");

	return json_bool(kvm, "usable") ? text_format("ok (%s)", state)
					: text_format("unusable: %s", why ? why : state);
}

static char *memory_text(sd_json_variant *status)
{
	char total[TEXT_BYTES_MAX], available[TEXT_BYTES_MAX];

	return text_format("%s of %s available",
			   text_from_bytes(json_unsigned(status, "memoryAvailableBytes"),
					   available),
			   text_from_bytes(json_unsigned(status, "memoryTotalBytes"), total));
}

static char *screen_text(sd_json_variant *screen)
{
	if (!screen)
		return text_format("none");
	return text_format("%" PRIu64 "x%" PRIu64 ", %" PRIu64 " bits (%s)",
			   json_unsigned(screen, "width"), json_unsigned(screen, "height"),
			   json_unsigned(screen, "bitsPerPixel"), json_text(screen, "driver"));
}

static void print_config(sd_json_variant *config)
{
	sd_json_variant *mistake = NULL;

	print_field("config", text_format("%s", json_text(config, "source")));
	for (size_t i = 0; (mistake = json_element(config, "mistakes", i)); i++)
		print_field("", client_mistake_text(mistake));
}

static void print_network(sd_json_variant *network)
{
	const char *uplink = json_text(network, "uplink"), *gateway = json_text(network, "gateway");
	sd_json_variant *address = NULL;

	print_field("network", text_format("%s: %s%s%s%s%s", json_text(network, "name"),
					   json_text(network, "phase"), uplink ? " on " : "",
					   uplink ? uplink : "", gateway ? ", gateway " : "",
					   gateway ? gateway : ""));
	for (size_t i = 0; (address = json_element(network, "addresses", i)); i++)
		print_field("", client_address_text(address));
	for (size_t i = 0; json_element(network, "dns", i); i++)
		print_field("", text_format("dns %s", json_element_text(network, "dns", i)));
}

static char *data_text(sd_json_variant *data)
{
	const char *phase = json_text(data, "phase"), *why = json_text(data, "why");
	const char *device = json_text(data, "device"), *type = json_text(data, "type");
	char size[TEXT_BYTES_MAX], free_room[TEXT_BYTES_MAX];

	if (!data)
		return NULL;
	if (text_equal(phase, "none"))
		return text_format("none: created guests are not kept");
	if (!text_equal(phase, "mounted"))
		return text_format("%s%s%s%s%s", device ? device : "", device ? ": " : "",
				   phase ? phase : "?", why ? ": " : "", why ? why : "");
	return text_format("%s, %s, %s of %s free%s%s", device ? device : "?", type ? type : "?",
			   text_from_bytes(json_unsigned(data, "freeBytes"), free_room),
			   text_from_bytes(json_unsigned(data, "sizeBytes"), size),
			   why ? ", read-only: " : "", why ? why : "");
}

static void print_status(sd_json_variant *status)
{
	sd_json_variant *network = NULL;
	char uptime[CLIENT_DURATION_MAX];

	print_field("host", text_format("%s, mvirt %s, Linux %s, %s", json_text(status, "hostname"),
					json_text(status, "version"), json_text(status, "kernel"),
					json_text(status, "firmware")));
	print_field("uptime",
		    strdup(client_duration(json_unsigned(status, "uptimeUsec"), true, uptime)));
	print_field("cpu", machine_text(status));
	print_field("kvm", kvm_text(json_member(status, "kvm")));
	print_field("memory", memory_text(status));
	print_field("screen", screen_text(json_member(status, "screen")));
	for (size_t i = 0; (network = json_element(status, "networks", i)); i++)
		print_network(network);
	print_field("data", data_text(json_member(status, "dataVolume")));
	print_config(json_member(status, "config"));
	print_field("guests",
		    text_format("%" PRIu64 ", %" PRIu64 " running", json_unsigned(status, "guests"),
				json_unsigned(status, "guestsRunning")));
}

int cli_status(const struct cli *cli)
{
	_cleanup_(sd_json_variant_unrefp) sd_json_variant *status = NULL;

	if (cli->boot)
		return cli_boot_times(cli);
	if (cli_ask(cli, "io.mvirt.Host.Status", NULL, &status) < 0)
		return 1;
	if (cli->json)
		return cli_print_json(status);
	print_status(status);
	return 0;
}

static void add_disk(struct client_table *table, sd_json_variant *disk)
{
	const char *model = json_text(disk, "model"), *skipped = json_text(disk, "skipped");
	char size[TEXT_BYTES_MAX];

	client_table_add_cells(table, json_text(disk, "name"),
			       text_from_bytes(json_unsigned(disk, "sizeBytes"), size),
			       json_text(disk, "bus"), json_text(disk, "type"),
			       json_text(disk, "label"), json_text(disk, "uuid"),
			       json_text(disk, "serial"), json_text(disk, "path"));
	client_table_addf(table, "%s%s%s%s", model ? model : "-",
			  json_bool(disk, "readonly") ? ", read-only" : "",
			  skipped ? ", not used: " : "", skipped ? skipped : "");
}

static int print_disks(sd_json_variant *devices)
{
	struct client_table table = { .columns = 9 };
	sd_json_variant *disk = NULL;

	if (!json_element(devices, "disks", 0)) {
		(void)puts("no disks");
		return 0;
	}
	client_table_add_cells(&table, "DISK", "SIZE", "BUS", "TYPE", "LABEL", "UUID", "SERIAL",
			       "PLACE", "MODEL");
	for (size_t i = 0; (disk = json_element(devices, "disks", i)); i++)
		add_disk(&table, disk);
	return cli_table_print(&table);
}

static int print_nics(sd_json_variant *devices)
{
	struct client_table table = { .columns = 5 };
	sd_json_variant *nic = NULL;

	if (!json_element(devices, "nics", 0)) {
		(void)puts("no network interfaces");
		return 0;
	}
	client_table_add_cells(&table, "NIC", "LINK", "MAC", "DRIVER", "PCI");
	for (size_t i = 0; (nic = json_element(devices, "nics", i)); i++)
		client_table_add_cells(&table, json_text(nic, "name"),
				       json_bool(nic, "wireless") ? "wireless"
				       : json_bool(nic, "link")   ? "up"
								  : "down",
				       json_text(nic, "mac"), json_text(nic, "driver"),
				       json_text(nic, "pciPath"));
	return cli_table_print(&table);
}

int cli_devices(const struct cli *cli)
{
	_cleanup_(sd_json_variant_unrefp) sd_json_variant *devices = NULL;
	int status = 0;

	if (cli_ask(cli, "io.mvirt.Host.Devices", NULL, &devices) < 0)
		return 1;
	if (cli->json)
		return cli_print_json(devices);
	status = print_disks(devices);
	(void)fputc('\n', stdout);
	return print_nics(devices) || status;
}

static int power(const struct cli *cli, const char *method)
{
	_cleanup_(sd_json_variant_unrefp) sd_json_variant *parameters = NULL;
	int r = cli->now ? sd_json_buildo(&parameters, SD_JSON_BUILD_PAIR_BOOLEAN("now", true)) : 0;

	return cli_tell_parameters(r) < 0 ? 1 : cli_request(cli, method, parameters);
}

int cli_poweroff(const struct cli *cli)
{
	return power(cli, "io.mvirt.Host.Shutdown");
}

int cli_reboot(const struct cli *cli)
{
	return power(cli, "io.mvirt.Host.Reboot");
}
