/* SPDX-License-Identifier: GPL-2.0-or-later */
/* mvirt.conf -> struct host_config. Pure: text in, values and mistakes out, no system call. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/text.h"

enum guest_machine { GUEST_MACHINE_Q35, GUEST_MACHINE_PC, GUEST_MACHINE_MICROVM };
enum guest_accel { GUEST_ACCEL_KVM, GUEST_ACCEL_TCG, GUEST_ACCEL_ANY };
enum guest_restart { GUEST_RESTART_NEVER, GUEST_RESTART_ON_FAILURE, GUEST_RESTART_ALWAYS };
enum disk_format { DISK_FORMAT_RAW, DISK_FORMAT_QCOW2 };
enum disk_bus { DISK_BUS_VIRTIO, DISK_BUS_SCSI, DISK_BUS_SATA, DISK_BUS_NVME };
enum nic_model { NIC_MODEL_VIRTIO, NIC_MODEL_E1000, NIC_MODEL_RTL8139 };
enum nic_network { NIC_NETWORK_BRIDGE, NIC_NETWORK_USER };
enum address_mode { ADDRESS_DHCP, ADDRESS_STATIC, ADDRESS_NONE };

/* What mvirt.conf says of a disk. Strings are owned; file is relative to the configuration's
 * volume. */
struct disk_config {
	char *file;
	char *serial; /* NULL: none */
	enum disk_format format;
	enum disk_bus bus;
	bool readonly;
	unsigned int line;
};

struct nic_config {
	char *network; /* the bridge's name, "lan" by default; unused for NIC_NETWORK_USER */
	enum nic_network kind;
	enum nic_model model;
	bool has_mac; /* otherwise one is made from the host's id and the guest's name */
	uint8_t mac[6];
	unsigned int line;
};

struct guest_config {
	char *name;
	enum guest_machine machine;
	enum guest_accel accel;
	enum guest_restart restart;
	unsigned int cpus;
	uint64_t memory_bytes;
	char *cpu; /* "host" by default */
	char *kernel; /* NULL: firmware boots a disk. Relative to the configuration's volume */
	char *initrd;
	char *cmdline;
	struct disk_config *disks;
	size_t disk_count;
	struct nic_config *nics;
	size_t nic_count;
	bool autostart;
	bool echo_console;
	unsigned int shutdown_timeout_s;
	unsigned int line;
};

/* One network: a bridge over an uplink NIC. "lan" exists even where the file does not name it. */
struct network_config {
	char *name;
	char *uplink; /* interface name, MAC or PCI path; NULL: the first wired NIC with carrier */
	enum address_mode ipv4;
	struct text_list addresses; /* static, "192.0.2.7/24", "2001:db8::7/64" */
	char *gateway; /* NULL: none or from DHCP */
	char *gateway6;
	struct text_list dns;
	bool ipv6_ra; /* accept router advertisements */
	unsigned int line;
};

struct host_config {
	char *hostname;
	struct network_config *networks;
	size_t network_count;
	struct guest_config *guests;
	size_t guest_count;
};

/* A mistake in the file; message has no file name, line or newline in it. */
struct config_mistake {
	unsigned int line;
	char *message;
};

struct config_mistakes {
	struct config_mistake *items;
	size_t count;
};

/*
 * The built-in default: host name "mvirt", network "lan" by DHCP, no guests. Never fails but for
 * memory. Returns 0 or -ENOMEM; *ret_config is to be freed with host_config_free().
 */
int host_config_default(struct host_config **ret_config);

/*
 * Parses a whole file. *ret_config is always a usable configuration: a guest with a mistake is left
 * out, a file that cannot be parsed gives the default. *ret_mistakes lists every mistake in the
 * order of lines. Returns 0, or -ENOMEM with the outputs untouched. The text must be
 * NUL-terminated.
 */
int host_config_parse(const char *text, struct host_config **ret_config,
		      struct config_mistakes *ret_mistakes);

/* The parsed configuration as canonical text, for --check and golden files. New string or NULL. */
char *host_config_format(const struct host_config *config);

void host_config_free(struct host_config *config);
DEFINE_CLEANUP(struct host_config *, host_config_free);
void config_mistakes_done(struct config_mistakes *mistakes);

const struct guest_config *host_config_find_guest(const struct host_config *config,
						  const char *name);

/* Names of the enumerations, as in the file; each returns NULL out of range. */
const char *guest_machine_name(enum guest_machine machine);
const char *guest_accel_name(enum guest_accel accel);
const char *guest_restart_name(enum guest_restart restart);
const char *disk_format_name(enum disk_format format);
const char *disk_bus_name(enum disk_bus bus);
const char *nic_model_name(enum nic_model model);
