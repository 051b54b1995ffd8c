// SPDX-License-Identifier: GPL-2.0-or-later
// mvirt: the command line client of hostd's API. Finds the command and checks its arguments.
#include <getopt.h>
#include <limits.h>
#include <string.h>

#include "cli.h"

#ifndef MVIRT_VERSION
#define MVIRT_VERSION "unknown"
#endif

#define EXIT_USAGE 2

static const struct cli_command commands[] = {
	{ "status", "", "what this machine is and how it is", 0, 0, CLI_OPTION_JSON, cli_status },
	{ "devices", "", "disks and network interfaces", 0, 0, CLI_OPTION_JSON, cli_devices },
	{ "list", "", "all guests", 0, 0, CLI_OPTION_JSON, cli_list },
	{ "info", "NAME", "all about one guest", 1, 1, CLI_OPTION_JSON, cli_info },
	{ "start", "[--no-wait] NAME…", "start guests, and wait until they run", 1, INT_MAX,
	  CLI_OPTION_JSON | CLI_OPTION_NO_WAIT, cli_start },
	{ "stop", "[--no-wait] NAME…", "let guests power off, and wait until they have", 1, INT_MAX,
	  CLI_OPTION_JSON | CLI_OPTION_NO_WAIT, cli_stop },
	{ "kill", "[--no-wait] NAME…", "cut the power of guests", 1, INT_MAX,
	  CLI_OPTION_JSON | CLI_OPTION_NO_WAIT, cli_kill },
	{ "console", "NAME", "be the terminal on a guest's serial console", 1, 1, 0, cli_console },
	{ "log", "[-f] NAME", "the last 64 KiB of a guest's console", 1, 1,
	  CLI_OPTION_JSON | CLI_OPTION_FOLLOW, cli_log },
	{ "events", "", "what happens, as it happens", 0, 0, CLI_OPTION_JSON, cli_events },
	{ "poweroff", "", "stop all guests, then power the machine off", 0, 0, CLI_OPTION_JSON,
	  cli_poweroff },
	{ "reboot", "", "stop all guests, then reboot the machine", 0, 0, CLI_OPTION_JSON,
	  cli_reboot },
};

static const struct cli_command *find_command(const char *name)
{
	for (size_t i = 0; i < ELEMENTS(commands); i++)
		if (strcmp(commands[i].name, name) == 0)
			return &commands[i];
	return NULL;
}

static void print_usage(FILE *stream, const struct cli_command *command)
{
	(void)fprintf(stream, "usage: mvirt %s%s%s%s\n", command->name,
		      command->options & CLI_OPTION_JSON ? " [--json]" : "",
		      command->arguments[0] ? " " : "", command->arguments);
}

static void print_help(FILE *stream)
{
	(void)fprintf(stream, "usage: mvirt [--json] [--socket PATH] COMMAND [ARGUMENT…]\n\n");
	for (size_t i = 0; i < ELEMENTS(commands); i++) {
		/* "…" is three bytes and one column. */
		int width = strstr(commands[i].arguments, "…") ? 22 : 20;

		(void)fprintf(stream, "  %-9s %-*s %s\n", commands[i].name, width,
			      commands[i].arguments, commands[i].help);
	}
	(void)fprintf(stream, "\n"
			      "  --json         print exactly what the API returned\n"
			      "  --socket PATH  the API's socket (" CLI_SOCKET ")\n"
			      "  --no-wait      return as soon as the command is taken up\n"
			      "  -f, --follow   go on with what the guest prints\n"
			      "  --help         this, or about one command\n"
			      "  --version\n\n"
			      "Exit status: 0 done, 1 refused or failed, 2 wrong usage.\n");
}

static int wrong_usage(const struct cli_command *command)
{
	if (command)
		print_usage(stderr, command);
	else
		(void)fprintf(stderr, "usage: mvirt [--json] [--socket PATH] COMMAND [ARGUMENT…]; "
				      "mvirt --help lists the commands\n");
	return EXIT_USAGE;
}

struct arguments {
	struct cli cli;
	unsigned int options;
	bool help, version, wrong;
};

static void parse(int argc, char **argv, struct arguments *arguments)
{
	enum { JSON = 256, SOCKET, NO_WAIT, HELP, VERSION };
	static const struct option options[] = {
		{ "json", no_argument, NULL, JSON },
		{ "socket", required_argument, NULL, SOCKET },
		{ "no-wait", no_argument, NULL, NO_WAIT },
		{ "follow", no_argument, NULL, 'f' },
		{ "help", no_argument, NULL, HELP },
		{ "version", no_argument, NULL, VERSION },
		{},
	};
	int option = 0;

	arguments->cli.socket_path = CLI_SOCKET;
	while ((option = getopt_long(argc, argv, "f", options, NULL)) != -1)
		switch (option) {
		case JSON:
			arguments->cli.json = true;
			arguments->options |= CLI_OPTION_JSON;
			break;
		case SOCKET:
			arguments->cli.socket_path = optarg;
			break;
		case NO_WAIT:
			arguments->cli.no_wait = true;
			arguments->options |= CLI_OPTION_NO_WAIT;
			break;
		case 'f':
			arguments->cli.follow = true;
			arguments->options |= CLI_OPTION_FOLLOW;
			break;
		case HELP:
			arguments->help = true;
			break;
		case VERSION:
			arguments->version = true;
			break;
		default:
			arguments->wrong = true;
			break;
		}
}

static int help(const struct cli_command *command)
{
	if (!command) {
		print_help(stdout);
		return 0;
	}
	print_usage(stdout, command);
	(void)printf("%s: %s\n", command->name, command->help);
	return 0;
}

static int run(int argc, char **argv)
{
	const struct cli_command *command = NULL;
	struct arguments arguments = {};
	struct cli *cli = &arguments.cli;

	parse(argc, argv, &arguments);
	if (optind < argc) {
		command = find_command(argv[optind]);
		if (!command) {
			(void)fprintf(stderr, "mvirt: there is no command ");
			cli_put(stderr, argv[optind]);
			(void)fprintf(stderr, "; mvirt --help lists them\n");
			return EXIT_USAGE;
		}
	}
	if (arguments.wrong)
		return wrong_usage(command);
	if (arguments.version)
		return printf("mvirt %s\n", MVIRT_VERSION) < 0;
	if (arguments.help)
		return help(command);
	if (!command)
		return wrong_usage(NULL);
	cli->names = argv + optind + 1;
	cli->name_count = argc - optind - 1;
	if (cli->name_count < command->min_names || cli->name_count > command->max_names ||
	    (arguments.options & ~command->options) || (cli->follow && cli->json))
		return wrong_usage(command);
	return command->run(cli);
}

int main(int argc, char **argv)
{
	int status = run(argc, argv);

	if (fflush(stdout) != 0 || ferror(stdout)) {
		cli_error("the output cannot be written: %s", strerrordesc_np(errno));
		return 1;
	}
	return status;
}
