// SPDX-License-Identifier: GPL-2.0-or-later
// The examination and the copying of an image: one child after the other, which the event loop
// watches.
#include <fcntl.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/stat.h>
#include <systemd/sd-json.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "base/text.h"
#include "image-child.h"
#include "image-copy.h"
#include "image-internal.h"
#include "image.h"
#include "process/uids.h"

#define EXAMINE_USEC (60 * 1000000ULL)
#define EXAMINE_CPU_S 30
/* qemu-img check: 0 is clean; leaked clusters cost room and nothing else. */
#define STATUS_CORRUPT 2
#define STATUS_LEAKS 3

/* One child after the other. */
enum phase { PHASE_COPY, PHASE_INFO, PHASE_CHECK };

struct image_job {
	image_done_t done;
	image_progress_t progress; /* or NULL */
	void *userdata;
	sd_event *event;
	enum phase phase;
	enum disk_format format;
	struct image_header header;
	int source_fd, image_fd; /* owned */
	struct stat status; /* the image's own owner and mode */
	bool lent; /* they are changed */
	bool no_image; /* it is only copied */
	char *summary; /* what PHASE_INFO found */
	struct process *process; /* NULL: none is at work */
	sd_event_source *progress_source; /* what the copying child tells; owns the fd */
	sd_event_source *begin;
};

/* qemu-img reads it as others do; where it is closed to them, it is lent to the child's group. The
 * child has no way to another file of it. */
static int lend(struct image_job *job)
{
	if (fstat(job->image_fd, &job->status) < 0)
		return -errno;
	if (job->status.st_mode & S_IROTH)
		return 0;
	job->lent = true;
	if (fchown(job->image_fd, (uid_t)-1, PROCESS_UID_IMAGES) < 0 ||
	    fchmod(job->image_fd, (job->status.st_mode & 07777) | S_IRGRP) < 0)
		return -errno;
	return 0;
}

static void take_back(struct image_job *job)
{
	if (!job->lent)
		return;
	job->lent = false;
	(void)fchmod(job->image_fd, job->status.st_mode & 07777);
	(void)!fchown(job->image_fd, (uid_t)-1, job->status.st_gid);
}

static void job_free(struct image_job *job)
{
	if (!job)
		return;
	sd_event_source_disable_unref(job->begin);
	sd_event_source_disable_unref(job->progress_source);
	process_cancel(job->process);
	take_back(job);
	fd_close(job->source_fd);
	fd_close(job->image_fd);
	free(job->summary);
	sd_event_unref(job->event);
	free(job);
}
DEFINE_CLEANUP(struct image_job *, job_free);

/* The image is its owner's again before they are told. why may be NULL: no memory for it. */
static void conclude(struct image_job *job, int error, const char *why)
{
	take_back(job);
	job->done(error, why ? why : error < 0 ? strerror(-error) : NULL, job->userdata);
	job_free(job);
}

/* A copy of the image, which we write: no limit but the disk's. */
static int copy_in_child(const void *, const char **ret_what)
{
	return image_copy(3, 4, 5, ret_what);
}

/* Of several that have come the last one counts; each is written at once. */
static int on_progress(sd_event_source *source, int fd, uint32_t, void *userdata)
{
	struct image_job *job = userdata;
	uint64_t done[256];
	ssize_t length = read(fd, done, sizeof(done));

	if (length >= (ssize_t)sizeof(done[0]))
		job->progress(done[(size_t)length / sizeof(done[0]) - 1], job->userdata);
	else if (length == 0 || (length < 0 && errno != EAGAIN && errno != EINTR))
		(void)sd_event_source_set_enabled(source, SD_EVENT_OFF);
	return 0;
}

/* *ret_fd is the child's end. */
static int open_progress(struct image_job *job, int *ret_fd)
{
	int ends[2], r = 0;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return -errno;
	r = sd_event_add_io(job->event, &job->progress_source, ends[0], EPOLLIN, on_progress, job);
	if (r >= 0)
		r = sd_event_source_set_io_fd_own(job->progress_source, true);
	else
		fd_close(ends[0]);
	if (r < 0) {
		fd_close(ends[1]);
		return r;
	}
	*ret_fd = ends[1];
	return 0;
}

/* No format is guessed, and no other file is opened, whatever the image says. */
static char *image_options(enum disk_format format)
{
	return text_format("json:{%s,\"file\":{\"driver\":\"file\",\"filename\":\"/%s\","
			   "\"locking\":\"off\"}}",
			   format == DISK_FORMAT_QCOW2 ? "\"driver\":\"qcow2\",\"backing\":null"
						       : "\"driver\":\"raw\"",
			   IMAGE_CHILD_IMAGE);
}

static void on_ended(const struct process_end *end, void *userdata);

