/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Guests, made up: they obey by name. And the host that they are on. */
#pragma once

#include <malloc.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/text.h"
#include "host/host-internal.h"

#define STORM_EVENTS 100000
#define FLOOD_BYTES (4 * 1024 * 1024)
#define RING_BYTES (64 * 1024)
#define STUB_GUESTS_MAX 1024

struct guest_console_listener {
	struct guest *guest;
	guest_console_output_t output;
	void *userdata;
	struct guest_console_listener *next;
};

struct guest {
	struct guest_config *config;
	struct guest_config *running; /* of its last start */
	enum guest_state state;
	enum guest_origin origin;
	bool paused;
	const char *reason, *waiting;
	struct guest_console_listener *listeners;
	unsigned int deaf_writes; /* that many are refused with -ENOBUFS */
};

struct guests {
	struct guest *items[STUB_GUESTS_MAX]; /* by name */
	size_t count;
};

struct net {
	size_t count;
};

struct devices {
	size_t count;
};

static struct stub_host {
	struct host host;
	struct guests all;
	char *path; /* of the socket; guests are kept beside it */
	struct net net;
	struct devices devices;
	bool serving;
	size_t peak_kib; /* of allocated memory, since "meter" was last asked for */
	uint64_t memory_free; /* for files in memory */
	size_t crowd,
		cmdline_length; /* that many guests more, "g0000"…, with such a command line */
	guest_medium_done_t medium_done; /* who waits for a change of medium */
	void *medium_userdata;
	void (*drizzle)(const struct guest *guest); /* events until somebody reads no more */
} stub = { .memory_free = UINT64_C(1) << 40 };

static const char stub_ring[] = "boot \xff\xfe\x1b[1m done\r\n";

static bool stub_is(const struct guest *guest, const char *name)
{
	return strcmp(guest->config->name, name) == 0;
}

static void stub_set_state(struct guest *guest, enum guest_state state, const char *detail)
{
	guest->state = state;
	host_publish_guest(&stub.host, guest, guest_state_name(state), detail);
}

struct stub_timer {
	struct guest *guest;
	enum guest_state state;
	const char *reason;
};

static int stub_on_timer(sd_event_source *source, uint64_t now_usec [[maybe_unused]],
			 void *userdata)
{
	struct stub_timer *timer = userdata;

	timer->guest->reason = timer->reason;
	stub_set_state(timer->guest, timer->state, timer->reason);
	free(timer);
	sd_event_source_disable_unref(source);
	return 0;
}

/* A moment later the guest is in another state. */
static void stub_later(struct guest *guest, enum guest_state state, const char *reason)
{
	struct stub_timer *timer = malloc(sizeof(*timer));
	sd_event_source *source = NULL;

	*timer = (struct stub_timer){ guest, state, reason };
	if (sd_event_add_time_relative(stub.host.event, &source, CLOCK_MONOTONIC, 50000, 1000,
				       stub_on_timer, timer) < 0)
		abort();
}

static void stub_output(struct guest *guest, const char *data, size_t length)
{
	struct guest_console_listener *next = NULL;

	for (struct guest_console_listener *at = guest->listeners; at; at = next) {
		next = at->next;
		at->output(data, length, at->userdata);
	}
}

size_t __sanitizer_get_current_allocated_bytes(void) __attribute__((weak));

static size_t stub_allocated_kib(void)
{
	if (__sanitizer_get_current_allocated_bytes)
		return __sanitizer_get_current_allocated_bytes() / 1024;
	return mallinfo2().uordblks / 1024;
}

static void stub_note_memory(void)
{
	size_t now_kib = stub_allocated_kib();

	if (now_kib > stub.peak_kib)
		stub.peak_kib = now_kib;
}

static void stub_run_with(struct guest *guest)
{
	guest_config_free(guest->running);
	if (guest_config_copy(guest->config, &guest->running) < 0)
		abort();
}

static void stub_guest_free(struct guest *guest)
{
	while (guest->listeners)
		guest_console_unlisten(guest->listeners);
	guest_config_free(guest->config);
	guest_config_free(guest->running);
	free(guest);
}

static void stub_take_out(const struct guest *guest)
{
	for (size_t i = 0; i < stub.all.count; i++)
		if (stub.all.items[i] == guest) {
			stub.all.count--;
			memmove(&stub.all.items[i], &stub.all.items[i + 1],
				(stub.all.count - i) * sizeof(struct guest *));
			return;
		}
}

