// SPDX-License-Identifier: GPL-2.0-or-later
// The definition of io.mvirt.Console: what a dashboard needs beyond Host and Guest.
#include "api-interface.h"

static SD_VARLINK_DEFINE_STRUCT_TYPE(Driverless, SD_VARLINK_FIELD_COMMENT("0000:00:04.0"),
				     SD_VARLINK_DEFINE_FIELD(path, SD_VARLINK_STRING, 0),
				     SD_VARLINK_FIELD_COMMENT("Vendor and device, 10ec:8029"),
				     SD_VARLINK_DEFINE_FIELD(id, SD_VARLINK_STRING, 0),
				     SD_VARLINK_FIELD_COMMENT("What it is, for people"),
				     SD_VARLINK_DEFINE_FIELD(name, SD_VARLINK_STRING, 0));

static SD_VARLINK_DEFINE_STRUCT_TYPE(Trial, SD_VARLINK_DEFINE_FIELD(network, SD_VARLINK_STRING, 0),
				     SD_VARLINK_FIELD_COMMENT("192.0.2.7/24, or \"dhcp\""),
				     SD_VARLINK_DEFINE_FIELD(address, SD_VARLINK_STRING, 0),
				     SD_VARLINK_FIELD_COMMENT("After that the old one is back"),
				     SD_VARLINK_DEFINE_FIELD(leftUsec, SD_VARLINK_INT, 0));

static SD_VARLINK_DEFINE_METHOD(
	Machine, SD_VARLINK_FIELD_COMMENT("on, off, setup (no keys yet), or none without UEFI"),
	SD_VARLINK_DEFINE_OUTPUT(secureBoot, SD_VARLINK_STRING, 0),
	SD_VARLINK_FIELD_COMMENT("1.2 or 2.0, if there is one"),
	SD_VARLINK_DEFINE_OUTPUT(tpm, SD_VARLINK_STRING, SD_VARLINK_NULLABLE),
	SD_VARLINK_FIELD_COMMENT("Time the processors have been busy since power-on, all of them"),
	SD_VARLINK_DEFINE_OUTPUT(cpuBusyUsec, SD_VARLINK_INT, SD_VARLINK_NULLABLE),
	SD_VARLINK_FIELD_COMMENT("Whether Unlock wants the password"),
	SD_VARLINK_DEFINE_OUTPUT(passwordNeeded, SD_VARLINK_BOOL, 0),
	SD_VARLINK_FIELD_COMMENT("Where mvirt.shell= has put a root shell"),
	SD_VARLINK_DEFINE_OUTPUT(shellTerminal, SD_VARLINK_STRING, SD_VARLINK_NULLABLE),
	SD_VARLINK_FIELD_COMMENT("Whether there is a screen that guests can have"),
	SD_VARLINK_DEFINE_OUTPUT(canChooseScreen, SD_VARLINK_BOOL, 0),
	SD_VARLINK_FIELD_COMMENT("What brings the dashboard back there, if a key does"),
	SD_VARLINK_DEFINE_OUTPUT(dashboardHotkey, SD_VARLINK_STRING, SD_VARLINK_NULLABLE),
	SD_VARLINK_FIELD_COMMENT("The guest that has it"),
	SD_VARLINK_DEFINE_OUTPUT(screenGuest, SD_VARLINK_STRING, SD_VARLINK_NULLABLE),
	SD_VARLINK_FIELD_COMMENT("An address that is being tried out"),
	SD_VARLINK_DEFINE_OUTPUT_BY_TYPE(addressTrial, Trial, SD_VARLINK_NULLABLE),
	SD_VARLINK_FIELD_COMMENT("Storage, network and USB controllers without a driver"),
	SD_VARLINK_DEFINE_OUTPUT_BY_TYPE(driverless, Driverless, SD_VARLINK_ARRAY));

