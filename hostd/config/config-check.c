// SPDX-License-Identifier: GPL-2.0-or-later
// hostd --check FILE: the parser on a file, for people and golden tests.
#include "config-check.h"

#include <fcntl.h>
#include <string.h>

#include "base/file.h"
#include "config.h"

#define CONFIG_BYTES_MAX (1 << 20)

int config_check_file(const char *path)
{
	_cleanup_(host_config_freep) struct host_config *config = NULL;
	_cleanup_(config_mistakes_done) struct config_mistakes mistakes = {};
	_cleanup_free_ char *text = NULL, *canonical = NULL;
	int r = file_read(AT_FDCWD, path, CONFIG_BYTES_MAX, &text, NULL);

	if (r == 0)
		r = host_config_parse(text, &config, &mistakes);
	if (r < 0) {
		(void)fprintf(stderr, "%s: %s\n", path, strerror(-r));
		return 1;
	}
	canonical = host_config_format(config);
	if (!canonical || fputs(canonical, stdout) < 0 || fflush(stdout) != 0) {
		(void)fprintf(stderr, "%s: the result cannot be written\n", path);
		return 1;
	}
	for (size_t i = 0; i < mistakes.count; i++)
		(void)fprintf(stderr, "%s:%u: %s\n", path, mistakes.items[i].line,
			      mistakes.items[i].message);
	return mistakes.count > 0;
}
