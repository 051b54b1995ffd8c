// SPDX-License-Identifier: GPL-2.0-or-later
// A guest's display: clients of QEMU's VNC server, each handed over on QMP. Those who have a path
// connect to vnc.sock in the guest's folder, hostd's own programs get a socket.
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "base/log.h"
#include "guest/guest-internal.h"
#include "process/guest-process.h"

/* QEMU knows a passed fd by its name; the two commands follow each other, so one name will do. */
#define CONNECTION "vnc"

static void on_reply(sd_json_variant *, const char *error, void *userdata)
{
	const struct guest *guest = userdata;

	if (error)
		log_debug(guest_subject(guest).text, "a client of its display: %s", error);
}

/* When a command fails QEMU closes the connection, or never had it: the client sees its end. */
static int hand_over(struct guest *guest, int fd_consume)
{
	_cleanup_fd_ int fd = fd_consume;
	_cleanup_(sd_json_variant_unrefp) sd_json_variant *name = NULL, *client = NULL;
	int r = 0;

	if (!guest->qmp_ready)
		return -EAGAIN;
	r = sd_json_buildo(&name, SD_JSON_BUILD_PAIR_STRING("fdname", CONNECTION));
	if (r >= 0)
		r = sd_json_buildo(&client, SD_JSON_BUILD_PAIR_STRING("protocol", "vnc"),
				   SD_JSON_BUILD_PAIR_STRING("fdname", CONNECTION),
				   SD_JSON_BUILD_PAIR_BOOLEAN("skipauth", true));
	if (r >= 0)
		r = qemu_qmp_execute_with_fd(guest->qmp, "getfd", name, take_fd(&fd), on_reply,
					     guest);
	if (r >= 0)
		r = qemu_qmp_execute(guest->qmp, "add_client", client, on_reply, guest);
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

static int on_client(sd_event_source *, int listener, uint32_t, void *userdata)
{
	struct guest *guest = userdata;
	int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC), r = 0;

	if (fd < 0)
		return 0;
	r = hand_over(guest, fd);
	if (r < 0)
		log_warning(guest_subject(guest).text, "a client of its display is turned away: %s",
			    strerrordesc_np(-r));
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
			    strerrordesc_np(-r));
	else
		(void)take_fd(&fd);
}
