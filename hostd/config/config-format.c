// SPDX-License-Identifier: GPL-2.0-or-later
// A configuration as canonical text, in mvirt.conf's own syntax with every default spelled out.
#include <string.h>

#include "config-parse.h"

static void put_escaped(FILE *out, const char *text)
{
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			(void)fputc('\\', out);
		(void)fputc(*text, out);
	}
}

static void put_quoted(FILE *out, const char *text)
{
	(void)fputc('"', out);
	put_escaped(out, text);
	(void)fputc('"', out);
}

static void put_text(FILE *out, const char *indent, const char *key, const char *text)
{
	if (!text)
		return;
	(void)fprintf(out, "%s%s = ", indent, key);
	put_quoted(out, text);
	(void)fputc('\n', out);
}

static void put_list(FILE *out, const char *indent, const char *key, const struct text_list *list)
{
	if (list->count == 0)
		return;
	(void)fprintf(out, "%s%s = [", indent, key);
	for (size_t i = 0; i < list->count; i++) {
		(void)fputs(i ? ", " : "", out);
		put_quoted(out, list->items[i]);
	}
	(void)fputs("]\n", out);
}

static void put_bool(FILE *out, const char *indent, const char *key, bool value)
{
	(void)fprintf(out, "%s%s = %s\n", indent, key, value ? "true" : "false");
}

/* 0 is what is not set. */
static void put_number(FILE *out, const char *key, unsigned int value)
{
	if (value)
		(void)fprintf(out, "\t%s = %u\n", key, value);
}

static void put_size(FILE *out, const char *indent, const char *key, uint64_t bytes)
{
	unsigned int shift = bytes % (1 << 20) == 0 ? 20 : bytes % (1 << 10) == 0 ? 10 : 0;

	if (bytes)
		(void)fprintf(out, "%s%s = \"%llu%s\"\n", indent, key,
			      (unsigned long long)(bytes >> shift),
			      shift == 20   ? "M"
			      : shift == 10 ? "K"
					    : "");
}

static void put_network(FILE *out, const struct network_config *network)
{
	(void)fprintf(out, "network \"%s\" {\n", network->name);
	put_text(out, "\t", "mode", config_network_mode_names[network->mode]);
	/* Of a nat network there is nothing on the host that could have an address. */
	if (network->mode != NETWORK_MODE_NAT) {
		put_text(out, "\t", "uplink", network->uplink);
		put_list(out, "\t", "bond", &network->bond);
		put_number(out, "vlan", network->vlan);
		put_number(out, "mtu", network->mtu);
		put_text(out, "\t", "ipv4", config_address_mode_names[network->ipv4]);
		put_list(out, "\t", "address", &network->addresses);
		put_text(out, "\t", "gateway", network->gateway);
		put_text(out, "\t", "gateway6", network->gateway6);
		put_list(out, "\t", "dns", &network->dns);
		put_bool(out, "\t", "ipv6-ra", network->ipv6_ra);
	}
	(void)fputs("}\n", out);
}

static void put_disk(FILE *out, const struct disk_config *disk)
{
	(void)fputs("\tdisk {\n", out);
	put_text(out, "\t\t", "file", disk->file);
	put_text(out, "\t\t", "device", disk->device);
	if (disk->format != DISK_FORMAT_AUTO)
		put_text(out, "\t\t", "format", disk_format_name(disk->format));
	put_text(out, "\t\t", "bus", disk_bus_name(disk->bus));
	put_bool(out, "\t\t", "readonly", disk->readonly);
	put_text(out, "\t\t", "serial", disk->serial);
	put_size(out, "\t\t", "size", disk->size_bytes);
	if (disk->device)
		put_bool(out, "\t\t", "allow-existing", disk->allow_existing);
	(void)fputs("\t}\n", out);
}

static void put_cdrom(FILE *out, const struct cdrom_config *cdrom)
{
	(void)fputs("\tcdrom {\n", out);
	put_text(out, "\t\t", "file", cdrom->file);
	(void)fputs("\t}\n", out);
}

