// SPDX-License-Identifier: GPL-2.0-or-later
// The definition of io.mvirt.Guest. Fields are added, never removed or changed.
#include "api-interface.h"

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

static SD_VARLINK_DEFINE_ENUM_TYPE(
	Origin, SD_VARLINK_FIELD_COMMENT("mvirt.conf: it can be changed there alone"),
	SD_VARLINK_DEFINE_ENUM_VALUE(config),
	SD_VARLINK_FIELD_COMMENT("Created, and kept on the data volume"),
	SD_VARLINK_DEFINE_ENUM_VALUE(data),
	SD_VARLINK_FIELD_COMMENT("Created without a data volume: gone when the machine goes down"),
	SD_VARLINK_DEFINE_ENUM_VALUE(memory),
	SD_VARLINK_FIELD_COMMENT("Not defined any more: it goes on until it ends"),
	SD_VARLINK_DEFINE_ENUM_VALUE(record));

static SD_VARLINK_DEFINE_STRUCT_TYPE(
	GuestDisk, SD_VARLINK_FIELD_COMMENT("The file, as the definition has it"),
	SD_VARLINK_DEFINE_FIELD(file, SD_VARLINK_STRING, SD_VARLINK_NULLABLE),
	SD_VARLINK_FIELD_COMMENT("Or the disk of the host"),
	SD_VARLINK_DEFINE_FIELD(device, SD_VARLINK_STRING, SD_VARLINK_NULLABLE),
	SD_VARLINK_FIELD_COMMENT("raw, qcow2, or auto"),
	SD_VARLINK_DEFINE_FIELD(format, SD_VARLINK_STRING, 0),
	SD_VARLINK_FIELD_COMMENT("virtio, scsi, sata or nvme"),
	SD_VARLINK_DEFINE_FIELD(bus, SD_VARLINK_STRING, 0),
	SD_VARLINK_DEFINE_FIELD(serial, SD_VARLINK_STRING, SD_VARLINK_NULLABLE),
	SD_VARLINK_DEFINE_FIELD(readonly, SD_VARLINK_BOOL, 0));

static SD_VARLINK_DEFINE_STRUCT_TYPE(
	GuestCdrom, SD_VARLINK_FIELD_COMMENT("What is in it at the start; nothing: it is empty"),
	SD_VARLINK_DEFINE_FIELD(file, SD_VARLINK_STRING, SD_VARLINK_NULLABLE));

static SD_VARLINK_DEFINE_STRUCT_TYPE(
	GuestNic, SD_VARLINK_DEFINE_FIELD(mac, SD_VARLINK_STRING, 0),
	SD_VARLINK_FIELD_COMMENT("virtio, e1000 or rtl8139"),
	SD_VARLINK_DEFINE_FIELD(model, SD_VARLINK_STRING, 0),
	SD_VARLINK_FIELD_COMMENT("Whether it is behind QEMU's own network translation"),
	SD_VARLINK_DEFINE_FIELD(user, SD_VARLINK_BOOL, 0),
	SD_VARLINK_FIELD_COMMENT("The network that it is on otherwise"),
	SD_VARLINK_DEFINE_FIELD(network, SD_VARLINK_STRING, SD_VARLINK_NULLABLE),
	SD_VARLINK_FIELD_COMMENT("The guest's own, where the definition has them; empty: any"),
	SD_VARLINK_DEFINE_FIELD(addresses, SD_VARLINK_STRING, SD_VARLINK_ARRAY),
	SD_VARLINK_FIELD_COMMENT(
		"Those that it was seen to use on a network since its start, as it "
		"says itself: IPv4 first, of each the newest first"),
	SD_VARLINK_DEFINE_FIELD(seenAddresses, SD_VARLINK_STRING, SD_VARLINK_ARRAY));

