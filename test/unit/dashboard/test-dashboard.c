// SPDX-License-Identifier: GPL-2.0-or-later
// The dashboard without a terminal: answers -> model -> page, at sizes; what keys do. Pages are
// compared with test/unit/dashboard/NAME.ok; MVIRT_ACCEPT=1 (make accept) writes them anew.
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/file.h"
#include "dashboard/layout.h"
#include "dashboard/terminal-ask.h"
#include "dashboard/terminal-key.h"

#define SECOND UINT64_C(1000000)
/* 2026-01-02 03:04:05 UTC, and two hours after power-on. */
#define NOW_REAL (UINT64_C(1767323045) * SECOND)
#define NOW_BOOT (UINT64_C(7205) * SECOND)

static const char status[] =
	"{\"hostname\":\"rack-7\",\"version\":\"1.2\",\"kernel\":\"6.12\",\"firmware\":\"uefi\","
	"\"uptimeUsec\":7200000000,\"cpuModel\":\"AMD EPYC 7302P 16-Core Processor\",\"cpus\":32,"
	"\"memoryTotalBytes\":137438953472,\"memoryAvailableBytes\":103079215104,"
	"\"kvm\":{\"usable\":true,\"state\":\"svm\"},"
	"\"networks\":[{\"name\":\"lan\",\"phase\":\"up\",\"uplink\":\"eth0\",\"gateway\":"
	"\"192.0.2.1\",\"addresses\":[{\"address\":\"2001:db8::7/64\",\"origin\":\"ra\"},"
	"{\"address\":\"192.0.2.7/24\",\"origin\":\"dhcp\"}]}],"
	"\"config\":{\"source\":\"/dev/sdb1: mvirt.conf\",\"mistakes\":[]},"
	"\"dataVolume\":{\"phase\":\"mounted\"}}";
static const char broken[] =
	"{\"hostname\":\"rack-7\",\"version\":\"1.2\",\"firmware\":\"bios\",\"cpus\":2,"
	"\"memoryTotalBytes\":1000000000,\"memoryAvailableBytes\":50000000,"
	"\"kvm\":{\"usable\":false,\"state\":\"absent\",\"why\":\"no\"},\"networks\":["
	"{\"name\":\"lan\",\"phase\":\"no-carrier\",\"uplink\":\"eth0\",\"addresses\":[]},"
	"{\"name\":\"dmz\",\"phase\":\"waiting-for-dhcp\",\"uplink\":\"eth1\",\"addresses\":[]},"
	"{\"name\":\"lab\",\"phase\":\"no-nic\",\"addresses\":[]}],"
	"\"config\":{\"source\":\"built-in\",\"mistakes\":[{\"line\":3,\"message\":\"unknown key "
	"\\\"memroy\\\" in guest \\\"web\\\": did you mean \\\"memory\\\"?\"},{\"line\":7,"
	"\"message\":\"the string has no closing quote: the file is not used\"}]}}";
static const char machine[] =
	"{\"secureBoot\":\"on\",\"tpm\":\"2.0\",\"cpuBusyUsec\":1000000,"
	"\"passwordNeeded\":true,\"shellTerminal\":\"tty2\","
	"\"canChooseScreen\":false,\"driverless\":[{\"path\":\"0000:00:04.0\","
	"\"id\":\"10ec:8029\",\"name\":\"Realtek Ethernet controller\"}]}";
static const char devices[] = "{\"disks\":[{\"name\":\"sda\",\"model\":\"\xe3\x83\x87\xe3\x82\xa3"
			      "\xe3\x82\xb9\xe3\x82\xaf\",\"skipped\":\"no medium\"},"
			      "{\"name\":\"sdb\"}],\"nics\":[]}";

struct screen {
	struct model model;
	struct view view;
	struct canvas canvas;
};

static sd_json_variant *parse(const char *text)
{
	sd_json_variant *variant = NULL;

	assert_return_code(sd_json_parse(text, 0, &variant, NULL, NULL), 0);
	return variant;
}