static struct guest *stub_insert(struct guest_config *config, enum guest_origin origin)
{
	struct guest *guest = calloc(1, sizeof(*guest));
	size_t at = stub.all.count++;

	if (!guest || stub.all.count > STUB_GUESTS_MAX)
		abort();
	while (at > 0 && strcmp(stub.all.items[at - 1]->config->name, config->name) > 0) {
		stub.all.items[at] = stub.all.items[at - 1];
		at--;
	}
	guest->config = config;
	guest->origin = origin;
	stub.all.items[at] = guest;
	return guest;
}

/* --- guest/guest.h ------------------------------------------------------------------------------
 */

/* Names that begin with "no-": the step of that name fails. */
int guests_define(struct guests *guests, struct guest_config *config_consume,
		  enum guest_origin origin, struct guest **ret_guest)
{
	struct guest *guest = NULL;

	if (guests_find(guests, config_consume->name))
		return -EEXIST;
	if (strcmp(config_consume->name, "no-define") == 0)
		return -EIO;
	guest = stub_insert(config_consume, origin);
	if (ret_guest)
		*ret_guest = guest;
	return 0;
}

int guest_skip_autostart(struct guest *)
{
	return 0;
}

int guest_redefine(struct guest *guest, struct guest_config *config_consume)
{
	if (stub_is(guest, "no-redefine"))
		return -EIO;
	guest_config_free(guest->config);
	guest->config = config_consume;
	return 0;
}

int guest_undefine(struct guest *guest, char **ret_why)
{
	if (stub_is(guest, "no-undefine")) {
		*ret_why = text_format("it does not want to");
		return -EBUSY;
	}
	stub_take_out(guest);
	stub_guest_free(guest);
	return 0;
}

int guest_rename(struct guest *guest, const char *name, char **ret_why)
{
	struct guest_config *config = NULL;
	enum guest_origin origin = guest->origin;
	int r = strcmp(name, "no-rename") == 0 ? -EIO
					       : guest_config_rename(guest->config, name, &config);

	if (r < 0)
		return r;
	(void)stub_insert(config, origin);
	return guest_undefine(guest, ret_why);
}

int guests_reserve_memory(struct guests *, uint64_t bytes, char **ret_why)
{
	if (bytes > stub.memory_free) {
		*ret_why = text_format("it needs more memory than there is");
		return -ENOMEM;
	}
	stub.memory_free -= bytes;
	return 0;
}

void guests_release_memory(struct guests *, uint64_t bytes)
{
	stub.memory_free += bytes;
}

void guests_read_memory(const struct guests *, struct guests_memory *ret_memory)
{
	*ret_memory =
		(struct guests_memory){ .free_bytes = stub.memory_free, .reserve_bytes = 4096 };
}

uint64_t guest_needed_memory(const struct guest *guest)
{
	return guest->config->memory_bytes;
}

size_t guests_count(const struct guests *guests)
{
	return guests->count;
}

struct guest *guests_at(const struct guests *guests, size_t index)
{
	return guests->items[index];
}

struct guest *guests_find(const struct guests *guests, const char *name)
{
	stub_note_memory();
	for (size_t i = 0; i < guests->count; i++)
		if (stub_is(guests->items[i], name))
			return guests->items[i];
	return NULL;
}

int guest_start(struct guest *guest, char **ret_why)
{
	if (guest->state == GUEST_STATE_RUNNING) {
		*ret_why = text_format("guest %s is running already", guest->config->name);
		return -EALREADY;
	}
	if (stub_is(guest, "storm")) {
		for (int i = 0; i < STORM_EVENTS; i++) {
			host_publish_guest(&stub.host, guest, "reset", "storm");
			if (i % 16 == 0)
				stub_note_memory();
		}
		return 0;
	}
	if (stub_is(guest, "burst")) {
		for (size_t i = 0; i < stub.all.count; i++)
			host_publish_guest(&stub.host, stub.all.items[i], "reset", "burst");
		stub_note_memory();
		return 0;
	}
	if (stub_is(guest, "drizzle")) {
		if (stub.drizzle)
			stub.drizzle(guest);
		return 0;
	}
	if (stub_is(guest, "flood")) {
		static char chunk[4096];

		memset(chunk, 'x', sizeof(chunk));
		for (int i = 0; i < FLOOD_BYTES / (int)sizeof(chunk); i++)
			stub_output(guest, chunk, sizeof(chunk));
		return 0;
	}
	stub_run_with(guest);
	stub_set_state(guest, GUEST_STATE_STARTING, NULL);
	if (stub_is(guest, "bad"))
		stub_later(guest, GUEST_STATE_FAILED, "the kernel \x1b[31mis\xff missing");
	else
		stub_later(guest, GUEST_STATE_RUNNING, NULL);
	return 0;
}

