// SPDX-License-Identifier: GPL-2.0-or-later
// What /proc/meminfo says, and how much of it the kernel keeps free.
#include "fake-tree.h"

#include "base/array.h"
#include "base/meminfo.h"
#include "machine/memory-kept-free.h"

static struct tree tree;

static int setup(void **)
{
	tree_make(&tree);
	return 0;
}

static int teardown(void **)
{
	tree_remove(&tree);
	return 0;
}

static int read_text(const char *text, struct meminfo *ret_meminfo)
{
	tree_file(&tree, "/proc/meminfo", text);
	return meminfo_read(tree_path(&tree, "/proc/meminfo"), ret_meminfo);
}

static void test_read(void **)
{
	struct meminfo memory = {};

	assert_int_equal(
		read_text("MemTotal:        1024 kB\nMemFree: 1 kB\nMemAvailable:   512 kB\n",
			  &memory),
		0);
	assert_int_equal(memory.total_bytes, 1 << 20);
	assert_int_equal(memory.available_bytes, 1 << 19);
}

static void test_nothing_to_read(void **)
{
	static const char *const texts[] = {
		"",
		"MemTotal: 1024 kB\n",
		"MemAvailable: 1024 kB\n",
		"MemTotal: many kB\nMemAvailable: 1 kB\n",
		"xMemTotal: 1024 kB\nMemAvailable: 1 kB\n",
	};
	struct meminfo memory = { .total_bytes = 7 };

	for (size_t i = 0; i < ELEMENTS(texts); i++)
		assert_int_equal(read_text(texts[i], &memory), -ENODATA);
	assert_int_equal(meminfo_read("/nowhere/meminfo", &memory), -ENOENT);
	assert_int_equal(memory.total_bytes, 7);
}

static void assert_kept(const char *total_kib, const char *before, const char *after)
{
	char text[128], kept[32] = "";
	FILE *file = NULL;

	(void)snprintf(text, sizeof(text), "MemTotal: %s kB\nMemAvailable: 1 kB\n", total_kib);
	tree_file(&tree, "/proc/meminfo", text);
	tree_file(&tree, "/proc/sys/vm/min_free_kbytes", before);
	memory_kept_free_limit(tree.root);
	file = fopen(tree_path(&tree, "/proc/sys/vm/min_free_kbytes"), "re");
	assert_non_null(file);
	assert_non_null(fgets(kept, sizeof(kept), file));
	(void)fclose(file);
	kept[strcspn(kept, "\n")] = '\0';
	assert_string_equal(kept, after);
}

/* Lowered on a small machine, and nowhere raised. */
static void test_kept_free(void **)
{
	assert_kept("2097152", "45056\n", "8192");
	assert_kept("2097152", "8192\n", "8192");
	assert_kept("2097152", "5700\n", "5700");
	assert_kept("67108864", "67584\n", "67584");
	assert_kept("2097152", "much\n", "much");
}

static void test_kept_free_without_proc(void **)
{
	memory_kept_free_limit(tree.root);
	tree_file(&tree, "/proc/meminfo", "MemTotal: 2097152 kB\nMemAvailable: 1 kB\n");
	memory_kept_free_limit(tree.root);
	assert_int_equal(access(tree_path(&tree, "/proc/sys/vm/min_free_kbytes"), F_OK), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_read, setup, teardown),
		cmocka_unit_test_setup_teardown(test_nothing_to_read, setup, teardown),
		cmocka_unit_test_setup_teardown(test_kept_free, setup, teardown),
		cmocka_unit_test_setup_teardown(test_kept_free_without_proc, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
