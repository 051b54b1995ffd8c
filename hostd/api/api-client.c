// SPDX-License-Identifier: GPL-2.0-or-later
// The clients: they come by the socket or by a pair of sockets, and go.
#include <sys/socket.h>

#include "api-internal.h"

int api_client_connected(struct api *api, sd_varlink *link)
{
	struct api_client *client = calloc(1, sizeof(*client));

	if (!client)
		return -ENOMEM;
	*client = (struct api_client){ .api = api, .link = sd_varlink_ref(link) };
	client->next = api->clients;
	api->clients = client;
	(void)sd_varlink_set_allow_fd_passing_output(link, true);
	(void)sd_varlink_set_allow_fd_passing_input(link, true);
	return 0;
}

void api_client_disconnected(struct api *api, sd_varlink *link)
{
	for (struct api_client **at = &api->clients; *at; at = &(*at)->next) {
		struct api_client *client = *at;

		if (client->link != link)
			continue;
		*at = client->next;
		api_event_forget(client);
		free(client);
		sd_varlink_unref(link);
		api_console_log_update(api);
		return;
	}
}

/* The last steps of a client that has left or sent junk: read, parse, notice, disconnect. */
#define STEPS_TO_END 8

void api_client_process_all(struct api *api)
{
	sd_varlink *links[API_CLIENTS_MAX];
	size_t count = 0;

	/* What is processed may end other clients. */
	for (struct api_client *at = api->clients; at && count < ELEMENTS(links); at = at->next)
		links[count++] = sd_varlink_ref(at->link);
	for (size_t i = 0; i < count; i++) {
		for (int k = 0; k < STEPS_TO_END && sd_varlink_process(links[i]) > 0; k++)
			;
		sd_varlink_unref(links[i]);
	}
}

/* sd-varlink flushes its connections when the loop ends, and would wait there for who never reads.
 */
void api_client_close_all(struct api *api)
{
	while (api->clients) {
		sd_varlink *link = sd_varlink_ref(api->clients->link);

		(void)sd_varlink_process(link);
		(void)sd_varlink_close(link);
		api_client_disconnected(api, link); /* no-op: closing has called it */
		sd_varlink_unref(link);
	}
}

/* --- for dashboards --- */

/* The end that is not ours; our own is served. */
static int connect_to(struct api *api, sd_varlink_server *server, int *ret_fd)
{
	_cleanup_fd_ int ours = -EBADF, theirs = -EBADF;
	sd_varlink *link = NULL;
	int fds[2] = { -EBADF, -EBADF }, r = 0;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds) < 0)
		return -errno;
	ours = fds[0];
	theirs = fds[1];
	/* The other end's credentials are those of who made the pair: hostd. */
	r = sd_varlink_server_add_connection(server, ours, &link);
	if (r < 0)
		return r;
	(void)take_fd(&ours);
	r = api_client_connected(api, link);
	if (r < 0) {
		(void)sd_varlink_close(link);
		return r;
	}
	*ret_fd = take_fd(&theirs);
	return 0;
}

int api_connect_dashboard(struct api *api)
{
	int fd = -EBADF, r = connect_to(api, api->look_server, &fd);

	return r < 0 ? r : fd;
}

int api_connect_acting(struct api *api, int *ret_fd)
{
	return connect_to(api, api->act_server, ret_fd);
}
