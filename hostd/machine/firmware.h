/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Secure Boot, the TPM, and the machine's load. */
#pragma once

#include <stdint.h>

/* "on", "off", "setup" (no keys yet: nothing is checked), or "none" without UEFI. root is "" or a
 * folder in tests. */
const char *machine_secure_boot(const char *root);
/* "2.0", "1.2", or NULL. */
const char *machine_tpm(const char *root);

/* Busy time of all processors together since power-on. Returns 0 or -errno. */
int machine_cpu_busy(const char *root, uint64_t *ret_usec);
