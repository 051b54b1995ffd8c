/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the view's files share. */
#pragma once

#include "view.h"

void view_set_name(char name[static VIEW_NAME_MAX + 1], const char *text);
void view_open_page(struct view *view, enum view_page page);
