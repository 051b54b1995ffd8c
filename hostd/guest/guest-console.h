/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A guest's serial console: its last 64 KiB, who listens to it, and what is typed. */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <systemd/sd-event.h>

#include "base/cleanup.h"

#define GUEST_CONSOLE_RING_BYTES (64UL * 1024)
/* Lines for the echo are cut here. */
#define GUEST_CONSOLE_LINE_BYTES_MAX 512
/* What is typed and not yet taken by the guest is kept up to here. */
#define GUEST_CONSOLE_UNSENT_BYTES_MAX (16UL * 1024)

struct guest_console;
struct guest_console_listener;

/* As in guest.h. */
typedef void (*guest_console_output_t)(const void *data, size_t length, void *userdata);
typedef void (*guest_console_line_t)(const char *text, void *userdata);

/*
 * Opens or makes the ring, a file that is mapped, so that the next hostd has it too; what is not a
 * ring is overwritten. line gets each line that is not empty, without control characters and
 * terminal sequences; it may be NULL. Returns 0 or -errno; -ENOSPC when the memory for the whole
 * ring is not there.
 */
int guest_console_new(const char *ring_path, guest_console_line_t line, void *userdata,
		      struct guest_console **ret_console);
/* Another line callback, or NULL, from the next byte on. Not from within a callback. */
void guest_console_set_line(struct guest_console *console, guest_console_line_t line);
/* Not from within a callback. Listeners get nothing any more, and are still to be removed. */
void guest_console_free(struct guest_console *console);
DEFINE_CLEANUP(struct guest_console *, guest_console_free);

/*
 * Connects without waiting, after disconnecting. What is read comes at a low priority and in small
 * pieces, so that a guest that floods its console delays nothing else, nor another guest's exit.
 * Returns 0 or -errno.
 */
int guest_console_connect(struct guest_console *console, sd_event *event, const char *socket_path);
/* Takes what the guest sent before (its last words), up to one ring of it. */
void guest_console_disconnect(struct guest_console *console);

/* Bytes that were ever written to the ring, by all the guest's runs since the host's start. */
uint64_t guest_console_written(const struct guest_console *console);
/* The ring's content, oldest first, without what is older than since (0, or what was written then);
 * the copy is the caller's, with a NUL that is not counted. */
int guest_console_copy(const struct guest_console *console, uint64_t since, char **ret_data,
		       size_t *ret_length);

/* All or nothing. Returns 0, -ENOTCONN, -ENOBUFS when the guest does not read, or -errno. */
int guest_console_send(struct guest_console *console, const void *data, size_t length);

/* Each listener gets every byte that comes from now on; it may remove itself and others. */
int guest_console_add_listener(struct guest_console *console, guest_console_output_t output,
			       void *userdata, struct guest_console_listener **ret_listener);
void guest_console_remove_listener(struct guest_console_listener *listener);
