// SPDX-License-Identifier: GPL-2.0-or-later
// Whole disks for guests, out of a /sys and a /proc made for the test: found, refused, opened.
// link: -Wl,--wrap=open,--wrap=openat,--wrap=read,--wrap=opendir,--wrap=fdopendir
// link: -Wl,--wrap=reallocarray,--wrap=realloc,--wrap=calloc,--wrap=vasprintf,--wrap=strdup
#include "fake-tree.h"

#include "base/cleanup.h"
#include "storage/disk/disk-claim-internal.h"

static struct tree tree;
static struct disk_use_paths use;
static char use_paths[3][PATH_MAX];

static struct {
	bool active;
	int call, fail_at;
	int opened, opened_flags; /* of nodes in /dev */
	int exclusive_error, open_error;
} fake;

static bool fails(int error)
{
	if (!fake.active || ++fake.call != fake.fail_at)
		return false;
	errno = error;
	return true;
}

#define WRAP(type, name, failure, error, parameters, arguments)                \
	type __real_##name parameters;                                         \
	type __wrap_##name parameters;                                         \
	type __wrap_##name parameters                                          \
	{                                                                      \
		return fails(error) ? (type)failure : __real_##name arguments; \
	}

WRAP(ssize_t, read, -1, EIO, (int fd, void *data, size_t length), (fd, data, length))
WRAP(DIR *, opendir, 0, EMFILE, (const char *path), (path))
WRAP(DIR *, fdopendir, 0, ENOMEM, (int fd), (fd))
WRAP(void *, reallocarray, 0, ENOMEM, (void *a, size_t count, size_t size), (a, count, size))
WRAP(void *, realloc, 0, ENOMEM, (void *a, size_t size), (a, size))
WRAP(void *, calloc, 0, ENOMEM, (size_t count, size_t size), (count, size))
WRAP(int, vasprintf, -1, ENOMEM, (char **out, const char *format, va_list a), (out, format, a))
WRAP(char *, strdup, 0, ENOMEM, (const char *text), (text))

int __real_open(const char *path, int flags, ...);
int __wrap_open(const char *path, int flags, ...);
int __wrap_open(const char *path, int flags, ...)
{
	if (fails(EMFILE))
		return -1;
	if (strncmp(path, "/dev/", 5) != 0)
		return __real_open(path, flags, 0600);
	fake.opened++;
	fake.opened_flags = flags;
	errno = flags & O_EXCL && fake.exclusive_error ? fake.exclusive_error : fake.open_error;
	return errno ? -1 : __real_open("/dev/null", flags & ~O_EXCL);
}

int __real_openat(int fd, const char *path, int flags, ...);
int __wrap_openat(int fd, const char *path, int flags, ...);
int __wrap_openat(int fd, const char *path, int flags, ...)
{
	return fails(EMFILE) ? -1 : __real_openat(fd, path, flags, 0600);
}

/* sda: boot stick. sdb: a system. sdc: empty. sdd: the data volume's. sde: an LVM member. sdf, sdg:
 * the same serial number. nvme0n1: unknown partitions. */
static struct disk_claim_device devices[] = {
	{ "sda", "/dev/sda", NULL, "STICK", NULL, NULL, NULL, NULL, false },
	{ "sda1", "/dev/sda1", "sda", NULL, NULL, "vfat", "MVIRT", NULL, false },
	{ "sda2", "/dev/sda2", "sda", NULL, NULL, NULL, NULL, NULL, false },
	{ "sdb", "/dev/sdb", NULL, "SYSTEM", NULL, NULL, NULL, NULL, false },
	{ "sdb1", "/dev/sdb1", "sdb", "SYSTEM", NULL, "ext4", "root", NULL, false },
	{ "sdb2", "/dev/sdb2", "sdb", "SYSTEM", NULL, "swap", NULL, NULL, false },
	{ "sdc", "/dev/sdc", NULL, "EMPTY", "pci-0000:00:1f.2-ata-1.0", NULL, NULL, NULL, false },
	{ "sdd", "/dev/sdd", NULL, "DATA", NULL, NULL, NULL, NULL, false },
	{ "sdd1", "/dev/sdd1", "sdd", NULL, NULL, "ext4", "mvirt-data", NULL, false },
	{ "sde", "/dev/sde", NULL, "MEMBER", NULL, "LVM2_member", "", NULL, false },
	{ "sdf", "/dev/sdf", NULL, "TWIN", NULL, NULL, NULL, NULL, false },
	{ "sdg", "/dev/sdg", NULL, "TWIN", NULL, NULL, NULL, NULL, false },
	{ "nvme0n1", "/dev/nvme0n1", NULL, NULL, NULL, NULL, NULL, NULL, false },
};

