// SPDX-License-Identifier: GPL-2.0-or-later
// The block guest "NAME" { … }: its keys and defaults. A mistake inside costs this guest alone.
#include <string.h>

#include "config-parse.h"

#define MEMORY_MIN_MIB 8
#define MEMORY_MAX_MIB (16ULL << 20)
#define IO_LIMIT_MIN (4ULL << 10)
#define IO_LIMIT_MAX (1ULL << 50)
#define AFTER_MAX 64
#define READY_TEXT_MAX 200
#define CPU_LENGTH_MAX 512

CHOICE(set_machine, struct guest_config, machine, config_machine_names)
CHOICE(set_firmware, struct guest_config, firmware, config_firmware_names)
CHOICE(set_accel, struct guest_config, accel, config_accel_names)
CHOICE(set_restart, struct guest_config, restart, config_restart_names)
CHOICE(set_watchdog, struct guest_config, watchdog, config_watchdog_names)
CHOICE(set_display, struct guest_config, display, config_display_names)
CHOICE(set_video, struct guest_config, video, config_video_names)
SETTER(set_cpus, struct guest_config, config_set_unsigned(parse, entry, 1, 256, &object->cpus))
SETTER(set_memory, struct guest_config,
       config_set_mebibytes(parse, entry, MEMORY_MIN_MIB, MEMORY_MAX_MIB, &object->memory_bytes))
SETTER(set_hugepages, struct guest_config, config_set_bool(parse, entry, &object->hugepages))
SETTER(set_kernel, struct guest_config, config_set_path(parse, entry, &object->kernel))
SETTER(set_initrd, struct guest_config, config_set_path(parse, entry, &object->initrd))
SETTER(set_cmdline, struct guest_config, config_set_text(parse, entry, &object->cmdline))
SETTER(set_serial_ports, struct guest_config,
       config_set_unsigned(parse, entry, 1, GUEST_SERIAL_PORTS_MAX, &object->serial_ports))
SETTER(set_rng, struct guest_config, config_set_bool(parse, entry, &object->rng))
SETTER(set_balloon, struct guest_config, config_set_bool(parse, entry, &object->balloon))
SETTER(set_vsock, struct guest_config, config_set_bool(parse, entry, &object->vsock))
SETTER(set_cpu_weight, struct guest_config,
       config_set_unsigned(parse, entry, 1, 10000, &object->cpu_weight))
SETTER(set_cpu_limit, struct guest_config,
       config_set_unsigned(parse, entry, 1, 25600, &object->cpu_limit_percent))
SETTER(set_io_weight, struct guest_config,
       config_set_unsigned(parse, entry, 1, 10000, &object->io_weight))
SETTER(set_start_delay, struct guest_config,
       config_set_unsigned(parse, entry, 0, 3600, &object->start_delay_s))
SETTER(set_autostart, struct guest_config, config_set_bool(parse, entry, &object->autostart))
SETTER(set_echo, struct guest_config, config_set_bool(parse, entry, &object->echo_console))
SETTER(set_timeout, struct guest_config,
       config_set_unsigned(parse, entry, 1, 3600, &object->shutdown_timeout_s))

/* What may follow is not the same for the three. */
static void set_on(struct config_parse *parse, const struct config_entry *entry, enum guest_on last,
		   enum guest_on *output)
{
	const char *names[4] = { "restart", "stop" };
	int chosen = -1;

	if (last != GUEST_ON_DEFAULT)
		names[2] = guest_on_name(last);
	chosen = config_choose(parse, entry, names);
	if (chosen == 2)
		*output = last;
	else if (chosen >= 0)
		*output = chosen == 0 ? GUEST_ON_RESTART : GUEST_ON_STOP;
}
SETTER(set_on_poweroff, struct guest_config,
       set_on(parse, entry, GUEST_ON_HOST, &object->on_poweroff))
SETTER(set_on_reboot, struct guest_config,
       set_on(parse, entry, GUEST_ON_DEFAULT, &object->on_reboot))
SETTER(set_on_panic, struct guest_config, set_on(parse, entry, GUEST_ON_PAUSE, &object->on_panic))

static bool is_cpu_name(const char *text, size_t length)
{
	if (length == 0 || *text == '-' || *text == '.')
		return false;
	for (size_t i = 0; i < length; i++)
		if (!config_is_word((char[]){ text[i], '\0' }, "-_.", 1))
			return false;
	return true;
}

/* A model, and features with + or -: nothing else, for it is a part of one of QEMU's options. */
static bool is_cpu(const char *text)
{
	size_t length = strcspn(text, ",");
	bool right = strlen(text) <= CPU_LENGTH_MAX && is_cpu_name(text, length);

	for (text += length; right && *text; text += length) {
		if (text[1] != '+' && text[1] != '-')
			return false;
		text += 2;
		length = strcspn(text, ",");
		right = is_cpu_name(text, length);
	}
	return right;
}

static void set_cpu(struct config_parse *parse, const struct config_entry *entry, void *untyped)
{
	struct guest_config *guest = untyped;

	if (!is_cpu(entry->values.items[0]))
		config_wrong(parse, entry->line,
			     "cpu is a model like \"host\" or \"EPYC,+avx2,-svm\" without blanks, "
			     "not \"%s\"",
			     entry->values.items[0]);
	else
		config_set_text(parse, entry, &guest->cpu);
}