static void take(struct screen *screen, const char *kind, const char *text)
{
	sd_json_variant *variant = parse(text);

	if (strcmp(kind, "status") == 0)
		(void)model_take_status(&screen->model, variant, NOW_BOOT - 5 * SECOND);
	else if (strcmp(kind, "machine") == 0)
		(void)model_take_machine(&screen->model, variant, NOW_BOOT - 5 * SECOND);
	else if (strcmp(kind, "devices") == 0)
		(void)model_take_devices(&screen->model, variant, NOW_BOOT);
	else if (strcmp(kind, "event") == 0)
		(void)model_take_event(&screen->model, variant, NOW_BOOT - 5 * SECOND);
	else if (strcmp(kind, "stats") == 0)
		(void)model_take_stats(&screen->model, variant, NOW_BOOT);
	else
		(void)model_take_line(&screen->model, variant);
	sd_json_variant_unref(variant);
}

static void add_guest(struct screen *screen, const char *name, const char *state, const char *more)
{
	char *event =
		text_format("{\"type\":\"guest\",\"kind\":\"current\",\"guest\":{\"name\":\"%s\","
			    "\"state\":\"%s\",\"memoryBytes\":536870912,\"nics\":[{\"mac\":"
			    "\"52:54:00:00:00:01\",\"user\":false}]%s}}",
			    name, state, more);

	assert_non_null(event);
	take(screen, "event", event);
	free(event);
}

static void add_line(struct screen *screen, unsigned int number)
{
	char *line = text_format("{\"timeUsec\":%llu,\"level\":%u,\"subject\":\"guest web\","
				 "\"message\":\"event number %u\"}",
				 (unsigned long long)(NOW_REAL - (100 - number) * SECOND),
				 number % 7 == 0 ? 3 : 5, number);

	assert_non_null(line);
	take(screen, "line", line);
	free(line);
}

static void make_usual(struct screen *screen)
{
	*screen = (struct screen){ .model.cpu_percent = MODEL_UNKNOWN };
	take(screen, "status", status);
	take(screen, "machine", machine);
	add_guest(screen, "web", "running", ",\"uptimeUsec\":3600000000,\"accel\":\"kvm\"");
	add_guest(screen, "a-guest-with-a-very-long-name-00", "failed",
		  ",\"reason\":\"it wants 64 GiB, the host has 12 GiB\"");
	add_guest(screen, "db", "stopped", ",\"waiting\":\"waiting for web\"");
	take(screen, "stats", "{\"name\":\"web\",\"cpuUsec\":10,\"memoryBytes\":123456789}");
	for (unsigned int i = 1; i <= 30; i++)
		add_line(screen, i);
}

static void draw(struct screen *screen, int rows, int columns)
{
	const struct layout_time now = { .boot_usec = NOW_BOOT, .real_usec = NOW_REAL };

	view_settle(&screen->view, &screen->model);
	assert_return_code(canvas_resize(&screen->canvas, rows, columns), 0);
	layout_draw(&screen->model, &screen->view, &now, &screen->canvas);
}

static void screen_done(struct screen *screen)
{
	model_done(&screen->model);
	view_done(&screen->view);
	canvas_done(&screen->canvas);
}

static char *canvas_text(const struct canvas *canvas)
{
	char *text = strdup("");

	for (int row = 0; row < canvas->rows; row++) {
		char *line = canvas_row_text(canvas, row), *longer = NULL;

		assert_non_null(line);
		longer = text_format("%s%s\n", text, line);
		assert_non_null(longer);
		free(text);
		free(line);
		text = longer;
	}
	return text;
}

static bool has(const struct screen *screen, const char *what)
{
	char *text = canvas_text(&screen->canvas);
	bool found = strstr(text, what);

	free(text);
	return found;
}