static void make_device(const char *name, unsigned int minor)
{
	char path[PATH_MAX], number[16];

	(void)snprintf(path, sizeof(path), "/devices/%s/dev", name);
	(void)snprintf(number, sizeof(number), "8:%u\n", minor);
	tree_file(&tree, path, number);
	(void)snprintf(path, sizeof(path), "/devices/%s/holders", name);
	tree_folder(&tree, path);
}

/* disk is "sdb", name "sdb1"; both are seen in /sys/class/block. */
static void make_partition(const char *disk, const char *name, const char *number,
			   unsigned int minor)
{
	char both[64], path[PATH_MAX], target[PATH_MAX];

	(void)snprintf(both, sizeof(both), "%s/%s", disk, name);
	make_device(both, minor);
	(void)snprintf(path, sizeof(path), "/devices/%s/partition", both);
	tree_file(&tree, path, number);
	(void)snprintf(path, sizeof(path), "/block/%s", name);
	(void)snprintf(target, sizeof(target), "/devices/%s", both);
	tree_link(&tree, path, target);
}

static void make_disk(const char *name, unsigned int minor)
{
	char path[PATH_MAX], target[PATH_MAX];

	make_device(name, minor);
	(void)snprintf(path, sizeof(path), "/block/%s", name);
	(void)snprintf(target, sizeof(target), "/devices/%s", name);
	tree_link(&tree, path, target);
}

#define MOUNTS                                                   \
	"22 1 0:20 / /sys rw,nosuid shared:7 - sysfs sysfs rw\n" \
	"a line that is none\n"                                  \
	"23 1 8:1 / /run/mvirt/config ro - vfat /dev/sda1 ro\n"

static int setup(void **)
{
	memset(&fake, 0, sizeof(fake));
	tree_make(&tree);
	make_disk("sda", 0);
	make_partition("sda", "sda1", "1\n", 1);
	make_partition("sda", "sda2", "2\n", 2);
	make_disk("sdb", 16);
	make_partition("sdb", "sdb2", "2\n", 18);
	make_partition("sdb", "sdb1", "1\n", 17);
	make_disk("sdc", 32);
	make_disk("sdd", 48);
	make_partition("sdd", "sdd1", "1\n", 49);
	make_disk("sde", 64);
	make_disk("sdf", 80);
	make_disk("sdg", 96);
	make_disk("nvme0n1", 112);
	for (int i = 1; i <= 11; i++) {
		char name[32], number[16];

		(void)snprintf(name, sizeof(name), "nvme0n1p%d", i);
		(void)snprintf(number, sizeof(number), "%d\n", i);
		make_partition("nvme0n1", name, number, 112 + (unsigned int)i);
	}
	tree_file(&tree, "/mountinfo", MOUNTS);
	tree_file(&tree, "/swaps", "Filename\t\t\tType\t\tSize\t\tUsed\t\tPriority\n");
	(void)snprintf(use_paths[0], PATH_MAX, "%s/mountinfo", tree.root);
	(void)snprintf(use_paths[1], PATH_MAX, "%s/swaps", tree.root);
	(void)snprintf(use_paths[2], PATH_MAX, "%s/block", tree.root);
	use = (struct disk_use_paths){ use_paths[0], use_paths[1], use_paths[2] };
	return 0;
}

static int teardown(void **)
{
	tree_remove(&tree);
	return 0;
}

