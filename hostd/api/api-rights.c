// SPDX-License-Identifier: GPL-2.0-or-later
// Who may call what. The socket is root's and has every method. A dashboard's connections are
// served by two other servers, on which what it may not do does not exist: one to look, one to act.
#include <stdarg.h>
#include <string.h>
#include <sys/socket.h>

#include "api-console-methods.h"
#include "api-interface.h"
#include "api-internal.h"

static const struct {
	const char *method;
	bool look, act;
} rights[] = {
	{ "io.mvirt.Host.Status", true, true },
	{ "io.mvirt.Host.Devices", true, true },
	{ "io.mvirt.Host.Shutdown", false, true },
	{ "io.mvirt.Host.Reboot", false, true },
	{ "io.mvirt.Guest.List", true, true },
	{ "io.mvirt.Guest.Get", true, true },
	{ "io.mvirt.Guest.Log", true, true },
	{ "io.mvirt.Guest.Stats", true, true },
	{ "io.mvirt.Guest.Subscribe", true, true },
	{ "io.mvirt.Guest.Start", false, true },
	{ "io.mvirt.Guest.Stop", false, true },
	{ "io.mvirt.Guest.Restart", false, true },
	{ "io.mvirt.Guest.Kill", false, true },
	{ "io.mvirt.Guest.Console", false, true },
	{ "io.mvirt.Console.Machine", true, true },
	{ "io.mvirt.Console.History", true, true },
	{ "io.mvirt.Console.Quiet", true, true },
	{ "io.mvirt.Console.Unlock", true, false },
	{ "io.mvirt.Console.TryAddress", false, true },
	{ "io.mvirt.Console.KeepAddress", false, true },
	{ "io.mvirt.Console.RevertAddress", false, true },
	{ "io.mvirt.Console.ShowGuest", false, true },
};

static bool may(const struct api *api, const sd_varlink_server *server, const char *method)
{
	if (server == api->server)
		return true;
	for (size_t i = 0; i < ELEMENTS(rights); i++)
		if (strcmp(rights[i].method, method) == 0)
			return server == api->act_server ? rights[i].act : rights[i].look;
	return false;
}

int api_bind_internal(sd_varlink_server *server, ...)
{
	const struct api *api = sd_varlink_server_get_userdata(server);
	const char *method = NULL;
	va_list arguments;
	int r = 0;

	va_start(arguments, server);
	while (r >= 0 && (method = va_arg(arguments, const char *))) {
		sd_varlink_method_t callback = va_arg(arguments, sd_varlink_method_t);

		if (may(api, server, method))
			r = sd_varlink_server_bind_method(server, method, callback);
	}
	va_end(arguments);
	return r < 0 ? r : 0;
}

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
