/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of guest-process.h share. Nobody else includes this. */
#pragma once

#define GUEST_PROCESS_STDERR "log/stderr"

/* FOLDER/NAME/FILE, or the guest's folder itself for "". To be freed; NULL without memory. */
char *guest_process_path(const char *name, const char *file);
/* The folder and those above it, 0755. Returns 0 or -errno. */
int guest_process_make_folders(const char *path);
