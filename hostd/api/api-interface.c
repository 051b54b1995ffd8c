// SPDX-License-Identifier: GPL-2.0-or-later
// The definitions of io.mvirt.Host and io.mvirt.Guest. Fields are added, never removed or changed.
#include "api-interface.h"

/* --- types of both ------------------------------------------------------------------------------
 */

static SD_VARLINK_DEFINE_STRUCT_TYPE(
	Address, SD_VARLINK_FIELD_COMMENT("Address and prefix length, 192.0.2.7/24"),
	SD_VARLINK_DEFINE_FIELD(address, SD_VARLINK_STRING, 0),
	SD_VARLINK_FIELD_COMMENT("Where it comes from: dhcp, static or ra (router advertisement)"),
	SD_VARLINK_DEFINE_FIELD(origin, SD_VARLINK_STRING, 0));

static SD_VARLINK_DEFINE_STRUCT_TYPE(
	Network, SD_VARLINK_FIELD_COMMENT("Name in mvirt.conf"),
	SD_VARLINK_DEFINE_FIELD(name, SD_VARLINK_STRING, 0),
	SD_VARLINK_FIELD_COMMENT("no-nic, no-carrier, waiting-for-dhcp or up"),
	SD_VARLINK_DEFINE_FIELD(phase, SD_VARLINK_STRING, 0),
	SD_VARLINK_FIELD_COMMENT("The NIC that it is on, if one was found"),
	SD_VARLINK_DEFINE_FIELD(uplink, SD_VARLINK_STRING, SD_VARLINK_NULLABLE),
	SD_VARLINK_FIELD_COMMENT("Whether that NIC has a link"),
	SD_VARLINK_DEFINE_FIELD(carrier, SD_VARLINK_BOOL, 0),
	SD_VARLINK_FIELD_COMMENT("The host's addresses on it"),
	SD_VARLINK_DEFINE_FIELD_BY_TYPE(addresses, Address, SD_VARLINK_ARRAY),
	SD_VARLINK_FIELD_COMMENT("Default gateway"),
	SD_VARLINK_DEFINE_FIELD(gateway, SD_VARLINK_STRING, SD_VARLINK_NULLABLE),
	SD_VARLINK_FIELD_COMMENT("Name servers"),
	SD_VARLINK_DEFINE_FIELD(dns, SD_VARLINK_STRING, SD_VARLINK_ARRAY),
	SD_VARLINK_FIELD_COMMENT("Received since the NIC came up"),
	SD_VARLINK_DEFINE_FIELD(rxBytes, SD_VARLINK_INT, 0),
	SD_VARLINK_FIELD_COMMENT("Sent since the NIC came up"),
	SD_VARLINK_DEFINE_FIELD(txBytes, SD_VARLINK_INT, 0));

/* --- io.mvirt.Host ------------------------------------------------------------------------------
 */

static SD_VARLINK_DEFINE_STRUCT_TYPE(
	Kvm, SD_VARLINK_FIELD_COMMENT("Whether guests can run on it"),
	SD_VARLINK_DEFINE_FIELD(usable, SD_VARLINK_BOOL, 0),
	SD_VARLINK_FIELD_COMMENT("svm or vmx when usable, else absent, forbidden or broken"),
	SD_VARLINK_DEFINE_FIELD(state, SD_VARLINK_STRING, 0),
	SD_VARLINK_FIELD_COMMENT("What is wrong and what may help, when it is not usable"),
	SD_VARLINK_DEFINE_FIELD(why, SD_VARLINK_STRING, SD_VARLINK_NULLABLE));

static SD_VARLINK_DEFINE_STRUCT_TYPE(Screen, SD_VARLINK_FIELD_COMMENT("Width in pixels"),
				     SD_VARLINK_DEFINE_FIELD(width, SD_VARLINK_INT, 0),
				     SD_VARLINK_FIELD_COMMENT("Height in pixels"),
				     SD_VARLINK_DEFINE_FIELD(height, SD_VARLINK_INT, 0),
				     SD_VARLINK_DEFINE_FIELD(bitsPerPixel, SD_VARLINK_INT, 0),
				     SD_VARLINK_FIELD_COMMENT("The kernel's driver"),
				     SD_VARLINK_DEFINE_FIELD(driver, SD_VARLINK_STRING, 0));

