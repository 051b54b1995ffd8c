// SPDX-License-Identifier: GPL-2.0-or-later
// Another version of a program of ours: copied by one child, tried by another, then renamed.
#include "program-replace.h"

#include <fcntl.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/stat.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "storage/image/image-child.h"
#include "storage/image/image-copy.h"

#define PROGRAM_BYTES_MAX (64 << 20)
#define TRY_USEC (10 * 1000000ULL)
#define TRY_CPU_S 5
#define KILLED_MS 100
#define SUFFIX ".new" /* until it is put in place */

struct program_replace {
	sd_event *event;
	program_replace_done_t done;
	void *userdata;
	char *path, *target, *new_path;
	const char *name; /* in path */
	bool trying; /* it is copied */
	bool late; /* over its time, and killed */
	int source_fd, copy_fd; /* owned */
	struct image_child child;
	sd_event_source *ended, *timer;
};

static const char *name_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* A name that no PATH finds by mistake. */
static char *new_path_of(const char *path)
{
	const char *name = name_of(path);

	return text_format("%.*s.%s" SUFFIX, (int)(name - path), path, name);
}

static void end_child(struct program_replace *job)
{
	job->ended = sd_event_source_disable_unref(job->ended);
	job->timer = sd_event_source_disable_unref(job->timer);
	if (job->child.pid > 0) {
		image_child_kill(&job->child);
		(void)image_child_wait(&job->child, KILLED_MS);
		(void)image_child_reap(&job->child);
	}
	image_child_done(&job->child);
}

/* What was not renamed goes. */
static void job_free(struct program_replace *job)
{
	if (!job)
		return;
	end_child(job);
	fd_close(job->source_fd);
	fd_close(job->copy_fd);
	if (job->new_path)
		(void)unlink(job->new_path);
	free(job->path);
	free(job->target);
	free(job->new_path);
	sd_event_unref(job->event);
	free(job);
}
DEFINE_CLEANUP(struct program_replace *, job_free);

void program_replace_cancel(struct program_replace *job)
{
	job_free(job);
}

void program_replace_clean(const char *path)
{
	_cleanup_free_ char *new_path = new_path_of(path);

	if (new_path)
		(void)unlink(new_path);
}

static void conclude(struct program_replace *job_consume, int error, const char *text)
{
	program_replace_done_t done = job_consume->done;
	void *userdata = job_consume->userdata;
	_cleanup_free_ char *kept = text ? strdup(text) : NULL;

	job_free(job_consume);
	done(error, kept ? kept : strerrordesc_np(error < 0 ? -error : ENOMEM), userdata);
}

/* --- the children --- */

static int copy_in_child(const char **ret_what)
{
	return image_copy(3, 4, ret_what);
}

static int on_ended(sd_event_source *source, int fd, uint32_t revents, void *userdata);

/* on_ended() comes when it is gone. */
static int on_timeout(sd_event_source *, uint64_t, void *userdata)
{
	struct program_replace *job = userdata;

	job->timer = sd_event_source_disable_unref(job->timer);
	job->late = true;
	image_child_kill(&job->child);
	return 0;
}

static int watch(struct program_replace *job)
{
	int r = sd_event_add_io(job->event, &job->ended, job->child.pidfd, EPOLLIN, on_ended, job);

	if (r < 0)
		return r;
	return sd_event_add_time_relative(job->event, &job->timer, CLOCK_MONOTONIC, TRY_USEC, 0,
					  on_timeout, job);
}

static int start_copy(struct program_replace *job)
{
	struct image_child_spec spec = { .work = copy_in_child,
					 .fds = { job->source_fd, job->copy_fd },
					 .fd_count = 2,
					 .image_fd = -EBADF,
					 .output_fd = -EBADF,
					 .write_bytes_max = PROGRAM_BYTES_MAX };
	int r = image_child_start(&spec, &job->child);

	return r < 0 ? r : watch(job);
}

/* Nothing may have it open for writing when it is executed. */
static int start_trying(struct program_replace *job)
{
	char name[64];
	char *const argv[] = { name, "--version", NULL };
	const struct image_child_spec spec = { .program = job->new_path,
					       .argv = argv,
					       .image_fd = -EBADF,
					       .output_fd = -EBADF,
					       .cpu_seconds_max = TRY_CPU_S };
	int r = 0;

	(void)snprintf(name, sizeof(name), "%s", job->name);
	job->source_fd = fd_close(job->source_fd);
	job->copy_fd = fd_close(job->copy_fd);
	job->trying = true;
	r = image_child_start(&spec, &job->child);
	return r < 0 ? r : watch(job);
}