static SD_VARLINK_DEFINE_STRUCT_TYPE(
	Guest, SD_VARLINK_DEFINE_FIELD(name, SD_VARLINK_STRING, 0),
	SD_VARLINK_DEFINE_FIELD_BY_TYPE(state, State, 0),
	SD_VARLINK_FIELD_COMMENT("It runs, and its processors do not"),
	SD_VARLINK_DEFINE_FIELD(paused, SD_VARLINK_BOOL, 0),
	SD_VARLINK_FIELD_COMMENT("No start, stop, restart, pause or resume is still under way"),
	SD_VARLINK_DEFINE_FIELD(settled, SD_VARLINK_BOOL, 0),
	SD_VARLINK_FIELD_COMMENT("What its start waits for, for people"),
	SD_VARLINK_DEFINE_FIELD(waiting, SD_VARLINK_STRING, SD_VARLINK_NULLABLE),
	SD_VARLINK_FIELD_COMMENT("Where its definition is"),
	SD_VARLINK_DEFINE_FIELD_BY_TYPE(origin, Origin, 0),
	SD_VARLINK_FIELD_COMMENT("Whether it is there after the machine has started again"),
	SD_VARLINK_DEFINE_FIELD(kept, SD_VARLINK_BOOL, 0),
	SD_VARLINK_FIELD_COMMENT("False: software emulation, from which it may break out"),
	SD_VARLINK_DEFINE_FIELD(isolation, SD_VARLINK_BOOL, 0),
	SD_VARLINK_FIELD_COMMENT(
		"It runs, and its definition was changed in what counts at its next start"),
	SD_VARLINK_DEFINE_FIELD(nextStartDiffers, SD_VARLINK_BOOL, 0),
	SD_VARLINK_FIELD_COMMENT(
		"Why it is crashed or failed; of one that runs, what is wrong with its record"),
	SD_VARLINK_DEFINE_FIELD(reason, SD_VARLINK_STRING, SD_VARLINK_NULLABLE),
	SD_VARLINK_FIELD_COMMENT(
		"How it runs, when it does: kvm, or tcg, which gives no isolation"),
	SD_VARLINK_DEFINE_FIELD(accel, SD_VARLINK_STRING, SD_VARLINK_NULLABLE),
	SD_VARLINK_FIELD_COMMENT("How it may run: kvm, tcg or any"),
	SD_VARLINK_DEFINE_FIELD(accelAllowed, SD_VARLINK_STRING, 0),
	SD_VARLINK_FIELD_COMMENT("q35, pc or microvm"),
	SD_VARLINK_DEFINE_FIELD(machine, SD_VARLINK_STRING, 0),
	SD_VARLINK_FIELD_COMMENT("bios or uefi; nothing where a kernel is booted directly"),
	SD_VARLINK_DEFINE_FIELD(firmware, SD_VARLINK_STRING, SD_VARLINK_NULLABLE),
	SD_VARLINK_FIELD_COMMENT("none or vnc"),
	SD_VARLINK_DEFINE_FIELD(display, SD_VARLINK_STRING, SD_VARLINK_NULLABLE),
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
	SD_VARLINK_FIELD_COMMENT("What a person wrote about it"),
	SD_VARLINK_DEFINE_FIELD(comment, SD_VARLINK_STRING, SD_VARLINK_NULLABLE),
	SD_VARLINK_FIELD_COMMENT("Guests that are started before it"),
	SD_VARLINK_DEFINE_FIELD(after, SD_VARLINK_STRING, SD_VARLINK_ARRAY),
	SD_VARLINK_DEFINE_FIELD_BY_TYPE(disks, GuestDisk, SD_VARLINK_ARRAY),
	SD_VARLINK_FIELD_COMMENT("Drives, in the order of their numbers"),
	SD_VARLINK_DEFINE_FIELD_BY_TYPE(cdroms, GuestCdrom, SD_VARLINK_ARRAY),
	SD_VARLINK_FIELD_COMMENT("Whether it gets a cloud-init seed"),
	SD_VARLINK_DEFINE_FIELD(cloudInit, SD_VARLINK_BOOL, 0),
	SD_VARLINK_DEFINE_FIELD_BY_TYPE(nics, GuestNic, SD_VARLINK_ARRAY));

static SD_VARLINK_DEFINE_METHOD(List, SD_VARLINK_FIELD_COMMENT("All guests, by name"),
				SD_VARLINK_DEFINE_OUTPUT_BY_TYPE(guests, Guest, SD_VARLINK_ARRAY));

