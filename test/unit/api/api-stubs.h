/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the API stands on, made up: a network, devices, and a main loop that serves the API on a
 * socket until SIGTERM. Guests and storage are the stubs of test/unit/host/. */
#pragma once

#include <fcntl.h>
#include <signal.h>
#include <sys/signalfd.h>

#include "api/api-internal.h"
#include "api/api.h"
#include "base/meminfo.h"
#include "host/host-catalogue.h"
#include "host/host-create.h"
#include "host/host-end.h"
#include "host/host-format.h"
#include "host/host-guest-stubs.h"
#include "host/host-job.h"
#include "host/host-screen.h"
#include "host/host-storage-stubs.h"
#include "machine/info.h"
#include "storage/store/guest-store.h"

#define STUB_MISTAKES_MAX 100000

static struct api *stub_api;

/* --- net/net.h, machine/device/devices.h, machine/info.h --- */

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
	return clock_usec(CLOCK_BOOTTIME);
}

/* --- the server --- */

int net_try_address(struct net *, const char *, const char *, const char *, char **)
{
	return -EOPNOTSUPP;
}

int net_settle_address(struct net *, const char *, bool, char **)
{
	return -EOPNOTSUPP;
}

bool net_get_trial(const struct net *, struct net_trial_status *)
{
	return false;
}

const char *host_screen_guest(const struct host *)
{
	return NULL;
}

int host_screen_give_to(struct host *, const char *, struct error *error)
{
	return error_set(error, ERROR_UNSUPPORTED, "this machine has no screen");
}

void host_end(struct host *host, enum power_action, bool now)
{
	const struct host_event event = { .type = HOST_EVENT_NETWORK, .network = "lan" };
	_cleanup_free_ char *path = text_format("%s.now", stub.path);

	if (now)
		(void)fd_close(open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
	host_publish(host, &event);
}

/* Until the socket of each takes no more. */
static void stub_drizzle(const struct guest *guest)
{
	for (const struct api_client *at = stub_api->clients; at; at = at->next) {
		if (!at->subscribed)
			continue;
		do {
			host_publish_guest(&stub.host, guest, "reset", NULL);
			while (sd_varlink_process(at->link) > 0)
				;
		} while (!(sd_varlink_get_events(at->link) & EPOLLOUT));
	}
}

static int stub_on_sigterm(sd_event_source *source,
			   const struct signalfd_siginfo *info [[maybe_unused]],
			   void *userdata [[maybe_unused]])
{
	return sd_event_exit(sd_event_source_get_event(source), 0);
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
	if (host_store_root(&stub.host, GUEST_ORIGIN_DATA) >= 0)
		(void)host_define_stored(&stub.host, GUEST_ORIGIN_DATA);
	(void)host_define_stored(&stub.host, GUEST_ORIGIN_MEMORY);
}

static int stub_make_config(void)
{
	static const char text[] = "hostname = \"testhost\"\n";
	struct config_mistakes mistakes = {};
	int r = host_config_parse(text, &stub.host.config, &mistakes);

	config_mistakes_done(&mistakes);
	if (r >= 0 && getenv("STUB_CONSOLE_PASSWORD"))
		stub.host.config->console_password = strdup(getenv("STUB_CONSOLE_PASSWORD"));
	return r;
}

static void stub_fill_host(struct config_mistake *items)
{
	static char source[] = "/dev/sdb1: mvirt.conf", message[] = "unknown key \"colour\"";

	stub.host.mistakes = (struct config_mistakes){ items, stub.crowd ? STUB_MISTAKES_MAX : 1 };
	for (size_t i = 0; i < stub.host.mistakes.count; i++)
		items[i] =
			(struct config_mistake){ .line = 12 + (unsigned int)i, .message = message };
	stub.host.config_source = source;
	stub.host.guests = &stub.all;
	stub.host.kvm = (struct kvm_status){ .state = KVM_FORBIDDEN, .why = "no permission" };
	stub.host.screen = (struct screen_status){ .present = true,
						   .width = 1024,
						   .height = 768,
						   .bits_per_pixel = 32,
						   .driver = "simpledrm" };
	stub.net.count = stub.devices.count = 1;
	stub.drizzle = stub_drizzle;
}

/* As hostd_done() does it. */
static void stub_end(void)
{
	host_creations_cancel(&stub.host);
	host_format_cancel(&stub.host);
	host_replace_cancel(&stub.host);
	host_unlock_cancel(&stub.host);
	api_free(stub_api);
	jobs_free(stub.host.jobs);
	stub_end_media("the connection to QEMU is closed");
	sd_event_unref(stub.host.event);
	for (size_t i = 0; i < stub.all.count; i++)
		stub_guest_free(stub.all.items[i]);
	host_config_free(stub.host.config);
	free(stub.path);
}

static int stub_loop(const char *path)
{
	const struct api_settings settings = { .host = &stub.host,
					       .version = "1.2",
					       .socket_path = path };
	sigset_t set;
	int r = 0;

	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGTERM);
	(void)sigprocmask(SIG_BLOCK, &set, NULL);
	r = sd_event_new(&stub.host.event);
	if (r >= 0)
		r = sd_event_add_signal(stub.host.event, NULL, SIGTERM, stub_on_sigterm, NULL);
	if (r >= 0)
		r = api_new(stub.host.event, &settings, &stub_api);
	if (r < 0) {
		(void)fprintf(stderr, "the stub server cannot start: %s\n", strerror(-r));
		return r;
	}
	stub.serving = true;
	return sd_event_loop(stub.host.event);
}

/* Serves on path until SIGTERM. Guests are kept in PATH.data, if there is one, and PATH.memory.
 * Returns the process's exit status. */
static int stub_serve(const char *path, bool empty)
{
	static struct config_mistake items[STUB_MISTAKES_MAX];
	int r = stub_make_config();

	if (r < 0)
		return 1;
	if (getenv("STUB_MEMORY_FREE"))
		stub.memory_free = strtoull(getenv("STUB_MEMORY_FREE"), NULL, 10);
	stub.path = strdup(path);
	stub_fill_host(items);
	if (!empty) {
		_cleanup_free_ char *jobs = text_format("%s.jobs", path);

		if (!jobs || host_start_jobs(&stub.host, jobs) < 0)
			return 1;
		stub.host.net = &stub.net;
		stub.host.devices = &stub.devices;
		stub.host.data_volume = &stub_volume;
		stub_add_guests();
	}
	r = stub_loop(path);
	stub_end();
	return r < 0;
}
