// SPDX-License-Identifier: GPL-2.0-or-later
// mvirt host crash: what an earlier boot said when it panicked.
#include <string.h>

#include "cli.h"

/* Lines are kept, other control characters are shown as '?'. */
static void print_lines(const char *text)
{
	while (*text) {
		size_t length = strcspn(text, "\n");
		_cleanup_free_ char *line = strndup(text, length);

		cli_put(stdout, line ? line : "?");
		(void)fputc('\n', stdout);
		text += length + (text[length] == '\n');
	}
}

static void print_others(sd_json_variant *names, const char *shown)
{
	for (size_t i = 0; i < sd_json_variant_elements(names); i++) {
		const char *name = sd_json_variant_string(sd_json_variant_by_index(names, i));

		if (text_equal(name, shown))
			continue;
		(void)fprintf(stderr, "mvirt: also kept: ");
		cli_put(stderr, name);
		(void)fputc('\n', stderr);
	}
}

int cli_crash(const struct cli *cli)
{
	_cleanup_(sd_json_variant_unrefp) sd_json_variant *parameters = NULL;
	_cleanup_(sd_varlink_unrefp) sd_varlink *link = NULL;
	sd_json_variant *answer = NULL;
	const char *name = cli->name_count > 0 ? cli->names[0] : NULL, *shown = NULL;

	if (cli_tell_parameters(
		    sd_json_buildo(&parameters, SD_JSON_BUILD_PAIR_STRING("name", name))) < 0 ||
	    cli_connect(cli, &link) < 0 ||
	    cli_call(link, "io.mvirt.Host.Crash", parameters, &answer) < 0)
		return 1;
	if (cli->json)
		return cli_print_json(answer);
	shown = cli_text(answer, "name");
	if (!shown) {
		(void)puts("no panic is known of");
		return 0;
	}
	(void)printf("%s:\n", shown);
	print_lines(cli_text(answer, "text") ? cli_text(answer, "text") : "");
	if (!name)
		print_others(sd_json_variant_by_key(answer, "names"), shown);
	return 0;
}
