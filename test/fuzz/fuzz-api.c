// SPDX-License-Identifier: GPL-2.0-or-later
// Anything as a client's side of the API: the real server on a socket, with real guests that have
// nothing to start from. The first byte chooses the pieces that the rest is sent in, and whether
// the client reads. Afterwards another client is answered.
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "api/api.h"
#include "base/cleanup.h"
#include "base/log.h"
#include "host/host-end.h"
#include "host/host-internal.h"

#define ROUNDS_MAX 1000
/* How often the other client asks: each input would cost half the speed. */
#define CHECK_EVERY 64

static const char config_text[] = "guest \"web\" { kernel = \"k\" nic {} }\n"
				  "guest \"db\" { accel = \"tcg\" disk { file = \"d\" } nic {} }\n";
static const char question[] = "{\"method\":\"io.mvirt.Guest.List\"}";

static struct host host = { .files = { .data_fd = -EBADF, .memory_fd = -EBADF } };
static struct api *api;
static struct sockaddr_un address = { .sun_family = AF_UNIX };

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int refuse_file(const struct guest *, enum guest_file, const char *, int *, char **, void *)
{
	return -ENOENT;
}

static int refuse_disk(const struct guest *, const struct disk_config *, int *, enum disk_format *,
		       char **, void *)
{
	return -ENOENT;
}

static int refuse_tap(const struct guest *, size_t, int *, int *, void *)
{
	return -ENOENT;
}

static void on_event(const struct guest *guest, const char *kind, const char *detail, void *)
{
	host_publish_guest(&host, guest, kind, detail);
}

static int nothing_is_missing(const struct guest *, char **, void *)
{
	return 0;
}

static void on_all_stopped(void *)
{
}

/* In place of the real one. */
void host_end(struct host *, enum power_action, bool)
{
}

static void say_nothing(enum log_level, const char *, const char *, void *)
{
}

static void check(int r)
{
	if (r < 0)
		abort();
}

static void define_guests(const char *folder)
{
	static char guests_folder[64];
	const struct guests_callbacks callbacks = { .open_file = refuse_file,
						    .open_disk = refuse_disk,
						    .open_tap = refuse_tap,
						    .missing = nothing_is_missing,
						    .event = on_event,
						    .all_stopped = on_all_stopped };
	const struct guests_environment environment = { .kvm_why = "fuzzed",
							.memory_reserve_bytes = 1,
							.folder = guests_folder };

	(void)snprintf(guests_folder, sizeof(guests_folder), "%s/guests", folder);
	check(guests_new(host.event, &environment, &callbacks, &host.guests));
	for (size_t i = 0; i < host.config->guest_count; i++) {
		struct guest_config *config = NULL;

		check(guest_config_copy(&host.config->guests[i], &config));
		check(guests_define(host.guests, config, GUEST_ORIGIN_CONFIG, NULL));
	}
}

int LLVMFuzzerInitialize(int *, char ***)
{
	static char folder[] = "/tmp/fuzz-api-XXXXXX", path[64];
	static char source[] = "fuzzed";
	const struct api_settings settings = { .host = &host, .socket_path = path };

	log_set_hook(say_nothing, NULL);
	if (!mkdtemp(folder))
		abort();
	(void)snprintf(path, sizeof(path), "%s/api.sock", folder);
	(void)strcpy(address.sun_path, path);
	check(sd_event_new(&host.event));
	check(host_config_parse(config_text, &host.config, &host.mistakes));
	define_guests(folder);
	host.config_source = source;
	check(api_new(host.event, &settings, &api));
	return 0;
}

static int connect_client(void)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	check(fd);
	check(connect(fd, (const struct sockaddr *)&address, sizeof(address)));
	return fd;
}

/* Until the server has nothing left to do; it may not go on for ever. */
static void settle(void)
{
	int rounds = 0;

	while (sd_event_run(host.event, 0) > 0)
		if (++rounds == ROUNDS_MAX)
			abort();
}

static void drain(int fd)
{
	char answer[4096];

	while (recv(fd, answer, sizeof(answer), 0) > 0)
		;
}

static void ask(void)
{
	_cleanup_fd_ int fd = connect_client();
	char answer[16384];
	ssize_t length = 0;

	check((int)send(fd, question, sizeof(question), MSG_NOSIGNAL));
	settle();
	length = recv(fd, answer, sizeof(answer), 0);
	if (length <= 0 || answer[length - 1] != '\0' || !strstr(answer, "\"web\""))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static unsigned int count;
	size_t piece = 0, sent = 0;
	int fd = -EBADF;

	if (size < 1)
		return 0;
	fd = connect_client();
	piece = (data[0] & 0x0f) ? (size_t)(data[0] & 0x0f) * 7 : size;
	for (size_t at = 1; at < size; at += sent) {
		ssize_t n =
			send(fd, data + at, size - at < piece ? size - at : piece, MSG_NOSIGNAL);

		if (n <= 0)
			break;
		sent = (size_t)n;
		settle();
		if (!(data[0] & 0x10))
			drain(fd);
	}
	fd_close(fd);
	settle();
	if (count++ % CHECK_EVERY == 0)
		ask();
	return 0;
}
