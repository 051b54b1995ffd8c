// SPDX-License-Identifier: GPL-2.0-or-later
// How a job goes on and ends, from the stream of events.
#include "client-job.h"

#include "base/json.h"
#include "base/text.h"

struct wait {
	uint64_t id;
	client_job_progress_t progress;
	void *userdata;
	struct error *error;
};

/* -EAGAIN as long as it runs. */
static int job_result(sd_json_variant *job, struct error *error)
{
	const char *state = json_text(job, "state"), *reason = json_text(job, "reason");
	const char *kind = json_text(job, "error");

	if (text_equal(state, "running"))
		return -EAGAIN;
	if (text_equal(state, "done"))
		return 0;
	return error_set(error, error_kind_of_name(kind ? kind : "Failed"), "%s",
			 reason ? reason : "the job failed");
}

static int on_event(sd_json_variant *event, void *userdata)
{
	const struct wait *wait = userdata;
	sd_json_variant *job = json_member(event, "job");
	int r = 0;

	if (!job || json_unsigned(job, "id") != wait->id)
		return -EAGAIN;
	r = job_result(job, wait->error);
	if (r == -EAGAIN && wait->progress)
		wait->progress(job, wait->userdata);
	return r;
}

int client_wait_for_job(sd_varlink *varlink, uint64_t id, client_job_progress_t progress,
			void *userdata, struct error *error)
{
	struct wait wait = { .id = id, .progress = progress, .userdata = userdata, .error = error };

	return client_watch(varlink, "io.mvirt.Guest.Subscribe", NULL, on_event, &wait, error);
}
