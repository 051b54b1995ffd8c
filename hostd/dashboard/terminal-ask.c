// SPDX-License-Identifier: GPL-2.0-or-later
// The size of a terminal that is at the end of a serial line, and whether it takes UTF-8.
#include "terminal-ask.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "canvas.h"

#define PATIENCE_MS 1000
#define SIDE_MIN 5
/* "\r─": UTF-8 leaves the cursor in the second column, everything else in the fourth or so. */
static const char question[] = "\r\xe2\x94\x80\033[6n\r\033[K\0337\033[999;999H\033[6n\0338";

int terminal_answer_parse(const char *text, size_t length, struct terminal_answer *answer)
{
	int found = 0;

	for (size_t i = 0; i + 1 < length; i++) {
		int row = 0, column = 0, used = 0;
		char report[24];

		if (text[i] != '\033' || text[i + 1] != '[')
			continue;
		(void)snprintf(report, sizeof(report), "%.*s", (int)(length - i - 2), text + i + 2);
		if (sscanf(report, "%5d;%5dR%n", &row, &column, &used) != 2 || used == 0)
			continue;
		if (found == 0) {
			answer->utf8 = column == 2;
		} else if (row >= SIDE_MIN && column >= SIDE_MIN) {
			answer->rows = row > CANVAS_SIDE_MAX ? CANVAS_SIDE_MAX : row;
			answer->columns = column > CANVAS_SIDE_MAX ? CANVAS_SIDE_MAX : column;
		}
		if (++found == 2)
			break;
	}
	return found;
}

static int passed_ms(const struct timespec *since)
{
	struct timespec now = {};

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (int)((now.tv_sec - since->tv_sec) * 1000 +
		     (now.tv_nsec - since->tv_nsec) / 1000000);
}

void terminal_ask(struct terminal_answer *answer)
{
	struct termios before, modes;
	struct timespec start = {};
	char text[256];
	size_t length = 0;

	if (tcgetattr(STDIN_FILENO, &before) < 0)
		return;
	modes = before;
	cfmakeraw(&modes);
	(void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &modes);
	(void)!write(STDOUT_FILENO, question, sizeof(question) - 1);
	(void)clock_gettime(CLOCK_MONOTONIC, &start);
	while (length < sizeof(text)) {
		struct pollfd polled = { .fd = STDIN_FILENO, .events = POLLIN };
		int left_ms = PATIENCE_MS - passed_ms(&start);
		ssize_t n = 0;

		if (left_ms <= 0 || poll(&polled, 1, left_ms) <= 0)
			break;
		n = read(STDIN_FILENO, text + length, sizeof(text) - length);
		if (n <= 0)
			break;
		length += (size_t)n;
		if (terminal_answer_parse(text, length, answer) == 2)
			break;
	}
	(void)tcsetattr(STDIN_FILENO, TCSANOW, &before);
}
