/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is known of the host: filled from the API's answers and events. Makes no system call. */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <systemd/sd-json.h>

#include "base/text.h"

/* Of the last ones. */
#define MODEL_LINES_MAX 256

#define MODEL_UNKNOWN UINT64_MAX

struct model_guest {
	char *name;
	char *state; /* "running"… */
	char *reason; /* or NULL */
	char *waiting; /* or NULL */
	char *address; /* the first that a NIC was given, or was seen to use, or its
			  MAC */
	char *display; /* "none", "vnc" or NULL */
	bool paused, emulated; /* emulated: TCG */
	bool address_unknown; /* its first NIC is on a network, and said nothing yet */
	uint64_t memory_bytes; /* what it may have */
	uint64_t used_bytes; /* MODEL_UNKNOWN: not known */
	uint64_t started_usec; /* CLOCK_BOOTTIME; MODEL_UNKNOWN: it does not run */
	uint64_t cpu_usec, cpu_at_usec; /* of the last sample; cpu_at_usec 0: none */
	uint64_t cpu_percent; /* of one processor; MODEL_UNKNOWN */
};

struct model_network {
	char *name, *phase, *uplink, *gateway;
	char *address; /* the first one, IPv4 if it has one: "192.0.2.7/24 (dhcp)", or NULL */
	char *more; /* the others, or NULL */
	char *bare_address; /* "192.0.2.7/24" of IPv4, or NULL */
	uint64_t since_usec; /* CLOCK_BOOTTIME at which the phase was first seen */
};

/* One line of hostd's log. */
struct model_line {
	uint64_t time_usec; /* CLOCK_REALTIME */
	unsigned int level; /* syslog's */
	char *subject, *message;
};

/* What somebody should know and perhaps do something about. */
struct model_notice {
	unsigned int level; /* 3 error, 4 warning, 6 information */
	char *text;
};

struct model_notices {
	struct model_notice *items;
	size_t count;
};

/* An address that is being tried out. */
struct model_trial {
	char *network, *address;
	uint64_t ends_usec; /* CLOCK_BOOTTIME */
};

struct model {
	bool connected; /* an answer has come, and hostd is there */
	char *hostname, *version, *kernel, *firmware, *cpu_model, *config_source;
	uint64_t uptime_at_usec, uptime_usec; /* CLOCK_BOOTTIME of the answer, and what it said */
	uint64_t cpus, memory_total_bytes, memory_available_bytes;
	uint64_t cpu_busy_usec, cpu_at_usec, cpu_percent; /* of all processors */
	bool kvm_usable;
	char *kvm_state, *kvm_why;
	char *data_volume, *data_why; /* phase, or NULL where the API has none */
	char *secure_boot, *tpm;
	char *shell_terminal; /* where the rescue shell is, or NULL */
	char *screen_guest; /* or NULL */
	char *dashboard_hotkey; /* what takes the screen back from a guest, or NULL */
	bool can_choose_screen;
	bool password_needed;
	struct model_trial trial; /* address NULL: none */
	struct model_network *networks;
	size_t network_count;
	struct model_guest *guests; /* by name */
	size_t guest_count;
	struct model_notices mistakes, devices, hardware;
	struct model_line lines[MODEL_LINES_MAX]; /* a ring */
	size_t line_first, line_count;
};

void model_done(struct model *model);

/*
 * The answers of io.mvirt.Host.Status, .Devices, io.mvirt.Console.Machine, and events of
 * io.mvirt.Guest.Subscribe and io.mvirt.Console.History. What is missing in them stays unknown.
 * now_usec is CLOCK_BOOTTIME. Each returns whether something that is shown has changed.
 */
bool model_take_status(struct model *model, sd_json_variant *answer, uint64_t now_usec);
bool model_take_devices(struct model *model, sd_json_variant *answer, uint64_t now_usec);
bool model_take_machine(struct model *model, sd_json_variant *answer, uint64_t now_usec);
/* All guests: others are gone. */
bool model_take_list(struct model *model, sd_json_variant *answer, uint64_t now_usec);
bool model_take_event(struct model *model, sd_json_variant *event, uint64_t now_usec);
bool model_take_line(struct model *model, sd_json_variant *line);
bool model_take_stats(struct model *model, sd_json_variant *answer, uint64_t now_usec);

struct model_guest *model_find_guest(const struct model *model, const char *name);
/* The i-th of the last lines, 0 is the oldest. */
const struct model_line *model_line(const struct model *model, size_t index);
/* Whether a network waits for DHCP: its seconds are counted on the screen. */
bool model_is_waiting(const struct model *model);
