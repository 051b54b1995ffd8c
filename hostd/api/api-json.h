/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Builds JSON objects and arrays; the first failure sticks and is told at the end. */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <systemd/sd-json.h>

/* An object (members come as name, value) or an array. Zero-initialised is empty. */
struct json_builder {
	sd_json_variant **items; /* owned, as are the variants */
	size_t count, allocated;
	int error;
};

void json_builder_done(struct json_builder *builder);

/* Members of an object. A NULL text leaves the member out; what is not UTF-8 in it becomes '?'. */
void json_add_text(struct json_builder *object, const char *name, const char *text);
void json_add_unsigned(struct json_builder *object, const char *name, uint64_t value);
void json_add_bool(struct json_builder *object, const char *name, bool value);
void json_add_bytes(struct json_builder *object, const char *name, const void *data, size_t length);
/* Takes the reference over; NULL counts as out of memory. */
void json_add_variant(struct json_builder *object, const char *name,
		      sd_json_variant *value_consume);
/* Ends the other builder, and makes what it built a member of this one. */
void json_add_object(struct json_builder *object, const char *name, struct json_builder *member);
void json_add_array(struct json_builder *object, const char *name, struct json_builder *member);

/* Elements of an array. */
void json_append_text(struct json_builder *array, const char *text);
void json_append_object(struct json_builder *array, struct json_builder *element);
void json_append_variant(struct json_builder *array, sd_json_variant *element_consume);

/* Empties the builder. Returns 0 with the object or array, or -errno. */
int json_end_object(struct json_builder *object, sd_json_variant **ret_variant);
int json_end_array(struct json_builder *array, sd_json_variant **ret_variant);
