// SPDX-License-Identifier: GPL-2.0-or-later
// A guest's console: the ring in its file, lines for the echo, listeners, and a guest that floods.
// link: -Wl,--wrap=open,--wrap=fstat,--wrap=ftruncate,--wrap=fallocate,--wrap=mmap,--wrap=calloc
// link: -Wl,--wrap=socket,--wrap=connect
#include "fake-tree.h"

#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "guest/guest-console.h"
#include "guest/guest-lines.h"

#define RING GUEST_CONSOLE_RING_BYTES

/* --- the seam --- */

static struct {
	int fail_at; /* the number of the call that fails, 0: none */
	int call;
	bool active;
} fake;

static bool fails(int error)
{
	if (!fake.active || ++fake.call != fake.fail_at)
		return false;
	errno = error;
	return true;
}

int __real_open(const char *path, int flags, ...);
int __wrap_open(const char *path, int flags, ...);
int __wrap_open(const char *path, int flags, ...)
{
	return fails(EMFILE) ? -1 : __real_open(path, flags, 0600);
}

int __real_fstat(int fd, struct stat *status);
int __wrap_fstat(int fd, struct stat *status);
int __wrap_fstat(int fd, struct stat *status)
{
	return fails(EIO) ? -1 : __real_fstat(fd, status);
}

int __real_ftruncate(int fd, off_t length);
int __wrap_ftruncate(int fd, off_t length);
int __wrap_ftruncate(int fd, off_t length)
{
	return fails(EIO) ? -1 : __real_ftruncate(fd, length);
}

int __real_fallocate(int fd, int mode, off_t offset, off_t length);
int __wrap_fallocate(int fd, int mode, off_t offset, off_t length);
int __wrap_fallocate(int fd, int mode, off_t offset, off_t length)
{
	return fails(ENOSPC) ? -1 : __real_fallocate(fd, mode, offset, length);
}

void *__real_mmap(void *address, size_t length, int protection, int flags, int fd, off_t offset);
void *__wrap_mmap(void *address, size_t length, int protection, int flags, int fd, off_t offset);
void *__wrap_mmap(void *address, size_t length, int protection, int flags, int fd, off_t offset)
{
	return fails(ENOMEM) ? MAP_FAILED
			     : __real_mmap(address, length, protection, flags, fd, offset);
}