static SD_VARLINK_DEFINE_METHOD(Get, SD_VARLINK_DEFINE_INPUT(name, SD_VARLINK_STRING, 0),
				SD_VARLINK_DEFINE_OUTPUT_BY_TYPE(guest, Guest, 0));

static SD_VARLINK_DEFINE_METHOD(Start, SD_VARLINK_DEFINE_INPUT(name, SD_VARLINK_STRING, 0));
static SD_VARLINK_DEFINE_METHOD(Stop, SD_VARLINK_DEFINE_INPUT(name, SD_VARLINK_STRING, 0));
static SD_VARLINK_DEFINE_METHOD(Kill, SD_VARLINK_DEFINE_INPUT(name, SD_VARLINK_STRING, 0));

static SD_VARLINK_DEFINE_METHOD(Restart, SD_VARLINK_DEFINE_INPUT(name, SD_VARLINK_STRING, 0));
static SD_VARLINK_DEFINE_METHOD(Pause, SD_VARLINK_DEFINE_INPUT(name, SD_VARLINK_STRING, 0));
static SD_VARLINK_DEFINE_METHOD(Resume, SD_VARLINK_DEFINE_INPUT(name, SD_VARLINK_STRING, 0));

static SD_VARLINK_DEFINE_METHOD(
	Medium, SD_VARLINK_DEFINE_INPUT(name, SD_VARLINK_STRING, 0),
	SD_VARLINK_FIELD_COMMENT("Number of the CD-ROM drive, the first is 0"),
	SD_VARLINK_DEFINE_INPUT(drive, SD_VARLINK_INT, 0),
	SD_VARLINK_FIELD_COMMENT("Path as in the definition; null ejects"),
	SD_VARLINK_DEFINE_INPUT(file, SD_VARLINK_STRING, SD_VARLINK_NULLABLE),
	SD_VARLINK_FIELD_COMMENT("Also when the guest has locked the drive; false for null"),
	SD_VARLINK_DEFINE_INPUT(force, SD_VARLINK_BOOL, SD_VARLINK_NULLABLE));

static SD_VARLINK_DEFINE_STRUCT_TYPE(
	NicStats, SD_VARLINK_FIELD_COMMENT("Number of the NIC in the definition, the first is 0"),
	SD_VARLINK_DEFINE_FIELD(index, SD_VARLINK_INT, 0),
	SD_VARLINK_DEFINE_FIELD(network, SD_VARLINK_STRING, SD_VARLINK_NULLABLE),
	SD_VARLINK_FIELD_COMMENT("What the guest has received"),
	SD_VARLINK_DEFINE_FIELD(rxBytes, SD_VARLINK_INT, 0),
	SD_VARLINK_DEFINE_FIELD(rxPackets, SD_VARLINK_INT, 0),
	SD_VARLINK_FIELD_COMMENT("What it did not take in time"),
	SD_VARLINK_DEFINE_FIELD(rxDropped, SD_VARLINK_INT, 0),
	SD_VARLINK_FIELD_COMMENT("What the guest has sent"),
	SD_VARLINK_DEFINE_FIELD(txBytes, SD_VARLINK_INT, 0),
	SD_VARLINK_DEFINE_FIELD(txPackets, SD_VARLINK_INT, 0),
	SD_VARLINK_DEFINE_FIELD(txDropped, SD_VARLINK_INT, 0),
	SD_VARLINK_FIELD_COMMENT("Packets that it may not send: another's MAC or address"),
	SD_VARLINK_DEFINE_FIELD(txRefused, SD_VARLINK_INT, 0));

