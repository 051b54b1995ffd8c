// SPDX-License-Identifier: GPL-2.0-or-later
// What clients share and what needs no hostd: words for errors, guests, durations. Calls and
// waiting are tested with mvirt (test/unit/cli) and the dashboard.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "client/client-call.h"
#include "client/client-guest.h"
#include "client/client-text.h"

#define S UINT64_C(1000000)
#define M (60 * S)
#define H (60 * M)

static sd_json_variant *parse(const char *text)
{
	sd_json_variant *variant = NULL;

	assert_return_code(sd_json_parse(text, 0, &variant, NULL, NULL), 0);
	return variant;
}

static void durations(void **)
{
	static const struct {
		uint64_t usec;
		const char *text, *without_seconds;
	} table[] = {
		{ 0, "0 s", "< 1 min" },
		{ 59 * S + S - 1, "59 s", "< 1 min" },
		{ M, "1 min 0 s", "1 min" },
		{ 12 * M + 5 * S, "12 min 5 s", "12 min" },
		{ H, "1 h 0 min", "1 h 0 min" },
		{ 24 * H - 1, "23 h 59 min", "23 h 59 min" },
		{ 76 * H + M, "3 d 4 h", "3 d 4 h" },
		{ UINT64_MAX, "213503982 d 8 h", "213503982 d 8 h" },
	};
	char text[CLIENT_DURATION_MAX];

	for (size_t i = 0; i < ELEMENTS(table); i++) {
		assert_string_equal(client_duration(table[i].usec, true, text), table[i].text);
		assert_string_equal(client_duration(table[i].usec, false, text),
				    table[i].without_seconds);
	}
}

static void errors(void **)
{
	static const struct {
		const char *error_id, *parameters, *line;
	} table[] = {
		{ "io.mvirt.Error.NotFound", "{\"reason\":\"there is no guest x\"}",
		  "there is no guest x" },
		{ "io.mvirt.Error.Busy", "{\"reason\":7}", "hostd refused: io.mvirt.Error.Busy" },
		{ SD_VARLINK_ERROR_INVALID_PARAMETER, "{\"parameter\":\"port\"}",
		  "invalid parameter: port" },
		{ SD_VARLINK_ERROR_METHOD_NOT_FOUND, "{\"method\":\"a.b.C\"}",
		  "this hostd has no method a.b.C" },
		{ SD_VARLINK_ERROR_SYSTEM, "{\"errno\":2}", "hostd: No such file or directory" },
		{ SD_VARLINK_ERROR_TIMEOUT, "{}", "hostd does not answer" },
	};

	for (size_t i = 0; i < ELEMENTS(table); i++) {
		_cleanup_(sd_json_variant_unrefp) sd_json_variant *parameters =
			parse(table[i].parameters);
		_cleanup_free_ char *line = client_explain(table[i].error_id, parameters);

		assert_string_equal(line, table[i].line);
	}
	for (enum error_kind kind = ERROR_NONE; kind <= ERROR_FAILED; kind++)
		assert_int_equal(error_kind_of_name(error_kind_name(kind)), kind);
	assert_int_equal(error_kind_of_name("Refused"), ERROR_FAILED);
	assert_int_equal(error_kind_of_name(NULL), ERROR_FAILED);
}

static void nobody_answers(void **)
{
	_cleanup_(error_done) struct error error = {};
	sd_varlink *varlink = NULL;

	assert_int_equal(client_connect("/nowhere/api.sock", &varlink, &error), -ENOENT);
	assert_null(varlink);
	assert_int_equal(error.kind, ERROR_NOT_FOUND);
	assert_string_equal(client_error_line(&error),
			    "hostd is not running: nothing answers at /nowhere/api.sock");
}

static void guests(void **)
{
	static const struct {
		const char *guest, *state, *address;
	} table[] = {
		{ "{\"state\":\"running\",\"paused\":true,\"nics\":[{\"addresses\":[\"a\",\"b\"],"
		  "\"seenAddresses\":[\"c\"]}]}",
		  "paused", "a" },
		{ "{\"state\":\"running\",\"nics\":[{\"addresses\":[]},{\"seenAddresses\":[\"c\"]}]"
		  "}",
		  "running", "c" },
		{ "{\"nics\":[{\"addresses\":7}]}", NULL, NULL },
		{ "{}", NULL, NULL },
	};

	for (size_t i = 0; i < ELEMENTS(table); i++) {
		_cleanup_(sd_json_variant_unrefp) sd_json_variant *guest = parse(table[i].guest);

		assert_true(text_equal(client_guest_state(guest), table[i].state));
		assert_true(text_equal(client_guest_address(guest), table[i].address));
	}
}

static void mistakes(void **)
{
	_cleanup_(sd_json_variant_unrefp) sd_json_variant *one =
		parse("{\"line\":12,\"message\":\"unknown key\"}");
	_cleanup_(sd_json_variant_unrefp) sd_json_variant *other = parse("{\"line\":0}");
	_cleanup_free_ char *text = client_mistake_text(one), *none = client_mistake_text(other);

	assert_string_equal(text, "mvirt.conf:12: unknown key");
	assert_string_equal(none, "?");
}

static void a_list_without_one_of_its_names(void **)
{
	_cleanup_(text_list_done) struct text_list list = {};

	assert_false(text_list_remove(&list, "a"));
	assert_return_code(text_list_add(&list, "a"), 0);
	assert_return_code(text_list_add(&list, "b"), 0);
	assert_return_code(text_list_add(&list, "a"), 0);
	assert_true(text_list_remove(&list, "a"));
	assert_int_equal(list.count, 1);
	assert_string_equal(list.items[0], "b");
	assert_null(list.items[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(durations),      cmocka_unit_test(errors),
		cmocka_unit_test(nobody_answers), cmocka_unit_test(guests),
		cmocka_unit_test(mistakes),       cmocka_unit_test(a_list_without_one_of_its_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
