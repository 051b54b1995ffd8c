// SPDX-License-Identifier: GPL-2.0-or-later
// Which file system is believed; and which disks the definitions on one give to guests.
// link: -Wl,--wrap=mount,--wrap=unshare
#include "fake-tree.h"

#include <sched.h>
#include <sys/mman.h>
#include <sys/mount.h>

#include "base/cleanup.h"
#include "config/config-claims.h"
#include "storage/volume/volume-choice.h"
#include "storage/volume/volume-look.h"

static struct tree tree;

/* Of the children, too. */
static struct fake {
	char source[64], type[16], options[64];
	unsigned long flags;
	int unshared, error;
} *fake;

int __wrap_unshare(int flags);
int __wrap_unshare(int flags)
{
	assert_int_equal(flags, CLONE_NEWNS);
	fake->unshared++;
	return 0;
}

int __wrap_mount(const char *source, const char *target, const char *type, unsigned long flags,
		 const void *data);
int __wrap_mount(const char *source, const char *target, const char *type, unsigned long flags,
		 const void *data)
{
	if (!source) {
		assert_string_equal(target, "/");
		assert_int_equal(flags, MS_REC | MS_PRIVATE);
		return 0;
	}
	assert_string_equal(target, tree_path(&tree, "/look"));
	(void)snprintf(fake->source, sizeof(fake->source), "%s", source);
	(void)snprintf(fake->type, sizeof(fake->type), "%s", type);
	(void)snprintf(fake->options, sizeof(fake->options), "%s", data ? (const char *)data : "");
	fake->flags = flags;
	errno = fake->error;
	return errno ? -1 : 0;
}

static int setup(void **)
{
	fake = mmap(NULL, sizeof(*fake), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_true(fake != MAP_FAILED);
	tree_make(&tree);
	return 0;
}

static int teardown(void **)
{
	tree_remove(&tree);
	(void)munmap(fake, sizeof(*fake));
	return 0;
}

/* --- the choice --- */

#define UUID_A "0f1e2d3c-4b5a-4978-8796-a5b4c3d2e1f0"
#define UUID_B "1f1e2d3c-4b5a-4978-8796-a5b4c3d2e1f0"

static const struct volume_wish any = { "mvirt-data", NULL, "Do something." };

static void expect(const struct volume_wish *wish, const struct volume_candidate *candidates,
		   size_t count, int error, const char *what)
{
	_cleanup_free_ char *why = NULL;
	size_t index = 99;
	int r = volume_choose(wish, candidates, count, &index, &why);

	assert_int_equal(r, error);
	if (r == 0) {
		assert_null(why);
		assert_string_equal(candidates[index].node, what);
	} else if (what) {
		assert_non_null(why);
		assert_string_equal(why, what);
	} else {
		assert_null(why);
	}
}

static void test_one(void **)
{
	const struct volume_candidate one = { "/dev/sda1", UUID_A, false, NULL };

	expect(&any, NULL, 0, -ENOENT, NULL);
	expect(&any, &one, 1, 0, "/dev/sda1");
}

/* The attack: a guest's whole disk with the label. */
static void test_claimed(void **)
{
	const struct volume_candidate both[] = { { "/dev/vda2", UUID_A, false, "serial:OWN" },
						 { "/dev/sda1", UUID_B, false, NULL } };

	expect(&any, both, 2, 0, "/dev/sda1");
	expect(&any, both, 1, -ENOENT,
	       "/dev/vda2 is labelled mvirt-data, but its disk is a guest's (serial:OWN): it is "
	       "not used");
}

static void test_two(void **)
{
	const struct volume_candidate two[] = { { "/dev/sda1", UUID_A, false, NULL },
						{ "/dev/sdb1", NULL, false, NULL } };

	expect(&any, two, 2, -ENOTUNIQ,
	       "2 file systems are labelled mvirt-data, and none is used: /dev/sda1 (UUID " UUID_A
	       "), /dev/sdb1 (UUID none). Do something.");
}

static void test_loaded(void **)
{
	struct volume_candidate three[] = { { "/dev/vda1", UUID_A, false, NULL },
					    { "/dev/sda1", UUID_B, true, "/dev/sda" },
					    { "/dev/sdb1", UUID_B, false, NULL } };

	expect(&any, three, 3, 0, "/dev/sda1");
	three[2].loaded = true;
	expect(&any, three, 3, -ENOTUNIQ,
	       "2 file systems are labelled mvirt-data, and none is used: /dev/sda1 (UUID " UUID_B
	       "), /dev/sdb1 (UUID " UUID_B "). Do something.");
}

static void test_named(void **)
{
	const struct volume_wish named = { "mvirt-data", "1F1E2D3C-4B5A-4978-8796-A5B4C3D2E1F0",
					   "Do something." };
	struct volume_candidate two[] = { { "/dev/sda1", UUID_A, true, NULL },
					  { "/dev/sdb1", UUID_B, false, NULL } };

	expect(&named, two, 2, 0, "/dev/sdb1");
	expect(&named, two, 1, -ENOENT,
	       "/dev/sda1 is labelled mvirt-data, but its UUID is " UUID_A " and not "
	       "1F1E2D3C-4B5A-4978-8796-A5B4C3D2E1F0: it is not used");
	two[1].claimed = "serial:OWN";
	expect(&named, two, 2, -ENOENT,
	       "/dev/sdb1 is labelled mvirt-data, but its disk is a guest's (serial:OWN): it is "
	       "not used");
	/* A copy. */
	two[0] = (struct volume_candidate){ "/dev/sda1", UUID_B, false, NULL };
	two[1].claimed = NULL;
	expect(&named, two, 2, -ENOTUNIQ,
	       "2 file systems are labelled mvirt-data, and none is used: /dev/sda1 (UUID " UUID_B
	       "), /dev/sdb1 (UUID " UUID_B "). Do something.");
}

/* --- the look --- */

static void expect_claims(const struct text_list *claims, const char *expected)
{
	char text[256] = "";

	for (size_t i = 0; i < claims->count; i++)
		(void)snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s ",
			       claims->items[i]);
	assert_string_equal(text, expected);
}

