/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Arrays that grow by doubling, with nothing to keep but pointer and count. */
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
 * Makes room for the element behind the count that there are. The array is NULL or was grown by
 * this alone from its first element on; it may have lost elements since. Returns 0, or -ENOMEM with
 * the array as it was.
 */
#define array_grow(array, count)                                               \
	({                                                                     \
		typeof(array) *_array = &(array);                              \
		void *_grown = array_room(*_array, (count), sizeof(**_array)); \
		if (_grown)                                                    \
			*_array = _grown;                                      \
		_grown ? 0 : -ENOMEM;                                          \
	})
