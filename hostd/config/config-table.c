// SPDX-License-Identifier: GPL-2.0-or-later
// The keys of a guest and of its parts. One more key: its member in config.h and its line here.
// The manual's tables and the completions follow: make accept.
#include "config-parse.h"
#include "config-rows.h"

static bool has_device(const void *object)
{
	return ((const struct disk_config *)object)->device;
}

static const struct config_field disk_fields[] = {
	{ "file", PATH(disk_config, file), .api = "file", .otherwise = "`file` or `device`",
	  .meaning = "a file as above; in `mvirt.conf` it is a `data:guests/` one, or `readonly = "
		     "true` is said" },
	{ "device", TEXT(disk_config, device), .is = config_is_device, .api = "device",
	  .wrong = "device is \"serial:SERIAL\", \"path:NAME\" (of /dev/disk/by-path) or "
		   "\"/dev/NAME\", not \"%\"",
	  .otherwise = "`file` or `device`",
	  .meaning = "a whole disk or a partition: `\"serial:SERIAL\"`, `\"path:PLACE\"` (where it "
		     "is plugged in, as `mvirt devices` shows it: `pci-0000:00:1f.2-ata-1.0`), "
		     "`\"/dev/NAME\"`; refused while anything uses it, and always when the host "
		     "was loaded from it. Use a serial or a place: `/dev/` names change from boot "
		     "to boot. With `autostart` the guest waits for it up to 30 s after the host's "
		     "kernel started, and is started when it comes later" },
	{ "format", CHOICE(disk_config, format, config_format_names), .api = "format",
	  .low = BIT(DISK_FORMAT_RAW) | BIT(DISK_FORMAT_QCOW2), .meaning = "%",
	  .otherwise = "found by the file's first bytes, and only where the guest cannot have "
		       "written them itself" },
	{ "bus", CHOICE(disk_config, bus, config_bus_names), .standard = "virtio", .api = "bus",
	  .meaning =
		  "`\"virtio\"`, `\"scsi\"`, `\"sata\"` (q35), `\"nvme\"`; a microvm has virtio" },
	{ "readonly", BOOL(disk_config, readonly), .standard = "false", .api = "readonly",
	  .meaning = "not on `sata`" },
	{ "serial", TEXT(disk_config, serial), .is = config_is_serial, .api = "serial",
	  .otherwise = "none", .wrong = "serial is 1 to 20 letters, digits, -, _ or ., not \"%\"",
	  .meaning = "1 to 20 letters, digits, `-`, `_`, `.`" },
	{ "size", SIZE(disk_config, size_bytes, MIB, 16 * TIB), .otherwise = "it must be there",
	  .meaning = "a file that is not there is made with this size, %: whole or not at all, "
		     "also when there is no room or no power" },
	{ "allow-existing", BOOL(disk_config, allow_existing), .standard = "false",
	  .is_shown = has_device,
	  .meaning = "of a `device`: write to it although there are file systems or partitions on "
		     "it" },
	OWNED(disk_config, unknown),
};
const struct config_block config_disk_block = { BLOCK(disk_config, disk_fields),
						.unknown = offsetof(struct disk_config, unknown),
						.check = config_check_disk };

static const struct config_field cdrom_fields[] = {
	{ "file", PATH(cdrom_config, file), .api = "file", .otherwise = "the drive is empty",
	  .meaning = "an ISO image as above" },
	OWNED(cdrom_config, unknown),
};
const struct config_block config_cdrom_block = { BLOCK(cdrom_config, cdrom_fields),
						 .unknown = offsetof(struct cdrom_config, unknown),
						 .check = config_check_cdrom };

