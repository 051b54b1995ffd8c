/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Files on their way into a guest's folder, under a temporary name. */
#pragma once

/* What may be imported: a plain name, and not one that hostd has a use for. */
bool host_import_is_name(const char *name);
/* The file under its temporary name, new and open for both, or -errno: -EEXIST when there is one
 * under its own name already. */
int host_import_open(int root_fd, const char *guest_name, const char *file, int *ret_fd);
/* Gives it its own name. 0, -EEXIST or -errno. */
int host_import_finish(int root_fd, const char *guest_name, const char *file);
/* The files' names, each with a newline: to be called before the first of them is finished, and
 * forgotten when the definition is there. 0 or -errno. */
int host_import_note(int root_fd, const char *guest_name, const char *files);
void host_import_forget(int root_fd, const char *guest_name);
/* Removes it, under the one or the other name. */
void host_import_remove(int root_fd, const char *guest_name, const char *file, bool finished);
/* Removes the guest's folder if nothing is in it. */
void host_import_remove_folder(int root_fd, const char *guest_name);
/*
 * Removes what a killed hostd was importing into guests' folders below the root, before the guests
 * in it are defined. Returns 0 or -errno.
 */
int host_import_clean(int root_fd);
