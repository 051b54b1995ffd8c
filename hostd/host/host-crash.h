/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What earlier boots said when they panicked. */
#pragma once

struct host;

/* Tells of panics that the firmware remembers. */
void host_take_crashes(struct host *host);
/* They are kept on the data volume, too. */
void host_keep_crashes(int data_fd);
