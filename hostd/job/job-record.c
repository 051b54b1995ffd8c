// SPDX-License-Identifier: GPL-2.0-or-later
// Jobs as files. A file is replaced as a whole when its job begins and when it ends.
#include "job-record.h"

#include <stdio.h>
#include <string.h>
#include <systemd/sd-json.h>

#include "base/array.h"
#include "base/file.h"

#define RECORD_BYTES_MAX (64 * 1024)
#define NAME_BYTES 24

static const char *const states[] = {
	[JOB_RUNNING] = "running",
	[JOB_DONE] = "done",
	[JOB_FAILED] = "failed",
	[JOB_CANCELLED] = "cancelled",
};

const char *job_state_name(enum job_state state)
{
	return states[state];
}

void job_record_done(struct job_record *record)
{
	free(record->kind);
	free(record->subject);
	free(record->abandoned);
	free(record->error);
	free(record->reason);
	*record = (struct job_record){};
}

static void name_of(uint64_t id, char name[static NAME_BYTES])
{
	(void)snprintf(name, NAME_BYTES, "%llu", (unsigned long long)id);
}

static int read_state(const char *, sd_json_variant *value, sd_json_dispatch_flags_t,
		      void *userdata)
{
	enum job_state *state = userdata;

	for (size_t i = 0; i < ELEMENTS(states); i++)
		if (text_equal(sd_json_variant_string(value), states[i])) {
			*state = (enum job_state)i;
			return 0;
		}
	return -EBADMSG;
}

static int parse(const char *text, struct job_record *record)
{
#define TEXT(name, member)                                       \
	{ name, SD_JSON_VARIANT_STRING, sd_json_dispatch_string, \
	  offsetof(struct job_record, member), 0 }
#define COUNT(name, member)                                        \
	{ name, SD_JSON_VARIANT_UNSIGNED, sd_json_dispatch_uint64, \
	  offsetof(struct job_record, member), 0 }
	static const sd_json_dispatch_field fields[] = {
		{ "state", SD_JSON_VARIANT_STRING, read_state, offsetof(struct job_record, state),
		  SD_JSON_MANDATORY },
		TEXT("kind", kind),
		TEXT("subject", subject),
		TEXT("abandoned", abandoned),
		TEXT("error", error),
		TEXT("reason", reason),
		COUNT("doneBytes", done_bytes),
		COUNT("totalBytes", total_bytes),
		COUNT("begunUsec", begun_usec),
		COUNT("endedUsec", ended_usec),
		{},
	};
#undef TEXT
#undef COUNT
	_cleanup_(sd_json_variant_unrefp) sd_json_variant *object = NULL;
	int r = sd_json_parse(text, 0, &object, NULL, NULL);

	/* Another hostd may know more than this one. */
	if (r >= 0)
		r = sd_json_dispatch(object, fields, SD_JSON_ALLOW_EXTENSIONS, record);
	if (r >= 0 && (!record->kind || !record->subject))
		r = -EBADMSG;
	return r == -ENOMEM ? r : r < 0 ? -EBADMSG : 0;
}

int job_record_read(int folder_fd, uint64_t id, struct job_record *ret_record)
{
	_cleanup_(job_record_done) struct job_record record = { .id = id };
	_cleanup_free_ char *text = NULL;
	char name[NAME_BYTES];
	int r = 0;

	name_of(id, name);
	r = file_read(folder_fd, name, RECORD_BYTES_MAX, &text, NULL);
	if (r >= 0)
		r = parse(text, &record);
	if (r < 0)
		return r;
	*ret_record = record;
	record = (struct job_record){};
	return 0;
}

int job_record_write(int folder_fd, const struct job_record *record)
{
#define TEXT(name, text) \
	SD_JSON_BUILD_PAIR_CONDITION(!!(text), name, SD_JSON_BUILD_STRING((text) ? (text) : ""))
	_cleanup_(sd_json_variant_unrefp) sd_json_variant *object = NULL;
	_cleanup_free_ char *text = NULL;
	char name[NAME_BYTES];
	int r = sd_json_buildo(&object, SD_JSON_BUILD_PAIR_STRING("state", states[record->state]),
			       SD_JSON_BUILD_PAIR_STRING("kind", record->kind),
			       SD_JSON_BUILD_PAIR_STRING("subject", record->subject),
			       TEXT("abandoned", record->abandoned), TEXT("error", record->error),
			       TEXT("reason", record->reason),
			       SD_JSON_BUILD_PAIR_UNSIGNED("doneBytes", record->done_bytes),
			       SD_JSON_BUILD_PAIR_UNSIGNED("totalBytes", record->total_bytes),
			       SD_JSON_BUILD_PAIR_UNSIGNED("begunUsec", record->begun_usec),
			       SD_JSON_BUILD_PAIR_UNSIGNED("endedUsec", record->ended_usec));
#undef TEXT

	if (r >= 0)
		r = sd_json_variant_format(object, SD_JSON_FORMAT_NEWLINE, &text);
	if (r < 0)
		return r;
	name_of(record->id, name);
	return file_replace(folder_fd, name, text, strlen(text), 0600);
}

void job_record_remove(int folder_fd, uint64_t id)
{
	char name[NAME_BYTES];

	name_of(id, name);
	(void)unlinkat(folder_fd, name, 0);
}

static int compare(const void *a, const void *b)
{
	const uint64_t *left = a, *right = b;

	return (*left > *right) - (*left < *right);
}

int job_record_list(int folder_fd, uint64_t **ret_ids, size_t *ret_count)
{
	_cleanup_(text_list_done) struct text_list names = {};
	_cleanup_free_ uint64_t *ids = NULL;
	size_t count = 0;
	int r = file_list_folder(folder_fd, &names);

	if (r < 0)
		return r;
	ids = calloc(names.count + 1, sizeof(*ids));
	if (!ids)
		return -ENOMEM;
	for (size_t i = 0; i < names.count; i++) {
		const char *name = names.items[i];
		uint64_t id = strtoull(name, NULL, 10);
		char again[NAME_BYTES];

		/* A file that was being replaced has another name. */
		name_of(id, again);
		if (id > 0 && strcmp(name, again) == 0)
			ids[count++] = id;
	}
	qsort(ids, count, sizeof(*ids), compare);
	*ret_ids = take_ptr(ids);
	*ret_count = count;
	return 0;
}