static int claim(const struct disk_claim_request *request, int *ret_fd, char **ret_why)
{
	return disk_claim_open_at(&use, request, devices, ELEMENTS(devices), ret_fd, ret_why);
}

static void expect_refused(const struct disk_claim_request *request, int error, const char *line)
{
	char *why = NULL;
	int fd = -1, fds = count_fds(), r = claim(request, &fd, &why);

	assert_int_equal(fd, -1);
	if (r != error || !why || strcmp(why, line) != 0)
		fail_msg("%s: %d, \"%s\", and not %d, \"%s\"", request->device, r, why ?: "", error,
			 line);
	free(why);
	assert_int_equal(count_fds(), fds);
}

static void expect_had(const struct disk_claim_request *request, int flags)
{
	char *why = NULL;
	int fd = -1, r = claim(request, &fd, &why);

	if (r < 0)
		fail_msg("%s: %s", request->device, why ?: strerror(-r));
	assert_null(why);
	assert_true(fd >= 0);
	assert_int_equal(fake.opened_flags & (O_ACCMODE | O_EXCL | O_CLOEXEC), flags | O_CLOEXEC);
	assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
	(void)close(fd);
}

static struct disk_claim_request wants(const char *device)
{
	return (struct disk_claim_request){ .device = device, .boot_node = "/dev/sda1" };
}

static struct disk_claim_request insists(const char *device)
{
	struct disk_claim_request request = wants(device);

	request.allow_existing = true;
	return request;
}

static struct disk_claim_request reads(const char *device)
{
	struct disk_claim_request request = wants(device);

	request.readonly = true;
	return request;
}

#define REFUSED(request, error, line)                              \
	do {                                                       \
		const struct disk_claim_request _wanted = request; \
		expect_refused(&_wanted, error, line);             \
	} while (0)
#define HAD(request, flags)                                        \
	do {                                                       \
		const struct disk_claim_request _wanted = request; \
		expect_had(&_wanted, flags);                       \
	} while (0)

static void test_found(void **)
{
	HAD(wants("serial:EMPTY"), O_RDWR | O_EXCL);
	assert_int_equal(fake.opened, 1);
	HAD(wants("/dev/sdc"), O_RDWR | O_EXCL);
	HAD(wants("path:pci-0000:00:1f.2-ata-1.0"), O_RDWR | O_EXCL);
	HAD(reads("/dev/sdb"), O_RDONLY);
	HAD(reads("serial:SYSTEM"), O_RDONLY);
	HAD(insists("/dev/sdb"), O_RDWR | O_EXCL);
	HAD(insists("/dev/sdb1"), O_RDWR | O_EXCL);
	HAD(insists("/dev/sda2"), O_RDWR | O_EXCL);
}

static bool finds(const char *device)
{
	return disk_claim_finds(device, devices, ELEMENTS(devices));
}

static void test_finds(void **)
{
	assert_true(finds("serial:EMPTY"));
	assert_true(finds("path:pci-0000:00:1f.2-ata-1.0"));
	assert_true(finds("/dev/sda2"));
	assert_false(finds("serial:NONE"));
	assert_false(finds("path:pci-1"));
	assert_false(finds("/dev/sdz"));
	assert_false(disk_claim_finds("serial:EMPTY", devices, 0));
	/* It is for the start to say what is wrong with it. */
	assert_true(finds("nothing"));
}

static void test_not_found(void **)
{
	REFUSED(wants("/dev/sdz"), -ENODEV,
		"there is no disk /dev/sdz (`mvirt devices` lists them)");
	REFUSED(wants("serial:NONE"), -ENODEV,
		"there is no disk serial:NONE (`mvirt devices` lists them)");
	REFUSED(wants("path:pci-1"), -ENODEV,
		"there is no disk path:pci-1 (`mvirt devices` lists them)");
	REFUSED(wants("path:"), -ENODEV, "there is no disk path: (`mvirt devices` lists them)");
	REFUSED(wants("sdc"), -EINVAL, "\"sdc\" is not \"serial:…\", \"path:…\" or \"/dev/…\"");
	REFUSED(wants("serial:TWIN"), -ENOTUNIQ,
		"/dev/sdf and /dev/sdg have the serial number TWIN: name one by \"path:…\" or "
		"\"/dev/…\"");
	/* Known a moment ago, gone from /sys now. */
	assert_int_equal(unlink(tree_path(&tree, "/block/sdc")), 0);
	REFUSED(wants("/dev/sdc"), -ENODEV,
		"there is no disk /dev/sdc (`mvirt devices` lists them)");
}

