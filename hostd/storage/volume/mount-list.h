/* SPDX-License-Identifier: GPL-2.0-or-later */
/* /proc/self/mountinfo, line by line (proc_pid_mountinfo(5)). */
#pragma once

#include <sys/types.h>

/* Strings are parts of the text. */
struct mount_entry {
	dev_t device;
	char *point, *type, *source;
};

/* The next mount of *text, which is modified and advanced. Returns false at its end. */
bool mount_list_next(char **text, struct mount_entry *ret_entry);
/* Reads the file, 4 MiB at most. Returns 0 or -errno. */
int mount_list_read(const char *path, char **ret_text);
/* The kernel writes space, tab, newline and backslash as \040 and so on. */
void mount_list_unescape(char *text);
