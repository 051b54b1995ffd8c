// SPDX-License-Identifier: GPL-2.0-or-later
// The fake VMM's half in hostd: starts fake-program.c, and speaks its lines.
#include "fake.h"

#include <linux/seccomp.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "vmm/fake/fake-program.h"
#include "vmm/vmm-type.h"

#define PENDING_MAX 16

/* A verb without its answer. */
struct pending {
	vmm_done_t done;
	vmm_state_done_t state_done;
	void *userdata;
};

struct fake {
	struct vmm vmm;
	struct vmm_callbacks callbacks;
	sd_event_source *source;
	int fd; /* owned */
	bool ready;
	unsigned int calls; /* of ours that are on the stack and may call callbacks */
	bool freed; /* free_fake() was called from one of them */
	char line[512];
	size_t length;
	struct pending pending[PENDING_MAX]; /* the oldest first */
	size_t pending_count;
};

static struct fake *fake_of(struct vmm *vmm)
{
	return (struct fake *)vmm;
}

/* --- what is started --- */

static struct verdict check(const struct guest_config *)
{
	return (struct verdict){};
}

static uint64_t overhead(const struct guest_config *, bool)
{
	return UINT64_C(1) << 20;
}

static const char *watchdog_action(enum guest_watchdog watchdog)
{
	switch (watchdog) {
	case GUEST_WATCHDOG_NONE:
		break;
	case GUEST_WATCHDOG_RESET:
		return "reset";
	case GUEST_WATCHDOG_POWEROFF:
		return "poweroff";
	case GUEST_WATCHDOG_PAUSE:
		return "pause";
	}
	return "none";
}

static int list_arguments(const struct guest_config *config, struct text_list *argv)
{
	const char *const words[] = { FAKE_PROGRAM_PATH,
				      config->name,
				      config->cmdline ? config->cmdline : "",
				      config->on_reboot == GUEST_ON_DEFAULT ? "reset" : "shutdown",
				      config->on_panic == GUEST_ON_PAUSE ? "pause" : "exit",
				      watchdog_action(config->watchdog) };
	int r = 0;

	for (size_t i = 0; r >= 0 && i < ELEMENTS(words); i++)
		r = text_list_add(argv, words[i]);
	return r;
}

/* It is given its control socket and its console, and nothing else that was opened. */
static int plan_program(const struct vmm_machine *machine, struct vmm_process *process)
{
	static struct sock_filter allow = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	static const struct sock_fprog everything = { .len = 1, .filter = &allow };
	static const int numbers[] = { [VMM_DEVICE_CONTROL] = FAKE_PROGRAM_CONTROL_FD,
				       [VMM_DEVICE_SERIAL] = FAKE_PROGRAM_SERIAL_FD };

	process->fds = calloc(ELEMENTS(numbers), sizeof(*process->fds));
	if (!process->fds || list_arguments(machine->config, &process->argv) < 0)
		return -ENOMEM;
	process->kind = "vmm";
	process->spec = (struct guest_process_spec){ .executable = FAKE_PROGRAM_PATH,
						     .firmware = "/usr/share",
						     .seccomp = &everything,
						     .argv = process->argv.items,
						     .fds = process->fds };
	for (size_t i = 0; i < machine->device_count; i++) {
		const struct vmm_device *device = &machine->devices[i];

		if (device->kind <= VMM_DEVICE_SERIAL && device->index == 0)
			process->fds[process->spec.fd_count++] =
				(struct process_fd){ .fd = device->fds[0],
						     .number = numbers[device->kind] };
	}
	return 0;
}

static int make_plan(const struct vmm_machine *machine, struct vmm_plan *ret_plan)
{
	_cleanup_(vmm_plan_done) struct vmm_plan plan = {};
	int r = 0;

	plan.processes = calloc(1, sizeof(*plan.processes));
	if (!plan.processes)
		return -ENOMEM;
	plan.count = 1;
	r = plan_program(machine, plan.processes);
	if (r < 0)
		return r;
	*ret_plan = plan;
	plan = (struct vmm_plan){};
	return 0;
}

/* --- what it says: each may free the connection --- */

static void answer(struct fake *fake, int error, enum vmm_state state, const char *text)
{
	const struct pending first = fake->pending[0];

	if (fake->pending_count == 0)
		return;
	fake->pending_count--;
	memmove(fake->pending, fake->pending + 1, fake->pending_count * sizeof(first));
	if (first.state_done)
		first.state_done(error, state, text, first.userdata);
	else if (first.done)
		first.done(error, error ? text : NULL, first.userdata);
}

static size_t find_word(const char *word, const char *const *words, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(words[i], word) == 0)
			return i;
	return 0;
}

