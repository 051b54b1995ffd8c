// SPDX-License-Identifier: GPL-2.0-or-later
// Headers of images, good and bad: each bad one is refused with its reason.
#include "fake-tree.h"

#include <endian.h>

#include "base/cleanup.h"
#include "storage/image/image-header.h"

#define CLUSTER 65536

/* A disk of 1 GiB as qemu-img makes it: tables in clusters 1 and 3. */
static uint8_t image[CLUSTER];

static void set_32(size_t at, uint32_t value)
{
	value = htobe32(value);
	memcpy(image + at, &value, sizeof(value));
}

static void set_64(size_t at, uint64_t value)
{
	value = htobe64(value);
	memcpy(image + at, &value, sizeof(value));
}

static void make_header(void)
{
	memset(image, 0, sizeof(image));
	memcpy(image, "QFI\xfb", 4);
	set_32(4, 3);
	set_32(20, 16);
	set_64(24, 1 << 30);
	set_32(36, 2);
	set_64(40, 3 * CLUSTER);
	set_64(48, 1 * CLUSTER);
	set_32(56, 1);
	set_32(96, 4);
	set_32(100, 112);
}

static int setup(void **)
{
	make_header();
	return 0;
}

static void accepted_of(size_t length, uint64_t file_bytes, struct image_header *ret_header)
{
	_cleanup_free_ char *copy = malloc(length + 1), *why = NULL;

	/* Of just that length, for the sanitizer. */
	assert_non_null(copy);
	memcpy(copy, image, length);
	copy = realloc(copy, length);
	assert_int_equal(image_header_check_qcow2(copy, length, file_bytes, ret_header, &why), 0);
	assert_null(why);
}

static void accepted(void)
{
	struct image_header header = {};

	accepted_of(CLUSTER, 100 * CLUSTER, &header);
	assert_false(header.dirty);
}

static void refused_of(size_t length, uint64_t file_bytes, const char *expected)
{
	_cleanup_free_ char *copy = malloc(length + 1), *why = NULL;
	struct image_header header = { .virtual_bytes = 1 };

	assert_non_null(copy);
	memcpy(copy, image, length);
	copy = realloc(copy, length ?: 1);
	assert_int_equal(image_header_check_qcow2(copy, length, file_bytes, &header, &why),
			 -EINVAL);
	assert_non_null(why);
	assert_string_equal(why, expected);
	assert_int_equal(header.virtual_bytes, 1);
}

static void refused(const char *expected)
{
	refused_of(CLUSTER, 100 * CLUSTER, expected);
	make_header();
}

static void test_accepted(void **)
{
	struct image_header header = {};

	accepted_of(CLUSTER, 3 * CLUSTER + 16, &header);
	assert_int_equal(header.virtual_bytes, 1 << 30);
	assert_false(header.dirty);
	/* Version 2 has no more fields. */
	set_32(4, 2);
	memset(image + 72, 0, 40);
	accepted();
	make_header();
	set_64(72, 1);
	accepted_of(CLUSTER, 100 * CLUSTER, &header);
	assert_true(header.dirty);
	/* zstd; subclusters, of which an L1 entry reaches half as far. */
	set_64(72, 8 | 16);
	set_32(36, 4);
	accepted();
	set_32(36, 3);
	refused("its L1 table has 24 bytes, and its disk of 1 GiB needs 32");
	/* Any other feature may be ignored. */
	set_64(80, ~0ULL);
	set_64(88, ~0ULL);
	accepted();
}

static void test_kind(void **)
{
	assert_true(image_header_is_qcow2(image, 4));
	assert_false(image_header_is_qcow2(image, 3));
	refused_of(0, 0, "not a qcow2 image");
	refused_of(3, 3, "not a qcow2 image");
	refused_of(71, 71, "truncated: its header ends at 72, the file at 71");
	refused_of(72, 72, "truncated: its header ends at 104, the file at 72");
	refused_of(103, 103, "truncated: its header ends at 104, the file at 103");
	image[3] = 0;
	refused("not a qcow2 image");
	for (uint32_t version = 0; version < 6; version += version == 1 ? 3 : 1) {
		char expected[64];

		set_32(4, version);
		(void)snprintf(expected, sizeof(expected),
			       "qcow2 of version %u, which QEMU does not know", version);
		refused(expected);
	}
}