static int start_child(struct image_job *job)
{
	const bool copies = job->phase == PHASE_COPY;
	_cleanup_free_ char *options = image_options(job->format);
	char *const argv[] = { "qemu-img", job->phase == PHASE_INFO ? "info" : "check",
			       "--output=json", options, NULL };
	_cleanup_fd_ int progress_fd = -EBADF;
	struct process_fd fds[] = { { job->source_fd, 3 }, { job->image_fd, 4 }, { .number = 5 } };
	const struct process_mount image = { .path = "/" IMAGE_CHILD_IMAGE, .fd = job->image_fd };
	struct image_child child;
	int r = 0;

	if (!options)
		return -ENOMEM;
	if (copies && job->progress)
		r = open_progress(job, &progress_fd);
	if (r < 0)
		return r;
	fds[2].fd = progress_fd;
	image_child_prepare(&child, copies ? NULL : image_child_get_paths()->qemu_img,
			    copies ? UINT64_MAX : 0, copies ? 0 : EXAMINE_CPU_S);
	if (copies) {
		child.spec.run = copy_in_child;
		child.spec.fds = fds;
		child.spec.fd_count = progress_fd < 0 ? ELEMENTS(fds) - 1 : ELEMENTS(fds);
	} else {
		child.spec.argv = argv;
		child.spec.deadline_usec = EXAMINE_USEC;
		child.root.mounts = &image;
		child.root.mount_count = 1;
	}
	return process_start(job->event, &child.spec, on_ended, job, &job->process);
}

static void start_phase(struct image_job *job, enum phase phase)
{
	_cleanup_free_ char *why = NULL;
	int r = 0;

	job->phase = phase;
	if (phase == PHASE_INFO) {
		r = image_read_header(job->image_fd, job->format, &job->header, &why);
		if (r == 0 && job->format == DISK_FORMAT_AUTO)
			r = image_detect(job->image_fd, &job->format);
		if (r == 0)
			r = lend(job);
		if (r < 0) {
			conclude(job, r, why);
			return;
		}
	}
	r = start_child(job);
	if (r < 0) {
		why = text_format("%s: %s",
				  phase == PHASE_COPY ? "it cannot be copied"
						      : "qemu-img cannot be run",
				  strerror(-r));
		conclude(job, r, why);
	}
}

/* "qemu-img: Could not open 'json:{…}': WHY", and of our names for things nothing. */
static char *qemu_img_error(const struct process_end *end)
{
	_cleanup_free_ char *line = process_end_last_line(end);
	const char *why = line ? strstr(line, "}': ") : NULL;

	if (!line)
		return NULL;
	return text_format("qemu-img: %s", why ? why + strlen("}': ") : line);
}

/* Once more what the header was asked for: two readers of one file may read two things. */
static int judge_info(struct image_job *job, sd_json_variant *info, char **ret_why)
{
	static const char *const refused[] = { "backing-filename", "full-backing-filename" };
	sd_json_variant *data =
		sd_json_variant_by_key(sd_json_variant_by_key(info, "format-specific"), "data");
	char size[TEXT_BYTES_MAX], used[TEXT_BYTES_MAX];

	for (size_t i = 0; i < ELEMENTS(refused); i++)
		if (sd_json_variant_by_key(info, refused[i])) {
			*ret_why = text_format("qemu-img finds a file below it");
			return -EINVAL;
		}
	if (sd_json_variant_by_key(data, "data-file")) {
		*ret_why = text_format("qemu-img finds its data in another file");
		return -EINVAL;
	}
	if (sd_json_variant_boolean(sd_json_variant_by_key(info, "encrypted"))) {
		*ret_why = text_format("qemu-img finds it encrypted");
		return -EINVAL;
	}
	if (json_unsigned(info, "virtual-size") != job->header.virtual_bytes) {
		*ret_why = text_format("qemu-img finds a disk of another size");
		return -EINVAL;
	}
	(void)text_from_bytes(job->header.virtual_bytes, size);
	(void)text_from_bytes(json_unsigned(info, "actual-size"), used);
	job->summary = text_format("%s, %s, uses %s%s", disk_format_name(job->format), size, used,
				   job->header.dirty ? ", was not closed cleanly" : "");
	return 0;
}

static int end_info(struct image_job *job, const struct process_end *end, char **ret_why)
{
	_cleanup_(sd_json_variant_unrefp) sd_json_variant *info = NULL;
	int r = 0;

	if (end->status != 0) {
		*ret_why = qemu_img_error(end);
		return -EINVAL;
	}
	r = end->output ? sd_json_parse(end->output, 0, &info, NULL, NULL) : -ENOMEM;
	if (r == -ENOMEM)
		return r;
	if (r < 0 || !sd_json_variant_is_object(info)) {
		*ret_why = text_format("what qemu-img says is not understood");
		return -EINVAL;
	}
	return judge_info(job, info, ret_why);
}

static int end_check(const struct process_end *end, char **ret_why)
{
	_cleanup_(sd_json_variant_unrefp) sd_json_variant *result = NULL;

	if (end->status == 0 || end->status == STATUS_LEAKS)
		return 0;
	if (end->status == STATUS_CORRUPT && end->output &&
	    sd_json_parse(end->output, 0, &result, NULL, NULL) >= 0)
		*ret_why = text_format("damaged or truncated: qemu-img check finds %llu errors",
				       (unsigned long long)json_unsigned(result, "corruptions"));
	else
		*ret_why = qemu_img_error(end);
	return -EINVAL;
}