static void golden(const struct screen *screen, const char *name)
{
	_cleanup_free_ char *path = text_format("test/unit/dashboard/%s.ok", name);
	_cleanup_free_ char *text = canvas_text(&screen->canvas), *expected = NULL;

	if (getenv("MVIRT_ACCEPT")) {
		FILE *file = fopen(path, "w");

		assert_non_null(file);
		assert_true(fputs(text, file) >= 0);
		assert_int_equal(fclose(file), 0);
	}
	assert_return_code(file_read(AT_FDCWD, path, 1 << 20, &expected, NULL), 0);
	assert_string_equal(text, expected);
}

static void test_pages(void **state)
{
	struct screen screen;

	(void)state;
	make_usual(&screen);
	draw(&screen, 24, 80);
	golden(&screen, "main-80x24");
	draw(&screen, 50, 132);
	golden(&screen, "main-132x50");
	screen.view.page = VIEW_HELP;
	draw(&screen, 24, 80);
	golden(&screen, "help-80x24");
	screen.view.page = VIEW_EVENTS;
	screen.view.scroll = 4;
	draw(&screen, 24, 80);
	golden(&screen, "events-80x24");
	screen_done(&screen);
}

static void test_trouble(void **state)
{
	struct screen screen = { .model.cpu_percent = MODEL_UNKNOWN };

	(void)state;
	take(&screen, "status", broken);
	take(&screen, "machine", machine);
	take(&screen, "devices", devices);
	draw(&screen, 24, 80);
	golden(&screen, "trouble-80x24");
	assert_true(has(&screen, "mvirt.conf:3: unknown key"));
	screen.view.page = VIEW_NOTICES;
	draw(&screen, 24, 80);
	golden(&screen, "notices-80x24");
	/* What is fixed goes. */
	take(&screen, "status", status);
	draw(&screen, 24, 80);
	assert_false(has(&screen, "mvirt.conf:3"));
	screen_done(&screen);
}

/* No size makes it write outside of the page (ASan), or loop. */
static void test_every_size(void **state)
{
	struct screen screen;

	(void)state;
	make_usual(&screen);
	take(&screen, "devices", devices);
	for (unsigned int i = 0; i < 300; i++) {
		char name[16];

		(void)snprintf(name, sizeof(name), "many-%u", i);
		add_guest(&screen, name, "running", ",\"uptimeUsec\":1");
	}
	screen.view.asked = action_find(ACTION_SCREEN);
	for (int rows = 1; rows < 60; rows += rows < 30 ? 1 : 7)
		for (int columns = 1; columns < 140; columns += columns < 20 ? 1 : 9)
			for (enum view_page page = VIEW_MAIN; page <= VIEW_LOG; page++)
				for (enum view_box box = BOX_NONE; box <= BOX_SHELL; box++) {
					screen.view.page = page;
					screen.view.box = box;
					screen.view.scroll = SIZE_MAX / 2;
					draw(&screen, rows, columns);
				}
	screen.view = (struct view){ .guest = "many-250" };
	draw(&screen, 24, 80);
	assert_true(has(&screen, "►"));
	assert_true(has(&screen, "many-250"));
	draw(&screen, 6, 30);
	golden(&screen, "tiny-30x6");
	screen_done(&screen);
}

