/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Every uid that hostd gives to a child. Its gid is the same number, and it has no other groups. */
#pragma once

/* All dashboards. */
#define PROCESS_UID_DASHBOARD 60000U
/* Reads the superblocks of disks; the kernel's overflow uid, so nothing is its own. */
#define PROCESS_UID_NOBODY 65534U
/* Below the guests', one for each kind of work on bytes of a stranger. */
#define PROCESS_UID_DHCP 69997U
#define PROCESS_UID_SCREEN 69998U
#define PROCESS_UID_IMAGES 69999U /* qemu-img, genisoimage, copies, a hostd that is tried */
/* A guest's QEMU: this and the guest's index, so the last one is 170000. */
#define PROCESS_UID_GUEST_FIRST 70000U
#define PROCESS_GUEST_INDEX_MAX 100000U
