// SPDX-License-Identifier: GPL-2.0-or-later
// The definition of io.mvirt.Error: why a method of any of our interfaces was refused, or failed.
#include "api-interface.h"

#define REASON                                                   \
	SD_VARLINK_FIELD_COMMENT("Why, in one line for people"), \
		SD_VARLINK_DEFINE_FIELD(reason, SD_VARLINK_STRING, 0)
#define OPTIONAL(name, type) SD_VARLINK_DEFINE_FIELD(name, type, SD_VARLINK_NULLABLE)

static SD_VARLINK_DEFINE_ERROR(NotFound, REASON);
static SD_VARLINK_DEFINE_ERROR(Exists, REASON);
static SD_VARLINK_DEFINE_ERROR(Busy, REASON);
static SD_VARLINK_DEFINE_ERROR(NotNow, REASON,
			       SD_VARLINK_FIELD_COMMENT("The state that it is in, of a guest"),
			       OPTIONAL(state, SD_VARLINK_STRING));
static SD_VARLINK_DEFINE_ERROR(NoSpace, REASON, OPTIONAL(freeBytes, SD_VARLINK_INT),
			       OPTIONAL(neededBytes, SD_VARLINK_INT));
static SD_VARLINK_DEFINE_ERROR(NoMemory, REASON, OPTIONAL(freeBytes, SD_VARLINK_INT),
			       SD_VARLINK_FIELD_COMMENT("What guests may not take"),
			       OPTIONAL(reserveBytes, SD_VARLINK_INT),
			       OPTIONAL(neededBytes, SD_VARLINK_INT));
static SD_VARLINK_DEFINE_ERROR(Invalid, REASON, SD_VARLINK_FIELD_COMMENT("The key, as in Set"),
			       OPTIONAL(field, SD_VARLINK_STRING),
			       SD_VARLINK_FIELD_COMMENT("Of a definition, from 1: the first one"),
			       OPTIONAL(line, SD_VARLINK_INT));
static SD_VARLINK_DEFINE_ERROR(Conflict, REASON,
			       SD_VARLINK_FIELD_COMMENT("The one that there is now"),
			       OPTIONAL(revision, SD_VARLINK_STRING));
static SD_VARLINK_DEFINE_ERROR(Unsupported, REASON,
			       SD_VARLINK_FIELD_COMMENT("By what, where it is not the machine"),
			       OPTIONAL(by, SD_VARLINK_STRING));
static SD_VARLINK_DEFINE_ERROR(Denied, REASON);
static SD_VARLINK_DEFINE_ERROR(Failed, REASON);

SD_VARLINK_DEFINE_INTERFACE(
	io_mvirt_Error, "io.mvirt.Error",
	SD_VARLINK_INTERFACE_COMMENT("The errors of all methods; what is not known is left out"),
	SD_VARLINK_SYMBOL_COMMENT("There is no such thing"), &vl_error_NotFound,
	SD_VARLINK_SYMBOL_COMMENT("There is one already"), &vl_error_Exists,
	SD_VARLINK_SYMBOL_COMMENT("Something else is being done with it: try again"),
	&vl_error_Busy, SD_VARLINK_SYMBOL_COMMENT("Not in the state that it is in"),
	&vl_error_NotNow, SD_VARLINK_SYMBOL_COMMENT("Too little space on a file system"),
	&vl_error_NoSpace, SD_VARLINK_SYMBOL_COMMENT("Too little memory"), &vl_error_NoMemory,
	SD_VARLINK_SYMBOL_COMMENT("What was asked for makes no sense"), &vl_error_Invalid,
	SD_VARLINK_SYMBOL_COMMENT("Somebody was faster"), &vl_error_Conflict,
	SD_VARLINK_SYMBOL_COMMENT("It cannot be done here"), &vl_error_Unsupported,
	SD_VARLINK_SYMBOL_COMMENT("It may not be done"), &vl_error_Denied,
	SD_VARLINK_SYMBOL_COMMENT("It went wrong"), &vl_error_Failed);
