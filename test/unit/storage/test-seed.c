// SPDX-License-Identifier: GPL-2.0-or-later
// Seeds: their texts exactly; the ISO read back with isoinfo. Making it needs root, and says so
// where it is not.
// link: -Wl,--wrap=strdup,--wrap=open_memstream,--wrap=ftruncate,--wrap=lseek,--wrap=memfd_create
// needs: obj/bin/qemu-img obj/bin/genisoimage
#include "image-fixture.h"

#include <sched.h>
#include <sys/mount.h>
#include <time.h>

#include "base/file.h"
#include "process/uids.h"
#include "storage/image/image-child.h"
#include "storage/image/seed.h"
#include "storage/store/guest-files.h"

#define GENISOIMAGE "/build/obj/bin/genisoimage"

WRAP(char *, strdup, 0, (const char *text), (text))
WRAP(FILE *, open_memstream, 0, (char **text, size_t *length), (text, length))
WRAP(int, ftruncate, -1, (int fd, off_t size), (fd, size))
WRAP(off_t, lseek, -1, (int fd, off_t at, int whence), (fd, at, whence))
WRAP(int, memfd_create, -1, (const char *name, unsigned int flags), (name, flags))

static const char *impossible; /* why, or NULL */

struct seed {
	char *user_data, *meta_data, *network_config, *why;
};

static void seed_done(struct seed *seed)
{
	free(seed->user_data);
	free(seed->meta_data);
	free(seed->network_config);
	free(seed->why);
}

static int texts(const struct seed_input *input, struct seed *ret_seed)
{
	return seed_texts(input, &ret_seed->user_data, &ret_seed->meta_data,
			  &ret_seed->network_config, &ret_seed->why);
}

static void assert_texts(const struct seed_input *input, const char *user_data,
			 const char *meta_data, const char *network_config)
{
	_cleanup_(seed_done) struct seed seed = {};

	assert_int_equal(texts(input, &seed), 0);
	assert_null(seed.why);
	assert_string_equal(seed.user_data, user_data);
	assert_string_equal(seed.meta_data, meta_data);
	if (network_config)
		assert_string_equal(seed.network_config, network_config);
	else
		assert_null(seed.network_config);
}

static void assert_refused(const struct seed_input *input, const char *why)
{
	_cleanup_(seed_done) struct seed seed = {};

	assert_int_equal(texts(input, &seed), -EINVAL);
	assert_string_equal(seed.why, why);
	assert_null(seed.user_data);
	assert_null(seed.meta_data);
	assert_null(seed.network_config);
}

static char *keys[] = { (char[]){ "ssh-ed25519 AAAA a@b" }, (char[]){ "ssh-rsa BBBB \"c\" \\ ü😀" },
			NULL };

static struct cloud_init_config config;
static struct seed_input input;

static int setup(void **)
{
	memset(&fake, 0, sizeof(fake));
	tree_make(&tree);
	config = (struct cloud_init_config){ .present = true };
	input = (struct seed_input){ .cloud_init = &config,
				     .guest_name = "web",
				     .instance_id = "id-1" };
	return 0;
}

static int teardown(void **)
{
	tree_remove(&tree);
	return 0;
}

/* --- texts --- */

static void test_nothing(void **)
{
	assert_texts(&input, "#cloud-config\n{}\n",
		     "instance-id: \"id-1\"\nlocal-hostname: \"web\"\n", NULL);
}

static void give_all(void)
{
	config.hostname = (char *)"db.example.org";
	config.ssh_keys = (struct text_list){ .items = keys, .count = 2 };
	config.password_hash = (char *)"$y$j9T$salt$hash/.";
}

static void test_common_cases(void **)
{
	give_all();
	input.network_config = "version: 2\n";
	assert_texts(&input,
		     "#cloud-config\n"
		     "ssh_authorized_keys:\n"
		     "  - \"ssh-ed25519 AAAA a@b\"\n"
		     "  - \"ssh-rsa BBBB \\\"c\\\" \\\\ \\u00fc\\U0001f600\"\n"
		     "user:\n"
		     "  lock_passwd: false\n"
		     "  hashed_passwd: \"$y$j9T$salt$hash/.\"\n",
		     "instance-id: \"id-1\"\n"
		     "local-hostname: \"db.example.org\"\n",
		     "version: 2\n");
}