static void test_addresses(void **state)
{
	static const struct {
		const char *nics, *address;
		bool unknown;
	} rows[] = {
		{ "[]", NULL, false },
		{ "[{\"mac\":\"m0\",\"user\":true}]", "NAT", false },
		{ "[{\"mac\":\"m0\",\"user\":false,\"addresses\":[],\"seenAddresses\":[]}]", "m0",
		  true },
		{ "[{\"mac\":\"m0\",\"seenAddresses\":[\"192.0.2.9\",\"192.0.2.8\"]}]", "192.0.2.9",
		  false },
		{ "[{\"mac\":\"m0\",\"addresses\":[\"192.0.2.7\"],\"seenAddresses\":[\"192.0.2.9\"]"
		  "}]",
		  "192.0.2.7", false },
		{ "[{\"mac\":\"m0\"},{\"mac\":\"m1\",\"seenAddresses\":[\"2001:db8::9\"]}]",
		  "2001:db8::9", false },
	};

	(void)state;
	for (size_t i = 0; i < ELEMENTS(rows); i++) {
		struct screen screen = {};
		char *event = text_format("{\"type\":\"guest\",\"kind\":\"current\",\"guest\":{"
					  "\"name\":\"web\",\"state\":\"running\",\"nics\":%s}}",
					  rows[i].nics);

		assert_non_null(event);
		take(&screen, "event", event);
		free(event);
		assert_true(text_equal(screen.model.guests[0].address, rows[i].address));
		assert_int_equal(screen.model.guests[0].address_unknown, rows[i].unknown);
		screen_done(&screen);
	}
}

static void test_text(void **state)
{
	struct canvas canvas = {};
	char *text = NULL;

	(void)state;
	assert_return_code(canvas_resize(&canvas, 1, 10), 0);
	/* Wide characters are not halved; what does not fit is marked. */
	assert_int_equal(canvas_put(&canvas, 0, 0, 5, STYLE_NORMAL,
				    "\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e"),
			 5);
	text = canvas_row_text(&canvas, 0);
	assert_string_equal(text, "\xe6\x97\xa5\xe6\x9c\xac\xc2\xbb");
	free(text);
	/* Half of one that is written over goes with it. */
	assert_int_equal(canvas_put(&canvas, 0, 1, 1, STYLE_NORMAL, "x"), 1);
	text = canvas_row_text(&canvas, 0);
	assert_string_equal(text, " x\xe6\x9c\xac\xc2\xbb");
	free(text);
	/* Nothing that a terminal would obey comes through. */
	(void)canvas_resize(&canvas, 1, 10);
	(void)canvas_put(&canvas, 0, 0, 10, STYLE_NORMAL,
			 "a\033[2J\xc2\x9b\xff"
			 "b");
	text = canvas_row_text(&canvas, 0);
	assert_string_equal(text, "a?[2J??b");
	free(text);
	assert_int_equal(canvas_width("e\xcc\x81"), 1);
	canvas_done(&canvas);
}

static struct view_request press(struct screen *screen, const char *keys)
{
	struct view_request request = {};

	for (; *keys; keys++)
		request = view_key(&screen->view, &screen->model,
				   *keys == '\r' ? KEY_CODE_ENTER : (uint32_t)(unsigned char)*keys);
	return request;
}

