// SPDX-License-Identifier: GPL-2.0-or-later
// A guest that another hostd left: known again by its record, or by its process alone. Whatever the
// record is, it is not what a running guest ends by.
#include <string.h>

#include "base/log.h"
#include "base/text.h"
#include "guest/guest-internal.h"
#include "process/guest-process.h"

static int new_guest(struct guests *guests, struct guest **ret_guest)
{
	struct guest *guest = calloc(1, sizeof(*guest));

	if (!guest)
		return -ENOMEM;
	guest->guests = guests;
	guest->pidfd = -EBADF;
	*ret_guest = guest;
	return 0;
}

int guest_new_without_record(struct guests *guests, const struct guest_config *config,
			     struct guest **ret_guest)
{
	_cleanup_(guest_freep) struct guest *guest = NULL;
	int r = new_guest(guests, &guest);

	if (r >= 0)
		r = guest_config_copy(config, &guest->record.config);
	if (r < 0)
		return r;
	guest->config = guest->record.config;
	*ret_guest = take_ptr(guest);
	return 0;
}

bool guest_error_passes(int error)
{
	return error == -ENOMEM || error == -EMFILE || error == -ENFILE;
}

static int find_process(const char *name, struct guest_record *record)
{
	struct guest_process_found found = {};
	int r = guest_process_find(name, &found);

	if (r < 0)
		return r;
	record->process.pid = found.pid;
	record->process.start_time = found.start_time;
	record->index = found.index;
	return 0;
}

/* A name, and nothing that is known of it. */
static int make_config(const char *name, struct guest_config **ret_config)
{
	_cleanup_(config_mistakes_done) struct config_mistakes mistakes = {};
	_cleanup_free_ char *text = text_format("guest \"%s\" {}", name);

	return text ? guest_config_read(text, ret_config, &mistakes) : -ENOMEM;
}

/* Its life by the kernel's word: it runs, since then, or it does not. */
static int live_by_process(const char *name, struct guest_record *record)
{
	uint64_t ticks = (uint64_t)sysconf(_SC_CLK_TCK);
	int r = find_process(name, record);

	if (r < 0 && r != -ESRCH)
		return r;
	record->life = (struct guest_life){ .state = GUEST_STATE_STOPPED };
	if (r == -ESRCH) {
		record->process.pid = 0;
		guest_record_own(record);
		return 0;
	}
	record->life.state = GUEST_STATE_RUNNING;
	record->life.started_usec = record->process.start_time * 1000000 / ticks;
	record->foreign = true;
	return 0;
}

/* There is no record, or none that can be read: error says why. */
static int know_by_process(const char *name, int error, struct guest_record *record)
{
	int r = live_by_process(name, record);

	if (r < 0)
		return r;
	if (record->process.pid == 0) {
		if (error != -ENOENT)
			log_warning("guests",
				    "%s: its record cannot be read (%s), and nothing runs of it",
				    name, strerror(-error));
		return -ENOENT;
	}
	record->origin = GUEST_ORIGIN_RECORD;
	if (error == -ENOENT)
		record->unknown = strdup("its record is gone");
	else if (error == -EBADMSG)
		record->unknown = strdup("its record is not understood");
	else
		record->unknown = text_format("its record cannot be read: %s", strerror(-error));
	return record->unknown ? make_config(name, &record->config) : -ENOMEM;
}

static int load(const struct guests *guests, const char *name, struct guest_record *record)
{
	int r = guest_record_load(guests->folder_fd, name, record);

	if (guest_error_passes(r))
		return r;
	if (r < 0)
		return know_by_process(name, r, record);
	if (record->foreign)
		return live_by_process(name, record);
	/* hostd ended, or could not write, before the process that it made was in the record. */
	if (guest_state_has_process(record->life.state) && record->process.pid == 0)
		r = find_process(name, record);
	return r == -ESRCH ? 0 : r;
}

int guest_new(struct guests *guests, const char *name, struct guest **ret_guest)
{
	_cleanup_(guest_freep) struct guest *guest = NULL;
	int r = new_guest(guests, &guest);

	if (r >= 0)
		r = load(guests, name, &guest->record);
	if (r < 0)
		return r;
	guest->config = guest->record.config;
	guest->has_record = true;
	if (guest->record.unknown && guest_state_has_process(guest->record.life.state))
		log_warning(guest_subject(guest).text, "left running as it is: %s",
			    guest->record.unknown);
	*ret_guest = take_ptr(guest);
	return 0;
}