static const struct config_field nic_fields[] = {
	{ "network", TEXT(nic_config, network), .standard = "lan",
	  .meaning = "a network's name, or `\"user\"`: through the host's addresses, no server "
		     "inside (and no network namespace of its own)" },
	{ "model", CHOICE(nic_config, model, config_model_names), .standard = "virtio",
	  .api = "model", .meaning = "%; a microvm has virtio" },
	{ "mac", FORM(nic_config, mac, config_mac_form), .meaning = "a unicast address",
	  .wrong = "mac is a unicast address like \"52:54:00:12:34:56\", not \"%\"",
	  .otherwise = "made from the machine's id, the guest's name and the NIC's number: the "
		       "same after every boot" },
	{ "address", TEXTS(nic_config, addresses, 16), .is = config_is_unicast, .api = "addresses",
	  .wrong =
		  "a nic's address is an IPv4 or IPv6 address alone, like \"192.0.2.7\", not \"%\"",
	  .many = "a nic has more than % addresses",
	  .empty = "address is an empty list: leave it out for any address",
	  .meaning = "list of % addresses without prefix: the guest can use no other",
	  .otherwise = "any but those that the host uses on that network: its own, its gateways', "
		       "its DNS servers'; the network's router (`may`) can use these too" },
	{ "isolate", BOOL(nic_config, isolate), .standard = "false",
	  .meaning = "it reaches the uplink, and no other guest that is isolated" },
	{ "may", BITS(nic_config, may, config_may_names), .otherwise = "nothing",
	  .wrong = "a nic may be \"dhcp-server\" or \"router\", not \"%\"",
	  .empty = "may is an empty list: leave it out where nothing is allowed",
	  .meaning = "list of %: what the guest may be for others" },
	OWNED(nic_config, unknown),
};
const struct config_block config_nic_block = { BLOCK(nic_config, nic_fields),
					       .unknown = offsetof(struct nic_config, unknown),
					       .check = config_check_nic };

static const struct config_field cloud_init_fields[] = {
	{ "user-data", PATH(cloud_init_config, user_data), .meaning = "a file as above",
	  .otherwise = "made from the keys below" },
	{ "meta-data", PATH(cloud_init_config, meta_data), .meaning = "a file as above",
	  .otherwise = "made from the keys below" },
	{ "network-config", PATH(cloud_init_config, network_config), .meaning = "a file as above",
	  .otherwise = "none" },
	{ "hostname", TEXT(cloud_init_config, hostname), .is = config_is_host_name,
	  .wrong = "hostname is a name like \"web\" or \"web.example.org\", not \"%\"",
	  .meaning = "the guest's host name", .otherwise = "the guest's name" },
	{ "ssh-key", TEXTS(cloud_init_config, ssh_keys, 32), .is = config_is_ssh_key,
	  .otherwise = "none",
	  .wrong = "ssh-key is a public key, a line like \"ssh-ed25519 AAAA… name\", not \"%\"",
	  .many = "cloud-init has more than % ssh keys",
	  .meaning = "% public keys for the image's default user: `\"ssh-ed25519 AAAA… name\"`; "
		     "not with `user-data`" },
	/* What is there may be the password itself: it is not repeated on the screen. */
	{ "password-hash", TEXT(cloud_init_config, password_hash), .is = config_is_password_hash,
	  .wrong = "password-hash is what \"openssl passwd -6\" or mkpasswd prints, like "
		   "\"$6$salt$hash\", never the password itself",
	  .otherwise = "none: no login with a password",
	  .meaning = "of the image's default user, as `openssl passwd -6` or `mkpasswd` prints it; "
		     "not with `user-data`" },
	{ "instance-id", TEXT(cloud_init_config, instance_id), .is = config_is_instance_id,
	  .wrong = "instance-id is 1 to 64 letters, digits, -, _ or ., not \"%\"",
	  .meaning = "1 to 64 letters, digits, `-`, `_`, `.`; with a new one cloud-init does its "
		     "work again",
	  .otherwise = "made from the machine's id and the guest's name" },
	OWNED(cloud_init_config, unknown),
};
const struct config_block config_cloud_init_block = {
	BLOCK(cloud_init_config, cloud_init_fields),
	.unknown = offsetof(struct cloud_init_config, unknown), .check = config_check_cloud_init
};