static void test_keys(void **state)
{
	struct screen screen;
	struct view_request request = {};

	(void)state;
	make_usual(&screen);
	draw(&screen, 24, 80);
	assert_string_equal(screen.view.guest, "a-guest-with-a-very-long-name-00");
	(void)view_key(&screen.view, &screen.model, KEY_CODE_DOWN);
	assert_string_equal(screen.view.guest, "db");
	request = press(&screen, "s");
	assert_int_equal(request.action, ACTION_START);
	assert_string_equal(request.name, "db");
	/* What ends something is asked first. */
	assert_int_equal(press(&screen, "k").action, ACTION_NONE);
	draw(&screen, 24, 80);
	golden(&screen, "question-80x24");
	assert_int_equal(press(&screen, "n").action, ACTION_NONE);
	assert_int_equal(press(&screen, "kY").action, ACTION_KILL);
	assert_int_equal(press(&screen, "pp").action, ACTION_NONE);
	assert_int_equal(press(&screen, "y").action, ACTION_POWER_OFF);
	/* Those that still run may be killed, also while they are waited for. */
	assert_int_equal(press(&screen, "p").action, ACTION_NONE);
	draw(&screen, 24, 80);
	golden(&screen, "power-80x24");
	assert_int_equal(press(&screen, "k").action, ACTION_NONE);
	draw(&screen, 24, 80);
	golden(&screen, "power-off-now-80x24");
	assert_int_equal(press(&screen, "y").action, ACTION_POWER_OFF_NOW);
	assert_int_equal(press(&screen, "q").action, ACTION_NONE);
	/* No screen to choose here. */
	assert_int_equal(press(&screen, "v").action, ACTION_NONE);
	assert_true(screen.view.failed);
	take(&screen, "machine", "{\"canChooseScreen\":true,\"dashboardHotkey\":\"Ctrl+Alt+F9\"}");
	(void)press(&screen, "v");
	draw(&screen, 24, 80);
	assert_true(has(&screen, "Give the screen to guest db?"));
	assert_true(has(&screen, "Ctrl+Alt+F9 returns here."));
	(void)press(&screen, "n");
	/* The guest goes: so does the question about it. */
	(void)press(&screen, "k");
	take(&screen, "event",
	     "{\"type\":\"guest\",\"kind\":\"deleted\",\"guest\":{\"name\":\"db\"}}");
	draw(&screen, 24, 80);
	assert_int_equal(screen.view.box, BOX_NONE);
	assert_string_equal(screen.view.guest, "web");
	/* A list has all of them: what is not in it was renamed. */
	sd_json_variant *list = parse("{\"guests\":[{\"name\":\"web2\",\"state\":\"running\"}]}");
	assert_true(model_take_list(&screen.model, list, NOW_BOOT));
	assert_false(model_take_list(&screen.model, list, NOW_BOOT));
	sd_json_variant_unref(list);
	draw(&screen, 24, 80);
	assert_string_equal(screen.view.guest, "web2");
	assert_int_equal(screen.model.guest_count, 1);
	screen_done(&screen);
}

static void test_fields(void **state)
{
	struct screen screen;
	struct view_request request = {};

	(void)state;
	make_usual(&screen);
	(void)press(&screen, "a");
	draw(&screen, 24, 80);
	golden(&screen, "address-80x24");
	(void)view_key(&screen.view, &screen.model, 0x15);
	request = press(&screen, "192.0.2.99/24\r");
	assert_int_equal(request.action, ACTION_ADDRESS);
	assert_string_equal(request.name, "lan");
	assert_string_equal(request.text, "192.0.2.99/24");
	assert_string_equal(request.text2, "192.0.2.1");
	view_ask_password(&screen.view);
	(void)press(&screen, "Geheim");
	(void)view_key(&screen.view, &screen.model, 0xe9);
	draw(&screen, 24, 80);
	assert_false(has(&screen, "Geheim"));
	request = press(&screen, "\r");
	assert_int_equal(request.action, ACTION_PASSWORD);
	view_ask_password(&screen.view);
	for (int i = 0; i < 400; i++)
		(void)press(&screen, "x");
	draw(&screen, 24, 80);
	request = view_key(&screen.view, &screen.model, KEY_CODE_ESCAPE);
	assert_int_equal(request.action, ACTION_PASSWORD);
	assert_null(request.text);
	screen_done(&screen);
}

static void test_trial(void **state)
{
	struct screen screen;

	(void)state;
	make_usual(&screen);
	take(&screen, "machine",
	     "{\"secureBoot\":\"off\",\"addressTrial\":{\"network\":\"lan\",\"address\":"
	     "\"192.0.2.99/24\",\"leftUsec\":59000000}}");
	draw(&screen, 24, 80);
	golden(&screen, "trial-80x24");
	assert_int_equal(press(&screen, "y").action, ACTION_KEEP_ADDRESS);
	take(&screen, "machine", "{\"secureBoot\":\"off\"}");
	draw(&screen, 24, 80);
	assert_int_equal(screen.view.box, BOX_NONE);
	screen_done(&screen);
}

