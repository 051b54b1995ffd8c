// SPDX-License-Identifier: GPL-2.0-or-later
// Reading JSON of somebody else's.
#include "json.h"

sd_json_variant *json_member(sd_json_variant *object, const char *name)
{
	return object ? sd_json_variant_by_key(object, name) : NULL;
}

static const char *text_of(sd_json_variant *value)
{
	return value && sd_json_variant_is_string(value) ? sd_json_variant_string(value) : NULL;
}

const char *json_text(sd_json_variant *object, const char *name)
{
	return text_of(json_member(object, name));
}

uint64_t json_unsigned_or(sd_json_variant *object, const char *name, uint64_t missing)
{
	sd_json_variant *value = json_member(object, name);

	return value && sd_json_variant_is_unsigned(value) ? sd_json_variant_unsigned(value)
							   : missing;
}

uint64_t json_unsigned(sd_json_variant *object, const char *name)
{
	return json_unsigned_or(object, name, 0);
}

bool json_bool(sd_json_variant *object, const char *name)
{
	sd_json_variant *value = json_member(object, name);

	return value && sd_json_variant_is_boolean(value) && sd_json_variant_boolean(value);
}

bool json_is_false(sd_json_variant *object, const char *name)
{
	sd_json_variant *value = json_member(object, name);

	return value && sd_json_variant_is_boolean(value) && !sd_json_variant_boolean(value);
}

sd_json_variant *json_element(sd_json_variant *object, const char *name, size_t index)
{
	sd_json_variant *array = json_member(object, name);

	if (!array || !sd_json_variant_is_array(array) || index >= sd_json_variant_elements(array))
		return NULL;
	return sd_json_variant_by_index(array, index);
}

const char *json_element_text(sd_json_variant *object, const char *name, size_t index)
{
	return text_of(json_element(object, name, index));
}
