/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Everything that is opened for one start of a guest. Shared by guest-launch*.c. */
#pragma once

#include "guest/guest-internal.h"

struct guest_launch {
	bool kvm;
	struct vmm_device *devices; /* owned, and their fds */
	struct guest_record_device *kept; /* owned, one a device: what the record gets */
	size_t device_count;
};

/* What can be opened without leaving a trace: all but taps and sockets. ret_launch is set with
 * VERDICT_OK. */
struct verdict guest_launch_open(struct guest *guest, struct guest_launch **ret_launch);
void guest_launch_free(struct guest_launch *launch);
DEFINE_CLEANUP(struct guest_launch *, guest_launch_free);
