// SPDX-License-Identifier: GPL-2.0-or-later
// What is typed for a guest's console, on its way to hostd.
#include "client-console.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define LEAVE_CHARACTER 0x1d /* Ctrl-] */

ssize_t client_typing_read(struct client_typing *typing, int fd, bool leave_character)
{
	ssize_t n = read(fd, typing->bytes, sizeof(typing->bytes));
	const char *leave = NULL;

	typing->start = 0;
	typing->end = n > 0 ? (size_t)n : 0;
	if (leave_character)
		leave = memchr(typing->bytes, LEAVE_CHARACTER, typing->end);
	if (leave) {
		typing->end = (size_t)(leave - typing->bytes);
		typing->leave = true;
	}
	return n;
}

int client_typing_send(struct client_typing *typing, int socket_fd)
{
	while (typing->start < typing->end) {
		ssize_t n = send(socket_fd, typing->bytes + typing->start,
				 typing->end - typing->start, MSG_DONTWAIT | MSG_NOSIGNAL);

		if (n < 0)
			return errno == EAGAIN || errno == EINTR ? 0 : -errno;
		typing->start += (size_t)n;
	}
	return 0;
}
