/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Storage, made up: images that obey by what is in them, disks by their name. The guest store is
 * the real one, on folders beside the socket. */
#pragma once

#include <fcntl.h>
#include <sys/sendfile.h>
#include <sys/stat.h>

#include "host-guest-stubs.h"
#include "host/host-create.h"
#include "host/host-store.h"
#include "host/host-volumes.h"
#include "storage/disk/disk-format.h"
#include "storage/disk/disk-use.h"
#include "storage/image/image.h"
#include "storage/store/guest-store.h"
#include "storage/volume/data-volume.h"

/* What an image that begins with "SLOW" takes. */
#define STUB_SLOW_USEC 3000000
#define STUB_FAST_USEC 30000

/* --- storage/volume/data-volume.h --- */

struct data_volume {
	int unused;
};
[[maybe_unused]] static struct data_volume stub_volume;

/* The data volume is being checked as long as there is a file PATH.checking. */
static bool stub_is_undecided(void)
{
	_cleanup_free_ char *path = text_format("%s.checking", stub.path);

	return access(path, F_OK) == 0;
}

static void stub_add_found(void);

static int stub_on_look(sd_event_source *source, uint64_t now_usec, void *userdata [[maybe_unused]])
{
	if (stub_is_undecided()) {
		(void)sd_event_source_set_time(source, now_usec + STUB_FAST_USEC);
		return sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
	}
	stub_add_found();
	host_creations_resume(&stub.host);
	return 0;
}

static int stub_wait_for_decision(void)
{
	if (sd_event_add_time_relative(stub.host.event, NULL, CLOCK_MONOTONIC, STUB_FAST_USEC, 1000,
				       stub_on_look, NULL) < 0)
		abort();
	return -EAGAIN;
}

/* The root of the guests' folders, opened anew each time; weak in the contract, so one is kept. */
int host_store_root(const struct host *, enum guest_origin origin)
{
	static int data_fd = -EBADF, memory_fd = -EBADF;
	_cleanup_free_ char *path =
		text_format("%s.%s", stub.path, origin == GUEST_ORIGIN_DATA ? "data" : "memory");
	int *fd = origin == GUEST_ORIGIN_DATA ? &data_fd : &memory_fd;

	if (origin == GUEST_ORIGIN_DATA && stub.serving && stub_is_undecided())
		return stub_wait_for_decision();
	if (origin == GUEST_ORIGIN_MEMORY)
		(void)mkdir(path, 0700);
	*fd = fd_close(*fd);
	*fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return *fd < 0 ? -EBADF : *fd;
}

void host_empty_trash(const struct host *, enum guest_origin)
{
}

void data_volume_get_status(const struct data_volume *volume [[maybe_unused]],
			    struct data_volume_status *ret_status)
{
	*ret_status = (struct data_volume_status){};
	if (host_store_root(&stub.host, GUEST_ORIGIN_DATA) >= 0)
		*ret_status = (struct data_volume_status){ .phase = DATA_VOLUME_MOUNTED,
							   .device = "/dev/sdz1",
							   .type = "ext4",
							   .size_bytes = 107374182400,
							   .free_bytes = 53687091200 };
}

/* --- storage/image/image.h --- */

struct image_job {
	int source_fd, target_fd;
	image_done_t done;
	image_progress_t progress;
	void *userdata;
	sd_event_source *timer;
};

static int stub_on_copied(sd_event_source *source [[maybe_unused]],
			  uint64_t now_usec [[maybe_unused]], void *userdata)
{
	struct image_job *job = userdata;
	image_done_t done = job->done;
	image_progress_t job_progress = job->progress;
	void *done_userdata = job->userdata;
	char magic[4] = "";
	bool bad = pread(job->source_fd, magic, sizeof(magic), 0) == sizeof(magic) &&
		   memcmp(magic, "BAD!", sizeof(magic)) == 0;
	off_t at = 0;
	ssize_t n = bad ? 0 : sendfile(job->target_fd, job->source_fd, &at, 1 << 20);

	sd_event_source_disable_unref(job->timer);
	(void)close(job->source_fd);
	(void)close(job->target_fd);
	free(job);
	if (n > 0)
		job_progress((uint64_t)n / 2, done_userdata);
	if (bad || n < 0)
		done(-EINVAL, "it has a backing file", done_userdata);
	else
		done(0, "raw", done_userdata);
	return 0;
}

int image_import(sd_event *event, int source_fd, int target_fd,
		 enum disk_format format [[maybe_unused]], image_done_t done, void *userdata,
		 struct image_job **ret_job)
{
	struct image_job *job = calloc(1, sizeof(*job));
	struct stat status = {};
	char magic[4] = "";
	bool slow = pread(source_fd, magic, sizeof(magic), 0) == sizeof(magic) &&
		    memcmp(magic, "SLOW", sizeof(magic)) == 0;

	if (!job || fstat(source_fd, &status) < 0)
		abort();
	if (!S_ISREG(status.st_mode)) {
		free(job);
		return S_ISDIR(status.st_mode) ? -EISDIR : -EMEDIUMTYPE;
	}
	*job = (struct image_job){ .source_fd = dup(source_fd),
				   .target_fd = dup(target_fd),
				   .done = done,
				   .userdata = userdata };
	*ret_job = job;
	return sd_event_add_time_relative(event, &job->timer, CLOCK_MONOTONIC,
					  slow ? STUB_SLOW_USEC : STUB_FAST_USEC, 1000,
					  stub_on_copied, job);
}

