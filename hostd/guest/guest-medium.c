// SPDX-License-Identifier: GPL-2.0-or-later
// Another medium in a CD-ROM drive of a guest that runs: the old one goes, the new one comes.
#include <string.h>

#include "base/log.h"
#include "base/text.h"
#include "guest/guest-internal.h"

/* A change under way. The VMM answers every verb exactly once, also when it is gone, and so ends
 * it.
 */
struct medium_change {
	struct guest *guest;
	size_t drive;
	char *file; /* NULL ejects */
	int fd;
	bool removed; /* the old one */
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

static void tell_done(struct medium_change *change, const char *why)
{
	guest_medium_done_t done = take_ptr(change->done);

	if (done)
		done(why, change->userdata);
}

static char *format_detail(const struct medium_change *change, int error, const char *why)
{
	if (!error)
		return text_format("drive %zu: %s", change->drive,
				   change->file ? change->file : "empty");
	if (error == -EBUSY && !change->removed)
		return text_format(
			"drive %zu: the guest has locked it, and was asked to let it go: "
			"try again, or with force",
			change->drive);
	return text_format("drive %zu: %s", change->drive, why);
}

static void end(struct medium_change *change_consume, int error, const char *why)
{
	const struct guest *guest = change_consume->guest;
	_cleanup_free_ char *detail = format_detail(change_consume, error, why);

	if (error)
		log_error(guest_subject(guest).text, "its medium is not changed: %s",
			  detail ? detail : why);
	else
		log_notice(guest_subject(guest).text, "medium of %s", detail ? detail : "a drive");
	guest_tell(guest, error ? "medium-failed" : "medium", detail);
	tell_done(change_consume, error && detail ? detail : why);
	change_free(change_consume);
}

/* The VMM may still do it; the drive stays busy until it has answered. */
static int on_limit(sd_event_source *, uint64_t, void *userdata)
{
	struct medium_change *change = userdata;
	_cleanup_free_ char *why =
		text_format("drive %zu: %s has not answered in %d s", change->drive,
			    guest_vmm_label(change->guest), GUEST_MEDIUM_LIMIT_S);

	change->limit = sd_event_source_disable_unref(change->limit);
	tell_done(change, why ? why : strerror(ENOMEM));
	return 0;
}

static void on_done(int error, const char *why, void *userdata)
{
	struct medium_change *change = userdata;
	const struct vmm_device medium = { .kind = VMM_DEVICE_MEDIUM,
					   .index = change->drive,
					   .fds = { change->fd, -EBADF } };
	int r = 0;

	if (error < 0 || change->removed || !change->file) {
		end(change, error, why);
		return;
	}
	change->removed = true;
	(void)take_fd(&change->fd);
	r = vmm_add_device(change->guest->vmm, &medium, on_done, change);
	if (r < 0)
		end(change, r, strerror(-r));
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
	if (!guest->vmm_ready)
		return guest_refuse_busy_vmm(guest, ret_why);
	if (guest->media_changing & (1U << drive))
		return refuse(ret_why, -EBUSY, guest, "is changing that medium already");
	return 0;
}

/* Consumes the change when it fails. */
static int begin(struct medium_change *change_consume, bool force)
{
	int r = sd_event_add_time_relative(change_consume->guest->guests->event,
					   &change_consume->limit, CLOCK_MONOTONIC,
					   GUEST_MEDIUM_LIMIT_S * UINT64_C(1000000), 0, on_limit,
					   change_consume);

	change_consume->guest->media_changing |= 1U << change_consume->drive;
	if (r >= 0)
		r = vmm_remove_device(change_consume->guest->vmm, VMM_DEVICE_MEDIUM,
				      change_consume->drive, force, on_done, change_consume);
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
			guest_set_text(ret_why, "%s: %s", file, strerror(-r));
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
					  .fd = take_fd(&fd),
					  .done = done,
					  .userdata = userdata };
	return begin(change, force);
}
