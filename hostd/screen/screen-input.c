// SPDX-License-Identifier: GPL-2.0-or-later
// evdev events: a key held on several devices counts once; movements add up until the report.
#include "screen-input.h"

#define WHEEL_MAX 16 /* in one report */
#define MOVEMENT_MAX 0x3fff

static bool is_button(uint16_t code)
{
	return code >= BTN_MISC && code < KEY_OK;
}

static unsigned int button_of(uint16_t code)
{
	switch (code) {
	case BTN_LEFT:
	case BTN_TOUCH:
		return SCREEN_BUTTON_LEFT;
	case BTN_RIGHT:
		return SCREEN_BUTTON_RIGHT;
	case BTN_MIDDLE:
		return SCREEN_BUTTON_MIDDLE;
	}
	return 0;
}

static int limit(int value, int low, int high)
{
	return value < low ? low : value > high ? high : value;
}

static void move_to(struct screen_input *input, int x, int y)
{
	const struct pixel_rect *area = &input->area;
	int old_x = input->x, old_y = input->y;

	if (area->width == 0 || area->height == 0)
		return;
	input->x = limit(x, (int)area->x, (int)(area->x + area->width) - 1);
	input->y = limit(y, (int)area->y, (int)(area->y + area->height) - 1);
	if (input->x != old_x || input->y != old_y)
		input->pointer_changed = true;
}

static void report_pointer(struct screen_input *input, unsigned int buttons)
{
	if (!input->callbacks.pointer)
		return;
	if (input->relative)
		input->callbacks.pointer(buttons, input->moved_x, input->moved_y,
					 input->callbacks.userdata);
	else
		input->callbacks.pointer(buttons, input->x, input->y, input->callbacks.userdata);
	input->moved_x = input->moved_y = 0;
}

/* A wheel's step is a button that is pressed and released. */
static void flush_pointer(struct screen_input *input)
{
	unsigned int step = input->wheel > 0 ? SCREEN_BUTTON_WHEEL_UP : SCREEN_BUTTON_WHEEL_DOWN;
	int steps = input->wheel > 0 ? input->wheel : -input->wheel;

	if (!input->relative && (input->moved_x || input->moved_y)) {
		move_to(input, input->x + input->moved_x, input->y + input->moved_y);
		input->moved_x = input->moved_y = 0;
	}
	if (input->pointer_changed || input->moved_x || input->moved_y)
		report_pointer(input, input->buttons);
	for (int i = 0; i < steps && i < WHEEL_MAX; i++) {
		report_pointer(input, input->buttons | step);
		report_pointer(input, input->buttons);
	}
	input->wheel = 0;
	input->pointer_changed = false;
}

static void set_button(struct screen_input *input, uint16_t code, bool down)
{
	unsigned int button = button_of(code);

	if (!button)
		return;
	if (down)
		input->buttons |= button;
	else
		input->buttons &= ~button;
	input->pointer_changed = true;
}

static void change(struct screen_input *input, uint16_t code, bool down)
{
	if (is_button(code)) {
		set_button(input, code, down);
		return;
	}
	if (down)
		input->held_count++;
	else
		input->held_count--;
	if (input->callbacks.key)
		input->callbacks.key(code, down, input->callbacks.userdata);
}

static bool is_held(const struct screen_device *device, uint16_t code)
{
	return device->keys[code / 64] >> code % 64 & 1;
}

static void set_key(struct screen_input *input, struct screen_device *device, uint16_t code,
		    bool down)
{
	if (is_held(device, code) == down)
		return;
	device->keys[code / 64] ^= UINT64_C(1) << code % 64;
	if (down && input->held[code]++ == 0)
		change(input, code, true);
	else if (!down && --input->held[code] == 0)
		change(input, code, false);
}

static void on_key(struct screen_input *input, struct screen_device *device,
		   const struct input_event *event)
{
	if (event->code >= KEY_CNT)
		return;
	if (event->value == 2 && !is_button(event->code)) {
		if (is_held(device, event->code) && input->callbacks.key)
			input->callbacks.key(event->code, true, input->callbacks.userdata);
		return;
	}
	set_key(input, device, event->code, event->value != 0);
}

static void on_movement(struct screen_input *input, const struct input_event *event)
{
	int value = limit(event->value, -MOVEMENT_MAX, MOVEMENT_MAX);

	switch (event->code) {
	case REL_X:
		input->moved_x = limit(input->moved_x + value, -MOVEMENT_MAX, MOVEMENT_MAX);
		break;
	case REL_Y:
		input->moved_y = limit(input->moved_y + value, -MOVEMENT_MAX, MOVEMENT_MAX);
		break;
	case REL_WHEEL:
		input->wheel = limit(input->wheel + value, -WHEEL_MAX, WHEEL_MAX);
		break;
	}
}

/* An axis value, in pixels of the screen. */
static int place_on(const struct screen_axis *axis, int value, unsigned int pixels)
{
	int64_t range = (int64_t)axis->high - axis->low, place = 0;

	place = ((int64_t)limit(value, axis->low, axis->high) - axis->low) * (int64_t)(pixels - 1);
	return (int)((place + range / 2) / range);
}

static void on_place(struct screen_input *input, const struct screen_device *device,
		     const struct input_event *event)
{
	const struct screen_axis *axis = event->code == ABS_X ? &device->x : &device->y;
	int old_x = input->x, old_y = input->y;

	if ((event->code != ABS_X && event->code != ABS_Y) || axis->low >= axis->high ||
	    input->screen_width == 0 || input->screen_height == 0)
		return;
	if (event->code == ABS_X)
		move_to(input, place_on(axis, event->value, input->screen_width), input->y);
	else
		move_to(input, input->x, place_on(axis, event->value, input->screen_height));
	if (input->relative) {
		input->moved_x += input->x - old_x;
		input->moved_y += input->y - old_y;
	}
}

bool screen_input_event(struct screen_input *input, struct screen_device *device,
			const struct input_event *event)
{
	if (event->type == EV_SYN && event->code == SYN_DROPPED) {
		device->dropped = true;
		return false;
	}
	if (device->dropped) {
		if (event->type != EV_SYN || event->code != SYN_REPORT)
			return false;
		device->dropped = false;
		return true;
	}
	switch (event->type) {
	case EV_KEY:
		on_key(input, device, event);
		break;
	case EV_REL:
		on_movement(input, event);
		break;
	case EV_ABS:
		on_place(input, device, event);
		break;
	case EV_SYN:
		flush_pointer(input);
		break;
	}
	return false;
}

void screen_input_sync(struct screen_input *input, struct screen_device *device,
		       const uint64_t keys[static SCREEN_KEY_WORDS])
{
	for (uint16_t code = 0; code < KEY_CNT; code++)
		set_key(input, device, code, keys[code / 64] >> code % 64 & 1);
	flush_pointer(input);
}

void screen_input_set_area(struct screen_input *input, const struct pixel_rect *area)
{
	input->area = *area;
	move_to(input, input->x, input->y);
	input->pointer_changed = false;
}
