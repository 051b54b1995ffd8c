// SPDX-License-Identifier: GPL-2.0-or-later
// What every file of the guests' driver says and keeps: subject and label, events for clients, the
// record, and that a look at all of them is due.
#include <stdarg.h>
#include <string.h>

#include "base/log.h"
#include "guest/guest-internal.h"

void guest_set_text(char **text, const char *format, ...)
{
	va_list arguments;

	free(*text);
	va_start(arguments, format);
	if (vasprintf(text, format, arguments) < 0)
		*text = NULL;
	va_end(arguments);
}

const struct vmm_type *guest_vmm_type(const struct guest *guest)
{
	const struct guest_record *record = &guest->record;

	return guest_state_has_process(record->life.state) && record->vmm
		       ? record->vmm
		       : guest->guests->environment.vmm;
}

const char *guest_vmm_label(const struct guest *guest)
{
	return vmm_label(guest_vmm_type(guest));
}

struct guest_subject guest_subject(const struct guest *guest)
{
	struct guest_subject subject;

	(void)snprintf(subject.text, sizeof(subject.text), "guest %s", guest->config->name);
	return subject;
}

void guest_tell(const struct guest *guest, const char *kind, const char *detail)
{
	const struct guests_callbacks *callbacks = &guest->guests->callbacks;

	if (callbacks->event)
		callbacks->event(guest, kind, detail, callbacks->userdata);
}

int guest_save(struct guest *guest)
{
	int r = 0;

	if (guest->record.foreign)
		return 0;
	r = guest_record_save(guest->guests->folder_fd, &guest->record);
	if (r < 0)
		log_warning(guest_subject(guest).text,
			    "its record cannot be saved (%s), so a new hostd may not know of it",
			    strerror(-r));
	return r;
}

int guest_refuse_busy_vmm(const struct guest *guest, char **ret_why)
{
	guest_set_text(ret_why, "guest %s does not answer: its %s is busy", guest->config->name,
		       guest_vmm_label(guest));
	return -EAGAIN;
}

void guests_sequence_soon(struct guests *guests)
{
	if (guests->sequence_source)
		return;
	if (sd_event_add_defer(guests->event, &guests->sequence_source, guests->look, guests) < 0)
		return;
	(void)sd_event_source_set_priority(guests->sequence_source, SD_EVENT_PRIORITY_IMPORTANT);
}
