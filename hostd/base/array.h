/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Arrays that grow by doubling; only pointer and count are kept. */
#pragma once

#include <stddef.h>

#include "cleanup.h"

static inline void *array_room(void *array, size_t count, size_t size)
{
	if (array && (count & (count - 1)) != 0)
		return array;
	return reallocarray(array, count ? 2 * count : 1, size);
}

/*
 * Makes room for one element after count. The array is NULL, or was grown only by this function
 * since its first element; it may have lost elements since. Returns 0, or -ENOMEM with the array
 * unchanged.
 */
#define array_grow(array, count)                                               \
	({                                                                     \
		typeof(array) *_array = &(array);                              \
		void *_grown = array_room(*_array, (count), sizeof(**_array)); \
		if (_grown)                                                    \
			*_array = _grown;                                      \
		_grown ? 0 : -ENOMEM;                                          \
	})