/* A guest with a mistake counts, and so does a key that only a newer hostd knows. */
#define CONFIG                                                                            \
	"guest \"a\" { cpus = 0 disk { device = \"serial:A\" } disk { file = \"x\" } }\n" \
	"guest \"b\" { new { deep { device = [\"/dev/sdb\", \"path:b\"] } } }\n"          \
	"device = \"/dev/sdx\"\n"

static void test_claims(void **)
{
	_cleanup_(text_list_done) struct text_list claims = {};

	assert_int_equal(config_claims("", &claims), 0);
	assert_int_equal(config_claims("guest {", &claims), -EBADMSG);
	expect_claims(&claims, "");
	assert_int_equal(config_claims(CONFIG, &claims), 0);
	expect_claims(&claims, "serial:A /dev/sdb path:b /dev/sdx ");
}

static int look(const char *type, struct text_list *claims)
{
	int fds = count_fds(),
	    r = volume_look_at(tree_path(&tree, "/look"), "/dev/sdb1", type, claims);

	assert_int_equal(count_fds(), fds);
	assert_no_child();
	assert_int_equal(fake->flags & (MS_RDONLY | MS_NODEV | MS_NOSUID | MS_NOEXEC),
			 MS_RDONLY | MS_NODEV | MS_NOSUID | MS_NOEXEC);
	return r;
}

static void test_look_at_config(void **)
{
	_cleanup_(text_list_done) struct text_list claims = {};

	assert_int_equal(look("vfat", &claims), -ENOENT);
	tree_file(&tree, "/look/mvirt.conf", CONFIG);
	assert_int_equal(look("vfat", &claims), 0);
	assert_int_equal(fake->unshared, 2);
	assert_string_equal(fake->source, "/dev/sdb1");
	assert_string_equal(fake->type, "vfat");
	expect_claims(&claims, "serial:A /dev/sdb path:b /dev/sdx ");
	fake->error = EIO;
	assert_int_equal(look("vfat", &claims), -EIO);
}

static void test_look_at_guests(void **)
{
	_cleanup_(text_list_done) struct text_list claims = {};

	assert_int_equal(look("xfs", &claims), 0);
	assert_string_equal(fake->options, "norecovery,nouuid");
	tree_file(&tree, "/look/guests/a/guest.conf",
		  "guest \"a\" { disk { device = \"/dev/a\" } }");
	tree_file(&tree, "/look/guests/b/guest.conf", "guest {{{{");
	tree_folder(&tree, "/look/guests/c");
	tree_file(&tree, "/look/guests/d", "a file");
	/* Not out of the file system: to a file that is ours, or one that hangs. */
	tree_link(&tree, "/look/guests/e/guest.conf", "/look/guests/a/guest.conf");
	tree_folder(&tree, "/look/guests/f");
	assert_int_equal(mkfifo(tree_path(&tree, "/look/guests/f/guest.conf"), 0600), 0);
	assert_int_equal(look("ext4", &claims), 0);
	assert_string_equal(fake->options, "noload");
	expect_claims(&claims, "/dev/a ");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one),
		cmocka_unit_test(test_claimed),
		cmocka_unit_test(test_two),
		cmocka_unit_test(test_loaded),
		cmocka_unit_test(test_named),
		cmocka_unit_test(test_claims),
		cmocka_unit_test_setup_teardown(test_look_at_config, setup, teardown),
		cmocka_unit_test_setup_teardown(test_look_at_guests, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
