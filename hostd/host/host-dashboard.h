/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The dashboards on the machine's consoles. */
#pragma once

struct host;

/* connect gives the fd of a connection that may look, for one of them, or -errno. Returns 0 or
 * -errno. */
int host_start_dashboards(struct host *host, int (*connect)(void *userdata), void *userdata);
