// SPDX-License-Identifier: GPL-2.0-or-later
// Keeps one udhcpc running.
#include "net-dhcp.h"

#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "base/log.h"
#include "base/text.h"
#include "net-dhcp-confine.h"
#include "net-lease.h"
#include "net/link/net-policy.h"
#include "process/confine.h"

/* Four requests, three seconds apart, then a pause; for ever. */
#define REQUEST_COUNT "4"
#define REQUEST_INTERVAL_S "3"
#define PAUSE_S "20"
#define TIMER_ACCURACY_US 500000
/* Whoever has taken it over cannot keep hostd busy: its messages wait in the socket then. */
#define EVENTS_MAX 10
#define EVENTS_INTERVAL_US (10 * UINT64_C(1000000))

struct net_dhcp {
	sd_event *event;
	sd_event_source *exit_source, *event_source;
	sd_event_source *restart_timer;
	char *subject; /* "net lan" */
	char *interface;
	char *hostname;
	char *program;
	void (*on_event)(const char *message, size_t length, void *userdata);
	void *userdata;
	char client[2 * sizeof(uint64_t) + 1];
	struct net_ip wanted;
	int pidfd; /* owned; -EBADF: not running */
	int event_fd; /* owned: its messages */
	int error_fd; /* owned: why it could not be confined */
	uint64_t started_us;
	uint64_t backoff_ms;
};

DEFINE_CLEANUP(struct net_dhcp *, net_dhcp_free);

int net_dhcp_new(sd_event *event, const struct net_dhcp_settings *settings,
		 struct net_dhcp **ret_dhcp)
{
	_cleanup_(net_dhcp_freep) struct net_dhcp *dhcp = calloc(1, sizeof(*dhcp));

	if (!dhcp)
		return -ENOMEM;
	dhcp->pidfd = dhcp->event_fd = dhcp->error_fd = -EBADF;
	dhcp->on_event = settings->on_event;
	dhcp->userdata = settings->userdata;
	dhcp->event = sd_event_ref(event);
	dhcp->subject = text_format("net %s", settings->network);
	dhcp->interface = strdup(settings->interface);
	dhcp->hostname = strdup(settings->hostname);
	dhcp->program = strdup(settings->program);
	if (!dhcp->subject || !dhcp->interface || !dhcp->hostname || !dhcp->program)
		return -ENOMEM;
	*ret_dhcp = take_ptr(dhcp);
	return 0;
}

void net_dhcp_free(struct net_dhcp *dhcp)
{
	if (!dhcp)
		return;
	net_dhcp_stop(dhcp);
	sd_event_unref(dhcp->event);
	free(dhcp->subject);
	free(dhcp->interface);
	free(dhcp->hostname);
	free(dhcp->program);
	free(dhcp);
}

bool net_dhcp_is_active(const struct net_dhcp *dhcp)
{
	return dhcp->pidfd >= 0 || dhcp->restart_timer;
}

const char *net_dhcp_client(const struct net_dhcp *dhcp)
{
	return dhcp->client;
}

/* Waits for the end of a process that has been killed or that its pidfd says has ended. */
static int reap(struct net_dhcp *dhcp, siginfo_t *ret_info)
{
	int r = 0;

	do
		r = waitid(P_PIDFD, (id_t)dhcp->pidfd, ret_info, WEXITED);
	while (r < 0 && errno == EINTR);
	return r < 0 ? -errno : 0;
}

static void forget_process(struct net_dhcp *dhcp)
{
	dhcp->exit_source = sd_event_source_disable_unref(dhcp->exit_source);
	dhcp->event_source = sd_event_source_disable_unref(dhcp->event_source);
	dhcp->pidfd = fd_close(dhcp->pidfd);
	dhcp->event_fd = fd_close(dhcp->event_fd);
	dhcp->error_fd = fd_close(dhcp->error_fd);
}

