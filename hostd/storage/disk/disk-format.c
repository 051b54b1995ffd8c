// SPDX-License-Identifier: GPL-2.0-or-later
// Formatting a disk, as the event loop sees it.
#include "disk-format.h"

#include "base/cleanup.h"
#include "disk-format-internal.h"

struct disk_format_job {
	disk_format_done_t done;
	void *userdata;
	struct disk_child *child;
};

static void on_done(const struct disk_child_answer *answer, void *userdata)
{
	_cleanup_free_ struct disk_format_job *job = userdata;

	job->done(answer->error, answer->error < 0 ? answer->why : NULL, job->userdata);
}

/* A disk that is formatted although nobody waits is better than one that is half formatted, so the
 * child goes on when hostd is killed. */
int disk_format_start_at(const struct disk_format_paths *paths, sd_event *event,
			 const struct disk_format_target *target, disk_format_done_t done,
			 void *userdata, struct disk_format_job **ret_job)
{
	const struct disk_format_order order = { .paths = paths, .target = target };
	const struct disk_child_work work = { .name = "disk-format",
					      .run = disk_format_in_child,
					      .data = &order };
	_cleanup_free_ struct disk_format_job *job = calloc(1, sizeof(*job));
	int r = 0;

	if (!job)
		return -ENOMEM;
	job->done = done;
	job->userdata = userdata;
	r = disk_child_start(event, &work, on_done, job, &job->child);
	if (r < 0)
		return r;
	*ret_job = take_ptr(job);
	return 0;
}

int disk_format_start(sd_event *event, const struct disk_format_target *target,
		      disk_format_done_t done, void *userdata, struct disk_format_job **ret_job)
{
	static const struct disk_format_paths paths = {
		.use = &disk_use_paths,
		.mke2fs = "/usr/bin/mke2fs",
		.dev = "/dev",
		.node_ms = 10000,
	};

	return disk_format_start_at(&paths, event, target, done, userdata, ret_job);
}

void disk_format_cancel(struct disk_format_job *job)
{
	if (!job)
		return;
	disk_child_cancel(job->child);
	free(job);
}
