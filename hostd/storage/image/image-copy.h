/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copies a file into another, with its holes. */
#pragma once

/*
 * target_fd gets the size and the bytes of source_fd, a regular file, and is written to its medium;
 * what is zero stays a hole. Takes as long as it takes: for a child. Returns 0, or -errno with what
 * failed ("writing the copy") in *ret_what. progress_fd, a pipe, gets a uint64_t whenever some more
 * is done: how far in the file it is, in bytes; -EBADF: nobody wants to know.
 */
int image_copy(int source_fd, int target_fd, int progress_fd, const char **ret_what);
