// SPDX-License-Identifier: GPL-2.0-or-later
// An address that is tried out: kept when somebody confirms it, gone after 60 s otherwise, and gone
// with hostd. The 60 s are short here.
// link: -Wl,--wrap=sd_event_add_time_relative
#include "net-fixture.h"

#define TRIAL_USEC (NET_TRIAL_S * UINT64_C(1000000))
#define SHORT_USEC UINT64_C(100000)
#define LEASE                                                       \
	"ip=192.0.2.7 mask=24 router=192.0.2.1 serverid=192.0.2.1 " \
	"interface=lan lease=3600"

int __real_sd_event_add_time_relative(sd_event *event, sd_event_source **source, clockid_t clock,
				      uint64_t usec, uint64_t accuracy,
				      sd_event_time_handler_t callback, void *userdata);
int __wrap_sd_event_add_time_relative(sd_event *event, sd_event_source **source, clockid_t clock,
				      uint64_t usec, uint64_t accuracy,
				      sd_event_time_handler_t callback, void *userdata);

static unsigned int trials_timed;
static bool shorten;
static int timer_error;

int __wrap_sd_event_add_time_relative(sd_event *event, sd_event_source **source, clockid_t clock,
				      uint64_t usec, uint64_t accuracy,
				      sd_event_time_handler_t callback, void *userdata)
{
	if (usec == TRIAL_USEC) {
		/* a machine that sleeps meanwhile does not get more time */
		assert_int_equal(clock, CLOCK_BOOTTIME);
		trials_timed++;
		if (timer_error)
			return timer_error;
		if (shorten)
			usec = SHORT_USEC;
	}
	return __real_sd_event_add_time_relative(event, source, clock, usec, accuracy, callback,
						 userdata);
}

static void start_static(struct fixture *f)
{
	shorten = false;
	timer_error = 0;
	trials_timed = 0;
	f->networks[0].ipv4 = ADDRESS_STATIC;
	assert_int_equal(text_list_add(&f->networks[0].addresses, "192.0.2.20/24"), 0);
	assert_int_equal(text_list_add(&f->networks[0].addresses, "2001:db8::20/64"), 0);
	f->networks[0].ipv6_ra = false;
	fixture_plug_in(f, "eth0");
	fixture_start(f);
	fixture_wait_line(f, "net lan: 192.0.2.20/24 (static)");
}

static void try_it(struct fixture *f, const char *address, const char *gateway)
{
	char *why = NULL;
	int r = net_try_address(f->net, "lan", address, gateway, &why);

	if (r < 0)
		fail_msg("%s", why ? why : "no reason");
}

static void settle(struct fixture *f, bool keep)
{
	char *why = NULL;
	int r = net_settle_address(f->net, "lan", keep, &why);

	if (r < 0)
		fail_msg("%s", why ? why : "no reason");
}

static void assert_has(struct fixture *f, const char *address, const char *not_this)
{
	assert_true(fixture_has_address(f, "lan", address));
	assert_false(fixture_has_address(f, "lan", not_this));
	/* what was not asked for stays */
	assert_true(fixture_has_address(f, "lan", "2001:db8::20/64"));
}

static void nobody_confirms(void **state)
{
	struct fixture *f = *state;
	struct net_trial_status status = {};

	SKIP_WHERE_IMPOSSIBLE(f);
	start_static(f);
	assert_false(net_get_trial(f->net, &status));
	shorten = true;
	try_it(f, "192.0.2.77/25", "192.0.2.1");
	assert_int_equal(trials_timed, 1);
	assert_has(f, "192.0.2.77/25", "192.0.2.20/24");
	assert_true(net_get_trial(f->net, &status));
	assert_string_equal(status.network, "lan");
	assert_string_equal(status.address, "192.0.2.77/25");
	assert_true(status.left_usec <= TRIAL_USEC && status.left_usec > TRIAL_USEC / 2);
	assert_string_equal(fixture_status(f, 0).gateway, "192.0.2.1");
	fixture_wait_line(f, "net lan: back to the old address: nobody confirmed the new one");
	assert_has(f, "192.0.2.20/24", "192.0.2.77/25");
	assert_null(fixture_status(f, 0).gateway);
	assert_false(net_get_trial(f->net, &status));
}

