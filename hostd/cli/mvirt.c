// SPDX-License-Identifier: GPL-2.0-or-later
// mvirt: the command line client of hostd's API. Finds the command and checks its arguments.
#include <getopt.h>
#include <limits.h>
#include <stddef.h>
#include <string.h>

#include "cli.h"

#ifndef MVIRT_VERSION
#define MVIRT_VERSION "unknown"
#endif

#define GUESTS INT_MAX /* as many as one likes */
#define HELP_COLUMN 32
#define WAITING (CLI_OPTION_JSON | CLI_OPTION_NO_WAIT)

/* The last one is run()'s own. */
static const struct cli_command commands[] = {
	{ "status", "[--boot]", "this machine and its state, or how it booted", 0, 0,
	  CLI_OPTION_JSON | CLI_OPTION_BOOT, cli_status },
	{ "devices", "", "disks and network interfaces", 0, 0, CLI_OPTION_JSON, cli_devices },
	{ "list", "[--names]", "all guests", 0, 0, CLI_OPTION_JSON | CLI_OPTION_NAMES, cli_list },
	{ "info", "NAME", "details of one guest", 1, 1, CLI_OPTION_JSON, cli_info },
	{ "stats", "[NAME…]", "resources that guests use", 0, GUESTS, CLI_OPTION_JSON, cli_stats },
	{ "start", "[--no-wait] NAME…", "start guests, and wait until they run", 1, GUESTS, WAITING,
	  cli_start },
	{ "stop", "[--no-wait] NAME…", "ask guests to power off, and wait until they have", 1,
	  GUESTS, WAITING, cli_stop },
	{ "restart", "[--no-wait] NAME…", "stop guests and start them again", 1, GUESTS, WAITING,
	  cli_restart },
	{ "kill", "[--no-wait] NAME…", "kill guests at once", 1, GUESTS, WAITING, cli_kill },
	{ "pause", "[--no-wait] NAME…", "pause guests", 1, GUESTS, WAITING, cli_pause },
	{ "resume", "[--no-wait] NAME…", "resume paused guests", 1, GUESTS, WAITING, cli_resume },
	{ "console", "[--port N] NAME", "attach to a guest's serial console", 1, 1, CLI_OPTION_PORT,
	  cli_console },
	{ "log", "[-f] [--port N] NAME", "the last 64 KiB of a guest's console", 1, 1,
	  CLI_OPTION_JSON | CLI_OPTION_FOLLOW | CLI_OPTION_PORT, cli_log },
	{ "screenshot", "NAME|--host FILE.png", "save a guest's display or the machine's screen", 1,
	  2, CLI_OPTION_HOST, cli_screenshot },
	{ "medium", "[--force] NAME DRIVE FILE|--eject",
	  "change or eject the medium of a CD-ROM drive", 2, 3,
	  CLI_OPTION_JSON | CLI_OPTION_EJECT | CLI_OPTION_FORCE, cli_medium },
	{ "create", "[--conf FILE] [--import FILE[=NAME]]… [--no-wait] NAME [[--set] KEY=VALUE…]",
	  "create a guest", 1, GUESTS,
	  WAITING | CLI_OPTION_CONF | CLI_OPTION_IMPORT | CLI_OPTION_SET, cli_create },
	{ "set", "NAME KEY=VALUE…|--conf FILE", "change a guest's definition", 1, GUESTS,
	  CLI_OPTION_JSON | CLI_OPTION_CONF, cli_set },
	{ "definition", "NAME", "print a guest's definition", 1, 1, CLI_OPTION_JSON,
	  cli_definition },
	{ "rename", "NAME NEW-NAME", "rename a stopped guest", 2, 2, CLI_OPTION_JSON, cli_rename },
	{ "delete", "[--with-disks] NAME…", "delete stopped guests, and keep their disks", 1,
	  GUESTS, CLI_OPTION_JSON | CLI_OPTION_WITH_DISKS, cli_delete },
	{ "events", "", "print events as they happen", 0, 0, CLI_OPTION_JSON, cli_events },
	{ "jobs", "", "long operations, and how they ended", 0, 0, CLI_OPTION_JSON, cli_jobs },
	{ "job wait", "ID", "wait for the end of a job", 1, 1, CLI_OPTION_JSON, cli_job_wait },
	{ "job cancel", "ID", "undo a job that runs", 1, 1, CLI_OPTION_JSON, cli_job_cancel },
	{ "host crash", "[NAME]", "what an earlier boot logged when it panicked", 0, 1,
	  CLI_OPTION_JSON, cli_crash },
	{ "host format-disk", "[--erase [--confirm SERIAL]] SERIAL",
	  "make a data volume on an empty disk", 1, 1,
	  CLI_OPTION_JSON | CLI_OPTION_ERASE | CLI_OPTION_CONFIRM, cli_format_disk },
	{ "host reload", "FILE", "replace hostd while guests run on", 1, 1, CLI_OPTION_JSON,
	  cli_reload },
	{ "poweroff", "[--now]", "stop all guests, then power the machine off", 0, 0,
	  CLI_OPTION_JSON | CLI_OPTION_NOW, cli_poweroff },
	{ "reboot", "[--now]", "stop all guests, then reboot the machine", 0, 0,
	  CLI_OPTION_JSON | CLI_OPTION_NOW, cli_reboot },
	{ "help", "[COMMAND]", "this list, or help on one command", 0, 2, 0, NULL },
};