/* Each goes into the file that is ours. */
static void test_own_user_data(void **)
{
	give_all();
	input.user_data = "#!/bin/sh\nreboot\n";
	assert_refused(&input, "cloud-init: password-hash belongs in the file of user-data");
	config.password_hash = NULL;
	assert_texts(&input, "#!/bin/sh\nreboot\n",
		     "instance-id: \"id-1\"\n"
		     "local-hostname: \"db.example.org\"\n"
		     "public-keys:\n"
		     "  - \"ssh-ed25519 AAAA a@b\"\n"
		     "  - \"ssh-rsa BBBB \\\"c\\\" \\\\ \\u00fc\\U0001f600\"\n",
		     NULL);
}

static void test_own_meta_data(void **)
{
	give_all();
	input.meta_data = "instance-id: mine\n";
	config.password_hash = NULL;
	config.ssh_keys.count = 1;
	assert_texts(&input,
		     "#cloud-config\n"
		     "hostname: \"db.example.org\"\n"
		     "ssh_authorized_keys:\n"
		     "  - \"ssh-ed25519 AAAA a@b\"\n",
		     "instance-id: mine\n", NULL);
	/* The guest's name is for where nobody said anything. */
	config.hostname = NULL;
	config.ssh_keys.count = 0;
	assert_texts(&input, "#cloud-config\n{}\n", "instance-id: mine\n", NULL);
	config.instance_id = (char *)"other";
	assert_refused(&input, "cloud-init: instance-id belongs in the file of meta-data");
}

static void test_all_own(void **)
{
	input.user_data = "u";
	input.meta_data = "m";
	input.network_config = "n";
	assert_texts(&input, "u", "m", "n");
	config.hostname = (char *)"x";
	assert_refused(&input, "cloud-init: hostname belongs in the file of meta-data");
	config.hostname = NULL;
	config.ssh_keys = (struct text_list){ .items = keys, .count = 1 };
	assert_refused(&input, "cloud-init: ssh-key belongs in the file of user-data");
}

static void test_not_utf8(void **)
{
	static char bad[][8] = {
		"\xff",         "a\xc3",
		"\xc0\x80",     "\xe0\x80\x80",
		"\xed\xa0\x80", "\xf4\x90\x80\x80",
		"\x80",         "\xf8\x88\x80\x80\x80",
		"\xe2\x82",     "\xc3\x28",
	};

	for (size_t i = 0; i < ELEMENTS(bad); i++) {
		config.hostname = bad[i];
		assert_refused(&input, "cloud-init: a name, key or hash is not UTF-8");
	}
	config.hostname =
		(char *)"\xc2\x80\xdf\xbf\xe0\xa0\x80\xef\xbf\xbf\xf4\x8f\xbf\xbf\x7f\n\t";
	assert_texts(&input, "#cloud-config\n{}\n",
		     "instance-id: \"id-1\"\nlocal-hostname: \"\\u0080\\u07ff\\u0800\\uffff"
		     "\\U0010ffff\\u007f\\u000a\\u0009\"\n",
		     NULL);
}

static void test_texts_fail(void **)
{
	int failures = 0;

	give_all();
	input.network_config = "n";
	for (int at = 1;; at++) {
		_cleanup_(seed_done) struct seed seed = {};
		int r = 0;

		input.user_data = at % 2 ? "u" : NULL;
		config.password_hash = NULL;
		fake.fail_at = (at + 1) / 2;
		fake.call = 0;
		fake.active = true;
		r = texts(&input, &seed);
		fake.active = false;
		if (r == 0)
			break;
		failures++;
		assert_int_equal(r, -ENOMEM);
		assert_null(seed.user_data);
		assert_null(seed.network_config);
	}
	assert_int_equal(failures, 6);
}

