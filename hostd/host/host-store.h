/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where definitions and files of guests are kept. */
#pragma once

#include "base/error.h"
#include "guest/guest.h"

struct host;

/*
 * The root (guest-store.h) that guests of this origin are kept below, GUEST_ORIGIN_DATA or
 * GUEST_ORIGIN_MEMORY; weak, asked for again whenever it is used. Negative: it is not there;
 * -EAGAIN: whether it is is being found out, until host_creations_resume().
 */
int host_store_root(const struct host *host, enum guest_origin origin);
/* What was put aside (guest-trash.h) below that root is removed for good. */
void host_empty_trash(const struct host *host, enum guest_origin origin);
