// SPDX-License-Identifier: GPL-2.0-or-later
// mvirt host format-disk, host reload: what cannot be taken back is asked for twice.
#include <fcntl.h>
#include <string.h>

#include "cli.h"

#define SERIAL_BYTES_MAX 256
#define GOODBYE_USEC 5000000

/* The whole disk of that serial, or NULL; it is the answer's. */
static sd_json_variant *find_disk(sd_json_variant *devices, const char *serial)
{
	sd_json_variant *disk = NULL;

	for (size_t i = 0; (disk = json_element(devices, "disks", i)); i++)
		if (text_equal(json_text(disk, "serial"), serial) && !json_text(disk, "parent"))
			return disk;
	return NULL;
}

static void show_disk(sd_json_variant *devices, sd_json_variant *disk)
{
	const char *node = json_text(disk, "node"), *model = json_text(disk, "model");
	sd_json_variant *part = NULL;
	char size[TEXT_BYTES_MAX];

	client_put(stderr, node ? node : "?");
	(void)fprintf(stderr, ": %s, ", text_from_bytes(json_unsigned(disk, "sizeBytes"), size));
	client_put(stderr, model ? model : "unknown model");
	(void)fprintf(stderr, "\n");
	for (size_t i = 0; (part = json_element(devices, "disks", i)); i++) {
		const char *type = json_text(part, "type"), *label = json_text(part, "label");
		_cleanup_free_ char *line = NULL;

		if (part == disk ? !type
				 : !text_equal(json_text(part, "parent"), json_text(disk, "name")))
			continue;
		line = text_format("  %s: %s %s", json_text(part, "name"), type ? type : "unknown",
				   label ? label : "");
		client_put(stderr, line ? line : "?");
		(void)fprintf(stderr, "\n");
	}
}

/* What is typed, or NULL; buffer is for it. */
static const char *ask_serial(const struct cli *cli, char buffer[static SERIAL_BYTES_MAX])
{
	_cleanup_(sd_json_variant_unrefp) sd_json_variant *devices = NULL;
	sd_json_variant *disk = NULL;

	if (cli_ask(cli, "io.mvirt.Host.Devices", NULL, &devices) < 0)
		return NULL;
	disk = find_disk(devices, cli->names[0]);
	if (!disk) {
		cli_error("there is no disk with the serial \"%s\": see `mvirt devices`",
			  cli->names[0]);
		return NULL;
	}
	show_disk(devices, disk);
	(void)fprintf(stderr, "Everything on it will be lost. Type its serial to continue: ");
	if (!fgets(buffer, SERIAL_BYTES_MAX, stdin)) {
		(void)fprintf(stderr, "\n");
		cli_error("aborted");
		return NULL;
	}
	buffer[strcspn(buffer, "\n")] = '\0';
	if (text_equal(buffer, cli->names[0]))
		return buffer;
	cli_error("aborted: the serial does not match");
	return NULL;
}

int cli_format_disk(const struct cli *cli)
{
	_cleanup_(sd_varlink_unrefp) sd_varlink *varlink = NULL;
	_cleanup_(sd_json_variant_unrefp) sd_json_variant *parameters = NULL;
	sd_json_variant *answer = NULL;
	char typed[SERIAL_BYTES_MAX] = "";
	const char *confirm = cli->confirm;

	if (cli->erase && !confirm && !isatty(STDIN_FILENO)) {
		cli_error("--erase asks for the serial on a terminal; elsewhere add --confirm "
			  "SERIAL");
		return CLI_USAGE;
	}
	if (cli->erase && !confirm) {
		confirm = ask_serial(cli, typed);
		if (!confirm)
			return 1;
	}
	if (cli_tell_parameters(sd_json_buildo(
		    &parameters, SD_JSON_BUILD_PAIR_STRING("serial", cli->names[0]),
		    SD_JSON_BUILD_PAIR_BOOLEAN("erase", cli->erase),
		    SD_JSON_BUILD_PAIR_CONDITION(!!confirm, "confirmSerial",
						 SD_JSON_BUILD_STRING(confirm)))) < 0 ||
	    cli_connect(cli, &varlink) < 0)
		return 1;
	(void)sd_varlink_set_relative_timeout(varlink, UINT64_MAX);
	if (cli_call(varlink, "io.mvirt.Host.FormatDisk", parameters, &answer) < 0)
		return 1;
	return cli->json ? cli_print_json(answer) : 0;
}

/* PID 1 has started the one before when the new one did not come up. */
static int check_next(const struct cli *cli)
{
	_cleanup_(sd_json_variant_unrefp) sd_json_variant *status = NULL;

	if (cli_wait_for_hostd(cli, &status) < 0)
		return 1;
	if (!json_bool(status, "replaceFailed"))
		return 0;
	cli_error("the new hostd did not come up, so the previous one runs on; see its log");
	return 1;
}

int cli_reload(const struct cli *cli)
{
	_cleanup_(sd_varlink_unrefp) sd_varlink *varlink = NULL;
	_cleanup_(sd_json_variant_unrefp) sd_json_variant *parameters = NULL;
	_cleanup_fd_ int fd = open(cli->names[0], O_RDONLY | O_CLOEXEC);
	sd_json_variant *answer = NULL;
	int index = 0;

	if (fd < 0) {
		cli_error("%s: %s", cli->names[0], strerror(errno));
		return 1;
	}
	if (cli_connect(cli, &varlink) < 0)
		return 1;
	(void)sd_varlink_set_allow_fd_passing_output(varlink, true);
	index = sd_varlink_push_fd(varlink, fd);
	if (index >= 0)
		(void)take_fd(&fd);
	if (cli_tell_parameters(index < 0 ? index
					  : sd_json_buildo(&parameters,
							   SD_JSON_BUILD_PAIR_INTEGER(
								   "fileDescriptor", index))) < 0 ||
	    cli_call(varlink, "io.mvirt.Host.ReloadDaemon", parameters, &answer) < 0)
		return 1;
	if (cli->json && cli_print_json(answer) != 0)
		return 1;
	/* Its end is the end of the connection; what answers then is the new one. */
	while (sd_varlink_wait(varlink, GOODBYE_USEC) > 0 && sd_varlink_process(varlink) >= 0)
		;
	return check_next(cli);
}
