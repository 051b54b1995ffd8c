// SPDX-License-Identifier: GPL-2.0-or-later
// mvirt start, stop, kill, restart, pause, resume: the command first, then events until its end is
// known.
#include <string.h>

#include "cli.h"

enum outcome { OUTCOME_UNKNOWN, OUTCOME_DONE, OUTCOME_FAILED };

struct command {
	const char *method;
	enum outcome (*judge)(sd_json_variant *guest);
	enum outcome deleted; /* what it is when somebody deletes the guest meanwhile */
};

struct wait {
	const struct command *command;
	char **names;
	enum outcome *outcomes; /* of each name */
	int count;
	int status;
};

/* The state of right after the command is "starting" at the earliest. */
static enum outcome judge_start(sd_json_variant *guest)
{
	const char *state = cli_text(guest, "state");

	if (text_equal(state, "running"))
		return OUTCOME_DONE;
	if (text_equal(state, "starting") || text_equal(state, "stopping"))
		return OUTCOME_UNKNOWN;
	return OUTCOME_FAILED;
}

/* …or "stopping": a guest that runs was started again by somebody, but it had stopped. */
static enum outcome judge_stop(sd_json_variant *guest)
{
	return text_equal(cli_text(guest, "state"), "stopping") ? OUTCOME_UNKNOWN : OUTCOME_DONE;
}

static enum outcome judge_paused(sd_json_variant *guest, bool wanted)
{
	if (!text_equal(cli_text(guest, "state"), "running"))
		return OUTCOME_FAILED;
	return cli_bool(guest, "paused") == wanted ? OUTCOME_DONE : OUTCOME_UNKNOWN;
}

static enum outcome judge_pause(sd_json_variant *guest)
{
	return judge_paused(guest, true);
}

static enum outcome judge_resume(sd_json_variant *guest)
{
	return judge_paused(guest, false);
}

static void tell_failure(sd_json_variant *event, sd_json_variant *guest)
{
	const char *state = cli_text(guest, "state"), *reason = cli_text(guest, "reason");

	if (!reason)
		reason = cli_text(event, "detail");
	if (text_equal(cli_text(event, "kind"), "deleted")) {
		cli_error("guest %s was deleted", cli_text(guest, "name"));
		return;
	}
	cli_error("guest %s %s%s%s%s", cli_text(guest, "name"),
		  text_equal(state, "stopped") ? "has stopped" : state, reason ? ": " : "",
		  reason ? reason : "",
		  text_equal(state, "crashed") ? "; it will be started again" : "");
}

static enum outcome judge(const struct command *command, sd_json_variant *event,
			  sd_json_variant *guest)
{
	if (text_equal(cli_text(event, "kind"), "deleted"))
		return command->deleted;
	return command->judge(guest);
}

static int on_event(sd_json_variant *event, void *userdata)
{
	struct wait *wait = userdata;
	sd_json_variant *guest = sd_json_variant_by_key(event, "guest");
	bool all_known = true;

	for (int i = 0; i < wait->count; i++) {
		if (wait->outcomes[i] == OUTCOME_UNKNOWN && guest &&
		    text_equal(cli_text(guest, "name"), wait->names[i])) {
			wait->outcomes[i] = judge(wait->command, event, guest);
			if (wait->outcomes[i] == OUTCOME_FAILED) {
				tell_failure(event, guest);
				wait->status = 1;
			}
		}
		all_known = all_known && wait->outcomes[i] != OUTCOME_UNKNOWN;
	}
	return all_known ? wait->status : -EAGAIN;
}

static int carry_out(const struct cli *cli, const struct command *command)
{
	_cleanup_(sd_varlink_unrefp) sd_varlink *link = NULL;
	_cleanup_free_ enum outcome *outcomes = calloc((size_t)cli->name_count, sizeof(*outcomes));
	struct wait wait = { .command = command,
			     .names = cli->names,
			     .outcomes = outcomes,
			     .count = cli->name_count };
	int taken_up = 0;

	if (!outcomes) {
		cli_error("out of memory");
		return 1;
	}
	if (cli_connect(cli, &link) < 0)
		return 1;
	for (int i = 0; i < cli->name_count; i++) {
		sd_json_variant *answer = NULL;

		if (cli_call_guest(link, command->method, cli->names[i], &answer) < 0) {
			outcomes[i] = OUTCOME_FAILED;
			wait.status = 1;
			continue;
		}
		taken_up++;
		if (cli->json)
			(void)cli_print_json(answer);
	}
	if (cli->no_wait || taken_up == 0)
		return wait.status;
	return cli_watch(cli, on_event, &wait);
}

int cli_start(const struct cli *cli)
{
	static const struct command command = { "io.mvirt.Guest.Start", judge_start,
						OUTCOME_FAILED };

	return carry_out(cli, &command);
}

int cli_stop(const struct cli *cli)
{
	static const struct command command = { "io.mvirt.Guest.Stop", judge_stop, OUTCOME_DONE };

	return carry_out(cli, &command);
}

int cli_kill(const struct cli *cli)
{
	static const struct command command = { "io.mvirt.Guest.Kill", judge_stop, OUTCOME_DONE };

	return carry_out(cli, &command);
}

/* Right after the command the guest is stopping or starting: what runs then has been restarted. */
int cli_restart(const struct cli *cli)
{
	static const struct command command = { "io.mvirt.Guest.Restart", judge_start,
						OUTCOME_FAILED };

	return carry_out(cli, &command);
}

int cli_pause(const struct cli *cli)
{
	static const struct command command = { "io.mvirt.Guest.Pause", judge_pause,
						OUTCOME_FAILED };

	return carry_out(cli, &command);
}

int cli_resume(const struct cli *cli)
{
	static const struct command command = { "io.mvirt.Guest.Resume", judge_resume,
						OUTCOME_FAILED };

	return carry_out(cli, &command);
}