static SD_VARLINK_DEFINE_METHOD(
	Stats, SD_VARLINK_DEFINE_INPUT(name, SD_VARLINK_STRING, 0),
	SD_VARLINK_DEFINE_OUTPUT(name, SD_VARLINK_STRING, 0),
	SD_VARLINK_FIELD_COMMENT("As of Guest"), SD_VARLINK_DEFINE_OUTPUT(kept, SD_VARLINK_BOOL, 0),
	SD_VARLINK_FIELD_COMMENT("As of Guest"),
	SD_VARLINK_DEFINE_OUTPUT(isolation, SD_VARLINK_BOOL, 0),
	SD_VARLINK_FIELD_COMMENT("Processor time of its QEMU, all threads"),
	SD_VARLINK_DEFINE_OUTPUT(cpuUsec, SD_VARLINK_INT, 0),
	SD_VARLINK_FIELD_COMMENT("Memory of the host that it has now"),
	SD_VARLINK_DEFINE_OUTPUT(memoryBytes, SD_VARLINK_INT, 0),
	SD_VARLINK_DEFINE_OUTPUT(diskReadBytes, SD_VARLINK_INT, 0),
	SD_VARLINK_DEFINE_OUTPUT(diskWrittenBytes, SD_VARLINK_INT, 0),
	SD_VARLINK_FIELD_COMMENT("How often it has read"),
	SD_VARLINK_DEFINE_OUTPUT(diskReads, SD_VARLINK_INT, 0),
	SD_VARLINK_FIELD_COMMENT("How often it has written"),
	SD_VARLINK_DEFINE_OUTPUT(diskWrites, SD_VARLINK_INT, 0),
	SD_VARLINK_FIELD_COMMENT("How often the kernel has ended it for lack of memory"),
	SD_VARLINK_DEFINE_OUTPUT(oomKills, SD_VARLINK_INT, 0),
	SD_VARLINK_FIELD_COMMENT("NICs on a network of the host"),
	SD_VARLINK_DEFINE_OUTPUT_BY_TYPE(nics, NicStats, SD_VARLINK_ARRAY));

static SD_VARLINK_DEFINE_STRUCT_TYPE(
	Change, SD_VARLINK_FIELD_COMMENT("memory, disk.0.readonly, cloud-init.ssh-key"),
	SD_VARLINK_DEFINE_FIELD(key, SD_VARLINK_STRING, 0),
	SD_VARLINK_FIELD_COMMENT("As text, a list's values with commas; empty: the default, or "
				 "the block is removed"),
	SD_VARLINK_DEFINE_FIELD(value, SD_VARLINK_STRING, 0));

static SD_VARLINK_DEFINE_STRUCT_TYPE(
	Applied, SD_VARLINK_DEFINE_FIELD(key, SD_VARLINK_STRING, 0),
	SD_VARLINK_DEFINE_FIELD(value, SD_VARLINK_STRING, 0),
	SD_VARLINK_FIELD_COMMENT("now, or next-start: the guest runs as it was started"),
	SD_VARLINK_DEFINE_FIELD(effect, SD_VARLINK_STRING, 0));

static SD_VARLINK_DEFINE_STRUCT_TYPE(
	Import, SD_VARLINK_FIELD_COMMENT("Name in the guest's folder; the definition names it"),
	SD_VARLINK_DEFINE_FIELD(name, SD_VARLINK_STRING, 0),
	SD_VARLINK_FIELD_COMMENT("Index of the file among the file descriptors of this message"),
	SD_VARLINK_DEFINE_FIELD(fileDescriptor, SD_VARLINK_INT, 0));

static SD_VARLINK_DEFINE_METHOD(
	Create, SD_VARLINK_FIELD_COMMENT("Its name; needed only where the definition has another"),
	SD_VARLINK_DEFINE_INPUT(name, SD_VARLINK_STRING, SD_VARLINK_NULLABLE),
	SD_VARLINK_FIELD_COMMENT("One block guest \"NAME\" { ... }, as in guest.conf"),
	SD_VARLINK_DEFINE_INPUT(definition, SD_VARLINK_STRING, SD_VARLINK_NULLABLE),
	SD_VARLINK_FIELD_COMMENT("Made to the definition, or to an empty one"),
	SD_VARLINK_DEFINE_INPUT_BY_TYPE(changes, Change, SD_VARLINK_ARRAY | SD_VARLINK_NULLABLE),
	SD_VARLINK_FIELD_COMMENT("Files that are copied into the guest's folder"),
	SD_VARLINK_DEFINE_INPUT_BY_TYPE(files, Import, SD_VARLINK_ARRAY | SD_VARLINK_NULLABLE),
	SD_VARLINK_FIELD_COMMENT("false: answer with the job as soon as it runs"),
	SD_VARLINK_DEFINE_INPUT(wait, SD_VARLINK_BOOL, SD_VARLINK_NULLABLE),
	SD_VARLINK_FIELD_COMMENT("Without wait, what copies the files; otherwise, and where there "
				 "is nothing to copy, there is the guest"),
	SD_VARLINK_DEFINE_OUTPUT(job, SD_VARLINK_INT, SD_VARLINK_NULLABLE),
	SD_VARLINK_DEFINE_OUTPUT_BY_TYPE(guest, Guest, SD_VARLINK_NULLABLE));

