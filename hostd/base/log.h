/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One line an event, "hostd: SUBJECT: what happened", on every console and in the kernel's log. */
#pragma once

#include <stdarg.h>

/* The values are syslog's (RFC 5424, section 6.2.1), as the kernel's log wants them. */
enum log_level {
	LOG_LEVEL_ERROR = 3,
	LOG_LEVEL_WARNING = 4,
	LOG_LEVEL_NOTICE = 5,
	LOG_LEVEL_DEBUG = 7,
};

/* Called for each line that is shown, without the "hostd: " in front; must not log. */
typedef void (*log_hook_t)(enum log_level level, const char *subject, const char *message,
			   void *userdata);

/*
 * Sends lines to /dev/kmsg, which shows them on every console= and keeps them for dmesg; without
 * it, and before this call, they go to stderr. Debug lines are dropped unless debug is true.
 */
void log_open_kmsg(void);
void log_set_debug(bool debug);
void log_set_hook(log_hook_t hook, void *userdata);

/* subject: "kvm", "net lan", "guest web"… Control characters in the message are shown as '?'. */
void log_line(enum log_level level, const char *subject, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
void log_linev(enum log_level level, const char *subject, const char *format, va_list arguments)
	__attribute__((format(printf, 3, 0)));

#define log_error(subject, ...) log_line(LOG_LEVEL_ERROR, subject, __VA_ARGS__)
#define log_warning(subject, ...) log_line(LOG_LEVEL_WARNING, subject, __VA_ARGS__)
#define log_notice(subject, ...) log_line(LOG_LEVEL_NOTICE, subject, __VA_ARGS__)
#define log_debug(subject, ...) log_line(LOG_LEVEL_DEBUG, subject, __VA_ARGS__)

/* Shows a line of a guest's console, "NAME: TEXT". Drops lines beyond 100 a second. */
void log_echo(const char *guest_name, const char *text);
