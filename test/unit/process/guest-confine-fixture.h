/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A place in which guests' processes are confined for real. Needs root, and says so where it is
 * not. */
#pragma once

#include "fake-tree.h"

#include <poll.h>
#include <sched.h>
#include <sys/mount.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/log.h"
#include "base/text.h"
#include "process/guest-cgroup.h"
#include "process/guest-process.h"

static struct tree tree;
static struct guest_process_paths paths;
static char guests[80], cgroup_mount[80], cgroup[96], probe[80], resolver[80], firmware[80];
static const char *impossible; /* why, or NULL */
static bool has_cgroup;

static void skip_unless_possible(void)
{
	if (!impossible)
		return;
	print_message("# skipped: %s\n", impossible);
	skip();
}

static const char *find_impossible(void)
{
	_cleanup_free_ char *map = NULL;
	unsigned int first = 0, outside = 0, count = 0;

	if (getuid() != 0)
		return "it needs root";
	if (file_read(AT_FDCWD, "/proc/self/uid_map", 4096, &map, NULL) < 0 ||
	    sscanf(map, "%u %u %u", &first, &outside, &count) != 3 || count < 80000)
		return "the uids of guests do not exist in this user namespace";
	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return "mount namespaces cannot be made here";
	return NULL;
}

static int compile_probe(void)
{
	char command[256];

	(void)snprintf(command, sizeof(command),
		       "gcc -static -O1 -o %s test/unit/process/confined-probe.c", probe);
	return system(command) == 0 ? 0 : -1;
}

/* A group below whatever the system does with the root, which is left alone. */
static void make_cgroup(void)
{
	(void)snprintf(cgroup, sizeof(cgroup), "%s/mvirt-test-%d", cgroup_mount, getpid());
	if (mkdir(cgroup_mount, 0755) < 0 || mount("cgroup2", cgroup_mount, "cgroup2", 0, NULL) < 0)
		return;
	has_cgroup = mkdir(cgroup, 0755) == 0;
}

static int group_setup(void **)
{
	tree_make(&tree);
	(void)snprintf(guests, sizeof(guests), "%s/guests", tree.root);
	(void)snprintf(cgroup_mount, sizeof(cgroup_mount), "%s/cgroup", tree.root);
	(void)snprintf(probe, sizeof(probe), "%s/probe", tree.root);
	(void)snprintf(resolver, sizeof(resolver), "%s/resolver", tree.root);
	(void)snprintf(firmware, sizeof(firmware), "%s/firmware", tree.root);
	(void)chmod(tree.root, 0755);
	impossible = find_impossible();
	if (impossible)
		return 0;
	if (compile_probe() < 0)
		return -1;
	make_cgroup();
	tree_folder(&tree, "/firmware");
	tree_file(&tree, "/firmware/bios.bin", "bios");
	paths = (struct guest_process_paths){ .guests = guests,
					      .cgroup = has_cgroup ? cgroup : "/none",
					      .resolver = resolver,
					      .proc = "/proc" };
	guest_process_set_paths(&paths);
	return 0;
}

static int group_teardown(void **)
{
	/* What a failed test may have left. */
	if (!impossible) {
		(void)guest_process_cleanup("probe");
		(void)guest_process_cleanup("qemu");
	}
	if (has_cgroup) {
		char path[128];

		(void)snprintf(path, sizeof(path), "%s/mvirt", cgroup);
		(void)rmdir(path);
		if (rmdir(cgroup) < 0)
			return -1;
	}
	(void)umount2(cgroup_mount, MNT_DETACH);
	tree_remove(&tree);
	return 0;
}
