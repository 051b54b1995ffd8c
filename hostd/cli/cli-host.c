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
	cli_put(stdout, text);
	(void)fputc('\n', stdout);
}

static char *machine_text(sd_json_variant *status)
{
	const char *model = cli_text(status, "cpuModel");

	return text_format("%s%s%" PRIu64 " processor%s", model ? model : "", model ? ", " : "",
			   cli_unsigned(status, "cpus"),
			   cli_unsigned(status, "cpus") == 1 ? "" : "s");
}

static char *kvm_text(sd_json_variant *kvm)
{
	if (cli_bool(kvm, "usable"))
		return text_format("ok (%s)", cli_text(kvm, "state"));
	return text_format("unusable: %s",
			   cli_text(kvm, "why") ? cli_text(kvm, "why") : cli_text(kvm, "state"));
}

static char *memory_text(sd_json_variant *status)
{
	char total[TEXT_BYTES_MAX], available[TEXT_BYTES_MAX];

	return text_format("%s of %s available",
			   text_from_bytes(cli_unsigned(status, "memoryAvailableBytes"), available),
			   text_from_bytes(cli_unsigned(status, "memoryTotalBytes"), total));
}

static char *screen_text(sd_json_variant *screen)
{
	if (!screen)
		return text_format("none");
	return text_format("%" PRIu64 "x%" PRIu64 ", %" PRIu64 " bits (%s)",
			   cli_unsigned(screen, "width"), cli_unsigned(screen, "height"),
			   cli_unsigned(screen, "bitsPerPixel"), cli_text(screen, "driver"));
}

/* Line 0: about the file, or that there is none. */
static char *mistake_text(uint64_t line, const char *message)
{
	return line == 0 ? text_format("%s", message)
			 : text_format("mvirt.conf:%" PRIu64 ": %s", line, message);
}

static void print_config(sd_json_variant *config)
{
	sd_json_variant *mistakes = sd_json_variant_by_key(config, "mistakes");

	print_field("config", text_format("%s", cli_text(config, "source")));
	for (size_t i = 0; i < sd_json_variant_elements(mistakes); i++) {
		sd_json_variant *mistake = sd_json_variant_by_index(mistakes, i);

		print_field("", mistake_text(cli_unsigned(mistake, "line"),
					     cli_text(mistake, "message")));
	}
}

static void print_network(sd_json_variant *network)
{
	sd_json_variant *addresses = sd_json_variant_by_key(network, "addresses");
	sd_json_variant *dns = sd_json_variant_by_key(network, "dns");
	const char *uplink = cli_text(network, "uplink"), *gateway = cli_text(network, "gateway");

	print_field("network", text_format("%s: %s%s%s%s%s", cli_text(network, "name"),
					   cli_text(network, "phase"), uplink ? " on " : "",
					   uplink ? uplink : "", gateway ? ", gateway " : "",
					   gateway ? gateway : ""));
	for (size_t i = 0; i < sd_json_variant_elements(addresses); i++) {
		sd_json_variant *address = sd_json_variant_by_index(addresses, i);

		print_field("", text_format("%s (%s)", cli_text(address, "address"),
					    cli_text(address, "origin")));
	}
	for (size_t i = 0; i < sd_json_variant_elements(dns); i++)
		print_field("", text_format("dns %s", sd_json_variant_string(
							      sd_json_variant_by_index(dns, i))));
}

static char *data_text(sd_json_variant *data)
{
	const char *phase = cli_text(data, "phase"), *why = cli_text(data, "why");
	const char *device = cli_text(data, "device"), *type = cli_text(data, "type");
	char size[TEXT_BYTES_MAX], free_room[TEXT_BYTES_MAX];

	if (!data)
		return NULL;
	if (text_equal(phase, "none"))
		return text_format("none: guests that are created are not kept");
	if (!text_equal(phase, "mounted"))
		return text_format("%s%s%s%s%s", device ? device : "", device ? ": " : "",
				   phase ? phase : "?", why ? ": " : "", why ? why : "");
	return text_format("%s, %s, %s of %s free%s%s", device ? device : "?", type ? type : "?",
			   text_from_bytes(cli_unsigned(data, "freeBytes"), free_room),
			   text_from_bytes(cli_unsigned(data, "sizeBytes"), size),
			   why ? ", read-only: " : "", why ? why : "");
}

static void print_status(sd_json_variant *status)
{
	sd_json_variant *networks = sd_json_variant_by_key(status, "networks");

	print_field("host", text_format("%s, mvirt %s, Linux %s, %s", cli_text(status, "hostname"),
					cli_text(status, "version"), cli_text(status, "kernel"),
					cli_text(status, "firmware")));
	print_field("uptime", cli_duration(cli_unsigned(status, "uptimeUsec")));
	print_field("cpu", machine_text(status));
	print_field("kvm", kvm_text(sd_json_variant_by_key(status, "kvm")));
	print_field("memory", memory_text(status));
	print_field("screen", screen_text(sd_json_variant_by_key(status, "screen")));
	for (size_t i = 0; i < sd_json_variant_elements(networks); i++)
		print_network(sd_json_variant_by_index(networks, i));
	print_field("data", data_text(sd_json_variant_by_key(status, "dataVolume")));
	print_config(sd_json_variant_by_key(status, "config"));
	print_field("guests",
		    text_format("%" PRIu64 ", %" PRIu64 " running", cli_unsigned(status, "guests"),
				cli_unsigned(status, "guestsRunning")));
}

