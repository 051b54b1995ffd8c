/* SPDX-License-Identifier: GPL-2.0-or-later */
/* This machine as it is: what the API shows. What it can do is in the headers beside this one. */
#pragma once

#include "config/config.h"
#include "guest/guest.h"
#include "machine/console/screen.h"
#include "machine/device/devices.h"
#include "machine/kvm-probe.h"
#include "net/net.h"
#include "storage/volume/data-volume.h"

struct host;

/* All are weak, and live as long as the host does. */
struct guests *host_guests(const struct host *host);
struct net *host_net(const struct host *host); /* NULL: it could not be started */
struct devices *host_devices(const struct host *host); /* NULL: neither could the devices */
/* Whether there can be one at all, and how it is. */
bool host_get_data_volume(const struct host *host, struct data_volume_status *ret_status);
const struct kvm_status *host_kvm(const struct host *host);
const struct screen_status *host_framebuffer(const struct host *host);
const struct host_config *host_configuration(const struct host *host);
const struct config_mistakes *host_mistakes(const struct host *host);
/* "/dev/sdb1: mvirt.conf" or "built-in" */
const char *host_config_source(const struct host *host);
/* mvirt.shell='s, or NULL. */
const char *host_shell_terminal(const struct host *host);
