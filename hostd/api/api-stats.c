// SPDX-License-Identifier: GPL-2.0-or-later
// io.mvirt.Guest.Stats: what a guest uses, by the kernel's figures.
#include "api-internal.h"
#include "host/host-command.h"

/* One without a tap has no figures: its traffic is QEMU's own. */
static void append_nic(struct json_builder *nics, struct api *api, const struct guest *guest,
		       unsigned int index)
{
	const struct guest_config *config = guest_config(guest);
	struct net *net = host_net(api->host);
	struct net_tap_stats stats = {};
	struct json_builder nic = {};

	if (!net || net_read_tap_stats(net, config->name, index, &stats) < 0)
		return;
	json_add_unsigned(&nic, "index", index);
	if (index < config->nic_count)
		json_add_text(&nic, "network", config->nics[index].network);
	json_add_unsigned(&nic, "rxBytes", stats.rx_bytes);
	json_add_unsigned(&nic, "rxPackets", stats.rx_packets);
	json_add_unsigned(&nic, "rxDropped", stats.rx_dropped);
	json_add_unsigned(&nic, "txBytes", stats.tx_bytes);
	json_add_unsigned(&nic, "txPackets", stats.tx_packets);
	json_add_unsigned(&nic, "txDropped", stats.tx_dropped);
	json_add_unsigned(&nic, "txRefused", stats.tx_refused);
	json_append_object(nics, &nic);
}

API_METHOD_DEFINE(api_method_stats)
{
	struct api *api = userdata;
	_cleanup_(error_done) struct error error = {};
	struct json_builder answer = {}, nics = {};
	const struct guest_config *running = NULL;
	struct guest_stats stats = {};
	int r = 0;
	struct guest *guest = api_guest_of_parameters(link, parameters, &r);

	if (!guest)
		return r;
	r = host_read_stats(api->host, guest, &stats, &error);
	if (r < 0)
		return api_reply_error(link, r, &error);
	running = guest_running_config(guest);
	for (size_t i = 0; running && i < running->nic_count; i++)
		append_nic(&nics, api, guest, (unsigned int)i);
	json_add_text(&answer, "name", guest_config(guest)->name);
	json_add_bool(&answer, "kept", api_is_kept(guest));
	json_add_bool(&answer, "isolation", api_is_isolated(guest));
	json_add_unsigned(&answer, "cpuUsec", stats.cpu_usec);
	json_add_unsigned(&answer, "memoryBytes", stats.memory_bytes);
	json_add_unsigned(&answer, "diskReadBytes", stats.disk_read_bytes);
	json_add_unsigned(&answer, "diskWrittenBytes", stats.disk_written_bytes);
	json_add_unsigned(&answer, "diskReads", stats.disk_reads);
	json_add_unsigned(&answer, "diskWrites", stats.disk_writes);
	json_add_unsigned(&answer, "oomKills", stats.oom_kills);
	json_add_array(&answer, "nics", &nics);
	return api_reply_object(link, &answer);
}