static void set_boot(struct config_parse *parse, const struct config_entry *entry, void *untyped)
{
	struct guest_config *guest = untyped;
	bool seen[GUEST_BOOT_COUNT] = {};

	guest->boot_count = 0;
	for (size_t i = 0; i < entry->values.count; i++) {
		const char *name = entry->values.items[i];
		int index = config_name_index(config_boot_names, name);

		if (index < 0) {
			config_wrong(parse, entry->line,
				     "boot is a list of \"disk\", \"cdrom\", \"network\"; \"%s\" "
				     "is none of them",
				     name);
		} else if (seen[index]) {
			config_wrong(parse, entry->line, "boot names \"%s\" twice", name);
		} else {
			seen[index] = true;
			guest->boot[guest->boot_count++] = (enum guest_boot)index;
		}
	}
	if (entry->values.count == 0)
		config_wrong(parse, entry->line,
			     "boot names at least one of \"disk\", \"cdrom\", \"network\"");
}

static void set_io_limit(struct config_parse *parse, const struct config_entry *entry,
			 void *untyped)
{
	struct guest_config *guest = untyped;
	const char *text = entry->values.items[0];
	uint64_t bytes = 0;

	if (text_to_bytes(text, &bytes) < 0 || bytes < IO_LIMIT_MIN || bytes > IO_LIMIT_MAX)
		config_wrong(parse, entry->line,
			     "io-limit is a size per second like \"50M\", \"4K\" at least, not "
			     "\"%s\"",
			     text);
	else
		guest->io_limit_bytes = bytes;
}

static void set_after(struct config_parse *parse, const struct config_entry *entry, void *untyped)
{
	struct guest_config *guest = untyped;

	for (size_t i = 0; i < entry->values.count; i++) {
		const char *name = entry->values.items[i];

		if (!text_is_name(name))
			config_wrong(parse, entry->line,
				     "after is a list of guests' names; \"%s\" is none", name);
		else if (strcmp(name, guest->name) == 0)
			config_wrong(parse, entry->line, "guest \"%s\" cannot come after itself",
				     name);
		else if (config_list_has(&guest->after, name))
			config_wrong(parse, entry->line, "after names \"%s\" twice", name);
		else if (guest->after.count == AFTER_MAX)
			config_wrong(parse, entry->line, "after names more than %d guests",
				     AFTER_MAX);
		else
			config_add_text(parse, &guest->after, name);
	}
}

static void set_ready(struct config_parse *parse, const struct config_entry *entry, void *untyped)
{
	struct guest_config *guest = untyped;
	const char *text = entry->values.items[0], *port = text + strlen("tcp:");
	uint64_t number = 0;

	if (strcmp(text, "running") == 0) {
		guest->ready = GUEST_READY_RUNNING;
	} else if (config_path_begins(text, "tcp:") && *port && !port[strspn(port, "0123456789")] &&
		   text_to_bytes(port, &number) == 0 && number >= 1 && number <= 65535) {
		guest->ready = GUEST_READY_TCP;
		guest->ready_port = (unsigned int)number;
	} else if (config_path_begins(text, "console:") && text[strlen("console:")] &&
		   strlen(text) <= strlen("console:") + READY_TEXT_MAX) {
		if (config_has_control(text)) {
			config_wrong(parse, entry->line, "ready has a control character in it");
			return;
		}
		free(guest->ready_text);
		guest->ready_text = strdup(text + strlen("console:"));
		guest->ready = GUEST_READY_CONSOLE;
		if (!guest->ready_text)
			parse->out_of_memory = true;
	} else {
		config_wrong(parse, entry->line,
			     "ready is \"running\", \"console:TEXT\" (up to %d bytes) or "
			     "\"tcp:PORT\", not \"%s\"",
			     READY_TEXT_MAX, text);
	}
}

