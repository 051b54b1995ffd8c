/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The answer to "can this be done": a type that the caller acts on, and a line for people. */
#pragma once

enum verdict_kind {
	VERDICT_OK,
	VERDICT_LATER, /* something ran out that may be there at the next try */
	VERDICT_LACKS, /* a device of this machine, which may come yet */
	VERDICT_REFUSED, /* not before somebody changes something */
};

struct verdict {
	enum verdict_kind kind;
	int error; /* -errno; 0 with VERDICT_OK */
	char *why; /* owned; NULL with VERDICT_OK, and where there was no memory for it */
};

__attribute__((format(printf, 3, 4))) struct verdict verdict_of(enum verdict_kind kind, int error,
								const char *format, ...);
/* VERDICT_LATER for an error that passes by itself (-EAGAIN, -EMFILE, -ENFILE, -ENOSPC, -EINTR,
 * -EIO), otherwise VERDICT_REFUSED. */
__attribute__((format(printf, 2, 3))) struct verdict verdict_failed(int error, const char *format,
								    ...);
void verdict_done(struct verdict *verdict);

/* What a line says when there was no memory for it. */
const char *verdict_why(const struct verdict *verdict);
