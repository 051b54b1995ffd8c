// SPDX-License-Identifier: GPL-2.0-or-later
// Keeps one udhcpc running.
#include "net-dhcp.h"

#include <inttypes.h>
#include <linux/capability.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>

#include "base/log.h"
#include "base/text.h"
#include "net-dhcp-seccomp.h"
#include "net-lease.h"
#include "process/supervisor.h"
#include "process/uids.h"

/* Four requests, three seconds apart, then a pause; for ever. */
#define REQUEST_COUNT "4"
#define REQUEST_INTERVAL_S "3"
#define PAUSE_S "20"
/* A compromised client cannot keep hostd busy: its messages wait in the socket. */
#define EVENTS_MAX 10
#define EVENTS_INTERVAL_US (10 * UINT64_C(1000000))
/* Of the host's it keeps the network. */
#define NAMESPACES (CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWUTS)
#define ROOT_OPTIONS "size=4k,nr_inodes=1,mode=0555"
/* Packet sockets, as long as there is no address; and port 68, to renew a lease. */
#define CAPABILITIES (UINT64_C(1) << CAP_NET_RAW | UINT64_C(1) << CAP_NET_BIND_SERVICE)
#define MEMORY_BYTES_MAX (32UL << 20)
/* Of the line about a step that failed; there is no other file. */
#define FILE_BYTES_MAX 4096

struct net_dhcp {
	sd_event *event;
	struct supervisor *supervisor;
	sd_event_source *event_source;
	char *subject; /* "net lan" */
	char *interface;
	char *hostname;
	char *program;
	void (*on_event)(const char *message, size_t length, void *userdata);
	void *userdata;
	char client[2 * sizeof(uint64_t) + 1];
	struct net_ip wanted;
	int event_fd; /* owned: its messages */
};

DEFINE_CLEANUP(struct net_dhcp *, net_dhcp_free);

static int start(struct supervisor *supervisor, void *userdata);
static void on_ended(const struct supervisor_end *told, void *userdata);

int net_dhcp_new(sd_event *event, const struct net_dhcp_settings *settings,
		 struct net_dhcp **ret_dhcp)
{
	_cleanup_(net_dhcp_freep) struct net_dhcp *dhcp = calloc(1, sizeof(*dhcp));
	const struct supervisor_settings supervised = {
		.backoff = { .min_usec = 1000000, .max_usec = 60000000, .held_usec = 60000000 },
		.start = start,
		.ended = on_ended,
		.userdata = dhcp,
	};

	if (!dhcp)
		return -ENOMEM;
	dhcp->event_fd = -EBADF;
	dhcp->on_event = settings->on_event;
	dhcp->userdata = settings->userdata;
	dhcp->event = sd_event_ref(event);
	dhcp->subject = text_format("net %s", settings->network);
	dhcp->interface = strdup(settings->interface);
	dhcp->hostname = strdup(settings->hostname);
	dhcp->program = strdup(settings->program);
	if (!dhcp->subject || !dhcp->interface || !dhcp->hostname || !dhcp->program)
		return -ENOMEM;
	if (supervisor_new(event, &supervised, &dhcp->supervisor) < 0)
		return -ENOMEM;
	*ret_dhcp = take_ptr(dhcp);
	return 0;
}

static void forget_events(struct net_dhcp *dhcp)
{
	dhcp->event_source = sd_event_source_disable_unref(dhcp->event_source);
	dhcp->event_fd = fd_close(dhcp->event_fd);
}

void net_dhcp_free(struct net_dhcp *dhcp)
{
	if (!dhcp)
		return;
	supervisor_free(dhcp->supervisor);
	forget_events(dhcp);
	sd_event_unref(dhcp->event);
	free(dhcp->subject);
	free(dhcp->interface);
	free(dhcp->hostname);
	free(dhcp->program);
	free(dhcp);
}

bool net_dhcp_is_active(const struct net_dhcp *dhcp)
{
	return supervisor_is_active(dhcp->supervisor);
}

const char *net_dhcp_client(const struct net_dhcp *dhcp)
{
	return dhcp->client;
}