/* Of one word or two; *ret_words is how many. */
static const struct cli_command *find_command(char **words, int count, int *ret_words)
{
	for (size_t i = 0; i < ELEMENTS(commands); i++) {
		const char *second = strchr(commands[i].name, ' ');
		size_t length = strcspn(commands[i].name, " ");

		if (strlen(words[0]) != length || strncmp(words[0], commands[i].name, length) != 0)
			continue;
		if (second && (count < 2 || strcmp(words[1], second + 1) != 0))
			continue;
		*ret_words = second ? 2 : 1;
		return &commands[i];
	}
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
		const char *arguments = commands[i].arguments;
		int left = HELP_COLUMN - 2 - (int)strlen(commands[i].name) - 1;

		/* "…" is three bytes and one column. */
		for (const char *c = arguments; (c = strstr(c, "…")); c += strlen("…"))
			left += 2;
		(void)fprintf(stream, "  %s ", commands[i].name);
		if ((int)strlen(arguments) > left - 1)
			(void)fprintf(stream, "%s\n%*s", arguments, HELP_COLUMN, "");
		else
			(void)fprintf(stream, "%-*s", left, arguments);
		(void)fprintf(stream, "%s\n", commands[i].help);
	}
	(void)fprintf(stream, "\n"
			      "  --json         print exactly what the API returned\n"
			      "  --socket PATH  the API's socket (" CLIENT_SOCKET ")\n"
			      "  --no-wait      return once the command is accepted\n"
			      "  -f, --follow   keep printing what the guest prints\n"
			      "  --port N       serial port, counted from 1 (1)\n"
			      "  --help         this list, or help on one command\n"
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
	return CLI_USAGE;
}

struct arguments {
	struct cli cli;
	unsigned int options;
	bool help, version, wrong;
};

static const struct cli_switch {
	struct option option;
	unsigned int bit; /* enum cli_option */
	size_t flag; /* of the bool in struct cli that it sets, or of the text that it takes */
} switches[] = {
	{ { "json", no_argument, NULL, 0 }, CLI_OPTION_JSON, offsetof(struct cli, json) },
	{ { "no-wait", no_argument, NULL, 0 }, CLI_OPTION_NO_WAIT, offsetof(struct cli, no_wait) },
	{ { "follow", no_argument, NULL, 0 }, CLI_OPTION_FOLLOW, offsetof(struct cli, follow) },
	{ { "names", no_argument, NULL, 0 }, CLI_OPTION_NAMES, offsetof(struct cli, names_only) },
	{ { "with-disks", no_argument, NULL, 0 },
	  CLI_OPTION_WITH_DISKS,
	  offsetof(struct cli, with_disks) },
	{ { "host", no_argument, NULL, 0 }, CLI_OPTION_HOST, offsetof(struct cli, host) },
	{ { "eject", no_argument, NULL, 0 }, CLI_OPTION_EJECT, offsetof(struct cli, eject) },
	{ { "force", no_argument, NULL, 0 }, CLI_OPTION_FORCE, offsetof(struct cli, force) },
	{ { "boot", no_argument, NULL, 0 }, CLI_OPTION_BOOT, offsetof(struct cli, boot) },
	{ { "erase", no_argument, NULL, 0 }, CLI_OPTION_ERASE, offsetof(struct cli, erase) },
	{ { "now", no_argument, NULL, 0 }, CLI_OPTION_NOW, offsetof(struct cli, now) },
	{ { "socket", required_argument, NULL, 0 }, 0, offsetof(struct cli, socket_path) },
	{ { "conf", required_argument, NULL, 0 }, CLI_OPTION_CONF, offsetof(struct cli, conf) },
	{ { "port", required_argument, NULL, 0 }, CLI_OPTION_PORT, offsetof(struct cli, port) },
	{ { "confirm", required_argument, NULL, 0 },
	  CLI_OPTION_CONFIRM,
	  offsetof(struct cli, confirm) },
};

