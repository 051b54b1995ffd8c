// SPDX-License-Identifier: GPL-2.0-or-later
// mvirt start, stop, kill, restart, pause, resume: the command first, then hostd's word that it has
// ended.
#include "cli.h"

/* goal: the state that the guest is to be in afterwards; NULL: any (one that was stopped may be
 * started again by somebody else). */
static int carry_out(const struct cli *cli, const char *method, const char *goal)
{
	_cleanup_(sd_varlink_unrefp) sd_varlink *varlink = NULL, *events = NULL;
	_cleanup_(error_done) struct error error = {};
	_cleanup_(text_list_done) struct text_list accepted = {};
	int status = 0, r = 0;

	if (cli_connect(cli, &varlink) < 0)
		return 1;
	for (int i = 0; i < cli->name_count; i++) {
		sd_json_variant *answer = NULL;

		if (cli_call_guest(varlink, method, cli->names[i], &answer) < 0 ||
		    cli_tell_parameters(text_list_add(&accepted, cli->names[i])) < 0)
			status = 1;
		else if (cli->json)
			(void)cli_print_json(answer);
	}
	if (cli->no_wait || accepted.count == 0)
		return status;
	if (cli_connect(cli, &events) < 0)
		return 1;
	r = client_wait_for_guests(events, &accepted, goal, cli_fail, &error);
	if (r < 0)
		cli_fail(client_error_line(&error));
	return r != 0 || status != 0;
}

int cli_start(const struct cli *cli)
{
	return carry_out(cli, "io.mvirt.Guest.Start", "running");
}

int cli_stop(const struct cli *cli)
{
	return carry_out(cli, "io.mvirt.Guest.Stop", NULL);
}

int cli_kill(const struct cli *cli)
{
	return carry_out(cli, "io.mvirt.Guest.Kill", NULL);
}

int cli_restart(const struct cli *cli)
{
	return carry_out(cli, "io.mvirt.Guest.Restart", "running");
}

int cli_pause(const struct cli *cli)
{
	return carry_out(cli, "io.mvirt.Guest.Pause", "paused");
}

int cli_resume(const struct cli *cli)
{
	return carry_out(cli, "io.mvirt.Guest.Resume", "running");
}
