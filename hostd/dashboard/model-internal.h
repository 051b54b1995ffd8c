/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the model's files share. */
#pragma once

#include "model.h"

/* Each returns whether it is another than before. */
bool model_set_text(char **text, const char *value);
bool model_set_number(uint64_t *number, uint64_t value);
bool model_set_bool(bool *flag, bool value);

void model_guest_done(struct model_guest *guest);
/* kind: "removed" takes it away. */
bool model_take_guest(struct model *model, sd_json_variant *object, const char *kind,
		      uint64_t now_usec);

bool model_take_driverless(struct model *model, sd_json_variant *machine);
void model_notice_add(struct model_notices *notices, unsigned int level, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
void model_notices_clear(struct model_notices *notices);
/* Takes the new ones over. Returns whether they differ. */
bool model_notices_replace(struct model_notices *notices, struct model_notices *now);

/*
 * Load between two samples of busy time, in percent of count processors (0: as 1); before when the
 * samples are too near, MODEL_UNKNOWN without a first one (then_usec 0) or when the count went
 * back.
 */
uint64_t model_percent(uint64_t then_busy_usec, uint64_t busy_usec, uint64_t then_usec,
		       uint64_t now_usec, uint64_t before, uint64_t count);
