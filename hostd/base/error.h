/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Why something was not done: a kind for programs, one line for people, and what the kind knows. */
#pragma once

#include <stdint.h>

#include "cleanup.h"

enum error_kind {
	ERROR_NONE,
	ERROR_NOT_FOUND,
	ERROR_EXISTS,
	ERROR_BUSY, /* something else is being done with it: again later */
	ERROR_NOT_NOW, /* state: not in this one */
	ERROR_NO_SPACE, /* free_bytes, needed_bytes */
	ERROR_NO_MEMORY, /* free_bytes, reserve_bytes, needed_bytes */
	ERROR_INVALID, /* field, line */
	ERROR_CONFLICT, /* revision: somebody was faster */
	ERROR_UNSUPPORTED, /* by */
	ERROR_DENIED,
	ERROR_FAILED,
};

/* Zero-initialised is none. What is not known of the details is 0 or NULL. */
struct error {
	enum error_kind kind;
	char *reason; /* the line for people, owned; NULL: there was no memory for it */
	char *field, *revision; /* owned; the revision is the present one */
	const char *state, *by; /* static */
	unsigned int line; /* from 1 */
	uint64_t free_bytes, reserve_bytes, needed_bytes;
};

void error_done(struct error *error);
/* "NotFound"…; of ERROR_NONE "None". */
const char *error_kind_name(enum error_kind kind);
/* The other way: ERROR_FAILED for a name that is not known. */
enum error_kind error_kind_of_name(const char *name);
/* What is known of an -errno. 0 is ERROR_NONE. */
enum error_kind error_kind_of(int error);

/*
 * All of these fill in an error that is none yet, and return the -errno that goes with it. Where
 * one is filled in already it stays: the first reason is the reason.
 */
int error_set(struct error *error, enum error_kind kind, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* r is -errno, and is returned; why is one line, or NULL: the errno's text. */
int error_take(struct error *error, int r, char *why_consume);

/* Puts "SUBJECT: " before the line; r, which is returned, becomes the error where there is none. */
int error_prefix(struct error *error, int r, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