static void test_truncated(void **)
{
	struct image_header header;

	for (uint64_t end = 113; end < 3 * CLUSTER + 16; end += 4099) {
		char expected[80];

		(void)snprintf(expected, sizeof(expected),
			       "truncated: its tables end at %d, the file at %llu",
			       3 * CLUSTER + 16, (unsigned long long)end);
		refused_of(end < CLUSTER ? end : CLUSTER, end, expected);
	}
	accepted_of(CLUSTER, 3 * CLUSTER + 16, &header);
	/* Whichever of them is the last. */
	set_64(48, 50 * CLUSTER);
	refused_of(CLUSTER, 51 * CLUSTER - 1,
		   "truncated: its tables end at 3342336, the file at 3342335");
	accepted_of(CLUSTER, 51 * CLUSTER, &header);
	set_32(60, 2);
	set_64(64, 60 * CLUSTER);
	refused_of(CLUSTER, 51 * CLUSTER,
		   "truncated: its tables end at 3932240, the file at 3342336");
}

static void test_backing_file(void **)
{
	char expected[256], name[65] = "";

	set_64(8, 200);
	set_32(16, 11);
	memcpy(image + 200, "/etc/shadow", 11);
	refused("a layer over another file, \"/etc/shadow\": make it whole with qemu-img convert");
	set_64(8, 200);
	set_32(16, 9);
	memcpy(image + 200, "a\nb\x1b[\xff\0\"c", 9);
	refused("a layer over another file, \"a?b?[??\"c\": make it whole with qemu-img convert");
	/* Too long to be shown, outside of what was read, and with sizes that overflow. */
	memset(name, 'x', sizeof(name) - 1);
	memset(image + 200, 'x', 1023);
	set_64(8, 200);
	set_32(16, 1023);
	(void)snprintf(expected, sizeof(expected),
		       "a layer over another file, \"%s…\": make it whole with qemu-img convert",
		       name);
	refused(expected);
	(void)snprintf(expected, sizeof(expected),
		       "a layer over another file, \"%s\": make it whole with qemu-img convert",
		       "…");
	set_64(8, CLUSTER);
	set_32(16, 5);
	refused(expected);
	set_64(8, ~0ULL);
	set_32(16, ~0U);
	refused(expected);
	set_64(8, CLUSTER - 1);
	set_32(16, ~0U);
	image[CLUSTER - 1] = 'a';
	refused("a layer over another file, \"a…\": make it whole with qemu-img convert");
	/* Without a name it is one nevertheless; a name alone is none. */
	set_64(8, 200);
	refused("a layer over another file, \"\": make it whole with qemu-img convert");
	set_32(16, 12);
	accepted();
}

static void test_features(void **)
{
	set_64(72, 2);
	refused("marked as corrupt by QEMU: repair a copy with qemu-img check -r");
	set_64(72, 4);
	refused("keeps its data in another file: convert it with qemu-img convert");
	set_64(72, 32);
	refused("uses features that QEMU does not know (0x20)");
	set_64(72, 1ULL << 63 | 1);
	refused("uses features that QEMU does not know (0x8000000000000000)");
	set_32(32, 1);
	refused("encrypted: convert it with qemu-img convert");
	set_32(32, 2);
	refused("encrypted: convert it with qemu-img convert");
	set_32(96, 7);
	refused("its reference counts are of 2^7 bits");
	set_32(20, 8);
	refused("its clusters are of 2^8 bytes, not of 2^9 to 2^21");
	set_32(20, 22);
	refused("its clusters are of 2^22 bytes, not of 2^9 to 2^21");
	set_32(20, ~0U);
	refused("its clusters are of 2^4294967295 bytes, not of 2^9 to 2^21");
	set_32(20, 13);
	set_64(72, 16);
	refused("its clusters of 2^13 bytes are too small for subclusters");
}