int guest_stop(struct guest *guest, char **ret_why)
{
	if (guest->state != GUEST_STATE_RUNNING) {
		*ret_why = text_format("guest %s is not running", guest->config->name);
		return -EALREADY;
	}
	guest->paused = false;
	stub_set_state(guest, GUEST_STATE_STOPPING, NULL);
	stub_later(guest, GUEST_STATE_STOPPED, NULL);
	return 0;
}

int guest_restart(struct guest *guest, char **ret_why)
{
	if (guest->state != GUEST_STATE_RUNNING)
		return guest_start(guest, ret_why);
	stub_run_with(guest);
	stub_set_state(guest, GUEST_STATE_STOPPING, NULL);
	stub_later(guest, GUEST_STATE_RUNNING, NULL);
	return 0;
}

static int stub_set_paused(struct guest *guest, bool paused, char **ret_why)
{
	if (guest->state != GUEST_STATE_RUNNING || guest->paused == paused) {
		*ret_why = text_format("guest %s is not %s", guest->config->name,
				       paused ? "running" : "paused");
		return -EALREADY;
	}
	guest->paused = paused;
	host_publish_guest(&stub.host, guest, paused ? "paused" : "running", NULL);
	return 0;
}

int guest_pause(struct guest *guest, char **ret_why)
{
	return stub_set_paused(guest, true, ret_why);
}

int guest_resume(struct guest *guest, char **ret_why)
{
	return stub_set_paused(guest, false, ret_why);
}

static void stub_end_media(const char *why)
{
	guest_medium_done_t done = take_ptr(stub.medium_done);

	if (done)
		done(why, stub.medium_userdata);
}

/* "locked.iso" is refused by QEMU, unless by force; "late.iso" is there with the next change, or
 * when the guest is let go. */
int guest_change_medium(struct guest *guest, size_t cdrom_index, const char *file, bool force,
			guest_medium_done_t done, void *userdata, char **ret_why)
{
	stub_end_media(NULL);
	if (text_equal(file, "late.iso")) {
		stub.medium_done = done;
		stub.medium_userdata = userdata;
		return 0;
	}
	if (!text_equal(file, "none.iso")) {
		done(text_equal(file, "locked.iso") && !force ? "drive 0: it is locked" : NULL,
		     userdata);
		return 0;
	}
	*ret_why = text_format("guest %s: drive %zu: there is no %s", guest->config->name,
			       cdrom_index, file);
	return -ENOENT;
}

/* "web" has a display, which says what a VNC server says first. */
int guest_open_display(struct guest *guest, int *ret_fd)
{
	int ends[2];

	if (guest->state != GUEST_STATE_RUNNING)
		return -ESRCH;
	if (!stub_is(guest, "web"))
		return -EOPNOTSUPP;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0 ||
	    write(ends[1], "RFB 003.008\n", 12) != 12 || close(ends[1]) < 0)
		return -errno;
	*ret_fd = ends[0];
	return 0;
}

int guest_read_stats(const struct guest *guest, struct guest_stats *ret_stats)
{
	if (!guest_state_has_process(guest->state))
		return -ESRCH;
	*ret_stats = (struct guest_stats){ .cpu_usec = 61500000,
					   .memory_bytes = 600 << 20,
					   .disk_read_bytes = 4096,
					   .disk_written_bytes = 8192,
					   .disk_reads = 1,
					   .disk_writes = 2 };
	return 0;
}

int guest_kill(struct guest *guest, char **ret_why)
{
	return guest_stop(guest, ret_why);
}

const struct guest_config *guest_config(const struct guest *guest)
{
	return guest->config;
}

const struct guest_config *guest_running_config(const struct guest *guest)
{
	return guest->running;
}

enum guest_origin guest_origin(const struct guest *guest)
{
	return guest->origin;
}

bool guest_is_settled(const struct guest *guest)
{
	return guest->state != GUEST_STATE_STARTING && guest->state != GUEST_STATE_STOPPING;
}