static void on_event_line(struct fake *fake, const char *line)
{
	static const char *const kinds[] = {
		[VMM_EVENT_ENDING] = "ending",         [VMM_EVENT_RESET] = "reset",
		[VMM_EVENT_PANICKED] = "panicked",     [VMM_EVENT_HALTED] = "halted",
		[VMM_EVENT_RESUMED] = "resumed",       [VMM_EVENT_WATCHDOG] = "watchdog",
		[VMM_EVENT_DISK_ERROR] = "disk-error",
	};
	static const char *const endings[] = {
		[VMM_ENDING_NONE] = "none",   [VMM_ENDING_POWER_OFF] = "power-off",
		[VMM_ENDING_RESET] = "reset", [VMM_ENDING_PANIC] = "panic",
		[VMM_ENDING_ERROR] = "error",
	};
	char kind[16] = "", ending[16] = "", detail[32] = "";
	struct vmm_event event = {};

	if (sscanf(line, "%15s %15s %31s", kind, ending, detail) != 3)
		return;
	event.kind = find_word(kind, kinds, ELEMENTS(kinds));
	event.ending = find_word(ending, endings, ELEMENTS(endings));
	event.detail = detail;
	if (fake->callbacks.event)
		fake->callbacks.event(&event, fake->callbacks.userdata);
}

static void on_state_line(struct fake *fake, const char *line)
{
	static const char *const states[] = {
		[VMM_STATE_OTHER] = "other",       [VMM_STATE_RUNNING] = "running",
		[VMM_STATE_PAUSED] = "paused",     [VMM_STATE_HALTED] = "halted",
		[VMM_STATE_PANICKED] = "panicked", [VMM_STATE_BROKEN] = "broken",
	};
	char state[16] = "", text[32] = "";

	(void)sscanf(line, "%15s %31s", state, text);
	answer(fake, 0, find_word(state, states, ELEMENTS(states)), text);
}

static void on_line(struct fake *fake, const char *line)
{
	if (strncmp(line, "event ", 6) == 0)
		on_event_line(fake, line + 6);
	else if (strncmp(line, "state ", 6) == 0)
		on_state_line(fake, line + 6);
	else if (strcmp(line, "ok") == 0)
		answer(fake, 0, VMM_STATE_OTHER, NULL);
	else if (strcmp(line, "busy") == 0)
		answer(fake, -EBUSY, VMM_STATE_OTHER, "busy");
	else if (strcmp(line, "hello") == 0 && !fake->ready) {
		fake->ready = true;
		if (fake->callbacks.ready)
			fake->callbacks.ready(fake->callbacks.userdata);
	}
}

static void answer_all(struct fake *fake)
{
	while (fake->pending_count > 0)
		answer(fake, -ENOTCONN, VMM_STATE_OTHER, "the connection is closed");
}

/* After this fake may be gone. */
static void leave(struct fake *fake)
{
	if (--fake->calls == 0 && fake->freed)
		free(fake);
}

static void handle_lines(struct fake *fake)
{
	char *newline = NULL;

	while (!fake->freed && (newline = memchr(fake->line, '\n', fake->length))) {
		size_t done = (size_t)(newline - fake->line) + 1;
		char line[sizeof(fake->line)];

		*newline = '\0';
		memcpy(line, fake->line, done);
		fake->length -= done;
		memmove(fake->line, fake->line + done, fake->length);
		on_line(fake, line);
	}
}

static void on_end(struct fake *fake)
{
	fake->ready = false;
	fake->source = sd_event_source_disable_unref(fake->source);
	answer_all(fake);
	if (!fake->freed && fake->callbacks.closed)
		fake->callbacks.closed(-ECONNRESET, fake->callbacks.userdata);
}

