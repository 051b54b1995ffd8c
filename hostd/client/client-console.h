/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A terminal that is attached to a guest's console: what is typed there. */
#pragma once

#include <stddef.h>
#include <sys/types.h>

/* What is typed for a guest's console, and not taken by hostd yet. Ctrl-] leaves the console. */
struct client_typing {
	char bytes[1024];
	size_t start, end; /* start < end: nothing more is to be read */
	bool leave;
};

/* Reads more; leave_character: whether Ctrl-] is one. Returns what read() does. */
ssize_t client_typing_read(struct client_typing *typing, int fd, bool leave_character);
/* Sends as much as is taken now. Returns 0, or -errno when the other end is gone. */
int client_typing_send(struct client_typing *typing, int socket_fd);
