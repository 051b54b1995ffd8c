// SPDX-License-Identifier: GPL-2.0-or-later
// The block guest "NAME" { … }. A mistake inside costs this guest alone.
#include <string.h>

#include "config-parse.h"

#define MEMORY_MIN (8ULL << 20)
#define MEMORY_MAX (16ULL << 40)
#define DISKS_MAX 16
#define NICS_MAX 8

static const char *const machines[] = { "q35", "pc", "microvm", NULL };
static const char *const accels[] = { "kvm", "tcg", "any", NULL };
static const char *const restarts[] = { "never", "on-failure", "always", NULL };
static const char *const formats[] = { "raw", "qcow2", NULL };
static const char *const buses[] = { "virtio", "scsi", "sata", "nvme", NULL };
static const char *const models[] = { "virtio", "e1000", "rtl8139", NULL };

#define NAME_OF(function, type, names)                \
	const char *function(type value)              \
	{                                             \
		if ((size_t)value >= ELEMENTS(names)) \
			return NULL;                  \
		return names[value];                  \
	}
NAME_OF(guest_machine_name, enum guest_machine, machines)
NAME_OF(guest_accel_name, enum guest_accel, accels)
NAME_OF(guest_restart_name, enum guest_restart, restarts)
NAME_OF(disk_format_name, enum disk_format, formats)
NAME_OF(disk_bus_name, enum disk_bus, buses)
NAME_OF(nic_model_name, enum nic_model, models)

/* The setters of one object's keys: SETTER(name, object type, what to do with parse, entry,
 * object). */
#define SETTER(name, type, ...)                                                        \
	static void name(struct config_parse *parse, const struct config_entry *entry, \
			 void *untyped)                                                \
	{                                                                              \
		type *object = untyped;                                                \
		__VA_ARGS__;                                                           \
	}
#define CHOICE(name, type, field, names)                                    \
	SETTER(name, type, int chosen = config_choose(parse, entry, names); \
	       if (chosen >= 0) object->field = (typeof(object->field))chosen)

CHOICE(set_machine, struct guest_config, machine, machines)
CHOICE(set_accel, struct guest_config, accel, accels)
CHOICE(set_restart, struct guest_config, restart, restarts)
SETTER(set_cpus, struct guest_config, config_set_unsigned(parse, entry, 1, 256, &object->cpus))
SETTER(set_cpu, struct guest_config, config_set_text(parse, entry, &object->cpu))
SETTER(set_kernel, struct guest_config, config_set_path(parse, entry, &object->kernel))
SETTER(set_initrd, struct guest_config, config_set_path(parse, entry, &object->initrd))
SETTER(set_cmdline, struct guest_config, config_set_text(parse, entry, &object->cmdline))
SETTER(set_autostart, struct guest_config, config_set_bool(parse, entry, &object->autostart))
SETTER(set_echo, struct guest_config, config_set_bool(parse, entry, &object->echo_console))
SETTER(set_timeout, struct guest_config,
       config_set_unsigned(parse, entry, 1, 3600, &object->shutdown_timeout_s))

static void set_memory(struct config_parse *parse, const struct config_entry *entry, void *untyped)
{
	struct guest_config *guest = untyped;
	uint64_t bytes = 0;

	if (text_to_bytes(entry->values.items[0], &bytes) < 0)
		config_wrong(parse, entry->line,
			     "memory is a size like \"512M\" or \"2G\", not \"%s\"",
			     entry->values.items[0]);
	else if (bytes < MEMORY_MIN || bytes > MEMORY_MAX || bytes % (1 << 20))
		config_wrong(parse, entry->line,
			     "memory is whole MiB from \"8M\" to \"16T\", not \"%s\"",
			     entry->values.items[0]);
	else
		guest->memory_bytes = bytes;
}

