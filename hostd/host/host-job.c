// SPDX-License-Identifier: GPL-2.0-or-later
// Jobs, and that everybody is told of them.
#include "host-job.h"

#include <string.h>

#include "base/log.h"
#include "host-event.h"
#include "host-internal.h"

static void on_changed(const struct job *job, void *userdata)
{
	const struct job_status status = job_status(job);
	const struct host_event event = {
		.type = HOST_EVENT_JOB,
		.job = job,
		.kind = job_state_name(status.state),
		.detail = status.reason,
	};

	host_publish(userdata, &event);
}

int host_start_jobs(struct host *host, const char *folder)
{
	return jobs_new(folder, on_changed, host, &host->jobs);
}

struct jobs *host_jobs(const struct host *host)
{
	return host->jobs;
}

struct job *host_begin_job(struct host *host, const struct job_spec *spec)
{
	struct job *job = NULL;
	int r = host->jobs ? job_begin(host->jobs, spec, &job) : -ENODEV;

	if (r < 0 && r != -ENODEV)
		log_warning("jobs", "%s %s is no job: %s", spec->kind, spec->subject, strerror(-r));
	return job;
}
