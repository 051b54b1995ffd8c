// SPDX-License-Identifier: GPL-2.0-or-later
// mvirt jobs, job wait, job cancel; and how a job that somebody waits for is shown.
#include <inttypes.h>
#include <unistd.h>

#include "base/clock.h"
#include "cli.h"
#include "client/client-job.h"

#define SHORT_WAIT_USEC UINT64_C(2000000)

static uint64_t percent(sd_json_variant *job)
{
	uint64_t total = json_unsigned(job, "totalBytes"), done = json_unsigned(job, "doneBytes");

	return total == 0 ? 0 : (uint64_t)((double)done / (double)total * 100);
}

/* Of a hostd's clock; NULL when it has not ended. */
static const char *duration(sd_json_variant *job, char text[static CLIENT_DURATION_MAX])
{
	uint64_t begun = json_unsigned(job, "begunUsec"), ended = json_unsigned(job, "endedUsec");

	return ended >= begun ? client_duration(ended - begun, true, text) : NULL;
}

static void add_row(struct client_table *table, sd_json_variant *job)
{
	char total[TEXT_BYTES_MAX], took[CLIENT_DURATION_MAX];
	uint64_t bytes = json_unsigned(job, "totalBytes");

	client_table_addf(table, "%" PRIu64, json_unsigned(job, "id"));
	client_table_add_cells(table, json_text(job, "kind"), json_text(job, "subject"),
			       json_text(job, "state"));
	if (bytes > 0)
		client_table_addf(table, "%" PRIu64 " %% of %s", percent(job),
				  text_from_bytes(bytes, total));
	else
		client_table_add(table, NULL);
	client_table_add_cells(table, duration(job, took), json_text(job, "reason"));
}

int cli_jobs(const struct cli *cli)
{
	_cleanup_(sd_json_variant_unrefp) sd_json_variant *answer = NULL;
	struct client_table table = { .columns = 7 };
	sd_json_variant *job = NULL;

	if (cli_ask(cli, "io.mvirt.Job.List", NULL, &answer) < 0)
		return 1;
	if (cli->json)
		return cli_print_json(answer);
	client_table_add_cells(&table, "ID", "KIND", "SUBJECT", "STATE", "DONE", "TOOK", "NOTE");
	for (size_t i = 0; (job = json_element(answer, "jobs", i)); i++)
		add_row(&table, job);
	return cli_table_print(&table);
}

/* --- waiting --- */

static int ask(const struct cli *cli, const char *method, uint64_t id, sd_json_variant **ret_answer)
{
	_cleanup_(sd_json_variant_unrefp) sd_json_variant *parameters = NULL;
	int r = sd_json_buildo(&parameters, SD_JSON_BUILD_PAIR_UNSIGNED("id", id));

	return cli_tell_parameters(r) < 0 ? r : cli_ask(cli, method, parameters, ret_answer);
}

struct progress {
	uint64_t begun_usec; /* CLOCK_MONOTONIC: of the wait */
	bool shown;
};

/* On a terminal the line is overwritten, and erased at the end. A short wait shows nothing. */
static void show_progress(sd_json_variant *job, void *userdata)
{
	struct progress *progress = userdata;
	char done[TEXT_BYTES_MAX], total[TEXT_BYTES_MAX];

	if (!isatty(STDERR_FILENO) || json_unsigned(job, "totalBytes") == 0 ||
	    clock_usec(CLOCK_MONOTONIC) < progress->begun_usec + SHORT_WAIT_USEC)
		return;
	progress->shown = true;
	(void)fprintf(stderr, "\r\033[K%3" PRIu64 " %% (%s of %s)", percent(job),
		      text_from_bytes(json_unsigned(job, "doneBytes"), done),
		      text_from_bytes(json_unsigned(job, "totalBytes"), total));
	(void)fflush(stderr);
}

static bool is_lost(int r)
{
	return r == -ECONNRESET || r == -ENOTCONN || r == -EPIPE;
}

/* How it ended is known to the next hostd, too. */
int cli_wait_for_job(const struct cli *cli, uint64_t id)
{
	struct progress progress = { .begun_usec = clock_usec(CLOCK_MONOTONIC) };

	for (;;) {
		_cleanup_(sd_varlink_unrefp) sd_varlink *varlink = NULL;
		_cleanup_(sd_json_variant_unrefp) sd_json_variant *status = NULL, *known = NULL;
		_cleanup_(error_done) struct error error = {};
		int r = 0;

		if (cli_connect(cli, &varlink) < 0)
			return 1;
		r = client_wait_for_job(varlink, id, show_progress, &progress, &error);
		if (progress.shown)
			(void)fprintf(stderr, "\r\033[K");
		if (r >= 0)
			return 0;
		if (!is_lost(r)) {
			cli_fail(client_error_line(&error));
			return 1;
		}
		if (cli_wait_for_hostd(cli, &status) < 0)
			return 1;
		/* One that it does not know would be waited for forever. */
		if (ask(cli, "io.mvirt.Job.Get", id, &known) < 0)
			return 1;
	}
}

/* Returns 0 or an exit status. */
static int read_id(const struct cli *cli, uint64_t *ret_id)
{
	const char *text = cli->names[0];
	char *end = NULL;
	uint64_t id = strtoull(text, &end, 10);

	if (*text < '0' || *text > '9' || *end || id == 0) {
		cli_error("a job is named by its number: see mvirt jobs");
		return CLI_USAGE;
	}
	*ret_id = id;
	return 0;
}

int cli_job_wait(const struct cli *cli)
{
	_cleanup_(sd_json_variant_unrefp) sd_json_variant *answer = NULL, *ended = NULL;
	uint64_t id = 0;
	int status = read_id(cli, &id);

	if (status != 0)
		return status;
	/* One that is not there would be waited for forever. */
	if (ask(cli, "io.mvirt.Job.Get", id, &answer) < 0)
		return 1;
	status = cli_wait_for_job(cli, id);
	if (cli->json && ask(cli, "io.mvirt.Job.Get", id, &ended) >= 0)
		(void)cli_print_json(ended);
	return status;
}

int cli_job_cancel(const struct cli *cli)
{
	_cleanup_(sd_json_variant_unrefp) sd_json_variant *answer = NULL;
	uint64_t id = 0;
	int status = read_id(cli, &id);

	if (status != 0)
		return status;
	if (ask(cli, "io.mvirt.Job.Cancel", id, &answer) < 0)
		return 1;
	return cli->json ? cli_print_json(answer) : 0;
}