static void confirmed(void **state)
{
	struct fixture *f = *state;
	struct net_trial_status status = {};
	char text[256];

	SKIP_WHERE_IMPOSSIBLE(f);
	start_static(f);
	shorten = true;
	try_it(f, "192.0.2.77/24", NULL);
	settle(f, true);
	assert_false(net_get_trial(f->net, &status));
	/* well after the 60 s */
	fixture_settle(f);
	fixture_settle(f);
	assert_has(f, "192.0.2.77/24", "192.0.2.20/24");
	fixture_assert_no_line(f, "back to the old address");
	fixture_read(f, "/state/lan.address", text, sizeof(text));
	assert_string_equal(text, "192.0.2.77/24\n\n");
	/* the next hostd of this boot */
	fixture_stop(f);
	fixture_start(f);
	fixture_settle(f);
	assert_has(f, "192.0.2.77/24", "192.0.2.20/24");
	/* one that is tried out then goes back to the kept one, and not to the file's */
	try_it(f, "192.0.2.78/24", NULL);
	assert_has(f, "192.0.2.78/24", "192.0.2.77/24");
	fixture_wait_line(f, "net lan: back to the old address");
	assert_has(f, "192.0.2.77/24", "192.0.2.20/24");
}

static void taken_back(void **state)
{
	struct fixture *f = *state;
	char *why = NULL;

	SKIP_WHERE_IMPOSSIBLE(f);
	start_static(f);
	try_it(f, "192.0.2.77/24", NULL);
	settle(f, false);
	assert_has(f, "192.0.2.20/24", "192.0.2.77/24");
	/* too late for another word */
	assert_int_equal(net_settle_address(f->net, "lan", true, &why), -ENOENT);
	assert_non_null(strstr(why, "may have expired"));
	free(why);
	assert_int_equal(net_settle_address(f->net, "moon", true, &why), -ENOENT);
	free(why);
	fixture_settle(f);
	assert_has(f, "192.0.2.20/24", "192.0.2.77/24");
}

/* Whoever is cut off may be hostd's murderer as well. */
static void hostd_dies(void **state)
{
	struct fixture *f = *state;
	struct net_trial_status status = {};

	SKIP_WHERE_IMPOSSIBLE(f);
	start_static(f);
	try_it(f, "192.0.2.77/24", NULL);
	fixture_stop(f);
	assert_true(fixture_has_address(f, "lan", "192.0.2.77/24"));
	fixture_start(f);
	fixture_settle(f);
	assert_has(f, "192.0.2.20/24", "192.0.2.77/24");
	assert_false(net_get_trial(f->net, &status));
}

/* DHCP's lease is given up for the time of the trial, and asked for again. */
static void from_dhcp(void **state)
{
	struct fixture *f = *state;
	char client[CLIENT_MAX], other[CLIENT_MAX];

	SKIP_WHERE_IMPOSSIBLE(f);
	shorten = false;
	fixture_plug_in(f, "eth0");
	fixture_start(f);
	fixture_client(f, NULL, client);
	fixture_lease("bound", LEASE);
	fixture_wait_line(f, "net lan: 192.0.2.7/24 (dhcp)");
	shorten = true;
	try_it(f, "192.0.2.77/24", NULL);
	assert_true(fixture_has_address(f, "lan", "192.0.2.77/24"));
	assert_false(fixture_has_address(f, "lan", "192.0.2.7/24"));
	fixture_wait_line(f, "net lan: back to the old address");
	assert_false(fixture_has_address(f, "lan", "192.0.2.77/24"));
	fixture_client(f, client, other);
	fixture_lease("bound", LEASE);
	fixture_settle(f);
	assert_true(fixture_has_address(f, "lan", "192.0.2.7/24"));
}

