/* SPDX-License-Identifier: GPL-2.0-or-later */
/* mvirt.conf -> struct host_config. Pure: text in, values and mistakes out, no system call. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/text.h"
#include "config/config-name.h"

enum guest_machine { GUEST_MACHINE_Q35, GUEST_MACHINE_PC, GUEST_MACHINE_MICROVM };
enum guest_firmware { GUEST_FIRMWARE_BIOS, GUEST_FIRMWARE_UEFI };
enum guest_accel { GUEST_ACCEL_KVM, GUEST_ACCEL_TCG, GUEST_ACCEL_ANY };
enum guest_restart { GUEST_RESTART_NEVER, GUEST_RESTART_ON_FAILURE, GUEST_RESTART_ALWAYS };
/* What follows a power-off, a reboot or a panic of the guest's own; DEFAULT: what restart says. */
enum guest_on {
	GUEST_ON_DEFAULT,
	GUEST_ON_RESTART,
	GUEST_ON_STOP,
	GUEST_ON_PAUSE, /* on-panic only */
	GUEST_ON_HOST, /* on-poweroff only: the machine is powered off with its guest */
};
enum guest_watchdog {
	GUEST_WATCHDOG_NONE,
	GUEST_WATCHDOG_RESET,
	GUEST_WATCHDOG_POWEROFF,
	GUEST_WATCHDOG_PAUSE,
};
enum guest_display { GUEST_DISPLAY_NONE, GUEST_DISPLAY_VNC };
enum guest_video { GUEST_VIDEO_STD, GUEST_VIDEO_VIRTIO };
enum guest_boot { GUEST_BOOT_DISK, GUEST_BOOT_CDROM, GUEST_BOOT_NETWORK, GUEST_BOOT_COUNT };
/* When the guests that come after this one may start. */
enum guest_ready { GUEST_READY_RUNNING, GUEST_READY_CONSOLE, GUEST_READY_TCP };
/* AUTO: by the file's magic, and only where the guest cannot write that magic itself. */
enum disk_format { DISK_FORMAT_AUTO, DISK_FORMAT_RAW, DISK_FORMAT_QCOW2 };
enum disk_bus { DISK_BUS_VIRTIO, DISK_BUS_SCSI, DISK_BUS_SATA, DISK_BUS_NVME };
enum nic_model { NIC_MODEL_VIRTIO, NIC_MODEL_E1000, NIC_MODEL_RTL8139 };
enum nic_network { NIC_NETWORK_BRIDGE, NIC_NETWORK_USER };
/* What a guest may be for others of its network, and for the host; bits. */
enum nic_may { NIC_MAY_DHCP_SERVER = 1, NIC_MAY_ROUTER = 2 };
enum address_mode { ADDRESS_DHCP, ADDRESS_STATIC, ADDRESS_NONE };
/* BRIDGE: over an uplink. ISOLATED: guests among themselves. NAT: each guest alone behind QEMU. */
enum network_mode { NETWORK_MODE_BRIDGE, NETWORK_MODE_ISOLATED, NETWORK_MODE_NAT };

/*
 * Strings are owned. A file's path is relative to where the definition is: to the configuration's
 * file system for mvirt.conf, to the guest's own folder for guest.conf. "data:images/x.iso" and
 * "data:guests/NAME/x.raw" name a file on the data volume from either. unknown is what another
 * hostd wrote, as lines of text: it is kept with the rest, and means nothing here.
 */
struct disk_config {
	char *file; /* either file */
	char *device; /* or device: "serial:…", "path:…" (its place) or "/dev/…" */
	char *serial; /* NULL: none */
	enum disk_format format;
	enum disk_bus bus;
	bool readonly;
	bool allow_existing; /* write to a whole disk although there are file systems on it */
	uint64_t size_bytes; /* a missing file is made with this size; 0: it must be there */
	char *unknown;
	unsigned int line;
};

struct cdrom_config {
	char *file; /* NULL: the drive is empty */
	char *unknown;
	unsigned int line;
};

struct nic_config {
	char *network; /* the bridge's name, "lan" by default; unused for NIC_NETWORK_USER */
	enum nic_network kind;
	enum nic_model model;
	bool has_mac; /* otherwise one is made from the host's id and the guest's name */
	uint8_t mac[6];
	/* The guest's own addresses, without prefix: it may use no other. Empty: any. */
	struct text_list addresses;
	bool isolate; /* reaches the uplink, and no other guest that is isolated */
	unsigned int may; /* of enum nic_may */
	char *unknown;
	unsigned int line;
};