static SD_VARLINK_DEFINE_STRUCT_TYPE(Mistake, SD_VARLINK_FIELD_COMMENT("Line in mvirt.conf"),
				     SD_VARLINK_DEFINE_FIELD(line, SD_VARLINK_INT, 0),
				     SD_VARLINK_FIELD_COMMENT("What is wrong there"),
				     SD_VARLINK_DEFINE_FIELD(message, SD_VARLINK_STRING, 0));

static SD_VARLINK_DEFINE_STRUCT_TYPE(
	Config, SD_VARLINK_FIELD_COMMENT("Where it was read from, or \"built-in\""),
	SD_VARLINK_DEFINE_FIELD(source, SD_VARLINK_STRING, 0),
	SD_VARLINK_FIELD_COMMENT("Every mistake in it, in the order of lines"),
	SD_VARLINK_DEFINE_FIELD_BY_TYPE(mistakes, Mistake, SD_VARLINK_ARRAY));

static SD_VARLINK_DEFINE_STRUCT_TYPE(
	Disk, SD_VARLINK_FIELD_COMMENT("The kernel's name, nvme0n1p1"),
	SD_VARLINK_DEFINE_FIELD(name, SD_VARLINK_STRING, 0),
	SD_VARLINK_FIELD_COMMENT("Device node, /dev/nvme0n1p1"),
	SD_VARLINK_DEFINE_FIELD(node, SD_VARLINK_STRING, SD_VARLINK_NULLABLE),
	SD_VARLINK_FIELD_COMMENT("The disk that a partition is on"),
	SD_VARLINK_DEFINE_FIELD(parent, SD_VARLINK_STRING, SD_VARLINK_NULLABLE),
	SD_VARLINK_DEFINE_FIELD(sizeBytes, SD_VARLINK_INT, 0),
	SD_VARLINK_DEFINE_FIELD(model, SD_VARLINK_STRING, SD_VARLINK_NULLABLE),
	SD_VARLINK_DEFINE_FIELD(serial, SD_VARLINK_STRING, SD_VARLINK_NULLABLE),
	SD_VARLINK_FIELD_COMMENT("Where it is plugged in, pci-0000:00:1f.2-ata-1.0"),
	SD_VARLINK_DEFINE_FIELD(path, SD_VARLINK_STRING, SD_VARLINK_NULLABLE),
	SD_VARLINK_FIELD_COMMENT("nvme, ata, scsi, usb, virtio or mmc"),
	SD_VARLINK_DEFINE_FIELD(bus, SD_VARLINK_STRING, SD_VARLINK_NULLABLE),
	SD_VARLINK_FIELD_COMMENT("Label of the file system"),
	SD_VARLINK_DEFINE_FIELD(label, SD_VARLINK_STRING, SD_VARLINK_NULLABLE),
	SD_VARLINK_FIELD_COMMENT("Type of the file system, as libblkid names it"),
	SD_VARLINK_DEFINE_FIELD(type, SD_VARLINK_STRING, SD_VARLINK_NULLABLE),
	SD_VARLINK_DEFINE_FIELD(removable, SD_VARLINK_BOOL, 0),
	SD_VARLINK_DEFINE_FIELD(readonly, SD_VARLINK_BOOL, 0),
	SD_VARLINK_FIELD_COMMENT("Why the host leaves it alone"),
	SD_VARLINK_DEFINE_FIELD(skipped, SD_VARLINK_STRING, SD_VARLINK_NULLABLE));

