// SPDX-License-Identifier: GPL-2.0-or-later
// hostd: the order in which the machine comes up. Nothing else.
#include <fcntl.h>
#include <getopt.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>

#include "api/api.h"
#include "base/file.h"
#include "base/log.h"
#include "config/config-check.h"
#include "config/config-claims.h"
#include "host/host-catalogue.h"
#include "host/host-crash.h"
#include "host/host-create.h"
#include "host/host-dashboard.h"
#include "host/host-end.h"
#include "host/host-format.h"
#include "host/host-guests.h"
#include "host/host-internal.h"
#include "host/host-job.h"
#include "host/host-screen.h"
#include "host/host-volumes.h"
#include "machine/boot-times.h"
#include "machine/log-history.h"
#include "machine/memory-kept-free.h"
#include "machine/privileges.h"

#ifndef MVIRT_VERSION
#define MVIRT_VERSION "unknown"
#endif

#define CONFIG_LABEL "MVIRT"
#define KVM_KNOWN "/run/mvirt/kvm"

static void host_done(struct host *host)
{
	dashboards_free(host->dashboards);
	guest_trash_free(host->data_trash);
	guest_trash_free(host->memory_trash);
	host_screen_free(host->machine_screen);
	free(host->shell_terminal);
	free(host->line_type);
	free(host->panic_timeout);
	guests_free(host->guests);
	jobs_free(host->jobs);
	fd_close(host->files.memory_fd);
	net_free(host->net);
	power_button_free(host->power_button);
	sd_event_source_disable_unref(host->progress_source);
	devices_free(host->devices);
	data_volume_free(host->data_volume);
	config_volume_free(host->volume);
	host_volumes_done(&host->volumes);
	loader_done(&host->loader);
	free(host->config_source);
	free(host->config_label);
	config_mistakes_done(&host->mistakes);
	host_config_free(host->config);
	sd_event_unref(host->event);
}

/* --- events, and the API --- */

static void on_network_changed(const char *network, void *userdata)
{
	const struct host_event event = { .type = HOST_EVENT_NETWORK, .network = network };

	host_publish(userdata, &event);
}

struct hostd {
	struct host host;
	struct api *api;
};

static void hostd_done(struct hostd *hostd)
{
	struct host *host = &hostd->host;

	/* Who asked is told that it comes to nothing. */
	host_creations_cancel(host);
	host_format_cancel(host);
	host_replace_cancel(host);
	host_unlock_cancel(host);
	/* What the others still say on their way out, they say to nobody. */
	api_free(take_ptr(hostd->api));
	host_done(host);
}

static int start_api(struct hostd *hostd)
{
	const struct api_settings settings = { .host = &hostd->host, .version = MVIRT_VERSION };
	int r = api_new(hostd->host.event, &settings, &hostd->api);

	return r < 0 ? r : host_replace_settle(&hostd->host);
}

static int connect_dashboard(void *userdata)
{
	struct hostd *hostd = userdata;

	return hostd->api ? api_connect_dashboard(hostd->api) : -ENOTCONN;
}

/* --- the beginning --- */

/* Reads "NAME=VALUE" from the kernel's command line. NULL when it is not there. */
static char *cmdline_value(const char *name)
{
	_cleanup_free_ char *cmdline = NULL;
	size_t length = strlen(name);
	char *state = NULL;

	if (file_read_line(-1, "/proc/cmdline", &cmdline) < 0)
		return NULL;
	for (char *word = strtok_r(cmdline, " ", &state); word; word = strtok_r(NULL, " ", &state))
		if (strncmp(word, name, length) == 0 && word[length] == '=')
			return strdup(word + length + 1);
	return NULL;
}

static void start_log(void)
{
	_cleanup_free_ char *level = cmdline_value("mvirt.log");

	log_open_kmsg();
	log_set_debug(text_equal(level, "debug"));
	log_history_start("/dev/kmsg");
	log_notice("host", "mvirt %s", MVIRT_VERSION);
}