/* Without now: QEMU got it when it was started; on-reboot and on-panic too, which are its own. */
static const struct config_field guest_fields[] = {
	OWNED(guest_config, name),
	{ "machine", CHOICE(guest_config, machine, config_machine_names), .standard = "q35",
	  .api = "machine",
	  .meaning = "`\"q35\"`, `\"pc\"` (older systems), `\"microvm\"` (starts in milliseconds, "
		     "needs `kernel`)" },
	{ "firmware", CHOICE(guest_config, firmware, config_firmware_names), .standard = "bios",
	  .meaning = "`\"bios\"` (SeaBIOS), `\"uefi\"` (OVMF; its variables are kept with the "
		     "guest)" },
	{ "accel", CHOICE(guest_config, accel, config_accel_names), .standard = "kvm",
	  .api = "accelAllowed",
	  .meaning = "`\"kvm\"`; `\"tcg\"`: software emulation, **no isolation**; `\"any\"`: KVM "
		     "where it works" },
	{ "cpus", NUMBER(guest_config, cpus, 1, 256), .standard = "1", .api = "cpus",
	  .meaning = "%" },
	{ "cpu", TEXT(guest_config, cpu), .is = config_is_cpu, .standard = "host", .api = "cpu",
	  .wrong = "cpu is a model like \"host\" or \"EPYC,+avx2,-svm\" without blanks, not \"%\"",
	  .meaning = "`\"host\"` or a model that QEMU names, with features added or taken away: "
		     "`\"EPYC,+avx2,-svm\"`" },
	{ "memory", SIZE(guest_config, memory_bytes, 8 * MIB, 16 * TIB), .standard = "256M",
	  .api = "memoryBytes",
	  .meaning = "%; refused at start when the machine has less left than that and what QEMU "
		     "needs itself: 16 to 56 MiB until it was measured, 128 more with `tcg`" },
	{ "hugepages", BOOL(guest_config, hugepages), .standard = "false",
	  .meaning = "memory in huge pages of 2 MiB, and a multiple of it; those that are missing "
		     "are made at its start, out of what is left as for any other memory" },
	{ "kernel", PATH(guest_config, kernel), .api = "kernel", .otherwise = "the firmware boots",
	  .meaning = "a file; bzImage or PVH ELF, booted without firmware" },
	{ "initrd", PATH(guest_config, initrd), .api = "initrd", .meaning = "a file, with `kernel`",
	  .otherwise = "none" },
	{ "cmdline", TEXT(guest_config, cmdline), .api = "cmdline",
	  .meaning = "the kernel's command line", .otherwise = "empty" },
	{ "boot", .kind = FIELD_ORDER, PLACE(guest_config, boot[0], unsigned int),
	  .names = config_boot_names, .count = offsetof(struct guest_config, boot_count),
	  .standard = "disk, cdrom, network",
	  .wrong = "boot is a list of \"disk\", \"cdrom\", \"network\"; \"%\" is none of them",
	  .empty = "boot names at least one of \"disk\", \"cdrom\", \"network\"",
	  .meaning = "list, in the order to try: %", .otherwise = "all three, in that order" },
	{ "serial-ports", NUMBER(guest_config, serial_ports, 1, GUEST_SERIAL_PORTS_MAX),
	  .standard = "1", .meaning = "%; the first is the console; a microvm has one" },
	{ "display", CHOICE(guest_config, display, config_display_names), .standard = "none",
	  .api = "display",
	  .meaning = "`\"none\"`, `\"vnc\"` (on a UNIX socket of the host); not for a microvm" },
	{ "video", CHOICE(guest_config, video, config_video_names), .standard = "std",
	  .meaning = "the card, with a display: `\"std\"` (VGA), `\"virtio\"`" },
	{ "watchdog", CHOICE(guest_config, watchdog, config_watchdog_names), .standard = "none",
	  .meaning = "what a guest that no longer answers its watchdog gets: `\"none\"` (there is "
		     "no watchdog), `\"reset\"`, `\"poweroff\"`, `\"pause\"`; not for a microvm" },
	{ "rng", BOOL(guest_config, rng), .standard = "true",
	  .meaning = "virtio-rng: random numbers from the host" },
	{ "balloon", BOOL(guest_config, balloon), .standard = "true", .meaning = "virtio-balloon" },
	{ "vsock", BOOL(guest_config, vsock), .standard = "false",
	  .meaning = "virtio-vsock, with a number of its own that stays" },

	{ "cpu-weight", NUMBER(guest_config, cpu_weight, 1, 10000), .otherwise = "100",
	  .meaning = "%: its part of the processors when they are short; 100 is the kernel's "
		     "default" },
	{ "cpu-limit", NUMBER(guest_config, cpu_limit_percent, 1, 25600), .otherwise = "no limit",
	  .meaning = "per cent of one processor, %: 250 is two and a half" },
	{ "io-weight", NUMBER(guest_config, io_weight, 1, 10000), .otherwise = "100",
	  .meaning = "%: its part of the disks" },
	{ "io-limit", SIZE(guest_config, io_limit_bytes, 4096, 1024 * TIB), .otherwise = "no limit",
	  .wrong = "io-limit is a size per second like \"50M\", \"4K\" at least, not \"%\"",
	  .meaning = "bytes a second, `\"4K\"` at least, for reads and for writes, of each disk" },

	{ "after", TEXTS(guest_config, after, 64), .is = config_is_name, .once = true, .now = true,
	  .api = "after", .wrong = "after is a list of guests' names; \"%\" is none",
	  .many = "after names more than % guests",
	  .meaning =
		  "list of % guests that have to be ready before this one is started with the host",
	  .otherwise = "none" },
	{ "ready", FORM(guest_config, ready, config_ready_form), .standard = "running", .now = true,
	  .wrong = "ready is \"running\", \"console:TEXT\" (up to 200 bytes) or \"tcp:PORT\", not "
		   "\"%\"",
	  .meaning = "when it is ready itself: `\"running\"`; `\"console:TEXT\"`: TEXT (up to 200 "
		     "bytes) was in a line of its console since its start; `\"tcp:PORT\"`: the "
		     "first `address` of its NICs takes a connection" },
	{ "start-delay", NUMBER(guest_config, start_delay_s, 0, 3600), .standard = "0", .now = true,
	  .meaning = "seconds to wait after those of `after` are ready, %" },
	{ "autostart", BOOL(guest_config, autostart), .standard = "true", .now = true,
	  .api = "autostart", .meaning = "whether it starts with the host" },
	{ "restart", CHOICE(guest_config, restart, config_restart_names), .standard = "on-failure",
	  .now = true, .api = "restart",
	  .meaning =
		  "`\"never\"`, `\"on-failure\"`, `\"always\"` (also when it powers itself off)" },
	{ "on-poweroff", CHOICE(guest_config, on_poweroff, config_on_names), .now = true,
	  .low = BIT(GUEST_ON_RESTART) | BIT(GUEST_ON_STOP) | BIT(GUEST_ON_HOST),
	  .otherwise = "as `restart` says",
	  .meaning = "when it powers itself off: `\"restart\"`, `\"stop\"`, `\"host\"` (the "
		     "machine is powered off too)" },
	{ "on-reboot", CHOICE(guest_config, on_reboot, config_on_names), .otherwise = "it reboots",
	  .low = BIT(GUEST_ON_RESTART) | BIT(GUEST_ON_STOP), .meaning = "when it reboots: %" },
	{ "on-panic", CHOICE(guest_config, on_panic, config_on_names),
	  .otherwise = "as `restart` says",
	  .low = BIT(GUEST_ON_RESTART) | BIT(GUEST_ON_STOP) | BIT(GUEST_ON_PAUSE),
	  .meaning = "when its kernel panics: `\"restart\"`, `\"stop\"`, `\"pause\"` (to be looked "
		     "at); not for a microvm" },
	{ "echo-console", BOOL(guest_config, echo_console), .standard = "false", .now = true,
	  .meaning = "whether its serial console is shown on the host's, with its name in front" },
	{ "shutdown-timeout", NUMBER(guest_config, shutdown_timeout_s, 1, 3600), .standard = "30",
	  .now = true,
	  .meaning = "seconds from the ACPI request until it is killed, %; also when the host goes "
		     "down" },
	{ "comment", TEXT(guest_config, comment), .high = 200, .now = true, .api = "comment",
	  .meaning = "free text, % bytes", .otherwise = "none" },
	OWNED(guest_config, ready_text),

	{ "disk", PARTS(guest_config, disks, disk_count, 16, config_disk_block), .many = "disks",
	  .api = "disks" },
	{ "cdrom", PARTS(guest_config, cdroms, cdrom_count, 4, config_cdrom_block),
	  .many = "cdroms", .api = "cdroms" },
	{ "nic", PARTS(guest_config, nics, nic_count, 8, config_nic_block), .many = "NICs" },
	{ "cloud-init", PART(guest_config, cloud_init, config_cloud_init_block) },
	OWNED(guest_config, unknown),
};
static_assert(ELEMENTS(guest_fields) <= CONFIG_FIELDS_MAX,
	      "config_block_read() remembers that many");
const struct config_block config_guest_block = { BLOCK(guest_config, guest_fields),
						 .is_named = true,
						 .unknown = offsetof(struct guest_config, unknown),
						 .check = config_check_guest };
