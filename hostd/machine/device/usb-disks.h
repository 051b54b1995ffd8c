/* SPDX-License-Identifier: GPL-2.0-or-later */
/* USB sticks that are plugged in, but are not disks yet. */
#pragma once

/*
 * Whether a USB mass storage interface has no disk yet: the kernel waits a second before it looks
 * for one. root is "" or a folder in tests.
 */
bool usb_disks_awaited(const char *root);
