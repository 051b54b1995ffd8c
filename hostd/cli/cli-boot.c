// SPDX-License-Identifier: GPL-2.0-or-later
// mvirt status --boot: how long each step of the boot took.
#include <inttypes.h>

#include "cli.h"

static void add_seconds(struct client_table *table, uint64_t usec)
{
	client_table_addf(table, "%" PRIu64 ".%03" PRIu64 " s", usec / 1000000, usec / 1000 % 1000);
}

static void add_row(struct client_table *table, uint64_t start, uint64_t end, const char *name)
{
	add_seconds(table, end);
	add_seconds(table, end - start);
	client_table_add(table, name);
}

int cli_boot_times(const struct cli *cli)
{
	_cleanup_(sd_json_variant_unrefp) sd_json_variant *answer = NULL;
	struct client_table table = { .columns = 3 };
	sd_json_variant *phase = NULL;
	uint64_t before = 0;

	if (cli_ask(cli, "io.mvirt.Host.BootTimes", NULL, &answer) < 0)
		return 1;
	if (cli->json)
		return cli_print_json(answer);
	if (!json_element(answer, "phases", 0)) {
		(void)puts("nothing was recorded of this boot");
		return 0;
	}
	client_table_add_cells(&table, "AT", "TOOK", "STEP");
	before = json_unsigned(answer, "beforeKernelUsec");
	if (before > 0)
		add_row(&table, 0, before, "firmware, boot loader, decompression");
	for (size_t i = 0; (phase = json_element(answer, "phases", i)); i++)
		add_row(&table, before + json_unsigned(phase, "startUsec"),
			before + json_unsigned(phase, "endUsec"), json_text(phase, "name"));
	return cli_table_print(&table);
}
