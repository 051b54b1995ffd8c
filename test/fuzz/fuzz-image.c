// SPDX-License-Identifier: GPL-2.0-or-later
// Any bytes as the beginning of an image; the first two are its size, in 4 KiB on top of what is
// there. Accepted or refused, and a refusal is one printable line.
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "storage/image/image-header.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void expect_reason(int result, const char *why)
{
	if (result == 0 ? why != NULL : result != -EINVAL || !why || !*why)
		abort();
	for (; why && *why; why++)
		if ((unsigned char)*why < ' ' || *why == 0x7f)
			abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_free_ char *why = NULL, *why_raw = NULL;
	struct image_header header = {};
	uint64_t file_bytes = 0;
	int r = 0;

	if (size < 2)
		return 0;
	file_bytes = size - 2 + ((uint64_t)data[0] << 8 | data[1]) * 4096;
	data += 2;
	size -= 2;
	if (size > IMAGE_HEADER_BYTES_MAX)
		size = IMAGE_HEADER_BYTES_MAX;
	r = image_header_check_qcow2(data, size, file_bytes, &header, &why);
	expect_reason(r, why);
	if (r == 0 && (!image_header_is_qcow2(data, size) || header.virtual_bytes == 0 ||
		       header.virtual_bytes > IMAGE_SIZE_MAX))
		abort();
	expect_reason(image_header_check_raw(file_bytes, &header, &why_raw), why_raw);
	return 0;
}
