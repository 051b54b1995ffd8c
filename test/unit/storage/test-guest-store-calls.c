// SPDX-License-Identifier: GPL-2.0-or-later
// Guests' folders: every system call fails in turn, and hostd is cut off at every one. What is
// listed then is what was before, or what was wanted.
#include "guest-store-fixture.h"

#include "storage/image/image.h"

struct scenario {
	const char *name;
	void (*prepare)(void);
	int (*act)(void);
	const char *before, *after; /* what listed() says */
	bool no_list; /* act changes no definition */
};

static void prepare_nothing(void)
{
}

static void prepare_web(void)
{
	assert_int_equal(guest_store_create(root_fd, "web", "one"), 0);
	tree_file(&tree, "/guests/web/disk.raw", "disk");
	tree_file(&tree, "/guests/web/folder/x", "x");
	tree_file(&tree, "/guests/web/variables.fd", "variables");
}

static void prepare_disks(void)
{
	tree_file(&tree, "/guests/web/disk.raw", "disk");
}

static void prepare_left_overs(void)
{
	tree_file(&tree, "/guests/.new-a/guest.conf", "half");
	tree_file(&tree, "/guests/www/guest.conf", "one");
	tree_file(&tree, "/guests/www/guest.conf.to-www", "two");
	tree_file(&tree, "/images/x.iso", "iso");
}

static int act_create(void)
{
	return guest_store_create(root_fd, "web", "one");
}

static int act_save(void)
{
	return guest_store_save(root_fd, "web", "two");
}

static int act_rename(void)
{
	return guest_store_rename(root_fd, "web", "www", "two");
}

static int act_delete(void)
{
	return guest_store_delete(root_fd, "web", false);
}

static int act_delete_all(void)
{
	return guest_store_delete(root_fd, "web", true);
}

static int act_list(void)
{
	struct text_list names = {};
	int r = guest_store_list(root_fd, &names);

	assert_true(r == 0 || (!names.items && names.count == 0));
	text_list_done(&names);
	return r;
}

static int act_load(void)
{
	char *text = NULL;
	int r = guest_store_load(root_fd, "www", &text);

	assert_true((r == 0) == (text != NULL));
	free(text);
	return r;
}

static int act_make_folder(void)
{
	return guest_store_make_folder(root_fd, "web");
}

static int act_open_new(void)
{
	int fd = -1, r = guest_store_open(root_fd, "web", "new", O_RDWR | O_CREAT | O_EXCL, &fd);

	assert_true((r == 0) == (fd >= 0));
	/* What was not handed over is not there either; nothing can be done after a cut. */
	if (!fake.cut && r < 0)
		assert_false(there_is("/guests/web/new"));
	if (fd >= 0)
		(void)close(fd);
	return r;
}

#define DISK_BYTES (UINT64_C(1) << 30)

static int fill_disk(int fd, const void *data)
{
	return image_make(fd, *(const enum disk_format *)data, DISK_BYTES);
}

/* As the guest's next start finds it: whole, or not there, and then it can be made. */
static void expect_whole(enum disk_format format)
{
	_cleanup_free_ char *why = NULL;
	int fd = open(tree_path(&tree, "/guests/web/folder/new.img"), O_RDONLY | O_CLOEXEC);

	if (fd >= 0 && image_check(fd, format, &why) < 0)
		fail_msg("a disk is half made: %s", why);
	if (fd < 0)
		assert_int_equal(
			guest_store_make(root_fd, "web", "folder/new.img", fill_disk, &format), 0);
	else
		(void)close(fd);
}

static int make_disk(enum disk_format format)
{
	const bool active = fake.active;
	int r = guest_store_make(root_fd, "web", "folder/new.img", fill_disk, &format);

	fake.active = false;
	if (r == 0)
		assert_true(there_is("/guests/web/folder/new.img"));
	expect_whole(format);
	fake.active = active;
	return r;
}

static int act_make_raw(void)
{
	return make_disk(DISK_FORMAT_RAW);
}

static int act_make_qcow2(void)
{
	return make_disk(DISK_FORMAT_QCOW2);
}

static int act_open_shared(void)
{
	int fd = -1, r = guest_store_open_shared(root_fd, "x.iso", &fd);

	assert_true((r == 0) == (fd >= 0));
	if (fd >= 0)
		(void)close(fd);
	return r;
}

static const struct scenario scenarios[] = {
	{ "create", prepare_nothing, act_create, "", "web=one", false },
	{ "create over disks", prepare_disks, act_create, "", "web=one", false },
	{ "save", prepare_web, act_save, "web=one", "web=two", false },
	{ "rename", prepare_web, act_rename, "web=one", "www=two", false },
	{ "delete", prepare_web, act_delete, "web=one", "", false },
	{ "delete with disks", prepare_web, act_delete_all, "web=one", "", false },
	{ "list", prepare_left_overs, act_list, "www=two", "www=two", true },
	{ "load", prepare_left_overs, act_load, "www=two", "www=two", true },
	{ "make folder", prepare_nothing, act_make_folder, "", "", true },
	{ "open new", prepare_web, act_open_new, "web=one", "web=one", true },
	{ "make a raw disk", prepare_web, act_make_raw, "web=one", "web=one", true },
	{ "make a qcow2 disk", prepare_web, act_make_qcow2, "web=one", "web=one", true },
	{ "open shared", prepare_left_overs, act_open_shared, "www=two", "www=two", true },
};

/* Returns whether there was an n-th call. */
static bool try_at(const struct scenario *scenario, int n, bool cut, int error)
{
	bool reached = false;
	const char *found = NULL;
	int r = 0, fds = 0;

	begin();
	scenario->prepare();
	fds = count_fds();
	fake = (typeof(fake)){ .active = true, .cut = cut, .fail_at = n, .error = error };
	r = scenario->act();
	reached = fake.call >= n;
	fake.active = false;
	assert_int_equal(count_fds(), fds);
	if (r > 0 || (r == 0 && !reached && n == 1))
		fail_msg("%s: returned %d at call %d", scenario->name, r, n);
	found = listed();
	if (r == 0 ? strcmp(found, scenario->after) != 0
		   : strcmp(found, scenario->before) != 0 && strcmp(found, scenario->after) != 0)
		fail_msg("%s: %s at call %d (%s): %d, then \"%s\"", scenario->name,
			 cut ? "cut" : "failed", n, strerror(error), r, found);
	expect_nothing_left_over();
	/* Whatever has happened, it can be had now. */
	if (r < 0 && strcmp(found, scenario->before) == 0 && !scenario->no_list) {
		assert_int_equal(scenario->act(), 0);
		assert_string_equal(listed(), scenario->after);
	}
	end();
	return reached;
}

static void test_every_call(void **)
{
	static const int errors[] = { EIO, ENOSPC, EMFILE, EROFS };
	int stderr_fd = dup(STDERR_FILENO), null_fd = open("/dev/null", O_WRONLY | O_CLOEXEC);

	/* hostd's complaints are many. */
	assert_true(dup2(null_fd, STDERR_FILENO) >= 0);
	end();
	for (size_t i = 0; i < ELEMENTS(scenarios); i++)
		for (size_t k = 0; k < ELEMENTS(errors); k++) {
			int n = 1;

			while (try_at(&scenarios[i], n, false, errors[k]))
				n++;
			assert_true(n > 3);
			n = 1;
			while (try_at(&scenarios[i], n, true, errors[k]))
				n++;
			assert_true(n > 3);
		}
	begin();
	(void)dup2(stderr_fd, STDERR_FILENO);
	(void)close(stderr_fd);
	(void)close(null_fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_every_call, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