static const struct config_key guest_keys[] = {
	{ "machine", CONFIG_ATTRIBUTE, set_machine },
	{ "cpus", CONFIG_ATTRIBUTE, set_cpus },
	{ "cpu", CONFIG_ATTRIBUTE, set_cpu },
	{ "memory", CONFIG_ATTRIBUTE, set_memory },
	{ "accel", CONFIG_ATTRIBUTE, set_accel },
	{ "kernel", CONFIG_ATTRIBUTE, set_kernel },
	{ "initrd", CONFIG_ATTRIBUTE, set_initrd },
	{ "cmdline", CONFIG_ATTRIBUTE, set_cmdline },
	{ "disk", CONFIG_BLOCK, NULL },
	{ "nic", CONFIG_BLOCK, NULL },
	{ "autostart", CONFIG_ATTRIBUTE, set_autostart },
	{ "restart", CONFIG_ATTRIBUTE, set_restart },
	{ "echo-console", CONFIG_ATTRIBUTE, set_echo },
	{ "shutdown-timeout", CONFIG_ATTRIBUTE, set_timeout },
};

SETTER(set_file, struct disk_config, config_set_path(parse, entry, &object->file))
SETTER(set_readonly, struct disk_config, config_set_bool(parse, entry, &object->readonly))
CHOICE(set_format, struct disk_config, format, formats)
CHOICE(set_bus, struct disk_config, bus, buses)

static void set_serial(struct config_parse *parse, const struct config_entry *entry, void *untyped)
{
	struct disk_config *disk = untyped;
	const char *serial = entry->values.items[0];

	/* virtio-blk's serial has 20 bytes, the least of all buses. QEMU's options are split at
	 * commas. */
	if (!*serial || strlen(serial) > 20 ||
	    serial[strspn(serial,
			  "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.")])
		config_wrong(parse, entry->line,
			     "serial is 1 to 20 letters, digits, -, _ or ., not \"%s\"", serial);
	else
		config_set_text(parse, entry, &disk->serial);
}

static const struct config_key disk_keys[] = {
	{ "file", CONFIG_ATTRIBUTE, set_file },     { "format", CONFIG_ATTRIBUTE, set_format },
	{ "bus", CONFIG_ATTRIBUTE, set_bus },       { "readonly", CONFIG_ATTRIBUTE, set_readonly },
	{ "serial", CONFIG_ATTRIBUTE, set_serial },
};

CHOICE(set_model, struct nic_config, model, models)

static void set_network(struct config_parse *parse, const struct config_entry *entry, void *untyped)
{
	struct nic_config *nic = untyped;

	if (strcmp(entry->values.items[0], "user") == 0)
		nic->kind = NIC_NETWORK_USER;
	config_set_text(parse, entry, &nic->network);
}

static void set_mac(struct config_parse *parse, const struct config_entry *entry, void *untyped)
{
	struct nic_config *nic = untyped;

	if (config_parse_mac(entry->values.items[0], nic->mac) < 0)
		config_wrong(parse, entry->line,
			     "mac is a unicast address like \"52:54:00:12:34:56\", not \"%s\"",
			     entry->values.items[0]);
	else
		nic->has_mac = true;
}

static const struct config_key nic_keys[] = {
	{ "network", CONFIG_ATTRIBUTE, set_network },
	{ "model", CONFIG_ATTRIBUTE, set_model },
	{ "mac", CONFIG_ATTRIBUTE, set_mac },
};

void guest_config_done(struct guest_config *guest)
{
	for (size_t i = 0; i < guest->disk_count; i++) {
		free(guest->disks[i].file);
		free(guest->disks[i].serial);
	}
	for (size_t i = 0; i < guest->nic_count; i++)
		free(guest->nics[i].network);
	free(guest->disks);
	free(guest->nics);
	free(guest->name);
	free(guest->cpu);
	free(guest->kernel);
	free(guest->initrd);
	free(guest->cmdline);
	*guest = (struct guest_config){};
}

