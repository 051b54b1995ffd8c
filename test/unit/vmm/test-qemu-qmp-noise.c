// SPDX-License-Identifier: GPL-2.0-or-later
// 10,000 lines that are no QMP, each to a client of its own that has just become ready: it takes
// the line as odd but harmless, or gives QEMU up with one closed(); it answers all its commands
// either way. And a QEMU that never answers, and one that sends without a pause.
// link: -Wl,--wrap=sendmsg
/* clang-format off */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
/* clang-format on */

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "vmm/qemu/qemu-qmp.h"

#define LINES 10000
#define LINE_BYTES 4096

static const char greeting[] = "{\"QMP\":{\"version\":{},\"capabilities\":[]}}\r\n";
static const char accepted[] = "{\"return\":{},\"id\":%u}\r\n";
static const char *const lines[] = {
	"{\"return\":{\"status\":\"running\"},\"id\":1}",
	"{\"error\":{\"class\":\"GenericError\",\"desc\":\"no\"},\"id\":1}",
	"{\"timestamp\":{\"seconds\":1,\"microseconds\":2},\"event\":\"RESET\",\"data\":{\"guest\":"
	"true}}",
	"{\"event\":\"BLOCK_IO_ERROR\",\"data\":{\"device\":\"d\",\"action\":\"stop\"}}",
	"{\"QMP\":{\"version\":{},\"capabilities\":[]}}",
};
static const char *const splinters[] = {
	"{",        "}",  "[",    "]",    "\"",          "\\",      "\\u0000",
	"\\ud800",  ":",  ",",    "null", "-",           "1e999",   "\xff",
	"\xc3\x28", "\t", "\x01", "//",   "{\"event\":", "\"id\":", "99999999999999999999",
};

struct run {
	unsigned int ready, closed, sent, answered;
	struct qemu_qmp *qmp;
};

static struct {
	uint64_t random;
	unsigned int given_up, taken, logged;
	unsigned int failing_sends;
} state = { .random = 1 };

ssize_t __real_sendmsg(int fd, const struct msghdr *message, int flags);
ssize_t __wrap_sendmsg(int fd, const struct msghdr *message, int flags);
ssize_t __wrap_sendmsg(int fd, const struct msghdr *message, int flags)
{
	if (state.failing_sends == 0)
		return __real_sendmsg(fd, message, flags);
	state.failing_sends--;
	errno = ENOBUFS;
	return -1;
}

/* xorshift: the same lines each time. */
static size_t choose(size_t below)
{
	state.random ^= state.random << 13;
	state.random ^= state.random >> 7;
	state.random ^= state.random << 17;
	return (size_t)(state.random % below);
}

static void on_log(enum log_level, const char *, const char *message, void *)
{
	state.logged++;
	assert_null(strpbrk(message, "\n\x1b"));
	assert_in_range(strlen(message), 1, 1024);
}

static void on_reply(sd_json_variant *result, const char *error, void *userdata)
{
	struct run *run = userdata;

	assert_true(!result != !error);
	run->answered++;
}

static void on_ready(void *userdata)
{
	struct run *run = userdata;

	run->ready++;
	assert_int_equal(qemu_qmp_execute(run->qmp, "query-status", NULL, on_reply, run), 0);
	run->sent++;
}

static void on_event(const char *name, sd_json_variant *data, void *)
{
	assert_non_null(name);
	assert_true(!data || sd_json_variant_is_object(data));
}

static void on_closed(int error, void *userdata)
{
	struct run *run = userdata;

	assert_true(error < 0);
	run->closed++;
}

