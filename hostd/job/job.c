// SPDX-License-Identifier: GPL-2.0-or-later
// The list of jobs, what they tell, and what is kept of them.
#include "job.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/array.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "job-record.h"

/* Of a job that goes on so often is told, or whenever one percent more is done. */
#define TELL_USEC UINT64_C(1000000)

struct job {
	struct jobs *jobs; /* weak */
	struct job_record record;
	void (*cancel)(void *userdata); /* NULL: it cannot be cancelled now */
	void *userdata;
	bool is_cancelled;
	uint64_t told_bytes, told_usec;
};

struct jobs {
	int folder_fd;
	job_changed_t changed;
	void *userdata;
	uint64_t last_id;
	struct job **items; /* owned, by id */
	size_t count;
};

static void job_free(struct job *job)
{
	if (!job)
		return;
	job_record_done(&job->record);
	free(job);
}
DEFINE_CLEANUP(struct job *, job_free);

/* What cannot be kept is known as long as this hostd is. */
static void keep(const struct job *job)
{
	int r = job_record_write(job->jobs->folder_fd, &job->record);

	if (r < 0)
		log_warning("jobs", "job %llu cannot be recorded: %s",
			    (unsigned long long)job->record.id, strerror(-r));
}

static void tell(struct job *job)
{
	job->told_bytes = job->record.done_bytes;
	job->told_usec = clock_usec(CLOCK_BOOTTIME);
	if (job->jobs->changed)
		job->jobs->changed(job, job->jobs->userdata);
}

static int add(struct jobs *jobs, struct job *job_consume)
{
	_cleanup_(job_freep) struct job *job = job_consume;

	if (array_grow(jobs->items, jobs->count) < 0)
		return -ENOMEM;
	job->jobs = jobs;
	jobs->last_id = job->record.id;
	jobs->items[jobs->count++] = take_ptr(job);
	return 0;
}

static size_t ended_first(const struct jobs *jobs)
{
	size_t first = jobs->count;

	for (size_t i = 0; i < jobs->count; i++) {
		const struct job_record *record = &jobs->items[i]->record;

		if (record->state != JOB_RUNNING &&
		    (first == jobs->count ||
		     record->ended_usec < jobs->items[first]->record.ended_usec))
			first = i;
	}
	return first;
}

/* Those that ended first go. */
static void limit(struct jobs *jobs)
{
	while (jobs->count - jobs_running(jobs) > JOBS_ENDED_MAX) {
		size_t at = ended_first(jobs);

		job_record_remove(jobs->folder_fd, jobs->items[at]->record.id);
		job_free(jobs->items[at]);
		jobs->count--;
		memmove(&jobs->items[at], &jobs->items[at + 1],
			(jobs->count - at) * sizeof(struct job *));
	}
}

/* --- what the hostd before this one left --- */

static void abandon(struct job *job)
{
	struct job_record *record = &job->record;

	record->state = JOB_FAILED;
	record->ended_usec = clock_usec(CLOCK_BOOTTIME);
	record->error = strdup(error_kind_name(ERROR_FAILED));
	record->reason =
		text_format("hostd ended before it was done%s%s", record->abandoned ? ": " : "",
			    record->abandoned ? record->abandoned : "");
	log_warning("jobs", "job %llu (%s %s): %s", (unsigned long long)record->id, record->kind,
		    record->subject, record->reason ? record->reason : "out of memory");
	keep(job);
}

static int load(struct jobs *jobs, uint64_t id)
{
	_cleanup_(job_freep) struct job *job = calloc(1, sizeof(*job));
	int r = job ? job_record_read(jobs->folder_fd, id, &job->record) : -ENOMEM;

	if (r == -ENOMEM)
		return r;
	if (r < 0) {
		log_warning("jobs", "the record of job %llu cannot be read: %s",
			    (unsigned long long)id, strerror(-r));
		job_record_remove(jobs->folder_fd, id);
		jobs->last_id = id;
		return 0;
	}
	r = add(jobs, take_ptr(job));
	if (r >= 0 && jobs->items[jobs->count - 1]->record.state == JOB_RUNNING)
		abandon(jobs->items[jobs->count - 1]);
	return r;
}

static int load_all(struct jobs *jobs)
{
	_cleanup_free_ uint64_t *ids = NULL;
	size_t count = 0;
	int r = job_record_list(jobs->folder_fd, &ids, &count);

	for (size_t i = 0; r >= 0 && i < count; i++)
		r = load(jobs, ids[i]);
	limit(jobs);
	return r;
}

DEFINE_CLEANUP(struct jobs *, jobs_free);