/* --- the ISO --- */

static const char *find_impossible(void)
{
	_cleanup_free_ char *map = NULL;
	unsigned int first = 0, outside = 0, count = 0;

	if (getuid() != 0)
		return "it needs root";
	if (file_read(AT_FDCWD, "/proc/self/uid_map", 4096, &map, NULL) < 0 ||
	    sscanf(map, "%u %u %u", &first, &outside, &count) != 3 || count <= PROCESS_UID_IMAGES)
		return "the uid of the child does not exist in this user namespace";
	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return "mount namespaces cannot be made here";
	if (access(GENISOIMAGE, X_OK) < 0)
		return "there is no " GENISOIMAGE;
	return NULL;
}

static int group_setup(void **)
{
	impossible = find_impossible();
	image_child_set_paths(
		&(struct image_child_paths){ "/build/obj/bin/qemu-img", GENISOIMAGE });
	return 0;
}

static void skip_unless_possible(void)
{
	if (!impossible)
		return;
	print_message("# skipped: %s\n", impossible);
	skip();
}

/* Under both of its names: Linux takes Rock Ridge, others Joliet. */
static void test_iso(void **)
{
	_cleanup_fd_ int fd = open_file("/seed"), again_fd = open_file("/again");
	_cleanup_free_ char *why = NULL;
	struct timespec begin, end;
	struct stat status;

	skip_unless_possible();
	give_all();
	input.network_config = "version: 2\nethernets: {}\n";
	assert_int_equal(ftruncate(fd, 2 << 20), 0);
	(void)clock_gettime(CLOCK_MONOTONIC, &begin);
	assert_int_equal(seed_make(&input, fd, &why), 0);
	(void)clock_gettime(CLOCK_MONOTONIC, &end);
	print_message("# made in %ld us\n",
		      (end.tv_sec - begin.tv_sec) * 1000000 + (end.tv_nsec - begin.tv_nsec) / 1000);
	assert_null(why);
	assert_int_equal(fstat(fd, &status), 0);
	assert_true(status.st_size > 32768 && status.st_size < 512 << 10);
	assert_int_equal(run("blkid -o export %s | grep -qx LABEL=cidata", "/seed"), 0);
	assert_int_equal(run("test \"$(isoinfo -R -f -i %s | sort | tr '\\n' ' ')\" = "
			     "'/meta-data /network-config /user-data '",
			     "/seed"),
			 0);
	assert_int_equal(run("test \"$(isoinfo -J -f -i %s | sort | tr '\\n' ' ')\" = "
			     "'/meta-data /network-config /user-data '",
			     "/seed"),
			 0);
	assert_int_equal(
		run("isoinfo -R -x /network-config -i %s | grep -qx 'ethernets: {}'", "/seed"), 0);
	assert_int_equal(run("isoinfo -R -x /meta-data -i %s | grep -qx 'instance-id: \"id-1\"'",
			     "/seed"),
			 0);
	assert_int_equal(run("isoinfo -R -x /user-data -i %s | grep -qx '#cloud-config'", "/seed"),
			 0);
	/* The same texts, a second later, are the same bytes. */
	(void)sleep(1);
	assert_int_equal(seed_make(&input, again_fd, &why), 0);
	assert_int_equal(run("cd $(dirname %s) && cmp seed again", "/seed"), 0);
	assert_no_child();
}

static void test_iso_without_network(void **)
{
	_cleanup_fd_ int fd = open_file("/seed");
	_cleanup_free_ char *why = NULL, *large = calloc(1, (512 << 10) + 1);

	skip_unless_possible();
	assert_int_equal(seed_make(&input, fd, &why), 0);
	assert_int_equal(run("test \"$(isoinfo -R -f -i %s | sort | tr '\\n' ' ')\" = "
			     "'/meta-data /user-data '",
			     "/seed"),
			 0);
	/* Half a MiB of user data, as of an installer. */
	input.user_data = memset(large, 'x', 512 << 10);
	assert_int_equal(seed_make(&input, fd, &why), 0);
	assert_int_equal(run("test $(isoinfo -R -x /user-data -i %s | wc -c) = 524288", "/seed"),
			 0);
}

