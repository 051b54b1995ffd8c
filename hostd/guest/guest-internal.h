/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of the guests' driver share: guests.c (all of them), guests-sequence.c (who comes
 * first), guest.c (one), guest-launch.c (its start), guest-link.c (its VMM). Calls go from the
 * first to the last, and by guest_handle() and guests_sequence_soon() back. Nobody else includes
 * this. */
#pragma once

#include <systemd/sd-event.h>

#include "base/cleanup.h"
#include "config/config-name.h"
#include "guest/guest-console.h"
#include "guest/guest-record.h"
#include "guest/guest.h"
#include "vmm/vmm.h"

struct guest_ready_watch;
struct guest_launch;

/* How much may be told of what a VMM's messages cause: guest-noise.c. */
struct guest_noise {
	unsigned int told; /* less what has been forgiven until then */
	uint64_t then_usec; /* CLOCK_BOOTTIME */
	uint64_t untold, untold_before; /* now, and at the last look */
	sd_event_source *look_source;
	void (*ask)(struct guest *guest); /* guest_ask_state() */
};

struct guest {
	struct guests *guests; /* weak */
	struct guest_config *definition; /* owned; NULL when only the record knows the guest */
	const struct guest_config *config; /* weak: the definition, or else the record's */
	enum guest_origin origin;
	struct guest_record record; /* record.config is the one that it was started with */
	char *pending_reason; /* why the process is about to end, when we know before it does */
	bool has_record; /* found when hostd began: the guest has had its autostart */
	bool is_new; /* its record is to be taken up by the event loop */
	bool disk_error_told;
	uint64_t watchdog_told_usec; /* CLOCK_BOOTTIME; 0: not in this run */
	struct guest_launch *launch; /* opened by a check that came just before; or NULL */

	bool wants_start; /* its autostart waits for its turn */
	char *waiting; /* "waiting for db", or NULL */
	sd_event_source *delay_source;
	struct guest_ready_watch *ready_watch;

	int pidfd; /* owned, -EBADF without a process */
	sd_event_source *exit_source, *timer_source, *reconnect_source;
	sd_event_source *press_source; /* its power button is pressed again */
	uint64_t killed_usec; /* CLOCK_BOOTTIME of the first SIGKILL; 0: none */
	bool given_up; /* in the host's stop: it was killed, and is still there */
	struct vmm *vmm; /* owned */
	bool vmm_ready;
	uint64_t vmm_ready_usec; /* CLOCK_BOOTTIME: since when */
	uint64_t reconnect_delay_usec;
	bool state_asked; /* the VMM has not answered yet */
	bool state_due; /* it is to be asked again */
	struct guest_noise noise;
	/* One for each serial port, from its first need until the guest is freed; the first is the
	 * console. */
	struct guest_console *consoles[GUEST_SERIAL_PORTS_MAX];
	sd_event_source *display_source; /* its VNC clients come here; owns the fd */
	unsigned int media_changing; /* a bit for each CD-ROM drive whose medium is being changed */
	bool learned; /* its overhead was measured in this run */
};

struct guests {
	sd_event *event; /* weak, outlives us */
	struct guests_environment environment;
	struct guests_callbacks callbacks;
	char *folder; /* GUESTS_FOLDER */
	int folder_fd;
	struct guest **items; /* owned, by name */
	size_t count, allocated;
	/* What those below call of those above: guest_happen(), guest_on_exit(), guests_look(). */
	void (*happen)(struct guest *guest, enum guest_event_kind kind, enum guest_exit exit);
	sd_event_io_handler_t exited;
	sd_event_handler_t look;
	sd_event_source *sequence_source; /* a look at who may start or stop now is due */
	sd_event_source
		*disks_source; /* environment.disks_found_usec, when somebody waits for it */
	bool stopping; /* guests_stop_all() was called and all_stopped was not yet */
	sd_event_source *look_source; /* the next look at those that do not stop */
	char *waited_for; /* the names that were told last, or NULL */
	uint64_t told_usec; /* CLOCK_BOOTTIME */
	bool no_start; /* guests_stop_all() was called */
	uint64_t reserved_bytes; /* guests_reserve_memory() */
};

/* Lets something happen to the guest, and does what follows. exit is of GUEST_EVENT_EXIT. */
static inline void guest_handle(struct guest *guest, enum guest_event_kind kind,
				enum guest_exit exit)
{
	guest->guests->happen(guest, kind, exit);
}

/* As guest_uses_kvm(). */
static inline bool guest_runs_on_kvm(const struct guest *guest)
{
	if (guest_state_has_process(guest->record.life.state) && guest->record.process.pid)
		return guest->record.kvm;
	return guest->config->accel != GUEST_ACCEL_TCG && guest->guests->environment.kvm_usable;
}