/* A line with up to four things wrong in it. */
static size_t make_line(char line[static LINE_BYTES])
{
	size_t length = strlen(strcpy(line, lines[choose(ELEMENTS(lines))]));

	for (size_t changes = 1 + choose(4); changes > 0; changes--) {
		const char *splinter = splinters[choose(ELEMENTS(splinters))];
		size_t at = choose(length + 1), size = strlen(splinter);

		switch (choose(5)) {
		case 0: /* cut off */
			length = at;
			break;
		case 1: /* a byte is another one */
			if (at < length)
				line[at] = (char)(1 + choose(255));
			break;
		case 2: /* something in between */
			memmove(line + at + size, line + at, length - at);
			memcpy(line + at, splinter, size);
			length += size;
			break;
		case 3: /* a NUL */
			if (at < length)
				line[at] = '\0';
			break;
		case 4: /* deep */
			if (length + 600 < LINE_BYTES - 64) {
				memset(line + length, choose(2) ? '[' : '{', 600);
				length += 600;
			}
			break;
		}
	}
	line[length] = '\n';
	return length + 1;
}

static void talk(struct run *run, sd_event *event, const char *text, size_t length, int fd)
{
	assert_int_equal(send(fd, text, length, MSG_NOSIGNAL), (ssize_t)length);
	for (int i = 0; i < 8 && !run->closed; i++)
		assert_true(sd_event_run(event, 0) >= 0);
}

