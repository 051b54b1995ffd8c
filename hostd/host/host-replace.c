// SPDX-License-Identifier: GPL-2.0-or-later
// Another hostd: tried, put in place, and what PID 1 is told of it.
#include "host-replace.h"

#include <string.h>

#include "base/log.h"
#include "host-create.h"
#include "host-format.h"
#include "host-internal.h"
#include "program-replace.h"

/* What is agreed with PID 1 (init.c, which includes nothing): the image's hostd, never touched. */
#define INIT_HOSTD "/usr/bin/hostd"
/*
 * Behind that name. A hostd that is put in place is TRIAL. PID 1 starts it, and it renames itself
 * to REPLACED when it answers. One that ends before, or has not done it in 30 s, is removed by PID
 * 1, which starts what was there before, REPLACED or the image's, and leaves an empty file FAILED.
 * So it does with a REPLACED one that ends five times in a row without ever running for ten
 * minutes.
 */
#define INIT_TRIAL ".trial"
#define INIT_REPLACED ".replaced"
#define INIT_FAILED ".failed"
/* The exit status of one that makes room for TRIAL. After SIGTERM 0 means: all guests have stopped,
 * and with any other status PID 1 starts another, which gets SIGTERM at once. */
#define INIT_EXIT_REPLACED 3

/* r is 0, and text the new one's version; or -errno, and text why not. */
static void finish(struct host *host, int r, const char *text)
{
	_cleanup_(error_done) struct error error = {};
	host_replaced_t done = host->replaced;

	host->replacement = NULL;
	host->replaced = NULL;
	if (r < 0) {
		(void)error_set(&error, error_kind_of(r), "hostd is not replaced: %s", text);
		log_warning("host", "%s", error.reason ? error.reason : text);
	} else {
		log_notice("host", "%s takes over", text);
	}
	done(text, r < 0 ? &error : NULL, host->replaced_userdata);
}

/* The answer is sent on the way out of the event loop; PID 1 starts what is in place then. */
static void on_replaced(int r, const char *text, void *userdata)
{
	struct host *host = userdata;

	finish(host, r, text);
	if (r == 0 && !host->stopping)
		(void)sd_event_exit(host->event, INIT_EXIT_REPLACED);
}

/* What would be undone by this one's end. */
static int check(const struct host *host, struct error *error)
{
	if (host->replaced)
		return error_set(error, ERROR_BUSY, "hostd is being replaced already");
	if (host_is_being_created(host, NULL))
		return error_set(error, ERROR_BUSY,
				 "a guest is being created: try again after that");
	if (host_is_formatting(host))
		return error_set(error, ERROR_BUSY,
				 "a disk is being formatted: try again after that");
	return 0;
}

int host_replace(struct host *host, int hostd_fd, host_replaced_t done, void *userdata,
		 struct error *error)
{
	char *why = NULL;
	int r = check(host, error);

	if (r < 0)
		return r;
	if (host->stopping) {
		r = error_set(error, ERROR_NOT_NOW, "the machine is going down");
	} else {
		r = program_replace_start(host->event, INIT_HOSTD, INIT_HOSTD INIT_TRIAL, hostd_fd,
					  on_replaced, host, &why, &host->replacement);
		(void)error_take(error, r, why);
	}
	if (r < 0)
		return error_prefix(error, r, "hostd is not replaced");
	host->replaced = done;
	host->replaced_userdata = userdata;
	return 0;
}

bool host_replace_failed(const struct host *host)
{
	return host->replace_failed;
}

void host_replace_cancel(struct host *host)
{
	program_replace_cancel(take_ptr(host->replacement));
	if (host->replaced)
		finish(host, -ECANCELED, "hostd ends");
}

/* With the lowest priority: what has come until now is answered. */
static int on_answering(sd_event_source *, void *)
{
	if (rename(INIT_HOSTD INIT_TRIAL, INIT_HOSTD INIT_REPLACED) == 0)
		(void)unlink(INIT_HOSTD INIT_FAILED);
	else if (errno != ENOENT)
		log_error("host", "PID 1 cannot be told that this hostd is good: %m");
	return 0;
}

int host_replace_settle(struct host *host)
{
	sd_event_source *source = NULL;
	int r = 0;

	program_replace_clean(INIT_HOSTD);
	host->replace_failed = access(INIT_HOSTD INIT_FAILED, F_OK) == 0 &&
			       access(INIT_HOSTD INIT_TRIAL, F_OK) < 0;
	if (host->replace_failed)
		log_error("host", "the hostd that was to take over did not come up, or did not "
				  "stay: this is the one before it");
	r = sd_event_add_defer(host->event, &source, on_answering, host);
	if (r >= 0)
		r = sd_event_source_set_priority(source, SD_EVENT_PRIORITY_IDLE);
	if (r >= 0)
		r = sd_event_source_set_floating(source, true);
	sd_event_source_unref(source);
	return r < 0 ? r : 0;
}
