/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Strings and lists of strings that grow. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "cleanup.h"

/* A NULL-terminated list of strings that owns them. Zero-initialised is empty (items == NULL). */
struct text_list {
	char **items;
	size_t count;
};

void text_list_done(struct text_list *list);
/* Appends a copy (or takes over a string, which it frees on failure). Returns 0 or -ENOMEM. */
int text_list_add(struct text_list *list, const char *text);
int text_list_add_consume(struct text_list *list, char *text_consume);
/* Removes every one that is equal. Returns whether there was one. */
bool text_list_remove(struct text_list *list, const char *text);
int text_list_addf(struct text_list *list, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Returns a new string, to be freed, or NULL when out of memory. */
char *text_format(const char *format, ...) __attribute__((format(printf, 1, 2)));

static inline bool text_equal(const char *a, const char *b)
{
	return a && b ? __builtin_strcmp(a, b) == 0 : a == b;
}

static inline bool text_begins(const char *text, const char *start)
{
	return __builtin_strncmp(text, start, __builtin_strlen(start)) == 0;
}

/*
 * "512M" -> bytes. Units K, M, G, T (powers of 1024); none means bytes. Returns 0, -EINVAL for
 * anything else, -ERANGE over 2^64 - 1.
 */
int text_to_bytes(const char *text, uint64_t *ret_bytes);

/* Writes bytes as "1.5 GiB" for people. The buffer needs 16 bytes; returns it. */
#define TEXT_BYTES_MAX 16
char *text_from_bytes(uint64_t bytes, char buffer[static TEXT_BYTES_MAX]);
