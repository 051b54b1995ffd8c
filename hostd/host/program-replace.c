// SPDX-License-Identifier: GPL-2.0-or-later
// Replaces one of our programs: one child copies the new one, another tries it, then it is renamed.
#include "program-replace.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "storage/image/image-child.h"
#include "storage/image/image-copy.h"

#define PROGRAM_BYTES_MAX (64 << 20)
#define TRY_USEC (10 * 1000000ULL)
#define TRY_CPU_S 5
#define SUFFIX ".new" /* until it is in place */

struct program_replace {
	sd_event *event;
	program_replace_done_t done;
	void *userdata;
	char *path, *target, *new_path;
	const char *name; /* in path */
	bool trying; /* the copy is complete */
	int source_fd, copy_fd; /* owned */
	struct process *process;
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

/* Removes what was not renamed. */
static void job_free(struct program_replace *job)
{
	if (!job)
		return;
	process_cancel(job->process);
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
	done(error, kept ? kept : strerror(error < 0 ? -error : ENOMEM), userdata);
}

/* --- the children --- */

static int copy_in_child(const void *, const char **ret_what)
{
	return image_copy(3, 4, -EBADF, ret_what);
}

static void on_ended(const struct process_end *end, void *userdata);

static int start_copy(struct program_replace *job)
{
	const struct process_fd fds[] = { { job->source_fd, 3 }, { job->copy_fd, 4 } };
	struct image_child child;

	image_child_prepare(&child, NULL, PROGRAM_BYTES_MAX, 0);
	child.spec.run = copy_in_child;
	child.spec.fds = fds;
	child.spec.fd_count = ELEMENTS(fds);
	child.spec.deadline_usec = TRY_USEC;
	return process_start(job->event, &child.spec, on_ended, job, &job->process);
}

/* Nobody may have it open for writing when it is executed. */
static int start_trying(struct program_replace *job)
{
	char name[64];
	char *const argv[] = { name, "--version", NULL };
	struct image_child child;

	(void)snprintf(name, sizeof(name), "%s", job->name);
	job->source_fd = fd_close(job->source_fd);
	job->copy_fd = fd_close(job->copy_fd);
	job->trying = true;
	image_child_prepare(&child, job->new_path, 0, TRY_CPU_S);
	child.spec.argv = argv;
	child.spec.deadline_usec = TRY_USEC;
	return process_start(job->event, &child.spec, on_ended, job, &job->process);
}

/* "NAME VERSION", in one line of printable text: new string in *ret_line, or false. */
static bool says_its_version(const struct program_replace *job, const struct process_end *end,
			     char **ret_line)
{
	_cleanup_free_ char *text = end->output ? strdup(end->output) : NULL;
	size_t length = strlen(job->name);

	if (!text || strncmp(text, job->name, length) != 0 || text[length] != ' ')
		return false;
	text[strcspn(text, "\n")] = '\0';
	for (const char *c = text; *c; c++)
		if (*c < 0x20 || *c > 0x7e)
			return false;
	*ret_line = take_ptr(text);
	return true;
}

/* Why the child has failed: new string or NULL. */
static char *reason_of(const struct program_replace *job, const struct process_end *end)
{
	_cleanup_free_ char *line = process_end_last_line(end);
	const int status = end->status;
	const char *what = job->trying ? "with --version it" : "copying it";

	if (status == -ETIMEDOUT)
		return text_format("%s did not end in %llu seconds", what, TRY_USEC / 1000000);
	if (status == PROCESS_NOT_CONFINED)
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
			text_format("%s cannot be made: %s", job->target, strerror(errno));

		conclude(job, -EIO, why);
		return;
	}
	conclude(job, 0, version);
}

static void on_ended(const struct process_end *end, void *userdata)
{
	struct program_replace *job = userdata;
	_cleanup_free_ char *version = NULL, *why = NULL;
	const bool unknown = end->status < 0 && end->status != -ETIMEDOUT;
	int r = 0;

	job->process = NULL;
	if (end->status != 0 || (job->trying && !says_its_version(job, end, &version))) {
		why = unknown ? NULL : reason_of(job, end);
		conclude(job, unknown ? end->status : -ENOEXEC, why);
		return;
	}
	if (job->trying) {
		finish_trying(job, version);
		return;
	}
	r = start_trying(job);
	if (r < 0)
		conclude(job, r, NULL);
}

/* --- the start --- */

/* The checks without running it. */
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
		*ret_why = text_format("it is not a program (no ELF file)");
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
					 .copy_fd = -EBADF };
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
