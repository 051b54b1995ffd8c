// SPDX-License-Identifier: GPL-2.0-or-later
// mvirt list, info: guests as tables.
#include <inttypes.h>
#include <string.h>

#include "cli.h"

static char *accel_text(sd_json_variant *guest)
{
	const char *accel = cli_text(guest, "accel");

	return text_format("%s", !accel                     ? "-"
				 : text_equal(accel, "tcg") ? "tcg (no isolation)"
							    : accel);
}

static char *uptime_text(sd_json_variant *guest)
{
	if (!sd_json_variant_by_key(guest, "uptimeUsec"))
		return text_format("-");
	return cli_duration(cli_unsigned(guest, "uptimeUsec"));
}

static void add_guest(struct cli_table *table, sd_json_variant *guest)
{
	char memory[TEXT_BYTES_MAX];

	cli_table_add(table, cli_text(guest, "name"));
	cli_table_add(table, cli_text(guest, "state"));
	cli_table_add_consume(table, text_format("%" PRIu64, cli_unsigned(guest, "cpus")));
	cli_table_add(table, text_from_bytes(cli_unsigned(guest, "memoryBytes"), memory));
	cli_table_add_consume(table, accel_text(guest));
	cli_table_add_consume(table, uptime_text(guest));
	cli_table_add_consume(table, text_format("%" PRIu64, cli_unsigned(guest, "restarts")));
}

int cli_list(const struct cli *cli)
{
	static const char *const headings[] = { "NAME",  "STATE",  "CPU",     "MEMORY",
						"ACCEL", "UPTIME", "RESTARTS" };
	_cleanup_(sd_json_variant_unrefp) sd_json_variant *answer = NULL;
	struct cli_table table = { .columns = ELEMENTS(headings) };
	sd_json_variant *guests = NULL;

	if (cli_ask(cli, "io.mvirt.Guest.List", &answer) < 0)
		return 1;
	if (cli->json)
		return cli_print_json(answer);
	guests = sd_json_variant_by_key(answer, "guests");
	if (sd_json_variant_elements(guests) == 0) {
		(void)puts("no guests: put a guest \"NAME\" { … } into mvirt.conf");
		return 0;
	}
	for (size_t i = 0; i < ELEMENTS(headings); i++)
		cli_table_add(&table, headings[i]);
	for (size_t i = 0; i < sd_json_variant_elements(guests); i++)
		add_guest(&table, sd_json_variant_by_index(guests, i));
	return cli_table_print(&table);
}

static void add_field(struct cli_table *table, const char *label, char *text_consume)
{
	cli_table_add(table, label);
	cli_table_add_consume(table, text_consume);
}

static void add_text(struct cli_table *table, const char *label, const char *text)
{
	if (text)
		add_field(table, label, strdup(text));
}

static void add_disks(struct cli_table *table, sd_json_variant *disks)
{
	for (size_t i = 0; i < sd_json_variant_elements(disks); i++) {
		sd_json_variant *disk = sd_json_variant_by_index(disks, i);
		const char *serial = cli_text(disk, "serial");

		add_field(table, "disk",
			  text_format("%s, %s, %s%s%s%s", cli_text(disk, "file"),
				      cli_text(disk, "format"), cli_text(disk, "bus"),
				      cli_bool(disk, "readonly") ? ", read-only" : "",
				      serial ? ", serial " : "", serial ? serial : ""));
	}
}

static void add_nics(struct cli_table *table, sd_json_variant *nics)
{
	for (size_t i = 0; i < sd_json_variant_elements(nics); i++) {
		sd_json_variant *nic = sd_json_variant_by_index(nics, i);
		const char *network = cli_text(nic, "network");

		add_field(table, "nic",
			  text_format("%s, %s, %s", cli_text(nic, "mac"), cli_text(nic, "model"),
				      network ? network : "user (translated by QEMU)"));
	}
}

static int print_guest(sd_json_variant *guest)
{
	struct cli_table table = { .columns = 2 };
	char memory[TEXT_BYTES_MAX];

	add_text(&table, "name", cli_text(guest, "name"));
	add_text(&table, "state", cli_text(guest, "state"));
	add_text(&table, "reason", cli_text(guest, "reason"));
	add_field(&table, "accel", accel_text(guest));
	add_field(&table, "uptime", uptime_text(guest));
	if (cli_unsigned(guest, "pid") > 0)
		add_field(&table, "pid", text_format("%" PRIu64, cli_unsigned(guest, "pid")));
	add_field(&table, "restarts", text_format("%" PRIu64, cli_unsigned(guest, "restarts")));
	add_text(&table, "machine", cli_text(guest, "machine"));
	add_field(&table, "cpus",
		  text_format("%" PRIu64 ", %s", cli_unsigned(guest, "cpus"),
			      cli_text(guest, "cpu") ? cli_text(guest, "cpu") : "host"));
	add_text(&table, "memory", text_from_bytes(cli_unsigned(guest, "memoryBytes"), memory));
	add_text(&table, "kernel", cli_text(guest, "kernel"));
	add_text(&table, "initrd", cli_text(guest, "initrd"));
	add_text(&table, "cmdline", cli_text(guest, "cmdline"));
	add_disks(&table, sd_json_variant_by_key(guest, "disks"));
	add_nics(&table, sd_json_variant_by_key(guest, "nics"));
	add_text(&table, "autostart", cli_bool(guest, "autostart") ? "yes" : "no");
	add_text(&table, "restart", cli_text(guest, "restart"));
	return cli_table_print(&table);
}

int cli_info(const struct cli *cli)
{
	_cleanup_(sd_varlink_unrefp) sd_varlink *link = NULL;
	sd_json_variant *answer = NULL;

	if (cli_connect(cli, &link) < 0 ||
	    cli_call_guest(link, "io.mvirt.Guest.Get", cli->names[0], &answer) < 0)
		return 1;
	if (cli->json)
		return cli_print_json(answer);
	return print_guest(sd_json_variant_by_key(answer, "guest"));
}
