/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The test itself once more as the server, and clients of it: sd-varlink's and raw ones. */
#pragma once

#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <systemd/sd-varlink.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/text.h"
#include "storage/store/guest-store-internal.h"

#define PATIENCE_MS 20000
#define ERROR(kind) "io.mvirt.Error." kind

static struct {
	char folder[64];
	char path[96];
	pid_t pid;
} server;

static int start_server_with(const char *option)
{
	(void)fflush(NULL);
	server.pid = fork();
	assert_return_code(server.pid, errno);
	if (server.pid == 0) {
		/* It holds the test's output: a test that ends badly must not wait for it. */
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		execl("/proc/self/exe", "test-api", option, server.path, NULL);
		_exit(1);
	}
	for (int waited_ms = 0; waited_ms < PATIENCE_MS; waited_ms += 10) {
		_cleanup_(sd_varlink_unrefp) sd_varlink *link = NULL;

		if (sd_varlink_connect_address(&link, server.path) >= 0)
			return 0;
		(void)poll(NULL, 0, 10);
	}
	fail_msg("the server does not come up");
	return -1;
}

static int setup(void **state)
{
	(void)state;
	(void)snprintf(server.folder, sizeof(server.folder), "/tmp/test-api-XXXXXX");
	assert_non_null(mkdtemp(server.folder));
	(void)snprintf(server.path, sizeof(server.path), "%s/api.sock", server.folder);
	return start_server_with("--serve");
}

/* The server must end by itself when told to, with success (no leak, no hanging). */
static void stop_server(void)
{
	int status = 0;

	if (server.pid <= 0)
		return;
	assert_return_code(kill(server.pid, SIGTERM), errno);
	for (int waited_ms = 0; waited_ms < PATIENCE_MS; waited_ms += 10) {
		pid_t pid = waitpid(server.pid, &status, WNOHANG);

		assert_return_code(pid, errno);
		if (pid > 0) {
			server.pid = 0;
			assert_true(WIFEXITED(status));
			assert_int_equal(WEXITSTATUS(status), 0);
			return;
		}
		(void)poll(NULL, 0, 10);
	}
	(void)kill(server.pid, SIGKILL);
	(void)waitpid(server.pid, &status, 0);
	server.pid = 0;
	fail_msg("the server does not end");
}

/* What guests are kept in goes with the folder. */
static int remove_folder(void)
{
	_cleanup_fd_ int tmp_fd = open("/tmp", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	assert_return_code(tmp_fd, errno);
	return guest_store_remove_tree(tmp_fd, server.folder + strlen("/tmp/"));
}

static int teardown(void **state)
{
	(void)state;
	stop_server();
	assert_int_equal(access(server.path, F_OK), -1);
	return remove_folder();
}

static sd_varlink *connect_link(void)
{
	sd_varlink *link = NULL;

	assert_return_code(sd_varlink_connect_address(&link, server.path), 0);
	assert_return_code(sd_varlink_set_relative_timeout(link, PATIENCE_MS * 1000), 0);
	return link;
}

[[maybe_unused]] static sd_json_variant *call(sd_varlink *link, const char *method,
					      const char *name, const char **ret_error)
{
	_cleanup_(sd_json_variant_unrefp) sd_json_variant *parameters = NULL;
	sd_json_variant *answer = NULL;
	const char *error = NULL;

	if (name)
		assert_return_code(
			sd_json_buildo(&parameters, SD_JSON_BUILD_PAIR_STRING("name", name)), 0);
	assert_return_code(sd_varlink_call(link, method, parameters, &answer, &error), 0);
	if (ret_error)
		*ret_error = error;
	else
		assert_null(error);
	return answer;
}

[[maybe_unused]] static const char *text_of(sd_json_variant *object, const char *key)
{
	return sd_json_variant_string(sd_json_variant_by_key(object, key));
}

[[maybe_unused]] static uint64_t number_of(sd_json_variant *object, const char *key)
{
	return sd_json_variant_unsigned(sd_json_variant_by_key(object, key));
}

/* The server still answers. */
[[maybe_unused]] static void assert_alive(void)
{
	_cleanup_(sd_varlink_unrefp) sd_varlink *link = connect_link();
	sd_json_variant *answer = call(link, "io.mvirt.Guest.List", NULL, NULL);

	assert_int_equal(sd_json_variant_elements(sd_json_variant_by_key(answer, "guests")), 8);
}

/* What the server has allocated, in KiB. */
[[maybe_unused]] static uint64_t meter(sd_varlink *link)
{
	return number_of(sd_json_variant_by_key(call(link, "io.mvirt.Guest.Get", "meter", NULL),
						"guest"),
			 "restarts");
}

/* What the server may have allocated more than before: some clients' worth and the events that
 * wait, not sd-varlink's 2 MiB for each. */
#define MEMORY_SLACK_KIB 6144

[[maybe_unused]] static int raw_connect(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_return_code(fd, errno);
	(void)snprintf(address.sun_path, sizeof(address.sun_path), "%s", server.path);
	assert_return_code(connect(fd, (struct sockaddr *)&address, sizeof(address)), errno);
	return fd;
}

[[maybe_unused]] static void raw_send(int fd, const char *text, size_t length)
{
	(void)send(fd, text, length, MSG_NOSIGNAL);
}

/* Whether the peer closes the connection; what it sends before is read and dropped. */
[[maybe_unused]] static bool is_closed(int fd)
{
	struct pollfd polled = { .fd = fd, .events = POLLIN };
	char buffer[65536];

	while (poll(&polled, 1, PATIENCE_MS) > 0) {
		ssize_t n = read(fd, buffer, sizeof(buffer));

		if (n == 0 || (n < 0 && errno != EAGAIN))
			return true;
	}
	return false;
}
