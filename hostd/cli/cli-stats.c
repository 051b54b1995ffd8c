// SPDX-License-Identifier: GPL-2.0-or-later
// mvirt stats: what running guests use, one table.
#include <inttypes.h>

#include "cli.h"

static void add_bytes(struct client_table *table, uint64_t bytes)
{
	char text[TEXT_BYTES_MAX];

	client_table_add(table, text_from_bytes(bytes, text));
}

static void add_stats(struct client_table *table, sd_json_variant *stats)
{
	uint64_t rx_bytes = 0, tx_bytes = 0, cpu_ms = json_unsigned(stats, "cpuUsec") / 1000;
	sd_json_variant *nic = NULL;

	for (size_t i = 0; (nic = json_element(stats, "nics", i)); i++) {
		rx_bytes += json_unsigned(nic, "rxBytes");
		tx_bytes += json_unsigned(nic, "txBytes");
	}
	client_table_add(table, json_text(stats, "name"));
	client_table_addf(table, "%" PRIu64 ".%01" PRIu64 " s", cpu_ms / 1000, cpu_ms / 100 % 10);
	add_bytes(table, json_unsigned(stats, "memoryBytes"));
	add_bytes(table, json_unsigned(stats, "diskReadBytes"));
	add_bytes(table, json_unsigned(stats, "diskWrittenBytes"));
	add_bytes(table, rx_bytes);
	add_bytes(table, tx_bytes);
	client_table_add(table, cli_guest_label(stats));
}

/* Those that are named, or all that run. Returns 0, or -errno after having said why. */
static int choose(const struct cli *cli, struct text_list *names)
{
	_cleanup_(sd_json_variant_unrefp) sd_json_variant *answer = NULL;
	sd_json_variant *guest = NULL;
	int r = 0;

	for (int i = 0; r >= 0 && i < cli->name_count; i++)
		r = text_list_add(names, cli->names[i]);
	if (r >= 0 && cli->name_count == 0) {
		r = cli_ask(cli, "io.mvirt.Guest.List", NULL, &answer);
		if (r < 0)
			return r;
	}
	for (size_t i = 0; r >= 0 && (guest = json_element(answer, "guests", i)); i++)
		/* accel is there of what has a process. */
		if (json_member(guest, "accel") && json_text(guest, "name"))
			r = text_list_add(names, json_text(guest, "name"));
	return cli_tell_parameters(r);
}

int cli_stats(const struct cli *cli)
{
	_cleanup_(sd_varlink_unrefp) sd_varlink *varlink = NULL;
	_cleanup_(text_list_done) struct text_list names = {};
	struct client_table table = { .columns = 8 };
	bool any = false;
	int status = 0;

	if (choose(cli, &names) < 0 || cli_connect(cli, &varlink) < 0)
		return 1;
	client_table_add_cells(&table, "NAME", "CPU TIME", "MEMORY", "READ", "WRITTEN", "RECEIVED",
			       "SENT", "NOTE");
	for (size_t i = 0; i < names.count; i++) {
		sd_json_variant *answer = NULL;

		if (cli_call_guest(varlink, "io.mvirt.Guest.Stats", names.items[i], &answer) < 0) {
			status = 1;
			continue;
		}
		any = true;
		if (cli->json)
			(void)cli_print_json(answer);
		else
			add_stats(&table, answer);
	}
	if (!cli->json && (any || status == 0))
		return cli_table_print(&table) || status;
	text_list_done(&table.cells);
	return status;
}
