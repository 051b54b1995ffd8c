/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Long operations, whoever carries them out: an id, how far each is, how it ended, and a way to
 * cancel it. They are kept in a folder of this boot, so that the next hostd knows them. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

#define JOBS_FOLDER "/run/mvirt/jobs"
/* So many that have ended are remembered, the newest. */
#define JOBS_ENDED_MAX 64

struct job;
struct jobs;

enum job_state { JOB_RUNNING, JOB_DONE, JOB_FAILED, JOB_CANCELLED };

struct job_spec {
	const char *kind; /* "create", "format" */
	const char *subject; /* what it is done to: the guest's name, the disk's serial */
	uint64_t total_bytes; /* 0: not known */
	/* What has become of it when hostd ends before it does: the next hostd says that line. */
	const char *abandoned;
	/* Undoes it, and calls job_end() before it returns. NULL: it cannot be cancelled. */
	void (*cancel)(void *userdata);
	void *userdata;
};

/* Strings are the job's. */
struct job_status {
	uint64_t id; /* from 1, not given twice in one boot */
	const char *kind, *subject;
	enum job_state state;
	uint64_t done_bytes, total_bytes;
	bool can_cancel;
	uint64_t begun_usec, ended_usec; /* CLOCK_BOOTTIME; 0: not yet */
	const char *error, *reason; /* of one that failed or was cancelled: kind and line */
};

/* It began, went on or ended. */
typedef void (*job_changed_t)(const struct job *job, void *userdata);

/*
 * Reads what the hostd before this one left in the folder, which is made if it is missing: a job
 * that still ran has failed. Returns 0 or -errno.
 */
int jobs_new(const char *folder, job_changed_t changed, void *userdata, struct jobs **ret_jobs);
/* Jobs that run are left to the next hostd, which finds them abandoned. Takes NULL. */
void jobs_free(struct jobs *jobs);

/* Returns 0, or -errno. The job is the caller's until job_end(). */
int job_begin(struct jobs *jobs, const struct job_spec *spec, struct job **ret_job);
/* How much of the total is done by now. May be called as often as there is something to say. */
void job_set_done(struct job *job, uint64_t done_bytes);
/* error NULL, or of the kind ERROR_NONE: it is done. Takes a NULL job. */
void job_end(struct job *job, const struct error *error);

/* The oldest first. */
size_t jobs_count(const struct jobs *jobs);
const struct job *jobs_at(const struct jobs *jobs, size_t index);
const struct job *jobs_find(const struct jobs *jobs, uint64_t id);
size_t jobs_running(const struct jobs *jobs);
struct job_status job_status(const struct job *job);
/* "running", "done", "failed", "cancelled" */
const char *job_state_name(enum job_state state);

/* Returns 0 when it has been undone, or -errno: there is none, it has ended, or it cannot be. */
int jobs_cancel(struct jobs *jobs, uint64_t id, struct error *error);
