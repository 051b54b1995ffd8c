// SPDX-License-Identifier: GPL-2.0-or-later
// The definition of io.mvirt.Job.
#include "api-interface.h"

SD_VARLINK_DEFINE_ENUM_TYPE(JobState, SD_VARLINK_DEFINE_ENUM_VALUE(running),
			    SD_VARLINK_DEFINE_ENUM_VALUE(done),
			    SD_VARLINK_DEFINE_ENUM_VALUE(failed),
			    SD_VARLINK_DEFINE_ENUM_VALUE(cancelled));

SD_VARLINK_DEFINE_STRUCT_TYPE(
	Job, SD_VARLINK_FIELD_COMMENT("From 1, never given twice in one boot"),
	SD_VARLINK_DEFINE_FIELD(id, SD_VARLINK_INT, 0),
	SD_VARLINK_FIELD_COMMENT("create (a guest, with files to copy) or format (a disk)"),
	SD_VARLINK_DEFINE_FIELD(kind, SD_VARLINK_STRING, 0),
	SD_VARLINK_FIELD_COMMENT("The guest's name, or the disk's serial"),
	SD_VARLINK_DEFINE_FIELD(subject, SD_VARLINK_STRING, 0),
	SD_VARLINK_DEFINE_FIELD_BY_TYPE(state, JobState, 0),
	SD_VARLINK_DEFINE_FIELD(doneBytes, SD_VARLINK_INT, 0),
	SD_VARLINK_FIELD_COMMENT("0: not known"),
	SD_VARLINK_DEFINE_FIELD(totalBytes, SD_VARLINK_INT, 0),
	SD_VARLINK_DEFINE_FIELD(canCancel, SD_VARLINK_BOOL, 0),
	SD_VARLINK_FIELD_COMMENT("Microseconds since the kernel started"),
	SD_VARLINK_DEFINE_FIELD(begunUsec, SD_VARLINK_INT, 0),
	SD_VARLINK_FIELD_COMMENT("Microseconds since the kernel started, when it has ended"),
	SD_VARLINK_DEFINE_FIELD(endedUsec, SD_VARLINK_INT, SD_VARLINK_NULLABLE),
	SD_VARLINK_FIELD_COMMENT("Why it failed, as the names of io.mvirt.Error: NoSpace"),
	SD_VARLINK_DEFINE_FIELD(error, SD_VARLINK_STRING, SD_VARLINK_NULLABLE),
	SD_VARLINK_FIELD_COMMENT("The same for people"),
	SD_VARLINK_DEFINE_FIELD(reason, SD_VARLINK_STRING, SD_VARLINK_NULLABLE));

static SD_VARLINK_DEFINE_METHOD(List, SD_VARLINK_FIELD_COMMENT("The oldest first"),
				SD_VARLINK_DEFINE_OUTPUT_BY_TYPE(jobs, Job, SD_VARLINK_ARRAY));

static SD_VARLINK_DEFINE_METHOD(Get, SD_VARLINK_DEFINE_INPUT(id, SD_VARLINK_INT, 0),
				SD_VARLINK_DEFINE_OUTPUT_BY_TYPE(job, Job, 0));

static SD_VARLINK_DEFINE_METHOD(Cancel, SD_VARLINK_DEFINE_INPUT(id, SD_VARLINK_INT, 0),
				SD_VARLINK_FIELD_COMMENT("As it is then"),
				SD_VARLINK_DEFINE_OUTPUT_BY_TYPE(job, Job, 0));

SD_VARLINK_DEFINE_INTERFACE(
	io_mvirt_Job, "io.mvirt.Job",
	SD_VARLINK_INTERFACE_COMMENT(
		"Long operations. Those of an earlier hostd of this boot are there, too; events of "
		"io.mvirt.Guest.Subscribe tell how each goes on"),
	SD_VARLINK_SYMBOL_COMMENT("All that run, and the newest of those that have ended"),
	&vl_method_List, SD_VARLINK_SYMBOL_COMMENT("One job"), &vl_method_Get,
	SD_VARLINK_SYMBOL_COMMENT("Undoes a job that runs, if that is possible. Answers when it is "
				  "undone"),
	&vl_method_Cancel, SD_VARLINK_SYMBOL_COMMENT("A long operation"), &vl_type_Job,
	SD_VARLINK_SYMBOL_COMMENT("How a job is"), &vl_type_JobState);
