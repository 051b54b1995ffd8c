// SPDX-License-Identifier: GPL-2.0-or-later
// The steps of a boot: noted once, read in order, whatever else is in the file.
#include "fake-tree.h"

#include <time.h>
#include <x86intrin.h>

#include "base/text.h"
#include "machine/boot-times.h"

static struct tree tree;

static int setup(void **state)
{
	(void)state;
	tree_make(&tree);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	tree_remove(&tree);
	return 0;
}

static void test_nothing_noted(void **state)
{
	struct boot_times times = { .count = 7 };

	(void)state;
	assert_int_equal(boot_times_read(tree.root, &times), -ENOENT);
	assert_int_equal(times.count, 7);
	/* No such folder: lost. */
	boot_times_mark(tree_path(&tree, "/none"), "step");
}

static void test_marks(void **state)
{
	struct boot_times times = {};

	(void)state;
	tree_file(&tree, "/boot-times", "1200 kernel\n");
	boot_times_mark(tree.root, "PID 1");
	boot_times_mark(tree.root, "KVM probe");
	assert_int_equal(boot_times_read(tree.root, &times), 0);
	assert_int_equal(times.count, 3);
	assert_string_equal(times.phases[0].name, "kernel");
	assert_int_equal(times.phases[0].end_usec, 1200);
	assert_string_equal(times.phases[1].name, "PID 1");
	assert_string_equal(times.phases[2].name, "KVM probe");
	assert_true(times.phases[2].end_usec >= times.phases[1].end_usec);
	/* The counter is known for too short a time. */
	assert_int_equal(times.before_usec, 0);
}

static void test_the_first_of_a_name_counts(void **state)
{
	struct boot_times times = {};

	(void)state;
	tree_file(&tree, "/boot-times", "1 kernel\n2 PID 1\n3 KVM probe\n");
	/* a later hostd, and names that are parts of others */
	boot_times_mark(tree.root, "PID 1");
	boot_times_mark(tree.root, "PID");
	boot_times_mark(tree.root, "probe 2");
	assert_int_equal(boot_times_read(tree.root, &times), 0);
	assert_int_equal(times.count, 5);
	assert_int_equal(times.phases[1].end_usec, 2);
	assert_string_equal(times.phases[3].name, "PID");
	assert_string_equal(times.phases[4].name, "probe 2");
}

static void test_names_that_are_not_noted(void **state)
{
	char name[BOOT_TIMES_NAME_MAX + 1];
	struct boot_times times = {};

	(void)state;
	memset(name, 'a', sizeof(name));
	name[sizeof(name) - 1] = '\0';
	boot_times_mark(tree.root, name);
	boot_times_mark(tree.root, "two\nlines");
	assert_int_equal(boot_times_read(tree.root, &times), -ENOENT);
}

static void test_what_is_no_line_is_left_out(void **state)
{
	struct boot_times times = {};

	(void)state;
	tree_file(&tree, "/boot-times", "x kernel\n\n17\n17 \n18 tsc=abc\n19 end");
	assert_int_equal(boot_times_read(tree.root, &times), 0);
	assert_int_equal(times.phases[times.count - 1].end_usec, 19);
	assert_string_equal(times.phases[times.count - 1].name, "end");
}

static void test_there_is_an_end(void **state)
{
	struct boot_times times = {};
	char name[32];

	(void)state;
	for (int i = 0; i < 2000; i++) {
		(void)snprintf(name, sizeof(name), "step %d", i);
		boot_times_mark(tree.root, name);
	}
	assert_int_equal(boot_times_read(tree.root, &times), 0);
	assert_int_equal(times.count, BOOT_TIMES_MAX);
	assert_string_equal(times.phases[0].name, "step 0");
}

/* The counter was 0 when the kernel's clock began, or runs since long before. */
static void test_before_the_kernel(void **state)
{
	struct boot_times times = {};

	(void)state;
	tree_file(&tree, "/boot-times", "0 tsc=1\n5 kernel\n");
	assert_int_equal(boot_times_read(tree.root, &times), 0);
	assert_int_equal(times.before_usec, 0);
	/* more than it is now: it was set to another value */
	tree_file(&tree, "/boot-times", "0 tsc=18446744073709551615\n5 kernel\n");
	assert_int_equal(boot_times_read(tree.root, &times), 0);
	assert_int_equal(times.before_usec, 0);
	/* half of what it is now, at the beginning: as long before as since then */
	{
		_cleanup_free_ char *line = text_format("0 tsc=%llu\n5 kernel\n", __rdtsc() / 2);
		struct timespec now = {};

		tree_file(&tree, "/boot-times", line);
		(void)clock_gettime(CLOCK_BOOTTIME, &now);
		assert_int_equal(boot_times_read(tree.root, &times), 0);
		assert_true(times.before_usec / 1000000 >= (uint64_t)now.tv_sec - 2);
		assert_true(times.before_usec / 1000000 <= (uint64_t)now.tv_sec + 2);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_nothing_noted, setup, teardown),
		cmocka_unit_test_setup_teardown(test_marks, setup, teardown),
		cmocka_unit_test_setup_teardown(test_the_first_of_a_name_counts, setup, teardown),
		cmocka_unit_test_setup_teardown(test_names_that_are_not_noted, setup, teardown),
		cmocka_unit_test_setup_teardown(test_what_is_no_line_is_left_out, setup, teardown),
		cmocka_unit_test_setup_teardown(test_there_is_an_end, setup, teardown),
		cmocka_unit_test_setup_teardown(test_before_the_kernel, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
