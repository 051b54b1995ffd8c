// SPDX-License-Identifier: GPL-2.0-or-later
// The console password: checked by a child, because the hash is slow on purpose; and slower with
// every failure.
#include "host-unlock.h"

#include <crypt.h>
#include <string.h>
#include <time.h>

#include "base/log.h"
#include "host-internal.h"
#include "process/process.h"

/* After the n-th failure in a row the answer takes 2^n s, this at most. */
#define DELAY_SHIFT_MAX 5
#define SECOND_USEC UINT64_C(1000000)
#define PASSWORD_LENGTH_MAX 512
/* What the child ends with. */
#define STATUS_RIGHT 0
#define STATUS_WRONG 1

bool host_needs_password(const struct host *host)
{
	return host->config->console_password;
}

/* reason NULL: it is the password. */
static void finish(struct host_unlock *unlock, enum error_kind kind, const char *reason)
{
	_cleanup_(error_done) struct error error = {};
	host_unlocked_t done = unlock->done;

	process_cancel(take_ptr(unlock->check));
	unlock->delay = sd_event_source_disable_unref(unlock->delay);
	unlock->done = NULL;
	if (reason)
		(void)error_set(&error, kind, "%s", reason);
	if (done)
		done(reason ? &error : NULL, unlock->userdata);
}

void host_unlock_cancel(struct host *host)
{
	finish(&host->unlock, ERROR_NOT_NOW, "hostd ends");
}

static int on_delay(sd_event_source *source [[maybe_unused]], uint64_t now_usec [[maybe_unused]],
		    void *userdata)
{
	finish(userdata, ERROR_DENIED, "That is not the console password");
	return 0;
}

static void fail(struct host *host)
{
	struct host_unlock *unlock = &host->unlock;
	unsigned int shift =
		unlock->failures < DELAY_SHIFT_MAX ? unlock->failures : DELAY_SHIFT_MAX;

	unlock->failures++;
	log_warning("console", "a wrong password was typed%s",
		    unlock->failures > 1 ? ", again" : "");
	if (sd_event_add_time_relative(host->event, &unlock->delay, CLOCK_MONOTONIC,
				       SECOND_USEC << shift, SECOND_USEC / 10, on_delay,
				       unlock) < 0)
		finish(unlock, ERROR_FAILED, "The password cannot be checked");
}

static void on_checked(const struct process_end *end, void *userdata)
{
	struct host *host = userdata;

	host->unlock.check = NULL;
	if (end->status != STATUS_RIGHT) {
		fail(host);
		return;
	}
	host->unlock.failures = 0;
	finish(&host->unlock, ERROR_NONE, NULL);
}

/* Every byte is compared, whatever differs first. */
static bool is_right(const char *password, const char *hash)
{
	const char *made = crypt(password, hash);
	size_t length = strlen(hash);
	unsigned char differs = 0;

	if (!made || strlen(made) != length)
		return false;
	for (size_t i = 0; i < length; i++)
		differs |= (unsigned char)(made[i] ^ hash[i]);
	return differs == 0;
}

struct question {
	const char *password, *hash;
};

static int check_in_child(const void *data, const char **)
{
	const struct question *question = data;

	return is_right(question->password, question->hash) ? STATUS_RIGHT : STATUS_WRONG;
}

int host_unlock(struct host *host, const char *password, host_unlocked_t done, void *userdata,
		struct error *error)
{
	const struct question question = { password, host->config->console_password };
	const struct process_spec spec = { .name = "hostd-password",
					   .run = check_in_child,
					   .data = &question };
	int r = 0;

	if (!host_needs_password(host)) {
		done(NULL, userdata);
		return 0;
	}
	if (!password)
		return error_set(error, ERROR_DENIED, "The console password is needed");
	if (strlen(password) > PASSWORD_LENGTH_MAX)
		return error_set(error, ERROR_DENIED, "That is not the console password");
	if (host->unlock.done)
		return error_set(error, ERROR_BUSY,
				 "A password is being checked: try again in some seconds");
	r = process_start(host->event, &spec, on_checked, host, &host->unlock.check);
	if (r < 0)
		return r;
	host->unlock.done = done;
	host->unlock.userdata = userdata;
	return 0;
}
