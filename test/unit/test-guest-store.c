// SPDX-License-Identifier: GPL-2.0-or-later
// Guests' folders: every system call fails in turn, and hostd is cut off at every one. What is
// listed then is what was before, or what was wanted.
// link: -Wl,--wrap=syscall,--wrap=mkdirat,--wrap=renameat,--wrap=renameat2,--wrap=unlinkat
// link: -Wl,--wrap=fsync,--wrap=openat,--wrap=write,--wrap=read,--wrap=fstat,--wrap=fdopendir
// link: -Wl,--wrap=faccessat,--wrap=fcntl,--wrap=reallocarray,--wrap=realloc
#include "fake-tree.h"

#include <linux/openat2.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "storage/guest-store-internal.h"

static struct tree tree;
static int root_fd = -1;
static char steps[4096]; /* what was done to the disk, in order */

static struct {
	bool active, cut; /* cut: nothing works any more from there on */
	int call, fail_at, error;
} fake;

static bool fails(const char *name)
{
	size_t length = strlen(steps);

	if (!fake.active)
		return false;
	fake.call++;
	if (fake.fail_at == 0)
		(void)snprintf(steps + length, sizeof(steps) - length, "%s ", name);
	if (fake.fail_at == 0 || (fake.cut ? fake.call < fake.fail_at : fake.call != fake.fail_at))
		return false;
	errno = fake.error;
	return true;
}