void net_dhcp_stop(struct net_dhcp *dhcp)
{
	siginfo_t info = {};

	dhcp->restart_timer = sd_event_source_disable_unref(dhcp->restart_timer);
	if (dhcp->pidfd >= 0) {
		/* It gives nothing back to the server on purpose: the address is still in use. */
		(void)pidfd_send_signal(dhcp->pidfd, SIGKILL, NULL, 0);
		(void)reap(dhcp, &info);
	}
	forget_process(dhcp);
}

static int fill_arguments(const struct net_dhcp *dhcp, struct text_list *arguments)
{
	char address[NET_IP_TEXT_MAX];
	const char *const fixed[] = {
		"busybox", "udhcpc", "-f",          "-i", dhcp->interface,    "-s",
		"-",       "-t",     REQUEST_COUNT, "-T", REQUEST_INTERVAL_S, "-A",
		PAUSE_S,   "-V",     "mvirt",       "-O", "staticroutes",     "-O",
		"mtu",
	};
	int r = 0;

	for (size_t i = 0; i < ELEMENTS(fixed) && r == 0; i++)
		r = text_list_add(arguments, fixed[i]);
	if (r == 0)
		r = text_list_add(arguments, "-x");
	if (r == 0)
		r = text_list_addf(arguments, "hostname:%s", dhcp->hostname);
	if (r == 0 && dhcp->wanted.family == AF_INET) {
		r = text_list_add(arguments, "-r");
		if (r == 0)
			r = text_list_add(arguments, net_ip_format(&dhcp->wanted, address));
	}
	return r;
}

static void name_client(struct net_dhcp *dhcp)
{
	uint64_t name = 0;

	if (getrandom(&name, sizeof(name), GRND_NONBLOCK) != sizeof(name))
		(void)sd_event_now(dhcp->event, CLOCK_BOOTTIME, &name);
	(void)snprintf(dhcp->client, sizeof(dhcp->client), "%016" PRIx64, name);
}

/* What it is given, beside its arguments: both ends of the socket, and what hostd has open. */
static int open_fds(struct net_dhcp *dhcp, struct net_dhcp_confine *confine)
{
	int pair[2];

	confine->program_fd = open(dhcp->program, O_PATH | O_CLOEXEC);
	confine->null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (confine->program_fd < 0 || confine->null_fd < 0)
		return -errno;
	dhcp->error_fd = confine->error_fd = memfd_create("udhcpc", MFD_CLOEXEC);
	if (dhcp->error_fd < 0)
		return -errno;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return -errno;
	dhcp->event_fd = pair[0];
	confine->event_fd = pair[1];
	return net_dhcp_seccomp_program(&confine->seccomp);
}

static int spawn(struct net_dhcp *dhcp)
{
	_cleanup_(text_list_done) struct text_list arguments = {};
	struct net_dhcp_confine confine = {
		.program_fd = -EBADF,
		.null_fd = -EBADF,
		.event_fd = -EBADF,
	};
	pid_t pid = 0;
	int r = fill_arguments(dhcp, &arguments);

	name_client(dhcp);
	confine.argv = arguments.items;
	if (r == 0)
		r = open_fds(dhcp, &confine);
	if (r == 0)
		r = confine_clone(NET_DHCP_NAMESPACES, 0, &pid, &dhcp->pidfd);
	if (r == 0 && pid == 0)
		net_dhcp_confine_exec(&confine);
	fd_close(confine.program_fd);
	fd_close(confine.null_fd);
	fd_close(confine.event_fd);
	return r;
}

static int on_restart(sd_event_source *, uint64_t, void *userdata)
{
	struct net_dhcp *dhcp = userdata;

	dhcp->restart_timer = sd_event_source_disable_unref(dhcp->restart_timer);
	(void)net_dhcp_start(dhcp, &dhcp->wanted);
	return 0;
}

