/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A folder of its own for each test, with files and links in it, and counting what is left open. */
#pragma once

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <setjmp.h>

#include <cmocka.h>

struct tree {
	char root[64];
};

static inline void tree_make(struct tree *tree)
{
	(void)snprintf(tree->root, sizeof(tree->root), "/tmp/mvirt-test-XXXXXX");
	assert_non_null(mkdtemp(tree->root));
}

static inline int tree_remove_one(const char *path, const struct stat *status, int flag,
				  struct FTW *ftw)
{
	(void)status;
	(void)flag;
	(void)ftw;
	return remove(path);
}

static inline void tree_remove(struct tree *tree)
{
	(void)nftw(tree->root, tree_remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

/* The folders above path, which is absolute below the root. */
static inline void tree_parents(const struct tree *tree, const char *path, char out[PATH_MAX])
{
	assert_true(snprintf(out, PATH_MAX, "%s%s", tree->root, path) < PATH_MAX);
	for (char *c = out + strlen(tree->root) + 1; *c; c++)
		if (*c == '/') {
			*c = '\0';
			assert_true(mkdir(out, 0755) == 0 || errno == EEXIST);
			*c = '/';
		}
}

static inline void tree_folder(const struct tree *tree, const char *path)
{
	char whole[PATH_MAX];

	tree_parents(tree, path, whole);
	assert_true(mkdir(whole, 0755) == 0 || errno == EEXIST);
}

static inline void tree_bytes(const struct tree *tree, const char *path, const void *data,
			      size_t length)
{
	char whole[PATH_MAX];
	int fd = -1;

	tree_parents(tree, path, whole);
	fd = open(whole, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, data, length), length);
	(void)close(fd);
}

static inline void tree_file(const struct tree *tree, const char *path, const char *text)
{
	tree_bytes(tree, path, text, strlen(text));
}

/* The target is below the root too, and need not exist. */
static inline void tree_link(const struct tree *tree, const char *path, const char *target)
{
	char whole[PATH_MAX], to[PATH_MAX];

	tree_parents(tree, path, whole);
	assert_true(snprintf(to, sizeof(to), "%s%s", tree->root, target) < PATH_MAX);
	assert_int_equal(symlink(to, whole), 0);
}

static inline const char *tree_path(const struct tree *tree, const char *path)
{
	static char whole[4][PATH_MAX];
	static unsigned int next;
	char *out = whole[next++ % 4];

	assert_true(snprintf(out, PATH_MAX, "%s%s", tree->root, path) < PATH_MAX);
	return out;
}

static inline int count_fds(void)
{
	DIR *dir = opendir("/proc/self/fd");
	int count = 0;

	assert_non_null(dir);
	while (readdir(dir))
		count++;
	(void)closedir(dir);
	return count;
}

static inline void assert_no_child(void)
{
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	assert_int_equal(errno, ECHILD);
}