static SD_VARLINK_DEFINE_STRUCT_TYPE(
	HostNic, SD_VARLINK_FIELD_COMMENT("The kernel's name, eth0"),
	SD_VARLINK_DEFINE_FIELD(name, SD_VARLINK_STRING, 0),
	SD_VARLINK_DEFINE_FIELD(driver, SD_VARLINK_STRING, SD_VARLINK_NULLABLE),
	SD_VARLINK_FIELD_COMMENT("The permanent MAC if it has one"),
	SD_VARLINK_DEFINE_FIELD(mac, SD_VARLINK_STRING, SD_VARLINK_NULLABLE),
	SD_VARLINK_FIELD_COMMENT("0000:00:03.0"),
	SD_VARLINK_DEFINE_FIELD(pciPath, SD_VARLINK_STRING, SD_VARLINK_NULLABLE),
	SD_VARLINK_FIELD_COMMENT("Whether a cable with something at its end is in"),
	SD_VARLINK_DEFINE_FIELD(link, SD_VARLINK_BOOL, 0),
	SD_VARLINK_DEFINE_FIELD(wireless, SD_VARLINK_BOOL, 0));

static SD_VARLINK_DEFINE_METHOD(
	Status, SD_VARLINK_DEFINE_OUTPUT(hostname, SD_VARLINK_STRING, 0),
	SD_VARLINK_FIELD_COMMENT("mvirt's version"),
	SD_VARLINK_DEFINE_OUTPUT(version, SD_VARLINK_STRING, 0),
	SD_VARLINK_FIELD_COMMENT("Release of the running kernel"),
	SD_VARLINK_DEFINE_OUTPUT(kernel, SD_VARLINK_STRING, 0),
	SD_VARLINK_FIELD_COMMENT("uefi or bios"),
	SD_VARLINK_DEFINE_OUTPUT(firmware, SD_VARLINK_STRING, 0),
	SD_VARLINK_FIELD_COMMENT(
		"32 hexadecimal digits, the same after every boot of this machine"),
	SD_VARLINK_DEFINE_OUTPUT(hostId, SD_VARLINK_STRING, 0),
	SD_VARLINK_FIELD_COMMENT(
		"Another one after every boot, the same for every hostd of a boot"),
	SD_VARLINK_DEFINE_OUTPUT(bootId, SD_VARLINK_STRING, SD_VARLINK_NULLABLE),
	SD_VARLINK_FIELD_COMMENT("Microseconds since the kernel started"),
	SD_VARLINK_DEFINE_OUTPUT(uptimeUsec, SD_VARLINK_INT, 0),
	SD_VARLINK_DEFINE_OUTPUT(cpuModel, SD_VARLINK_STRING, SD_VARLINK_NULLABLE),
	SD_VARLINK_FIELD_COMMENT("Processors that are online"),
	SD_VARLINK_DEFINE_OUTPUT(cpus, SD_VARLINK_INT, 0),
	SD_VARLINK_DEFINE_OUTPUT(memoryTotalBytes, SD_VARLINK_INT, 0),
	SD_VARLINK_FIELD_COMMENT("What guests could have now"),
	SD_VARLINK_DEFINE_OUTPUT(memoryAvailableBytes, SD_VARLINK_INT, SD_VARLINK_NULLABLE),
	SD_VARLINK_DEFINE_OUTPUT_BY_TYPE(kvm, Kvm, 0),
	SD_VARLINK_FIELD_COMMENT("The machine's own screen, if there is one"),
	SD_VARLINK_DEFINE_OUTPUT_BY_TYPE(screen, Screen, SD_VARLINK_NULLABLE),
	SD_VARLINK_DEFINE_OUTPUT_BY_TYPE(networks, Network, SD_VARLINK_ARRAY),
	SD_VARLINK_DEFINE_OUTPUT_BY_TYPE(config, Config, 0),
	SD_VARLINK_FIELD_COMMENT("How many guests there are"),
	SD_VARLINK_DEFINE_OUTPUT(guests, SD_VARLINK_INT, 0),
	SD_VARLINK_FIELD_COMMENT("How many of them run"),
	SD_VARLINK_DEFINE_OUTPUT(guestsRunning, SD_VARLINK_INT, 0));

