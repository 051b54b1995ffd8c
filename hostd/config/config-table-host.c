// SPDX-License-Identifier: GPL-2.0-or-later
// The keys of mvirt.conf itself and of its networks.
#include "config-parse.h"
#include "config-rows.h"

/* Of a nat network there is nothing on the host that could have an address. */
static bool is_on_host(const void *object)
{
	return ((const struct network_config *)object)->mode != NETWORK_MODE_NAT;
}

#define HOTKEY(which, how)                                                          \
	.kind = FIELD_FORM, PLACE(host_config, screen.which, struct hotkey_config), \
	.form = &(how), .brief = true
#define HOTKEY_WRONG "\"none\", or a key with ctrl, alt or meta like \"ctrl-alt-f1\", not \"%\""

static const struct config_field network_fields[] = {
	OWNED(network_config, name),
	{ "mode", CHOICE(network_config, mode, config_network_mode_names), .standard = "bridge",
	  .meaning = "`\"bridge\"`: over a NIC; `\"isolated\"`: without one, for guests among "
		     "themselves and the host; `\"nat\"`: each guest alone behind the host's "
		     "addresses, no server inside, and no other key" },
	{ "uplink", TEXT(network_config, uplink),
	  .otherwise = "the first wired NIC that has a cable",
	  .meaning = "a NIC by interface name (`eth0`), MAC, or PCI path (`0000:00:03.0`)" },
	{ "bond", TEXTS(network_config, bond, 8), .is = config_is_nic_name, .once = true,
	  .otherwise = "none", .wrong = "bond: \"%\" names no NIC",
	  .many = "bond names more than % NICs",
	  .meaning = "list of two NICs or more, %, named like `uplink` and instead of it; "
		     "active-backup: one is used, another takes over when it fails" },
	{ "vlan", NUMBER(network_config, vlan, 1, 4094), .otherwise = "untagged",
	  .meaning = "%: the tag on the uplink or the bond; several networks may have the same one "
		     "with different tags" },
	{ "mtu", NUMBER(network_config, mtu, 576, 65535), .otherwise = "as the NIC has it",
	  .meaning = "% bytes" },
	{ "ipv4", CHOICE(network_config, ipv4, config_address_mode_names), .standard = "dhcp",
	  .is_shown = is_on_host, .meaning = "the host's own address: %",
	  .otherwise =
		  "`\"dhcp\"`; isolated: `\"static\"` with an `address`, otherwise `\"none\"`" },
	{ "address", TEXTS(network_config, addresses, 32), .is = config_is_prefix,
	  .otherwise = "none", .wrong = "address \"%\" is not ADDRESS/PREFIX like 192.0.2.7/24",
	  .many = "a network has more than % addresses",
	  .meaning = "list of % `ADDRESS/PREFIX`, IPv4 and IPv6" },
	{ "gateway", TEXT(network_config, gateway), .is = config_is_ipv4, .otherwise = "from DHCP",
	  .wrong = "gateway \"%\" is not an IPv4 address", .meaning = "the default route" },
	{ "gateway6", TEXT(network_config, gateway6), .is = config_is_ipv6,
	  .otherwise = "from router advertisements",
	  .wrong = "gateway6 \"%\" is not an IPv6 address",
	  .meaning = "the default route of IPv6" },
	{ "dns", TEXTS(network_config, dns, 0), .is = config_is_address, .otherwise = "from DHCP",
	  .wrong = "dns \"%\" is not an address", .meaning = "list of addresses" },
	{ "ipv6-ra", BOOL(network_config, ipv6_ra), .standard = "true", .is_shown = is_on_host,
	  .meaning = "whether router advertisements give addresses",
	  .otherwise = "`true`; isolated: `false`" },
};
const struct config_block config_network_block = { BLOCK(network_config, network_fields),
						   .is_named = true,
						   .check = config_check_network };

static const struct config_field host_fields[] = {
	{ "hostname", TEXT(host_config, hostname), .is = config_is_name, .standard = "mvirt",
	  .wrong = "hostname is 1 to 32 of a-z, 0-9 and -, not \"%\"",
	  .meaning = "1 to 32 of a–z, 0–9 and -" },
	/* What is there may be the password itself: it is not repeated on the screen. */
	{ "console-password", TEXT(host_config, console_password), .is = config_is_console_password,
	  .wrong = "console-password is a hash that \"openssl passwd -6\" or \"mkpasswd\" prints, "
		   "$6$salt$hash or $y$…, never the password itself: nothing can be changed at the "
		   "consoles",
	  .otherwise = "none: who is there may act",
	  .meaning =
		  "a hash that `openssl passwd -6` (sha512crypt) or `mkpasswd -m yescrypt` prints, "
		  "never the password: acting at the [dashboard](dashboard.md) asks for it" },
	{ "memory-reserve", SIZE(host_config, memory_reserve_bytes, MIB, 16 * TIB),
	  .otherwise = "hostd's own figure",
	  .meaning = "what guests may not take of the machine's memory; %" },
	{ "data-volume", TEXT(host_config, data_volume), .is = config_is_uuid,
	  .wrong = "data-volume is the UUID of a file system, which `mvirt devices` or blkid "
		   "shows, not \"%\"",
	  .otherwise = "the only one labelled `mvirt-data`",
	  .meaning = "the UUID of the data volume's file system: no other is used, and it is "
		     "checked and mounted without waiting for the rest of the disks" },
	{ "screen", TEXT(host_config, screen.guest), .is = config_is_name,
	  .otherwise = "none: the console", .wrong = "screen is the name of a guest, not \"%\"",
	  .meaning = "the guest that has the machine's screen, keyboard and mouse; it wants "
		     "`display = \"vnc\"`: [screen.md](screen.md)" },
	{ "scale", CHOICE(host_config, screen.scale, config_scale_names), .standard = "none",
	  .brief = true, .meaning = "%: how its picture comes to the screen's size" },
	{ "hotkey-dashboard", HOTKEY(dashboard, config_hotkey_form), .standard = "ctrl-alt-f1",
	  .meaning = "leads from a guest to the dashboard: `\"none\"`, or a key with `ctrl`, "
		     "`alt`, `shift`, `meta` before it",
	  .wrong = "hotkey-dashboard is " HOTKEY_WRONG },
	{ "hotkey-end", HOTKEY(end, config_hotkey_form), .standard = "ctrl-alt-escape",
	  .meaning = "asks whether to end the guest", .wrong = "hotkey-end is " HOTKEY_WRONG },
	{ "hotkey-guests", HOTKEY(guests, config_function_key_form), .standard = "ctrl-alt-f2",
	  .meaning = "the first of the function keys that lead to a guest each; those behind it "
		     "are for the next guests",
	  .wrong = "hotkey-guests is " HOTKEY_WRONG,
	  .many = "hotkey-guests is the first of the function keys for guests, like "
		  "\"ctrl-alt-f2\", not \"%\"" },
	{ "network", PARTS(host_config, networks, network_count, 256, config_network_block) },
	{ "guest", PARTS(host_config, guests, guest_count, 1000, config_guest_block) },
};
const struct config_block config_host_block = { BLOCK(host_config, host_fields),
						.check = config_check_host };