static void test_header_length(void **)
{
	static const uint32_t impossible[] = { 0, 72, 96, 103, 105, 65544, ~0U, ~7U };

	for (size_t i = 0; i < ELEMENTS(impossible); i++) {
		char expected[80];

		set_32(100, impossible[i]);
		(void)snprintf(expected, sizeof(expected),
			       "its header has an impossible length of %u bytes", impossible[i]);
		refused(expected);
	}
	set_32(100, CLUSTER);
	accepted();
}

static size_t put_extension(size_t at, uint32_t type, uint32_t bytes, const char *data)
{
	set_32(at, type);
	set_32(at + 4, bytes);
	memcpy(image + at + 8, data, strlen(data));
	return at + 8 + (bytes + 7) / 8 * 8;
}

static void test_extensions(void **)
{
	struct image_header header;
	size_t at = put_extension(112, 0x6803f857, 48, "feature names");

	at = put_extension(at, 0xe2792aca, 3, "raw");
	at = put_extension(at, 0x12345678, 0, "");
	accepted();
	(void)put_extension(at, 0x44415441, 8, "data.raw");
	refused("keeps its data in another file, \"data.raw\": convert it with qemu-img convert");
	(void)put_extension(112, 0x0537be77, 16, "");
	refused("encrypted: convert it with qemu-img convert");
	(void)put_extension(112, 0xe2792aca, 1024, "");
	refused("the name of a format has 1024 bytes");
	(void)put_extension(112, 1, CLUSTER - 112 - 8, "");
	accepted();
	(void)put_extension(112, 1, CLUSTER - 112 - 7, "");
	refused("a header extension (0x00000001) of 65417 bytes leaves the header");
	(void)put_extension(112, 1, ~0U, "");
	refused("a header extension (0x00000001) of 4294967295 bytes leaves the header");
	/* What is behind the end does not count. */
	(void)put_extension(120, 0x44415441, 8, "data.raw");
	accepted();
	/* Of a larger cluster not all is read. */
	make_header();
	set_32(20, 17);
	set_64(40, 4 * CLUSTER);
	set_64(48, 2 * CLUSTER);
	(void)put_extension(112, 1, CLUSTER - 112 - 16, "");
	accepted_of(CLUSTER, 100 * CLUSTER, &header);
	(void)put_extension(112, 1, CLUSTER - 112 - 8, "");
	refused("its header is longer than 65536 bytes");
	/* Version 2 has them too, behind its shorter header. */
	set_32(4, 2);
	memset(image + 72, 0, 40);
	(void)put_extension(72, 0x44415441, 8, "data.raw");
	refused("keeps its data in another file, \"data.raw\": convert it with qemu-img convert");
}

