// SPDX-License-Identifier: GPL-2.0-or-later
// A short-lived child that works on a disk. Its answer is what it writes when it is done.
#include "disk-child.h"

#include <stdarg.h>
#include <string.h>

#include "base/cleanup.h"
#include "process.h"

#define USEC_PER_MS UINT64_C(1000)

struct disk_child {
	disk_child_done_t done;
	void *userdata;
	struct process *process;
};

/* --- in the child --- */

void disk_child_fail(struct disk_child_answer *answer, int error, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	(void)vsnprintf(answer->why, sizeof(answer->why), format, arguments);
	va_end(arguments);
	answer->error = error;
}

static int run(const void *data, const char **ret_what)
{
	const struct disk_child_work *work = data;
	struct disk_child_answer answer = {};

	work->run(work->data, &answer);
	if (write(STDOUT_FILENO, &answer, sizeof(answer)) == (ssize_t)sizeof(answer))
		return 0;
	*ret_what = "its answer cannot be kept";
	return -EIO;
}

int disk_child_execute(const char *const argv[], char *line, size_t line_size)
{
	const struct process_spec spec = {
		.program = argv[0],
		.argv = (char *const *)(uintptr_t)argv,
		.output = PROCESS_WITH_ERRORS,
		.errors = PROCESS_KEPT,
	};
	_cleanup_(process_end_done) struct process_end end = {};
	_cleanup_free_ char *first = NULL;
	int r = process_run(&spec, &end);

	if (r < 0)
		return r;
	first = process_end_first_line(&end);
	(void)snprintf(line, line_size, "%s%s%s", end.status == PROCESS_NOT_CONFINED ? argv[0] : "",
		       end.status == PROCESS_NOT_CONFINED ? " cannot be run: " : "", first ?: "");
	return end.status;
}

/* --- in hostd --- */

static struct process_spec describe(const struct disk_child_work *work)
{
	return (struct process_spec){
		.name = work->name,
		.run = run,
		.data = work,
		.output = PROCESS_KEPT,
		.errors = PROCESS_KEPT,
		.outlives_caller = !work->ends_with_hostd,
	};
}

static void read_answer(const struct process_end *end, struct disk_child_answer *answer)
{
	_cleanup_free_ char *why = NULL;

	if (end->status == 0 && end->output && end->output_length == sizeof(*answer)) {
		memcpy(answer, end->output, sizeof(*answer));
	} else {
		*answer = (struct disk_child_answer){};
		why = end->status < 128 ? process_end_last_line(end) : NULL;
		disk_child_fail(answer, -EIO, "%s",
				why ?: "the process that works on it was killed");
	}
	answer->why[sizeof(answer->why) - 1] = '\0';
}

static void on_ended(const struct process_end *end, void *userdata)
{
	struct disk_child_answer answer;
	_cleanup_free_ struct disk_child *child = userdata;

	read_answer(end, &answer);
	child->done(&answer, child->userdata);
}

void disk_child_cancel(struct disk_child *child)
{
	if (!child)
		return;
	process_cancel(child->process);
	free(child);
}

int disk_child_start(sd_event *event, const struct disk_child_work *work, disk_child_done_t done,
		     void *userdata, struct disk_child **ret_child)
{
	_cleanup_free_ struct disk_child *child = calloc(1, sizeof(*child));
	const struct process_spec spec = describe(work);
	int r = 0;

	if (!child)
		return -ENOMEM;
	child->done = done;
	child->userdata = userdata;
	r = process_start(event, &spec, on_ended, child, &child->process);
	if (r < 0)
		return r;
	*ret_child = take_ptr(child);
	return 0;
}

int disk_child_run(const struct disk_child_work *work, int timeout_ms,
		   struct disk_child_answer *ret_answer)
{
	struct process_spec spec = describe(work);
	_cleanup_(process_end_done) struct process_end end = {};
	int r = 0;

	spec.deadline_usec = (uint64_t)timeout_ms * USEC_PER_MS;
	r = process_run(&spec, &end);
	if (r < 0)
		return r;
	if (end.status == -ETIMEDOUT)
		return end.status;
	read_answer(&end, ret_answer);
	return ret_answer->error;
}