int cli_status(const struct cli *cli)
{
	_cleanup_(sd_json_variant_unrefp) sd_json_variant *status = NULL;

	if (cli->boot)
		return cli_boot_times(cli);
	if (cli_ask(cli, "io.mvirt.Host.Status", &status) < 0)
		return 1;
	if (cli->json)
		return cli_print_json(status);
	print_status(status);
	return 0;
}

static void add_disk(struct cli_table *table, sd_json_variant *disk)
{
	const char *model = cli_text(disk, "model"), *skipped = cli_text(disk, "skipped");
	char size[TEXT_BYTES_MAX];

	cli_table_add(table, cli_text(disk, "name"));
	cli_table_add(table, text_from_bytes(cli_unsigned(disk, "sizeBytes"), size));
	cli_table_add(table, cli_text(disk, "bus"));
	cli_table_add(table, cli_text(disk, "type"));
	cli_table_add(table, cli_text(disk, "label"));
	cli_table_add(table, cli_text(disk, "uuid"));
	cli_table_add(table, cli_text(disk, "serial"));
	cli_table_add(table, cli_text(disk, "path"));
	cli_table_add_consume(table,
			      text_format("%s%s%s%s", model ? model : "-",
					  cli_bool(disk, "readonly") ? ", read-only" : "",
					  skipped ? ", left alone: " : "", skipped ? skipped : ""));
}

static int print_disks(sd_json_variant *disks)
{
	static const char *const headings[] = { "DISK", "SIZE",   "BUS",   "TYPE", "LABEL",
						"UUID", "SERIAL", "PLACE", "MODEL" };
	struct cli_table table = { .columns = ELEMENTS(headings) };

	if (sd_json_variant_elements(disks) == 0) {
		(void)puts("no disks");
		return 0;
	}
	for (size_t i = 0; i < ELEMENTS(headings); i++)
		cli_table_add(&table, headings[i]);
	for (size_t i = 0; i < sd_json_variant_elements(disks); i++)
		add_disk(&table, sd_json_variant_by_index(disks, i));
	return cli_table_print(&table);
}

static int print_nics(sd_json_variant *nics)
{
	static const char *const headings[] = { "NIC", "LINK", "MAC", "DRIVER", "PCI" };
	struct cli_table table = { .columns = ELEMENTS(headings) };

	if (sd_json_variant_elements(nics) == 0) {
		(void)puts("no network interfaces");
		return 0;
	}
	for (size_t i = 0; i < ELEMENTS(headings); i++)
		cli_table_add(&table, headings[i]);
	for (size_t i = 0; i < sd_json_variant_elements(nics); i++) {
		sd_json_variant *nic = sd_json_variant_by_index(nics, i);

		cli_table_add(&table, cli_text(nic, "name"));
		cli_table_add(&table, cli_bool(nic, "wireless") ? "wireless"
				      : cli_bool(nic, "link")   ? "up"
								: "down");
		cli_table_add(&table, cli_text(nic, "mac"));
		cli_table_add(&table, cli_text(nic, "driver"));
		cli_table_add(&table, cli_text(nic, "pciPath"));
	}
	return cli_table_print(&table);
}

int cli_devices(const struct cli *cli)
{
	_cleanup_(sd_json_variant_unrefp) sd_json_variant *devices = NULL;
	int status = 0;

	if (cli_ask(cli, "io.mvirt.Host.Devices", &devices) < 0)
		return 1;
	if (cli->json)
		return cli_print_json(devices);
	status = print_disks(sd_json_variant_by_key(devices, "disks"));
	(void)fputc('\n', stdout);
	return print_nics(sd_json_variant_by_key(devices, "nics")) || status;
}

static int power(const struct cli *cli, const char *method)
{
	_cleanup_(sd_varlink_unrefp) sd_varlink *link = NULL;
	_cleanup_(sd_json_variant_unrefp) sd_json_variant *parameters = NULL;
	sd_json_variant *answer = NULL;
	int r = cli->now ? sd_json_buildo(&parameters, SD_JSON_BUILD_PAIR_BOOLEAN("now", true)) : 0;

	if (cli_tell_parameters(r) < 0 || cli_connect(cli, &link) < 0 ||
	    cli_call(link, method, parameters, &answer) < 0)
		return 1;
	return cli->json ? cli_print_json(answer) : 0;
}

int cli_poweroff(const struct cli *cli)
{
	return power(cli, "io.mvirt.Host.Shutdown");
}

int cli_reboot(const struct cli *cli)
{
	return power(cli, "io.mvirt.Host.Reboot");
}
