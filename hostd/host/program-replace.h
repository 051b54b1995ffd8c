/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Replaces one of our own programs by another version, after a try. */
#pragma once

#include <systemd/sd-event.h>

struct program_replace;

/* error is 0, and text is the program's version line ("hostd 1.2"); or -errno, and text is the
 * reason in one line. text is borrowed; the job is gone when this is called. */
typedef void (*program_replace_done_t)(int error, const char *text, void *userdata);

/*
 * Copies source_fd beside path, runs the copy with --version in a child without privileges
 * (image-child.h), and renames it to target (in the same folder, replacing an old one) if it prints
 * "NAME VERSION", NAME being path's last part. Children do all this, and target is always complete.
 * The caller keeps source_fd. Returns 0, or -errno with one line in *ret_why, to be freed, for a
 * file that is obviously not a program.
 */
int program_replace_start(sd_event *event, const char *path, const char *target, int source_fd,
			  program_replace_done_t done, void *userdata, char **ret_why,
			  struct program_replace **ret_job);
/* done is not called any more, and nothing is replaced. Takes NULL. */
void program_replace_cancel(struct program_replace *job);
/* Removes what a killed hostd left beside path. */
void program_replace_clean(const char *path);