/* It does not release the address, which stays in use. */
void net_dhcp_stop(struct net_dhcp *dhcp)
{
	supervisor_stop(dhcp->supervisor);
	forget_events(dhcp);
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

/* Its stdin is the socket that it sends its events to; its root is empty. */
static int spawn(struct net_dhcp *dhcp, char *const *argv, int socket_fd)
{
	static const struct process_root root = { .options = ROOT_OPTIONS };
	static const struct confine_limit limits[] = {
		{ RLIMIT_CORE, 0 },
		{ RLIMIT_NOFILE, NET_DHCP_EXECUTABLE_FD },
		{ RLIMIT_MEMLOCK, 0 },
		{ RLIMIT_FSIZE, FILE_BYTES_MAX },
		{ RLIMIT_AS, MEMORY_BYTES_MAX },
	};
	struct process_spec spec = {
		.program = dhcp->program,
		.argv = argv,
		.program_number = NET_DHCP_EXECUTABLE_FD,
		.input = socket_fd,
		.namespaces = NAMESPACES,
		.root = &root,
		.uid = PROCESS_UID_DHCP,
		.capabilities = CAPABILITIES,
		.limits = limits,
		.limit_count = ELEMENTS(limits),
	};
	int r = net_dhcp_seccomp_program(&spec.seccomp);

	return r < 0 ? r : supervisor_spawn(dhcp->supervisor, &spec);
}

/* Logs the reason once, and again when the delay is at its maximum. */
static void on_ended(const struct supervisor_end *told, void *userdata)
{
	struct net_dhcp *dhcp = userdata;
	const uint64_t before_s = told->previous_usec / 1000000, s = told->delay_usec / 1000000;
	_cleanup_free_ char *step = told->end ? process_end_last_line(told->end) : NULL;
	char why[192];

	forget_events(dhcp);
	if (before_s != 0 && before_s / 30 == s / 30)
		return;
	if (!told->end)
		(void)snprintf(why, sizeof(why), "cannot be started: %s", strerror(-told->error));
	else if (told->end->status == PROCESS_NOT_CONFINED)
		(void)snprintf(why, sizeof(why), "cannot be confined: %s", step ?: "no memory");
	else if (told->end->status <= 128)
		(void)snprintf(why, sizeof(why), "ended with status %d", told->end->status);
	else
		(void)snprintf(why, sizeof(why), "was killed by signal %d",
			       told->end->status - 128);
	log_warning(dhcp->subject, "DHCP client %s; it is started again in %" PRIu64 " s", why, s);
}

static int on_message(sd_event_source *source, int fd, uint32_t, void *userdata)
{
	struct net_dhcp *dhcp = userdata;
	char message[NET_LEASE_MESSAGE_MAX];
	ssize_t length = recv(fd, message, sizeof(message), MSG_DONTWAIT | MSG_TRUNC);

	if (length > (ssize_t)sizeof(message))
		log_warning(dhcp->subject,
			    "a message of the DHCP client is too long and was ignored");
	else if (length > 0)
		dhcp->on_event(message, (size_t)length, dhcp->userdata);
	else if (length == 0 || (errno != EAGAIN && errno != EINTR))
		/* on_ended() handles its end. */
		(void)sd_event_source_set_enabled(source, SD_EVENT_OFF);
	return 0;
}

static int watch_events(struct net_dhcp *dhcp)
{
	int r = sd_event_add_io(dhcp->event, &dhcp->event_source, dhcp->event_fd, EPOLLIN,
				on_message, dhcp);

	if (r >= 0)
		r = sd_event_source_set_ratelimit(dhcp->event_source, EVENTS_INTERVAL_US,
						  EVENTS_MAX);
	return r < 0 ? r : 0;
}

static int start(struct supervisor *, void *userdata)
{
	struct net_dhcp *dhcp = userdata;
	_cleanup_(text_list_done) struct text_list arguments = {};
	_cleanup_fd_ int theirs = -EBADF;
	int pair[2], r = fill_arguments(dhcp, &arguments);

	if (r < 0)
		return r;
	name_client(dhcp);
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return -errno;
	dhcp->event_fd = pair[0];
	theirs = pair[1];
	r = spawn(dhcp, arguments.items, theirs);
	return r < 0 ? r : watch_events(dhcp);
}

int net_dhcp_start(struct net_dhcp *dhcp, const struct net_ip *wanted)
{
	net_dhcp_stop(dhcp);
	dhcp->wanted = wanted ? *wanted : (struct net_ip){};
	return supervisor_start(dhcp->supervisor);
}