static void add_disk(struct config_parse *parse, const struct config_entry *block,
		     const char *where, struct guest_config *guest)
{
	struct disk_config *grown = NULL, *disk = NULL;

	if (guest->disk_count == DISKS_MAX) {
		config_wrong(parse, block->line, "%s has more than %d disks", where, DISKS_MAX);
		return;
	}
	grown = reallocarray(guest->disks, guest->disk_count + 1, sizeof(*grown));
	if (!grown) {
		parse->out_of_memory = true;
		return;
	}
	guest->disks = grown;
	disk = &grown[guest->disk_count++];
	*disk = (struct disk_config){ .line = block->line };
	config_apply(parse, block, where, disk_keys, ELEMENTS(disk_keys), disk);
	if (!disk->file)
		config_wrong(parse, block->line, "a disk of %s has no file", where);
	if (disk->bus != DISK_BUS_VIRTIO && guest->machine == GUEST_MACHINE_MICROVM)
		config_wrong(parse, block->line, "a microvm's disks are on bus \"virtio\" only");
	if (disk->bus == DISK_BUS_SATA && guest->machine == GUEST_MACHINE_PC)
		config_wrong(parse, block->line,
			     "machine \"pc\" has no sata: use \"virtio\", \"scsi\" or \"nvme\", or "
			     "machine \"q35\"");
}

static void add_nic(struct config_parse *parse, const struct config_entry *block, const char *where,
		    struct guest_config *guest)
{
	struct nic_config *grown = NULL, *nic = NULL;

	if (guest->nic_count == NICS_MAX) {
		config_wrong(parse, block->line, "%s has more than %d NICs", where, NICS_MAX);
		return;
	}
	grown = reallocarray(guest->nics, guest->nic_count + 1, sizeof(*grown));
	if (!grown) {
		parse->out_of_memory = true;
		return;
	}
	guest->nics = grown;
	nic = &grown[guest->nic_count++];
	*nic = (struct nic_config){ .line = block->line, .network = strdup("lan") };
	if (!nic->network)
		parse->out_of_memory = true;
	config_apply(parse, block, where, nic_keys, ELEMENTS(nic_keys), nic);
	if (nic->model != NIC_MODEL_VIRTIO && guest->machine == GUEST_MACHINE_MICROVM)
		config_wrong(parse, block->line, "a microvm's NICs are model \"virtio\" only");
}

static void add_parts(struct config_parse *parse, const struct config_entry *block,
		      const char *where, struct guest_config *guest)
{
	for (size_t i = 0; i < block->entry_count; i++) {
		const struct config_entry *entry = &block->entries[i];

		if (entry->kind != CONFIG_BLOCK)
			continue;
		if (entry->label &&
		    (strcmp(entry->key, "disk") == 0 || strcmp(entry->key, "nic") == 0))
			config_wrong(parse, entry->line, "%s takes no name", entry->key);
		else if (strcmp(entry->key, "disk") == 0)
			add_disk(parse, entry, where, guest);
		else if (strcmp(entry->key, "nic") == 0)
			add_nic(parse, entry, where, guest);
	}
}

/* A key whose value was a mistake is not missing: that would say the same thing twice. */
static bool has_key(const struct config_entry *block, const char *key)
{
	for (size_t i = 0; i < block->entry_count; i++)
		if (strcmp(block->entries[i].key, key) == 0)
			return true;
	return false;
}

static void check_boot(struct config_parse *parse, const struct config_entry *block,
		       const struct guest_config *guest)
{
	if (has_key(block, "kernel"))
		return;
	if (guest->machine == GUEST_MACHINE_MICROVM)
		config_wrong(parse, guest->line, "guest \"%s\": a microvm needs a kernel",
			     guest->name);
	else if (!has_key(block, "disk"))
		config_wrong(parse, guest->line,
			     "guest \"%s\" has neither a kernel nor a disk to boot from",
			     guest->name);
	if (guest->initrd)
		config_wrong(parse, guest->line, "guest \"%s\" has an initrd and no kernel",
			     guest->name);
	if (guest->cmdline)
		config_wrong(parse, guest->line, "guest \"%s\" has a cmdline and no kernel",
			     guest->name);
}

