// SPDX-License-Identifier: GPL-2.0-or-later
// /proc/self/mountinfo, line by line.
#include "mount-list.h"

#include <fcntl.h>
#include <string.h>
#include <sys/sysmacros.h>

#include "base/file.h"

#define BYTES_MAX (4 * 1024 * 1024)

void mount_list_unescape(char *text)
{
	char *out = text;

	for (const char *in = text; *in; out++) {
		unsigned int code = 0;

		if (in[0] == '\\' && sscanf(in + 1, "%3o", &code) == 1) {
			*out = (char)code;
			in += 4;
		} else {
			*out = *in++;
		}
	}
	*out = '\0';
}

int mount_list_read(const char *path, char **ret_text)
{
	return file_read(AT_FDCWD, path, BYTES_MAX, ret_text, NULL);
}

/* ID PARENT MAJOR:MINOR ROOT POINT OPTIONS TAGS… - TYPE SOURCE OPTIONS */
static bool parse_line(char *line, struct mount_entry *ret_entry)
{
	enum { DEVICE = 2, POINT = 4, FIELDS = 5 };
	char *fields[FIELDS], *rest = strstr(line, " - ");
	unsigned int major = 0, minor = 0;

	if (!rest)
		return false;
	*rest = '\0';
	rest += strlen(" - ");
	for (int i = 0; i < FIELDS; i++) {
		fields[i] = strsep(&line, " ");
		if (!fields[i])
			return false;
	}
	if (sscanf(fields[DEVICE], "%u:%u", &major, &minor) != 2)
		return false;
	ret_entry->device = makedev(major, minor);
	ret_entry->point = fields[POINT];
	ret_entry->type = strsep(&rest, " ");
	ret_entry->source = strsep(&rest, " ");
	if (!ret_entry->source)
		return false;
	mount_list_unescape(ret_entry->point);
	mount_list_unescape(ret_entry->source);
	return true;
}

bool mount_list_next(char **text, struct mount_entry *ret_entry)
{
	for (char *line = strsep(text, "\n"); line; line = strsep(text, "\n"))
		if (parse_line(line, ret_entry))
			return true;
	return false;
}
