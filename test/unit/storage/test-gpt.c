// SPDX-License-Identifier: GPL-2.0-or-later
// The partition table: byte by byte, and as sgdisk sees it where there is one.
#include "fake-tree.h"

#include "storage/disk/gpt.h"

#define DISK_BYTES (64ULL << 20)

static struct gpt gpt;
static const uint8_t disk_guid[16] = { 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x47, 0x88,
				       0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff, 0x00 };
static const uint8_t partition_guid[16] = { 0x0f, 0x1e, 0x2d, 0x3c, 0x4b, 0x5a, 0x49, 0x78,
					    0x87, 0x96, 0xa5, 0xb4, 0xc3, 0xd2, 0xe1, 0xf0 };

static uint64_t get(const uint8_t *at, int bytes)
{
	uint64_t value = 0;

	for (int i = bytes; i > 0; i--)
		value = value << 8 | at[i - 1];
	return value;
}

static int build(uint64_t size_bytes, uint32_t sector_bytes)
{
	return gpt_build(size_bytes, sector_bytes, disk_guid, partition_guid, "mvirt-data", &gpt);
}

/* The figure of every CRC-32's description. */
static void test_crc(void **)
{
	assert_int_equal(gpt_crc32("123456789", 9), 0xcbf43926);
	assert_int_equal(gpt_crc32("", 0), 0);
}

static void test_guid(void **)
{
	uint8_t guid[16];

	memset(guid, 0xff, sizeof(guid));
	gpt_make_guid(guid);
	assert_int_equal(guid[7], 0x4f);
	assert_int_equal(guid[8], 0xbf);
	memset(guid, 0, sizeof(guid));
	gpt_make_guid(guid);
	assert_int_equal(guid[7], 0x40);
	assert_int_equal(guid[8], 0x80);
}

static void expect_bytes(const uint8_t *at, const char *hex)
{
	char have[3 * 128 + 1] = "";
	size_t length = 0, count = (strlen(hex) + 1) / 3;

	for (size_t i = 0; i < count; i++)
		length += (size_t)snprintf(have + length, sizeof(have) - length, "%s%02x",
					   i ? " " : "", at[i]);
	assert_string_equal(have, hex);
}

/* 64 MiB in sectors of 512: written down by hand from the specification, checksums by zlib. */
static void test_golden(void **)
{
	assert_int_equal(build(DISK_BYTES, 512), 0);
	assert_int_equal(gpt.head_bytes, 34 * 512);
	assert_int_equal(gpt.tail_bytes, 33 * 512);
	assert_int_equal(gpt.tail_offset, DISK_BYTES - 33 * 512);
	assert_int_equal(gpt.partition_offset, 1 << 20);
	assert_int_equal(gpt.partition_bytes, 62 << 20);
	for (size_t i = 0; i < 446; i++)
		assert_int_equal(gpt.head[i], 0);
	expect_bytes(gpt.head + 446, "00 00 02 00 ee ff ff ff 01 00 00 00 ff ff 01 00");
	for (size_t i = 462; i < 510; i++)
		assert_int_equal(gpt.head[i], 0);
	expect_bytes(gpt.head + 510, "55 aa");
	expect_bytes(gpt.head + 512, "45 46 49 20 50 41 52 54 00 00 01 00 5c 00 00 00 "
				     "30 de 25 38 00 00 00 00 01 00 00 00 00 00 00 00 "
				     "ff ff 01 00 00 00 00 00 22 00 00 00 00 00 00 00 "
				     "de ff 01 00 00 00 00 00 11 22 33 44 55 66 47 88 "
				     "99 aa bb cc dd ee ff 00 02 00 00 00 00 00 00 00 "
				     "80 00 00 00 80 00 00 00 45 24 73 a8");
	expect_bytes(gpt.head + 1024, "af 3d c6 0f 83 84 72 47 8e 79 3d 69 d8 47 7d e4 "
				      "0f 1e 2d 3c 4b 5a 49 78 87 96 a5 b4 c3 d2 e1 f0 "
				      "00 08 00 00 00 00 00 00 ff f7 01 00 00 00 00 00 "
				      "00 00 00 00 00 00 00 00 6d 00 76 00 69 00 72 00 "
				      "74 00 2d 00 64 00 61 00 74 00 61 00 00 00 00 00");
	for (size_t i = 1024 + 128; i < gpt.head_bytes; i++)
		assert_int_equal(gpt.head[i], 0);
	assert_memory_equal(gpt.tail, gpt.head + 1024, 32 * 512);
	expect_bytes(gpt.tail + 32 * 512, "45 46 49 20 50 41 52 54 00 00 01 00 5c 00 00 00 "
					  "f5 12 29 b6 00 00 00 00 ff ff 01 00 00 00 00 00 "
					  "01 00 00 00 00 00 00 00 22 00 00 00 00 00 00 00 "
					  "de ff 01 00 00 00 00 00 11 22 33 44 55 66 47 88 "
					  "99 aa bb cc dd ee ff 00 df ff 01 00 00 00 00 00 "
					  "80 00 00 00 80 00 00 00 45 24 73 a8");
}

