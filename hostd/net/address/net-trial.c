// SPDX-License-Identifier: GPL-2.0-or-later
// A trial: an address that is set at once, and goes back to the old one unless somebody confirms
// it. A person who has lost the connection by it cannot.
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "net/net-internal.h"

#define SECOND_USEC UINT64_C(1000000)
#define ACCURACY_USEC 100000
#define FILE_BYTES_MAX 256

/* A network's configuration; the fields below are owned. */
struct override {
	struct network_config config;
	char *address, *gateway; /* NULL: DHCP, none */
	struct text_list dns;
};

struct net_trial {
	struct net *net;
	size_t index;
	sd_event *event; /* the owner's */
	sd_event_source *timer; /* while the trial lasts */
	uint64_t ends_usec; /* CLOCK_BOOTTIME */
	struct override *now, *before; /* NULL: the configuration's own */
};

static void override_free(struct override *override)
{
	if (!override)
		return;
	free(override->address);
	free(override->gateway);
	text_list_done(&override->config.addresses);
	text_list_done(&override->dns);
	free(override);
}
DEFINE_CLEANUP(struct override *, override_free);

static const struct network_config *original(const struct net_trial *trial)
{
	return &trial->net->config->networks[trial->index];
}

static const struct network_config *config_of(const struct net_trial *trial,
					      const struct override *override)
{
	return override ? &override->config : original(trial);
}

/* The new address replaces those of IPv4; DHCP needs none. */
static int set_addresses(struct override *override, const struct text_list *before)
{
	struct text_list addresses = {};
	int r = override->address ? text_list_add(&addresses, override->address) : 0;

	for (size_t i = 0; r >= 0 && i < before->count; i++)
		if (strchr(before->items[i], ':'))
			r = text_list_add(&addresses, before->items[i]);
	override->config.addresses = addresses;
	return r;
}

static int make_override(const struct net_trial *trial, const char *address, const char *gateway,
			 struct override **ret_override)
{
	_cleanup_(override_freep) struct override *override = calloc(1, sizeof(*override));
	struct network *network = &trial->net->networks[trial->index];
	int r = 0;

	if (!override)
		return -ENOMEM;
	override->config = *original(trial);
	override->config.addresses = (struct text_list){};
	if ((address && !(override->address = strdup(address))) ||
	    (gateway && !(override->gateway = strdup(gateway))))
		return -ENOMEM;
	r = set_addresses(override, &original(trial)->addresses);
	/* With a lease, its servers would go. */
	if (r >= 0 && address)
		r = network_list_dns(network, &override->dns);
	if (r < 0)
		return r;
	override->config.ipv4 = address ? ADDRESS_STATIC : ADDRESS_DHCP;
	override->config.gateway = address ? override->gateway : NULL;
	if (address)
		override->config.dns = override->dns;
	*ret_override = take_ptr(override);
	return 0;
}

/* --- confirmed addresses --- */

static char *path_of(const struct net_trial *trial)
{
	return text_format("%s/%s.address", trial->net->paths.state, original(trial)->name);
}

static void keep(const struct net_trial *trial)
{
	_cleanup_free_ char *path = path_of(trial);
	_cleanup_free_ char *text =
		text_format("%s\n%s\n", trial->now->address ? trial->now->address : "",
			    trial->now->gateway ? trial->now->gateway : "");
	int r = path && text ? file_replace(AT_FDCWD, path, text, strlen(text), 0644) : -ENOMEM;

	if (r < 0)
		log_warning(trial->net->networks[trial->index].subject,
			    "the address is not kept for the next hostd: %s", strerror(-r));
}

/* --- the trial --- */

static void end_trial(struct net_trial *trial)
{
	trial->timer = sd_event_source_disable_unref(trial->timer);
}

static void go_back(struct net_trial *trial, const char *why)
{
	struct network *network = &trial->net->networks[trial->index];
	struct override *tried = trial->now;

	end_trial(trial);
	log_warning(network->subject, "back to the old address: %s", why);
	trial->now = take_ptr(trial->before);
	(void)network_set_config(network, config_of(trial, trial->now));
	override_free(tried);
}

static int on_timer(sd_event_source *source [[maybe_unused]], uint64_t usec [[maybe_unused]],
		    void *userdata)
{
	go_back(userdata, "nobody confirmed the new one");
	return 0;
}

static struct net_trial *find_trial(struct net *net, const char *name)
{
	struct network *network = net_find_network(net, name);

	return network && net->trials ? &net->trials[network - net->networks] : NULL;
}

