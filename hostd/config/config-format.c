// SPDX-License-Identifier: GPL-2.0-or-later
// A configuration as canonical text, in mvirt.conf's own syntax with every default spelled out.
#include <string.h>

#include "config.h"

static void put_text(FILE *out, const char *indent, const char *key, const char *text)
{
	if (!text)
		return;
	(void)fprintf(out, "%s%s = \"", indent, key);
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			(void)fputc('\\', out);
		(void)fputc(*text, out);
	}
	(void)fputs("\"\n", out);
}

static void put_list(FILE *out, const char *key, const struct text_list *list)
{
	if (list->count == 0)
		return;
	(void)fprintf(out, "\t%s = [", key);
	for (size_t i = 0; i < list->count; i++)
		(void)fprintf(out, "%s\"%s\"", i ? ", " : "", list->items[i]);
	(void)fputs("]\n", out);
}

static void put_bool(FILE *out, const char *key, bool value)
{
	(void)fprintf(out, "\t%s = %s\n", key, value ? "true" : "false");
}

static void put_network(FILE *out, const struct network_config *network)
{
	static const char *const modes[] = { "dhcp", "static", "none" };

	(void)fprintf(out, "network \"%s\" {\n", network->name);
	put_text(out, "\t", "uplink", network->uplink);
	put_text(out, "\t", "ipv4", modes[network->ipv4]);
	put_list(out, "address", &network->addresses);
	put_text(out, "\t", "gateway", network->gateway);
	put_text(out, "\t", "gateway6", network->gateway6);
	put_list(out, "dns", &network->dns);
	put_bool(out, "ipv6-ra", network->ipv6_ra);
	(void)fputs("}\n", out);
}

static void put_guest(FILE *out, const struct guest_config *guest)
{
	(void)fprintf(out, "guest \"%s\" {\n", guest->name);
	put_text(out, "\t", "machine", guest_machine_name(guest->machine));
	put_text(out, "\t", "accel", guest_accel_name(guest->accel));
	(void)fprintf(out, "\tcpus = %u\n", guest->cpus);
	put_text(out, "\t", "cpu", guest->cpu);
	(void)fprintf(out, "\tmemory = \"%lluM\"\n",
		      (unsigned long long)(guest->memory_bytes >> 20));
	put_text(out, "\t", "kernel", guest->kernel);
	put_text(out, "\t", "initrd", guest->initrd);
	put_text(out, "\t", "cmdline", guest->cmdline);
	for (size_t i = 0; i < guest->disk_count; i++) {
		const struct disk_config *disk = &guest->disks[i];

		(void)fputs("\tdisk {\n", out);
		put_text(out, "\t\t", "file", disk->file);
		put_text(out, "\t\t", "format", disk_format_name(disk->format));
		put_text(out, "\t\t", "bus", disk_bus_name(disk->bus));
		(void)fprintf(out, "\t\treadonly = %s\n", disk->readonly ? "true" : "false");
		put_text(out, "\t\t", "serial", disk->serial);
		(void)fputs("\t}\n", out);
	}
	for (size_t i = 0; i < guest->nic_count; i++) {
		const struct nic_config *nic = &guest->nics[i];

		(void)fputs("\tnic {\n", out);
		put_text(out, "\t\t", "network", nic->network);
		put_text(out, "\t\t", "model", nic_model_name(nic->model));
		if (nic->has_mac)
			(void)fprintf(out, "\t\tmac = \"%02x:%02x:%02x:%02x:%02x:%02x\"\n",
				      nic->mac[0], nic->mac[1], nic->mac[2], nic->mac[3],
				      nic->mac[4], nic->mac[5]);
		(void)fputs("\t}\n", out);
	}
	put_bool(out, "autostart", guest->autostart);
	put_text(out, "\t", "restart", guest_restart_name(guest->restart));
	put_bool(out, "echo-console", guest->echo_console);
	(void)fprintf(out, "\tshutdown-timeout = %u\n}\n", guest->shutdown_timeout_s);
}

char *host_config_format(const struct host_config *config)
{
	char *text = NULL;
	size_t length = 0;
	FILE *out = open_memstream(&text, &length);
	bool failed = false;

	if (!out)
		return NULL;
	put_text(out, "", "hostname", config->hostname);
	for (size_t i = 0; i < config->network_count; i++)
		put_network(out, &config->networks[i]);
	for (size_t i = 0; i < config->guest_count; i++)
		put_guest(out, &config->guests[i]);
	failed = ferror(out);
	if (fclose(out) != 0 || failed) {
		free(text);
		return NULL;
	}
	return text;
}
