// SPDX-License-Identifier: GPL-2.0-or-later
// Errors with a kind: which errno is which, whose reason stays, and what is put before it.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/error.h"

static void test_kinds(void **)
{
	for (enum error_kind kind = ERROR_NOT_FOUND; kind <= ERROR_FAILED; kind++) {
		struct error error = {};
		int r = error_set(&error, kind, "%s", error_kind_name(kind));

		assert_true(r < 0);
		assert_int_equal(error_kind_of(r), kind);
		assert_string_equal(error.reason, error_kind_name(kind));
		for (enum error_kind other = ERROR_NONE; other < kind; other++)
			assert_string_not_equal(error_kind_name(kind), error_kind_name(other));
		error_done(&error);
		assert_int_equal(error.kind, ERROR_NONE);
	}
	assert_int_equal(error_kind_of(0), ERROR_NONE);
	assert_int_equal(error_kind_of(-EACCES), ERROR_DENIED);
	assert_int_equal(error_kind_of(EDQUOT), ERROR_NO_SPACE);
	/* what nobody has thought of */
	assert_int_equal(error_kind_of(-EXDEV), ERROR_FAILED);
}

static void test_first_reason_stays(void **)
{
	struct error error = {};

	assert_int_equal(error_take(&error, -ENOSPC, NULL), -ENOSPC);
	assert_string_equal(error.reason, "No space left on device");
	assert_int_equal(error_set(&error, ERROR_BUSY, "later"), -ENOSPC);
	assert_int_equal(error_take(&error, -EIO, strdup("later")), -EIO);
	assert_int_equal(error.kind, ERROR_NO_SPACE);
	assert_int_equal(error_prefix(&error, -EIO, "disk %d", 3), -EIO);
	assert_int_equal(error.kind, ERROR_NO_SPACE);
	assert_string_equal(error.reason, "disk 3: No space left on device");
	error_done(&error);
}

static void test_no_error(void **)
{
	struct error error = {};

	assert_int_equal(error_take(&error, 0, NULL), 0);
	assert_int_equal(error_take(&error, 7, strdup("unused")), 7);
	assert_int_equal(error_prefix(&error, 0, "x"), 0);
	assert_int_equal(error.kind, ERROR_NONE);
	assert_null(error.reason);
	assert_int_equal(error_prefix(&error, -ENOENT, "x"), -ENOENT);
	assert_string_equal(error.reason, "x: No such file or directory");
	error_done(&error);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_kinds),
		cmocka_unit_test(test_first_reason_stays),
		cmocka_unit_test(test_no_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
