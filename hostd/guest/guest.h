/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The guests: what each is to be, is, and how one becomes the other. The API's and hostd.c's view.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <systemd/sd-event.h>

#include "config/config.h"
#include "guest/guest-identity.h"
#include "guest/guest-state.h"
#include "process/guest-cgroup.h"
#include "vmm/vmm.h"

struct guests;
struct guest;

/* Where a guest's definition is. */
enum guest_origin {
	GUEST_ORIGIN_CONFIG, /* mvirt.conf: read-only to the API */
	GUEST_ORIGIN_DATA, /* the data volume */
	GUEST_ORIGIN_MEMORY, /* created without a data volume: "not kept" */
	GUEST_ORIGIN_RECORD, /* gone from where it was, and still running */
};

/* What hostd.c opens for a guest. */
enum guest_file {
	GUEST_FILE_KERNEL,
	GUEST_FILE_INITRD,
	GUEST_FILE_CDROM,
	GUEST_FILE_SEED, /* the NoCloud ISO made from cloud_init; path is NULL */
	GUEST_FILE_VARIABLES, /* the UEFI variable store, writable, made from the template; path is
				 NULL */
};

/* What a guest needs from its siblings, which it does not know: hostd.c connects them. */
struct guests_callbacks {
	/*
	 * An open file or disk with the access that the definition asks. format of a disk is what
	 * to give the VMM (RAW or QCOW2). 0, or -errno with one line in *ret_why (to be freed) or
	 * NULL there.
	 */
	int (*open_file)(const struct guest *guest, enum guest_file kind, const char *path,
			 int *ret_fd, char **ret_why, void *userdata);
	int (*open_disk)(const struct guest *guest, const struct disk_config *disk, int *ret_fd,
			 enum disk_format *ret_format, char **ret_why, void *userdata);
	int (*open_tap)(const struct guest *guest, size_t nic_index, int *ret_tap_fd,
			int *ret_vhost_fd, void *userdata);
	/*
	 * Whether this machine has what the guest needs of it: 0; or -ENODEV when it has not, or
	 * not yet; or -EAGAIN when that is being found out, however long it takes. *ret_what is
	 * what is missing then, "the disk serial:X", to be freed.
	 */
	int (*missing)(const struct guest *guest, char **ret_what, void *userdata);
	/* on-poweroff = "host". */
	void (*power_off_host)(const struct guest *guest, void *userdata);
	/* An event of a guest, for the API's subscribers. detail may be NULL. */
	void (*event)(const struct guest *guest, const char *kind, const char *detail,
		      void *userdata);
	/* Every guest has stopped, after guests_stop_all(). */
	void (*all_stopped)(void *userdata);
	void *userdata;
};

struct guests_environment {
	const struct vmm_type *vmm; /* what runs guests; NULL: vmm_default() */
	bool kvm_usable;
	const char *kvm_why; /* shown when a guest needs KVM and there is none */
	uint8_t host_id[16]; /* stable for this machine: MACs are made from it */
	/* For tests; NULL means /run/mvirt/guests, /proc/meminfo and the kernel's folder of huge
	 * pages of 2 MiB. */
	const char *folder, *meminfo, *hugepages;
	uint64_t memory_reserve_bytes; /* what guests may not take; 0: a share of the machine */
	/* CLOCK_BOOTTIME: until then disks are still being found, and an autostart waits for what
	 * it needs. */
	uint64_t disks_found_usec;
};

/*
 * Finds the guests that an earlier hostd left running (/run/mvirt/guests), and takes them up again
 * as soon as the event loop runs. The environment's strings must outlive the guests. 0 or -errno.
 */
int guests_new(sd_event *event, const struct guests_environment *environment,
	       const struct guests_callbacks *callbacks, struct guests **ret_guests);
/* Lets go of the guests without ending them. */
void guests_free(struct guests *guests);

/*
 * Adds a guest, or gives one that only its record knows its definition back. config is consumed on
 * success. ret_guest may be NULL. Returns 0, -EEXIST, or -errno.
 */
int guests_define(struct guests *guests, struct guest_config *config_consume,
		  enum guest_origin origin, struct guest **ret_guest);
/* At boot: starts it if its autostart says so, and an earlier hostd has not done it, when its turn
 * has come (after, start-delay) and what it needs of the machine is there. */
void guest_autostart(struct guest *guest);
/* There may be an answer of missing() that is another than before: an autostart may have waited for
 * it, or have failed for want of it. */
void guests_devices_changed(struct guests *guests);
/* A new guest that nobody has started: no later hostd of this boot is to do it by itself. 0 or
 * -errno, which is logged. */
int guest_skip_autostart(struct guest *guest);
/* Replaces the definition; what runs goes on with its own until the next start. Consumes on
 * success. The name must be the same. Returns 0 or -errno. */
int guest_redefine(struct guest *guest, struct guest_config *config_consume);
/* For stopped guests only. Returns 0, -EBUSY with *ret_why, -EEXIST, or -errno. */
int guest_rename(struct guest *guest, const char *name, char **ret_why);
int guest_undefine(struct guest *guest, char **ret_why);
/*
 * To be called when every guest of that origin is defined: what an earlier hostd left of others is
 * removed, or goes on as it was started (GUEST_ORIGIN_RECORD) if it runs. Returns 0 or -errno.
 */
int guests_take_left_over(struct guests *guests, enum guest_origin origin);

/*
 * So much of the host's memory is for something else that is about to use it (a file in memory),
 * from now until it is released; what guests were promised is no part of it, and they get no part
 * of this. Returns 0, or -ENOMEM with one line in *ret_why, to be freed.
 */