static void test_configuration(void **)
{
	struct disk_claim_request request = reads("/dev/sdc");

	REFUSED(reads("/dev/sda"), -EBUSY, "/dev/sda holds this host's configuration");
	REFUSED(reads("/dev/sda1"), -EBUSY, "/dev/sda1 holds this host's configuration");
	request.boot_node = "/dev/sdb";
	request.device = "/dev/sdb1";
	REFUSED(request, -EBUSY, "/dev/sdb1 holds this host's configuration");
	request.boot_node = NULL;
	HAD(request, O_RDONLY);
}

static struct disk_claim_device *device(const char *name)
{
	for (size_t i = 0; i < ELEMENTS(devices); i++)
		if (strcmp(devices[i].name, name) == 0)
			return &devices[i];
	fail_msg("there is no %s", name);
	return NULL;
}

/* The whole of it and every partition, whatever the configuration is on. */
static void test_loaded(void **)
{
	HAD(insists("/dev/sdb"), O_RDWR | O_EXCL);
	device("sdb")->loaded = true;
	REFUSED(insists("/dev/sdb"), -EBUSY, "/dev/sdb is this host's boot medium");
	REFUSED(insists("/dev/sdb1"), -EBUSY, "/dev/sdb1 is this host's boot medium");
	REFUSED(insists("/dev/sdb2"), -EBUSY, "/dev/sdb2 is this host's boot medium");
	REFUSED(reads("serial:SYSTEM"), -EBUSY, "/dev/sdb is this host's boot medium");
	REFUSED(reads("/dev/sda1"), -EBUSY, "/dev/sda1 holds this host's configuration");
	HAD(wants("/dev/sdc"), O_RDWR | O_EXCL);
	device("sdb")->loaded = false;
}

/* sdc stands for a RAID over sdf and a mapping of sdb2. */
static void test_loaded_stack(void **)
{
	tree_link(&tree, "/devices/sdc/slaves/sdf", "/devices/sdf");
	make_disk("dm-0", 200);
	tree_link(&tree, "/devices/sdc/slaves/dm-0", "/devices/dm-0");
	tree_link(&tree, "/devices/dm-0/slaves/sdb2", "/devices/sdb/sdb2");
	HAD(wants("/dev/sdc"), O_RDWR | O_EXCL);
	device("sdb")->loaded = true;
	REFUSED(reads("/dev/sdc"), -EBUSY, "/dev/sdc is this host's boot medium");
	device("sdb")->loaded = false;
	device("sdf")->loaded = true;
	REFUSED(reads("/dev/sdc"), -EBUSY, "/dev/sdc is this host's boot medium");
	device("sdf")->loaded = false;
	/* Nobody goes round in circles. */
	tree_link(&tree, "/devices/dm-0/slaves/sdc", "/devices/sdc");
	assert_int_equal(claim(&(struct disk_claim_request){ .device = "/dev/sdc" }, &(int){ 0 },
			       &(char *){ NULL }),
			 -ELOOP);
}

static bool gives(const char *text, const char *name)
{
	return disk_claim_gives(text, device(name), devices, ELEMENTS(devices));
}