/* The confinement of guests does not depend on it, so the host goes on without. */
static void drop_privileges(void)
{
	const char *step = "";
	int r = privileges_drop(&step);

	if (r < 0)
		log_warning("host", "hostd keeps more privileges than it needs: %s: %s", step,
			    strerror(-r));
}

/* What an earlier hostd of this boot found holds: under load a second try might take too long. */
static void probe_kvm(struct host *host)
{
	_cleanup_free_ char *known = NULL;

	if (file_read_line(AT_FDCWD, KVM_KNOWN, &known) >= 0 && *known)
		host->kvm.state = text_equal(known, "vmx") ? KVM_OK_VMX : KVM_OK_SVM;
	else
		kvm_probe("/dev/kvm", &host->kvm);
	if (!kvm_usable(&host->kvm)) {
		log_warning("kvm", "unusable: %s", host->kvm.why);
		return;
	}
	log_notice("kvm", "ok (%s)", kvm_state_name(host->kvm.state));
	if (!known)
		(void)file_replace(AT_FDCWD, KVM_KNOWN, kvm_state_name(host->kvm.state), 3, 0644);
	if (kvm_shadow_paging("", host->kvm.state))
		log_warning("kvm", "the processor has no nested paging: guests are slow, and in an "
				   "emulated machine they do not run (QEMU: -cpu MODEL,npt=on)");
}

static void probe_screen(struct host *host)
{
	screen_probe("", &host->screen);
	if (host->screen.present)
		log_notice("screen", "%ux%u, %u bits (%s)", host->screen.width, host->screen.height,
			   host->screen.bits_per_pixel, host->screen.driver);
	else
		log_notice("screen", "none");
}

/* Finds the disks and the configuration; without one there is no guest that this could delay. */
static int find_devices(struct host *host)
{
	const struct data_volume_callbacks data_callbacks = {
		.mounted = host_data_mounted,
		.lost = host_data_lost,
		.failed = host_data_failed,
		.decided = host_data_decided,
		.userdata = host,
	};
	_cleanup_free_ char *label = cmdline_value("mvirt.config");
	_cleanup_free_ char *iso_uuid = cmdline_value("mvirt.iso");
	int r = 0;

	host->config_label = strdup(label ? label : CONFIG_LABEL);
	if (!host->config_label)
		return -ENOMEM;
	r = loader_read("", iso_uuid, &host->loader);
	if (r >= 0)
		r = config_volume_new(host->config_label, &host->volume);
	if (r >= 0)
		r = data_volume_new(host->event, &data_callbacks, &host->data_volume);
	if (r < 0)
		return r;
	data_volume_await(host->data_volume);
	return host_find_disks(host);
}

/* The files that guests boot from are kept in memory now, so that the stick may be pulled later. */
static void keep_boot_files(struct host *host)
{
	for (size_t i = 0; i < host->config->guest_count; i++) {
		const struct guest_config *guest = &host->config->guests[i];

		if (guest->kernel)
			(void)config_volume_keep(host->volume, guest->kernel);
		if (guest->initrd)
			(void)config_volume_keep(host->volume, guest->initrd);
	}
}

static int read_config(struct host *host)
{
	_cleanup_free_ char *text = NULL;
	const char *device = NULL;
	int r = config_volume_read_config(host->volume, &text);

	if (r == -ENOENT && host->volumes.config_why)
		(void)config_mistakes_add(&host->mistakes, host->volumes.config_why);
	else if (r == -ENOENT)
		log_notice("config",
			   "no file system labelled %s with an mvirt.conf: the built-in default is "
			   "used",
			   host->config_label);
	else if (r < 0)
		log_error("config", "mvirt.conf cannot be read: %s: the built-in default is used",
			  strerror(-r));
	if (r < 0) {
		host->config_source = strdup("built-in");
		return host_config_default(&host->config);
	}
	device = config_volume_device(host->volume);
	host->config_source = text_format("%s: mvirt.conf", device ? device : "kept in memory");
	r = host_config_parse(text, &host->config, &host->mistakes);
	if (r >= 0 && config_claims(text, &host->volumes.claims) == -ENOMEM)
		r = -ENOMEM;
	if (r < 0)
		return r;
	host_tell_mistakes("mvirt.conf", &host->mistakes);
	log_notice("config", "%s, %zu guest%s", host->config_source, host->config->guest_count,
		   host->config->guest_count == 1 ? "" : "s");
	keep_boot_files(host);
	return 0;
}

