// SPDX-License-Identifier: GPL-2.0-or-later
// The guests at the boot, and what the data volume's coming and going is to them.
#include "host-guests.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/log.h"
#include "host-catalogue.h"
#include "host-crash.h"
#include "host-create.h"
#include "host-end.h"
#include "host-event.h"
#include "host-internal.h"
#include "host-screen.h"
#include "host-store.h"
#include "host-volumes.h"
#include "machine/boot-times.h"

/* Guests that are created without a data volume: its layout, in memory. */
#define MEMORY_FOLDER "/run/mvirt/memory"
#define BOOT_USEC_MAX UINT64_C(300000000)
/* A disk that spins up, or a slow stick, is not found before. */
#define DISKS_FOUND_USEC UINT64_C(30000000)

/* --- events --- */

/* The start of a guest is part of the boot in its first minutes. */
static void note_boot(const struct guest *guest, const char *kind)
{
	_cleanup_free_ char *name = NULL;

	if (machine_uptime_usec() > BOOT_USEC_MAX ||
	    (!text_equal(kind, "starting") && !text_equal(kind, "running") &&
	     !text_equal(kind, "ready")))
		return;
	name = text_format("guest %s: %s", guest_config(guest)->name, kind);
	if (name)
		boot_times_mark(BOOT_TIMES_FOLDER, name);
}

static void on_guest_event(const struct guest *guest, const char *kind, const char *detail,
			   void *userdata)
{
	struct host *host = userdata;

	note_boot(guest, kind);
	host_publish_guest(host, guest, kind, detail);
	host_screen_guest_changed(host);
}

static void publish_data_volume(const struct host *host, const char *kind, const char *why)
{
	const struct host_event event = { .type = HOST_EVENT_DATA_VOLUME,
					  .kind = kind,
					  .detail = why };

	host_publish(host, &event);
}

static void power_off_host(const struct guest *, void *userdata)
{
	host_end(userdata, POWER_OFF, false);
}

/* --- the data volume --- */

void host_data_mounted(int root_fd, void *userdata)
{
	struct host *host = userdata;
	int r = 0;

	host->files.data_fd = root_fd;
	if (!host->guests)
		return;
	r = host_define_stored(host, GUEST_ORIGIN_DATA);
	if (r < 0)
		log_error("data", "the guests on it cannot be listed: %s", strerror(-r));
	else
		(void)guests_take_left_over(host->guests, GUEST_ORIGIN_DATA);
	host_empty_trash(host, GUEST_ORIGIN_DATA);
	host_keep_crashes(root_fd);
	publish_data_volume(host, "mounted", NULL);
}

void host_data_lost(void *userdata)
{
	struct host *host = userdata;

	host->files.data_fd = -EBADF;
	publish_data_volume(host, "lost", NULL);
}

void host_data_failed(const char *why, void *userdata)
{
	struct host *host = userdata;

	publish_data_volume(host, "damaged", why);
}

void host_data_decided(void *userdata)
{
	struct host *host = userdata;

	if (host->guests)
		guests_devices_changed(host->guests);
	host_creations_resume(host);
}

static int open_memory_folder(struct host *host)
{
	if (mkdir(MEMORY_FOLDER, 0700) < 0 && errno != EEXIST)
		return -errno;
	host->files.memory_fd = open(MEMORY_FOLDER, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return host->files.memory_fd < 0 ? -errno : 0;
}

int host_start_guests(struct host *host)
{
	struct guests_callbacks callbacks = {
		.power_off_host = power_off_host,
		.event = on_guest_event,
		.all_stopped = host_on_all_stopped,
	};
	struct guests_environment environment = {
		.kvm_usable = kvm_usable(&host->kvm),
		.kvm_why = host->kvm.why,
		.memory_reserve_bytes = host->config->memory_reserve_bytes,
		.disks_found_usec = DISKS_FOUND_USEC,
	};
	int r = open_memory_folder(host);

	host_connect_needs(host, &callbacks);
	host->files.volume = host->volume;
	host->files.data_volume = host->data_volume;
	machine_host_id(environment.host_id);
	if (r >= 0)
		r = guests_new(host->event, &environment, &callbacks, &host->guests);
	if (r >= 0)
		host_adopt_taps(host);
	if (r >= 0)
		r = guest_trash_new(host->event, MEMORY_FOLDER, &host->memory_trash);
	if (r >= 0)
		r = guest_trash_new(host->event, DATA_VOLUME_MOUNT, &host->data_trash);
	if (r >= 0)
		r = host_define_configured(host);
	if (r >= 0)
		r = host_define_stored(host, GUEST_ORIGIN_MEMORY);
	if (r < 0)
		return r;
	(void)guests_take_left_over(host->guests, GUEST_ORIGIN_CONFIG);
	(void)guests_take_left_over(host->guests, GUEST_ORIGIN_MEMORY);
	host_empty_trash(host, GUEST_ORIGIN_MEMORY);
	/* Something may have come while no hostd looked. */
	guests_devices_changed(host->guests);
	if (host->files.data_fd >= 0)
		host_data_mounted(host->files.data_fd, host);
	host_offer_disks(host);
	return 0;
}
