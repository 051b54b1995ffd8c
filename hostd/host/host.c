// SPDX-License-Identifier: GPL-2.0-or-later
// What is shown of the machine.
#include "host.h"

#include "host-internal.h"

struct guests *host_guests(const struct host *host)
{
	return host->guests;
}

struct net *host_net(const struct host *host)
{
	return host->net;
}

struct devices *host_devices(const struct host *host)
{
	return host->devices;
}

bool host_get_data_volume(const struct host *host, struct data_volume_status *ret_status)
{
	*ret_status = (struct data_volume_status){ .phase = DATA_VOLUME_NONE };
	if (host->data_volume)
		data_volume_get_status(host->data_volume, ret_status);
	return host->data_volume;
}

const struct kvm_status *host_kvm(const struct host *host)
{
	return &host->kvm;
}

const struct screen_status *host_framebuffer(const struct host *host)
{
	return &host->screen;
}

const struct host_config *host_configuration(const struct host *host)
{
	return host->config;
}

const struct config_mistakes *host_mistakes(const struct host *host)
{
	return &host->mistakes;
}

const char *host_config_source(const struct host *host)
{
	return host->config_source;
}

const char *host_shell_terminal(const struct host *host)
{
	return host->shell_terminal;
}