/* What QEMU gets: read-only, which it compares with what it is told of the fd. */
static void test_guests_seed(void **)
{
	const struct guest_files files = { .data_fd = -EBADF, .memory_fd = -EBADF };
	const struct guest_files_owner owner = { .name = "web", .in_memory = true };
	_cleanup_fd_ int fd = -EBADF;
	_cleanup_free_ char *why = NULL;
	char sector[6] = "";
	int fds = 0;

	skip_unless_possible();
	fds = count_fds();
	assert_int_equal(guest_files_make_seed(&files, &owner, &config, "id-1", &fd, &why), 0);
	assert_null(why);
	assert_int_equal(fcntl(fd, F_GETFL) & O_ACCMODE, O_RDONLY);
	assert_int_equal(pread(fd, sector, 5, 0x8001), 5);
	assert_string_equal(sector, "CD001");
	assert_int_equal(count_fds(), fds + 1);
}

static void assert_not_made(int fd, int error, const char *expected)
{
	_cleanup_free_ char *why = NULL;

	assert_int_equal(seed_make(&input, fd, &why), error);
	if (expected)
		assert_string_equal(why, expected);
	else
		assert_null(why);
	assert_no_child();
}

static void test_iso_fails(void **)
{
	_cleanup_fd_ int fd = open_file("/seed"), full_fd = -EBADF;
	int fds = 0;
	char *large = NULL;

	skip_unless_possible();
	fds = count_fds();
	config.hostname = (char *)"\xff";
	assert_not_made(fd, -EINVAL, "cloud-init: a name, key or hash is not UTF-8");
	config.hostname = NULL;
	assert_not_made(-1, -EBADF, NULL);
	image_child_set_paths(&(struct image_child_paths){ "/none", "/none" });
	assert_not_made(fd, -ENOENT,
			"cloud-init: genisoimage cannot be run: No such file or directory");
	image_child_set_paths(&(struct image_child_paths){ "/none", "/dev/null" });
	assert_not_made(fd, -EIO,
			"cloud-init: cannot make the seed: executing it: Permission denied");
	image_child_set_paths(
		&(struct image_child_paths){ "/build/obj/bin/qemu-img", GENISOIMAGE });
	for (int at = 1; at <= 8; at++) {
		_cleanup_free_ char *why = NULL;

		fake.fail_at = at;
		fake.call = 0;
		fake.error = EMFILE;
		fake.active = true;
		(void)seed_make(&input, fd, &why);
		fake.active = false;
		assert_int_equal(count_fds(), fds);
	}
	/* More than its root holds. */
	large = malloc((5 << 20) + 1);
	memset(large, 'x', 5 << 20);
	large[5 << 20] = '\0';
	input.user_data = large;
	assert_not_made(
		fd, -EIO,
		"cloud-init: cannot make the seed: filling its root: No space left on device");
	input.user_data = NULL;
	free(large);
	/* A full disk. */
	tree_folder(&tree, "/full");
	assert_int_equal(mount("full", tree_path(&tree, "/full"), "tmpfs", 0, "size=16k"), 0);
	full_fd = open_file("/full/x");
	assert_not_made(
		full_fd, -EIO,
		"cloud-init: cannot make the seed: genisoimage: No space left on device. cannot "
		"fwrite 2048*1");
	full_fd = fd_close(full_fd);
	assert_int_equal(umount2(tree_path(&tree, "/full"), 0), 0);
	assert_int_equal(count_fds(), fds);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_nothing),       TEST(test_common_cases), TEST(test_own_user_data),
		TEST(test_own_meta_data), TEST(test_all_own),      TEST(test_not_utf8),
		TEST(test_texts_fail),    TEST(test_iso),          TEST(test_iso_without_network),
		TEST(test_guests_seed),   TEST(test_iso_fails),
	};

	return cmocka_run_group_tests(tests, group_setup, NULL);
}