static void test_log(void **state)
{
	static const char data[] = "one\r\n\033[1;31mtwo\033[0m\r\n\033]0;title\athree";
	struct screen screen;

	(void)state;
	make_usual(&screen);
	assert_return_code(view_show_log(&screen.view, data, sizeof(data) - 1), 0);
	assert_string_equal(screen.view.log, "one\ntwo\nthree");
	draw(&screen, 24, 80);
	assert_true(has(&screen, "three"));
	assert_return_code(view_show_log(&screen.view, "\033", 1), 0);
	assert_return_code(view_show_log(&screen.view, "\033[12", 4), 0);
	assert_string_equal(screen.view.log, "");
	screen_done(&screen);
}

static void test_percent(void **state)
{
	struct screen screen;

	(void)state;
	make_usual(&screen);
	assert_int_equal(screen.model.cpu_percent, MODEL_UNKNOWN);
	/* 32 processors were busy for 16 s of 5 s. */
	sd_json_variant *sample = parse("{\"cpuBusyUsec\":17000000}");
	assert_true(model_take_machine(&screen.model, sample, NOW_BOOT));
	assert_int_equal(screen.model.cpu_percent, 10);
	sd_json_variant_unref(sample);
	screen_done(&screen);
}

static void test_terminal_keys(void **state)
{
	static const struct {
		const char *bytes;
		bool all_there;
		size_t taken;
		uint32_t key;
	} cases[] = {
		{ "a", false, 1, 'a' },
		{ "\r", false, 1, KEY_CODE_ENTER },
		{ "\033[A", false, 3, KEY_CODE_UP },
		{ "\033OA", false, 3, KEY_CODE_UP },
		{ "\033[[A", false, 4, KEY_CODE_HELP },
		{ "\033[11~", false, 5, KEY_CODE_HELP },
		{ "\033[6~x", false, 4, KEY_CODE_PAGE_DOWN },
		{ "\033[1;5C", false, 6, KEY_CODE_OTHER },
		{ "\033", false, 0, 0 },
		{ "\033", true, 1, KEY_CODE_ESCAPE },
		{ "\033[", false, 0, 0 },
		{ "\033[5", true, 3, KEY_CODE_ESCAPE },
		{ "\033q", false, 1, KEY_CODE_ESCAPE },
		{ "\xc3\xa9", false, 2, 0xe9 },
		{ "\xc3", false, 0, 0 },
		{ "\xff", false, 0, 0 },
		{ "\x80", false, 1, KEY_CODE_OTHER },
	};

	(void)state;
	for (size_t i = 0; i < ELEMENTS(cases); i++) {
		uint32_t key = 0;
		size_t taken = terminal_key(cases[i].bytes, strlen(cases[i].bytes),
					    cases[i].all_there, &key);

		assert_int_equal(taken, cases[i].taken);
		if (taken > 0)
			assert_int_equal(key, cases[i].key);
	}
}

static void test_answers(void **state)
{
	struct terminal_answer answer = {};

	(void)state;
	assert_int_equal(terminal_answer_parse("\033[5;2R\033[50;132R", 16, &answer), 2);
	assert_true(answer.utf8);
	assert_int_equal(answer.rows, 50);
	assert_int_equal(answer.columns, 132);
	answer = (struct terminal_answer){};
	assert_int_equal(terminal_answer_parse("x\033[1;4R", 7, &answer), 1);
	assert_false(answer.utf8);
	assert_int_equal(answer.rows, 0);
	assert_int_equal(terminal_answer_parse("\033[99999999999;2R", 16, &answer), 0);
	assert_int_equal(terminal_answer_parse("\033[", 2, &answer), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pages),         cmocka_unit_test(test_trouble),
		cmocka_unit_test(test_every_size),    cmocka_unit_test(test_addresses),
		cmocka_unit_test(test_text),          cmocka_unit_test(test_keys),
		cmocka_unit_test(test_fields),        cmocka_unit_test(test_trial),
		cmocka_unit_test(test_log),           cmocka_unit_test(test_percent),
		cmocka_unit_test(test_terminal_keys), cmocka_unit_test(test_answers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