static void put_may(FILE *out, unsigned int may)
{
	const char *before = "\t\tmay = [";

	for (unsigned int bit = 1; bit <= may; bit <<= 1)
		if (may & bit) {
			(void)fprintf(out, "%s\"%s\"", before, nic_may_name(bit));
			before = ", ";
		}
	if (may)
		(void)fputs("]\n", out);
}

static void put_nic(FILE *out, const struct nic_config *nic)
{
	(void)fputs("\tnic {\n", out);
	put_text(out, "\t\t", "network", nic->network);
	put_text(out, "\t\t", "model", nic_model_name(nic->model));
	if (nic->has_mac)
		(void)fprintf(out, "\t\tmac = \"%02x:%02x:%02x:%02x:%02x:%02x\"\n", nic->mac[0],
			      nic->mac[1], nic->mac[2], nic->mac[3], nic->mac[4], nic->mac[5]);
	put_list(out, "\t\t", "address", &nic->addresses);
	put_bool(out, "\t\t", "isolate", nic->isolate);
	put_may(out, nic->may);
	(void)fputs("\t}\n", out);
}

static void put_cloud_init(FILE *out, const struct cloud_init_config *cloud_init)
{
	if (!cloud_init->present)
		return;
	(void)fputs("\tcloud-init {\n", out);
	put_text(out, "\t\t", "user-data", cloud_init->user_data);
	put_text(out, "\t\t", "meta-data", cloud_init->meta_data);
	put_text(out, "\t\t", "network-config", cloud_init->network_config);
	put_text(out, "\t\t", "hostname", cloud_init->hostname);
	put_list(out, "\t\t", "ssh-key", &cloud_init->ssh_keys);
	put_text(out, "\t\t", "password-hash", cloud_init->password_hash);
	put_text(out, "\t\t", "instance-id", cloud_init->instance_id);
	(void)fputs("\t}\n", out);
}

/* What the guest's machine is. */
static void put_machine(FILE *out, const struct guest_config *guest)
{
	put_text(out, "\t", "machine", guest_machine_name(guest->machine));
	put_text(out, "\t", "firmware", guest_firmware_name(guest->firmware));
	put_text(out, "\t", "accel", guest_accel_name(guest->accel));
	put_number(out, "cpus", guest->cpus);
	put_text(out, "\t", "cpu", guest->cpu);
	put_size(out, "\t", "memory", guest->memory_bytes);
	put_bool(out, "\t", "hugepages", guest->hugepages);
	put_text(out, "\t", "kernel", guest->kernel);
	put_text(out, "\t", "initrd", guest->initrd);
	put_text(out, "\t", "cmdline", guest->cmdline);
	(void)fputs("\tboot = [", out);
	for (size_t i = 0; i < guest->boot_count; i++)
		(void)fprintf(out, "%s\"%s\"", i ? ", " : "", config_boot_names[guest->boot[i]]);
	(void)fputs("]\n", out);
	put_number(out, "serial-ports", guest->serial_ports);
	put_text(out, "\t", "display", guest_display_name(guest->display));
	put_text(out, "\t", "video", guest_video_name(guest->video));
	put_text(out, "\t", "watchdog", guest_watchdog_name(guest->watchdog));
	put_bool(out, "\t", "rng", guest->rng);
	put_bool(out, "\t", "balloon", guest->balloon);
	put_bool(out, "\t", "vsock", guest->vsock);
}

static void put_on(FILE *out, const char *key, enum guest_on on)
{
	if (on != GUEST_ON_DEFAULT)
		put_text(out, "\t", key, guest_on_name(on));
}

static void put_ready(FILE *out, const struct guest_config *guest)
{
	(void)fputs("\tready = \"", out);
	switch (guest->ready) {
	case GUEST_READY_RUNNING:
		(void)fputs("running", out);
		break;
	case GUEST_READY_CONSOLE:
		(void)fputs("console:", out);
		put_escaped(out, guest->ready_text);
		break;
	case GUEST_READY_TCP:
		(void)fprintf(out, "tcp:%u", guest->ready_port);
		break;
	}
	(void)fputs("\"\n", out);
}

