// SPDX-License-Identifier: GPL-2.0-or-later
// Errors with a kind, and how kinds and errnos become each other.
#include "error.h"

#include <stdarg.h>
#include <string.h>

#include "text.h"

/* Of several errnos the first is the kind's own. */
static const struct {
	int number;
	enum error_kind kind;
} errnos[] = {
	{ ENOENT, ERROR_NOT_FOUND },   { ENODEV, ERROR_NOT_FOUND },
	{ EEXIST, ERROR_EXISTS },      { EBUSY, ERROR_BUSY },
	{ EAGAIN, ERROR_BUSY },        { EALREADY, ERROR_NOT_NOW },
	{ ESRCH, ERROR_NOT_NOW },      { ESHUTDOWN, ERROR_NOT_NOW },
	{ ENOTCONN, ERROR_NOT_NOW },   { ENETDOWN, ERROR_NOT_NOW },
	{ ENOSPC, ERROR_NO_SPACE },    { EDQUOT, ERROR_NO_SPACE },
	{ ENOMEM, ERROR_NO_MEMORY },   { EINVAL, ERROR_INVALID },
	{ EBADMSG, ERROR_INVALID },    { ERANGE, ERROR_INVALID },
	{ ESTALE, ERROR_CONFLICT },    { EOPNOTSUPP, ERROR_UNSUPPORTED },
	{ ENOSYS, ERROR_UNSUPPORTED }, { EPERM, ERROR_DENIED },
	{ EACCES, ERROR_DENIED },      { EROFS, ERROR_DENIED },
	{ EIO, ERROR_FAILED },
};

void error_done(struct error *error)
{
	free(error->reason);
	free(error->field);
	free(error->revision);
	*error = (struct error){};
}

const char *error_kind_name(enum error_kind kind)
{
	switch (kind) {
	case ERROR_NONE:
		return "None";
	case ERROR_NOT_FOUND:
		return "NotFound";
	case ERROR_EXISTS:
		return "Exists";
	case ERROR_BUSY:
		return "Busy";
	case ERROR_NOT_NOW:
		return "NotNow";
	case ERROR_NO_SPACE:
		return "NoSpace";
	case ERROR_NO_MEMORY:
		return "NoMemory";
	case ERROR_INVALID:
		return "Invalid";
	case ERROR_CONFLICT:
		return "Conflict";
	case ERROR_UNSUPPORTED:
		return "Unsupported";
	case ERROR_DENIED:
		return "Denied";
	case ERROR_FAILED:
		return "Failed";
	}
	return "Failed";
}

enum error_kind error_kind_of_name(const char *name)
{
	for (enum error_kind kind = ERROR_NONE; kind < ERROR_FAILED; kind++)
		if (text_equal(error_kind_name(kind), name))
			return kind;
	return ERROR_FAILED;
}

enum error_kind error_kind_of(int error)
{
	if (error == 0)
		return ERROR_NONE;
	for (size_t i = 0; i < ELEMENTS(errnos); i++)
		if (errnos[i].number == abs(error))
			return errnos[i].kind;
	return ERROR_FAILED;
}

static int errno_of(enum error_kind kind)
{
	for (size_t i = 0; i < ELEMENTS(errnos); i++)
		if (errnos[i].kind == kind)
			return -errnos[i].number;
	return -EIO;
}

int error_set(struct error *error, enum error_kind kind, const char *format, ...)
{
	va_list arguments;

	if (error->kind != ERROR_NONE)
		return errno_of(error->kind);
	error->kind = kind;
	va_start(arguments, format);
	if (vasprintf(&error->reason, format, arguments) < 0)
		error->reason = NULL;
	va_end(arguments);
	return errno_of(kind);
}

int error_take(struct error *error, int r, char *why_consume)
{
	_cleanup_free_ char *why = why_consume;

	if (r < 0)
		(void)error_set(error, error_kind_of(r), "%s", why ? why : strerror(-r));
	return r;
}

int error_prefix(struct error *error, int r, const char *format, ...)
{
	_cleanup_free_ char *subject = NULL, *reason = NULL;
	va_list arguments;

	if (error_take(error, r, NULL) >= 0)
		return r;
	va_start(arguments, format);
	if (vasprintf(&subject, format, arguments) < 0)
		subject = NULL;
	va_end(arguments);
	reason = take_ptr(error->reason);
	if (subject && reason)
		error->reason = text_format("%s: %s", subject, reason);
	return r;
}
