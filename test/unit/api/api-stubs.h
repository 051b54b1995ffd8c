/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the API stands on, made up: guests that obey by name, a network, devices; storage is in
 * api-storage-stubs.h. Includes a main loop that serves the API on a socket until SIGTERM. */
#pragma once

#include <fcntl.h>
#include <malloc.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "api/api-internal.h"
#include "api/api.h"
#include "base/meminfo.h"
#include "machine/info.h"
#include "storage/store/guest-store.h"

#define STORM_EVENTS 100000
#define FLOOD_BYTES (4 * 1024 * 1024)
#define RING_BYTES (64 * 1024)
#define STUB_GUESTS_MAX 1024
#define STUB_MISTAKES_MAX 100000

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
	sd_event *event;
	struct api *api;
	struct guests all;
	struct host_config *config;
	char *path; /* of the socket */
	struct net net;
	struct devices devices;
	size_t peak_kib; /* of allocated memory, since "meter" was last asked for */
	uint64_t memory_free; /* for files in memory */
	size_t crowd,
		cmdline_length; /* that many guests more, "g0000"…, with such a command line */
	guest_medium_done_t medium_done; /* who waits for a change of medium */
	void *medium_userdata;
} stub = { .memory_free = UINT64_C(1) << 40 };

static const char stub_ring[] = "boot \xff\xfe\x1b[1m done\r\n";