bool guest_is_paused(const struct guest *guest)
{
	return guest->paused;
}

const char *guest_waiting(const struct guest *guest)
{
	return guest->waiting;
}

enum guest_state guest_state(const struct guest *guest)
{
	return guest->state;
}

const char *guest_reason(const struct guest *guest)
{
	return guest->reason;
}

pid_t guest_pid(const struct guest *guest)
{
	return guest_state_has_process(guest->state) ? 4242 : 0;
}

uint64_t guest_started_usec(const struct guest *guest)
{
	return guest_state_has_process(guest->state) ? clock_usec(CLOCK_BOOTTIME) - 1500000 : 0;
}

bool guest_uses_kvm(const struct guest *guest)
{
	return !stub_is(guest, "db");
}

/* "meter" tells how much memory this process has had allocated since the last time, in KiB. */
unsigned int guest_restarts(const struct guest *guest)
{
	size_t peak_kib = stub.peak_kib;

	if (!stub_is(guest, "meter"))
		return 3;
	stub.peak_kib = 0;
	return (unsigned int)peak_kib;
}

void guest_nic_mac_bytes(const struct guest *guest [[maybe_unused]], size_t nic_index,
			 uint8_t ret_mac[static 6])
{
	memcpy(ret_mac, (const uint8_t[6]){ 0x52, 0x54, 0, 0, 0, (uint8_t)nic_index }, 6);
}

char *guest_nic_mac(const struct guest *guest [[maybe_unused]], size_t nic_index,
		    char buffer[static 18])
{
	(void)snprintf(buffer, 18, "52:54:00:00:00:%02x", (unsigned int)nic_index & 0xff);
	return buffer;
}

int guest_keep_identity(const struct guest *guest, struct guest_config *config)
{
	free(config->cloud_init.instance_id);
	config->cloud_init.present = true;
	config->cloud_init.instance_id = text_format("of-%s", guest->config->name);
	return config->cloud_init.instance_id ? 0 : -ENOMEM;
}

int guest_console_read(struct guest *guest, size_t port, char **ret_data, size_t *ret_length)
{
	char *data = NULL;

	if (port > 0)
		return -ENODEV;
	if (stub_is(guest, "flood")) {
		data = malloc(RING_BYTES);
		memset(data, 'r', RING_BYTES);
		*ret_length = RING_BYTES;
	} else {
		data = strdup(stub_ring);
		*ret_length = strlen(stub_ring);
	}
	*ret_data = data;
	return 0;
}

/* Echoes, as a shell does. */
int guest_console_write(struct guest *guest, size_t, const void *data, size_t length)
{
	if (guest->state != GUEST_STATE_RUNNING)
		return -ENOTCONN;
	if (guest->deaf_writes > 0) {
		guest->deaf_writes--;
		return -ENOBUFS;
	}
	stub_output(guest, data, length);
	return 0;
}

int guest_console_listen(struct guest *guest, size_t port, guest_console_output_t output,
			 void *userdata, struct guest_console_listener **ret_listener)
{
	struct guest_console_listener *listener = NULL;

	if (port > 0)
		return -ENODEV;
	listener = malloc(sizeof(*listener));
	*listener = (struct guest_console_listener){ guest, output, userdata, guest->listeners };
	guest->listeners = listener;
	*ret_listener = listener;
	return 0;
}

void guest_console_unlisten(struct guest_console_listener *listener)
{
	for (struct guest_console_listener **at = &listener->guest->listeners; *at;
	     at = &(*at)->next)
		if (*at == listener) {
			*at = listener->next;
			free(listener);
			return;
		}
}

void guest_autostart(struct guest *)
{
}

/* --- what there is --- */

static struct guest *stub_define(const char *text, enum guest_origin origin, enum guest_state state)
{
	_cleanup_(config_mistakes_done) struct config_mistakes mistakes = {};
	struct guest_config *config = NULL;
	struct guest *guest = NULL;

	if (guest_config_parse(text, &config, &mistakes) < 0) {
		(void)fprintf(stderr, "stub: %s\n",
			      mistakes.items ? mistakes.items[0].message : "?");
		abort();
	}
	guest_config_bind_networks(config, stub.host.config);
	guest = stub_insert(config, origin);
	guest->state = state;
	if (guest_state_has_process(state))
		stub_run_with(guest);
	return guest;
}
