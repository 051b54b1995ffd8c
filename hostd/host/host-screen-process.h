/* SPDX-License-Identifier: GPL-2.0-or-later */
/* mvirt-screen, started confined and started again when it dies: what it is told and tells. */
#pragma once

#include <systemd/sd-event.h>

#include "screen/screen-control.h"

struct screen_process;

struct screen_process_callbacks {
	/* It runs, is set up, and wants devices; also after it was started again. */
	void (*started)(void *userdata);
	void (*ended)(void *userdata);
	void (*report)(enum screen_report_kind kind, unsigned int value, void *userdata);
	void *userdata;
};

/* Starts it. framebuffer_fd is weak. Returns 0 or -errno. */
int screen_process_new(sd_event *event, int framebuffer_fd, const struct screen_setup *setup,
		       const struct screen_process_callbacks *callbacks,
		       struct screen_process **ret_process);
void screen_process_free(struct screen_process *process);
bool screen_process_runs(const struct screen_process *process);
/* Consumes fd, which is for the process, or -EBADF. Returns 0, -ESRCH when it does not run, or
 * -errno. */
int screen_process_send(struct screen_process *process, enum screen_request_kind kind,
			int fd_consume);
