// SPDX-License-Identifier: GPL-2.0-or-later
// Verdicts: made, read, freed.
#include "verdict.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct verdict make(enum verdict_kind kind, int error, const char *format, va_list arguments)
{
	struct verdict verdict = { .kind = kind, .error = error };

	if (vasprintf(&verdict.why, format, arguments) < 0)
		return (struct verdict){ .kind = VERDICT_LATER, .error = -ENOMEM };
	return verdict;
}

struct verdict verdict_of(enum verdict_kind kind, int error, const char *format, ...)
{
	struct verdict verdict;
	va_list arguments;

	va_start(arguments, format);
	verdict = make(kind, error, format, arguments);
	va_end(arguments);
	return verdict;
}

static bool passes(int error)
{
	return error == -EAGAIN || error == -EMFILE || error == -ENFILE || error == -ENOSPC ||
	       error == -EINTR || error == -EIO;
}

struct verdict verdict_failed(int error, const char *format, ...)
{
	struct verdict verdict;
	va_list arguments;

	va_start(arguments, format);
	verdict = make(passes(error) ? VERDICT_LATER : VERDICT_REFUSED, error, format, arguments);
	va_end(arguments);
	return verdict;
}

void verdict_done(struct verdict *verdict)
{
	free(verdict->why);
	*verdict = (struct verdict){};
}

const char *verdict_why(const struct verdict *verdict)
{
	return verdict->why ? verdict->why : strerror(-verdict->error);
}