static uint64_t stub_now_usec(void)
{
	struct timespec now = {};

	(void)clock_gettime(CLOCK_BOOTTIME, &now);
	return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

static bool stub_is(const struct guest *guest, const char *name)
{
	return strcmp(guest->config->name, name) == 0;
}

static void stub_set_state(struct guest *guest, enum guest_state state, const char *detail)
{
	guest->state = state;
	if (stub.api)
		api_publish_guest_event(stub.api, guest, guest_state_name(state), detail);
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
	if (sd_event_add_time_relative(stub.event, &source, CLOCK_MONOTONIC, 50000, 1000,
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
			api_publish_guest_event(stub.api, guest, "reset", "storm");
			if (i % 16 == 0)
				stub_note_memory();
		}
		return 0;
	}
	if (stub_is(guest, "burst")) {
		for (size_t i = 0; i < stub.all.count; i++)
			api_publish_guest_event(stub.api, stub.all.items[i], "reset", "burst");
		stub_note_memory();
		return 0;
	}
	if (stub_is(guest, "drizzle")) {
		for (const struct api_client *at = stub.api->clients; at; at = at->next) {
			if (!at->subscribed)
				continue;
			/* Until its socket takes no more. */
			do {
				api_publish_guest_event(stub.api, guest, "reset", NULL);
				while (sd_varlink_process(at->link) > 0)
					;
			} while (!(sd_varlink_get_events(at->link) & EPOLLOUT));
		}
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
	api_publish_guest_event(stub.api, guest, paused ? "paused" : "running", NULL);
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
	return guest_state_has_process(guest->state) ? stub_now_usec() - 1500000 : 0;
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

/* --- net/net.h, machine/device/devices.h, machine/info.h
 * ------------------------------------------------
 */

size_t net_count(const struct net *net)
{
	return net->count;
}

int net_status_at(struct net *net [[maybe_unused]], size_t index [[maybe_unused]],
		  struct net_status *ret_status)
{
	static const struct net_address addresses[] = { { "192.0.2.7/24", "dhcp" } };
	static const char *const dns[] = { "192.0.2.1", NULL };

	*ret_status = (struct net_status){
		.name = "lan",
		.uplink = "eth0",
		.carrier = true,
		.addresses = addresses,
		.address_count = 1,
		.gateway = "192.0.2.1",
		.dns = dns,
		.phase = "up",
		.rx_bytes = 1,
		.tx_bytes = 2,
	};
	return 0;
}

/* web's second NIC is on a network; it uses what a guest would. */
int net_list_guest_addresses(struct net *net [[maybe_unused]],
			     const char *guest_name [[maybe_unused]],
			     unsigned int nic_index [[maybe_unused]],
			     const uint8_t *mac [[maybe_unused]], struct text_list *ret_addresses)
{
	*ret_addresses = (struct text_list){};
	return text_list_add(ret_addresses, "192.0.2.44");
}

int net_read_tap_stats(struct net *net [[maybe_unused]], const char *guest_name [[maybe_unused]],
		       unsigned int nic_index, struct net_tap_stats *ret_stats)
{
	if (nic_index > 0)
		return -ENODEV;
	*ret_stats = (struct net_tap_stats){
		.rx_bytes = 3 << 20, .rx_packets = 3, .tx_bytes = 5 << 20, .tx_refused = 7
	};
	return 0;
}

const struct disk_device *devices_disks(const struct devices *devices, size_t *ret_count)
{
	static char label[] = "caf\xe9 \x1b]0;x\x07";
	static char names[][8] = { "sda", "sdb", "sdc", "sdd", "sde", "sde1", "sdf", "sdg" };
	static char nodes[][16] = { "/dev/sda", "/dev/sdb",  "/dev/sdc", "/dev/sdd",
				    "/dev/sde", "/dev/sde1", "/dev/sdf", "/dev/sdg" };
	static char serials[][8] = {
		"EMPTY", "FULL", "TWIN", "TWIN", "BOOT", "BOOT", "BUSY", "RO"
	};
	static struct disk_device disks[8];

	for (size_t i = 0; i < ELEMENTS(disks); i++)
		disks[i] = (struct disk_device){ .name = names[i],
						 .node = nodes[i],
						 .serial = serials[i],
						 .parent = i == 5 ? names[4] : NULL,
						 .readonly = i == 7,
						 .size_bytes = 8589934592 };
	disks[0].label = label;
	*ret_count = devices->count ? ELEMENTS(disks) : 0;
	return disks;
}

const struct nic_device *devices_nics(const struct devices *devices, size_t *ret_count)
{
	static char name[] = "eth0", mac[] = "52:54:00:12:34:56";
	static const struct nic_device nic = { .name = name, .mac = mac, .link = true };

	*ret_count = devices->count;
	return &nic;
}

void machine_info_read(const char *root [[maybe_unused]], const char *run_folder [[maybe_unused]],
		       struct machine_info *ret_info)
{
	*ret_info = (struct machine_info){ .cpu_model = "Test CPU",
					   .kernel_release = "6.12.107",
					   .firmware = "uefi",
					   .cpus = 2,
					   .memory_total_bytes = 4294967296,
					   .host_id = { 0xab, 0xcd } };
}

int meminfo_read(const char *path [[maybe_unused]], struct meminfo *ret_meminfo)
{
	*ret_meminfo = (struct meminfo){ .total_bytes = 4294967296, .available_bytes = 3221225472 };
	return 0;
}

uint64_t machine_uptime_usec(void)
{
	return stub_now_usec();
}

/* --- the server ----------------------------------------------------------------------------------
 */

static void stub_on_power(enum power_action action [[maybe_unused]], bool now,
			  void *userdata [[maybe_unused]])
{
	_cleanup_free_ char *path = text_format("%s.now", stub.path);

	if (now)
		(void)fd_close(open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
	api_publish_network_event(stub.api, "lan");
}

#include "api-storage-stubs.h"

static int stub_on_sigterm(sd_event_source *source,
			   const struct signalfd_siginfo *info [[maybe_unused]],
			   void *userdata [[maybe_unused]])
{
	return sd_event_exit(sd_event_source_get_event(source), 0);
}

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
	guest_config_bind_networks(config, stub.config);
	guest = stub_insert(config, origin);
	guest->state = state;
	if (guest_state_has_process(state))
		stub_run_with(guest);
	return guest;
}

static struct guest *stub_add_guest(const char *name, enum guest_state state)
{
	_cleanup_free_ char *text = text_format(
		"guest \"%s\" { machine = \"microvm\"\n kernel = \"vmlinuz\"\n accel = \"any\"\n "
		"cpus = 2\n memory = \"512M\"\n shutdown-timeout = 60\n "
		"disk { file = \"web.img\"\n readonly = true\n }\n nic {}\n "
		"nic { network = \"user\" }\n }",
		name);

	return stub_define(text, GUEST_ORIGIN_CONFIG, state);
}

/* As many as are promised. */
static void stub_add_crowd(void)
{
	_cleanup_free_ char *cmdline = calloc(1, stub.cmdline_length + 1);

	memset(cmdline, 'x', stub.cmdline_length);
	for (size_t i = 0; i < stub.crowd; i++) {
		_cleanup_free_ char *text = text_format(
			"guest \"g%04zu\" { machine = \"microvm\"\n kernel = \"vmlinuz\"\n "
			"cmdline = \"%s\"\n disk { file = \"data:guests/g%04zu/disk.img\"\n }\n "
			"disk { file = \"data:images/all.img\"\n readonly = true\n }\n "
			"nic {}\n nic { address = [\"192.0.2.9\"]\n }\n }",
			i, cmdline, i);

		(void)stub_define(text, GUEST_ORIGIN_DATA, GUEST_STATE_RUNNING);
	}
	if (stub.crowd > 0)
		(void)stub_add_guest("burst", GUEST_STATE_STOPPED);
}

static void stub_add_stored(enum guest_origin origin)
{
	_cleanup_(text_list_done) struct text_list names = {};
	int root_fd = stub_store_root(origin, NULL);

	if (root_fd < 0)
		return;
	(void)api_remove_half_imported(root_fd);
	(void)guest_store_list(root_fd, &names);
	for (size_t i = 0; i < names.count; i++) {
		_cleanup_free_ char *text = NULL;

		if (guest_store_load(root_fd, names.items[i], &text) >= 0)
			(void)stub_define(text, origin, GUEST_STATE_STOPPED);
	}
}

/* What the data volume brings when it comes. */
static void stub_add_found(void)
{
	_cleanup_(text_list_done) struct text_list names = {};
	int root_fd = stub_store_root(GUEST_ORIGIN_DATA, NULL);

	if (root_fd >= 0)
		(void)guest_store_list(root_fd, &names);
	for (size_t i = 0; i < names.count; i++) {
		_cleanup_free_ char *text = NULL;

		if (!guests_find(&stub.all, names.items[i]) &&
		    guest_store_load(root_fd, names.items[i], &text) >= 0)
			(void)stub_define(text, GUEST_ORIGIN_DATA, GUEST_STATE_STOPPED);
	}
}

static void stub_add_guests(void)
{
	(void)stub_add_guest("bad", GUEST_STATE_STOPPED);
	(void)stub_add_guest("db", GUEST_STATE_RUNNING);
	stub_add_guest("deaf", GUEST_STATE_RUNNING)->deaf_writes = 3;
	(void)stub_add_guest("drizzle", GUEST_STATE_STOPPED);
	(void)stub_add_guest("flood", GUEST_STATE_STOPPED);
	(void)stub_add_guest("meter", GUEST_STATE_STOPPED);
	(void)stub_add_guest("storm", GUEST_STATE_STOPPED);
	(void)stub_add_guest("web", GUEST_STATE_RUNNING);
	stub_add_crowd();
	stub_add_stored(GUEST_ORIGIN_DATA);
	stub_add_stored(GUEST_ORIGIN_MEMORY);
}

static int stub_make_config(void)
{
	static const char text[] = "hostname = \"testhost\"\n";
	struct config_mistakes mistakes = {};
	int r = host_config_parse(text, &stub.config, &mistakes);

	config_mistakes_done(&mistakes);
	if (r >= 0 && getenv("STUB_CONSOLE_PASSWORD"))
		stub.config->console_password = strdup(getenv("STUB_CONSOLE_PASSWORD"));
	return r;
}

/* Serves on path until SIGTERM. Guests are kept in PATH.data, if there is one, and PATH.memory.
 * Returns the process's exit status. */
static int stub_serve(const char *path, bool empty)
{
	static char message[] = "unknown key \"colour\"";
	static const struct kvm_status kvm = { .state = KVM_FORBIDDEN, .why = "no permission" };
	static const struct screen_status screen = { .present = true,
						     .width = 1024,
						     .height = 768,
						     .bits_per_pixel = 32,
						     .driver = "simpledrm" };
	static struct config_mistake items[STUB_MISTAKES_MAX];
	const struct config_mistakes mistakes = { items, stub.crowd ? STUB_MISTAKES_MAX : 1 };
	struct api_context context = {
		.guests = &stub.all,
		.net = empty ? NULL : &stub.net,
		.devices = empty ? NULL : &stub.devices,
		.data_volume = empty ? NULL : &stub_volume,
		.kvm = &kvm,
		.screen = &screen,
		.mistakes = &mistakes,
		.config_source = "/dev/sdb1: mvirt.conf",
		.version = "1.2",
		.socket_path = path,
		.power = stub_on_power,
	};
	sigset_t set;
	int r = stub_make_config();

	if (r < 0)
		return 1;
	for (size_t i = 0; i < mistakes.count; i++)
		items[i] =
			(struct config_mistake){ .line = 12 + (unsigned int)i, .message = message };
	context.config = stub.config;
	if (getenv("STUB_MEMORY_FREE"))
		stub.memory_free = strtoull(getenv("STUB_MEMORY_FREE"), NULL, 10);
	stub.path = strdup(path);
	stub.net.count = stub.devices.count = 1;
	if (!empty) {
		context.operations = stub_operations;
		stub_add_guests();
	}
	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGTERM);
	(void)sigprocmask(SIG_BLOCK, &set, NULL);
	r = sd_event_new(&stub.event);
	if (r >= 0)
		r = sd_event_add_signal(stub.event, NULL, SIGTERM, stub_on_sigterm, NULL);
	if (r >= 0)
		r = api_new(stub.event, &context, &stub.api);
	if (r < 0) {
		(void)fprintf(stderr, "the stub server cannot start: %s\n", strerror(-r));
		return 1;
	}
	r = sd_event_loop(stub.event);
	api_free(stub.api);
	stub_end_media("the connection to QEMU is closed");
	sd_event_unref(stub.event);
	for (size_t i = 0; i < stub.all.count; i++)
		stub_guest_free(stub.all.items[i]);
	host_config_free(stub.config);
	free(stub.path);
	return r < 0;
}
