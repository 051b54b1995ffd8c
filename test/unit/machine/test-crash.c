// SPDX-License-Identifier: GPL-2.0-or-later
// Texts of panics: put in order, taken out of the firmware, kept within limits.
#include "fake-tree.h"

#include <sys/stat.h>

#include "machine/crash-text.h"
#include "machine/crash.h"

#define NOON 1796126400 /* 2026-12-01 12:00 UTC */
#define PSTORE "/sys/fs/pstore"

static struct tree tree;

static int setup(void **state)
{
	(void)state;
	tree_make(&tree);
	tree_folder(&tree, PSTORE);
	tree_folder(&tree, "/run/mvirt");
	tree_file(&tree, "/proc/sys/kernel/panic", "30\n");
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	tree_remove(&tree);
	return 0;
}

static void record(const char *name, time_t time_s, const char *text)
{
	char path[128];
	const struct timespec times[] = { { .tv_sec = time_s }, { .tv_sec = time_s } };

	(void)snprintf(path, sizeof(path), PSTORE "/%s", name);
	tree_file(&tree, path, text);
	assert_int_equal(utimensat(AT_FDCWD, tree_path(&tree, path), times, 0), 0);
}

/* One panic of three parts, the middle one a second later than the first. */
static void record_panic(unsigned int boot, time_t time_s)
{
	char name[64];

	for (unsigned int part = 1; part <= 3; part++) {
		char text[128];

		(void)snprintf(name, sizeof(name), "dmesg-efi_pstore-%u%u", boot, part);
		(void)snprintf(text, sizeof(text), "Panic#1 Part%u\n%s", part,
			       part == 1   ? "<0>Kernel panic - not syncing: too hot\n"
			       : part == 2 ? "<4>CPU: 0\n<4>Call Trace:\n"
					   : "<6>hello\n");
		record(name, time_s + (part > 1), text);
	}
}

static void test_parts_in_order(void **state)
{
	struct crash_parts parts = {};
	char *text = NULL, *why = NULL;

	(void)state;
	assert_int_equal(crash_parts_add(&parts, "Panic#2 Part1\n<0>last\n", NOON + 9), 0);
	assert_int_equal(crash_parts_add(&parts, "Oops#1 Part2\n<4>first\n", NOON + 8), 0);
	assert_int_equal(crash_parts_add(&parts, "Panic#2 Part2\n<4>before <5>it\n", NOON + 10), 0);
	assert_int_equal(crash_parts_add(&parts, "Oops#1 Part1\n<1>BUG: bad\n", NOON + 8), 0);
	/* the same numbers, of another boot */
	assert_int_equal(crash_parts_add(&parts, "Panic#2 Part3\n<4>old\n", NOON - 900), 0);
	crash_parts_sort(&parts);
	assert_int_equal(crash_parts_of(&parts, 0), 1);
	assert_int_equal(crash_parts_of(&parts, 1), 2);
	assert_int_equal(crash_parts_of(&parts, 3), 2);
	text = crash_text(&parts, 1);
	assert_string_equal(text, "first\nBUG: bad\n");
	why = crash_why(text);
	assert_string_equal(why, "BUG: bad");
	free(why);
	free(text);
	text = crash_text(&parts, 3);
	assert_string_equal(text, "before <5>it\nlast\n");
	free(text);
	crash_parts_done(&parts);
}

static void test_why(void **state)
{
	static const struct {
		const char *text, *why;
	} cases[] = {
		{ "a\nBUG: bad\nOops: 0000\nKernel panic - not syncing: worse\nCPU: 0\n",
		  "Kernel panic - not syncing: worse" },
		/* hostd's line about the boot before, and a panic after a fault */
		{ "hostd: host: the last boot ended in a panic: Kernel panic - not syncing: old; "
		  "x\n"
		  "[    1.5] Kernel panic - not syncing: new\n",
		  "Kernel panic - not syncing: new" },
		{ "BUG: first\nhostd: host: Kernel panic - not syncing: old\nBUG: last",
		  "BUG: last" },
		{ "nothing known\nof it\n", "nothing known" },
		{ "", "" },
	};

	(void)state;
	for (size_t i = 0; i < ELEMENTS(cases); i++) {
		char *why = crash_why(cases[i].text);

		assert_string_equal(why, cases[i].why);
		free(why);
	}
}

static void test_not_a_record(void **state)
{
	static const char *const wrong[] = {
		"",
		"\n",
		"Panic#1 Part1",
		"Panic#1\ntext\n",
		"Panic#x Part1\n",
		"#1 Part1\n",
		"a name that is far too long for this#1 Part1\n",
		"\xff\xfe\n",
	};
	struct crash_parts parts = {};

	(void)state;
	for (size_t i = 0; i < ELEMENTS(wrong); i++)
		assert_int_equal(crash_parts_add(&parts, wrong[i], NOON), -EBADMSG);
	assert_int_equal(parts.count, 0);
	/* nothing behind the first line, and a priority without a line */
	assert_int_equal(crash_parts_add(&parts, "Panic#1 Part1\n", NOON), 0);
	assert_int_equal(crash_parts_add(&parts, "Panic#1 Part2\n<6>", NOON), 0);
	assert_int_equal(crash_parts_add(&parts, "Panic#1 Part3\n<6", NOON), 0);
	assert_string_equal(parts.items[0].text, "");
	assert_string_equal(parts.items[1].text, "");
	assert_string_equal(parts.items[2].text, "<6");
	while (parts.count < CRASH_PARTS_MAX)
		assert_int_equal(crash_parts_add(&parts, "Panic#1 Part4\n", NOON), 0);
	assert_int_equal(crash_parts_add(&parts, "Panic#1 Part4\n", NOON), -E2BIG);
	crash_parts_done(&parts);
}