/* "NAME VERSION", in one line of printable text: new string in *ret_line, or false. */
static bool says_its_version(const struct program_replace *job, char **ret_line)
{
	_cleanup_free_ char *text = NULL;
	size_t length = strlen(job->name);

	if (image_child_output(&job->child, &text) < 0 || strncmp(text, job->name, length) != 0 ||
	    text[length] != ' ')
		return false;
	text[strcspn(text, "\n")] = '\0';
	for (const char *c = text; *c; c++)
		if (*c < 0x20 || *c > 0x7e)
			return false;
	*ret_line = take_ptr(text);
	return true;
}

/* Why the child has not done its work: new string or NULL. */
static char *reason_of(const struct program_replace *job, int status)
{
	_cleanup_free_ char *line = image_child_error(&job->child);
	const char *what = job->trying ? "with --version it" : "copying it";

	if (job->late)
		return text_format("%s did not end in %llu seconds", what, TRY_USEC / 1000000);
	if (status == IMAGE_CHILD_NOT_CONFINED)
		return text_format("it cannot be tried: %s", line ? line : "no reason is known");
	if (status > 128)
		return text_format("%s was killed by signal %d", what, status - 128);
	if (!job->trying)
		return text_format("it cannot be copied: %s", line ? line : "no reason is known");
	if (status != 0)
		return text_format("with --version it ended with status %d%s%s", status,
				   line ? ": " : "", line ? line : "");
	return text_format("with --version it does not say \"%s VERSION\": it is another program",
			   job->name);
}

static void finish_trying(struct program_replace *job, const char *version)
{
	if (rename(job->new_path, job->target) < 0) {
		_cleanup_free_ char *why =
			text_format("%s cannot be made: %s", job->target, strerrordesc_np(errno));

		conclude(job, -EIO, why);
		return;
	}
	conclude(job, 0, version);
}

static int on_ended(sd_event_source *, int, uint32_t, void *userdata)
{
	struct program_replace *job = userdata;
	_cleanup_free_ char *version = NULL, *why = NULL;
	int status = image_child_reap(&job->child), r = 0;

	if (status != 0 || job->late || (job->trying && !says_its_version(job, &version))) {
		why = status < 0 ? NULL : reason_of(job, status);
		conclude(job, status < 0 ? status : -ENOEXEC, why);
		return 0;
	}
	if (job->trying) {
		finish_trying(job, version);
		return 0;
	}
	end_child(job);
	r = start_trying(job);
	if (r < 0)
		conclude(job, r, NULL);
	return 0;
}

/* --- the beginning --- */

/* What can be told without running it. */
static int look_at(int fd, char **ret_why)
{
	static const char magic[] = "\177ELF";
	struct stat status;
	char first[sizeof(magic) - 1];
	ssize_t got = 0;

	if (fstat(fd, &status) < 0)
		return -errno;
	if (!S_ISREG(status.st_mode)) {
		*ret_why = text_format("it is not a regular file");
		return -EMEDIUMTYPE;
	}
	got = pread(fd, first, sizeof(first), 0);
	if (got < 0)
		return -errno;
	if (got != sizeof(first) || memcmp(first, magic, sizeof(first)) != 0) {
		*ret_why = text_format("it is no program (no ELF file)");
		return -ENOEXEC;
	}
	if (status.st_size > PROGRAM_BYTES_MAX) {
		*ret_why = text_format("it is larger than %d MiB", PROGRAM_BYTES_MAX >> 20);
		return -EFBIG;
	}
	return 0;
}

static int open_copy(struct program_replace *job)
{
	job->new_path = new_path_of(job->path);
	if (!job->new_path)
		return -ENOMEM;
	(void)unlink(job->new_path);
	job->copy_fd = open(job->new_path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0755);
	if (job->copy_fd < 0)
		return -errno;
	return fchmod(job->copy_fd, 0755) < 0 ? -errno : 0;
}

int program_replace_start(sd_event *event, const char *path, const char *target, int source_fd,
			  program_replace_done_t done, void *userdata, char **ret_why,
			  struct program_replace **ret_job)
{
	_cleanup_(job_freep) struct program_replace *job = NULL;
	int r = look_at(source_fd, ret_why);

	if (r < 0)
		return r;
	job = calloc(1, sizeof(*job));
	if (!job)
		return -ENOMEM;
	*job = (struct program_replace){ .event = sd_event_ref(event),
					 .done = done,
					 .userdata = userdata,
					 .source_fd = -EBADF,
					 .copy_fd = -EBADF,
					 .child = IMAGE_CHILD_NONE };
	job->source_fd = fcntl(source_fd, F_DUPFD_CLOEXEC, 3);
	if (job->source_fd < 0)
		return -errno;
	job->path = strdup(path);
	job->target = strdup(target);
	if (!job->path || !job->target)
		return -ENOMEM;
	job->name = name_of(job->path);
	r = open_copy(job);
	if (r >= 0)
		r = start_copy(job);
	if (r < 0)
		return r;
	*ret_job = take_ptr(job);
	return 0;
}
