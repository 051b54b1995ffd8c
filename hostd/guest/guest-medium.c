// SPDX-License-Identifier: GPL-2.0-or-later
// Another medium in a CD-ROM drive of a guest that runs: the row of QMP commands of qemu-argv.h,
// one after the other.
#include <string.h>

#include "base/log.h"
#include "base/text.h"
#include "guest/guest-internal.h"
#include "vmm/qemu/qemu-argv.h"

/* A change under way. QMP answers every command exactly once, also when it is gone, and so ends it.
 */
struct medium_change {
	struct guest *guest;
	size_t drive;
	char *file; /* NULL ejects */
	bool force;
	int fd;
	size_t step;
	guest_medium_done_t done; /* NULL: it was told that it takes too long */
	void *userdata;
	sd_event_source *limit;
};

static void change_free(struct medium_change *change)
{
	change->guest->media_changing &= ~(1U << change->drive);
	sd_event_source_disable_unref(change->limit);
	fd_close(change->fd);
	free(change->file);
	free(change);
}

/* {KEY: the device's name} and what a step has besides. */
static int device_argument(const struct medium_change *change, sd_json_variant **ret)
{
	char id[16];

	(void)snprintf(id, sizeof(id), "cd%zu", change->drive);
	return sd_json_buildo(ret, SD_JSON_BUILD_PAIR_STRING("id", id));
}

static int open_tray_arguments(const struct medium_change *change, sd_json_variant **ret)
{
	int r = device_argument(change, ret);

	return r < 0 ? r
		     : sd_json_variant_merge_objectbo(
			       ret, SD_JSON_BUILD_PAIR_BOOLEAN("force", change->force));
}

static int node_argument(const struct medium_change *change, sd_json_variant **ret)
{
	char name[24];

	(void)snprintf(name, sizeof(name), "medium%zu", change->drive);
	return sd_json_buildo(ret, SD_JSON_BUILD_PAIR_STRING("node-name", name));
}

static int insert_arguments(const struct medium_change *change, sd_json_variant **ret)
{
	_cleanup_(sd_json_variant_unrefp) sd_json_variant *node = NULL;
	int r = node_argument(change, &node);

	if (r >= 0)
		r = device_argument(change, ret);
	return r < 0 ? r : sd_json_variant_merge_object(ret, node);
}

static int set_argument(const struct medium_change *change, sd_json_variant **ret)
{
	return sd_json_buildo(ret, SD_JSON_BUILD_PAIR_UNSIGNED("fdset-id",
							       QEMU_FDSET_MEDIUM + change->drive));
}

static int medium_arguments(const struct medium_change *change, sd_json_variant **ret)
{
	_cleanup_free_ char *text = qemu_argv_medium(change->drive);

	return text ? sd_json_parse(text, 0, ret, NULL, NULL) : -ENOMEM;
}

static const struct step {
	const char *command;
	int (*arguments)(const struct medium_change *change, sd_json_variant **ret);
	bool may_fail; /* with a drive that is empty it does */
	bool with_fd;
} steps[] = {
	{ "blockdev-open-tray", open_tray_arguments, false, false },
	{ "blockdev-remove-medium", device_argument, false, false },
	{ "blockdev-del", node_argument, true, false },
	{ "remove-fd", set_argument, true, false },
	/* from here on unless it is only ejected */
	{ "add-fd", set_argument, false, true },
	{ "blockdev-add", medium_arguments, false, false },
	{ "blockdev-insert-medium", insert_arguments, false, false },
	{ "blockdev-close-tray", device_argument, false, false },
};
#define STEPS_OF_EJECT 4

static void tell_done(struct medium_change *change, const char *why)
{
	guest_medium_done_t done = take_ptr(change->done);

	if (done)
		done(why, change->userdata);
}

/* QEMU has asked the guest to open it, then. */
static bool is_locked(const struct medium_change *change, const char *error)
{
	return change->step == 0 && strstr(error, "is locked");
}

static char *format_detail(const struct medium_change *change, const char *error)
{
	if (!error)
		return text_format("drive %zu: %s", change->drive,
				   change->file ? change->file : "empty");
	if (is_locked(change, error))
		return text_format(
			"drive %zu: the guest has locked it, and was asked to let it go: "
			"try again, or with force",
			change->drive);
	return text_format("drive %zu: %s: %s", change->drive, steps[change->step].command, error);
}

static void end(struct medium_change *change_consume, const char *error)
{
	const struct guest *guest = change_consume->guest;
	_cleanup_free_ char *detail = format_detail(change_consume, error);

	if (error)
		log_error(guest_subject(guest).text, "its medium is not changed: %s",
			  detail ? detail : error);
	else
		log_notice(guest_subject(guest).text, "medium of %s", detail ? detail : "a drive");
	guest_tell(guest, error ? "medium-failed" : "medium", detail);
	tell_done(change_consume, error && detail ? detail : error);
	change_free(change_consume);
}

