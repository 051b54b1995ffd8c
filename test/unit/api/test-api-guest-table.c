// SPDX-License-Identifier: GPL-2.0-or-later
// What the API shows of a definition, by the table of its keys, is in the interface, as that type.
// clang-format off
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
// clang-format on

#include <string.h>

#include "api/api-interface.h"
#include "config/config-table.h"

static const sd_varlink_field *field_of(const char *type, const char *name)
{
	const sd_varlink_symbol *const *symbols = vl_interface_io_mvirt_Guest.symbols;

	for (size_t i = 0; symbols[i]; i++)
		if (text_equal(symbols[i]->name, type))
			for (const sd_varlink_field *field = symbols[i]->fields;
			     field->field_type != _SD_VARLINK_FIELD_TYPE_END_MARKER; field++)
				if (text_equal(field->name, name))
					return field;
	return NULL;
}

static sd_varlink_field_type_t type_of(const struct config_field *field)
{
	switch (field->kind) {
	case FIELD_BOOL:
		return SD_VARLINK_BOOL;
	case FIELD_NUMBER:
	case FIELD_SIZE:
		return SD_VARLINK_INT;
	case FIELD_PARTS:
		return SD_VARLINK_NAMED_TYPE;
	case FIELD_TEXT:
	case FIELD_PATH:
	case FIELD_CHOICE:
	case FIELD_TEXTS:
		return SD_VARLINK_STRING;
	case FIELD_BITS:
	case FIELD_ORDER:
	case FIELD_FORM:
	case FIELD_PART:
	case FIELD_OWNED:
		break;
	}
	fail_msg("%s cannot be shown", field->key);
	return SD_VARLINK_STRING;
}

static void check(const struct config_block *block, const char *type)
{
	size_t shown = 0;

	for (size_t i = 0; i < block->count; i++) {
		const struct config_field *field = &block->fields[i];
		const sd_varlink_field *found = NULL;
		bool is_list = field->kind == FIELD_PARTS || field->kind == FIELD_TEXTS;

		if (!field->api)
			continue;
		shown++;
		found = field_of(type, field->api);
		if (!found)
			fail_msg("%s has no %s", type, field->api);
		assert_int_equal(found->field_type, type_of(field));
		assert_int_equal(!!(found->field_flags & SD_VARLINK_ARRAY), is_list);
		/* What may be unset is left out. */
		if ((field->kind == FIELD_TEXT || field->kind == FIELD_PATH) && !field->standard)
			assert_true(found->field_flags & SD_VARLINK_NULLABLE);
	}
	assert_true(shown > 0);
}

static void test_interface_has_the_table(void **)
{
	check(&config_guest_block, "Guest");
	check(&config_disk_block, "GuestDisk");
	check(&config_cdrom_block, "GuestCdrom");
	check(&config_nic_block, "GuestNic");
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_interface_has_the_table) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
