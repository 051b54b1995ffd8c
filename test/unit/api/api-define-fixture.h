/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Calls that change what is defined, on a real guest store whose steps can fail. */
// link: -Wl,--wrap=guest_store_create,--wrap=guest_store_save,--wrap=guest_store_delete
// link: -Wl,--wrap=guest_store_rename,--wrap=host_import_finish
#pragma once

#include <sys/stat.h>

#include "api-fixture.h"
#include "api-stubs.h"

/* --- steps that fail for a guest of that name --- */

int __real_guest_store_create(int root_fd, const char *name, const char *text);
int __wrap_guest_store_create(int root_fd, const char *name, const char *text);
int __wrap_guest_store_create(int root_fd, const char *name, const char *text)
{
	return strcmp(name, "no-store") == 0 ? -ENOSPC
					     : __real_guest_store_create(root_fd, name, text);
}

int __real_guest_store_save(int root_fd, const char *name, const char *text);
int __wrap_guest_store_save(int root_fd, const char *name, const char *text);
int __wrap_guest_store_save(int root_fd, const char *name, const char *text)
{
	return strcmp(name, "no-save") == 0 ? -EROFS : __real_guest_store_save(root_fd, name, text);
}

int __real_guest_store_delete(int root_fd, const char *name, bool with_disks);
int __wrap_guest_store_delete(int root_fd, const char *name, bool with_disks);
int __wrap_guest_store_delete(int root_fd, const char *name, bool with_disks)
{
	return strcmp(name, "no-delete") == 0
		       ? -EIO
		       : __real_guest_store_delete(root_fd, name, with_disks);
}

int __real_guest_store_rename(int root_fd, const char *name, const char *new_name,
			      const char *text);
int __wrap_guest_store_rename(int root_fd, const char *name, const char *new_name,
			      const char *text);
int __wrap_guest_store_rename(int root_fd, const char *name, const char *new_name, const char *text)
{
	return strcmp(new_name, "no-move") == 0
		       ? -EIO
		       : __real_guest_store_rename(root_fd, name, new_name, text);
}

int __real_host_import_finish(int root_fd, const char *guest_name, const char *file);
int __wrap_host_import_finish(int root_fd, const char *guest_name, const char *file);
int __wrap_host_import_finish(int root_fd, const char *guest_name, const char *file)
{
	return strcmp(guest_name, "no-finish") == 0 && strcmp(file, "b.img") == 0
		       ? -EIO
		       : __real_host_import_finish(root_fd, guest_name, file);
}

/* --- calls --- */

[[maybe_unused]] static sd_json_variant *calls(sd_varlink *link, const char *method,
					       const char *json, const char **ret_error)
{
	_cleanup_(sd_json_variant_unrefp) sd_json_variant *parameters = NULL;
	sd_json_variant *answer = NULL;
	const char *error = NULL;

	assert_return_code(sd_json_parse(json, 0, &parameters, NULL, NULL), 0);
	assert_return_code(sd_varlink_call(link, method, parameters, &answer, &error), 0);
	if (ret_error)
		*ret_error = error;
	else if (error)
		fail_msg("%s %s: %s %s", method, json, error,
			 answer && sd_json_variant_by_key(answer, "reason")
				 ? text_of(answer, "reason")
				 : "");
	return answer;
}

[[maybe_unused]] static void refused(sd_varlink *link, const char *method, const char *json,
				     const char *reason)
{
	const char *error = NULL;
	sd_json_variant *answer = calls(link, method, json, &error);

	if (!error)
		fail_msg("%s %s is not refused", method, json);
	assert_non_null(strstr(error, ERROR("")));
	if (!strstr(text_of(answer, "reason"), reason))
		fail_msg("%s %s: \"%s\" and not \"%s\"", method, json, text_of(answer, "reason"),
			 reason);
	assert_null(strchr(text_of(answer, "reason"), '\n'));
}

#define CREATE "io.mvirt.Guest.Create"
#define DELETE "io.mvirt.Guest.Delete"
#define RENAME "io.mvirt.Guest.Rename"
#define SET "io.mvirt.Guest.Set"
#define REPLACE "io.mvirt.Guest.Replace"
#define GET "io.mvirt.Guest.Get"

[[maybe_unused]] static sd_json_variant *get(sd_varlink *link, const char *name)
{
	return sd_json_variant_by_key(call(link, GET, name, NULL), "guest");
}

[[maybe_unused]] static bool is_there(sd_varlink *link, const char *name)
{
	const char *error = NULL;

	(void)call(link, GET, name, &error);
	return !error;
}

[[maybe_unused]] static const char *definition(sd_varlink *link, const char *name)
{
	return text_of(call(link, "io.mvirt.Guest.Definition", name, NULL), "text");
}

/* root: "memory" or "data"; path is below it. */
[[maybe_unused]] static bool has_file(const char *root, const char *path)
{
	_cleanup_free_ char *full = text_format("%s.%s/guests/%s", server.path, root, path);
	struct stat status;

	return lstat(full, &status) == 0;
}

[[maybe_unused]] static void make_data(void)
{
	_cleanup_free_ char *path = text_format("%s.data", server.path);

	assert_return_code(mkdir(path, 0700), errno);
}

[[maybe_unused]] static void create_web2(sd_varlink *link, const char *name)
{
	_cleanup_free_ char *json = text_format(
		"{\"name\":\"%s\",\"changes\":[{\"key\":\"kernel\",\"value\":\"vmlinuz\"}]}", name);

	(void)calls(link, CREATE, json, NULL);
}

[[maybe_unused]] static void restart_server(int signal_number)
{
	int status = 0;

	assert_return_code(kill(server.pid, signal_number), errno);
	assert_return_code(waitpid(server.pid, &status, 0), errno);
	(void)start_server_with("--serve");
}