static SD_VARLINK_DEFINE_METHOD(Devices, SD_VARLINK_FIELD_COMMENT("Disks and their partitions"),
				SD_VARLINK_DEFINE_OUTPUT_BY_TYPE(disks, Disk, SD_VARLINK_ARRAY),
				SD_VARLINK_FIELD_COMMENT("Physical network interfaces"),
				SD_VARLINK_DEFINE_OUTPUT_BY_TYPE(nics, HostNic, SD_VARLINK_ARRAY));

static SD_VARLINK_DEFINE_METHOD(Shutdown);
static SD_VARLINK_DEFINE_METHOD(Reboot);

SD_VARLINK_DEFINE_INTERFACE(
	io_mvirt_Host, "io.mvirt.Host",
	SD_VARLINK_INTERFACE_COMMENT("The machine that runs guests"),
	SD_VARLINK_SYMBOL_COMMENT("What the machine is and how it is"), &vl_method_Status,
	SD_VARLINK_SYMBOL_COMMENT("Disks and network interfaces that are there now"),
	&vl_method_Devices,
	SD_VARLINK_SYMBOL_COMMENT("Stops all guests, each within its shutdown-timeout, then powers "
				  "the machine off. Answers at once"),
	&vl_method_Shutdown, SD_VARLINK_SYMBOL_COMMENT("The same, but the machine starts again"),
	&vl_method_Reboot,
	SD_VARLINK_SYMBOL_COMMENT("Whether hardware virtualisation works, found out by trying it"),
	&vl_type_Kvm, SD_VARLINK_SYMBOL_COMMENT("The first framebuffer"), &vl_type_Screen,
	SD_VARLINK_SYMBOL_COMMENT("A bridge that the host and guests are on"), &vl_type_Network,
	SD_VARLINK_SYMBOL_COMMENT("An address of the host"), &vl_type_Address,
	SD_VARLINK_SYMBOL_COMMENT("The configuration in use"), &vl_type_Config,
	SD_VARLINK_SYMBOL_COMMENT("A mistake in mvirt.conf"), &vl_type_Mistake,
	SD_VARLINK_SYMBOL_COMMENT("A disk or partition"), &vl_type_Disk,
	SD_VARLINK_SYMBOL_COMMENT("A physical network interface"), &vl_type_HostNic);

/* --- io.mvirt.Guest -----------------------------------------------------------------------------
 */

static SD_VARLINK_DEFINE_ENUM_TYPE(
	State, SD_VARLINK_FIELD_COMMENT("Has no process"), SD_VARLINK_DEFINE_ENUM_VALUE(stopped),
	SD_VARLINK_FIELD_COMMENT("QEMU was started and has not answered yet"),
	SD_VARLINK_DEFINE_ENUM_VALUE(starting), SD_VARLINK_DEFINE_ENUM_VALUE(running),
	SD_VARLINK_FIELD_COMMENT("Was asked to power off, or killed, and is still there"),
	SD_VARLINK_DEFINE_ENUM_VALUE(stopping),
	SD_VARLINK_FIELD_COMMENT("Ended by itself and will be started again"),
	SD_VARLINK_DEFINE_ENUM_VALUE(crashed),
	SD_VARLINK_FIELD_COMMENT("Ended badly, and stays so until someone starts it"),
	SD_VARLINK_DEFINE_ENUM_VALUE(failed));

static SD_VARLINK_DEFINE_STRUCT_TYPE(GuestDisk,
				     SD_VARLINK_FIELD_COMMENT("Path on the configuration's volume"),
				     SD_VARLINK_DEFINE_FIELD(file, SD_VARLINK_STRING, 0),
				     SD_VARLINK_FIELD_COMMENT("raw or qcow2"),
				     SD_VARLINK_DEFINE_FIELD(format, SD_VARLINK_STRING, 0),
				     SD_VARLINK_FIELD_COMMENT("virtio, scsi, sata or nvme"),
				     SD_VARLINK_DEFINE_FIELD(bus, SD_VARLINK_STRING, 0),
				     SD_VARLINK_DEFINE_FIELD(serial, SD_VARLINK_STRING,
							     SD_VARLINK_NULLABLE),
				     SD_VARLINK_DEFINE_FIELD(readonly, SD_VARLINK_BOOL, 0));