static void test_gives(void **)
{
	assert_true(gives("serial:SYSTEM", "sdb"));
	assert_true(gives("serial:SYSTEM", "sdb1"));
	assert_false(gives("serial:SYSTEM", "sda1"));
	assert_true(gives("/dev/sdb", "sdb2"));
	assert_true(gives("/dev/sdb2", "sdb2"));
	/* A neighbour, and the whole disk's own content. */
	assert_false(gives("/dev/sdb2", "sdb1"));
	assert_false(gives("/dev/sdb2", "sdb"));
	assert_true(gives("path:pci-0000:00:1f.2-ata-1.0", "sdc"));
	assert_false(gives("path:", "sdd"));
	assert_true(gives("serial:TWIN", "sdf"));
	assert_true(gives("serial:TWIN", "sdg"));
	assert_false(gives("nonsense", "sdb"));
}

static void test_mounted(void **)
{
	tree_file(&tree, "/mountinfo",
		  MOUNTS "30 1 8:17 / /mnt/a\\040b rw - ext4 /dev/root rw\n"
			 "31 1 0:55 / /mnt/c rw - btrfs /dev/nvme0n1p11 rw\n"
			 "32 1 8:32 / /mnt/d rw - xfs /dev/sdc rw\n");
	REFUSED(insists("/dev/sdb"), -EBUSY, "/dev/sdb1 is mounted at /mnt/a b");
	REFUSED(reads("/dev/sdb"), -EBUSY, "/dev/sdb1 is mounted at /mnt/a b");
	REFUSED(insists("/dev/sdb1"), -EBUSY, "/dev/sdb1 is mounted at /mnt/a b");
	/* Beside it is a place for a guest. */
	HAD(insists("/dev/sdb2"), O_RDWR | O_EXCL);
	REFUSED(insists("/dev/nvme0n1"), -EBUSY, "/dev/nvme0n1p11 is mounted at /mnt/c");
	REFUSED(insists("/dev/sdc"), -EBUSY, "/dev/sdc is mounted at /mnt/d");
	assert_int_equal(unlink(tree_path(&tree, "/mountinfo")), 0);
	assert_int_equal(claim(&(struct disk_claim_request){ .device = "/dev/sdc" }, &(int){ 0 },
			       &(char *){ NULL }),
			 -ENOENT);
}

static void test_swap(void **)
{
	tree_file(&tree, "/swaps", "Filename\tType\n/dev/sdb2   partition\t1\t0\t-2\n");
	REFUSED(insists("/dev/sdb"), -EBUSY, "/dev/sdb2 is used as swap");
	HAD(insists("/dev/sdb1"), O_RDWR | O_EXCL);
	assert_int_equal(unlink(tree_path(&tree, "/swaps")), 0);
	HAD(insists("/dev/sdb"), O_RDWR | O_EXCL);
}

static void test_held(void **)
{
	tree_folder(&tree, "/devices/sdb/sdb1/holders/dm-0");
	REFUSED(insists("/dev/sdb"), -EBUSY, "/dev/sdb1 is part of dm-0");
	REFUSED(reads("/dev/sdb1"), -EBUSY, "/dev/sdb1 is part of dm-0");
	HAD(insists("/dev/sdb2"), O_RDWR | O_EXCL);
	tree_folder(&tree, "/devices/sdb/holders/md0");
	REFUSED(insists("/dev/sdb2"), -EBUSY, "/dev/sdb is part of md0");
}

static void test_data_volume(void **)
{
	REFUSED(insists("/dev/sdd"), -EBUSY,
		"/dev/sdd1 is labelled mvirt-data: it is a data volume");
	REFUSED(insists("/dev/sdd1"), -EBUSY,
		"/dev/sdd1 is labelled mvirt-data: it is a data volume");
	HAD(reads("/dev/sdd"), O_RDONLY);
}