/* Says why once, and again when the delay is at its longest. */
static void start_later(struct net_dhcp *dhcp, const char *why)
{
	uint64_t now_us = 0, before_ms = dhcp->backoff_ms;
	int r = 0;

	(void)sd_event_now(dhcp->event, CLOCK_MONOTONIC, &now_us);
	dhcp->backoff_ms = net_policy_backoff_ms(before_ms, (now_us - dhcp->started_us) / 1000);
	if (before_ms == 0 || before_ms / 30000 != dhcp->backoff_ms / 30000)
		log_warning(dhcp->subject, "DHCP client %s; it is started again in %" PRIu64 " s",
			    why, dhcp->backoff_ms / 1000);
	r = sd_event_add_time_relative(dhcp->event, &dhcp->restart_timer, CLOCK_MONOTONIC,
				       dhcp->backoff_ms * 1000, TIMER_ACCURACY_US, on_restart,
				       dhcp);
	if (r < 0)
		log_error(dhcp->subject, "DHCP client cannot be started again: %s", strerror(-r));
}

/* Of a client that was not confined: which step failed, and why. */
static void read_error(const struct net_dhcp *dhcp, char *text, size_t size)
{
	ssize_t length = pread(dhcp->error_fd, text, size - 1, 0);

	text[length > 0 ? length : 0] = '\0';
}

static int on_exit_of_client(sd_event_source *, int, uint32_t, void *userdata)
{
	struct net_dhcp *dhcp = userdata;
	siginfo_t info = {};
	char why[192], step[128];

	read_error(dhcp, step, sizeof(step));
	if (reap(dhcp, &info) == 0 && info.si_code == CLD_EXITED && step[0])
		(void)snprintf(why, sizeof(why), "cannot be confined: %s", step);
	else if (info.si_code == CLD_EXITED)
		(void)snprintf(why, sizeof(why), "ended with status %d", info.si_status);
	else
		(void)snprintf(why, sizeof(why), "was killed by signal %d", info.si_status);
	forget_process(dhcp);
	start_later(dhcp, why);
	return 0;
}

static int on_message(sd_event_source *source, int fd, uint32_t, void *userdata)
{
	struct net_dhcp *dhcp = userdata;
	char message[NET_LEASE_MESSAGE_MAX];
	ssize_t length = recv(fd, message, sizeof(message), MSG_DONTWAIT | MSG_TRUNC);

	if (length > (ssize_t)sizeof(message))
		log_warning(dhcp->subject, "DHCP client sent too long a message: it is ignored");
	else if (length > 0)
		dhcp->on_event(message, (size_t)length, dhcp->userdata);
	else if (length == 0 || (errno != EAGAIN && errno != EINTR))
		/* Its end is on_exit_of_client()'s. */
		(void)sd_event_source_set_enabled(source, SD_EVENT_OFF);
	return 0;
}

static int watch(struct net_dhcp *dhcp)
{
	int r = sd_event_add_io(dhcp->event, &dhcp->exit_source, dhcp->pidfd, EPOLLIN,
				on_exit_of_client, dhcp);

	if (r >= 0)
		r = sd_event_add_io(dhcp->event, &dhcp->event_source, dhcp->event_fd, EPOLLIN,
				    on_message, dhcp);
	if (r >= 0)
		r = sd_event_source_set_ratelimit(dhcp->event_source, EVENTS_INTERVAL_US,
						  EVENTS_MAX);
	return r < 0 ? r : 0;
}

int net_dhcp_start(struct net_dhcp *dhcp, const struct net_ip *wanted)
{
	char why[128];
	int r = 0;

	net_dhcp_stop(dhcp);
	dhcp->wanted = wanted ? *wanted : (struct net_ip){};
	(void)sd_event_now(dhcp->event, CLOCK_MONOTONIC, &dhcp->started_us);
	r = spawn(dhcp);
	if (r == 0)
		r = watch(dhcp);
	if (r < 0) {
		net_dhcp_stop(dhcp);
		(void)snprintf(why, sizeof(why), "cannot be started: %s", strerror(-r));
		start_later(dhcp, why);
	}
	return r;
}
