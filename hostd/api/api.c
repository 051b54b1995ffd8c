// SPDX-License-Identifier: GPL-2.0-or-later
// The API's socket and its server.
#include <fcntl.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "api-interface.h"
#include "api-internal.h"
#include "base/file.h"
#include "base/log.h"

/* A client of sd-varlink does not wait for a place in the queue, it fails. */
#define BACKLOG 4096

static int open_reserve(void)
{
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

	return fd < 0 ? -EBADF : fd;
}

/* Out of fds: takes the client off the queue and closes it, or else the loop would spin on it. */
static void turn_away(struct api *api)
{
	int fd = -EBADF;

	api->reserve_fd = fd_close(api->reserve_fd);
	fd = accept4(api->socket_fd, NULL, NULL, SOCK_CLOEXEC);
	fd_close(fd);
	api->reserve_fd = open_reserve();
	log_warning("api", "a client was turned away: no file descriptor is left");
}

/* sd-varlink's own listener would stop for good at the first failure. */
static int on_connection(sd_event_source *source [[maybe_unused]], int socket_fd,
			 uint32_t events [[maybe_unused]], void *userdata)
{
	struct api *api = userdata;
	_cleanup_fd_ int fd = accept4(socket_fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	sd_varlink *link = NULL;

	if (fd < 0) {
		if (errno == EMFILE || errno == ENFILE)
			turn_away(api);
		return 0;
	}
	/* Of many short-lived clients some have left already. */
	if (sd_varlink_server_current_connections(api->server) >= API_CLIENTS_MAX)
		api_client_process_all(api);
	/* Refuses, silently, other users and clients over the limit. */
	if (sd_varlink_server_add_connection(api->server, fd, &link) < 0)
		return 0;
	(void)take_fd(&fd);
	if (api_client_connected(api, link) < 0)
		(void)sd_varlink_close(link);
	return 0;
}

static void on_disconnect(sd_varlink_server *server [[maybe_unused]], sd_varlink *link,
			  void *userdata)
{
	api_client_disconnected(userdata, link);
}

static int on_exit_loop(sd_event_source *source [[maybe_unused]], void *userdata)
{
	api_client_close_all(userdata);
	return 0;
}

static int listen_on(struct api *api)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	_cleanup_fd_ int fd = -EBADF;
	mode_t mask = 0;
	int r = 0;

	if (strlen(api->socket_path) >= sizeof(address.sun_path))
		return -ENAMETOOLONG;
	(void)strcpy(address.sun_path, api->socket_path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	if (unlink(api->socket_path) < 0 && errno != ENOENT)
		return -errno;
	mask = umask(0177);
	r = bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 ? -errno : 0;
	(void)umask(mask);
	if (r < 0)
		return r;
	if (listen(fd, BACKLOG) < 0)
		return -errno;
	r = sd_event_add_io(api->event, &api->socket_source, fd, EPOLLIN, on_connection, api);
	if (r < 0)
		return r;
	api->socket_fd = take_fd(&fd);
	return 0;
}

static int make_one(struct api *api, sd_varlink_server **ret_server)
{
	sd_varlink_server *server = NULL;
	int r = sd_varlink_server_new(ret_server, SD_VARLINK_SERVER_ROOT_ONLY |
							  SD_VARLINK_SERVER_MYSELF_ONLY |
							  SD_VARLINK_SERVER_INHERIT_USERDATA);

	if (r < 0)
		return r;
	server = *ret_server;
	(void)sd_varlink_server_set_userdata(server, api);
	r = sd_varlink_server_set_info(server, "mvirt", "hostd", api->version, NULL);
	if (r < 0)
		return r;
	r = sd_varlink_server_add_interface_many(server, &vl_interface_io_mvirt_Host,
						 &vl_interface_io_mvirt_Guest,
						 &vl_interface_io_mvirt_Job,
						 &vl_interface_io_mvirt_Console,
						 &vl_interface_io_mvirt_Error);
	if (r < 0)
		return r;
	r = sd_varlink_server_set_connections_max(server, API_CLIENTS_MAX);
	if (r < 0)
		return r;
	r = sd_varlink_server_bind_disconnect(server, on_disconnect);
	if (r < 0)
		return r;
	r = api_bind_methods(api, server);
	if (r < 0)
		return r;
	return sd_varlink_server_attach_event(server, api->event, SD_EVENT_PRIORITY_NORMAL);
}

static int make_servers(struct api *api)
{
	int r = make_one(api, &api->server);

	if (r >= 0)
		r = make_one(api, &api->look_server);
	if (r >= 0)
		r = make_one(api, &api->act_server);
	return r;
}

static void read_boot_id(struct api *api)
{
	_cleanup_free_ char *text = NULL;

	if (file_read_line(AT_FDCWD, "/proc/sys/kernel/random/boot_id", &text) >= 0)
		(void)snprintf(api->boot_id, sizeof(api->boot_id), "%s", text);
}

DEFINE_CLEANUP(struct api *, api_free);

int api_new(sd_event *event, const struct api_settings *settings, struct api **ret_api)
{
	_cleanup_(api_freep) struct api *api = calloc(1, sizeof(*api));
	int r = 0;

	if (!api)
		return -ENOMEM;
	*api = (struct api){ .host = settings->host,
			     .version = settings->version ? settings->version : "unknown",
			     .event = sd_event_ref(event),
			     .socket_fd = -EBADF,
			     .reserve_fd = open_reserve() };
	machine_info_read("", MACHINE_ID_FOLDER, &api->machine);
	read_boot_id(api);
	api->socket_path = strdup(settings->socket_path ? settings->socket_path : API_SOCKET);
	if (!api->socket_path)
		return -ENOMEM;
	r = make_servers(api);
	if (r < 0)
		return r;
	r = api_feed_new(api);
	if (r < 0)
		return r;
	r = api_history_new(api, &api->history);
	if (r < 0)
		return r;
	r = sd_event_add_exit(event, &api->exit_source, on_exit_loop, api);
	if (r < 0)
		return r;
	/* Before sd-varlink's own. */
	r = sd_event_source_set_priority(api->exit_source, SD_EVENT_PRIORITY_IMPORTANT);
	if (r < 0)
		return r;
	r = listen_on(api);
	if (r < 0)
		return r;
	host_subscribe(api->host, api_on_host_event, api);
	*ret_api = take_ptr(api);
	return 0;
}

void api_free(struct api *api)
{
	if (!api)
		return;
	sd_event_source_disable_unref(api->socket_source);
	sd_event_source_disable_unref(api->exit_source);
	host_subscribe(api->host, NULL, NULL);
	api_media_forget(api);
	api_client_close_all(api);
	api_console_close_all(api);
	api_history_free(api->history);
	sd_event_source_disable_unref(api->feed_source);
	sd_json_variant_unref(api->leaving);
	sd_varlink_server_unref(api->server);
	sd_varlink_server_unref(api->look_server);
	sd_varlink_server_unref(api->act_server);
	if (api->socket_fd >= 0)
		(void)unlink(api->socket_path);
	fd_close(api->socket_fd);
	fd_close(api->reserve_fd);
	free(api->socket_path);
	free(api->log_level);
	sd_event_unref(api->event);
	free(api);
}
