// SPDX-License-Identifier: GPL-2.0-or-later
// Keeps one udhcpc running.
#include "net-dhcp.h"

#include <fcntl.h>
#include <inttypes.h>
#include <linux/close_range.h>
#include <signal.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/wait.h>

#include "base/log.h"
#include "base/text.h"
#include "net-policy.h"

/* Four requests, three seconds apart, then a pause; for ever. */
#define REQUEST_COUNT "4"
#define REQUEST_INTERVAL_S "3"
#define PAUSE_S "20"
#define TIMER_ACCURACY_US 500000

struct net_dhcp {
	sd_event *event;
	sd_event_source *exit_source;
	sd_event_source *restart_timer;
	char *subject; /* "net lan" */
	char *interface;
	char *hostname;
	char *program;
	char *script;
	char *lease_path;
	char client[2 * sizeof(uint64_t) + 1];
	struct net_ip wanted;
	int pidfd; /* owned; -EBADF: not running */
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
	dhcp->pidfd = -EBADF;
	dhcp->event = sd_event_ref(event);
	dhcp->subject = text_format("net %s", settings->network);
	dhcp->interface = strdup(settings->interface);
	dhcp->hostname = strdup(settings->hostname);
	dhcp->program = strdup(settings->program);
	dhcp->script = strdup(settings->script);
	dhcp->lease_path = strdup(settings->lease_path);
	if (!dhcp->subject || !dhcp->interface || !dhcp->hostname || !dhcp->program ||
	    !dhcp->script || !dhcp->lease_path)
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
	free(dhcp->script);
	free(dhcp->lease_path);
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
	dhcp->pidfd = fd_close(dhcp->pidfd);
}

void net_dhcp_stop(struct net_dhcp *dhcp)
{
	siginfo_t info = {};

	dhcp->restart_timer = sd_event_source_disable_unref(dhcp->restart_timer);
	if (dhcp->pidfd < 0)
		return;
	/* It gives nothing back to the server on purpose: the address is still in use. */
	(void)pidfd_send_signal(dhcp->pidfd, SIGKILL, NULL, 0);
	(void)reap(dhcp, &info);
	forget_process(dhcp);
}

static _Noreturn void run_client(char *const argv[], char *const envp[], pid_t parent)
{
	sigset_t none;
	int fd = -EBADF;

	/* A new hostd starts a client of its own. */
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(126);
	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	(void)signal(SIGPIPE, SIG_DFL);
	fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	for (int target = 0; fd >= 0 && target <= 2; target++)
		(void)dup2(fd, target);
	(void)close_range(3, ~0u, CLOSE_RANGE_CLOEXEC);
	execve(argv[0], argv, envp);
	_exit(127);
}

static int fill_arguments(const struct net_dhcp *dhcp, struct text_list *arguments)
{
	char address[NET_IP_TEXT_MAX];
	const char *const fixed[] = {
		dhcp->program, "udhcpc", "-f",          "-i", dhcp->interface,    "-s",
		dhcp->script,  "-t",     REQUEST_COUNT, "-T", REQUEST_INTERVAL_S, "-A",
		PAUSE_S,       "-V",     "mvirt",       "-O", "staticroutes",     "-O",
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

/* What the script reads; nothing of hostd's own environment. */
static int fill_environment(const struct net_dhcp *dhcp, struct text_list *environment)
{
	int r = text_list_add(environment, "PATH=/usr/sbin:/usr/bin:/sbin:/bin");

	if (r == 0)
		r = text_list_addf(environment, "MVIRT_LEASE=%s", dhcp->lease_path);
	if (r == 0)
		r = text_list_addf(environment, "MVIRT_CLIENT=%s", dhcp->client);
	return r;
}

static int spawn(struct net_dhcp *dhcp, int *ret_pidfd)
{
	_cleanup_(text_list_done) struct text_list arguments = {}, environment = {};
	pid_t parent = getpid(), pid = 0;
	uint64_t name = 0;
	int fd = -EBADF, r = 0;

	if (getrandom(&name, sizeof(name), GRND_NONBLOCK) != sizeof(name))
		(void)sd_event_now(dhcp->event, CLOCK_BOOTTIME, &name);
	(void)snprintf(dhcp->client, sizeof(dhcp->client), "%016" PRIx64, name);
	r = fill_arguments(dhcp, &arguments);
	if (r == 0)
		r = fill_environment(dhcp, &environment);
	if (r < 0)
		return r;
	pid = fork();
	if (pid < 0)
		return -errno;
	if (pid == 0)
		run_client(arguments.items, environment.items, parent);
	fd = pidfd_open(pid, 0);
	if (fd < 0) {
		r = -errno;
		(void)kill(pid, SIGKILL);
		(void)waitpid(pid, NULL, 0);
		return r;
	}
	*ret_pidfd = fd;
	return 0;
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

static int on_exit_of_client(sd_event_source *, int, uint32_t, void *userdata)
{
	struct net_dhcp *dhcp = userdata;
	siginfo_t info = {};
	char why[64];

	if (reap(dhcp, &info) == 0 && info.si_code == CLD_EXITED)
		(void)snprintf(why, sizeof(why), "ended with status %d", info.si_status);
	else
		(void)snprintf(why, sizeof(why), "was killed by signal %d", info.si_status);
	forget_process(dhcp);
	start_later(dhcp, why);
	return 0;
}

int net_dhcp_start(struct net_dhcp *dhcp, const struct net_ip *wanted)
{
	char why[128];
	int r = 0;

	net_dhcp_stop(dhcp);
	dhcp->wanted = wanted ? *wanted : (struct net_ip){};
	(void)sd_event_now(dhcp->event, CLOCK_MONOTONIC, &dhcp->started_us);
	r = spawn(dhcp, &dhcp->pidfd);
	if (r == 0)
		r = sd_event_add_io(dhcp->event, &dhcp->exit_source, dhcp->pidfd, EPOLLIN,
				    on_exit_of_client, dhcp);
	if (r < 0) {
		net_dhcp_stop(dhcp);
		(void)snprintf(why, sizeof(why), "cannot be started: %s", strerror(-r));
		start_later(dhcp, why);
	}
	return r;
}
