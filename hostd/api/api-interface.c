// SPDX-License-Identifier: GPL-2.0-or-later
// The definition of io.mvirt.Host, and types of both. Fields are added, never removed or changed.
#include "api-interface.h"

/* --- types of both ------------------------------------------------------------------------------
 */

SD_VARLINK_DEFINE_STRUCT_TYPE(
	Address, SD_VARLINK_FIELD_COMMENT("Address and prefix length, 192.0.2.7/24"),
	SD_VARLINK_DEFINE_FIELD(address, SD_VARLINK_STRING, 0),
	SD_VARLINK_FIELD_COMMENT("Where it comes from: dhcp, static or ra (router advertisement)"),
	SD_VARLINK_DEFINE_FIELD(origin, SD_VARLINK_STRING, 0));

SD_VARLINK_DEFINE_STRUCT_TYPE(
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

SD_VARLINK_DEFINE_ENUM_TYPE(DataVolumePhase, SD_VARLINK_FIELD_COMMENT("No disk has one"),
			    SD_VARLINK_DEFINE_ENUM_VALUE(none),
			    SD_VARLINK_FIELD_COMMENT("Found, and being checked and repaired"),
			    SD_VARLINK_DEFINE_ENUM_VALUE(checking),
			    SD_VARLINK_DEFINE_ENUM_VALUE(mounted),
			    SD_VARLINK_FIELD_COMMENT("Found, and cannot be used"),
			    SD_VARLINK_DEFINE_ENUM_VALUE(failed));

SD_VARLINK_DEFINE_STRUCT_TYPE(
	DataVolume, SD_VARLINK_DEFINE_FIELD_BY_TYPE(phase, DataVolumePhase, 0),
	SD_VARLINK_FIELD_COMMENT("Device node, /dev/sdb1"),
	SD_VARLINK_DEFINE_FIELD(device, SD_VARLINK_STRING, SD_VARLINK_NULLABLE),
	SD_VARLINK_FIELD_COMMENT("ext4 or xfs"),
	SD_VARLINK_DEFINE_FIELD(type, SD_VARLINK_STRING, SD_VARLINK_NULLABLE),
	SD_VARLINK_FIELD_COMMENT("Why it failed, or is mounted read-only"),
	SD_VARLINK_DEFINE_FIELD(why, SD_VARLINK_STRING, SD_VARLINK_NULLABLE),
	SD_VARLINK_FIELD_COMMENT("When it is mounted"),
	SD_VARLINK_DEFINE_FIELD(sizeBytes, SD_VARLINK_INT, SD_VARLINK_NULLABLE),
	SD_VARLINK_FIELD_COMMENT("When it is mounted"),
	SD_VARLINK_DEFINE_FIELD(freeBytes, SD_VARLINK_INT, SD_VARLINK_NULLABLE));

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

static SD_VARLINK_DEFINE_STRUCT_TYPE(Mistake,
				     SD_VARLINK_FIELD_COMMENT("Line in mvirt.conf; 0: of no line"),
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
	SD_VARLINK_FIELD_COMMENT("UUID of the file system, which data-volume in mvirt.conf names"),
	SD_VARLINK_DEFINE_FIELD(uuid, SD_VARLINK_STRING, SD_VARLINK_NULLABLE),
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
	SD_VARLINK_FIELD_COMMENT(
		"The hostd that ReloadDaemon has put in place last did not come up: "
		"this is the one before it"),
	SD_VARLINK_DEFINE_OUTPUT(replaceFailed, SD_VARLINK_BOOL, 0),
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
	SD_VARLINK_FIELD_COMMENT("Where guests are kept"),
	SD_VARLINK_DEFINE_OUTPUT_BY_TYPE(dataVolume, DataVolume, 0),
	SD_VARLINK_DEFINE_OUTPUT_BY_TYPE(config, Config, 0),
	SD_VARLINK_FIELD_COMMENT("How many guests there are"),
	SD_VARLINK_DEFINE_OUTPUT(guests, SD_VARLINK_INT, 0),
	SD_VARLINK_FIELD_COMMENT("How many of them run"),
	SD_VARLINK_DEFINE_OUTPUT(guestsRunning, SD_VARLINK_INT, 0));

static SD_VARLINK_DEFINE_METHOD(Devices, SD_VARLINK_FIELD_COMMENT("Disks and their partitions"),
				SD_VARLINK_DEFINE_OUTPUT_BY_TYPE(disks, Disk, SD_VARLINK_ARRAY),
				SD_VARLINK_FIELD_COMMENT("Physical network interfaces"),
				SD_VARLINK_DEFINE_OUTPUT_BY_TYPE(nics, HostNic, SD_VARLINK_ARRAY));

static SD_VARLINK_DEFINE_STRUCT_TYPE(
	BootPhase, SD_VARLINK_FIELD_COMMENT("What was done"),
	SD_VARLINK_DEFINE_FIELD(name, SD_VARLINK_STRING, 0),
	SD_VARLINK_FIELD_COMMENT("Microseconds since the kernel's clock began"),
	SD_VARLINK_DEFINE_FIELD(startUsec, SD_VARLINK_INT, 0),
	SD_VARLINK_FIELD_COMMENT("Microseconds since the kernel's clock began"),
	SD_VARLINK_DEFINE_FIELD(endUsec, SD_VARLINK_INT, 0));

static SD_VARLINK_DEFINE_METHOD(
	BootTimes,
	SD_VARLINK_FIELD_COMMENT("From power-on until the kernel's clock began: firmware, boot "
				 "loader, decompression. Not known where the time-stamp counter "
				 "does not say"),
	SD_VARLINK_DEFINE_OUTPUT(beforeKernelUsec, SD_VARLINK_INT, SD_VARLINK_NULLABLE),
	SD_VARLINK_FIELD_COMMENT("Each begins where the one before it ended"),
	SD_VARLINK_DEFINE_OUTPUT_BY_TYPE(phases, BootPhase, SD_VARLINK_ARRAY));

static SD_VARLINK_DEFINE_METHOD(
	Crash, SD_VARLINK_FIELD_COMMENT("Which one; without it the newest"),
	SD_VARLINK_DEFINE_INPUT(name, SD_VARLINK_STRING, SD_VARLINK_NULLABLE),
	SD_VARLINK_FIELD_COMMENT("All that are kept, the newest first"),
	SD_VARLINK_DEFINE_OUTPUT(names, SD_VARLINK_STRING, SD_VARLINK_ARRAY),
	SD_VARLINK_FIELD_COMMENT("The one that follows; without it there is none"),
	SD_VARLINK_DEFINE_OUTPUT(name, SD_VARLINK_STRING, SD_VARLINK_NULLABLE),
	SD_VARLINK_FIELD_COMMENT("The last lines that the kernel said"),
	SD_VARLINK_DEFINE_OUTPUT(text, SD_VARLINK_STRING, SD_VARLINK_NULLABLE));

static SD_VARLINK_DEFINE_METHOD(
	FormatDisk, SD_VARLINK_FIELD_COMMENT("Serial of a whole disk, as Devices has it"),
	SD_VARLINK_DEFINE_INPUT(serial, SD_VARLINK_STRING, 0),
	SD_VARLINK_FIELD_COMMENT("Although something is on it, which is lost then"),
	SD_VARLINK_DEFINE_INPUT(erase, SD_VARLINK_BOOL, SD_VARLINK_NULLABLE),
	SD_VARLINK_FIELD_COMMENT("With erase: the serial once more"),
	SD_VARLINK_DEFINE_INPUT(confirmSerial, SD_VARLINK_STRING, SD_VARLINK_NULLABLE));

static SD_VARLINK_DEFINE_METHOD(
	ReloadDaemon,
	SD_VARLINK_FIELD_COMMENT("Index of the program among the file descriptors of this message"),
	SD_VARLINK_DEFINE_INPUT(fileDescriptor, SD_VARLINK_INT, 0),
	SD_VARLINK_FIELD_COMMENT("What the new one says of itself"),
	SD_VARLINK_DEFINE_OUTPUT(version, SD_VARLINK_STRING, 0));

static SD_VARLINK_DEFINE_METHOD(
	Shutdown,
	SD_VARLINK_FIELD_COMMENT("Kills the guests that still run instead of waiting for them"),
	SD_VARLINK_DEFINE_INPUT(now, SD_VARLINK_BOOL, SD_VARLINK_NULLABLE));
static SD_VARLINK_DEFINE_METHOD(Reboot, SD_VARLINK_FIELD_COMMENT("As of Shutdown"),
				SD_VARLINK_DEFINE_INPUT(now, SD_VARLINK_BOOL, SD_VARLINK_NULLABLE));

SD_VARLINK_DEFINE_INTERFACE(
	io_mvirt_Host, "io.mvirt.Host",
	SD_VARLINK_INTERFACE_COMMENT("The machine that runs guests"),
	SD_VARLINK_SYMBOL_COMMENT("What the machine is and how it is"), &vl_method_Status,
	SD_VARLINK_SYMBOL_COMMENT("Disks and network interfaces that are there now"),
	&vl_method_Devices, SD_VARLINK_SYMBOL_COMMENT("How long each step of the boot took"),
	&vl_method_BootTimes,
	SD_VARLINK_SYMBOL_COMMENT("What an earlier boot said when it panicked or oopsed"),
	&vl_method_Crash,
	SD_VARLINK_SYMBOL_COMMENT(
		"Makes a data volume on a whole disk: a partition table with one partition, and "
		"ext4 on it. Refused when the disk is not empty, unless erase is given; always "
		"when it is in use, what the host was loaded from, a guest's, or not the only one. "
		"Answers when it is done"),
	&vl_method_FormatDisk,
	SD_VARLINK_SYMBOL_COMMENT(
		"Puts another hostd in the place of this one, until the machine starts again. It "
		"is "
		"tried first (--version, without privileges). Guests go on; connections end right "
		"after the answer. Refused while guests are being created or a disk is formatted"),
	&vl_method_ReloadDaemon,
	SD_VARLINK_SYMBOL_COMMENT("Stops all guests, each within its shutdown-timeout, then powers "
				  "the machine off. Answers at once. May be called again with now, "
				  "to wait no longer"),
	&vl_method_Shutdown, SD_VARLINK_SYMBOL_COMMENT("The same, but the machine starts again"),
	&vl_method_Reboot,
	SD_VARLINK_SYMBOL_COMMENT("Whether hardware virtualisation works, found out by trying it"),
	&vl_type_Kvm, SD_VARLINK_SYMBOL_COMMENT("The first framebuffer"), &vl_type_Screen,
	SD_VARLINK_SYMBOL_COMMENT("A bridge that the host and guests are on"), &vl_type_Network,
	SD_VARLINK_SYMBOL_COMMENT("An address of the host"), &vl_type_Address,
	SD_VARLINK_SYMBOL_COMMENT("The file system that guests are kept on"), &vl_type_DataVolume,
	SD_VARLINK_SYMBOL_COMMENT("How the data volume is"), &vl_type_DataVolumePhase,
	SD_VARLINK_SYMBOL_COMMENT("The configuration in use"), &vl_type_Config,
	SD_VARLINK_SYMBOL_COMMENT("A mistake in mvirt.conf"), &vl_type_Mistake,
	SD_VARLINK_SYMBOL_COMMENT("A disk or partition"), &vl_type_Disk,
	SD_VARLINK_SYMBOL_COMMENT("A step of the boot"), &vl_type_BootPhase,
	SD_VARLINK_SYMBOL_COMMENT("A physical network interface"), &vl_type_HostNic);