/* guest-tell.c */
/* Which VMM runs the guest, or would: and what people know it by. */
const struct vmm_type *guest_vmm_type(const struct guest *guest);
const char *guest_vmm_label(const struct guest *guest);
/* "guest web does not answer: its QEMU is busy" (or as it is called) and -EAGAIN. */
int guest_refuse_busy_vmm(const struct guest *guest, char **ret_why);
/* Warns when it fails; the record of before stays then. Returns 0 or -errno. */
int guest_save(struct guest *guest);
/* Sets *text to what is formatted, or to NULL without memory for it. */
void guest_set_text(char **text, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* "guest web", the subject of its lines. */
struct guest_subject {
	char text[sizeof("guest ") + NAME_LENGTH_MAX];
};
struct guest_subject guest_subject(const struct guest *guest);
void guest_tell(const struct guest *guest, const char *kind, const char *detail);
/* Something has happened that may let a guest start, or stop: looked at from the event loop. */
void guests_sequence_soon(struct guests *guests);

/* guest-adopt.c */
/* From its record, or, where that cannot be understood, from its process: record.unknown says so.
 * Returns 0, -ENOENT when there is neither, or -errno when that cannot be told; it may run then. */
int guest_new(struct guests *guests, const char *name, struct guest **ret_guest);
int guest_new_without_record(struct guests *guests, const struct guest_config *config,
			     struct guest **ret_guest);
/* Lack of something that the next hostd may have. */
bool guest_error_passes(int error);

/* guest.c */
/* Lets go of it, without ending it. */
void guest_free(struct guest *guest);
DEFINE_CLEANUP(struct guest *, guest_free);
/* Lets something happen to the guest, and does what follows: as guest_handle(), which the others
 * call. exit is of GUEST_EVENT_EXIT. */
void guest_happen(struct guest *guest, enum guest_event_kind kind, enum guest_exit exit);
/* Those whose records were found: runs with their first look. */
void guests_take_up(struct guests *guests);
/* Takes the process of the record up again, or finds that it is gone. */
void guest_adopt(struct guest *guest);
/* The pidfd is readable. */
int guest_on_exit(sd_event_source *source, int fd, uint32_t revents, void *userdata);

/* guest-link.c */
/* Watches the process behind pidfd, connects to the VMM and the console. Returns 0 or -errno. */
int guest_attach(struct guest *guest, int pidfd_consume);
void guest_detach(struct guest *guest);
/* These do nothing as long as the VMM does not answer. GUEST_EVENT_PRESS_AGAIN comes after the
 * first.
 */
void guest_powerdown(struct guest *guest);
void guest_halt(struct guest *guest);
void guest_go_on(struct guest *guest);
/* The ring is there before the guest has ever run, so that one can wait for its first word. 0,
 * -ENODEV when it has no such port, or -errno. */
int guest_open_console(struct guest *guest, size_t port);
/* The definition is another one: the echo follows it. */
void guest_echo_redefined(struct guest *guest);

/* guest-events.c */
/* Asks the VMM how the guest is, once: again when it has answered, if it was called meanwhile. */
void guest_ask_state(struct guest *guest);
/* As the callback of struct vmm_callbacks; userdata is the guest. */
void guest_on_vmm_event(const struct vmm_event *event, void *userdata);

/* guest-noise.c */
/*
 * Whether a line, an event for clients or a record may be made of a message of the VMM's: fifty at
 * once, then two a second. The VMM may be the guest's, and send what it likes. What may not is
 * counted, and how much it was is said when it is over.
 */
bool guest_may_tell(struct guest *guest);
void guest_noise_end(struct guest *guest);

/* guest-display.c */
/* Lets clients connect to the display of a guest that has one. Warns when it cannot. */
void guest_display_listen(struct guest *guest);

/* guest-launch.c */
/* Whether all is there that the guest needs now; what was opened waits for guest_launch(). */
struct verdict guest_launch_check(struct guest *guest);
/* GUEST_ACTION_LAUNCH: ends in PROCESS_STARTED, PROCESS_START_FAILED or START_REFUSED. */
void guest_launch(struct guest *guest);

/* guest-memory.c */
/*
 * Whether the host has the memory for one more guest: what is available, less what running guests
 * were promised and have not used yet, less the host's reserve. If not, the verdict's line has the
 * figures.
 */
struct verdict guest_memory_admit(struct guest *guest);
/* Makes huge pages free for it, after guest_memory_admit(). */
struct verdict guest_memory_take_hugepages(const struct guest *guest);
/* Gives back those that nobody uses, or is about to. */
void guest_memory_return_hugepages(const struct guests *guests);
/* What its VMM uses beyond the guest's memory, measured; kept in the record. */
void guest_memory_learn(struct guest *guest);

/* guest-ready.c */
/* From RUNNING on: sets record.ready when its "ready" has come true, and tells the sequence. */
void guest_ready_begin(struct guest *guest);
/* The definition is another one: what is not ready yet is watched by its rule from now on. */
void guest_ready_redefined(struct guest *guest);
void guest_ready_end(struct guest *guest);

/* guests-sequence.c */
/* No start comes by itself any more: not the autostart that waits, nor one when what was lacked is
 * there. Returns whether one was due. */
bool guest_withdraw_start(struct guest *guest);
/* The look itself; userdata is the guests. */
int guests_look(sd_event_source *source, void *userdata);

/* guests-stop.c */
/* Asks those whose turn has come to stop, and sees whether all have. Only after guests_stop_all().
 */
void guests_go_on_stopping(struct guests *guests);
