// SPDX-License-Identifier: GPL-2.0-or-later
// The framebuffer's description out of a fake sysfs.
#include "fake-tree.h"

#include "machine/console/screen.h"

#define FB "/sys/class/graphics/fb0"

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

static void test_no_screen(void **state)
{
	struct screen_status screen = { .present = true };

	(void)state;
	screen_probe(tree.root, &screen);
	assert_false(screen.present);
	assert_int_equal(screen.width, 0);
	assert_string_equal(screen.driver, "");
}

static void test_drm_screen(void **state)
{
	struct screen_status screen = {};

	(void)state;
	tree_file(&tree, FB "/name", "bochs-drmdrmfb\n");
	tree_file(&tree, FB "/modes", "U:1280x800p-0\n");
	tree_file(&tree, FB "/virtual_size", "1280,1600\n");
	tree_file(&tree, FB "/bits_per_pixel", "32\n");
	screen_probe(tree.root, &screen);
	assert_true(screen.present);
	assert_int_equal(screen.width, 1280);
	assert_int_equal(screen.height, 800);
	assert_int_equal(screen.bits_per_pixel, 32);
	assert_string_equal(screen.driver, "bochs-drm");
}

static void test_plain_framebuffer(void **state)
{
	struct screen_status screen = {};

	(void)state;
	tree_file(&tree, FB "/name", "EFI VGA with a name that is longer than the field\n");
	tree_file(&tree, FB "/virtual_size", "1024,768\n");
	screen_probe(tree.root, &screen);
	assert_int_equal(screen.width, 1024);
	assert_int_equal(screen.height, 768);
	assert_string_equal(screen.driver, "EFI VGA with a name that is lon");
	tree_file(&tree, FB "/name", "simpledrmdrmfb\n");
	tree_file(&tree, FB "/virtual_size", "garbage\n");
	screen_probe(tree.root, &screen);
	assert_true(screen.present);
	assert_int_equal(screen.width, 0);
	assert_string_equal(screen.driver, "simpledrm");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_no_screen, setup, teardown),
		cmocka_unit_test_setup_teardown(test_drm_screen, setup, teardown),
		cmocka_unit_test_setup_teardown(test_plain_framebuffer, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
