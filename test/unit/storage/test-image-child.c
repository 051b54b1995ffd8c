// SPDX-License-Identifier: GPL-2.0-or-later
// The child that looks at images: its confinement is audited from inside, its bounds are tried.
// Needs root, and says so where it is not.
#include "image-fixture.h"

#include <dirent.h>
#include <linux/capability.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#include "base/file.h"
#include "process/uids.h"
#include "storage/image/image-child.h"

static const char *impossible; /* why, or NULL */

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
	return NULL;
}

static void skip_unless_possible(void)
{
	if (!impossible)
		return;
	print_message("# skipped: %s\n", impossible);
	skip();
}

static int setup(void **)
{
	tree_make(&tree);
	return 0;
}

static int teardown(void **)
{
	tree_remove(&tree);
	assert_no_child();
	return 0;
}

/* --- the confinement, from inside --- */

static void say(const char *what, long result)
{
	printf("%s: %s\n", what, result < 0 ? strerrorname_np(errno) : "ok");
}

static void say_capabilities(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct caps[2];
	int bounding = 0;

	memset(caps, 0xff, sizeof(caps));
	(void)syscall(SYS_capget, &header, caps);
	for (int i = 0; i < 64; i++)
		bounding += prctl(PR_CAPBSET_READ, i, 0, 0, 0) == 1;
	printf("capabilities: %x %d\n",
	       caps[0].effective | caps[0].permitted | caps[0].inheritable | caps[1].effective |
		       caps[1].permitted | caps[1].inheritable,
	       bounding);
}

static void say_tree(void)
{
	DIR *folder = opendir("/");
	struct dirent *entry = NULL;

	while (folder && (entry = readdir(folder))) {
		struct stat status;

		if (entry->d_name[0] == '.' || stat(entry->d_name, &status) < 0)
			continue;
		printf("file %s: %o %lld\n", entry->d_name, status.st_mode,
		       (long long)status.st_mtime);
	}
	if (folder)
		(void)closedir(folder);
}

static int probe(const void *, const char **ret_what)
{
	static const int resources[] = { RLIMIT_CORE, RLIMIT_NOFILE, RLIMIT_NPROC, RLIMIT_CPU,
					 RLIMIT_FSIZE };
	struct if_nameindex *interfaces = if_nameindex();
	char text[8] = "";
	uid_t u[3];
	gid_t g[3];

	(void)getresuid(&u[0], &u[1], &u[2]);
	(void)getresgid(&g[0], &g[1], &g[2]);
	printf("uid: %u %u %u, gid: %u %u %u, groups: %d\n", u[0], u[1], u[2], g[0], g[1], g[2],
	       getgroups(0, NULL));
	say_capabilities();
	printf("no-new-privs: %d, pid: %d, parent: %d\n", prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0),
	       getpid(), getppid());
	for (size_t i = 0; i < ELEMENTS(resources); i++) {
		struct rlimit limit;

		(void)getrlimit((__rlimit_resource_t)resources[i], &limit);
		printf("limit: %ld\n", (long)limit.rlim_max);
	}
	for (int i = 0; interfaces && interfaces[i].if_index; i++)
		printf("interface: %s\n", interfaces[i].if_name);
	for (int fd = 0; fd < 4096; fd++)
		if (fcntl(fd, F_GETFD) >= 0)
			printf("fd: %d\n", fd);
	say_tree();
	(void)!pread(3, text, 3, 0);
	printf("fd 3: %s\n", text);
	say("read /image", open("/image", O_RDONLY));
	say("write /image", open("/image", O_WRONLY));
	say("create /x", open("/x", O_WRONLY | O_CREAT, 0600));
	say("open /proc", open("/proc/self/exe", O_RDONLY));
	say("open ../etc", open("../../../etc/passwd", O_RDONLY));
	say("mount", mount("x", "/", "tmpfs", 0, NULL));
	say("setuid", setresuid(0, 0, 0));
	say("kill 2", kill(2, SIGKILL));
	(void)fflush(stdout);
	*ret_what = "probing";
	return -ENOTTY;
}

static void test_confinement(void **)
{
	_cleanup_(process_end_done) struct process_end end = {};
	_cleanup_fd_ int image_fd = open_file("/x"), file_fd = open_file("/y");
	_cleanup_free_ char *line = NULL;
	const struct process_mount mounts[] = { { "/" IMAGE_CHILD_IMAGE, .fd = image_fd },
						{ "/a", .text = "text" } };
	const struct process_fd fds[] = { { file_fd, 3 } };
	struct image_child child;

	skip_unless_possible();
	assert_int_equal(write(file_fd, "abc", 3), 3);
	assert_int_equal(fchmod(image_fd, 0666), 0);
	assert_int_equal(futimens(image_fd, (struct timespec[2]){}), 0);
	image_child_prepare(&child, NULL, 100000, 7);
	child.spec.run = probe;
	child.spec.fds = fds;
	child.spec.fd_count = 1;
	child.root.mounts = mounts;
	child.root.mount_count = ELEMENTS(mounts);
	assert_int_equal(process_run(&child.spec, &end), 0);
	assert_int_equal(end.status, 1);
	assert_string_equal(end.output,
			    "uid: 69999 69999 69999, gid: 69999 69999 69999, groups: 0\n"
			    "capabilities: 0 0\n"
			    "no-new-privs: 1, pid: 1, parent: 0\n"
			    "limit: 0\nlimit: 32\nlimit: 80\nlimit: 7\nlimit: 100000\n"
			    "interface: lo\n"
			    "fd: 0\nfd: 1\nfd: 2\nfd: 3\n"
			    "file a: 100444 0\nfile image: 100666 0\n"
			    "fd 3: abc\n"
			    "read /image: ok\nwrite /image: EROFS\ncreate /x: EROFS\n"
			    "open /proc: ENOENT\nopen ../etc: ENOENT\nmount: EPERM\n"
			    "setuid: EPERM\nkill 2: ESRCH\n");
	line = process_end_last_line(&end);
	assert_string_equal(line, "probing: Inappropriate ioctl for device");
}

/* Too much of anything: the flood is cut, the sleeper is killed, and neither is believed. */
static int flood(const void *, const char **)
{
	char block[1000];

	memset(block, '\x1b', sizeof(block));
	for (int i = 0; i < 1000; i++)
		(void)!write(STDERR_FILENO, block, sizeof(block));
	return 0;
}

static int sleep_long(const void *, const char **)
{
	while (pause() < 0)
		;
	return 0;
}

static void test_bounds(void **)
{
	struct process_end end = {};
	struct image_child child;
	char *line = NULL;

	skip_unless_possible();
	image_child_prepare(&child, NULL, 0, 0);
	child.spec.run = flood;
	assert_int_equal(process_run(&child.spec, &end), 0);
	assert_int_equal(end.status, 0);
	line = process_end_last_line(&end);
	assert_int_equal(strlen(line), PROCESS_OUTPUT_MAX);
	assert_int_equal(strspn(line, "?"), PROCESS_OUTPUT_MAX);
	free(line);
	process_end_done(&end);
	child.spec.run = sleep_long;
	child.spec.deadline_usec = 20000;
	assert_int_equal(process_run(&child.spec, &end), 0);
	assert_int_equal(end.status, -ETIMEDOUT);
	process_end_done(&end);
}

static int group_setup(void **)
{
	impossible = find_impossible();
	return 0;
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_confinement),
		TEST(test_bounds),
	};

	return cmocka_run_group_tests(tests, group_setup, NULL);
}
