// SPDX-License-Identifier: GPL-2.0-or-later
// libblkid's superblock probing in a child without privileges.
#include "disk-probe.h"

#include <signal.h>
#include <string.h>
#include <sys/prctl.h>

#include "base/cleanup.h"
#include "disk-content.h"
#include "process/process.h"
#include "process/uids.h"

#define ANSWER_USEC (5 * UINT64_C(1000000))

struct disk_probe {
	disk_probe_done_t done;
	void *userdata;
	struct process *process;
};

/* What the child is given. */
struct question {
	const char *node;
	const struct loader *loader;
};

/* The bytes on a disk are a stranger's, so who reads them owns nothing. On a host this cannot fail,
 * and where it does (a build's user namespace) there is nothing to drop. */
static void drop_privileges(void)
{
	(void)confine_change_user(PROCESS_UID_NOBODY);
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
}

static int probe_in_child(const void *data, const char **ret_what)
{
	const struct question *question = data;
	struct disk_content content = {};
	int fd = disk_content_open(question->node, &content);

	if (fd >= 0) {
		drop_privileges();
		disk_content_read(fd, question->loader, &content);
	}
	if (write(STDOUT_FILENO, &content, sizeof(content)) == (ssize_t)sizeof(content))
		return 0;
	*ret_what = "answering";
	return -EIO;
}

/* Makes strings of what came, whatever came. */
static void terminate(struct disk_content *content)
{
	content->label[sizeof(content->label) - 1] = '\0';
	content->type[sizeof(content->type) - 1] = '\0';
	content->uuid[sizeof(content->uuid) - 1] = '\0';
	content->skipped[sizeof(content->skipped) - 1] = '\0';
}

static void on_ended(const struct process_end *end, void *userdata)
{
	_cleanup_free_ struct disk_probe *probe = userdata;
	struct disk_content content = { .skipped = "cannot be probed" };

	if (end->status == -ETIMEDOUT)
		content = (struct disk_content){ .skipped = "does not answer" };
	else if (end->output && end->output_length == sizeof(content))
		memcpy(&content, end->output, sizeof(content));
	terminate(&content);
	probe->done(&content, probe->userdata);
}

void disk_probe_finish(struct disk_probe *probe)
{
	process_finish(probe->process);
}

void disk_probe_cancel(struct disk_probe *probe)
{
	if (!probe)
		return;
	process_cancel(probe->process);
	free(probe);
}

int disk_probe_fd(const struct disk_probe *probe)
{
	return process_pidfd(probe->process);
}

int disk_probe_start(sd_event *event, const char *node, const struct loader *loader,
		     disk_probe_done_t done, void *userdata, struct disk_probe **ret_probe)
{
	static const struct confine_limit limits[] = {
		{ RLIMIT_CORE, 0 },
		{ RLIMIT_FSIZE, sizeof(struct disk_content) },
	};
	const struct question question = { .node = node, .loader = loader };
	const struct process_spec spec = {
		.name = "disk-probe",
		.run = probe_in_child,
		.data = &question,
		.output = PROCESS_KEPT,
		.limits = limits,
		.limit_count = ELEMENTS(limits),
		.deadline_usec = ANSWER_USEC,
	};
	_cleanup_free_ struct disk_probe *probe = calloc(1, sizeof(*probe));
	int r = 0;

	if (!probe)
		return -ENOMEM;
	probe->done = done;
	probe->userdata = userdata;
	r = process_start(event, &spec, on_ended, probe, &probe->process);
	if (r < 0)
		return r;
	*ret_probe = take_ptr(probe);
	return 0;
}