/* A NoCloud seed. present is false where the block is missing. */
struct cloud_init_config {
	bool present;
	char *user_data, *meta_data, *network_config; /* files, or NULL */
	char *hostname; /* NULL: the guest's name */
	struct text_list ssh_keys; /* public keys */
	char *password_hash; /* crypt(5), of the image's default user; or NULL */
	char *instance_id; /* NULL: made from the host's id and the guest's name */
	char *unknown;
	unsigned int line;
};

struct guest_config {
	char *name;
	enum guest_machine machine;
	enum guest_firmware firmware;
	enum guest_accel accel;
	enum guest_restart restart;
	enum guest_on on_poweroff, on_reboot, on_panic;
	enum guest_watchdog watchdog;
	enum guest_display display;
	enum guest_video video;
	enum guest_boot boot[GUEST_BOOT_COUNT]; /* the order; disk, cdrom, network by default */
	size_t boot_count;
	unsigned int cpus;
	uint64_t memory_bytes;
	bool hugepages;
	char *cpu; /* "host" by default */
	char *kernel; /* NULL: firmware boots */
	char *initrd;
	char *cmdline;
	struct disk_config *disks;
	size_t disk_count;
	struct cdrom_config *cdroms;
	size_t cdrom_count;
	struct nic_config *nics;
	size_t nic_count;
	unsigned int serial_ports; /* 1 to GUEST_SERIAL_PORTS_MAX; the first is the console */
	bool rng, balloon, vsock;
	struct cloud_init_config cloud_init;
	/* cgroup v2; 0: not set. */
	unsigned int cpu_weight; /* 1 to 10000, 100 is the kernel's default */
	unsigned int cpu_limit_percent; /* of one processor: 250 is two and a half */
	unsigned int io_weight; /* 1 to 10000 */
	uint64_t io_limit_bytes; /* a second, for reads and for writes, of each disk */
	struct text_list after; /* names of guests that have to be ready first */
	enum guest_ready ready;
	char *ready_text; /* of GUEST_READY_CONSOLE: a line that has it in it */
	unsigned int ready_port; /* of GUEST_READY_TCP, at the first address of a NIC */
	unsigned int start_delay_s; /* after those of after are ready */
	bool autostart;
	bool echo_console;
	char *comment; /* for people; NULL: none */
	unsigned int shutdown_timeout_s;
	char *unknown;
	unsigned int line;
};

#define GUEST_SERIAL_PORTS_MAX 4

/* One network: a bridge over an uplink NIC. "lan" exists even where the file does not name it. */
struct network_config {
	char *name;
	enum network_mode mode;
	char *uplink; /* interface name, MAC or PCI path; NULL: the first wired NIC with carrier */
	struct text_list bond; /* two NICs or more, in active-backup; empty: none */
	unsigned int vlan; /* 1 to 4094, on the uplink or the bond; 0: untagged */
	unsigned int mtu; /* 0: as it is */
	enum address_mode ipv4;
	struct text_list addresses; /* static, "192.0.2.7/24", "2001:db8::7/64" */
	char *gateway; /* NULL: none or from DHCP */
	char *gateway6;
	struct text_list dns;
	bool ipv6_ra; /* accept router advertisements */
	unsigned int line;
};

/* How a guest's picture comes to the size of the machine's screen. */
enum screen_scale_config {
	SCREEN_SCALE_CONFIG_NONE,
	SCREEN_SCALE_CONFIG_INTEGER,
	SCREEN_SCALE_CONFIG_FIT
};

/* code is a KEY_ of the kernel's; 0: none. modifiers: ctrl 1, alt 2, shift 4, meta 8. */
struct hotkey_config {
	uint16_t modifiers, code;
};

struct screen_config {
	char *guest; /* whose the machine's screen is; NULL: the dashboard's */
	enum screen_scale_config scale;
	/* guests: the first of the function keys, each for one guest that has a display. */
	struct hotkey_config dashboard, end, guests;
};