static int refuse(int error, char **ret_why, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
static int refuse(int error, char **ret_why, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	if (vasprintf(ret_why, format, arguments) < 0)
		*ret_why = NULL;
	va_end(arguments);
	return error;
}

static int check_address(const char *address, char **ret_why)
{
	struct net_ip ip = {}, first = {}, last = {};

	if (!strchr(address, '/') || net_ip_parse_prefix(address, &ip) < 0 ||
	    ip.family != AF_INET || ip.prefix == 0)
		return refuse(
			-EINVAL, ret_why,
			"%s is not a valid IPv4 address with a prefix length, like 192.0.2.7/24",
			address);
	first = net_ip_first(&ip);
	last = net_ip_last(&ip);
	if (!net_ip_is_unicast(&ip) ||
	    (ip.prefix < 31 && (net_ip_equal(&ip, &first) || net_ip_equal(&ip, &last))))
		return refuse(-EINVAL, ret_why, "%s is not the address of one machine", address);
	return 0;
}

static int check_gateway(const char *gateway, char **ret_why)
{
	struct net_ip ip = {};

	if (net_ip_parse(gateway, &ip) < 0 || ip.family != AF_INET || !net_ip_is_unicast(&ip))
		return refuse(-EINVAL, ret_why, "%s is not a valid IPv4 address of a gateway",
			      gateway);
	return 0;
}

int net_try_address(struct net *net, const char *network_name, const char *address,
		    const char *gateway, char **ret_why)
{
	struct net_trial *trial = find_trial(net, network_name);
	struct net_trial_status status = {};
	struct override *override = NULL;
	int r = 0;

	if (!trial)
		return refuse(-ENOENT, ret_why, "there is no network %s", network_name);
	if (net->networks[trial->index].ifindex == 0)
		return refuse(-EOPNOTSUPP, ret_why, "the host has no address on network %s",
			      network_name);
	if (net_get_trial(net, &status))
		return refuse(-EBUSY, ret_why,
			      "there is a trial on %s already: confirm or revert it first",
			      status.network);
	r = address ? check_address(address, ret_why) : 0;
	if (r >= 0 && address && gateway)
		r = check_gateway(gateway, ret_why);
	if (r >= 0)
		r = make_override(trial, address, gateway, &override);
	if (r < 0)
		return r;
	r = sd_event_add_time_relative(trial->event, &trial->timer, CLOCK_BOOTTIME,
				       NET_TRIAL_S * SECOND_USEC, ACCURACY_USEC, on_timer, trial);
	if (r < 0) {
		override_free(override);
		return r;
	}
	trial->ends_usec = clock_usec(CLOCK_BOOTTIME) + NET_TRIAL_S * SECOND_USEC;
	trial->before = trial->now;
	trial->now = override;
	log_notice(net->networks[trial->index].subject, "%s is set for %d s unless confirmed",
		   address ? address : "DHCP", NET_TRIAL_S);
	r = network_set_config(&net->networks[trial->index], &override->config);
	if (r < 0)
		go_back(trial, "the new one cannot be set");
	return r;
}

int net_settle_address(struct net *net, const char *network_name, bool keep_it, char **ret_why)
{
	struct net_trial *trial = find_trial(net, network_name);

	if (!trial || !trial->timer)
		return refuse(-ENOENT, ret_why, "there is no trial on %s; it may have expired",
			      network_name);
	if (!keep_it) {
		go_back(trial, "on request");
		return 0;
	}
	end_trial(trial);
	override_free(trial->before);
	trial->before = NULL;
	keep(trial);
	log_notice(net->networks[trial->index].subject,
		   "the new address stays until the machine goes down; set it in mvirt.conf to "
		   "keep it");
	return 0;
}

bool net_get_trial(const struct net *net, struct net_trial_status *ret_status)
{
	uint64_t now_usec = clock_usec(CLOCK_BOOTTIME);

	for (size_t i = 0; net->trials && i < net->network_count; i++) {
		const struct net_trial *trial = &net->trials[i];

		if (!trial->timer)
			continue;
		*ret_status = (struct net_trial_status){
			.network = original(trial)->name,
			.address = trial->now->address ? trial->now->address : "dhcp",
			.left_usec = trial->ends_usec > now_usec ? trial->ends_usec - now_usec : 0,
		};
		return true;
	}
	return false;
}

/* --- start and end --- */

static void take_up(struct net_trial *trial)
{
	_cleanup_free_ char *path = path_of(trial), *text = NULL;
	char *gateway = NULL;

	if (!path || file_read(AT_FDCWD, path, FILE_BYTES_MAX, &text, NULL) < 0)
		return;
	gateway = strchr(text, '\n');
	if (!gateway)
		return;
	*gateway++ = '\0';
	gateway[strcspn(gateway, "\n")] = '\0';
	if (make_override(trial, *text ? text : NULL, *gateway ? gateway : NULL, &trial->now) >= 0)
		(void)network_set_config(&trial->net->networks[trial->index], &trial->now->config);
}

void net_trials_init(struct net *net, sd_event *event)
{
	net->trials = calloc(net->network_count + 1, sizeof(*net->trials));
	for (size_t i = 0; net->trials && i < net->network_count; i++) {
		net->trials[i] = (struct net_trial){ .net = net, .index = i, .event = event };
		if (net->networks[i].ifindex > 0)
			take_up(&net->trials[i]);
	}
}

void net_trials_done(struct net *net)
{
	for (size_t i = 0; net->trials && i < net->network_count; i++) {
		end_trial(&net->trials[i]);
		override_free(net->trials[i].now);
		override_free(net->trials[i].before);
	}
	free(net->trials);
	net->trials = NULL;
}
