// SPDX-License-Identifier: GPL-2.0-or-later
// io.mvirt.Host.BootTimes: how long each step of the boot took.
#include <errno.h>

#include "api-internal.h"
#include "machine/boot-times.h"

API_METHOD_DEFINE(api_method_boot_times)
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
	return api_reply_object(link, &answer);
}
