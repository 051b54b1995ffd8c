/* SPDX-License-Identifier: GPL-2.0-or-later */
/* (model, view, size) -> canvas. Pure: what is drawn can be compared without a terminal. */
#pragma once

#include "canvas.h"
#include "model.h"
#include "view.h"

struct layout_time {
	uint64_t boot_usec; /* CLOCK_BOOTTIME */
	uint64_t real_usec; /* CLOCK_REALTIME */
};

/* Fills the canvas, whose size is set. */
void layout_draw(const struct model *model, const struct view *view, const struct layout_time *now,
		 struct canvas *canvas);