int guests_reserve_memory(struct guests *guests, uint64_t bytes, char **ret_why);
void guests_release_memory(struct guests *guests, uint64_t bytes);
/* What there is to promise now; of that reserve_bytes are kept for the host. Zeros where the kernel
 * does not say. */
struct guests_memory {
	uint64_t free_bytes, reserve_bytes;
};
void guests_read_memory(const struct guests *guests, struct guests_memory *ret_memory);
/* What a start of the guest would take of it. */
uint64_t guest_needed_memory(const struct guest *guest);

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
/* Stop, and start again when it has ended. */
int guest_restart(struct guest *guest, char **ret_why);
int guest_pause(struct guest *guest, char **ret_why);
int guest_resume(struct guest *guest, char **ret_why);
/* why is NULL when the medium is there, or one line, borrowed. */
typedef void (*guest_medium_done_t)(const char *why, void *userdata);
/*
 * The medium of a CD-ROM drive, now and until the process ends; file NULL ejects. Without force a
 * guest that has locked the drive is asked to let it go, and the change is refused. Returns 0, and
 * done is called once, maybe before: when the VMM has done or refused it, or has not answered in
 * GUEST_MEDIUM_LIMIT_S. The events "medium" and "medium-failed" tell the end in any case.
 */
#define GUEST_MEDIUM_LIMIT_S 20
int guest_change_medium(struct guest *guest, size_t cdrom_index, const char *file, bool force,
			guest_medium_done_t done, void *userdata, char **ret_why);
/*
 * Stops all in the reverse order of "after": a guest is asked when none that comes after it runs
 * any more, and has its shutdown-timeout from then on. Who is waited for is logged. No guest starts
 * any more; all_stopped is called, at once if none runs.
 */
void guests_stop_all(struct guests *guests);
/* The same, without waiting for any of them. Also in the middle of that. */
void guests_kill_all(struct guests *guests);

const struct guest_config *guest_config(const struct guest *guest); /* the definition */
/* What it runs with, or ran with last; NULL before its first start. */
const struct guest_config *guest_running_config(const struct guest *guest);
enum guest_origin guest_origin(const struct guest *guest);
bool guest_is_paused(const struct guest *guest);
/* Whether no command to it is still to end. */
bool guest_is_settled(const struct guest *guest);
/* Why an autostart is still due: "waiting for db", "starts after 5 s", or NULL. */
const char *guest_waiting(const struct guest *guest);
enum guest_state guest_state(const struct guest *guest);
/* Why it is failed or crashed; of one that runs, what this hostd does not understand of it; or
 * NULL. */
const char *guest_reason(const struct guest *guest);
pid_t guest_pid(const struct guest *guest); /* of its VMM, or 0 */
uint64_t guest_started_usec(const struct guest *guest); /* CLOCK_BOOTTIME, or 0 */
/* False: TCG, "no isolation". Of a guest that does not run: what it would get. */
bool guest_uses_kvm(const struct guest *guest);
unsigned int guest_restarts(const struct guest *guest);
/* MAC of a NIC, "52:54:00:…"; buffer of 18 bytes; returns it. */
char *guest_nic_mac(const struct guest *guest, size_t nic_index, char buffer[static 18]);
void guest_nic_mac_bytes(const struct guest *guest, size_t nic_index, uint8_t ret_mac[static 6]);
/* What cloud-init takes for this guest's id where the definition has none: the same as long as host
 * and name are. Returns the buffer. */
char *guest_instance_id(const struct guest *guest, char buffer[static GUEST_INSTANCE_ID_BYTES]);

/* Writes what is made of the guest's name (MACs, instance id) into a copy of its definition that is
 * to get another name, so that the guest inside stays who it was. Returns 0 or -ENOMEM. */
int guest_keep_identity(const struct guest *guest, struct guest_config *config);

/* What the kernel does not tell stays 0. Returns 0, or -ESRCH when it does not run. */
int guest_read_stats(const struct guest *guest, struct guest_stats *ret_stats);

/* The consoles: one for each serial port, counted from 0. The last 64 KiB of one. Returns 0,
 * -ENODEV when it has no such port, or -errno; the copy is the caller's. */
int guest_console_read(struct guest *guest, size_t port, char **ret_data, size_t *ret_length);
/* What is typed. Returns 0, -ENOTCONN when the guest does not run, -ENOBUFS when it does not read.
 */
int guest_console_write(struct guest *guest, size_t port, const void *data, size_t length);

typedef void (*guest_console_output_t)(const void *data, size_t length, void *userdata);
struct guest_console_listener;
/* Each listener gets every byte that comes after it was added. */
int guest_console_listen(struct guest *guest, size_t port, guest_console_output_t output,
			 void *userdata, struct guest_console_listener **ret_listener);
void guest_console_unlisten(struct guest_console_listener *listener);

/*
 * What the display shows, written as PPM (P6, 8 bits) into the file behind the fd, which is
 * consumed. Returns 0, and done is called once, with 0, or with -errno and a borrowed line that
 * says why; or as guest_open_display().
 */
typedef void (*guest_picture_done_t)(int error, const char *why, void *userdata);
int guest_take_picture(struct guest *guest, int fd_consume, guest_picture_done_t done,
		       void *userdata);

/*
 * A connection to the guest's display, on which its VMM speaks VNC (RFC 6143), without
 * authentication; it goes on without hostd. When the guest ends or has too many clients, it ends.
 * Returns 0 with an fd that is the caller's, -ESRCH when it does not run, -EOPNOTSUPP when it has
 * no display, -EAGAIN or -EBUSY when its VMM does not answer now, or -errno.
 */
int guest_open_display(struct guest *guest, int *ret_fd);
