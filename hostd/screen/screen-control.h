/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Messages between hostd and mvirt-screen: packets of one size over a SOCK_SEQPACKET pair. */
#pragma once

#include <stdint.h>

#include "screen/screen-draw.h"
#include "screen/screen-hotkey.h"
#include "screen/screen-pixel.h"

/* The fds with which the process starts. */
#define SCREEN_FD_CONTROL 3
#define SCREEN_FD_FRAMEBUFFER 4

#define SCREEN_DEVICES_MAX 24

/* To the process. SETUP comes first, and once. */
enum screen_request_kind {
	SCREEN_REQUEST_SETUP,
	SCREEN_REQUEST_DEVICE, /* with an input device, open for reading and writing */
	/* We own the screen, and all that is typed except hotkeys. */
	SCREEN_REQUEST_ASIDE,
	/* Somebody else draws; all that is typed except hotkeys is discarded. */
	SCREEN_REQUEST_MESSAGE,
	SCREEN_REQUEST_ASK, /* … except Return and Escape, which are reported */
	/* A guest's picture; with a socket that speaks RFB, or without one: the previous one. */
	SCREEN_REQUEST_DISPLAY,
};

struct screen_setup {
	uint32_t width, height;
	uint64_t stride; /* bytes */
	uint64_t offset; /* of the first pixel in the framebuffer */
	struct pixel_format format;
	uint32_t scale; /* enum screen_scale */
	struct screen_hotkeys hotkeys;
};

struct screen_request {
	uint32_t kind;
	struct screen_setup setup; /* of SCREEN_REQUEST_SETUP */
};

/* From the process. */
enum screen_report_kind {
	SCREEN_REPORT_DASHBOARD, /* hotkeys */
	SCREEN_REPORT_GUEST, /* value: which, from 0 */
	SCREEN_REPORT_END,
	SCREEN_REPORT_YES, /* answers to ASK */
	SCREEN_REPORT_NO,
	SCREEN_REPORT_DRAWN, /* a connection's first picture is on the screen */
	SCREEN_REPORT_LOST, /* the connection has ended; value: errno */
};

struct screen_report {
	uint32_t kind, value;
};

/*
 * Runs until the control socket is closed. The caller keeps the fds. Returns 0, or -errno when the
 * control socket fails or delivers an invalid message.
 */
int screen_run(int control_fd, int framebuffer_fd);
