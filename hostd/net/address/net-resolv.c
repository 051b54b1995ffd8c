// SPDX-License-Identifier: GPL-2.0-or-later
// resolv.conf: the DNS servers of all networks together.
#include "net-resolv.h"

#include <fcntl.h>
#include <string.h>

#include "base/file.h"

#define FILE_MAX 4096
#define SERVERS_MAX 3 /* MAXNS of <resolv.h> */

static int fill_lines(const struct network *networks, size_t count, struct text_list *lines)
{
	_cleanup_(text_list_done) struct text_list servers = {};
	const char *domain = NULL;
	int r = 0;

	for (size_t i = 0; i < count && r == 0; i++) {
		r = network_list_dns(&networks[i], &servers);
		if (!domain && networks[i].has_lease && networks[i].lease.domain[0])
			domain = networks[i].lease.domain;
	}
	if (r == 0 && domain)
		r = text_list_addf(lines, "search %s\n", domain);
	for (size_t i = 0; i < servers.count && i < SERVERS_MAX && r == 0; i++)
		r = text_list_addf(lines, "nameserver %s\n", servers.items[i]);
	return r;
}

int net_resolv_write(const char *path, const struct network *networks, size_t count)
{
	_cleanup_(text_list_done) struct text_list lines = {};
	_cleanup_free_ char *old = NULL;
	char text[FILE_MAX] = "";
	int r = fill_lines(networks, count, &lines);

	if (r < 0)
		return r;
	for (size_t i = 0; i < lines.count; i++)
		(void)snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s",
			       lines.items[i]);
	if (file_read(AT_FDCWD, path, sizeof(text), &old, NULL) == 0 && text_equal(old, text))
		return 0;
	return file_replace(AT_FDCWD, path, text, strlen(text), 0644);
}