static SD_VARLINK_DEFINE_METHOD(
	Delete, SD_VARLINK_DEFINE_INPUT(name, SD_VARLINK_STRING, 0),
	SD_VARLINK_FIELD_COMMENT("Otherwise they stay in its folder, for a guest of the same name"),
	SD_VARLINK_DEFINE_INPUT(withDisks, SD_VARLINK_BOOL, SD_VARLINK_NULLABLE),
	SD_VARLINK_FIELD_COMMENT("The one that is meant: Conflict when there is another by now"),
	SD_VARLINK_DEFINE_INPUT(revision, SD_VARLINK_STRING, SD_VARLINK_NULLABLE));

static SD_VARLINK_DEFINE_METHOD(Rename, SD_VARLINK_DEFINE_INPUT(name, SD_VARLINK_STRING, 0),
				SD_VARLINK_DEFINE_INPUT(newName, SD_VARLINK_STRING, 0),
				SD_VARLINK_FIELD_COMMENT("As it is now"),
				SD_VARLINK_DEFINE_OUTPUT_BY_TYPE(guest, Guest, 0));

static SD_VARLINK_DEFINE_METHOD(
	Set, SD_VARLINK_DEFINE_INPUT(name, SD_VARLINK_STRING, 0),
	SD_VARLINK_FIELD_COMMENT("All of them are made, or none"),
	SD_VARLINK_DEFINE_INPUT_BY_TYPE(changes, Change, SD_VARLINK_ARRAY),
	SD_VARLINK_FIELD_COMMENT("The one that is meant: Conflict when there is another by now"),
	SD_VARLINK_DEFINE_INPUT(revision, SD_VARLINK_STRING, SD_VARLINK_NULLABLE),
	SD_VARLINK_FIELD_COMMENT("The same, in the same order, with when each counts"),
	SD_VARLINK_DEFINE_OUTPUT_BY_TYPE(changes, Applied, SD_VARLINK_ARRAY),
	SD_VARLINK_DEFINE_OUTPUT(revision, SD_VARLINK_STRING, 0));

static SD_VARLINK_DEFINE_METHOD(
	Replace, SD_VARLINK_DEFINE_INPUT(name, SD_VARLINK_STRING, 0),
	SD_VARLINK_FIELD_COMMENT("Of a guest of the same name"),
	SD_VARLINK_DEFINE_INPUT(definition, SD_VARLINK_STRING, 0),
	SD_VARLINK_FIELD_COMMENT("The one that is meant: Conflict when there is another by now"),
	SD_VARLINK_DEFINE_INPUT(revision, SD_VARLINK_STRING, SD_VARLINK_NULLABLE),
	SD_VARLINK_FIELD_COMMENT("now, or next-start: some of it counts when it is started again"),
	SD_VARLINK_DEFINE_OUTPUT(effect, SD_VARLINK_STRING, 0),
	SD_VARLINK_DEFINE_OUTPUT(revision, SD_VARLINK_STRING, 0));

static SD_VARLINK_DEFINE_METHOD(
	Definition, SD_VARLINK_DEFINE_INPUT(name, SD_VARLINK_STRING, 0),
	SD_VARLINK_FIELD_COMMENT("guest.conf as it is; of other origins what it means"),
	SD_VARLINK_DEFINE_OUTPUT(text, SD_VARLINK_STRING, 0),
	SD_VARLINK_DEFINE_OUTPUT_BY_TYPE(origin, Origin, 0),
	SD_VARLINK_FIELD_COMMENT("Made of the text: another text has another one"),
	SD_VARLINK_DEFINE_OUTPUT(revision, SD_VARLINK_STRING, 0));

