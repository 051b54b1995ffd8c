// SPDX-License-Identifier: GPL-2.0-or-later
// Configurations without memory: every allocation fails in turn, and the answer is -ENOMEM, with
// nothing lost and nothing half made handed out.
// clang-format off
// link: -Wl,--wrap=malloc -Wl,--wrap=calloc -Wl,--wrap=strdup -Wl,--wrap=strndup
// link: -Wl,--wrap=reallocarray -Wl,--wrap=vasprintf -Wl,--wrap=open_memstream -Wl,--wrap=tsearch
// clang-format on
#include <search.h>

#include "config-fixture.h"

/* Allocations until one fails; negative: none does. */
static int failing = -1;

static bool fails(void)
{
	return failing >= 0 && failing-- == 0;
}

#define WRAP(type, name, parameters, arguments) \
	type __real_##name parameters;          \
	type __wrap_##name parameters;          \
	type __wrap_##name parameters           \
	{                                       \
		if (fails()) {                  \
			errno = ENOMEM;         \
			return 0;               \
		}                               \
		return __real_##name arguments; \
	}
WRAP(void *, malloc, (size_t size), (size))
WRAP(void *, calloc, (size_t count, size_t size), (count, size))
WRAP(char *, strdup, (const char *text), (text))
WRAP(char *, strndup, (const char *text, size_t length), (text, length))
WRAP(void *, reallocarray, (void *old, size_t count, size_t size), (old, count, size))
WRAP(FILE *, open_memstream, (char **text, size_t *length), (text, length))
WRAP(void *, tsearch, (const void *key, void **root, int (*compare)(const void *, const void *)),
     (key, root, compare))

int __real_vasprintf(char **ret, const char *format, va_list arguments);
int __wrap_vasprintf(char **ret, const char *format, va_list arguments);
int __wrap_vasprintf(char **ret, const char *format, va_list arguments)
{
	return fails() ? -1 : __real_vasprintf(ret, format, arguments);
}

/* Each call with the n-th allocation failing, until it needs no more: what it does, whole or not.
 */
static void fail_in_turn(int (*act)(void *what), void *what, int expected)
{
	for (int n = 0;; n++) {
		int r = 0;
		bool reached = false;

		failing = n;
		r = act(what);
		reached = failing < 0;
		failing = -1;
		if (!reached) {
			assert_int_equal(r, expected);
			assert_true(n > 5);
			return;
		}
		assert_int_equal(r, -ENOMEM);
	}
}

static int act_parse(void *what)
{
	_cleanup_(guest_config_freep) struct guest_config *config = NULL;
	_cleanup_(config_mistakes_done) struct config_mistakes mistakes = {};
	int r = guest_config_parse(what, &config, &mistakes);

	assert_true(!config == (r != 0));
	assert_true((mistakes.count > 0) == (r == -EBADMSG));
	return r;
}

static int act_load(void *what)
{
	_cleanup_(guest_config_freep) struct guest_config *config = NULL;
	_cleanup_(config_mistakes_done) struct config_mistakes mistakes = {};

	return guest_config_load(what, &config, &mistakes);
}

static int act_copy(void *what)
{
	_cleanup_(guest_config_freep) struct guest_config *copy = NULL;

	return guest_config_copy(what, &copy);
}

static int act_rename(void *what)
{
	_cleanup_(guest_config_freep) struct guest_config *copy = NULL;

	return guest_config_rename(what, "new", &copy);
}

static int act_set(void *what)
{
	_cleanup_(guest_config_freep) struct guest_config *changed = NULL;
	_cleanup_(config_mistakes_done) struct config_mistakes mistakes = {};

	return guest_config_set(what, "cloud-init.ssh-key", "ssh-rsa AAAA a,ssh-rsa AAAA b",
				&changed, &mistakes);
}

static int act_set_new(void *what)
{
	_cleanup_(guest_config_freep) struct guest_config *changed = NULL;
	_cleanup_(config_mistakes_done) struct config_mistakes mistakes = {};

	return guest_config_set(what, "disk.2.fil", "x", &changed, &mistakes);
}

static int act_host(void *what)
{
	_cleanup_(host_config_freep) struct host_config *config = NULL;
	_cleanup_(config_mistakes_done) struct config_mistakes mistakes = {};
	int r = host_config_parse(what, &config, &mistakes);

	assert_true(!config == (r != 0));
	return r;
}

static void test_no_memory(void **state)
{
	static char complete[sizeof(everything)],
		wrong[] = "guest \"a\" { cpus = 0 after = [\"a\", \"b\"] }";
	static char newer[] = "guest \"a\" { nic { x = 1 y { z = [ 1, 2 ] } } b = c d = 1 }";
	static char host[] = "memory-reserve = \"1G\"\n"
			     "network \"a\" { bond = [\"x\", \"y\"] address = \"192.0.2.1/24\" dns "
			     "= \"1.1.1.1\" }\n"
			     "network \"b\" { bond = \"x\" }\nnetwork \"c\" { uplink = \"x\" "
			     "gateway = \"192.0.2.1\" }\n"
			     "guest \"w\" { nic { mac = \"52:54:00:00:00:01\" } after = \"d\" }\n"
			     "guest \"d\" { nic { mac = \"52:54:00:00:00:01\" } }\n"
			     "guest \"x\" { nic {} after = \"y\" ready = \"console:x\" }\n"
			     "guest \"y\" { nic {} after = [\"x\", \"z\"] }\n";
	_cleanup_(guest_config_freep) struct guest_config *config = parsed(everything);

	(void)state;
	memcpy(complete, everything, sizeof(everything));
	fail_in_turn(act_parse, complete, 0);
	fail_in_turn(act_parse, wrong, -EBADMSG);
	fail_in_turn(act_load, newer, 0);
	fail_in_turn(act_copy, config, 0);
	fail_in_turn(act_rename, config, 0);
	fail_in_turn(act_set, config, 0);
	fail_in_turn(act_set_new, config, -EBADMSG);
	fail_in_turn(act_host, host, 0);
}

static void test_check_without_memory(void **state)
{
	_cleanup_(fit_done) struct fit fit = fit_new();
	_cleanup_(guest_config_freep) struct guest_config *config =
		parsed("guest \"disk\" { nic {} after = \"web\" }");
	int r = 0;

	(void)state;
	for (int n = 0; n == 0 || r == -ENOMEM; n++) {
		_cleanup_free_ char *why = NULL;

		failing = n;
		r = guest_config_check(config, fit.host,
				       (const struct guest_config *const *)fit.others, fit.count,
				       &why);
		failing = -1;
		assert_true(!why == (r == -ENOMEM));
		assert_true(n < 100);
	}
	assert_int_equal(r, -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_no_memory),
		cmocka_unit_test(test_check_without_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