static SD_VARLINK_DEFINE_METHOD_FULL(History, SD_VARLINK_REQUIRES_MORE,
				     SD_VARLINK_FIELD_COMMENT("Microseconds since 1970"),
				     SD_VARLINK_DEFINE_OUTPUT(timeUsec, SD_VARLINK_INT, 0),
				     SD_VARLINK_FIELD_COMMENT("3 error, 4 warning, 5 notice"),
				     SD_VARLINK_DEFINE_OUTPUT(level, SD_VARLINK_INT, 0),
				     SD_VARLINK_FIELD_COMMENT("\"net lan\", \"guest web\""),
				     SD_VARLINK_DEFINE_OUTPUT(subject, SD_VARLINK_STRING, 0),
				     SD_VARLINK_DEFINE_OUTPUT(message, SD_VARLINK_STRING, 0));

static SD_VARLINK_DEFINE_METHOD(
	Quiet, SD_VARLINK_FIELD_COMMENT("Until it is false, or the connection ends"),
	SD_VARLINK_DEFINE_INPUT(quiet, SD_VARLINK_BOOL, 0));

static SD_VARLINK_DEFINE_METHOD(
	Unlock, SD_VARLINK_FIELD_COMMENT("The console password, when the configuration has one"),
	SD_VARLINK_DEFINE_INPUT(password, SD_VARLINK_STRING, SD_VARLINK_NULLABLE),
	SD_VARLINK_FIELD_COMMENT("Index of the connection among the file descriptors"),
	SD_VARLINK_DEFINE_OUTPUT(fileDescriptor, SD_VARLINK_INT, 0));

static SD_VARLINK_DEFINE_METHOD(TryAddress, SD_VARLINK_DEFINE_INPUT(network, SD_VARLINK_STRING, 0),
				SD_VARLINK_FIELD_COMMENT("IPv4 with prefix length; null: by DHCP"),
				SD_VARLINK_DEFINE_INPUT(address, SD_VARLINK_STRING,
							SD_VARLINK_NULLABLE),
				SD_VARLINK_FIELD_COMMENT("Of the default route; null: none"),
				SD_VARLINK_DEFINE_INPUT(gateway, SD_VARLINK_STRING,
							SD_VARLINK_NULLABLE));
static SD_VARLINK_DEFINE_METHOD(KeepAddress,
				SD_VARLINK_DEFINE_INPUT(network, SD_VARLINK_STRING, 0));
static SD_VARLINK_DEFINE_METHOD(RevertAddress,
				SD_VARLINK_DEFINE_INPUT(network, SD_VARLINK_STRING, 0));

static SD_VARLINK_DEFINE_METHOD(
	ShowGuest, SD_VARLINK_FIELD_COMMENT("Null: none, the screen is the dashboard's"),
	SD_VARLINK_DEFINE_INPUT(name, SD_VARLINK_STRING, SD_VARLINK_NULLABLE));

SD_VARLINK_DEFINE_INTERFACE(
	io_mvirt_Console, "io.mvirt.Console",
	SD_VARLINK_INTERFACE_COMMENT("For who sits at the machine: the dashboard on its consoles"),
	SD_VARLINK_SYMBOL_COMMENT("What the dashboard shows besides Host.Status"),
	&vl_method_Machine,
	SD_VARLINK_SYMBOL_COMMENT("The last lines of hostd's log, then every new one"),
	&vl_method_History,
	SD_VARLINK_SYMBOL_COMMENT(
		"Keeps the log off the consoles while somebody uses a serial one"),
	&vl_method_Quiet,
	SD_VARLINK_SYMBOL_COMMENT(
		"Gives a connection that may act, not only look. A wrong password "
		"takes time"),
	&vl_method_Unlock,
	SD_VARLINK_SYMBOL_COMMENT("Gives the host another address on a network, for 60 s"),
	&vl_method_TryAddress,
	SD_VARLINK_SYMBOL_COMMENT(
		"Keeps the address that is being tried out, until the machine goes "
		"down"),
	&vl_method_KeepAddress, SD_VARLINK_SYMBOL_COMMENT("Goes back to the address before it"),
	&vl_method_RevertAddress, SD_VARLINK_SYMBOL_COMMENT("Gives the screen to a guest"),
	&vl_method_ShowGuest,
	SD_VARLINK_SYMBOL_COMMENT("A device that the kernel has no driver for"),
	&vl_type_Driverless, SD_VARLINK_SYMBOL_COMMENT("An address that is being tried out"),
	&vl_type_Trial);