static SD_VARLINK_DEFINE_STRUCT_TYPE(
	GuestNic, SD_VARLINK_DEFINE_FIELD(mac, SD_VARLINK_STRING, 0),
	SD_VARLINK_FIELD_COMMENT("virtio, e1000 or rtl8139"),
	SD_VARLINK_DEFINE_FIELD(model, SD_VARLINK_STRING, 0),
	SD_VARLINK_FIELD_COMMENT("Whether it is behind QEMU's own network translation"),
	SD_VARLINK_DEFINE_FIELD(user, SD_VARLINK_BOOL, 0),
	SD_VARLINK_FIELD_COMMENT("The network that it is on otherwise"),
	SD_VARLINK_DEFINE_FIELD(network, SD_VARLINK_STRING, SD_VARLINK_NULLABLE));

static SD_VARLINK_DEFINE_STRUCT_TYPE(
	Guest, SD_VARLINK_DEFINE_FIELD(name, SD_VARLINK_STRING, 0),
	SD_VARLINK_DEFINE_FIELD_BY_TYPE(state, State, 0),
	SD_VARLINK_FIELD_COMMENT("Why it is crashed or failed"),
	SD_VARLINK_DEFINE_FIELD(reason, SD_VARLINK_STRING, SD_VARLINK_NULLABLE),
	SD_VARLINK_FIELD_COMMENT(
		"How it runs, when it does: kvm, or tcg, which gives no isolation"),
	SD_VARLINK_DEFINE_FIELD(accel, SD_VARLINK_STRING, SD_VARLINK_NULLABLE),
	SD_VARLINK_FIELD_COMMENT("How it may run: kvm, tcg or any"),
	SD_VARLINK_DEFINE_FIELD(accelAllowed, SD_VARLINK_STRING, 0),
	SD_VARLINK_FIELD_COMMENT("q35, pc or microvm"),
	SD_VARLINK_DEFINE_FIELD(machine, SD_VARLINK_STRING, 0),
	SD_VARLINK_FIELD_COMMENT("Model of its processors"),
	SD_VARLINK_DEFINE_FIELD(cpu, SD_VARLINK_STRING, SD_VARLINK_NULLABLE),
	SD_VARLINK_DEFINE_FIELD(cpus, SD_VARLINK_INT, 0),
	SD_VARLINK_DEFINE_FIELD(memoryBytes, SD_VARLINK_INT, 0),
	SD_VARLINK_FIELD_COMMENT("Process id of its QEMU, when it has one"),
	SD_VARLINK_DEFINE_FIELD(pid, SD_VARLINK_INT, SD_VARLINK_NULLABLE),
	SD_VARLINK_FIELD_COMMENT("How long it has been running"),
	SD_VARLINK_DEFINE_FIELD(uptimeUsec, SD_VARLINK_INT, SD_VARLINK_NULLABLE),
	SD_VARLINK_FIELD_COMMENT("How often it was started again since a user started it"),
	SD_VARLINK_DEFINE_FIELD(restarts, SD_VARLINK_INT, 0),
	SD_VARLINK_DEFINE_FIELD(autostart, SD_VARLINK_BOOL, 0),
	SD_VARLINK_FIELD_COMMENT("When it is started again: never, on-failure or always"),
	SD_VARLINK_DEFINE_FIELD(restart, SD_VARLINK_STRING, 0),
	SD_VARLINK_FIELD_COMMENT("How long it may take to power off before it is killed"),
	SD_VARLINK_DEFINE_FIELD(shutdownTimeoutUsec, SD_VARLINK_INT, 0),
	SD_VARLINK_DEFINE_FIELD(kernel, SD_VARLINK_STRING, SD_VARLINK_NULLABLE),
	SD_VARLINK_DEFINE_FIELD(initrd, SD_VARLINK_STRING, SD_VARLINK_NULLABLE),
	SD_VARLINK_DEFINE_FIELD(cmdline, SD_VARLINK_STRING, SD_VARLINK_NULLABLE),
	SD_VARLINK_DEFINE_FIELD_BY_TYPE(disks, GuestDisk, SD_VARLINK_ARRAY),
	SD_VARLINK_DEFINE_FIELD_BY_TYPE(nics, GuestNic, SD_VARLINK_ARRAY));

