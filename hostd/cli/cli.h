/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the commands of mvirt share. They return an exit status: 0 done, 1 refused or failed. */
#pragma once

#include <stdio.h>
#include <systemd/sd-varlink.h>

#include "base/cleanup.h"
#include "base/text.h"

#define CLI_SOCKET "/run/mvirt/api.sock"
#define CLI_IMPORTS_MAX 32
#define CLI_SETS_MAX 256
#define CLI_USAGE 2 /* the exit status of wrong usage */

struct cli {
	const char *socket_path;
	bool json;
	bool no_wait;
	bool follow;
	bool with_disks, names_only, eject, force, erase, host, boot, now;
	const char *conf; /* --conf: a file with a definition */
	const char *port; /* --port: a serial port, from 1 */
	const char *confirm; /* --confirm: the serial of a disk */
	const char *imports[CLI_IMPORTS_MAX]; /* --import: FILE or FILE=NAME */
	size_t import_count;
	char *sets[CLI_SETS_MAX]; /* --set: KEY=VALUE */
	int set_count;
	char **names; /* the arguments after the command */
	int name_count;
};

/* Options that not every command has, a set. */
enum cli_option {
	CLI_OPTION_JSON = 1 << 0,
	CLI_OPTION_NO_WAIT = 1 << 1,
	CLI_OPTION_FOLLOW = 1 << 2,
	CLI_OPTION_NAMES = 1 << 3,
	CLI_OPTION_CONF = 1 << 4,
	CLI_OPTION_IMPORT = 1 << 5,
	CLI_OPTION_WITH_DISKS = 1 << 6,
	CLI_OPTION_EJECT = 1 << 7,
	CLI_OPTION_ERASE = 1 << 8,
	CLI_OPTION_CONFIRM = 1 << 9,
	CLI_OPTION_SET = 1 << 10,
	CLI_OPTION_PORT = 1 << 11,
	CLI_OPTION_HOST = 1 << 12,
	CLI_OPTION_BOOT = 1 << 13,
	CLI_OPTION_FORCE = 1 << 14,
	CLI_OPTION_NOW = 1 << 15,
};

struct cli_command {
	const char *name, *arguments, *help;
	int min_names, max_names;
	unsigned int options;
	int (*run)(const struct cli *cli);
};

/* --- cli-call.c: each has said on stderr what is wrong when it fails --- */

void cli_error(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Returns 0 or -errno. */
int cli_connect(const struct cli *cli, sd_varlink **ret_link);
/* Waits for a hostd that answers, of which the first one said goodbye. The caller gets its Status.
 * Returns 0 or -errno. */
int cli_wait_for_hostd(const struct cli *cli, sd_json_variant **ret_status);
/* name may be NULL. *ret_answer is the link's, until the next call. Returns 0 or -errno. */
int cli_call_guest(sd_varlink *link, const char *method, const char *name,
		   sd_json_variant **ret_answer);
int cli_call(sd_varlink *link, const char *method, sd_json_variant *parameters,
	     sd_json_variant **ret_answer);
/* Connects, calls without parameters; the caller gets a reference. Returns 0 or -errno. */
int cli_ask(const struct cli *cli, const char *method, sd_json_variant **ret_answer);
/* Makes the parameters' own failure a message: memory, or text that is not UTF-8. Returns r. */
int cli_tell_parameters(int r);
/* Prints what the API returned, in one line. Returns an exit status. */
int cli_print_json(sd_json_variant *variant);

/*
 * Subscribes and calls for each event until it returns other than -EAGAIN (0 or a positive exit
 * status). Returns that, or 1 when the connection fails.
 */
typedef int (*cli_event_t)(sd_json_variant *event, void *userdata);
int cli_watch(const struct cli *cli, cli_event_t on_event, void *userdata);

/* Members of an object; a missing one is NULL, 0, false. */
const char *cli_text(sd_json_variant *object, const char *name);
uint64_t cli_unsigned(sd_json_variant *object, const char *name);
bool cli_bool(sd_json_variant *object, const char *name);

/* --- cli-print.c --- */

/* Control characters are shown as '?': names and labels come from devices and guests. */
void cli_put(FILE *stream, const char *text);
/* "3 d 4 h", "12 min 5 s"; new string or NULL. */
char *cli_duration(uint64_t usec);

/* Rows of cells with aligned columns; a NULL cell is "-". */
struct cli_table {
	size_t columns;
	struct text_list cells;
	bool failed; /* out of memory */
};

void cli_table_add(struct cli_table *table, const char *cell);
void cli_table_add_consume(struct cli_table *table, char *cell_consume);
/* Prints and empties it. Returns an exit status. */
int cli_table_print(struct cli_table *table);

/* --- cli-label.c --- */

/* What has to be said of a guest wherever it is shown: "not kept", "no isolation", both with a
 * comma, or "". A missing field says nothing. */
const char *cli_guest_label(sd_json_variant *guest);

/* --- the commands --- */

int cli_status(const struct cli *cli);
int cli_boot_times(const struct cli *cli);
int cli_crash(const struct cli *cli);
int cli_devices(const struct cli *cli);
int cli_poweroff(const struct cli *cli);
int cli_reboot(const struct cli *cli);
int cli_format_disk(const struct cli *cli);
int cli_reload(const struct cli *cli);
int cli_list(const struct cli *cli);
int cli_info(const struct cli *cli);
int cli_stats(const struct cli *cli);
int cli_create(const struct cli *cli);
int cli_delete(const struct cli *cli);
int cli_rename(const struct cli *cli);
int cli_set(const struct cli *cli);
int cli_definition(const struct cli *cli);
int cli_medium(const struct cli *cli);
int cli_start(const struct cli *cli);
int cli_stop(const struct cli *cli);
int cli_kill(const struct cli *cli);
int cli_restart(const struct cli *cli);
int cli_pause(const struct cli *cli);
int cli_resume(const struct cli *cli);
int cli_console(const struct cli *cli);
int cli_screenshot(const struct cli *cli);
int cli_log(const struct cli *cli);
int cli_events(const struct cli *cli);