static void test_nothing_to_take(void **state)
{
	struct crash_summary summary = {};

	(void)state;
	assert_int_equal(crash_take(tree.root, &summary), 0);
	assert_int_equal(summary.taken, 0);
	/* a BIOS has no such folder */
	assert_int_equal(crash_take(tree_path(&tree, "/none"), &summary), 0);
	assert_int_equal(crash_forget(tree_path(&tree, "/none")), 0);
}

static void test_taken_and_forgotten(void **state)
{
	struct crash_summary summary = {};
	struct text_list names = {};
	char *text = NULL;

	(void)state;
	record_panic(1, NOON);
	record_panic(2, NOON + 60);
	record("dmesg-efi_pstore-9.enc.z", NOON, "\x78\x9c not decompressed");
	record("dmesg-efi_pstore-8", NOON, "not a record");
	record("console-ramoops-0", NOON, "Panic#1 Part1\nno dump\n");
	assert_int_equal(crash_take(tree.root, &summary), 0);
	assert_int_equal(summary.taken, 2);
	assert_int_equal(summary.panics, 2);
	assert_true(summary.is_new);
	assert_string_equal(summary.why, "Kernel panic - not syncing: too hot");
	crash_summary_done(&summary);

	assert_int_equal(crash_list(tree.root, -EBADF, &names), 0);
	assert_int_equal(names.count, 2);
	assert_string_equal(names.items[0], "20261201T120100Z-1-panic.txt");
	assert_string_equal(names.items[1], "20261201T120000Z-1-panic.txt");
	assert_int_equal(crash_read(tree.root, -EBADF, names.items[1], &text), 0);
	assert_string_equal(text,
			    "hello\nCPU: 0\nCall Trace:\nKernel panic - not syncing: too hot\n");
	free(text);
	text_list_done(&names);

	/* the next hostd of this boot */
	assert_int_equal(crash_take(tree.root, &summary), 0);
	assert_int_equal(summary.panics, 2);
	assert_false(summary.is_new);
	crash_summary_done(&summary);

	/* all of it, what was not understood too: it is room that is wanted */
	assert_int_equal(crash_forget(tree.root), 0);
	assert_int_equal(crash_take(tree.root, &summary), 0);
	assert_int_equal(summary.taken, 0);
	assert_int_equal(crash_list(tree.root, -EBADF, &names), 0);
	assert_int_equal(names.count, 2);
	text_list_done(&names);
}

static void test_kept_on_the_data_volume(void **state)
{
	struct crash_summary summary = {};
	struct text_list names = {};
	char *text = NULL;
	int data_fd = -EBADF;

	(void)state;
	tree_folder(&tree, "/data");
	data_fd = open(tree_path(&tree, "/data"), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(data_fd >= 0);
	/* no panic: nothing is made */
	assert_int_equal(crash_keep(tree.root, data_fd), 0);
	assert_int_equal(faccessat(data_fd, "crash", F_OK, 0), -1);
	for (unsigned int i = 0; i < CRASH_KEPT_MAX + 5; i++)
		record_panic(i, NOON + i * 60);
	assert_int_equal(crash_take(tree.root, &summary), 0);
	crash_summary_done(&summary);
	assert_int_equal(crash_keep(tree.root, data_fd), 0);
	assert_int_equal(crash_keep(tree.root, data_fd), 0);

	/* the next boot: nothing in memory */
	assert_int_equal(crash_list(tree_path(&tree, "/none"), data_fd, &names), 0);
	assert_int_equal(names.count, CRASH_KEPT_MAX);
	assert_string_equal(names.items[0], "20261201T122400Z-1-panic.txt");
	assert_string_equal(names.items[CRASH_KEPT_MAX - 1], "20261201T120500Z-1-panic.txt");
	assert_int_equal(crash_read(tree_path(&tree, "/none"), data_fd, names.items[0], &text), 0);
	assert_non_null(strstr(text, "too hot"));
	free(text);
	text_list_done(&names);
	assert_int_equal(crash_read(tree.root, data_fd, "../../proc/sys/kernel/panic", &text),
			 -ENOENT);
	assert_int_equal(crash_read(tree.root, data_fd, "20010101T000000Z-1-panic.txt", &text),
			 -ENOENT);
	(void)close(data_fd);
}

static void test_halt_and_go_on(void **state)
{
	(void)state;
	assert_false(crash_halts(tree.root));
	tree_file(&tree, "/proc/sys/kernel/panic", "0\n");
	assert_true(crash_halts(tree.root));
	assert_int_equal(crash_set_timeout(tree.root, "30"), 0);
	assert_false(crash_halts(tree.root));
	assert_false(crash_halts(tree_path(&tree, "/none")));
	assert_int_equal(crash_set_timeout(tree_path(&tree, "/none"), "30"), -ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_parts_in_order, setup, teardown),
		cmocka_unit_test(test_why),
		cmocka_unit_test_setup_teardown(test_not_a_record, setup, teardown),
		cmocka_unit_test_setup_teardown(test_nothing_to_take, setup, teardown),
		cmocka_unit_test_setup_teardown(test_taken_and_forgotten, setup, teardown),
		cmocka_unit_test_setup_teardown(test_kept_on_the_data_volume, setup, teardown),
		cmocka_unit_test_setup_teardown(test_halt_and_go_on, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
