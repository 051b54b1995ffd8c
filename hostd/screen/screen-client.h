/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One connection to a guest's display: draws what comes, sends what is typed. */
#pragma once

#include "screen/rfb.h"
#include "screen/screen-control.h"
#include "screen/screen-framebuffer.h"

#define SCREEN_CLIENT_OUTPUT_MAX 8192
/* Pointer movements are dropped when a server does not read; keys matter more. */
#define SCREEN_CLIENT_POINTER_MAX (SCREEN_CLIENT_OUTPUT_MAX / 2)

struct screen_client_callbacks {
	/* The picture is on the screen. */
	void (*drawn)(void *userdata);
	/* Its place on the screen changed. */
	void (*moved)(void *userdata);
	void (*leds)(unsigned int leds, void *userdata);
	void (*pointer_mode)(bool absolute, void *userdata);
	void *userdata;
};

struct screen_client {
	struct screen_client_callbacks callbacks;
	struct screen_framebuffer *framebuffer;
	struct screen_draw draw;
	struct rfb *rfb;
	int fd; /* owned, -EBADF: none */
	bool visible; /* whether we draw on the screen */
	bool has_pixels, drawn; /* a part of the picture: any, all */
	bool size_asked;
	int error;
	uint8_t output[SCREEN_CLIENT_OUTPUT_MAX];
	size_t output_length;
};

/* framebuffer is weak. */
void screen_client_init(struct screen_client *client, const struct screen_setup *setup,
			struct screen_framebuffer *framebuffer,
			const struct screen_client_callbacks *callbacks);
/* Takes over fd, a connected socket. Returns 0 or -errno. */
int screen_client_connect(struct screen_client *client, int fd_consume);
void screen_client_close(struct screen_client *client);
/* Draws from now on, first the whole picture; or stops drawing. */
void screen_client_show(struct screen_client *client, bool visible);

/* The events that poll() has to wait for on fd. */
short screen_client_events(const struct screen_client *client);
/* Call it after poll(). Returns 0, or -errno when the connection is unusable. */
int screen_client_work(struct screen_client *client, short events);

void screen_client_key(struct screen_client *client, uint16_t code, bool down);
/* A place on the screen, or a movement. */
void screen_client_pointer(struct screen_client *client, unsigned int buttons, int x, int y,
			   bool absolute);