static SD_VARLINK_DEFINE_ERROR(NoSuchGuest, SD_VARLINK_FIELD_COMMENT("The name that no guest has"),
			       SD_VARLINK_DEFINE_FIELD(name, SD_VARLINK_STRING, 0));

static SD_VARLINK_DEFINE_ERROR(Refused, SD_VARLINK_FIELD_COMMENT("Why, in one line for people"),
			       SD_VARLINK_DEFINE_FIELD(reason, SD_VARLINK_STRING, 0));

static SD_VARLINK_DEFINE_METHOD(List, SD_VARLINK_FIELD_COMMENT("All guests, by name"),
				SD_VARLINK_DEFINE_OUTPUT_BY_TYPE(guests, Guest, SD_VARLINK_ARRAY));

static SD_VARLINK_DEFINE_METHOD(Get, SD_VARLINK_DEFINE_INPUT(name, SD_VARLINK_STRING, 0),
				SD_VARLINK_DEFINE_OUTPUT_BY_TYPE(guest, Guest, 0));

static SD_VARLINK_DEFINE_METHOD(Start, SD_VARLINK_DEFINE_INPUT(name, SD_VARLINK_STRING, 0));
static SD_VARLINK_DEFINE_METHOD(Stop, SD_VARLINK_DEFINE_INPUT(name, SD_VARLINK_STRING, 0));
static SD_VARLINK_DEFINE_METHOD(Kill, SD_VARLINK_DEFINE_INPUT(name, SD_VARLINK_STRING, 0));

static SD_VARLINK_DEFINE_METHOD(
	Log, SD_VARLINK_DEFINE_INPUT(name, SD_VARLINK_STRING, 0),
	SD_VARLINK_FIELD_COMMENT("Base64, because a guest may print any bytes"),
	SD_VARLINK_DEFINE_OUTPUT(data, SD_VARLINK_STRING, 0));

static SD_VARLINK_DEFINE_METHOD(
	Console, SD_VARLINK_DEFINE_INPUT(name, SD_VARLINK_STRING, 0),
	SD_VARLINK_FIELD_COMMENT("First send what Log would return, without a gap to what follows"),
	SD_VARLINK_DEFINE_INPUT(replay, SD_VARLINK_BOOL, SD_VARLINK_NULLABLE),
	SD_VARLINK_FIELD_COMMENT("Only watch: what is written to the socket is refused"),
	SD_VARLINK_DEFINE_INPUT(readOnly, SD_VARLINK_BOOL, SD_VARLINK_NULLABLE),
	SD_VARLINK_FIELD_COMMENT("Index of the socket among the file descriptors of this message"),
	SD_VARLINK_DEFINE_OUTPUT(fileDescriptor, SD_VARLINK_INT, 0));

static SD_VARLINK_DEFINE_ENUM_TYPE(EventType, SD_VARLINK_DEFINE_ENUM_VALUE(guest),
				   SD_VARLINK_DEFINE_ENUM_VALUE(network));

