/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What this machine is: processor, memory, firmware, and an id that stays the same. */
#pragma once

#include <stdint.h>

#define MACHINE_ID_BYTES 16
#define MACHINE_ID_FOLDER "/run/mvirt"

struct machine_info {
	char cpu_model[64]; /* "AMD EPYC 7302P 16-Core Processor", or empty */
	char kernel_release[65];
	const char *firmware; /* "uefi" or "bios" */
	unsigned int cpus; /* online now */
	uint64_t memory_total_bytes; /* what the kernel has, less than what is fitted */
	uint8_t host_id[MACHINE_ID_BYTES];
};

/*
 * root is "" on the host, a folder in tests. What cannot be read is empty or 0. host_id is made of
 * the firmware's UUID; or else of the lowest built-in MAC; or else at random. It is kept in
 * run_folder (MACHINE_ID_FOLDER), so that it is the same for every hostd of this boot.
 */
void machine_info_read(const char *root, const char *run_folder, struct machine_info *ret_info);

/* host_id alone, of this machine. */
void machine_host_id(uint8_t ret_id[static MACHINE_ID_BYTES]);

/* Time since power-on, suspends included. */
uint64_t machine_uptime_usec(void);

/* Whether a UUID is one: not the placeholder of a board whose maker did not care. */
bool machine_uuid_is_usable(const char *uuid);
