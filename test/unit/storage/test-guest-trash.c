// SPDX-License-Identifier: GPL-2.0-or-later
// What was deleted is removed by a child, also when it hangs, and by the next hostd.
// link: -Wl,--wrap=unlinkat
#include "fake-tree.h"

#include <systemd/sd-event.h>
#include <time.h>

#include "base/log.h"
#include "storage/store/guest-trash.h"

#define PATIENCE_US (20 * 1000000L)

static struct tree tree;
static sd_event *event;
static struct guest_trash *trash;
static char log_text[512];
static int unlink_error;
static bool unlink_hangs;

int __real_unlinkat(int fd, const char *path, int flags);
int __wrap_unlinkat(int fd, const char *path, int flags);
int __wrap_unlinkat(int fd, const char *path, int flags)
{
	while (unlink_hangs)
		(void)pause();
	if (unlink_error == 0)
		return __real_unlinkat(fd, path, flags);
	errno = unlink_error;
	return -1;
}

static void on_log(enum log_level level [[maybe_unused]], const char *subject, const char *message,
		   void *userdata [[maybe_unused]])
{
	(void)snprintf(log_text, sizeof(log_text), "%s: %s", subject, message);
}

static int setup(void **)
{
	tree_make(&tree);
	unlink_error = 0;
	unlink_hangs = false;
	log_text[0] = '\0';
	log_set_hook(on_log, NULL);
	assert_true(sd_event_new(&event) >= 0);
	assert_int_equal(guest_trash_new(event, tree.root, &trash), 0);
	return 0;
}

static int teardown(void **)
{
	unlink_hangs = false;
	unlink_error = 0;
	guest_trash_free(trash);
	event = sd_event_unref(event);
	log_set_hook(NULL, NULL);
	tree_remove(&tree);
	return 0;
}

static bool there_is(const char *path)
{
	return access(tree_path(&tree, path), F_OK) == 0;
}

static int64_t now_usec(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000L + now.tv_nsec / 1000;
}

static void run_until(bool (*is_so)(void))
{
	int64_t start = now_usec();

	while (!is_so()) {
		assert_true(sd_event_run(event, 50000) >= 0);
		assert_true(now_usec() - start < PATIENCE_US);
	}
}

static bool is_empty(void)
{
	return !there_is("/guests/.gone-0") && !there_is("/guests/.gone-1") &&
	       !there_is("/guests/.gone-2");
}

static bool is_logged(void)
{
	return log_text[0];
}

static void put(const char *folder, const char *path)
{
	int guests_fd = open(tree_path(&tree, "/guests"), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int from_fd = open(tree_path(&tree, folder), O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	assert_int_equal(guest_trash_put(guests_fd, from_fd, path), 0);
	(void)close(from_fd);
	(void)close(guests_fd);
}

static void test_empties(void **)
{
	/* nothing there: neither a folder, nor anything in it */
	guest_trash_empty(trash);
	tree_file(&tree, "/guests/web/disk.raw", "disk");
	tree_file(&tree, "/guests/web/guest.conf", "conf");
	tree_file(&tree, "/guests/db/.import-large", "large");
	tree_link(&tree, "/guests/web/link", "/outside");
	tree_file(&tree, "/outside/file", "stays");
	guest_trash_empty(trash);
	put("/guests", "web");
	put("/guests/db", ".import-large");
	put("/guests/db", "none");
	assert_true(there_is("/guests/.gone-0/disk.raw"));
	assert_true(there_is("/guests/.gone-1"));
	guest_trash_empty(trash);
	/* and what comes while it is at work */
	tree_file(&tree, "/guests/db/late", "late");
	put("/guests/db", "late");
	guest_trash_empty(trash);
	run_until(is_empty);
	assert_true(there_is("/outside/file"));
	assert_true(there_is("/guests/db"));
	assert_string_equal(log_text, "");
}

/* A disk that does not answer: hostd goes on, and ends. */
static void test_hangs(void **)
{
	int64_t start = now_usec();

	tree_file(&tree, "/guests/web/disk.raw", "disk");
	put("/guests", "web");
	unlink_hangs = true;
	guest_trash_empty(trash);
	assert_true(sd_event_run(event, 100000) >= 0);
	guest_trash_stop(trash);
	unlink_hangs = false;
	assert_true(now_usec() - start < 5000000);
	assert_true(there_is("/guests/.gone-0/disk.raw"));
	/* the next hostd */
	guest_trash_free(trash);
	assert_int_equal(guest_trash_new(event, tree.root, &trash), 0);
	guest_trash_empty(trash);
	run_until(is_empty);
}

static void test_fails(void **)
{
	tree_file(&tree, "/guests/web/disk.raw", "disk");
	put("/guests", "web");
	unlink_error = EROFS;
	guest_trash_empty(trash);
	run_until(is_logged);
	assert_non_null(strstr(log_text, "data: deleted files are still in "));
	assert_non_null(strstr(log_text, "Read-only file system"));
	assert_true(there_is("/guests/.gone-0/disk.raw"));
	guest_trash_free(NULL);
	guest_trash_stop(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_empties, setup, teardown),
		cmocka_unit_test_setup_teardown(test_hangs, setup, teardown),
		cmocka_unit_test_setup_teardown(test_fails, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
