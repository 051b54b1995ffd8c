// SPDX-License-Identifier: GPL-2.0-or-later
// Builds JSON objects and arrays; texts from devices and guests are made valid UTF-8.
#include "api-json.h"

#include <string.h>

#include "base/cleanup.h"

#define FIRST_ITEMS 32

void json_builder_done(struct json_builder *builder)
{
	sd_json_variant_unref_many(builder->items, builder->count);
	*builder = (struct json_builder){};
}

static void append(struct json_builder *builder, sd_json_variant *variant_consume, int r)
{
	sd_json_variant **items = NULL;
	size_t allocated = 0;

	if (builder->error >= 0)
		builder->error = r;
	if (builder->error >= 0 && builder->count == builder->allocated) {
		allocated = builder->allocated ? builder->allocated * 2 : FIRST_ITEMS;
		items = reallocarray(builder->items, allocated, sizeof(sd_json_variant *));
		if (items) {
			builder->items = items;
			builder->allocated = allocated;
		} else
			builder->error = -ENOMEM;
	}
	if (builder->error < 0) {
		sd_json_variant_unref(variant_consume);
		return;
	}
	builder->items[builder->count++] = variant_consume;
}

/* How many bytes the character takes (RFC 3629, section 4), or 0 when it is none. */
static size_t utf8_length(const unsigned char *text)
{
	static const struct {
		unsigned char first_min, first_max, second_min, second_max;
		size_t length;
	} table[] = {
		{ 0x01, 0x7f, 0x00, 0x00, 1 }, { 0xc2, 0xdf, 0x80, 0xbf, 2 },
		{ 0xe0, 0xe0, 0xa0, 0xbf, 3 }, { 0xe1, 0xec, 0x80, 0xbf, 3 },
		{ 0xed, 0xed, 0x80, 0x9f, 3 }, { 0xee, 0xef, 0x80, 0xbf, 3 },
		{ 0xf0, 0xf0, 0x90, 0xbf, 4 }, { 0xf1, 0xf3, 0x80, 0xbf, 4 },
		{ 0xf4, 0xf4, 0x80, 0x8f, 4 },
	};

	for (size_t i = 0; i < ELEMENTS(table); i++) {
		if (text[0] < table[i].first_min || text[0] > table[i].first_max)
			continue;
		if (table[i].length == 1)
			return 1;
		if (text[1] < table[i].second_min || text[1] > table[i].second_max)
			return 0;
		for (size_t k = 2; k < table[i].length; k++)
			if (text[k] < 0x80 || text[k] > 0xbf)
				return 0;
		return table[i].length;
	}
	return 0;
}

static void append_text(struct json_builder *builder, const char *text)
{
	_cleanup_free_ char *clean = strdup(text);
	sd_json_variant *variant = NULL;
	int r = clean ? 0 : -ENOMEM;

	for (char *c = clean; c && *c;) {
		size_t length = utf8_length((const unsigned char *)c);

		if (length == 0)
			*c = '?';
		c += length ? length : 1;
	}
	if (r >= 0)
		r = sd_json_variant_new_string(&variant, clean);
	append(builder, variant, r);
}

void json_add_text(struct json_builder *object, const char *name, const char *text)
{
	if (!text)
		return;
	append_text(object, name);
	append_text(object, text);
}

void json_add_unsigned(struct json_builder *object, const char *name, uint64_t value)
{
	sd_json_variant *variant = NULL;
	int r = sd_json_variant_new_unsigned(&variant, value);

	append_text(object, name);
	append(object, variant, r);
}

void json_add_bool(struct json_builder *object, const char *name, bool value)
{
	sd_json_variant *variant = NULL;
	int r = sd_json_variant_new_boolean(&variant, value);

	append_text(object, name);
	append(object, variant, r);
}

void json_add_bytes(struct json_builder *object, const char *name, const void *data, size_t length)
{
	sd_json_variant *variant = NULL;
	int r = sd_json_variant_new_base64(&variant, data, length);

	append_text(object, name);
	append(object, variant, r);
}

void json_add_variant(struct json_builder *object, const char *name, sd_json_variant *value_consume)
{
	append_text(object, name);
	append(object, value_consume, value_consume ? 0 : -ENOMEM);
}

void json_add_object(struct json_builder *object, const char *name, struct json_builder *member)
{
	sd_json_variant *variant = NULL;
	int r = json_end_object(member, &variant);

	append_text(object, name);
	append(object, variant, r);
}

void json_add_array(struct json_builder *object, const char *name, struct json_builder *member)
{
	sd_json_variant *variant = NULL;
	int r = json_end_array(member, &variant);

	append_text(object, name);
	append(object, variant, r);
}

void json_append_text(struct json_builder *array, const char *text)
{
	append_text(array, text);
}

void json_append_object(struct json_builder *array, struct json_builder *element)
{
	sd_json_variant *variant = NULL;
	int r = json_end_object(element, &variant);

	append(array, variant, r);
}

void json_append_variant(struct json_builder *array, sd_json_variant *element_consume)
{
	append(array, element_consume, element_consume ? 0 : -ENOMEM);
}

int json_end_object(struct json_builder *object, sd_json_variant **ret_variant)
{
	int r = object->error;

	if (r >= 0)
		r = sd_json_variant_new_object(ret_variant, object->items, object->count);
	json_builder_done(object);
	return r < 0 ? r : 0;
}

int json_end_array(struct json_builder *array, sd_json_variant **ret_variant)
{
	int r = array->error;

	if (r >= 0)
		r = sd_json_variant_new_array(ret_variant, array->items, array->count);
	json_builder_done(array);
	return r < 0 ? r : 0;
}
