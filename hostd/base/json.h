/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Members of a JSON object that may be missing or of another type. object may be NULL. */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <systemd/sd-json.h>

/* NULL, 0 (or what is given) and false where there is no such member. */
const char *json_text(sd_json_variant *object, const char *name);
uint64_t json_unsigned(sd_json_variant *object, const char *name);
uint64_t json_unsigned_or(sd_json_variant *object, const char *name, uint64_t missing);
bool json_bool(sd_json_variant *object, const char *name);
/* Whether it is there and false. */
bool json_is_false(sd_json_variant *object, const char *name);
sd_json_variant *json_member(sd_json_variant *object, const char *name);

/* An array's element (as text, NULL where it is none), or NULL behind the last. */
sd_json_variant *json_element(sd_json_variant *object, const char *name, size_t index);
const char *json_element_text(sd_json_variant *object, const char *name, size_t index);
