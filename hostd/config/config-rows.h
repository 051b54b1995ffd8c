/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How a field of a table says where its value is, with the member's type checked. */
#pragma once

#include <stddef.h>

#define MIB (1ULL << 20)
#define TIB (1ULL << 40)
#define BIT(index) (1ULL << (index))

/* The offset; comparing pointers of two types is an error. */
#define PLACE(type, member, wanted)               \
	.offset = offsetof(struct type, member) + \
		  0 * sizeof(&((struct type *)0)->member == (wanted *)0)
#define TEXT(type, member) .kind = FIELD_TEXT, PLACE(type, member, char *)
#define PATH(type, member) .kind = FIELD_PATH, PLACE(type, member, char *)
#define OWNED(type, member) { .kind = FIELD_OWNED, PLACE(type, member, char *) }
#define BOOL(type, member) .kind = FIELD_BOOL, PLACE(type, member, bool)
#define NUMBER(type, member, least, most) \
	.kind = FIELD_NUMBER, PLACE(type, member, unsigned int), .low = (least), .high = (most)
#define SIZE(type, member, least, most) \
	.kind = FIELD_SIZE, PLACE(type, member, uint64_t), .low = (least), .high = (most)
/* An enumeration is an unsigned int to gcc and clang, where none of its values is negative. */
#define CHOICE(type, member, choices) \
	.kind = FIELD_CHOICE, PLACE(type, member, unsigned int), .names = (choices)
#define BITS(type, member, choices) \
	.kind = FIELD_BITS, PLACE(type, member, unsigned int), .names = (choices)
#define TEXTS(type, member, most) \
	.kind = FIELD_TEXTS, PLACE(type, member, struct text_list), .high = (most)
#define FORM(type, member, what) \
	.kind = FIELD_FORM, .offset = offsetof(struct type, member), .form = &(what)
#define PART(type, member, what) \
	.kind = FIELD_PART, .offset = offsetof(struct type, member), .block = &(what)
#define PARTS(type, member, number, most, what)                                       \
	.kind = FIELD_PARTS, .offset = offsetof(struct type, member), .high = (most), \
	.block = &(what),                                                             \
	.count = offsetof(struct type, number) +                                      \
		 0 * sizeof(&((struct type *)0)->number == (size_t *)0)

#define BLOCK(type, array)                                                        \
	.fields = (array), .count = ELEMENTS(array), .size = sizeof(struct type), \
	.line = offsetof(struct type, line)
