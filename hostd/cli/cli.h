/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the commands of mvirt share. They return an exit status: 0 done, 1 refused or failed. */
#pragma once

#include <stdio.h>
#include <systemd/sd-varlink.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "base/text.h"
#include "client/client-call.h"
#include "client/client-guest.h"
#include "client/client-text.h"

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
void cli_fail(const char *line);
/* Returns 0 or -errno. */
int cli_connect(const struct cli *cli, sd_varlink **ret_varlink);
/* Waits for the next hostd, once this one has said goodbye. The caller gets its Status. 0 or
 * -errno. */
int cli_wait_for_hostd(const struct cli *cli, sd_json_variant **ret_status);
/* *ret_answer is the connection's, until the next call. Returns 0 or -errno. */
int cli_call(sd_varlink *varlink, const char *method, sd_json_variant *parameters,
	     sd_json_variant **ret_answer);
int cli_call_guest(sd_varlink *varlink, const char *method, const char *name,
		   sd_json_variant **ret_answer);
/* Connects and calls; the caller gets a reference. parameters may be NULL. 0 or -errno. */
int cli_ask(const struct cli *cli, const char *method, sd_json_variant *parameters,
	    sd_json_variant **ret_answer);
/* The same for a method about the first of the names. */
int cli_ask_guest(const struct cli *cli, const char *method, sd_json_variant **ret_answer);
/* The same for a method that answers nothing; with --json that is printed. An exit status. */
int cli_request(const struct cli *cli, const char *method, sd_json_variant *parameters);
/* Makes the parameters' own failure a message: memory, or text that is not UTF-8. Returns r. */
int cli_tell_parameters(int r);
/* The file that an answer brought. Returns it or -errno. */
int cli_take_fd(sd_varlink *varlink, sd_json_variant *answer);
/* Prints what the API returned, in one line. Returns an exit status. */
int cli_print_json(sd_json_variant *variant);
/* Prints and empties it. Returns an exit status. */
int cli_table_print(struct client_table *table);

/* What has to be said of a guest wherever it is shown: "not kept", "no isolation", both with a
 * comma, or "". A missing field says nothing. */
const char *cli_guest_label(sd_json_variant *guest);

/* --- cli-job.c --- */

/* Waits for the end of a job, also across hostds, and shows on a terminal how far it is. Returns an
 * exit status, after having said why it is 1. */
int cli_wait_for_job(const struct cli *cli, uint64_t id);

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
int cli_jobs(const struct cli *cli);
int cli_job_wait(const struct cli *cli);
int cli_job_cancel(const struct cli *cli);