static void test_tables(void **)
{
	set_32(36, 1);
	refused("its L1 table has 8 bytes, and its disk of 1 GiB needs 16");
	set_32(36, 0);
	refused("its L1 table has 0 bytes, and its disk of 1 GiB needs 16");
	set_32(36, 2 + (1 << 17));
	accepted_of(CLUSTER, 100 * CLUSTER, &(struct image_header){});
	set_32(36, 3 + (1 << 17));
	refused("an impossible L1 table of 1048600 bytes: its disk of 1 GiB needs 16");
	set_32(36, ~0U);
	refused("an impossible L1 table of 34359738360 bytes: its disk of 1 GiB needs 16");
	/* 512 bytes: 32 KiB an entry. */
	set_32(20, 9);
	set_64(24, 1ULL << 40);
	set_32(36, 1 << 25);
	refused("an impossible L1 table of 268435456 bytes: its disk of 1 TiB needs 268435456");
	set_64(40, 3 * CLUSTER + 512);
	refused("its L1 table is at an impossible place, 0x30200");
	set_64(40, 0);
	refused("its L1 table is at an impossible place, 0x0");
	set_64(40, 1ULL << 63);
	refused("its L1 table is at an impossible place, 0x8000000000000000");
	set_64(40, -(uint64_t)CLUSTER);
	refused("its L1 table is at an impossible place, 0xffffffffffff0000");
	set_64(48, 1);
	refused("its reference count table is at an impossible place, 0x1");
	set_32(56, 0);
	refused("it has no reference counts");
	set_32(56, 129);
	refused("an impossible reference count table of 129 clusters");
	set_32(56, ~0U);
	refused("an impossible reference count table of 4294967295 clusters");
	set_32(60, 65537);
	refused("an impossible number of snapshots, 65537");
	set_32(60, 1);
	set_64(64, 1);
	refused("its snapshot table is at an impossible place, 0x1");
	/* Nobody looks where no snapshot is. */
	set_64(64, 1);
	accepted();
}

static void test_size(void **)
{
	set_64(24, 0);
	refused("a disk of 0 bytes");
	set_64(24, (64ULL << 40) + 1);
	set_32(36, 1 << 20);
	refused("a disk of 64 TiB, more than 64 TiB");
	set_64(24, ~0ULL);
	refused("a disk of 15.9 EiB, more than 64 TiB");
	set_64(24, 64ULL << 40);
	set_32(36, 1 << 17);
	accepted_of(CLUSTER, 100 * CLUSTER, &(struct image_header){});
}

static void test_raw(void **)
{
	struct image_header header = {};
	static const struct {
		uint64_t bytes;
		const char *why;
	} cases[] = {
		{ 0, "an empty file" },
		{ 511,
		  "its size of 511 bytes is not a multiple of 512: truncated, or not a raw disk "
		  "image" },
		{ 513,
		  "its size of 513 bytes is not a multiple of 512: truncated, or not a raw disk "
		  "image" },
		{ (64ULL << 40) + 512, "a disk of 70368744178176 bytes, more than 64 TiB" },
	};

	for (size_t i = 0; i < ELEMENTS(cases); i++) {
		_cleanup_free_ char *why = NULL;

		assert_int_equal(image_header_check_raw(cases[i].bytes, &header, &why), -EINVAL);
		assert_string_equal(why, cases[i].why);
	}
	assert_int_equal(image_header_check_raw(64ULL << 40, &header, NULL), 0);
	assert_int_equal(image_header_check_raw(512, &header, NULL), 0);
	assert_int_equal(header.virtual_bytes, 512);
}

/* Bytes of any kind: no crash, and a printable line. */
static void test_any_bytes(void **)
{
	uint64_t state = 1;

	for (int round = 0; round < 200000; round++) {
		_cleanup_free_ char *why = NULL;
		struct image_header header;

		make_header();
		for (int i = 0; i < 3; i++) {
			state = state * 6364136223846793005ULL + 1442695040888963407ULL;
			image[(state >> 33) % 136] = (uint8_t)(state >> 56);
		}
		if (image_header_check_qcow2(image, (state >> 40) % 300, (state >> 20) % 1000000,
					     &header, &why) == 0)
			continue;
		assert_non_null(why);
		assert_null(strchr(why, '\n'));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_accepted, setup),
		cmocka_unit_test_setup(test_kind, setup),
		cmocka_unit_test_setup(test_truncated, setup),
		cmocka_unit_test_setup(test_backing_file, setup),
		cmocka_unit_test_setup(test_features, setup),
		cmocka_unit_test_setup(test_header_length, setup),
		cmocka_unit_test_setup(test_extensions, setup),
		cmocka_unit_test_setup(test_tables, setup),
		cmocka_unit_test_setup(test_size, setup),
		cmocka_unit_test_setup(test_raw, setup),
		cmocka_unit_test_setup(test_any_bytes, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
