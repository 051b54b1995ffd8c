/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The guests: what each is to be, is, and how one becomes the other. The API's and hostd.c's view.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <systemd/sd-event.h>

#include "config/config.h"
#include "guest/guest-state.h"

struct guests;
struct guest;

/* What a guest needs from its siblings, which it does not know: hostd.c connects them. */
struct guests_callbacks {
	/* An open, read-only kernel or initrd, and a disk with the access that the config asks. 0
	 * or -errno. */
	int (*open_boot_file)(const char *path, int *ret_fd, void *userdata);
	int (*open_disk)(const struct disk_config *disk, int *ret_fd, void *userdata);
	int (*open_tap)(const char *network, const char *guest_name, unsigned int nic_index,
			int *ret_tap_fd, int *ret_vhost_fd, void *userdata);
	/* An event of a guest, for the API's subscribers. detail may be NULL. */
	void (*event)(const struct guest *guest, const char *kind, const char *detail,
		      void *userdata);
	/* Every guest has stopped, after guests_stop_all(). */
	void (*all_stopped)(void *userdata);
	void *userdata;
};

struct guests_environment {
	bool kvm_usable;
	const char *kvm_why; /* shown when a guest needs KVM and there is none */
	uint8_t host_id[16]; /* stable for this machine: MACs are made from it */
	/* For tests; NULL means /run/mvirt/guests and /proc/meminfo. */
	const char *folder, *meminfo;
};

/*
 * Reads which guests there are: those of the configuration, and those that an earlier hostd left
 * running (/run/mvirt/guests). As soon as the event loop runs, it takes the running ones up again
 * and starts what autostart asks for; callbacks come from the loop, and from the commands below.
 * config must outlive the guests. Returns 0 or -errno.
 */
int guests_new(sd_event *event, const struct host_config *config,
	       const struct guests_environment *environment,
	       const struct guests_callbacks *callbacks, struct guests **ret_guests);
/* Lets go of the guests without ending them. */
void guests_free(struct guests *guests);

size_t guests_count(const struct guests *guests);
struct guest *guests_at(const struct guests *guests, size_t index);
struct guest *guests_find(const struct guests *guests, const char *name);

/*
 * Commands: they return as soon as the command is taken up, 0 or -errno (-EALREADY, -EBUSY…), with
 * one line for the user in *ret_why on refusal, to be freed; events tell the rest. stop asks the
 * guest by ACPI and kills it after its shutdown-timeout; kill ends it now.
 */
int guest_start(struct guest *guest, char **ret_why);
int guest_stop(struct guest *guest, char **ret_why);
int guest_kill(struct guest *guest, char **ret_why);
/* Stops all at once, each within its own timeout. No guest starts any more; all_stopped is called,
 * at once if none runs. */
void guests_stop_all(struct guests *guests);

const struct guest_config *guest_config(const struct guest *guest);
enum guest_state guest_state(const struct guest *guest);
const char *guest_reason(const struct guest *guest); /* why it is failed or crashed, or NULL */
pid_t guest_pid(const struct guest *guest); /* of QEMU, or 0 */
uint64_t guest_started_usec(const struct guest *guest); /* CLOCK_BOOTTIME, or 0 */
/* False: TCG, "no isolation". Of a guest that does not run: what it would get. */
bool guest_uses_kvm(const struct guest *guest);
unsigned int guest_restarts(const struct guest *guest);
/* MAC of a NIC, "52:54:00:…"; buffer of 18 bytes; returns it. */
char *guest_nic_mac(const struct guest *guest, size_t nic_index, char buffer[static 18]);

/* The last 64 KiB of the serial console. Returns 0 or -errno; the copy is the caller's. */
int guest_console_read(struct guest *guest, char **ret_data, size_t *ret_length);
/* What is typed. Returns 0, -ENOTCONN when the guest does not run, -ENOBUFS when it does not read.
 */
int guest_console_write(struct guest *guest, const void *data, size_t length);

typedef void (*guest_console_output_t)(const void *data, size_t length, void *userdata);
struct guest_console_listener;
/* Each listener gets every byte that comes after it was added. */
int guest_console_listen(struct guest *guest, guest_console_output_t output, void *userdata,
			 struct guest_console_listener **ret_listener);
void guest_console_unlisten(struct guest_console_listener *listener);
