// SPDX-License-Identifier: GPL-2.0-or-later
// mvirt stats: what running guests use, one table.
#include <inttypes.h>
#include <string.h>

#include "cli.h"

static void add_bytes(struct cli_table *table, uint64_t bytes)
{
	char text[TEXT_BYTES_MAX];

	cli_table_add(table, text_from_bytes(bytes, text));
}

static void add_stats(struct cli_table *table, sd_json_variant *stats)
{
	sd_json_variant *nics = sd_json_variant_by_key(stats, "nics");
	uint64_t rx_bytes = 0, tx_bytes = 0, cpu_ms = cli_unsigned(stats, "cpuUsec") / 1000;

	for (size_t i = 0; nics && i < sd_json_variant_elements(nics); i++) {
		rx_bytes += cli_unsigned(sd_json_variant_by_index(nics, i), "rxBytes");
		tx_bytes += cli_unsigned(sd_json_variant_by_index(nics, i), "txBytes");
	}
	cli_table_add(table, cli_text(stats, "name"));
	cli_table_add_consume(table, text_format("%" PRIu64 ".%01" PRIu64 " s", cpu_ms / 1000,
						 cpu_ms / 100 % 10));
	add_bytes(table, cli_unsigned(stats, "memoryBytes"));
	add_bytes(table, cli_unsigned(stats, "diskReadBytes"));
	add_bytes(table, cli_unsigned(stats, "diskWrittenBytes"));
	add_bytes(table, rx_bytes);
	add_bytes(table, tx_bytes);
	cli_table_add(table, cli_guest_label(stats));
}

static bool has_process(sd_json_variant *guest)
{
	const char *state = cli_text(guest, "state");

	return text_equal(state, "starting") || text_equal(state, "running") ||
	       text_equal(state, "stopping");
}

/* Those that are named, or all that run. Returns 0, or -errno after having said why. */
static int choose(const struct cli *cli, struct text_list *names)
{
	_cleanup_(sd_json_variant_unrefp) sd_json_variant *answer = NULL;
	sd_json_variant *guests = NULL;
	int r = 0;

	for (int i = 0; r >= 0 && i < cli->name_count; i++)
		r = text_list_add(names, cli->names[i]);
	if (r >= 0 && cli->name_count == 0) {
		r = cli_ask(cli, "io.mvirt.Guest.List", &answer);
		if (r < 0)
			return r;
		guests = sd_json_variant_by_key(answer, "guests");
	}
	for (size_t i = 0; r >= 0 && guests && i < sd_json_variant_elements(guests); i++) {
		sd_json_variant *guest = sd_json_variant_by_index(guests, i);

		if (has_process(guest) && cli_text(guest, "name"))
			r = text_list_add(names, cli_text(guest, "name"));
	}
	return cli_tell_parameters(r);
}

int cli_stats(const struct cli *cli)
{
	static const char *const headings[] = { "NAME",    "CPU TIME", "MEMORY", "READ",
						"WRITTEN", "RECEIVED", "SENT",   "NOTE" };
	_cleanup_(sd_varlink_unrefp) sd_varlink *link = NULL;
	_cleanup_(text_list_done) struct text_list names = {};
	struct cli_table table = { .columns = ELEMENTS(headings) };
	bool any = false;
	int status = 0;

	if (choose(cli, &names) < 0 || cli_connect(cli, &link) < 0)
		return 1;
	for (size_t i = 0; i < ELEMENTS(headings); i++)
		cli_table_add(&table, headings[i]);
	for (size_t i = 0; i < names.count; i++) {
		sd_json_variant *answer = NULL;

		if (cli_call_guest(link, "io.mvirt.Guest.Stats", names.items[i], &answer) < 0) {
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
