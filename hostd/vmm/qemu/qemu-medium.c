// SPDX-License-Identifier: GPL-2.0-or-later
// The medium of a CD-ROM drive goes, and another comes: each a row of QMP commands, one after the
// other. qemu-argv.h has the names of drives, nodes and fd sets.
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "vmm/qemu/qemu-argv.h"
#include "vmm/qemu/qemu-internal.h"

/* A change under way. QMP answers every command exactly once, also when it is gone, and so ends it.
 */
struct change {
	struct qemu *qemu;
	size_t drive;
	bool force;
	int fd;
	const struct step *step;
	vmm_done_t done;
	void *userdata;
};

static void change_free(struct change *change)
{
	change->qemu->media_changing &= ~(1U << change->drive);
	fd_close(change->fd);
	free(change);
}

/* {KEY: the device's name} and what a step has besides. */
static int device_argument(const struct change *change, sd_json_variant **ret)
{
	char id[16];

	(void)snprintf(id, sizeof(id), "cd%zu", change->drive);
	return sd_json_buildo(ret, SD_JSON_BUILD_PAIR_STRING("id", id));
}

static int open_tray_arguments(const struct change *change, sd_json_variant **ret)
{
	int r = device_argument(change, ret);

	return r < 0 ? r
		     : sd_json_variant_merge_objectbo(
			       ret, SD_JSON_BUILD_PAIR_BOOLEAN("force", change->force));
}

static int node_argument(const struct change *change, sd_json_variant **ret)
{
	char name[24];

	(void)snprintf(name, sizeof(name), "medium%zu", change->drive);
	return sd_json_buildo(ret, SD_JSON_BUILD_PAIR_STRING("node-name", name));
}

static int insert_arguments(const struct change *change, sd_json_variant **ret)
{
	_cleanup_(sd_json_variant_unrefp) sd_json_variant *node = NULL;
	int r = node_argument(change, &node);

	if (r >= 0)
		r = device_argument(change, ret);
	return r < 0 ? r : sd_json_variant_merge_object(ret, node);
}

static int set_argument(const struct change *change, sd_json_variant **ret)
{
	return sd_json_buildo(ret, SD_JSON_BUILD_PAIR_UNSIGNED("fdset-id",
							       QEMU_FDSET_MEDIUM + change->drive));
}

static int medium_arguments(const struct change *change, sd_json_variant **ret)
{
	_cleanup_free_ char *text = qemu_argv_medium(change->drive);

	return text ? sd_json_parse(text, 0, ret, NULL, NULL) : -ENOMEM;
}

/* The last of a row has no command. */
static const struct step {
	const char *command;
	int (*arguments)(const struct change *change, sd_json_variant **ret);
	bool may_fail; /* with a drive that is empty it does */
	bool with_fd;
} steps_out[] = {
	{ "blockdev-open-tray", open_tray_arguments, false, false },
	{ "blockdev-remove-medium", device_argument, false, false },
	{ "blockdev-del", node_argument, true, false },
	{ "remove-fd", set_argument, true, false },
	{},
}, steps_in[] = {
	{ "add-fd", set_argument, false, true },
	{ "blockdev-add", medium_arguments, false, false },
	{ "blockdev-insert-medium", insert_arguments, false, false },
	{ "blockdev-close-tray", device_argument, false, false },
	{},
};

/* QEMU has asked the guest to open it, then. */
static bool is_locked(const struct change *change, const char *error)
{
	return change->step == steps_out && strstr(error, "is locked");
}

/* Who is told may ask for the next change, so this one is over by then. */
static void end(struct change *change_consume, const char *error)
{
	vmm_done_t done = change_consume->done;
	void *userdata = change_consume->userdata;
	bool locked = error && is_locked(change_consume, error);
	_cleanup_free_ char *why =
		error ? text_format("%s: %s", change_consume->step->command, error) : NULL;

	change_free(change_consume);
	if (done)
		done(!error ? 0 : locked ? -EBUSY : -EIO, why ? why : error, userdata);
}

static void on_reply(sd_json_variant *result, const char *error, void *userdata);

/* Sends the command that is next. Returns 0 or -errno. */
static int take_step(struct change *change)
{
	const struct step *step = change->step;
	_cleanup_(sd_json_variant_unrefp) sd_json_variant *arguments = NULL;
	int r = step->arguments(change, &arguments);

	if (r < 0)
		return r;
	if (step->with_fd)
		return qemu_qmp_execute_with_fd(change->qemu->qmp, step->command, arguments,
						take_fd(&change->fd), on_reply, change);
	return qemu_qmp_execute(change->qemu->qmp, step->command, arguments, on_reply, change);
}

static void on_reply(sd_json_variant *, const char *error, void *userdata)
{
	struct change *change = userdata;
	int r = 0;

	/* Without a connection it is not QEMU who says that there was nothing to remove. */
	if (error && (!change->step->may_fail || text_equal(error, QEMU_QMP_CLOSED))) {
		end(change, error);
		return;
	}
	change->step++;
	if (!change->step->command) {
		end(change, NULL);
		return;
	}
	r = take_step(change);
	if (r < 0)
		end(change, strerror(-r));
}

static int begin(struct qemu *qemu, const struct step *steps, size_t drive, bool force,
		 int fd_consume, vmm_done_t done, void *userdata)
{
	_cleanup_fd_ int fd = fd_consume;
	struct change *change = NULL;
	int r = 0;

	if (drive >= 8 * sizeof(qemu->media_changing))
		return -ENODEV;
	if (qemu->media_changing & (1U << drive))
		return -EBUSY;
	change = calloc(1, sizeof(*change));
	if (!change)
		return -ENOMEM;
	*change = (struct change){ .qemu = qemu,
				   .drive = drive,
				   .force = force,
				   .fd = take_fd(&fd),
				   .step = steps,
				   .done = done,
				   .userdata = userdata };
	qemu->media_changing |= 1U << drive;
	r = take_step(change);
	if (r < 0)
		change_free(change);
	return r < 0 ? r : 0;
}

int qemu_add_device(struct vmm *vmm, const struct vmm_device *device, vmm_done_t done,
		    void *userdata)
{
	if (device->kind == VMM_DEVICE_MEDIUM)
		return begin(qemu_of(vmm), steps_in, device->index, false, device->fds[0], done,
			     userdata);
	fd_close(device->fds[0]);
	fd_close(device->fds[1]);
	return -EOPNOTSUPP;
}

int qemu_remove_device(struct vmm *vmm, enum vmm_device_kind kind, size_t index, bool force,
		       vmm_done_t done, void *userdata)
{
	return kind == VMM_DEVICE_MEDIUM
		       ? begin(qemu_of(vmm), steps_out, index, force, -EBADF, done, userdata)
		       : -EOPNOTSUPP;
}
