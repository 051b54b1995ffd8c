// SPDX-License-Identifier: GPL-2.0-or-later
// A bound on what a VMM's messages make hostd write: each line of the log goes to every console,
// and a serial one takes milliseconds for it; each record is a file, each event is sent to every
// client.
#include <inttypes.h>
#include <time.h>

#include "base/log.h"
#include "guest/guest-internal.h"

#define TOLD_MAX 50
#define FORGIVEN_USEC UINT64_C(500000)
#define LOOK_USEC UINT64_C(2000000)
#define LOOK_ACCURACY_USEC UINT64_C(250000)

static void say_untold(struct guest *guest)
{
	log_notice(guest_subject(guest).text, "%" PRIu64 " events of its %s were not told",
		   guest->noise.untold, guest_vmm_label(guest));
	guest->noise.untold = guest->noise.untold_before = 0;
}

/* As long as it goes on, the state is asked for now and then: what was not told may have changed
 * it. */
static int on_look(sd_event_source *source, uint64_t, void *userdata)
{
	struct guest *guest = userdata;
	struct guest_noise *noise = &guest->noise;

	noise->ask(guest);
	if (noise->untold == noise->untold_before) {
		noise->look_source = sd_event_source_disable_unref(noise->look_source);
		say_untold(guest);
		return 0;
	}
	noise->untold_before = noise->untold;
	(void)sd_event_source_set_time_relative(source, LOOK_USEC);
	return sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
}

static void count_untold(struct guest *guest)
{
	struct guest_noise *noise = &guest->noise;

	if (noise->untold++ > 0)
		return;
	log_warning(guest_subject(guest).text,
		    "its %s sends event after event: from now on two a second are told",
		    guest_vmm_label(guest));
	if (sd_event_add_time_relative(guest->guests->event, &noise->look_source, CLOCK_BOOTTIME,
				       LOOK_USEC, LOOK_ACCURACY_USEC, on_look, guest) < 0)
		log_error(guest_subject(guest).text, "no timer for its events");
}

bool guest_may_tell(struct guest *guest)
{
	struct guest_noise *noise = &guest->noise;
	uint64_t now_usec = 0, forgiven = 0;

	(void)sd_event_now(guest->guests->event, CLOCK_BOOTTIME, &now_usec);
	forgiven = (now_usec - noise->then_usec) / FORGIVEN_USEC;
	noise->told = forgiven < noise->told ? noise->told - (unsigned int)forgiven : 0;
	noise->then_usec =
		noise->told == 0 ? now_usec : noise->then_usec + forgiven * FORGIVEN_USEC;
	if (noise->told >= TOLD_MAX) {
		count_untold(guest);
		return false;
	}
	noise->told++;
	return true;
}

void guest_noise_end(struct guest *guest)
{
	guest->noise.look_source = sd_event_source_disable_unref(guest->noise.look_source);
	if (guest->noise.untold > 0)
		say_untold(guest);
}