static int start_network(struct host *host)
{
	const struct net_callbacks callbacks = { .changed = on_network_changed, .userdata = host };

	if (sethostname(host->config->hostname, strlen(host->config->hostname)) < 0)
		log_warning("host", "the host name cannot be set: %s", strerror(errno));
	return net_new(host->event, host->config, &callbacks, &host->net);
}

static void mark(const char *step)
{
	boot_times_mark(BOOT_TIMES_FOLDER, step);
}

/* A step that fails is said, and the ones after it still come: a host without network can run
 * guests. */
static void report(const char *step, int r)
{
	if (r < 0)
		log_error("host", "%s: %s", step, strerror(-r));
	mark(step);
}

static int run(void)
{
	_cleanup_(hostd_done) struct hostd hostd = {
		.host.files = { .data_fd = -EBADF, .memory_fd = -EBADF },
	};
	struct host *host = &hostd.host;
	int r = 0, log_move_fd = -EBADF;

	/* However the file is called. */
	(void)prctl(PR_SET_NAME, "hostd");
	(void)mkdir(BOOT_TIMES_FOLDER, 0755);
	mark("PID 1");
	start_log();
	memory_kept_free_limit("");
	r = sd_event_default(&host->event);
	if (r < 0)
		return r;
	log_move_fd = dashboards_prepare_log(host->event);
	drop_privileges();
	r = host_await_end(host);
	if (r < 0)
		return r;
	host->shell_terminal = cmdline_value("mvirt.shell");
	host->line_type = cmdline_value("mvirt.term");
	host->panic_timeout = cmdline_value("panic");

	mark("log, privileges");
	host_take_crashes(host);
	probe_kvm(host);
	mark("KVM probe");
	probe_screen(host);
	mark("framebuffer");
	report("devices", find_devices(host));
	r = read_config(host);
	if (r < 0)
		return r;
	mark("configuration");
	report("network", start_network(host));
	report("jobs", host_start_jobs(host, JOBS_FOLDER));
	r = host_start_guests(host);
	if (r < 0)
		return r;
	mark("guests defined");
	report("API", start_api(&hostd));
	report("screen", host_screen_start(host));
	report("dashboards", host_start_dashboards(host, connect_dashboard, &hostd));
	dashboards_move_log(log_move_fd);
	report("power button",
	       power_button_new(host->event, host_on_power_button, host, &host->power_button));
	log_notice("host", "ready");
	return sd_event_loop(host->event);
}

static int usage(FILE *stream, int status)
{
	(void)fprintf(
		stream,
		"usage: hostd [--check FILE | --keys | --version | --help]\n"
		"PID 1 starts it without arguments. --check prints what FILE (mvirt.conf) means,\n"
		"and every mistake in it; exit status 1 when there is one. --keys prints all "
		"keys.\n");
	return status;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "check", required_argument, NULL, 'c' },
		{ "keys", no_argument, NULL, 'k' },
		{ "version", no_argument, NULL, 'v' },
		{ "help", no_argument, NULL, 'h' },
		{},
	};
	int r = 0;

	switch (getopt_long(argc, argv, "", options, NULL)) {
	case -1:
		break;
	case 'c':
		return optind == argc ? config_check_file(optarg) : usage(stderr, 2);
	case 'k':
		return config_print_keys();
	case 'v':
		return printf("hostd %s\n", MVIRT_VERSION) < 0;
	case 'h':
		return usage(stdout, 0);
	default:
		return usage(stderr, 2);
	}
	if (optind != argc)
		return usage(stderr, 2);
	r = run();
	if (r < 0)
		log_error("host", "hostd ends: %s", strerror(-r));
	return r < 0 ? 1 : r;
}
