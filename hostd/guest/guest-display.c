// SPDX-License-Identifier: GPL-2.0-or-later
// A guest's display: its clients, each handed over to the VMM. Those who have a path connect to
// vnc.sock in the guest's folder, hostd's own programs get a socket. And pictures of it.
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "base/log.h"
#include "guest/guest-internal.h"
#include "process/guest-process.h"

static void on_reply(int, const char *why, void *userdata)
{
	const struct guest *guest = userdata;

	if (why)
		log_debug(guest_subject(guest).text, "a client of its display: %s", why);
}

/* When the VMM refuses, it closes the connection, or never had it: the client sees its end. */
static int hand_over(struct guest *guest, int fd_consume)
{
	_cleanup_fd_ int fd = fd_consume;
	int r = guest->vmm_ready ? 0 : -EAGAIN;

	if (r >= 0)
		r = vmm_open_display(guest->vmm, take_fd(&fd), on_reply, guest);
	return r == -ENOBUFS ? -EBUSY : r;
}

int guest_open_display(struct guest *guest, int *ret_fd)
{
	int ends[2], r = 0;

	if (guest->record.life.state != GUEST_STATE_RUNNING || !guest->record.config)
		return -ESRCH;
	if (guest->record.config->display == GUEST_DISPLAY_NONE)
		return -EOPNOTSUPP;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
		return -errno;
	r = hand_over(guest, ends[1]);
	if (r < 0)
		fd_close(ends[0]);
	else
		*ret_fd = ends[0];
	return r;
}

int guest_take_picture(struct guest *guest, int fd_consume, guest_picture_done_t done,
		       void *userdata)
{
	_cleanup_fd_ int fd = fd_consume;

	if (guest->record.life.state != GUEST_STATE_RUNNING || !guest->record.config)
		return -ESRCH;
	if (guest->record.config->display == GUEST_DISPLAY_NONE)
		return -EOPNOTSUPP;
	if (!guest->vmm_ready)
		return -EAGAIN;
	return vmm_take_picture(guest->vmm, take_fd(&fd), done, userdata);
}

static int on_client(sd_event_source *, int listener, uint32_t, void *userdata)
{
	struct guest *guest = userdata;
	int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC), r = 0;

	if (fd < 0)
		return 0;
	r = hand_over(guest, fd);
	if (r < 0)
		log_warning(guest_subject(guest).text, "a client of its display is turned away: %s",
			    strerror(-r));
	return 0;
}

void guest_display_listen(struct guest *guest)
{
	_cleanup_fd_ int fd = -EBADF;
	int r = 0;

	if (!guest->record.config || guest->record.config->display == GUEST_DISPLAY_NONE)
		return;
	r = guest_process_listen(guest->config->name, "vnc", &fd);
	if (r >= 0)
		r = sd_event_add_io(guest->guests->event, &guest->display_source, fd, EPOLLIN,
				    on_client, guest);
	if (r >= 0)
		r = sd_event_source_set_io_fd_own(guest->display_source, true);
	if (r < 0)
		log_warning(guest_subject(guest).text, "no socket for its display: %s",
			    strerror(-r));
	else
		(void)take_fd(&fd);
}
