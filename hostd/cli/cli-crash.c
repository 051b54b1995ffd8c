// SPDX-License-Identifier: GPL-2.0-or-later
// mvirt host crash: what an earlier boot said when it panicked.
#include <string.h>

#include "cli.h"

static void print_others(sd_json_variant *answer, const char *shown)
{
	const char *name = NULL;

	for (size_t i = 0; (name = json_element_text(answer, "names", i)); i++) {
		if (text_equal(name, shown))
			continue;
		(void)fprintf(stderr, "mvirt: also kept: ");
		client_put(stderr, name);
		(void)fputc('\n', stderr);
	}
}

int cli_crash(const struct cli *cli)
{
	_cleanup_(sd_json_variant_unrefp) sd_json_variant *parameters = NULL, *answer = NULL;
	const char *name = cli->name_count > 0 ? cli->names[0] : NULL, *shown = NULL, *text = NULL;

	if (cli_tell_parameters(
		    sd_json_buildo(&parameters, SD_JSON_BUILD_PAIR_STRING("name", name))) < 0 ||
	    cli_ask(cli, "io.mvirt.Host.Crash", parameters, &answer) < 0)
		return 1;
	if (cli->json)
		return cli_print_json(answer);
	shown = json_text(answer, "name");
	text = json_text(answer, "text");
	if (!shown) {
		(void)puts("no panic is recorded");
		return 0;
	}
	(void)printf("%s:\n", shown);
	client_put_lines(stdout, text ? text : "");
	if (text && *text && text[strlen(text) - 1] != '\n')
		(void)fputc('\n', stdout);
	if (!name)
		print_others(answer, shown);
	return 0;
}