/* And the other way: an empty field is DHCP. */
static void to_dhcp(void **state)
{
	struct fixture *f = *state;
	struct net_trial_status status = {};
	char client[CLIENT_MAX], text[256];

	SKIP_WHERE_IMPOSSIBLE(f);
	start_static(f);
	try_it(f, NULL, NULL);
	assert_false(fixture_has_address(f, "lan", "192.0.2.20/24"));
	assert_true(net_get_trial(f->net, &status));
	assert_string_equal(status.address, "dhcp");
	fixture_client(f, NULL, client);
	fixture_lease("bound", LEASE);
	fixture_wait_line(f, "net lan: 192.0.2.7/24 (dhcp)");
	settle(f, true);
	fixture_read(f, "/state/lan.address", text, sizeof(text));
	assert_string_equal(text, "\n\n");
	assert_has(f, "192.0.2.7/24", "192.0.2.20/24");
}

static void refused(void **state)
{
	static const struct {
		const char *network, *address, *gateway, *why;
		int error;
	} wrong[] = {
		{ "moon", "192.0.2.7/24", NULL, "there is no network moon", -ENOENT },
		{ "lan", "192.0.2.7", NULL, "prefix length", -EINVAL },
		{ "lan", "192.0.2.7/33", NULL, "prefix length", -EINVAL },
		{ "lan", "192.0.2.7/0", NULL, "prefix length", -EINVAL },
		{ "lan", "nonsense", NULL, "prefix length", -EINVAL },
		{ "lan", "2001:db8::7/64", NULL, "not a valid IPv4 address", -EINVAL },
		{ "lan", "192.0.2.0/24", NULL, "one machine", -EINVAL },
		{ "lan", "192.0.2.255/24", NULL, "one machine", -EINVAL },
		{ "lan", "224.0.0.1/24", NULL, "one machine", -EINVAL },
		{ "lan", "127.0.0.1/8", NULL, "one machine", -EINVAL },
		{ "lan", "192.0.2.7/24", "gate", "of a gateway", -EINVAL },
		{ "lan", "192.0.2.7/24", "2001:db8::1", "of a gateway", -EINVAL },
		{ "lan", "192.0.2.7/24", "0.0.0.0", "of a gateway", -EINVAL },
	};
	struct fixture *f = *state;
	struct net_trial_status status = {};
	char *why = NULL;

	SKIP_WHERE_IMPOSSIBLE(f);
	start_static(f);
	for (size_t i = 0; i < ELEMENTS(wrong); i++) {
		why = NULL;
		assert_int_equal(net_try_address(f->net, wrong[i].network, wrong[i].address,
						 wrong[i].gateway, &why),
				 wrong[i].error);
		assert_non_null(why);
		if (!strstr(why, wrong[i].why))
			fail_msg("%s: %s", wrong[i].address, why);
		free(why);
	}
	assert_false(net_get_trial(f->net, &status));
	assert_int_equal(trials_timed, 0);
	/* Without the way back there is no way there. */
	timer_error = -ENOMEM;
	why = NULL;
	assert_int_equal(net_try_address(f->net, "lan", "192.0.2.77/24", NULL, &why), -ENOMEM);
	free(why);
	timer_error = 0;
	assert_has(f, "192.0.2.20/24", "192.0.2.77/24");
	/* One at a time. */
	try_it(f, "192.0.2.77/24", NULL);
	why = NULL;
	assert_int_equal(net_try_address(f->net, "lan", "192.0.2.78/24", NULL, &why), -EBUSY);
	assert_non_null(strstr(why, "there is a trial on lan already"));
	free(why);
	assert_has(f, "192.0.2.77/24", "192.0.2.78/24");
	settle(f, false);
}

int main(void)
{
#define TRIAL_TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
	const struct CMUnitTest tests[] = {
		TRIAL_TEST(nobody_confirms), TRIAL_TEST(confirmed), TRIAL_TEST(taken_back),
		TRIAL_TEST(hostd_dies),      TRIAL_TEST(from_dhcp), TRIAL_TEST(to_dhcp),
		TRIAL_TEST(refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
