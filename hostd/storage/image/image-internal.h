/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What image.c and image-job.c share. Nobody else includes this. */
#pragma once

#include "config/config.h"
#include "image-header.h"

/* As image_check(), and tells what the header says. */
int image_read_header(int fd, enum disk_format format, struct image_header *ret_header,
		      char **ret_why);