static SD_VARLINK_DEFINE_METHOD_FULL(
	Subscribe, SD_VARLINK_REQUIRES_MORE, SD_VARLINK_FIELD_COMMENT("What it is about"),
	SD_VARLINK_DEFINE_OUTPUT_BY_TYPE(type, EventType, 0),
	SD_VARLINK_FIELD_COMMENT(
		"current: nothing happened, this is how it is. Of a guest: its new state, or "
		"reset, paused, panicked, disk-error. Of a network: changed"),
	SD_VARLINK_DEFINE_OUTPUT(kind, SD_VARLINK_STRING, 0),
	SD_VARLINK_FIELD_COMMENT("More about it, for people"),
	SD_VARLINK_DEFINE_OUTPUT(detail, SD_VARLINK_STRING, SD_VARLINK_NULLABLE),
	SD_VARLINK_FIELD_COMMENT("Microseconds since 1970, as the machine's clock has it"),
	SD_VARLINK_DEFINE_OUTPUT(timeUsec, SD_VARLINK_INT, 0),
	SD_VARLINK_FIELD_COMMENT("Microseconds since the kernel started"),
	SD_VARLINK_DEFINE_OUTPUT(uptimeUsec, SD_VARLINK_INT, 0),
	SD_VARLINK_FIELD_COMMENT("The guest, as it is now"),
	SD_VARLINK_DEFINE_OUTPUT_BY_TYPE(guest, Guest, SD_VARLINK_NULLABLE),
	SD_VARLINK_FIELD_COMMENT("The network, as it is now"),
	SD_VARLINK_DEFINE_OUTPUT_BY_TYPE(network, Network, SD_VARLINK_NULLABLE));

SD_VARLINK_DEFINE_INTERFACE(
	io_mvirt_Guest, "io.mvirt.Guest",
	SD_VARLINK_INTERFACE_COMMENT("The guests of this machine"),
	SD_VARLINK_SYMBOL_COMMENT("All guests"), &vl_method_List,
	SD_VARLINK_SYMBOL_COMMENT("One guest"), &vl_method_Get,
	SD_VARLINK_SYMBOL_COMMENT("Starts a guest. Answers when its QEMU has been started; events "
				  "tell whether it came up"),
	&vl_method_Start,
	SD_VARLINK_SYMBOL_COMMENT(
		"Asks a guest by ACPI to power off, and kills it when its "
		"shutdown-timeout is over. Answers at once; events tell the rest"),
	&vl_method_Stop,
	SD_VARLINK_SYMBOL_COMMENT("Ends a guest as if its power were cut. Answers at once"),
	&vl_method_Kill, SD_VARLINK_SYMBOL_COMMENT("The last 64 KiB of a guest's serial console"),
	&vl_method_Log,
	SD_VARLINK_SYMBOL_COMMENT(
		"Attaches to a guest's serial console: the answer carries a stream socket. What "
		"the "
		"guest prints is read from it, what is written to it is typed. It stays when the "
		"guest ends and starts again, until either side closes it. A reader that is too "
		"slow "
		"loses output, and finds a line [output lost] there"),
	&vl_method_Console,
	SD_VARLINK_SYMBOL_COMMENT("Events of guests and networks: first one for each as it is now, "
				  "then what happens. "
				  "A client that does not read them is disconnected"),
	&vl_method_Subscribe, SD_VARLINK_SYMBOL_COMMENT("A guest: what it is to be, and is"),
	&vl_type_Guest, SD_VARLINK_SYMBOL_COMMENT("What a guest is doing"), &vl_type_State,
	SD_VARLINK_SYMBOL_COMMENT("A disk of a guest"), &vl_type_GuestDisk,
	SD_VARLINK_SYMBOL_COMMENT("A network interface of a guest"), &vl_type_GuestNic,
	SD_VARLINK_SYMBOL_COMMENT("What an event is about"), &vl_type_EventType,
	SD_VARLINK_SYMBOL_COMMENT("A bridge that the host and guests are on"), &vl_type_Network,
	SD_VARLINK_SYMBOL_COMMENT("An address of the host"), &vl_type_Address,
	SD_VARLINK_SYMBOL_COMMENT("There is no guest of that name"), &vl_error_NoSuchGuest,
	SD_VARLINK_SYMBOL_COMMENT("The guest or the machine is not in a state for it"),
	&vl_error_Refused);
