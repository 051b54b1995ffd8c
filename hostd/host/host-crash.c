// SPDX-License-Identifier: GPL-2.0-or-later
// Panics of the boots before this one: told, kept, and ended when they come in a row.
#include "host-crash.h"

#include <inttypes.h>
#include <string.h>

#include "base/log.h"
#include "host-internal.h"
#include "machine/crash.h"

#define PANIC_TIMEOUT_S "30" /* as cmdline.txt and kernel.config have it */

/* This boot has lasted: the next panic is the first one of a row again. */
static int on_lasted(sd_event_source *, uint64_t, void *userdata)
{
	const struct host *host = userdata;
	int r = crash_forget("");

	if (r < 0)
		log_warning("host", "the panic cannot be removed from the firmware: %s",
			    strerror(-r));
	r = crash_set_timeout("", host->panic_timeout ? host->panic_timeout : PANIC_TIMEOUT_S);
	if (r < 0)
		log_warning("host", "after a panic the machine stays halted: %s", strerror(-r));
	return 0;
}

static int wait_until_it_lasts(struct host *host)
{
	sd_event_source *source = NULL;
	int r = sd_event_add_time(host->event, &source, CLOCK_BOOTTIME, CRASH_LOOP_USEC, 0,
				  on_lasted, host);

	if (r >= 0)
		r = sd_event_source_set_floating(source, true);
	sd_event_source_unref(source);
	return r < 0 ? r : 0;
}

static void tell(const struct crash_summary *summary)
{
	if (summary->panics == 0)
		log_warning("host", "the kernel of an earlier boot reported a fault of its own; "
				    "mvirt host crash shows it");
	else if (summary->panics == 1)
		log_error("host", "the last boot ended in a panic: %s; mvirt host crash shows it",
			  summary->why);
	else
		log_error("host",
			  "the last %zu boots ended in a panic: %s; mvirt host crash shows it",
			  summary->panics, summary->why);
	if (crash_halts(""))
		log_error("host", "if this one does within %" PRIu64 " min, the machine halts",
			  CRASH_LOOP_USEC / 60000000);
}

void host_take_crashes(struct host *host)
{
	_cleanup_(crash_summary_done) struct crash_summary summary = {};
	int r = crash_take("", &summary);

	if (summary.is_new)
		tell(&summary);
	if (r >= 0 && summary.taken > 0)
		r = wait_until_it_lasts(host);
	if (r < 0)
		log_warning("host", "panics of earlier boots: %s", strerror(-r));
}

void host_keep_crashes(int data_fd)
{
	int r = crash_keep("", data_fd);

	if (r < 0)
		log_warning("data", "what was said before a panic cannot be kept: %s",
			    strerror(-r));
}
