/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the firmware and the kernel say of the machine's trust: Secure Boot and TPM. And its load.
 */
#pragma once

#include <stdint.h>

/* "on", "off", "setup" (no keys yet: nothing is checked), or "none" without UEFI. root is "" or a
 * folder in tests. */
const char *machine_secure_boot(const char *root);
/* "2.0", "1.2", or NULL. */
const char *machine_tpm(const char *root);

/* Time that the processors have been busy since power-on, all together. Returns 0 or -errno. */
int machine_cpu_busy(const char *root, uint64_t *ret_usec);