static int end_copy(const struct process_end *end, char **ret_why)
{
	if (end->status == 0)
		return 0;
	*ret_why = process_end_last_line(end);
	return end->status == PROCESS_NO_SPACE ? -ENOSPC : -EIO;
}

/* A killed child says nothing: it was over its limits, or qemu-img is broken. */
static int end_phase(struct image_job *job, const struct process_end *end, char **ret_why)
{
	const char *what = job->phase == PHASE_COPY ? "the copying" : "qemu-img";

	if (end->status == -ETIMEDOUT)
		*ret_why = text_format("qemu-img did not end in a minute");
	if (end->status < 0)
		return end->status;
	if (end->status == PROCESS_NOT_CONFINED) {
		_cleanup_free_ char *line = process_end_last_line(end);

		*ret_why = text_format("%s cannot be confined: %s", what, line ?: "no memory");
		return -EIO;
	}
	if (end->status > 128) {
		*ret_why = text_format("%s was killed by signal %d: over its limits, or broken",
				       what, end->status - 128);
		return -EIO;
	}
	switch (job->phase) {
	case PHASE_COPY:
		return end_copy(end, ret_why);
	case PHASE_INFO:
		return end_info(job, end, ret_why);
	case PHASE_CHECK:
		return end_check(end, ret_why);
	}
	return -EINVAL;
}

static void next_phase(struct image_job *job)
{
	switch (job->phase) {
	case PHASE_COPY:
		if (job->no_image)
			break;
		start_phase(job, PHASE_INFO);
		return;
	case PHASE_INFO:
		/* Of one that was not closed the counts are wrong, and are made right by QEMU. */
		if (job->format == DISK_FORMAT_QCOW2 && !job->header.dirty) {
			start_phase(job, PHASE_CHECK);
			return;
		}
		break;
	case PHASE_CHECK:
		break;
	}
	conclude(job, 0, job->summary);
}

static void on_ended(const struct process_end *end, void *userdata)
{
	struct image_job *job = userdata;
	_cleanup_free_ char *why = NULL;
	int r = 0;

	job->process = NULL;
	r = end_phase(job, end, &why);
	if (r < 0)
		conclude(job, r, why);
	else
		next_phase(job);
}

static int on_begin(sd_event_source *, void *userdata)
{
	struct image_job *job = userdata;

	job->begin = sd_event_source_disable_unref(job->begin);
	start_phase(job, job->phase);
	return 0;
}

static int start_job(sd_event *event, int source_fd, int image_fd, enum disk_format format,
		     image_done_t done, void *userdata, struct image_job **ret_job)
{
	_cleanup_(job_freep) struct image_job *job = calloc(1, sizeof(*job));
	int r = 0;

	if (!job)
		return -ENOMEM;
	job->done = done;
	job->userdata = userdata;
	job->event = sd_event_ref(event);
	job->format = format;
	job->phase = source_fd >= 0 ? PHASE_COPY : PHASE_INFO;
	job->source_fd = -EBADF;
	job->image_fd = fcntl(image_fd, F_DUPFD_CLOEXEC, 3);
	if (job->image_fd < 0)
		return -errno;
	if (source_fd >= 0) {
		job->source_fd = fcntl(source_fd, F_DUPFD_CLOEXEC, 3);
		if (job->source_fd < 0)
			return -errno;
	}
	r = sd_event_add_defer(event, &job->begin, on_begin, job);
	if (r < 0)
		return r;
	*ret_job = take_ptr(job);
	return 0;
}

int image_examine(sd_event *event, int fd, enum disk_format format, image_done_t done,
		  void *userdata, struct image_job **ret_job)
{
	return start_job(event, -EBADF, fd, format, done, userdata, ret_job);
}

/* What a stranger hands over may be a pipe, or a device. */
static int check_regular(int fd)
{
	struct stat status;

	if (fstat(fd, &status) < 0)
		return -errno;
	if (!S_ISREG(status.st_mode))
		return S_ISDIR(status.st_mode) ? -EISDIR : -EMEDIUMTYPE;
	return 0;
}

int image_import_file(sd_event *event, int source_fd, int target_fd, image_done_t done,
		      void *userdata, struct image_job **ret_job)
{
	int r = check_regular(source_fd);

	if (r == 0)
		r = start_job(event, source_fd, target_fd, DISK_FORMAT_RAW, done, userdata,
			      ret_job);
	if (r == 0)
		(*ret_job)->no_image = true;
	return r;
}

int image_import(sd_event *event, int source_fd, int target_fd, enum disk_format format,
		 image_done_t done, void *userdata, struct image_job **ret_job)
{
	int r = check_regular(source_fd);

	if (r < 0)
		return r;
	return start_job(event, source_fd, target_fd, format, done, userdata, ret_job);
}

void image_job_report(struct image_job *job, image_progress_t progress)
{
	job->progress = progress;
}

void image_job_cancel(struct image_job *job)
{
	job_free(job);
}