static SD_VARLINK_DEFINE_METHOD(
	Display, SD_VARLINK_DEFINE_INPUT(name, SD_VARLINK_STRING, 0),
	SD_VARLINK_FIELD_COMMENT("Index of the socket among the file descriptors of this message"),
	SD_VARLINK_DEFINE_OUTPUT(fileDescriptor, SD_VARLINK_INT, 0));

static SD_VARLINK_DEFINE_METHOD(
	Log, SD_VARLINK_DEFINE_INPUT(name, SD_VARLINK_STRING, 0),
	SD_VARLINK_FIELD_COMMENT("Serial port, counted from 1, the console"),
	SD_VARLINK_DEFINE_INPUT(port, SD_VARLINK_INT, SD_VARLINK_NULLABLE),
	SD_VARLINK_FIELD_COMMENT("Base64, because a guest may print any bytes"),
	SD_VARLINK_DEFINE_OUTPUT(data, SD_VARLINK_STRING, 0));

static SD_VARLINK_DEFINE_METHOD(
	Console, SD_VARLINK_DEFINE_INPUT(name, SD_VARLINK_STRING, 0),
	SD_VARLINK_FIELD_COMMENT("Serial port, counted from 1, the console"),
	SD_VARLINK_DEFINE_INPUT(port, SD_VARLINK_INT, SD_VARLINK_NULLABLE),
	SD_VARLINK_FIELD_COMMENT("First send what Log would return, without a gap to what follows"),
	SD_VARLINK_DEFINE_INPUT(replay, SD_VARLINK_BOOL, SD_VARLINK_NULLABLE),
	SD_VARLINK_FIELD_COMMENT("Only watch: what is written to the socket is refused"),
	SD_VARLINK_DEFINE_INPUT(readOnly, SD_VARLINK_BOOL, SD_VARLINK_NULLABLE),
	SD_VARLINK_FIELD_COMMENT("Index of the socket among the file descriptors of this message"),
	SD_VARLINK_DEFINE_OUTPUT(fileDescriptor, SD_VARLINK_INT, 0));

static SD_VARLINK_DEFINE_ENUM_TYPE(EventType, SD_VARLINK_DEFINE_ENUM_VALUE(guest),
				   SD_VARLINK_DEFINE_ENUM_VALUE(network),
				   SD_VARLINK_DEFINE_ENUM_VALUE(dataVolume),
				   SD_VARLINK_DEFINE_ENUM_VALUE(job));

