/* SPDX-License-Identifier: GPL-2.0-or-later */
/* This machine: processor, memory, firmware, and a stable id. */
#pragma once

#include <stdint.h>

#define MACHINE_ID_BYTES 16
#define MACHINE_ID_FOLDER "/run/mvirt"

struct machine_info {
	char cpu_model[64]; /* "AMD EPYC 7302P 16-Core Processor", or empty */
	char kernel_release[65];
	const char *firmware; /* "uefi" or "bios" */
	unsigned int cpus; /* online now */
	uint64_t memory_total_bytes; /* managed by the kernel, less than what is fitted */
	uint8_t host_id[MACHINE_ID_BYTES];
};

/*
 * root is "" on the host, a folder in tests. What cannot be read is empty or 0. host_id comes from
 * the firmware's UUID; otherwise from the lowest built-in MAC; otherwise it is random. It is kept
 * in run_folder (MACHINE_ID_FOLDER), so that every hostd of this boot has the same.
 */
void machine_info_read(const char *root, const char *run_folder, struct machine_info *ret_info);

/* This machine's host_id alone. */
void machine_host_id(uint8_t ret_id[static MACHINE_ID_BYTES]);

/* Time since power-on, suspend included. */
uint64_t machine_uptime_usec(void);

/* Whether a UUID is real, not a board's placeholder. */
bool machine_uuid_is_usable(const char *uuid);