static const struct config_key keys[] = {
	{ "machine", CONFIG_ATTRIBUTE, set_machine },
	{ "firmware", CONFIG_ATTRIBUTE, set_firmware },
	{ "accel", CONFIG_ATTRIBUTE, set_accel },
	{ "cpus", CONFIG_ATTRIBUTE, set_cpus },
	{ "cpu", CONFIG_ATTRIBUTE, set_cpu },
	{ "memory", CONFIG_ATTRIBUTE, set_memory },
	{ "hugepages", CONFIG_ATTRIBUTE, set_hugepages },
	{ "kernel", CONFIG_ATTRIBUTE, set_kernel },
	{ "initrd", CONFIG_ATTRIBUTE, set_initrd },
	{ "cmdline", CONFIG_ATTRIBUTE, set_cmdline },
	{ "boot", CONFIG_LIST, set_boot },
	{ "serial-ports", CONFIG_ATTRIBUTE, set_serial_ports },
	{ "display", CONFIG_ATTRIBUTE, set_display },
	{ "video", CONFIG_ATTRIBUTE, set_video },
	{ "watchdog", CONFIG_ATTRIBUTE, set_watchdog },
	{ "rng", CONFIG_ATTRIBUTE, set_rng },
	{ "balloon", CONFIG_ATTRIBUTE, set_balloon },
	{ "vsock", CONFIG_ATTRIBUTE, set_vsock },
	{ "cpu-weight", CONFIG_ATTRIBUTE, set_cpu_weight },
	{ "cpu-limit", CONFIG_ATTRIBUTE, set_cpu_limit },
	{ "io-weight", CONFIG_ATTRIBUTE, set_io_weight },
	{ "io-limit", CONFIG_ATTRIBUTE, set_io_limit },
	{ "after", CONFIG_LIST, set_after },
	{ "ready", CONFIG_ATTRIBUTE, set_ready },
	{ "start-delay", CONFIG_ATTRIBUTE, set_start_delay },
	{ "autostart", CONFIG_ATTRIBUTE, set_autostart },
	{ "restart", CONFIG_ATTRIBUTE, set_restart },
	{ "on-poweroff", CONFIG_ATTRIBUTE, set_on_poweroff },
	{ "on-reboot", CONFIG_ATTRIBUTE, set_on_reboot },
	{ "on-panic", CONFIG_ATTRIBUTE, set_on_panic },
	{ "echo-console", CONFIG_ATTRIBUTE, set_echo },
	{ "shutdown-timeout", CONFIG_ATTRIBUTE, set_timeout },
	{ "disk", CONFIG_BLOCK, NULL },
	{ "cdrom", CONFIG_BLOCK, NULL },
	{ "nic", CONFIG_BLOCK, NULL },
	{ "cloud-init", CONFIG_BLOCK, NULL },
};
const struct config_keys config_guest_keys = CONFIG_KEYS(keys);
_Static_assert(ELEMENTS(keys) <= CONFIG_KEYS_MAX, "config_apply() remembers that many");

int guest_config_init(struct guest_config *guest, const char *name)
{
	*guest = (struct guest_config){
		.name = strdup(name),
		.machine = GUEST_MACHINE_Q35,
		.accel = GUEST_ACCEL_KVM,
		.restart = GUEST_RESTART_ON_FAILURE,
		.boot = { GUEST_BOOT_DISK, GUEST_BOOT_CDROM, GUEST_BOOT_NETWORK },
		.boot_count = GUEST_BOOT_COUNT,
		.cpus = 1,
		.memory_bytes = 256ULL << 20,
		.cpu = strdup("host"),
		.serial_ports = 1,
		.rng = true,
		.balloon = true,
		.autostart = true,
		.shutdown_timeout_s = 30,
	};
	if (guest->name && guest->cpu)
		return 0;
	guest_config_done(guest);
	return -ENOMEM;
}

static void parse_part(struct config_parse *parse, const struct config_entry *entry,
		       const char *where, struct guest_config *guest)
{
	static const struct {
		const char *key;
		void (*parse)(struct config_parse *parse, const struct config_entry *block,
			      const char *where, struct guest_config *guest);
	} parts[] = {
		{ "disk", config_parse_disk },
		{ "cdrom", config_parse_cdrom },
		{ "nic", config_parse_nic },
		{ "cloud-init", config_parse_cloud_init },
	};

	for (size_t i = 0; i < ELEMENTS(parts); i++) {
		if (strcmp(entry->key, parts[i].key) != 0)
			continue;
		if (entry->label)
			config_wrong(parse, entry->line, "%s takes no name", entry->key);
		else
			parts[i].parse(parse, entry, where, guest);
	}
}

bool config_read_guest(struct config_parse *parse, const struct config_entry *block,
		       struct guest_config *ret_guest)
{
	struct guest_config guest = {};
	_cleanup_free_ char *where = NULL;

	if (!block->label || !text_is_name(block->label)) {
		config_wrong(
			parse, block->line,
			"a guest is guest \"NAME\" { … } with a name of 1 to %d of a-z, 0-9 and -",
			NAME_LENGTH_MAX);
		return false;
	}
	where = text_format("guest \"%s\"", block->label);
	if (!where || guest_config_init(&guest, block->label) < 0) {
		parse->out_of_memory = true;
		return false;
	}
	guest.line = block->line;
	parse->guest = guest.name;
	config_apply(parse, block, where, &config_guest_keys, &guest);
	for (size_t i = 0; i < block->entry_count; i++)
		if (block->entries[i].kind == CONFIG_BLOCK)
			parse_part(parse, &block->entries[i], where, &guest);
	config_check_guest(parse, block, &guest);
	parse->guest = NULL;
	if (parse->out_of_memory) {
		guest_config_done(&guest);
		return false;
	}
	*ret_guest = guest;
	return true;
}

bool config_parse_guest(struct config_parse *parse, const struct config_entry *block,
			struct guest_config *ret_guest)
{
	struct guest_config guest = {};
	size_t mistakes = parse->mistakes.count;

	if (!config_read_guest(parse, block, &guest))
		return false;
	if (parse->mistakes.count > mistakes) {
		guest_config_done(&guest);
		return false;
	}
	*ret_guest = guest;
	return true;
}