static SD_VARLINK_DEFINE_METHOD_FULL(
	Subscribe, SD_VARLINK_REQUIRES_MORE, SD_VARLINK_FIELD_COMMENT("What it is about"),
	SD_VARLINK_DEFINE_OUTPUT_BY_TYPE(type, EventType, 0),
	SD_VARLINK_FIELD_COMMENT(
		"current: nothing happened, this is how it is. Of a guest: its new state, or "
		"reset, reset-loop, paused, pause-failed, panicked, watchdog, disk-error, ready, "
		"waiting, "
		"medium, medium-failed, created, changed, renamed, deleted. Of a network: changed. "
		"Of the data volume: "
		"mounted, lost, damaged. Of a job: its state"),
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
	SD_VARLINK_DEFINE_OUTPUT_BY_TYPE(network, Network, SD_VARLINK_NULLABLE),
	SD_VARLINK_FIELD_COMMENT("The data volume, as it is now"),
	SD_VARLINK_DEFINE_OUTPUT_BY_TYPE(dataVolume, DataVolume, SD_VARLINK_NULLABLE),
	SD_VARLINK_FIELD_COMMENT("The job, as it is now"),
	SD_VARLINK_DEFINE_OUTPUT_BY_TYPE(job, Job, SD_VARLINK_NULLABLE));

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
	&vl_method_Kill,
	SD_VARLINK_SYMBOL_COMMENT("Stop, and a start when it has ended; of a guest that does not "
				  "run a start. Answers at once"),
	&vl_method_Restart,
	SD_VARLINK_SYMBOL_COMMENT("Halts the processors of a guest; its state stays running"),
	&vl_method_Pause, SD_VARLINK_SYMBOL_COMMENT("Lets a paused guest go on"), &vl_method_Resume,
	SD_VARLINK_SYMBOL_COMMENT(
		"Puts another medium into a CD-ROM drive of a running guest, or ejects "
		"it. The definition, and with it the next start, stays as it is. Answers when it "
		"is "
		"done, or refused by QEMU"),
	&vl_method_Medium,
	SD_VARLINK_SYMBOL_COMMENT("What a running guest uses; counted from the start of its QEMU"),
	&vl_method_Stats,
	SD_VARLINK_SYMBOL_COMMENT(
		"Creates a guest on the data volume, or in memory where there is none. Files are "
		"copied and examined; disks that have a size and no file are made. It is not "
		"started. Answers when all is done, or with wait false at once; when something "
		"fails nothing is left"),
	&vl_method_Create,
	SD_VARLINK_SYMBOL_COMMENT("Deletes a guest that does not run. Answers when it is gone"),
	&vl_method_Delete, SD_VARLINK_SYMBOL_COMMENT("Renames a guest that does not run"),
	&vl_method_Rename,
	SD_VARLINK_SYMBOL_COMMENT("Changes keys of a guest's definition, for now and for good"),
	&vl_method_Set, SD_VARLINK_SYMBOL_COMMENT("Gives a guest a whole new definition"),
	&vl_method_Replace, SD_VARLINK_SYMBOL_COMMENT("The definition of a guest, as text"),
	&vl_method_Definition,
	SD_VARLINK_SYMBOL_COMMENT(
		"Connects to a guest's display: the answer carries a stream socket, on which its "
		"QEMU speaks VNC (RFC 6143) without authentication, as long as the guest runs"),
	&vl_method_Display,
	SD_VARLINK_SYMBOL_COMMENT("The last 64 KiB of a guest's serial console"), &vl_method_Log,
	SD_VARLINK_SYMBOL_COMMENT(
		"Attaches to a guest's serial console: the answer carries a stream socket. What "
		"the "
		"guest prints is read from it, what is written to it is typed. It stays when the "
		"guest ends and starts again, until either side closes it. A reader that is too "
		"slow "
		"loses output, and finds a line [output lost] there"),
	&vl_method_Console,
	SD_VARLINK_SYMBOL_COMMENT("Events of guests, networks, the data volume and jobs: first one "
				  "for each as it is now, "
				  "then what happens. "
				  "A client that does not read them is disconnected"),
	&vl_method_Subscribe, SD_VARLINK_SYMBOL_COMMENT("A guest: what it is to be, and is"),
	&vl_type_Guest, SD_VARLINK_SYMBOL_COMMENT("What a guest is doing"), &vl_type_State,
	SD_VARLINK_SYMBOL_COMMENT("A disk of a guest"), &vl_type_GuestDisk,
	SD_VARLINK_SYMBOL_COMMENT("A CD-ROM drive of a guest"), &vl_type_GuestCdrom,
	SD_VARLINK_SYMBOL_COMMENT("A network interface of a guest"), &vl_type_GuestNic,
	SD_VARLINK_SYMBOL_COMMENT("Where a guest's definition is"), &vl_type_Origin,
	SD_VARLINK_SYMBOL_COMMENT("What a NIC of a guest has carried"), &vl_type_NicStats,
	SD_VARLINK_SYMBOL_COMMENT("A key of a definition, and what it is to be"), &vl_type_Change,
	SD_VARLINK_SYMBOL_COMMENT("A change that was made"), &vl_type_Applied,
	SD_VARLINK_SYMBOL_COMMENT("A file for the guest's folder"), &vl_type_Import,
	SD_VARLINK_SYMBOL_COMMENT("What an event is about"), &vl_type_EventType,
	SD_VARLINK_SYMBOL_COMMENT("A bridge that the host and guests are on"), &vl_type_Network,
	SD_VARLINK_SYMBOL_COMMENT("An address of the host"), &vl_type_Address,
	SD_VARLINK_SYMBOL_COMMENT("The file system that guests are kept on"), &vl_type_DataVolume,
	SD_VARLINK_SYMBOL_COMMENT("How the data volume is"), &vl_type_DataVolumePhase,
	SD_VARLINK_SYMBOL_COMMENT("A long operation"), &vl_type_Job,
	SD_VARLINK_SYMBOL_COMMENT("How a job is"), &vl_type_JobState);