static int on_io(sd_event_source *, int fd, uint32_t, void *userdata)
{
	struct fake *fake = userdata;
	ssize_t length = recv(fd, fake->line + fake->length, sizeof(fake->line) - fake->length,
			      MSG_DONTWAIT);

	if (length < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	fake->calls++;
	if (length > 0) {
		fake->length += (size_t)length;
		handle_lines(fake);
	} else
		on_end(fake);
	leave(fake);
	return 0;
}

/* --- the connection --- */

static int connect_fake(sd_event *event, const char *folder, const struct vmm_callbacks *callbacks,
			struct vmm **ret_vmm)
{
	_cleanup_free_ struct fake *fake = calloc(1, sizeof(*fake));
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	_cleanup_fd_ int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int r = 0;

	if (!fake)
		return -ENOMEM;
	if ((size_t)snprintf(address.sun_path, sizeof(address.sun_path), "%s/%s.sock", folder,
			     fake_type.control_name) >= sizeof(address.sun_path))
		return -ENAMETOOLONG;
	if (fd < 0 || connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0)
		return -errno;
	fake->vmm.type = &fake_type;
	fake->callbacks = *callbacks;
	r = sd_event_add_io(event, &fake->source, fd, EPOLLIN, on_io, fake);
	if (r < 0)
		return r;
	fake->fd = take_fd(&fd);
	*ret_vmm = &take_ptr(fake)->vmm;
	return 0;
}

static void free_fake(struct vmm *vmm)
{
	struct fake *fake = fake_of(vmm);

	fake->freed = true;
	fake->ready = false;
	fake->calls++;
	fake->source = sd_event_source_disable_unref(fake->source);
	answer_all(fake);
	fake->fd = fd_close(fake->fd);
	leave(fake);
}

/* A line, with an fd that goes along unless it is -EBADF; consumes it. */
static int ask(struct vmm *vmm, const char *line, int fd_consume, const struct pending *pending)
{
	struct fake *fake = fake_of(vmm);
	_cleanup_fd_ int fd = fd_consume;
	alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
	struct iovec bytes[] = { { (void *)(uintptr_t)line, strlen(line) },
				 { (void *)(uintptr_t)"\n", 1 } };
	struct msghdr message = { .msg_iov = bytes, .msg_iovlen = ELEMENTS(bytes) };
	struct cmsghdr *header = NULL;

	if (!fake->ready)
		return -ENOTCONN;
	if (fake->pending_count == PENDING_MAX)
		return -ENOBUFS;
	if (fd >= 0) {
		message.msg_control = control;
		message.msg_controllen = sizeof(control);
		header = CMSG_FIRSTHDR(&message);
		*header = (struct cmsghdr){ .cmsg_level = SOL_SOCKET,
					    .cmsg_type = SCM_RIGHTS,
					    .cmsg_len = CMSG_LEN(sizeof(int)) };
		memcpy(CMSG_DATA(header), &fd, sizeof(int));
	}
	if (sendmsg(fake->fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
		return errno == EAGAIN ? -ENOBUFS : -errno;
	fake->pending[fake->pending_count++] = *pending;
	return 0;
}

static int ask_done(struct vmm *vmm, const char *line, int fd_consume, vmm_done_t done,
		    void *userdata)
{
	const struct pending pending = { .done = done, .userdata = userdata };

	return ask(vmm, line, fd_consume, &pending);
}

/* --- the verbs --- */

static int powerdown(struct vmm *vmm, vmm_done_t done, void *userdata)
{
	return ask_done(vmm, "powerdown", -EBADF, done, userdata);
}

static int pause_guest(struct vmm *vmm, vmm_done_t done, void *userdata)
{
	return ask_done(vmm, "pause", -EBADF, done, userdata);
}

static int resume_guest(struct vmm *vmm, vmm_done_t done, void *userdata)
{
	return ask_done(vmm, "resume", -EBADF, done, userdata);
}

static int ask_state(struct vmm *vmm, vmm_state_done_t done, void *userdata)
{
	const struct pending pending = { .state_done = done, .userdata = userdata };

	return ask(vmm, "state", -EBADF, &pending);
}

static int add_device(struct vmm *vmm, const struct vmm_device *device, vmm_done_t done,
		      void *userdata)
{
	char line[32];

	fd_close(device->fds[1]);
	if (device->kind != VMM_DEVICE_MEDIUM) {
		fd_close(device->fds[0]);
		return -EOPNOTSUPP;
	}
	(void)snprintf(line, sizeof(line), "add %zu", device->index);
	return ask_done(vmm, line, device->fds[0], done, userdata);
}

static int remove_device(struct vmm *vmm, enum vmm_device_kind kind, size_t index, bool force,
			 vmm_done_t done, void *userdata)
{
	char line[32];

	if (kind != VMM_DEVICE_MEDIUM)
		return -EOPNOTSUPP;
	(void)snprintf(line, sizeof(line), "remove %zu %d", index, force);
	return ask_done(vmm, line, -EBADF, done, userdata);
}

static int take_picture(struct vmm *vmm, int fd_consume, vmm_done_t done, void *userdata)
{
	return ask_done(vmm, "picture", fd_consume, done, userdata);
}

static int open_display(struct vmm *vmm, int fd_consume, vmm_done_t done, void *userdata)
{
	return ask_done(vmm, "display", fd_consume, done, userdata);
}

const struct vmm_type fake_type = {
	.name = "fake",
	.label = "fake VMM",
	.control_name = "control",
	.check = check,
	.overhead = overhead,
	.make_plan = make_plan,
	.connect = connect_fake,
	.free = free_fake,
	.powerdown = powerdown,
	.pause = pause_guest,
	.resume = resume_guest,
	.ask_state = ask_state,
	.add_device = add_device,
	.remove_device = remove_device,
	.take_picture = take_picture,
	.open_display = open_display,
};