void *__real_calloc(size_t count, size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_calloc(size_t count, size_t size)
{
	return fails(ENOMEM) ? NULL : __real_calloc(count, size);
}

int __real_socket(int domain, int type, int protocol);
int __wrap_socket(int domain, int type, int protocol);
int __wrap_socket(int domain, int type, int protocol)
{
	return fails(EMFILE) ? -1 : __real_socket(domain, type, protocol);
}

int __real_connect(int fd, const struct sockaddr *address, socklen_t length);
int __wrap_connect(int fd, const struct sockaddr *address, socklen_t length);
int __wrap_connect(int fd, const struct sockaddr *address, socklen_t length)
{
	return fails(EAGAIN) ? -1 : __real_connect(fd, address, length);
}

/* --- a guest --- */

struct fixture {
	struct tree tree;
	sd_event *event;
	int listening, server;
	struct guest_console *console;
	char lines[4096];
	char heard[2][1024];
	size_t heard_length[2];
	struct guest_console_listener *listeners[2];
	int remove_in_callback; /* the listener that the first one removes, -1: none */
	int fds;
};

static void on_line(const char *text, void *userdata)
{
	struct fixture *f = userdata;
	size_t length = strlen(f->lines);

	(void)snprintf(f->lines + length, sizeof(f->lines) - length, "<%s>", text);
}

static void hear(struct fixture *f, int index, const void *data, size_t length)
{
	size_t room = sizeof(f->heard[index]) - 1 - f->heard_length[index];

	if (length > room)
		length = room;
	memcpy(f->heard[index] + f->heard_length[index], data, length);
	f->heard_length[index] += length;
}

static void on_output_0(const void *data, size_t length, void *userdata)
{
	struct fixture *f = userdata;
	int index = f->remove_in_callback;

	hear(f, 0, data, length);
	if (index >= 0)
		guest_console_remove_listener(take_ptr(f->listeners[index]));
	f->remove_in_callback = -1;
}

static void on_output_1(const void *data, size_t length, void *userdata)
{
	hear(userdata, 1, data, length);
}

static void setup(struct fixture *f)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	*f = (struct fixture){ .listening = -1, .server = -1, .remove_in_callback = -1 };
	tree_make(&f->tree);
	f->fds = count_fds();
	assert_true(sd_event_new(&f->event) >= 0);
	f->listening = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	(void)snprintf(address.sun_path, sizeof(address.sun_path), "%s/serial.sock", f->tree.root);
	assert_int_equal(bind(f->listening, (const struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(f->listening, 4), 0);
	assert_int_equal(guest_console_new(tree_path(&f->tree, "/ring"), on_line, f, &f->console),
			 0);
}

static void connect_guest(struct fixture *f)
{
	assert_int_equal(guest_console_connect(f->console, f->event,
					       tree_path(&f->tree, "/serial.sock")),
			 0);
	f->server = fd_close(f->server);
	f->server = accept4(f->listening, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	assert_true(f->server >= 0);
}

static void teardown(struct fixture *f)
{
	guest_console_free(f->console);
	f->server = fd_close(f->server);
	f->listening = fd_close(f->listening);
	f->event = sd_event_unref(f->event);
	assert_int_equal(count_fds(), f->fds);
	tree_remove(&f->tree);
}

static void run(struct fixture *f)
{
	int r = 0;

	do
		r = sd_event_run(f->event, 0);
	while (r > 0);
	assert_int_equal(r, 0);
}

static void say(struct fixture *f, const void *data, size_t length)
{
	assert_int_equal(send(f->server, data, length, MSG_NOSIGNAL), length);
	run(f);
}

static void assert_ring(struct fixture *f, const void *data, size_t length)
{
	_cleanup_free_ char *copy = NULL;
	size_t copy_length = 0;

	assert_int_equal(guest_console_copy(f->console, 0, &copy, &copy_length), 0);
	assert_int_equal(copy_length, length);
	assert_memory_equal(copy, data, length);
	assert_int_equal(copy[length], '\0');
}

static void assert_since(struct fixture *f, uint64_t since, const char *text)
{
	_cleanup_free_ char *copy = NULL;
	size_t length = 0;

	assert_int_equal(guest_console_copy(f->console, since, &copy, &length), 0);
	assert_string_equal(copy, text);
}

static void reopen(struct fixture *f)
{
	guest_console_free(f->console);
	assert_int_equal(guest_console_new(tree_path(&f->tree, "/ring"), on_line, f, &f->console),
			 0);
}

static void test_ring(void **)
{
	struct fixture f;

	setup(&f);
	assert_ring(&f, "", 0);
	assert_int_equal(guest_console_send(f.console, "x", 1), -ENOTCONN);
	connect_guest(&f);
	say(&f, "hello\0\xff", 7);
	assert_ring(&f, "hello\0\xff", 7);
	/* The next hostd. */
	reopen(&f);
	assert_ring(&f, "hello\0\xff", 7);
	connect_guest(&f);
	say(&f, " again", 6);
	assert_ring(&f, "hello\0\xff again", 13);
	/* From a moment on; one that is not of this ring is older than all of it. */
	assert_int_equal(guest_console_written(f.console), 13);
	assert_since(&f, 7, " again");
	assert_since(&f, 13, "");
	assert_since(&f, 14, "hello");
	teardown(&f);
}

static void test_ring_wraps(void **)
{
	_cleanup_free_ char *all = malloc(3 * RING);
	size_t length = 0;
	struct fixture f;

	assert_non_null(all);
	for (size_t i = 0; i < 3 * RING; i++)
		all[i] = (char)(i * 7 + i / 251);
	setup(&f);
	connect_guest(&f);
	while (length + 9973 < 3 * RING) {
		say(&f, all + length, 9973);
		length += 9973;
		if (length < RING)
			assert_ring(&f, all, length);
		else
			assert_ring(&f, all + length - RING, RING);
	}
	reopen(&f);
	assert_ring(&f, all + length - RING, RING);
	teardown(&f);
}

/* Whatever is in the file, it is a ring afterwards, and works. */
static void test_garbage_file(void **)
{
	_cleanup_free_ char *garbage = malloc(2 * RING);
	static const size_t lengths[] = { 0, 1, 8, 63, 64, RING, RING + 63, RING + 64, 2 * RING };
	struct fixture f;

	assert_non_null(garbage);
	setup(&f);
	for (size_t i = 0; i < ELEMENTS(lengths); i++) {
		memset(garbage, 0xff, 2 * RING);
		tree_bytes(&f.tree, "/ring", garbage, lengths[i]);
		reopen(&f);
		assert_ring(&f, "", 0);
		connect_guest(&f);
		say(&f, "alive", 5);
		assert_ring(&f, "alive", 5);
	}
	/* The magic is right and the position as wrong as can be: it still is one. */
	memcpy(garbage, "mvirtr1\n", 8);
	memset(garbage + 64, 'x', RING);
	tree_bytes(&f.tree, "/ring", garbage, RING + 64);
	reopen(&f);
	memset(garbage, 'x', RING);
	assert_ring(&f, garbage, RING);
	connect_guest(&f);
	say(&f, "alive", 5);
	/* The counter has gone round. */
	assert_ring(&f, "live", 4);
	teardown(&f);
}

static void test_not_a_file(void **)
{
	struct guest_console *console = NULL;
	struct fixture f;

	setup(&f);
	assert_int_equal(guest_console_new(tree_path(&f.tree, "/"), NULL, NULL, &console), -EISDIR);
	tree_link(&f.tree, "/link", "/ring");
	assert_int_equal(guest_console_new(tree_path(&f.tree, "/link"), NULL, NULL, &console),
			 -ELOOP);
	assert_int_equal(mkfifo(tree_path(&f.tree, "/fifo"), 0600), 0);
	assert_int_equal(guest_console_new(tree_path(&f.tree, "/fifo"), NULL, NULL, &console),
			 -EINVAL);
	assert_int_equal(guest_console_new(tree_path(&f.tree, "/no/ring"), NULL, NULL, &console),
			 -ENOENT);
	assert_null(console);
	guest_console_free(NULL);
	teardown(&f);
}

static void test_each_call_fails(void **)
{
	struct fixture f;
	int failures = 0;

	setup(&f);
	for (fake.fail_at = 1;; fake.fail_at++) {
		struct guest_console *console = NULL;
		const char *path = tree_path(&f.tree, "/new");
		int fds = count_fds(), r = 0;

		(void)unlink(path);
		fake.call = 0;
		fake.active = true;
		r = guest_console_new(path, NULL, NULL, &console);
		fake.active = false;
		guest_console_free(console);
		assert_int_equal(count_fds(), fds);
		if (r == 0)
			break;
		assert_null(console);
		failures++;
	}
	assert_int_equal(failures, 6);
	for (fake.fail_at = 1;; fake.fail_at++) {
		int fds = count_fds(), r = 0;

		fake.call = 0;
		fake.active = true;
		r = guest_console_connect(f.console, f.event, tree_path(&f.tree, "/serial.sock"));
		fake.active = false;
		if (r == 0)
			break;
		assert_int_equal(count_fds(), fds);
		assert_int_equal(guest_console_send(f.console, "x", 1), -ENOTCONN);
		failures++;
	}
	assert_true(failures >= 8);
	teardown(&f);
}

static void test_lines(void **)
{
	static const struct {
		const char *text, *lines;
	} cases[] = {
		{ "a\r\nb\n", "<a><b>" },
		{ "\r\n\n\n", "" },
		{ "no end", "" },
		{ "\x1b[0;1;31mred\x1b[0m and \x1b[Kplain\n", "<red and plain>" },
		{ "\x1b]0;title\x07text\n\x1b]2;title\x1b\\text\n", "<text><text>" },
		{ "\x1b(Bx\x1b=y\x1b"
		  "7z\n",
		  "<xyz>" },
		{ "\x1bPdevice\x1b\\a\x1b_b\x1b\\c\n", "<ac>" },
		{ "\x1b]never ends\nnext\n", "<next>" },
		{ "\x1b[12\nnext\n", "<next>" },
		{ "\x1b[12\x1b[1mx\n", "<x>" },
		{ "a\tb\x01\x02\x7f\x08"
		  "c\n",
		  "<a bc>" },
		{ "gr\xc3\xbc\xc3\x9f\x65\n", "<gr\xc3\xbc\xc3\x9f\x65>" },
		{ "10%\r20%\r\n", "<10%20%>" },
	};

	for (size_t i = 0; i < ELEMENTS(cases); i++) {
		struct fixture f;
		char *copy = strdup(cases[i].text);

		setup(&f);
		connect_guest(&f);
		say(&f, copy, strlen(copy));
		assert_string_equal(f.lines, cases[i].lines);
		/* The same in single bytes. */
		f.lines[0] = '\0';
		reopen(&f);
		connect_guest(&f);
		for (size_t at = 0; copy[at]; at++)
			say(&f, copy + at, 1);
		assert_string_equal(f.lines, cases[i].lines);
		teardown(&f);
		free(copy);
	}
}

static void test_long_line(void **)
{
	char text[2000], wanted[GUEST_CONSOLE_LINE_BYTES_MAX + 8] = "<";
	struct fixture f;

	memset(text, 'x', sizeof(text));
	memset(wanted + 1, 'x', GUEST_CONSOLE_LINE_BYTES_MAX);
	strcpy(wanted + 1 + GUEST_CONSOLE_LINE_BYTES_MAX, "><y>");
	setup(&f);
	connect_guest(&f);
	say(&f, text, sizeof(text));
	say(&f, "\ny\n", 3);
	assert_string_equal(f.lines, wanted);
	teardown(&f);
}

static void test_listeners(void **)
{
	struct fixture f;

	/* Whoever is removed by whom, in a callback. */
	for (int removed = -1; removed < 2; removed++) {
		for (int first = 0; first < 2; first++) {
			setup(&f);
			connect_guest(&f);
			say(&f, "before ", 7);
			for (int i = 0; i < 2; i++)
				assert_int_equal(guest_console_add_listener(
							 f.console,
							 (first ^ i) ? on_output_1 : on_output_0,
							 &f, &f.listeners[first ^ i]),
						 0);
			f.remove_in_callback = removed;
			say(&f, "one ", 4);
			say(&f, "two", 3);
			if (removed == 0)
				assert_string_equal(f.heard[0], "one ");
			else
				assert_string_equal(f.heard[0], "one two");
			if (removed == 1)
				/* The one that was added last is called first. */
				assert_string_equal(f.heard[1], first ? "" : "one ");
			else
				assert_string_equal(f.heard[1], "one two");
			guest_console_remove_listener(f.listeners[0]);
			guest_console_remove_listener(f.listeners[1]);
			say(&f, "three", 5);
			assert_null(strstr(f.heard[0], "three"));
			teardown(&f);
		}
	}
}

static void test_listener_outlives_console(void **)
{
	struct fixture f;

	setup(&f);
	for (int i = 0; i < 2; i++)
		assert_int_equal(
			guest_console_add_listener(f.console, on_output_0, &f, &f.listeners[i]), 0);
	teardown(&f);
	guest_console_remove_listener(f.listeners[0]);
	guest_console_remove_listener(f.listeners[1]);
	guest_console_remove_listener(NULL);
}

/* QEMU ends: what it said before is there, although nothing was read yet. */
static void test_last_words(void **)
{
	struct fixture f;

	setup(&f);
	connect_guest(&f);
	assert_int_equal(send(f.server, "panic\n", 6, 0), 6);
	f.server = fd_close(f.server);
	guest_console_disconnect(f.console);
	assert_ring(&f, "panic\n", 6);
	assert_string_equal(f.lines, "<panic>");
	guest_console_disconnect(f.console);
	/* And the loop notices by itself. */
	connect_guest(&f);
	f.server = fd_close(f.server);
	run(&f);
	assert_int_equal(guest_console_send(f.console, "x", 1), -ENOTCONN);
	teardown(&f);
}

static int on_exit_source(sd_event_source *source, void *userdata)
{
	unsigned int *count = userdata;

	(*count)++;
	return sd_event_source_set_enabled(source, SD_EVENT_OFF);
}

/* A guest that never stops: others' exits come first, and no call reads more than its share. */
static void test_flood(void **)
{
	static char block[65536];
	sd_event_source *other = NULL;
	unsigned int exits = 0;
	struct fixture f;

	memset(block, 'x', sizeof(block));
	setup(&f);
	connect_guest(&f);
	assert_int_equal(guest_console_add_listener(f.console, on_output_0, &f, &f.listeners[0]),
			 0);
	while (send(f.server, block, sizeof(block), MSG_NOSIGNAL) > 0)
		;
	for (unsigned int i = 0; i < 100; i++) {
		/* As an exit: of the lowest priority that hostd uses elsewhere. */
		assert_true(sd_event_add_defer(f.event, &other, on_exit_source, &exits) >= 0);
		assert_true(sd_event_source_set_priority(other, SD_EVENT_PRIORITY_NORMAL + 10) >=
			    0);
		assert_int_equal(sd_event_run(f.event, 0), 1);
		assert_int_equal(exits, i + 1);
		other = sd_event_source_unref(other);
		assert_int_equal(sd_event_run(f.event, 0), 1);
		(void)send(f.server, block, sizeof(block), MSG_NOSIGNAL);
	}
	guest_console_remove_listener(f.listeners[0]);
	/* One that goes on talking does not hold up its own end. */
	guest_console_disconnect(f.console);
	teardown(&f);
}

/* The guest does not read: refused as a whole when there is no room, in order when there is. */
static void test_send(void **)
{
	static char typed[1000], got[65536];
	unsigned long sent = 0, received = 0;
	unsigned char next = 0;
	struct fixture f;
	int r = 0;

	setup(&f);
	connect_guest(&f);
	assert_int_equal(guest_console_send(f.console, "", 0), 0);
	assert_int_equal(guest_console_send(f.console, typed, GUEST_CONSOLE_UNSENT_BYTES_MAX + 1),
			 -ENOBUFS);
	for (;;) {
		for (size_t i = 0; i < sizeof(typed); i++)
			typed[i] = (char)((sent + i) % 251);
		r = guest_console_send(f.console, typed, sizeof(typed));
		if (r < 0)
			break;
		sent += sizeof(typed);
		assert_true(sent < 100UL * 1024 * 1024);
	}
	assert_int_equal(r, -ENOBUFS);
	for (int i = 0; i < 100000 && received < sent; i++) {
		ssize_t length = recv(f.server, got, sizeof(got), MSG_DONTWAIT);

		for (ssize_t at = 0; at < length; at++) {
			assert_int_equal((unsigned char)got[at], next);
			next = (unsigned char)((next + 1) % 251);
		}
		received += length > 0 ? (unsigned long)length : 0;
		run(&f);
	}
	assert_int_equal(received, sent);
	assert_int_equal(guest_console_send(f.console, typed, 1), 0);
	f.server = fd_close(f.server);
	/* Into nothing: the read side notices. */
	(void)guest_console_send(f.console, typed, 1);
	run(&f);
	assert_int_equal(guest_console_send(f.console, typed, 1), -ENOTCONN);
	teardown(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ring),
		cmocka_unit_test(test_ring_wraps),
		cmocka_unit_test(test_garbage_file),
		cmocka_unit_test(test_not_a_file),
		cmocka_unit_test(test_each_call_fails),
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_long_line),
		cmocka_unit_test(test_listeners),
		cmocka_unit_test(test_listener_outlives_console),
		cmocka_unit_test(test_last_words),
		cmocka_unit_test(test_flood),
		cmocka_unit_test(test_send),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
