/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the next hostd has to know of a job: a JSON object, one file a job. */
#pragma once

#include "job.h"

/* Strings are owned. */
struct job_record {
	uint64_t id;
	char *kind, *subject, *abandoned, *error, *reason;
	enum job_state state;
	uint64_t done_bytes, total_bytes, begun_usec, ended_usec;
};

void job_record_done(struct job_record *record);
/* Of the file of that id. Returns 0, -EBADMSG for what is no record, or -errno. */
int job_record_read(int folder_fd, uint64_t id, struct job_record *ret_record);
int job_record_write(int folder_fd, const struct job_record *record);
void job_record_remove(int folder_fd, uint64_t id);
/* The ids of which there are files, in their order; to be freed. Returns 0 or -errno. */
int job_record_list(int folder_fd, uint64_t **ret_ids, size_t *ret_count);