#define WRAP(type, name, failure, parameters, arguments)                       \
	type __real_##name parameters;                                         \
	type __wrap_##name parameters;                                         \
	type __wrap_##name parameters                                          \
	{                                                                      \
		return fails(#name) ? (type)failure : __real_##name arguments; \
	}

WRAP(int, mkdirat, -1, (int fd, const char *path, mode_t mode), (fd, path, mode))
WRAP(int, renameat, -1, (int a, const char *from, int b, const char *to), (a, from, b, to))
WRAP(int, renameat2, -1, (int a, const char *from, int b, const char *to, unsigned int flags),
     (a, from, b, to, flags))
WRAP(int, unlinkat, -1, (int fd, const char *path, int flags), (fd, path, flags))
WRAP(int, fsync, -1, (int fd), (fd))
WRAP(ssize_t, write, -1, (int fd, const void *data, size_t length), (fd, data, length))
WRAP(ssize_t, read, -1, (int fd, void *data, size_t length), (fd, data, length))
WRAP(int, fstat, -1, (int fd, struct stat *status), (fd, status))
WRAP(DIR *, fdopendir, 0, (int fd), (fd))
WRAP(int, faccessat, -1, (int fd, const char *path, int mode, int flags), (fd, path, mode, flags))
WRAP(void *, reallocarray, 0, (void *array, size_t count, size_t size), (array, count, size))
WRAP(void *, realloc, 0, (void *array, size_t size), (array, size))

int __real_openat(int fd, const char *path, int flags, ...);
int __wrap_openat(int fd, const char *path, int flags, ...);
int __wrap_openat(int fd, const char *path, int flags, ...)
{
	return fails("openat") ? -1 : __real_openat(fd, path, flags, 0600);
}

int __real_fcntl(int fd, int command, ...);
int __wrap_fcntl(int fd, int command, ...);
int __wrap_fcntl(int fd, int command, ...)
{
	va_list arguments;
	int argument = 0;

	va_start(arguments, command);
	argument = va_arg(arguments, int);
	va_end(arguments);
	return fails("fcntl") ? -1 : __real_fcntl(fd, command, argument);
}

long __real_syscall(long number, ...);
long __wrap_syscall(long number, ...);
long __wrap_syscall(long number, ...)
{
	va_list arguments;
	long a[4];

	va_start(arguments, number);
	for (int i = 0; i < 4; i++)
		a[i] = va_arg(arguments, long);
	va_end(arguments);
	return fails("openat2") ? -1 : __real_syscall(number, a[0], a[1], a[2], a[3]);
}

static void on_log(enum log_level, const char *, const char *, void *)
{
}

static void begin(void)
{
	memset(&fake, 0, sizeof(fake));
	steps[0] = '\0';
	tree_make(&tree);
	root_fd = open(tree.root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(root_fd >= 0);
}

static void end(void)
{
	(void)close(root_fd);
	tree_remove(&tree);
}

static int setup(void **)
{
	log_set_hook(on_log, NULL);
	begin();
	return 0;
}

static int teardown(void **)
{
	end();
	return 0;
}

/* All guests with their definitions: "a=text b=text". */
static const char *listed(void)
{
	static char all[4096];
	struct text_list names = {};
	size_t length = 0;

	all[0] = '\0';
	assert_int_equal(guest_store_list(root_fd, &names), 0);
	for (size_t i = 0; i < names.count; i++) {
		char *text = NULL;

		assert_int_equal(guest_store_load(root_fd, names.items[i], &text), 0);
		length += (size_t)snprintf(all + length, sizeof(all) - length, "%s%s=%s",
					   i ? " " : "", names.items[i], text);
		free(text);
	}
	text_list_done(&names);
	return all;
}

static bool there_is(const char *path)
{
	return access(tree_path(&tree, path), F_OK) == 0;
}

/* Nothing of what has a name of its own only while it is made. What is put aside is the trash's. */
static int is_left_over(const char *path, const struct stat *, int, struct FTW *ftw)
{
	const char *name = path + ftw->base;

	if (strncmp(name, ".new-", 5) == 0 || strncmp(name, "guest.conf.", 11) == 0)
		fail_msg("left over: %s", path);
	return 0;
}

static void expect_nothing_left_over(void)
{
	assert_int_equal(nftw(tree.root, is_left_over, 16, FTW_PHYS), 0);
}

/* --- what it does --- */

static void test_create_and_load(void **)
{
	struct stat status;
	char *text = NULL;

	assert_string_equal(listed(), "");
	assert_int_equal(guest_store_create(root_fd, "web", "one"), 0);
	assert_int_equal(guest_store_create(root_fd, "db", "two"), 0);
	assert_int_equal(guest_store_create(root_fd, "web", "three"), -EEXIST);
	assert_string_equal(listed(), "db=two web=one");
	assert_int_equal(stat(tree_path(&tree, "/guests/web"), &status), 0);
	assert_int_equal(status.st_mode & 07777, 0700);
	assert_int_equal(stat(tree_path(&tree, "/guests/web/guest.conf"), &status), 0);
	assert_int_equal(status.st_mode & 07777, 0600);
	assert_int_equal(guest_store_load(root_fd, "none", &text), -ENOENT);
	assert_null(text);
	expect_nothing_left_over();
}

static void test_save(void **)
{
	assert_int_equal(guest_store_save(root_fd, "web", "one"), -ENOENT);
	assert_int_equal(guest_store_create(root_fd, "web", "one"), 0);
	assert_int_equal(guest_store_save(root_fd, "web", "two"), 0);
	assert_string_equal(listed(), "web=two");
	expect_nothing_left_over();
}

static void test_rename(void **)
{
	assert_int_equal(guest_store_rename(root_fd, "web", "www", "two"), -ENOENT);
	assert_int_equal(guest_store_create(root_fd, "web", "one"), 0);
	tree_file(&tree, "/guests/web/disk.raw", "disk");
	assert_int_equal(guest_store_create(root_fd, "db", "three"), 0);
	assert_int_equal(guest_store_rename(root_fd, "web", "db", "two"), -EEXIST);
	expect_nothing_left_over();
	assert_int_equal(guest_store_rename(root_fd, "web", "web", "two"), -EEXIST);
	assert_string_equal(listed(), "db=three web=one");
	assert_int_equal(guest_store_rename(root_fd, "web", "www", "two"), 0);
	expect_nothing_left_over();
	assert_string_equal(listed(), "db=three www=two");
	assert_true(there_is("/guests/www/disk.raw"));
	assert_false(there_is("/guests/web"));
	/* Disks of a guest that there is no more are in the way, too. */
	tree_file(&tree, "/guests/old/disk.raw", "disk");
	assert_int_equal(guest_store_rename(root_fd, "www", "old", "two"), -EEXIST);
}

/* The folder has its new name, and its definition not yet: also where nothing can be written. */
static void test_half_renamed(void **)
{
	char *text = NULL;

	tree_file(&tree, "/guests/www/guest.conf", "of web");
	tree_file(&tree, "/guests/www/guest.conf.to-www", "of www");
	tree_file(&tree, "/guests/db/guest.conf", "of db");
	tree_file(&tree, "/guests/db/guest.conf.to-sql", "of sql");
	tree_file(&tree, "/guests/db/guest.conf.new", "half of");
	assert_int_equal(guest_store_load(root_fd, "www", &text), 0);
	assert_string_equal(text, "of www");
	free(text);
	assert_string_equal(listed(), "db=of db www=of www");
	expect_nothing_left_over();

	tree_file(&tree, "/guests/www/guest.conf.to-www", "newer");
	assert_int_equal(guest_store_save(root_fd, "www", "newest"), 0);
	assert_string_equal(listed(), "db=of db www=newest");
}

static void test_delete(void **)
{
	assert_int_equal(guest_store_delete(root_fd, "web", true), -ENOENT);
	assert_int_equal(guest_store_create(root_fd, "web", "one"), 0);
	tree_file(&tree, "/guests/web/disk.raw", "disk");
	tree_file(&tree, "/guests/web/variables.fd", "variables");
	assert_int_equal(guest_store_delete(root_fd, "web", false), 0);
	assert_string_equal(listed(), "");
	assert_true(there_is("/guests/web/disk.raw"));
	assert_false(there_is("/guests/web/variables.fd"));
	/* One of the same name takes the disks over. */
	assert_int_equal(guest_store_create(root_fd, "web", "two"), 0);
	assert_string_equal(listed(), "web=two");
	tree_file(&tree, "/guests/web/a/b/c", "deep");
	tree_link(&tree, "/guests/web/link", "/outside");
	tree_file(&tree, "/outside/file", "stays");
	assert_int_equal(guest_store_delete(root_fd, "web", true), 0);
	assert_false(there_is("/guests/web"));
	assert_true(there_is("/outside/file"));
	assert_true(there_is("/guests/.gone-0/a/b/c"));
	expect_nothing_left_over();
	/* Another one, before the first is removed. */
	assert_int_equal(guest_store_create(root_fd, "web", "two"), 0);
	assert_int_equal(guest_store_delete(root_fd, "web", true), 0);
	assert_true(there_is("/guests/.gone-1/guest.conf"));
	assert_string_equal(listed(), "");
	/* Without disks there is no reason for a folder. */
	assert_int_equal(guest_store_create(root_fd, "web", "three"), 0);
	assert_int_equal(guest_store_delete(root_fd, "web", false), 0);
	assert_false(there_is("/guests/web"));
}

static void test_make_folder(void **)
{
	assert_int_equal(guest_store_make_folder(root_fd, "web"), 0);
	assert_int_equal(guest_store_make_folder(root_fd, "web"), 0);
	assert_string_equal(listed(), "");
	tree_file(&tree, "/guests/file", "");
	assert_int_equal(guest_store_make_folder(root_fd, "file"), -ENOTDIR);
	assert_int_equal(guest_store_create(root_fd, "file", "one"), -EEXIST);
}

static void test_left_overs(void **)
{
	tree_file(&tree, "/guests/.new-web/guest.conf", "half");
	tree_file(&tree, "/guests/.gone-0/guest.conf", "gone");
	tree_file(&tree, "/guests/Not A Name/guest.conf", "stays");
	tree_file(&tree, "/guests/b/guest.conf", "b");
	tree_file(&tree, "/guests/a/guest.conf", "a");
	tree_file(&tree, "/guests/no-definition/disk.raw", "disk");
	tree_link(&tree, "/guests/link", "/guests/a");
	assert_string_equal(listed(), "a=a b=b");
	expect_nothing_left_over();
	assert_true(there_is("/guests/Not A Name/guest.conf"));
	assert_true(there_is("/guests/no-definition/disk.raw"));
}

static void test_names_and_sizes(void **)
{
	static const char *const wrong[] = { "", ".", "..", "a/b", ".new-a", "A", "a b" };
	static char large[GUEST_STORE_BYTES_MAX + 2];
	char *text = NULL;
	int fd = -1;

	for (size_t i = 0; i < ELEMENTS(wrong); i++) {
		assert_int_equal(guest_store_create(root_fd, wrong[i], "x"), -EINVAL);
		assert_int_equal(guest_store_save(root_fd, wrong[i], "x"), -EINVAL);
		assert_int_equal(guest_store_load(root_fd, wrong[i], &text), -EINVAL);
		assert_int_equal(guest_store_make_folder(root_fd, wrong[i]), -EINVAL);
		assert_int_equal(guest_store_delete(root_fd, wrong[i], true), -EINVAL);
		assert_int_equal(guest_store_rename(root_fd, wrong[i], "a", "x"), -EINVAL);
		assert_int_equal(guest_store_rename(root_fd, "a", wrong[i], "x"), -EINVAL);
		assert_int_equal(guest_store_open(root_fd, wrong[i], "x", O_RDONLY, &fd), -EINVAL);
	}
	memset(large, 'x', sizeof(large) - 1);
	assert_int_equal(guest_store_create(root_fd, "a", large), -EFBIG);
	large[GUEST_STORE_BYTES_MAX] = '\0';
	assert_int_equal(guest_store_create(root_fd, "a", large), 0);
	large[GUEST_STORE_BYTES_MAX] = 'x';
	tree_file(&tree, "/guests/b/guest.conf", large);
	assert_int_equal(guest_store_load(root_fd, "b", &text), -EFBIG);
	tree_bytes(&tree, "/guests/c/guest.conf", "a\0b", 3);
	assert_int_equal(guest_store_load(root_fd, "c", &text), -EILSEQ);
	tree_folder(&tree, "/guests/d/guest.conf");
	assert_int_equal(guest_store_load(root_fd, "d", &text), -EINVAL);
	assert_int_equal(mkdir(tree_path(&tree, "/guests/e"), 0700), 0);
	assert_int_equal(mkfifo(tree_path(&tree, "/guests/e/guest.conf"), 0600), 0);
	assert_int_equal(guest_store_load(root_fd, "e", &text), -EINVAL);
	tree_link(&tree, "/guests/f/guest.conf", "/guests/a/guest.conf");
	assert_int_equal(guest_store_load(root_fd, "f", &text), -ELOOP);
}

/* --- files --- */

static void expect_opens(const char *path, int flags)
{
	struct stat status;
	int fd = -1, have = 0;

	assert_int_equal(guest_store_open(root_fd, "web", path, flags, &fd), 0);
	assert_int_equal(fstat(fd, &status), 0);
	have = fcntl(fd, F_GETFL);
	assert_int_equal(have & O_ACCMODE, flags & O_ACCMODE);
	assert_int_equal(have & O_NONBLOCK, 0);
	assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
	(void)close(fd);
}

static void test_open(void **)
{
	static const char *const wrong[] = { "",
					     ".",
					     "/disk.raw",
					     "../db/x",
					     "a/../../db/x",
					     "link",
					     "outside/x",
					     "fifo",
					     "folder",
					     "guest.conf",
					     "./guest.conf",
					     "guest.conf.to-db",
					     "guest.conf.new" };
	struct stat status;
	int fd = -1;

	assert_int_equal(guest_store_open(root_fd, "web", "x", O_RDONLY, &fd), -ENOENT);
	tree_file(&tree, "/guests/web/disk.raw", "disk");
	tree_file(&tree, "/guests/web/folder/disk.raw", "disk");
	tree_file(&tree, "/guests/db/x", "other");
	tree_link(&tree, "/guests/web/link", "/guests/web/disk.raw");
	tree_link(&tree, "/guests/web/outside", "/guests/db");
	tree_file(&tree, "/guests/web/guest.conf", "definition");
	assert_int_equal(mkfifo(tree_path(&tree, "/guests/web/fifo"), 0600), 0);
	for (size_t i = 0; i < ELEMENTS(wrong); i++) {
		assert_int_equal(guest_store_open(root_fd, "web", wrong[i], O_RDWR, &fd), -EINVAL);
		assert_int_equal(guest_store_open(root_fd, "web", wrong[i], O_RDONLY, &fd),
				 -EINVAL);
	}
	expect_opens("disk.raw", O_RDONLY);
	expect_opens("disk.raw", O_RDWR);
	expect_opens("./folder//disk.raw", O_RDWR);
	assert_int_equal(guest_store_open(root_fd, "web", "none", O_RDWR, &fd), -ENOENT);
	expect_opens("new.raw", O_RDWR | O_CREAT | O_EXCL);
	assert_int_equal(stat(tree_path(&tree, "/guests/web/new.raw"), &status), 0);
	assert_int_equal(status.st_mode & 07777, 0600);
	assert_int_equal(guest_store_open(root_fd, "web", "new.raw", O_RDWR | O_CREAT | O_EXCL,
					  &fd),
			 -EEXIST);
	assert_int_equal(guest_store_open(root_fd, "web", "disk.raw", O_RDWR | O_CREAT, &fd),
			 -EINVAL);
	assert_int_equal(guest_store_open(root_fd, "web", "disk.raw", O_RDWR | O_TRUNC, &fd),
			 -EINVAL);
	assert_int_equal(guest_store_open(root_fd, "web", "disk.raw", O_WRONLY, &fd), -EINVAL);
	assert_int_equal(fd, -1);
}

static void test_open_shared(void **)
{
	int fd = -1;

	assert_int_equal(guest_store_open_shared(root_fd, "x.iso", &fd), -ENOENT);
	tree_file(&tree, "/images/x.iso", "iso");
	tree_file(&tree, "/guests/db/x", "other");
	tree_link(&tree, "/images/link", "/guests/db/x");
	assert_int_equal(guest_store_open_shared(root_fd, "link", &fd), -EINVAL);
	assert_int_equal(guest_store_open_shared(root_fd, "../guests/db/x", &fd), -EINVAL);
	assert_int_equal(guest_store_open_shared(root_fd, "/x.iso", &fd), -EINVAL);
	assert_int_equal(guest_store_open_shared(root_fd, "x.iso", &fd), 0);
	assert_int_equal(fcntl(fd, F_GETFL) & O_ACCMODE, O_RDONLY);
	(void)close(fd);
}

/* --- the order --- */

/* Nothing has its name before it is on the disk, and then the name is brought there. */
static void test_order(void **)
{
	static const char written[] = "openat write fsync renameat ";

	assert_int_equal(guest_store_create(root_fd, "db", "x"), 0);
	fake.active = true;
	assert_int_equal(guest_store_create(root_fd, "web", "one"), 0);
	fake.active = false;
	assert_non_null(strstr(steps, written));
	assert_non_null(
		strstr(strstr(steps, written) + strlen(written), "fsync fsync renameat2 fsync "));
	steps[0] = '\0';
	fake = (typeof(fake)){ .active = true };
	assert_int_equal(guest_store_rename(root_fd, "web", "www", "two"), 0);
	fake.active = false;
	assert_non_null(strstr(steps, written));
	assert_non_null(
		strstr(strstr(steps, written) + strlen(written), "fsync fsync renameat2 fsync "));
}

/* --- every call fails, hostd is cut off at every call --- */

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
		cmocka_unit_test_setup_teardown(test_create_and_load, setup, teardown),
		cmocka_unit_test_setup_teardown(test_save, setup, teardown),
		cmocka_unit_test_setup_teardown(test_rename, setup, teardown),
		cmocka_unit_test_setup_teardown(test_half_renamed, setup, teardown),
		cmocka_unit_test_setup_teardown(test_delete, setup, teardown),
		cmocka_unit_test_setup_teardown(test_make_folder, setup, teardown),
		cmocka_unit_test_setup_teardown(test_left_overs, setup, teardown),
		cmocka_unit_test_setup_teardown(test_names_and_sizes, setup, teardown),
		cmocka_unit_test_setup_teardown(test_open, setup, teardown),
		cmocka_unit_test_setup_teardown(test_open_shared, setup, teardown),
		cmocka_unit_test_setup_teardown(test_order, setup, teardown),
		cmocka_unit_test_setup_teardown(test_every_call, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
