/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The long operations of this machine: io.mvirt.Job stands on job/job.h and this. */
#pragma once

#include "job/job.h"

struct host;

/* Learns of the jobs of the hostd before this one. Without the folder there is no job, and what
 * would be one goes on without. Returns 0 or -errno. */
int host_start_jobs(struct host *host, const char *folder);
/* Weak, and NULL when they could not be started. */
struct jobs *host_jobs(const struct host *host);
/* Returns a job, or NULL: it is done, or not, without one. */
struct job *host_begin_job(struct host *host, const struct job_spec *spec);
