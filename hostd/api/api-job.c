// SPDX-License-Identifier: GPL-2.0-or-later
// io.mvirt.Job.
#include "api-internal.h"
#include "host/host-job.h"

int api_build_job(const struct job *job, sd_json_variant **ret_job)
{
	const struct job_status status = job_status(job);
	struct json_builder object = {};

	json_add_unsigned(&object, "id", status.id);
	json_add_text(&object, "kind", status.kind);
	json_add_text(&object, "subject", status.subject);
	json_add_text(&object, "state", job_state_name(status.state));
	json_add_unsigned(&object, "doneBytes", status.done_bytes);
	json_add_unsigned(&object, "totalBytes", status.total_bytes);
	json_add_bool(&object, "canCancel", status.can_cancel);
	json_add_unsigned(&object, "begunUsec", status.begun_usec);
	if (status.state != JOB_RUNNING)
		json_add_unsigned(&object, "endedUsec", status.ended_usec);
	json_add_text(&object, "error", status.error);
	json_add_text(&object, "reason", status.reason);
	return json_end_object(&object, ret_job);
}

API_METHOD_DEFINE(api_method_jobs)
{
	const struct api *api = userdata;
	const struct jobs *jobs = host_jobs(api->host);
	struct json_builder answer = {}, list = {};

	for (size_t i = 0; jobs && i < jobs_count(jobs); i++) {
		sd_json_variant *job = NULL;

		(void)api_build_job(jobs_at(jobs, i), &job);
		json_append_variant(&list, job);
	}
	json_add_array(&answer, "jobs", &list);
	return api_reply_object(link, &answer);
}

static int dispatch_id(sd_varlink *link, sd_json_variant *parameters, uint64_t *ret_id)
{
	static const sd_json_dispatch_field fields[] = {
		{ "id", _SD_JSON_VARIANT_TYPE_INVALID, sd_json_dispatch_uint64, 0,
		  SD_JSON_MANDATORY },
		{},
	};

	return sd_varlink_dispatch(link, parameters, fields, ret_id);
}

static int reply_job(sd_varlink *link, uint64_t id)
{
	const struct api *api = sd_varlink_get_userdata(link);
	const struct jobs *jobs = host_jobs(api->host);
	const struct job *job = jobs ? jobs_find(jobs, id) : NULL;
	struct json_builder answer = {};
	sd_json_variant *object = NULL;

	if (!job)
		return api_reply_errorf(link, ERROR_NOT_FOUND, "there is no job %llu",
					(unsigned long long)id);
	(void)api_build_job(job, &object);
	json_add_variant(&answer, "job", object);
	return api_reply_object(link, &answer);
}

API_METHOD_DEFINE(api_method_job)
{
	uint64_t id = 0;
	int r = dispatch_id(link, parameters, &id);

	return r != 0 ? r : reply_job(link, id);
}

API_METHOD_DEFINE(api_method_cancel)
{
	const struct api *api = userdata;
	_cleanup_(error_done) struct error error = {};
	uint64_t id = 0;
	int r = dispatch_id(link, parameters, &id);

	if (r != 0)
		return r;
	if (host_jobs(api->host))
		r = jobs_cancel(host_jobs(api->host), id, &error);
	return r < 0 ? api_reply_error(link, r, &error) : reply_job(link, id);
}