static void one_line(sd_event *event)
{
	struct run run = {};
	const struct qemu_qmp_callbacks callbacks = {
		.ready = on_ready, .event = on_event, .closed = on_closed, .userdata = &run
	};
	char line[LINE_BYTES], command[256] = "";
	const char *id = NULL;
	int pair[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
	assert_int_equal(qemu_qmp_new_connected(event, pair[1], &callbacks, &run.qmp), 0);
	talk(&run, event, greeting, sizeof(greeting) - 1, pair[0]);
	assert_true(recv(pair[0], command, sizeof(command) - 1, MSG_DONTWAIT) > 0);
	id = strstr(command, "\"id\":");
	assert_non_null(id);
	(void)snprintf(line, sizeof(line), accepted, (unsigned int)atoi(id + strlen("\"id\":")));
	talk(&run, event, line, strlen(line), pair[0]);
	assert_int_equal(run.ready, 1);
	talk(&run, event, line, make_line(line), pair[0]);
	if (run.closed)
		state.given_up++;
	else
		state.taken++;
	assert_in_range(run.closed, 0, 1);
	qemu_qmp_free(run.qmp);
	assert_int_equal(run.sent, run.answered);
	fd_close(pair[0]);
}

static unsigned int count_fds(void)
{
	_cleanup_dir_ DIR *folder = opendir("/proc/self/fd");
	unsigned int count = 0;

	assert_non_null(folder);
	while (readdir(folder))
		count++;
	return count;
}

static void malformed_lines(void **)
{
	_cleanup_fd_ int stderr_fd = dup(STDERR_FILENO), null_fd = open("/dev/null", O_WRONLY);
	sd_event *event = NULL;
	unsigned int fds = 0;

	assert_int_equal(sd_event_new(&event), 0);
	one_line(event);
	fds = count_fds();
	log_set_hook(on_log, NULL);
	(void)fflush(stderr);
	assert_return_code(dup2(null_fd, STDERR_FILENO), errno);
	for (unsigned int i = 0; i < LINES; i++)
		one_line(event);
	assert_return_code(dup2(stderr_fd, STDERR_FILENO), errno);
	log_set_hook(NULL, NULL);
	assert_int_equal(count_fds(), fds);
	sd_event_unref(event);
	print_message("# %u given up, %u taken, %u lines of log\n", state.given_up, state.taken,
		      state.logged);
	assert_in_range(state.given_up, LINES / 2, LINES);
	assert_in_range(state.logged, LINES / 2, LINES);
}

/* The kernel has no memory for what is sent: it goes out when there is. */
static void send_fails_once(void **)
{
	struct run run = {};
	const struct qemu_qmp_callbacks callbacks = { .closed = on_closed, .userdata = &run };
	char command[256] = "";
	sd_event *event = NULL;
	int pair[2];

	assert_int_equal(sd_event_new(&event), 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
	assert_int_equal(qemu_qmp_new_connected(event, pair[1], &callbacks, &run.qmp), 0);
	state.failing_sends = 1;
	talk(&run, event, greeting, sizeof(greeting) - 1, pair[0]);
	assert_int_equal(state.failing_sends, 0);
	assert_true(recv(pair[0], command, sizeof(command) - 1, MSG_DONTWAIT) > 0);
	assert_non_null(strstr(command, "qmp_capabilities"));
	assert_int_equal(run.closed, 0);
	qemu_qmp_free(run.qmp);
	fd_close(pair[0]);
	sd_event_unref(event);
}

static struct run connect_and_negotiate(sd_event *event, int *ret_fd,
					const struct qemu_qmp_callbacks *callbacks)
{
	struct run run = {};
	char line[64], command[256] = "";
	const char *id = NULL;
	int pair[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
	assert_int_equal(qemu_qmp_new_connected(event, pair[1], callbacks, &run.qmp), 0);
	talk(&run, event, greeting, sizeof(greeting) - 1, pair[0]);
	assert_true(recv(pair[0], command, sizeof(command) - 1, MSG_DONTWAIT) > 0);
	id = strstr(command, "\"id\":");
	assert_non_null(id);
	(void)snprintf(line, sizeof(line), accepted, (unsigned int)atoi(id + strlen("\"id\":")));
	talk(&run, event, line, strlen(line), pair[0]);
	*ret_fd = pair[0];
	return run;
}

/* It reads every command and answers none: no more than a few wait for it, and all are answered. */
static void never_answers(void **)
{
	const struct qemu_qmp_callbacks callbacks = {};
	_cleanup_fd_ int fd = -EBADF;
	char taken[4096];
	sd_event *event = NULL;
	struct run run;

	assert_int_equal(sd_event_new(&event), 0);
	run = connect_and_negotiate(event, &fd, &callbacks);
	for (int i = 0; i < LINES; i++) {
		int r = qemu_qmp_execute(run.qmp, "query-status", NULL, on_reply, &run);

		assert_true(r == 0 || r == -ENOBUFS);
		run.sent += r == 0;
		while (recv(fd, taken, sizeof(taken), MSG_DONTWAIT) > 0)
			;
	}
	assert_int_equal(run.sent, QEMU_QMP_UNANSWERED_MAX);
	assert_int_equal(run.answered, 0);
	qemu_qmp_free(run.qmp);
	assert_int_equal(run.answered, run.sent);
	sd_event_unref(event);
}

static void count_event(const char *, sd_json_variant *, void *userdata)
{
	unsigned int *events = userdata;

	(*events)++;
}

static uint64_t now_usec(void)
{
	struct timespec now = {};

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

/* It sends without a pause: so much is read in a second, and nothing is lost. */
static void sends_without_a_pause(void **)
{
	static const char line[] =
		"{\"event\": \"NOTHING\", \"data\": {\"text\": \"of interest\"}}\n";
	unsigned int events = 0, sent = 0;
	const struct qemu_qmp_callbacks callbacks = { .event = count_event, .userdata = &events };
	_cleanup_fd_ int fd = -EBADF;
	sd_event *event = NULL;
	struct run run;
	uint64_t start = 0, bytes = 0, most = 0;

	assert_int_equal(sd_event_new(&event), 0);
	run = connect_and_negotiate(event, &fd, &callbacks);
	start = now_usec();
	while (now_usec() - start < 1500000) {
		while (send(fd, line, sizeof(line) - 1, MSG_DONTWAIT | MSG_NOSIGNAL) ==
		       sizeof(line) - 1)
			sent++;
		assert_true(sd_event_run(event, 10000) >= 0);
	}
	bytes = (uint64_t)events * (sizeof(line) - 1);
	most = (1 + (now_usec() - start) / 1000000) * QEMU_QMP_READ_BYTES_PER_SECOND + 16384;
	assert_in_range(bytes, QEMU_QMP_READ_BYTES_PER_SECOND / 2, most);
	while (events < sent && now_usec() - start < 30000000)
		assert_true(sd_event_run(event, 100000) >= 0);
	assert_int_equal(events, sent);
	qemu_qmp_free(run.qmp);
	sd_event_unref(event);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(malformed_lines),
					    cmocka_unit_test(send_fails_once),
					    cmocka_unit_test(never_answers),
					    cmocka_unit_test(sends_without_a_pause) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