int jobs_new(const char *folder, job_changed_t changed, void *userdata, struct jobs **ret_jobs)
{
	_cleanup_(jobs_freep) struct jobs *jobs = malloc(sizeof(*jobs));
	int r = 0;

	if (!jobs)
		return -ENOMEM;
	*jobs = (struct jobs){ .folder_fd = -EBADF, .changed = changed, .userdata = userdata };
	if (mkdir(folder, 0700) < 0 && errno != EEXIST)
		return -errno;
	jobs->folder_fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (jobs->folder_fd < 0)
		return -errno;
	r = load_all(jobs);
	if (r < 0)
		return r;
	*ret_jobs = take_ptr(jobs);
	return 0;
}

void jobs_free(struct jobs *jobs)
{
	if (!jobs)
		return;
	for (size_t i = 0; i < jobs->count; i++)
		job_free(jobs->items[i]);
	free(jobs->items);
	fd_close(jobs->folder_fd);
	free(jobs);
}

/* --- the life of one --- */

int job_begin(struct jobs *jobs, const struct job_spec *spec, struct job **ret_job)
{
	_cleanup_(job_freep) struct job *job = calloc(1, sizeof(*job));
	struct job *begun = job;
	int r = 0;

	if (!job)
		return -ENOMEM;
	job->record = (struct job_record){
		.id = jobs->last_id + 1,
		.kind = strdup(spec->kind),
		.subject = strdup(spec->subject),
		.abandoned = spec->abandoned ? strdup(spec->abandoned) : NULL,
		.state = JOB_RUNNING,
		.total_bytes = spec->total_bytes,
		.begun_usec = clock_usec(CLOCK_BOOTTIME),
	};
	job->cancel = spec->cancel;
	job->userdata = spec->userdata;
	if (!job->record.kind || !job->record.subject ||
	    (spec->abandoned && !job->record.abandoned))
		return -ENOMEM;
	r = add(jobs, take_ptr(job));
	if (r < 0)
		return r;
	keep(begun);
	*ret_job = begun;
	tell(begun);
	return 0;
}

void job_set_done(struct job *job, uint64_t done_bytes)
{
	struct job_record *record = &job->record;
	uint64_t more = 0;

	/* A file that grew while it was copied. */
	record->done_bytes = done_bytes < record->total_bytes ? done_bytes : record->total_bytes;
	more = record->done_bytes - job->told_bytes;
	if (more > 0 && (more >= record->total_bytes / 100 ||
			 clock_usec(CLOCK_BOOTTIME) >= job->told_usec + TELL_USEC))
		tell(job);
}

void job_end(struct job *job, const struct error *error)
{
	struct job_record *record = NULL;
	bool failed = error && error->kind != ERROR_NONE;

	if (!job)
		return;
	record = &job->record;
	job->cancel = NULL;
	record->ended_usec = clock_usec(CLOCK_BOOTTIME);
	record->state = !failed ? JOB_DONE : job->is_cancelled ? JOB_CANCELLED : JOB_FAILED;
	if (failed) {
		record->error = strdup(error_kind_name(error->kind));
		record->reason = error->reason ? strdup(error->reason) : NULL;
	} else {
		record->done_bytes = record->total_bytes;
	}
	keep(job);
	tell(job);
	limit(job->jobs);
}

/* --- for who looks --- */

size_t jobs_count(const struct jobs *jobs)
{
	return jobs->count;
}

const struct job *jobs_at(const struct jobs *jobs, size_t index)
{
	return jobs->items[index];
}

static struct job *find(const struct jobs *jobs, uint64_t id)
{
	for (size_t i = 0; i < jobs->count; i++)
		if (jobs->items[i]->record.id == id)
			return jobs->items[i];
	return NULL;
}

const struct job *jobs_find(const struct jobs *jobs, uint64_t id)
{
	return find(jobs, id);
}

size_t jobs_running(const struct jobs *jobs)
{
	size_t running = 0;

	for (size_t i = 0; i < jobs->count; i++)
		running += jobs->items[i]->record.state == JOB_RUNNING;
	return running;
}

struct job_status job_status(const struct job *job)
{
	const struct job_record *record = &job->record;

	return (struct job_status){
		.id = record->id,
		.kind = record->kind,
		.subject = record->subject,
		.state = record->state,
		.done_bytes = record->done_bytes,
		.total_bytes = record->total_bytes,
		.can_cancel = job->cancel,
		.begun_usec = record->begun_usec,
		.ended_usec = record->ended_usec,
		.error = record->error,
		.reason = record->reason,
	};
}

int jobs_cancel(struct jobs *jobs, uint64_t id, struct error *error)
{
	struct job *job = find(jobs, id);

	if (!job)
		return error_set(error, ERROR_NOT_FOUND, "there is no job %llu",
				 (unsigned long long)id);
	if (job->record.state != JOB_RUNNING)
		return error_set(error, ERROR_NOT_NOW, "job %llu has ended: it is %s",
				 (unsigned long long)id, job_state_name(job->record.state));
	if (!job->cancel)
		return error_set(error, ERROR_UNSUPPORTED, "job %llu cannot be cancelled any more",
				 (unsigned long long)id);
	job->is_cancelled = true;
	job->cancel(job->userdata);
	return 0;
}
