/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Disk images: which format they have, whether a guest may use them, and making new ones. */
#pragma once

#include <systemd/sd-event.h>

#include "config/config.h"

/*
 * Decides by the file's first bytes. Returns DISK_FORMAT_QCOW2 for its magic and DISK_FORMAT_RAW
 * for everything else (ISO 9660 too), or -errno.
 */
int image_detect(int fd, enum disk_format *ret_format);

/*
 * Checks the header as far as possible without QEMU (image-header.h): backing file, external data
 * file, encryption, impossible tables, truncation. Fast enough for every start. Returns 0, or
 * -EINVAL with one line in *ret_why (to be freed), or -errno.
 */
int image_check(int fd, enum disk_format format, char **ret_why);

/* A child that examines or copies an image. */
struct image_job;
/*
 * error is 0, or -errno; why (borrowed) is one line: the image's properties ("qcow2, 10 GiB,
 * uses 1.5 GiB"), or what is wrong; NULL without memory for it. The job is gone when this is
 * called.
 */
typedef void (*image_done_t)(int error, const char *why, void *userdata);

/*
 * An unprivileged qemu-img (PROCESS_UID_IMAGES, no network, own namespaces, nothing but the image's
 * fd, limits on memory, time and output) looks at it once: "info", and "check" for qcow2. A file
 * that others may not read is lent to the child's group while it does. Returns 0 or -errno.
 */
int image_examine(sd_event *event, int fd, enum disk_format format, image_done_t done,
		  void *userdata, struct image_job **ret_job);
/* Copies source_fd (a regular file) to target_fd (open for both), sparse, in a child without a time
 * limit, then examines the copy. Returns 0, -EISDIR, -EMEDIUMTYPE (not a regular file), or -errno.
 */
int image_import(sd_event *event, int source_fd, int target_fd, enum disk_format format,
		 image_done_t done, void *userdata, struct image_job **ret_job);
/* The same for other files (a kernel, a file of a seed): copied, but not examined. */
int image_import_file(sd_event *event, int source_fd, int target_fd, image_done_t done,
		      void *userdata, struct image_job **ret_job);
/* How far in the file the copying is, in bytes. */
typedef void (*image_progress_t)(uint64_t done_bytes, void *userdata);
/* For one that has just been made: progress gets its userdata, and is called before done. */
void image_job_report(struct image_job *job, image_progress_t progress);
/* done is not called any more; the child is killed, and what is half copied stays. Takes NULL. */
void image_job_cancel(struct image_job *job);

/* An empty image in target_fd: raw (sparse) or qcow2 (written by us: header and tables only). 0 or
 * -errno. */
int image_make(int target_fd, enum disk_format format, uint64_t size_bytes);
