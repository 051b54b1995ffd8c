// SPDX-License-Identifier: GPL-2.0-or-later
// mvirt status --boot: how long each step of the boot took.
#include <inttypes.h>

#include "cli.h"

static char *seconds(uint64_t usec)
{
	return text_format("%" PRIu64 ".%03" PRIu64 " s", usec / 1000000, usec / 1000 % 1000);
}

static void add_row(struct cli_table *table, uint64_t start, uint64_t end, const char *name)
{
	cli_table_add_consume(table, seconds(end));
	cli_table_add_consume(table, seconds(end - start));
	cli_table_add(table, name);
}

int cli_boot_times(const struct cli *cli)
{
	static const char *const headings[] = { "AT", "TOOK", "STEP" };
	_cleanup_(sd_json_variant_unrefp) sd_json_variant *answer = NULL;
	struct cli_table table = { .columns = ELEMENTS(headings) };
	sd_json_variant *phases = NULL;
	uint64_t before = 0;

	if (cli_ask(cli, "io.mvirt.Host.BootTimes", &answer) < 0)
		return 1;
	if (cli->json)
		return cli_print_json(answer);
	phases = sd_json_variant_by_key(answer, "phases");
	if (sd_json_variant_elements(phases) == 0) {
		(void)puts("nothing was noted of this boot");
		return 0;
	}
	for (size_t i = 0; i < ELEMENTS(headings); i++)
		cli_table_add(&table, headings[i]);
	before = cli_unsigned(answer, "beforeKernelUsec");
	if (before > 0)
		add_row(&table, 0, before, "firmware, boot loader, decompression");
	for (size_t i = 0; i < sd_json_variant_elements(phases); i++) {
		sd_json_variant *phase = sd_json_variant_by_index(phases, i);

		add_row(&table, before + cli_unsigned(phase, "startUsec"),
			before + cli_unsigned(phase, "endUsec"), cli_text(phase, "name"));
	}
	return cli_table_print(&table);
}
