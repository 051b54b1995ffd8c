// SPDX-License-Identifier: GPL-2.0-or-later
// io.mvirt.Host.BootTimes: how long each step of the boot took.
#include <errno.h>

#include "api-internal.h"
#include "machine/boot-times.h"

int api_method_boot_times(sd_varlink *link, sd_json_variant *parameters [[maybe_unused]],
			  sd_varlink_method_flags_t flags [[maybe_unused]],
			  void *userdata [[maybe_unused]])
{
	struct boot_times times = {};
	struct json_builder answer = {}, phases = {};
	uint64_t start = 0;

	(void)boot_times_read(BOOT_TIMES_FOLDER, &times);
	for (size_t i = 0; i < times.count; i++) {
		struct json_builder phase = {};

		json_add_text(&phase, "name", times.phases[i].name);
		json_add_unsigned(&phase, "startUsec", start);
		json_add_unsigned(&phase, "endUsec", times.phases[i].end_usec);
		json_append_object(&phases, &phase);
		start = times.phases[i].end_usec;
	}
	if (times.before_usec > 0)
		json_add_unsigned(&answer, "beforeKernelUsec", times.before_usec);
	json_add_array(&answer, "phases", &phases);
	return api_client_reply_object(link, &answer);
}