int image_import_file(sd_event *event, int source_fd, int target_fd, image_done_t done,
		      void *userdata, struct image_job **ret_job)
{
	return image_import(event, source_fd, target_fd, DISK_FORMAT_RAW, done, userdata, ret_job);
}

void image_job_report(struct image_job *job, image_progress_t progress)
{
	job->progress = progress;
}

void image_job_cancel(struct image_job *job)
{
	if (!job)
		return;
	sd_event_source_disable_unref(job->timer);
	(void)close(job->source_fd);
	(void)close(job->target_fd);
	free(job);
}

/* --- storage/disk/disk-format.h, disk-use.h --- */

struct disk_format_job {
	bool refuse;
	disk_format_done_t done;
	void *userdata;
	sd_event_source *timer;
};

static int stub_on_formatted(sd_event_source *source [[maybe_unused]],
			     uint64_t now_usec [[maybe_unused]], void *userdata)
{
	struct disk_format_job job = *(struct disk_format_job *)userdata;

	sd_event_source_disable_unref(job.timer);
	free(userdata);
	job.done(job.refuse ? -EEXIST : 0, job.refuse ? "there is a file system on /dev/sdb" : NULL,
		 job.userdata);
	return 0;
}

/* /dev/sdb is full. */
int disk_format_start(sd_event *event, const struct disk_format_target *target,
		      disk_format_done_t done, void *userdata, struct disk_format_job **ret_job)
{
	struct disk_format_job *job = calloc(1, sizeof(*job));

	if (!job)
		abort();
	*job = (struct disk_format_job){ .refuse = text_equal(target->node, "/dev/sdb") &&
						   !target->erase,
					 .done = done,
					 .userdata = userdata };
	*ret_job = job;
	return sd_event_add_time_relative(event, &job->timer, CLOCK_MONOTONIC, 300000, 1000,
					  stub_on_formatted, job);
}

void disk_format_cancel(struct disk_format_job *job)
{
	if (!job)
		return;
	sd_event_source_disable_unref(job->timer);
	free(job);
}

const struct disk_use_paths disk_use_paths;

int disk_use_check(const struct disk_use_paths *paths [[maybe_unused]], const char *name,
		   char **ret_why)
{
	if (strcmp(name, "sdf") != 0)
		return 0;
	*ret_why = text_format("/dev/sdf1 is mounted at /mnt");
	return -EBUSY;
}

/* --- host/host-volumes.h, host/program-replace.h --- */

int host_check_format(const struct host *, const char *disk, const char **, struct error *error)
{
	return strcmp(disk, "sde") == 0
		       ? error_set(error, ERROR_BUSY, "/dev/sde is what this host was loaded from")
		       : 0;
}

struct program_replace {
	bool good;
	program_replace_done_t done;
	void *userdata;
	sd_event_source *timer;
};

static int stub_on_reloaded(sd_event_source *, uint64_t, void *userdata)
{
	struct program_replace job = *(struct program_replace *)userdata;

	program_replace_cancel(userdata);
	job.done(job.good ? 0 : -ENOEXEC, job.good ? "hostd 1.3" : "it is another program",
		 job.userdata);
	return 0;
}

void program_replace_cancel(struct program_replace *job)
{
	if (!job)
		return;
	sd_event_source_disable_unref(job->timer);
	free(job);
}

void program_replace_clean(const char *)
{
}

/* What begins with "GOOD" is tried for a moment and taken, with "SLOW" for longer and refused. */
int program_replace_start(sd_event *event, const char *, const char *, int source_fd,
			  program_replace_done_t done, void *userdata, char **ret_why,
			  struct program_replace **ret_job)
{
	char magic[4] = "";
	ssize_t n = pread(source_fd, magic, sizeof(magic), 0);
	bool good = n == sizeof(magic) && memcmp(magic, "GOOD", sizeof(magic)) == 0;
	bool slow = n == sizeof(magic) && memcmp(magic, "SLOW", sizeof(magic)) == 0;
	struct program_replace *job = NULL;

	if (!good && !slow) {
		*ret_why = text_format("it is no program (no ELF file)");
		return -ENOEXEC;
	}
	job = calloc(1, sizeof(*job));
	if (!job)
		abort();
	*job = (struct program_replace){ .good = good, .done = done, .userdata = userdata };
	*ret_job = job;
	return sd_event_add_time_relative(event, &job->timer, CLOCK_MONOTONIC,
					  slow ? 1000000 : STUB_FAST_USEC, 1000, stub_on_reloaded,
					  job);
}

/* --- guests that are kept --- */

/* What the data volume brings when it comes. */
static void stub_add_found(void)
{
	_cleanup_(text_list_done) struct text_list names = {};
	int root_fd = host_store_root(&stub.host, GUEST_ORIGIN_DATA);

	if (root_fd >= 0)
		(void)guest_store_list(root_fd, &names);
	for (size_t i = 0; i < names.count; i++) {
		_cleanup_free_ char *text = NULL;

		if (!guests_find(&stub.all, names.items[i]) &&
		    guest_store_load(root_fd, names.items[i], &text) >= 0)
			(void)stub_define(text, GUEST_ORIGIN_DATA, GUEST_STATE_STOPPED);
	}
}