/* What the host does with it. */
static void put_life(FILE *out, const struct guest_config *guest)
{
	put_number(out, "cpu-weight", guest->cpu_weight);
	put_number(out, "cpu-limit", guest->cpu_limit_percent);
	put_number(out, "io-weight", guest->io_weight);
	put_size(out, "\t", "io-limit", guest->io_limit_bytes);
	put_list(out, "\t", "after", &guest->after);
	put_ready(out, guest);
	(void)fprintf(out, "\tstart-delay = %u\n", guest->start_delay_s);
	put_bool(out, "\t", "autostart", guest->autostart);
	put_text(out, "\t", "restart", guest_restart_name(guest->restart));
	put_on(out, "on-poweroff", guest->on_poweroff);
	put_on(out, "on-reboot", guest->on_reboot);
	put_on(out, "on-panic", guest->on_panic);
	put_bool(out, "\t", "echo-console", guest->echo_console);
	put_number(out, "shutdown-timeout", guest->shutdown_timeout_s);
}

static void put_guest(FILE *out, const struct guest_config *guest)
{
	(void)fprintf(out, "guest \"%s\" {\n", guest->name);
	put_machine(out, guest);
	put_life(out, guest);
	for (size_t i = 0; i < guest->disk_count; i++)
		put_disk(out, &guest->disks[i]);
	for (size_t i = 0; i < guest->cdrom_count; i++)
		put_cdrom(out, &guest->cdroms[i]);
	for (size_t i = 0; i < guest->nic_count; i++)
		put_nic(out, &guest->nics[i]);
	put_cloud_init(out, &guest->cloud_init);
	(void)fputs("}\n", out);
}

/* Closes the stream: only then the text is whole. Returns it, or NULL. */
static char *finish(FILE *out, char **text)
{
	bool failed = ferror(out);

	if (fclose(out) != 0 || failed) {
		free(*text);
		return NULL;
	}
	return *text;
}

char *guest_config_format(const struct guest_config *config)
{
	char *text = NULL;
	size_t length = 0;
	FILE *out = open_memstream(&text, &length);

	if (!out)
		return NULL;
	put_guest(out, config);
	return finish(out, &text);
}

static void put_hotkey(FILE *out, const char *key, const struct hotkey_config *hotkey)
{
	char text[HOTKEY_CONFIG_BYTES];

	put_text(out, "", key, hotkey_config_format(hotkey, text));
}

/* What is as it is without the keys is left out. */
static void put_screen(FILE *out, const struct screen_config *screen)
{
	struct screen_config standard;

	screen_config_init(&standard);
	put_text(out, "", "screen", screen->guest);
	if (screen->scale != standard.scale)
		put_text(out, "", "scale", screen_scale_name(screen->scale));
	if (memcmp(&screen->dashboard, &standard.dashboard, sizeof(standard.dashboard)) != 0)
		put_hotkey(out, "hotkey-dashboard", &screen->dashboard);
	if (memcmp(&screen->end, &standard.end, sizeof(standard.end)) != 0)
		put_hotkey(out, "hotkey-end", &screen->end);
	if (memcmp(&screen->guests, &standard.guests, sizeof(standard.guests)) != 0)
		put_hotkey(out, "hotkey-guests", &screen->guests);
}

char *host_config_format(const struct host_config *config)
{
	char *text = NULL;
	size_t length = 0;
	FILE *out = open_memstream(&text, &length);

	if (!out)
		return NULL;
	put_text(out, "", "hostname", config->hostname);
	put_text(out, "", "console-password", config->console_password);
	put_size(out, "", "memory-reserve", config->memory_reserve_bytes);
	put_text(out, "", "data-volume", config->data_volume);
	put_screen(out, &config->screen);
	for (size_t i = 0; i < config->network_count; i++)
		put_network(out, &config->networks[i]);
	for (size_t i = 0; i < config->guest_count; i++)
		put_guest(out, &config->guests[i]);
	return finish(out, &text);
}