void config_parse_guest(struct config_parse *parse, const struct config_entry *block)
{
	const struct guest_config *same = NULL;
	struct host_config *config = parse->config;
	struct guest_config guest = {
		.machine = GUEST_MACHINE_Q35,
		.accel = GUEST_ACCEL_KVM,
		.restart = GUEST_RESTART_ON_FAILURE,
		.cpus = 1,
		.memory_bytes = 256ULL << 20,
		.autostart = true,
		.shutdown_timeout_s = 30,
		.line = block->line,
	};
	struct guest_config *grown = NULL;
	size_t mistakes = parse->mistakes.count;
	_cleanup_free_ char *where = NULL;

	if (!block->label || !text_is_name(block->label)) {
		config_wrong(
			parse, block->line,
			"a guest is guest \"NAME\" { … } with a name of 1 to %d of a-z, 0-9 and -",
			NAME_LENGTH_MAX);
		return;
	}
	same = host_config_find_guest(config, block->label);
	if (same) {
		config_wrong(parse, block->line,
			     "guest \"%s\" is given twice, first in line %u: this one is left out",
			     block->label, same->line);
		return;
	}
	guest.name = strdup(block->label);
	guest.cpu = strdup("host");
	where = text_format("guest \"%s\"", block->label);
	if (!guest.name || !guest.cpu || !where) {
		parse->out_of_memory = true;
	} else {
		config_apply(parse, block, where, guest_keys, ELEMENTS(guest_keys), &guest);
		add_parts(parse, block, where, &guest);
		check_boot(parse, block, &guest);
	}
	if (parse->mistakes.count == mistakes && !parse->out_of_memory) {
		grown = reallocarray(config->guests, config->guest_count + 1, sizeof(*grown));
		if (grown) {
			config->guests = grown;
			grown[config->guest_count++] = guest;
			return;
		}
		parse->out_of_memory = true;
	}
	guest_config_done(&guest);
}

static bool network_exists(const struct host_config *config, const char *name)
{
	for (size_t i = 0; i < config->network_count; i++)
		if (strcmp(config->networks[i].name, name) == 0)
			return true;
	return false;
}

/* The MACs of NICs that come before this one. */
static const struct guest_config *mac_owner(const struct host_config *config,
					    const struct nic_config *nic)
{
	for (size_t g = 0; g < config->guest_count; g++)
		for (size_t n = 0; n < config->guests[g].nic_count; n++) {
			const struct nic_config *other = &config->guests[g].nics[n];

			if (other == nic)
				return NULL;
			if (other->has_mac && memcmp(other->mac, nic->mac, 6) == 0)
				return &config->guests[g];
		}
	return NULL;
}

static void check_nics(struct config_parse *parse, const struct guest_config *guest)
{
	for (size_t i = 0; i < guest->nic_count; i++) {
		const struct nic_config *nic = &guest->nics[i];
		const struct guest_config *owner =
			nic->has_mac ? mac_owner(parse->config, nic) : NULL;

		if (nic->kind == NIC_NETWORK_BRIDGE && !network_exists(parse->config, nic->network))
			config_wrong(parse, nic->line, "guest \"%s\": there is no network \"%s\"",
				     guest->name, nic->network);
		if (owner)
			config_wrong(parse, nic->line,
				     "guest \"%s\" has the same mac as guest \"%s\"", guest->name,
				     owner->name);
	}
}

void config_check_guests(struct config_parse *parse)
{
	struct host_config *config = parse->config;

	for (size_t i = 0; i < config->guest_count;) {
		size_t mistakes = parse->mistakes.count;

		check_nics(parse, &config->guests[i]);
		if (parse->mistakes.count == mistakes) {
			i++;
			continue;
		}
		guest_config_done(&config->guests[i]);
		config->guest_count--;
		memmove(&config->guests[i], &config->guests[i + 1],
			(config->guest_count - i) * sizeof(config->guests[i]));
	}
}