static void test_existing(void **)
{
	REFUSED(wants("/dev/sdb"), -EEXIST,
		"/dev/sdb holds ext4 \"root\" on sdb1, swap on sdb2: set allow-existing = true to "
		"let the guest write to it");
	REFUSED(wants("/dev/sdb1"), -EEXIST,
		"/dev/sdb1 holds ext4 \"root\": set allow-existing = true to let the guest write "
		"to it");
	REFUSED(wants("/dev/sde"), -EEXIST,
		"/dev/sde holds LVM2_member: set allow-existing = true to let the guest write to "
		"it");
	/* In the order of their numbers, though hostd has not read them yet. */
	REFUSED(wants("/dev/nvme0n1"), -EEXIST,
		"/dev/nvme0n1 holds a partition on nvme0n1p1, a partition on nvme0n1p2, a "
		"partition "
		"on nvme0n1p3, a partition on nvme0n1p4, a partition on nvme0n1p5, a partition on "
		"nvme0n1p6, a partition on nvme0n1p7, a partition on nvme0n1p8, a partition on "
		"nvme0n1p9, a partition on nvme0n1p10, a partition on nvme0n1p11: set "
		"allow-existing = true to let the guest write to it");
	HAD(wants("/dev/sda2"), O_RDWR | O_EXCL);
}

static void test_open_fails(void **)
{
	fake.exclusive_error = EBUSY;
	REFUSED(wants("/dev/sdc"), -EBUSY,
		"/dev/sdc is in use: another guest has it, or it is being checked or formatted");
	REFUSED(reads("/dev/sdc"), -EBUSY,
		"/dev/sdc is in use: another guest has it, or it is being checked or formatted");
	fake.exclusive_error = 0;
	fake.open_error = EROFS;
	REFUSED(wants("/dev/sdc"), -EROFS, "/dev/sdc is write-protected: set readonly = true");
	fake.open_error = ENXIO;
	REFUSED(wants("/dev/sdc"), -ENODEV, "/dev/sdc is gone");
	fake.open_error = ENOMEDIUM;
	REFUSED(reads("/dev/sdc"), -ENOMEDIUM, "/dev/sdc: no medium");
	fake.open_error = EIO;
	REFUSED(wants("/dev/sdc"), -EIO, "/dev/sdc cannot be opened: Input/output error");
}

static bool try_at(const struct disk_claim_request *request, int n)
{
	int fd = -1, fds = count_fds(), r = 0;
	char *why = NULL;

	fake.call = 0;
	fake.fail_at = n;
	fake.active = true;
	r = claim(request, &fd, &why);
	fake.active = false;
	assert_true((r == 0) == (fd >= 0));
	assert_true(r <= 0 && !(r == 0 && why));
	/* A call that failed is no reason to hand out a disk that is in use. */
	if (!request->readonly && !request->allow_existing)
		assert_true(r < 0);
	if (fd >= 0)
		(void)close(fd);
	free(why);
	assert_int_equal(count_fds(), fds);
	return fake.call >= n;
}

static void test_every_call_fails(void **)
{
	const struct disk_claim_request requests[] = { wants("/dev/sdb"),   wants("/dev/nvme0n1"),
						       insists("/dev/sdb"), reads("/dev/sdb1"),
						       wants("/dev/sda"),   wants("serial:TWIN"),
						       wants("path:pci-0") };

	for (size_t i = 0; i < ELEMENTS(requests); i++)
		for (int n = 1; try_at(&requests[i], n); n++)
			;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_found, setup, teardown),
		cmocka_unit_test_setup_teardown(test_finds, setup, teardown),
		cmocka_unit_test_setup_teardown(test_not_found, setup, teardown),
		cmocka_unit_test_setup_teardown(test_configuration, setup, teardown),
		cmocka_unit_test_setup_teardown(test_loaded, setup, teardown),
		cmocka_unit_test_setup_teardown(test_loaded_stack, setup, teardown),
		cmocka_unit_test_setup_teardown(test_gives, setup, teardown),
		cmocka_unit_test_setup_teardown(test_mounted, setup, teardown),
		cmocka_unit_test_setup_teardown(test_swap, setup, teardown),
		cmocka_unit_test_setup_teardown(test_held, setup, teardown),
		cmocka_unit_test_setup_teardown(test_data_volume, setup, teardown),
		cmocka_unit_test_setup_teardown(test_existing, setup, teardown),
		cmocka_unit_test_setup_teardown(test_open_fails, setup, teardown),
		cmocka_unit_test_setup_teardown(test_every_call_fails, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
