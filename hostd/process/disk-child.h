/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A short-lived child that works on a disk with hostd's rights: a dying disk hangs it, and not
 * hostd. */
#pragma once

#include <stddef.h>
#include <systemd/sd-event.h>

/* What it found. */
struct disk_child_answer {
	int error; /* 0 or -errno */
	bool repaired; /* what it worked on was damaged before */
	char why[512]; /* one line, of an error */
};

struct disk_child;

struct disk_child_work {
	const char *name; /* the process's, 15 bytes at most */
	/* Runs in the child: no fd of hostd's is open there. Fills answer, which is zero. */
	void (*run)(const void *data, struct disk_child_answer *answer);
	const void *data; /* weak; needed until disk_child_start() has returned */
	bool ends_with_hostd; /* killed then; or goes on to its end when hostd is killed */
};

/* The child is gone, and its object with it, when this is called. */
typedef void (*disk_child_done_t)(const struct disk_child_answer *answer, void *userdata);

/* done is called from the event loop. A child that was killed gives -EIO. Returns 0 or -errno. */
int disk_child_start(sd_event *event, const struct disk_child_work *work, disk_child_done_t done,
		     void *userdata, struct disk_child **ret_child);
/* done is not called any more. The child and what it runs are killed, and reaped by the event loop
 * if they hang in the kernel. */
void disk_child_cancel(struct disk_child *child);

/* The same without the loop, for the host's beginning and end. Returns what the answer says, or
 * -ETIMEDOUT: the child is then killed if it ends with hostd, and otherwise left to itself. */
int disk_child_run(const struct disk_child_work *work, int timeout_ms,
		   struct disk_child_answer *ret_answer);

/* --- for the child --- */

/* Sets error and why. */
void disk_child_fail(struct disk_child_answer *answer, int error, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/*
 * Runs a program to its end, without input and environment. line gets the first line that it wrote
 * to stdout or stderr, printable. Returns its exit status, 128 + the signal that killed it, or
 * -errno.
 */
int disk_child_execute(const char *const argv[], char *line, size_t line_size);
