// SPDX-License-Identifier: GPL-2.0-or-later
// Any bytes as mvirt.conf: a usable configuration comes out, whose canonical text means the same.
#include <stdlib.h>
#include <string.h>

#include "config/config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_(host_config_freep) struct host_config *config = NULL, *again = NULL;
	_cleanup_(config_mistakes_done) struct config_mistakes mistakes = {}, none = {};
	_cleanup_free_ char *text = strndup((const char *)data, size), *canonical = NULL,
			    *canonical_again = NULL;

	if (!text || host_config_parse(text, &config, &mistakes) < 0)
		abort();
	for (size_t i = 0; i < mistakes.count; i++)
		if (mistakes.items[i].line == 0 || strchr(mistakes.items[i].message, '\n'))
			abort();
	canonical = host_config_format(config);
	if (!canonical || host_config_parse(canonical, &again, &none) < 0)
		abort();
	canonical_again = host_config_format(again);
	if (none.count > 0 || strcmp(canonical, canonical_again) != 0)
		abort();
	return 0;
}