/* A switch of the table, by its place there. */
static void take_switch(struct arguments *arguments, const struct cli_switch *taken)
{
	char *object = (char *)&arguments->cli + taken->flag;

	if (taken->option.has_arg == required_argument)
		*(const char **)(void *)object = optarg;
	else
		*(bool *)(void *)object = true;
	arguments->options |= taken->bit;
}

static void take_set(struct arguments *arguments)
{
	struct cli *cli = &arguments->cli;

	if (cli->set_count == CLI_SETS_MAX)
		arguments->wrong = true;
	else
		cli->sets[cli->set_count++] = optarg;
	arguments->options |= CLI_OPTION_SET;
}

static void take_import(struct arguments *arguments)
{
	struct cli *cli = &arguments->cli;

	if (cli->import_count == CLI_IMPORTS_MAX)
		arguments->wrong = true;
	else
		cli->imports[cli->import_count++] = optarg;
	arguments->options |= CLI_OPTION_IMPORT;
}

static void parse(int argc, char **argv, struct arguments *arguments)
{
	enum { SWITCH = 256, IMPORT = 512, SET, HELP, VERSION };
	struct option options[ELEMENTS(switches) + 5] = {
		[ELEMENTS(switches)] = { "import", required_argument, NULL, IMPORT },
		[ELEMENTS(switches) + 1] = { "set", required_argument, NULL, SET },
		[ELEMENTS(switches) + 2] = { "help", no_argument, NULL, HELP },
		[ELEMENTS(switches) + 3] = { "version", no_argument, NULL, VERSION },
	};
	int option = 0;

	for (size_t i = 0; i < ELEMENTS(switches); i++) {
		options[i] = switches[i].option;
		options[i].val = SWITCH + (int)i;
	}
	arguments->cli.socket_path = CLIENT_SOCKET;
	while ((option = getopt_long(argc, argv, "f", options, NULL)) != -1)
		if (option == 'f') {
			arguments->cli.follow = true;
			arguments->options |= CLI_OPTION_FOLLOW;
		} else if (option == IMPORT)
			take_import(arguments);
		else if (option == SET)
			take_set(arguments);
		else if (option == HELP)
			arguments->help = true;
		else if (option == VERSION)
			arguments->version = true;
		else if (option >= SWITCH && option < SWITCH + (int)ELEMENTS(switches))
			take_switch(arguments, &switches[option - SWITCH]);
		else
			arguments->wrong = true;
}

static int no_such_command(const char *word)
{
	(void)fprintf(stderr, "mvirt: there is no command ");
	client_put(stderr, word);
	(void)fprintf(stderr, "; mvirt --help lists them\n");
	return CLI_USAGE;
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

/* "mvirt help", "mvirt help COMMAND": as with --help. */
static int help_about(char **words, int count)
{
	const struct cli_command *command = NULL;
	int used = 0;

	if (count == 0)
		return help(NULL);
	command = find_command(words, count, &used);
	if (!command)
		return no_such_command(words[0]);
	return used == count ? help(command) : wrong_usage(NULL);
}

static int run(int argc, char **argv)
{
	const struct cli_command *command = NULL;
	struct arguments arguments = {};
	struct cli *cli = &arguments.cli;
	int words = 0;

	parse(argc, argv, &arguments);
	if (optind < argc) {
		command = find_command(argv + optind, argc - optind, &words);
		if (!command)
			return no_such_command(argv[optind]);
	}
	if (arguments.wrong)
		return wrong_usage(command);
	if (arguments.version)
		return printf("mvirt %s\n", MVIRT_VERSION) < 0;
	if (arguments.help)
		return help(command);
	if (!command)
		return wrong_usage(NULL);
	cli->names = argv + optind + words;
	cli->name_count = argc - optind - words;
	if (cli->name_count < command->min_names || cli->name_count > command->max_names ||
	    (arguments.options & ~command->options) || (cli->follow && cli->json))
		return wrong_usage(command);
	return command->run ? command->run(cli) : help_about(cli->names, cli->name_count);
}

int main(int argc, char **argv)
{
	int status = run(argc, argv);

	if (fflush(stdout) != 0 || ferror(stdout)) {
		cli_error("the output cannot be written: %s", strerror(errno));
		return 1;
	}
	return status;
}