/* The numbers of a header, and its checksums, against each other. */
static void check_header(const uint8_t *header, const uint8_t *entries, uint32_t sector_bytes,
			 uint64_t own, uint64_t other, uint64_t entries_at)
{
	const uint64_t last = own > other ? own : other, table = 16384 / sector_bytes;
	uint8_t copy[92];

	memcpy(copy, header, sizeof(copy));
	memset(copy + 16, 0, 4);
	assert_int_equal(get(header + 16, 4), gpt_crc32(copy, sizeof(copy)));
	assert_int_equal(get(header + 88, 4), gpt_crc32(entries, 16384));
	assert_int_equal(get(header + 24, 8), own);
	assert_int_equal(get(header + 32, 8), other);
	assert_int_equal(get(header + 40, 8), 2 + table);
	assert_int_equal(get(header + 48, 8), last - table - 1);
	assert_int_equal(get(header + 72, 8), entries_at);
	assert_int_equal(get(entries + 32, 8) * sector_bytes, gpt.partition_offset);
	assert_int_equal((get(entries + 40, 8) + 1) * sector_bytes,
			 gpt.partition_offset + gpt.partition_bytes);
	assert_true(get(entries + 40, 8) <= get(header + 48, 8));
	assert_int_equal(gpt.partition_offset % GPT_ALIGNMENT_BYTES, 0);
	assert_int_equal(gpt.partition_bytes % GPT_ALIGNMENT_BYTES, 0);
	assert_true(gpt.partition_bytes > 0);
}

static void check_sizes(uint64_t size_bytes, uint32_t sector_bytes)
{
	const uint64_t last = size_bytes / sector_bytes - 1, table = 16384 / sector_bytes;

	assert_int_equal(build(size_bytes, sector_bytes), 0);
	check_header(gpt.head + sector_bytes, gpt.head + 2 * sector_bytes, sector_bytes, 1, last,
		     2);
	check_header(gpt.tail + 16384, gpt.tail, sector_bytes, last, 1, last - table);
	assert_int_equal(gpt.tail_offset + gpt.tail_bytes, (last + 1) * sector_bytes);
	assert_int_equal(get(gpt.head + 446 + 12, 4), last > UINT32_MAX ? UINT32_MAX : last);
}

static void test_sizes(void **)
{
	static const uint64_t sizes[] = { 4ULL << 20,
					  (4ULL << 20) + 511,
					  (8ULL << 20) + 32 * 512,
					  (8ULL << 20) + 33 * 512,
					  (8ULL << 20) + 4 * 4096,
					  123456789012ULL,
					  2ULL << 40,
					  (2ULL << 40) + 512,
					  20000588955648ULL,
					  1ULL << 60 };

	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		check_sizes(sizes[i], 512);
		check_sizes(sizes[i], 4096);
	}
}

static void test_refused(void **)
{
	static const char longest[] = "123456789012345678901234567890123456";

	memset(&gpt, 0x5a, sizeof(gpt));
	assert_int_equal(build((4 << 20) - 1, 512), -ENOSPC);
	assert_int_equal(build(0, 512), -ENOSPC);
	assert_int_equal(build(DISK_BYTES, 520), -EINVAL);
	assert_int_equal(build(DISK_BYTES, 0), -EINVAL);
	assert_int_equal(build(DISK_BYTES, 8192), -EINVAL);
	assert_int_equal(gpt_build(DISK_BYTES, 512, disk_guid, partition_guid,
				   "1234567890123456789012345678901234567", &gpt),
			 -EINVAL);
	for (size_t i = 0; i < sizeof(gpt); i++)
		assert_int_equal(((const uint8_t *)&gpt)[i], 0x5a);
	assert_int_equal(gpt_build(DISK_BYTES, 512, disk_guid, partition_guid, longest, &gpt), 0);
	assert_int_equal(get(gpt.head + 1024 + 56 + 70, 2), '6');
	assert_int_equal(get(gpt.head + 1024 + 128, 8), 0);
}

/* sgdisk takes a file's sectors to be of 512 bytes. */
static void test_sgdisk(void **)
{
	char command[512], output[4096] = "";
	struct tree tree;
	FILE *pipe = NULL;
	int fd = -1;

	if (system("command -v sgdisk >/dev/null") != 0) {
		print_message("there is no sgdisk: what it says is not tested\n");
		skip();
	}
	tree_make(&tree);
	fd = open(tree_path(&tree, "/disk"), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(build(DISK_BYTES, 512), 0);
	assert_int_equal(ftruncate(fd, DISK_BYTES), 0);
	assert_int_equal(pwrite(fd, gpt.head, gpt.head_bytes, 0), gpt.head_bytes);
	assert_int_equal(pwrite(fd, gpt.tail, gpt.tail_bytes, (off_t)gpt.tail_offset),
			 gpt.tail_bytes);
	(void)close(fd);
	(void)snprintf(command, sizeof(command), "sgdisk -v -p -i 1 %s/disk 2>&1", tree.root);
	pipe = popen(command, "re");
	assert_non_null(pipe);
	(void)fread(output, 1, sizeof(output) - 1, pipe);
	assert_int_equal(pclose(pipe), 0);
	tree_remove(&tree);
	if (!strstr(output, "No problems found") ||
	    !strstr(output, "0FC63DAF-8483-4772-8E79-3D69D8477DE4 (Linux filesystem)") ||
	    !strstr(output, "44332211-6655-8847-99AA-BBCCDDEEFF00") ||
	    !strstr(output, "'mvirt-data'"))
		fail_msg("sgdisk: %s", output);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_crc),     cmocka_unit_test(test_guid),
		cmocka_unit_test(test_golden),  cmocka_unit_test(test_sizes),
		cmocka_unit_test(test_refused), cmocka_unit_test(test_sgdisk),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