/* QEMU may still do it; the drive stays busy until it has answered. */
static int on_limit(sd_event_source *, uint64_t, void *userdata)
{
	struct medium_change *change = userdata;
	_cleanup_free_ char *why =
		text_format("drive %zu: %s: QEMU has not answered in %d s", change->drive,
			    steps[change->step].command, GUEST_MEDIUM_LIMIT_S);

	change->limit = sd_event_source_disable_unref(change->limit);
	tell_done(change, why ? why : strerrordesc_np(ENOMEM));
	return 0;
}

static void on_reply(sd_json_variant *result, const char *error, void *userdata);

/* Sends the command that is next. Returns 0 or -errno. */
static int take_step(struct medium_change *change)
{
	const struct step *step = &steps[change->step];
	_cleanup_(sd_json_variant_unrefp) sd_json_variant *arguments = NULL;
	int r = step->arguments(change, &arguments);

	if (r < 0)
		return r;
	if (step->with_fd)
		return qemu_qmp_execute_with_fd(change->guest->qmp, step->command, arguments,
						take_fd(&change->fd), on_reply, change);
	return qemu_qmp_execute(change->guest->qmp, step->command, arguments, on_reply, change);
}

static void on_reply(sd_json_variant *, const char *error, void *userdata)
{
	struct medium_change *change = userdata;
	int r = 0;

	/* Without a connection it is not QEMU who says that there was nothing to remove. */
	if (error && (!steps[change->step].may_fail || !change->guest->qmp_ready)) {
		end(change, error);
		return;
	}
	change->step++;
	if (change->step == (change->file ? ELEMENTS(steps) : STEPS_OF_EJECT)) {
		end(change, NULL);
		return;
	}
	r = take_step(change);
	if (r < 0)
		end(change, strerrordesc_np(-r));
}

static int refuse(char **ret_why, int error, const struct guest *guest, const char *why)
{
	guest_set_text(ret_why, "guest %s %s", guest->config->name, why);
	return error;
}

static int check(const struct guest *guest, size_t drive, char **ret_why)
{
	const struct guest_config *running = guest->record.config;

	if (guest->record.life.state != GUEST_STATE_RUNNING || !running)
		return refuse(ret_why, -ESRCH, guest, "is not running: change its definition");
	if (drive >= running->cdrom_count) {
		guest_set_text(ret_why,
			       "guest %s has %zu CD-ROM drive%s, counted from 0: there is no %zu",
			       guest->config->name, running->cdrom_count,
			       running->cdrom_count == 1 ? "" : "s", drive);
		return -ENODEV;
	}
	if (!guest->qmp_ready)
		return refuse(ret_why, -EAGAIN, guest, "does not answer: its QEMU is busy");
	if (guest->media_changing & (1U << drive))
		return refuse(ret_why, -EBUSY, guest, "is changing that medium already");
	return 0;
}

/* Consumes the change when it fails. */
static int begin(struct medium_change *change_consume)
{
	int r = sd_event_add_time_relative(change_consume->guest->guests->event,
					   &change_consume->limit, CLOCK_MONOTONIC,
					   GUEST_MEDIUM_LIMIT_S * UINT64_C(1000000), 0, on_limit,
					   change_consume);

	change_consume->guest->media_changing |= 1U << change_consume->drive;
	if (r >= 0)
		r = take_step(change_consume);
	if (r < 0)
		change_free(change_consume);
	return r < 0 ? r : 0;
}

int guest_change_medium(struct guest *guest, size_t cdrom_index, const char *file, bool force,
			guest_medium_done_t done, void *userdata, char **ret_why)
{
	const struct guests_callbacks *callbacks = &guest->guests->callbacks;
	struct medium_change *change = NULL;
	_cleanup_free_ char *name = NULL;
	_cleanup_fd_ int fd = -EBADF;
	int r = check(guest, cdrom_index, ret_why);

	if (r >= 0 && file)
		r = callbacks->open_file(guest, GUEST_FILE_CDROM, file, &fd, ret_why,
					 callbacks->userdata);
	if (r < 0) {
		if (file && !*ret_why)
			guest_set_text(ret_why, "%s: %s", file, strerrordesc_np(-r));
		return r;
	}
	name = file ? strdup(file) : NULL;
	change = calloc(1, sizeof(*change));
	if (!change || (file && !name)) {
		free(change);
		return -ENOMEM;
	}
	*change = (struct medium_change){ .guest = guest,
					  .drive = cdrom_index,
					  .file = take_ptr(name),
					  .force = force,
					  .fd = take_fd(&fd),
					  .done = done,
					  .userdata = userdata };
	return begin(change);
}