struct host_config {
	char *hostname;
	struct screen_config screen;
	char *console_password; /* crypt(5), sha512crypt or yescrypt; NULL: acting needs none;
				 * "!": no password is right */
	uint64_t memory_reserve_bytes; /* what guests may not take; 0: hostd's own figure */
	char *data_volume; /* its file system's UUID, as the file has it; NULL: not named */
	struct network_config *networks;
	size_t network_count;
	struct guest_config *guests;
	size_t guest_count;
	unsigned int line;
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

/*
 * One guest, as in guest.conf: exactly one block guest "NAME" { … } in mvirt.conf's syntax. What
 * only a whole configuration can tell (whether networks and other guests exist) is not checked
 * here, see guest_config_check(). Returns 0, -EBADMSG with the mistakes and *ret_config untouched,
 * or -ENOMEM with both untouched.
 */
int guest_config_parse(const char *text, struct guest_config **ret_config,
		       struct config_mistakes *ret_mistakes);
/*
 * The same of a definition that was stored, perhaps by another hostd: a key that is unknown is kept
 * in the guest, and formatted with it. Returns as above; with 0 the mistakes are the unknown keys.
 */
int guest_config_load(const char *text, struct guest_config **ret_config,
		      struct config_mistakes *ret_mistakes);
/*
 * What can be understood of a guest that runs, as another hostd may have written it down: a key
 * that is unknown or wrong keeps its default and is among the mistakes. Returns 0, -EBADMSG when
 * not even the guest's name is in the text, with the mistakes, or -ENOMEM.
 */
int guest_config_read(const char *text, struct guest_config **ret_config,
		      struct config_mistakes *ret_mistakes);
/* The canonical text of one guest, which guest_config_parse() takes again. New string or NULL. */
char *guest_config_format(const struct guest_config *config);
/* A deep copy. Returns 0 or -ENOMEM. */
int guest_config_copy(const struct guest_config *config, struct guest_config **ret_config);
/* Whether a start by either is the same. Without memory it is. */
bool guest_config_starts_alike(const struct guest_config *a, const struct guest_config *b);
/* Whether a change of this key counts for a guest that runs; otherwise at its next start. */
bool guest_config_counts_now(const char *key);
/* The index-th of all files that the definition names, or NULL behind the last. */
const char *guest_config_path(const struct guest_config *config, size_t index);
/*
 * A copy with another name; its files "data:guests/NAME/…" are renamed with it. Returns 0, -EINVAL
 * for what is no name, or -ENOMEM.
 */
int guest_config_rename(const struct guest_config *config, const char *name,
			struct guest_config **ret_config);
/*
 * A copy with one key set: "memory" or "cloud-init.ssh-key", value as text; a list's values are
 * separated by commas. An empty value takes the key back to its default. Of blocks that may be
 * repeated (disk, cdrom, nic) the keys are "disk.0.readonly"; the number after the last makes a new
 * one, and "disk.0" or "cloud-init" with an empty value removes the block. Keys that are unknown
 * since guest_config_load() stay. Returns as guest_config_parse(); the mistakes' lines are 0, for
 * there is no file.
 */
int guest_config_set(const struct guest_config *config, const char *key, const char *value,
		     struct guest_config **ret_config, struct config_mistakes *ret_mistakes);
/*
 * Whether the guest fits the host: its networks exist, no MAC is used twice, the guests in after
 * exist and do not wait for each other in a circle. others are all guests that there are (one of
 * the same name is skipped: it is the one to be replaced). Returns 0, or -EINVAL with one line in
 * *ret_why, to be freed, or -ENOMEM.
 */
int guest_config_check(const struct guest_config *guest, const struct host_config *host,
		       const struct guest_config *const *others, size_t other_count,
		       char **ret_why);
/*
 * Sets the kind of every NIC by what its network is on this host. host_config_parse() does it for
 * its guests; one from guest_config_parse() or guest_config_set() needs it before it is started.
 */
void guest_config_bind_networks(struct guest_config *guest, const struct host_config *host);
void guest_config_free(struct guest_config *config);
DEFINE_CLEANUP(struct guest_config *, guest_config_free);

void host_config_free(struct host_config *config);
DEFINE_CLEANUP(struct host_config *, host_config_free);
/* One of no line. Returns 0 or -ENOMEM. */
int config_mistakes_add(struct config_mistakes *mistakes, const char *message);
void config_mistakes_done(struct config_mistakes *mistakes);

const struct guest_config *host_config_find_guest(const struct host_config *config,
						  const char *name);

/* Names of the enumerations, as in the file; each returns NULL out of range. */
const char *guest_machine_name(enum guest_machine machine);
const char *guest_firmware_name(enum guest_firmware firmware);
const char *guest_on_name(enum guest_on on);
const char *guest_watchdog_name(enum guest_watchdog watchdog);
const char *disk_format_name(enum disk_format format);
/* "ctrl-alt-f1", or "none". Returns the buffer. */
#define HOTKEY_CONFIG_BYTES 40
char *hotkey_config_format(const struct hotkey_config *hotkey,
			   char buffer[static HOTKEY_CONFIG_BYTES]);
