/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The interfaces as clients see them (docs/manual/api.md). */
#pragma once

#include <systemd/sd-varlink-idl.h>

/* Every error of ours, on whichever interface the method is. */
#define API_ERRORS "io.mvirt.Error."

/* What both interfaces have in them. */
extern const sd_varlink_symbol vl_type_Address, vl_type_Network, vl_type_DataVolume,
	vl_type_DataVolumePhase;

extern const sd_varlink_symbol vl_type_Job, vl_type_JobState;

extern const sd_varlink_interface vl_interface_io_mvirt_Host;
extern const sd_varlink_interface vl_interface_io_mvirt_Guest;
extern const sd_varlink_interface vl_interface_io_mvirt_Job;
extern const sd_varlink_interface vl_interface_io_mvirt_Console;
extern const sd_varlink_interface vl_interface_io_mvirt_Error;
