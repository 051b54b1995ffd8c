/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the API's files share. */
#pragma once

#include <systemd/sd-varlink.h>

#include "api-json.h"
#include "api.h"
#include "base/error.h"
#include "config/config-name.h"
#include "host/host-event.h"
#include "host/host.h"
#include "machine/info.h"

/* All clients, and consoles that clients are attached to. */
#define API_CLIENTS_MAX 256
#define API_CONSOLES_MAX 64
/* Answers and events that a client has not taken. The socket itself holds some 200 KiB more. */
#define API_PENDING_BYTES_MAX (64 * 1024)
/* The longest answer; sd-varlink takes no longer message than 2 MiB (os/patches). */
#define API_ANSWER_BYTES_MAX (2 * 1024 * 1024 - 4096)
/* Events that were told to some clients and not yet to all, together: two or three for each of
 * 1,000 guests. */
#define API_EVENTS_BYTES_MAX (4 * 1024 * 1024)

/* What a subscriber has still to be told of how things are, in this order. */
enum api_current {
	API_CURRENT_GUESTS,
	API_CURRENT_NETWORKS,
	API_CURRENT_DATA_VOLUME,
	API_CURRENT_JOBS,
	API_CURRENT_TOLD,
};

struct api_event;
struct job;

struct api_client {
	struct api *api;
	sd_varlink *link; /* a reference of ours */
	size_t pending_bytes; /* at most; 0 whenever all was written */
	bool subscribed;
	enum api_current current;
	char guest_told[NAME_LENGTH_MAX + 1]; /* the last one, by name; "" before the first */
	size_t networks_told;
	uint64_t job_told; /* the id of the last one; 0: none */
	struct api_event *event; /* the next it is to be told of those that wait, or NULL */
	uint64_t history_next; /* the log's next line for it; 0: it wants none */
	bool quiet; /* it wants the consoles quiet */
	struct api_client *next;
};

struct api_console;
struct api_history;
struct api_medium;

struct api {
	struct host *host;
	const char *version;
	struct machine_info machine;
	char boot_id[37];
	sd_event *event;
	sd_varlink_server *server;
	sd_varlink_server *look_server, *act_server; /* for dashboards: api-methods.c */
	struct api_history *history;
	char *log_level; /* what it was before somebody wanted quiet; NULL: nobody does */
	char *socket_path;
	int socket_fd;
	int reserve_fd; /* given up to turn a client away when all fds are in use */
	sd_event_source *socket_source;
	sd_event_source *exit_source;
	struct api_client *clients;
	sd_event_source
		*feed_source; /* on as long as a client has not read what it is to be told */
	struct api_event *events, *last_event; /* that wait for who has not read; oldest first */
	size_t event_bytes;
	struct api_console *consoles;
	size_t console_count;
	struct api_medium *media; /* changes that somebody waits for */
	sd_json_variant *leaving; /* a guest, before it goes; or NULL */
};

/* --- api-reply.c: answers --- */

/*
 * The final answer to a call, and one of many. A client that does not read is disconnected; one
 * whose answer is over API_ANSWER_BYTES_MAX gets an error. All return 0 or -errno, or what the
 * method is to return.
 */
int api_reply(sd_varlink *link, sd_json_variant *parameters);
int api_reply_object(sd_varlink *link, struct json_builder *object);
/* An answer without anything in it. */
int api_reply_done(sd_varlink *link);
/* With a file descriptor, which is consumed when it is sent. */
int api_reply_fd(sd_varlink *link, int *fd);
/* The error io.mvirt.Error.KIND; error NULL, or none yet: r (-errno) is what is known. */
int api_reply_error(sd_varlink *link, int r, const struct error *error);
int api_reply_errorf(sd_varlink *link, enum error_kind kind, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* The end of a call: 0 is api_reply_done(). */
int api_reply_result(sd_varlink *link, int r, const struct error *error);
/* For an answer that comes later: a reference to the link, or NULL when nobody waits for it. The
 * replies above must not be called with NULL. */
sd_varlink *api_reply_later(sd_varlink *link, sd_varlink_method_flags_t flags);

int api_notify(struct api_client *client, sd_json_variant *parameters);
/* Whether it has read so much that it may be told more. */
bool api_client_has_room(struct api_client *client);

/* --- api-client.c --- */

/* Called by sd-varlink when a connection has come or gone. */
int api_client_connected(struct api *api, sd_varlink *link);
void api_client_disconnected(struct api *api, sd_varlink *link);
/* Lets each do what it has to do, so that those that have left are gone. */
void api_client_process_all(struct api *api);
/* Sends what can be sent without waiting, and closes everything. */
void api_client_close_all(struct api *api);
/* The fd of a connection that may act. Returns 0 or -errno. */
int api_connect_acting(struct api *api, int *ret_fd);

/* --- api-feed.c: clients that listen are told as much as they read --- */

int api_feed_new(struct api *api);
/* After the event that is being handled now, and on until there is nothing left to tell. */
static inline void api_feed_later(struct api *api)
{
	(void)sd_event_source_set_enabled(api->feed_source, SD_EVENT_ON);
}

/* --- api-history.c --- */

int api_history_new(struct api *api, struct api_history **ret_history);
void api_history_free(struct api_history *history);
/* As api_event_tell(): one more line. */
int api_history_tell(struct api_client *client);

/* --- api-event.c --- */

/* host_subscriber_t; userdata is the API. */
void api_on_host_event(const struct host_event *event, void *userdata);
/* For api-feed.c: one more event, or one more of how things are. Returns 1, 0 when there is nothing
 * left, or -errno when the client is gone. */
int api_event_tell(struct api_client *client);
/* The client leaves. */
void api_event_forget(struct api_client *client);

/* --- api-host.c --- */

int api_build_network(struct net *net, size_t index, sd_json_variant **ret_network);
int api_build_data_volume(const struct host *host, sd_json_variant **ret_volume);

/* --- api-job.c --- */

int api_build_job(const struct job *job, sd_json_variant **ret_job);

/* --- api-guest-show.c --- */

/* net: NULL where there is none. Returns 0 or -errno. */
int api_build_guest(struct net *net, const struct guest *guest, sd_json_variant **ret_guest);
/* Whether it is there after the machine has started again; whether it runs, or would, on KVM. */
bool api_is_kept(const struct guest *guest);
bool api_is_isolated(const struct guest *guest);
/* "config", "data"… */
const char *api_origin_name(enum guest_origin origin);
/* The guest that a call names, or NULL once the error has been sent: *ret_error is to be returned.
 */
struct guest *api_guest_of_call(sd_varlink *link, const char *name, int *ret_error);
/* For calls whose only parameter is the guest's name. */
struct guest *api_guest_of_parameters(sd_varlink *link, sd_json_variant *parameters,
				      int *ret_error);
/* The refusal of a serial port that the guest has not got; port as the user counts, from 1. */
int api_refuse_port(sd_varlink *link, const struct guest *guest, unsigned int port);
/* The answer "guest". */
int api_reply_guest(sd_varlink *link, const struct guest *guest);

/* --- api-console.c --- */

void api_console_close_all(struct api *api);
/* Those of a guest that will be gone in a moment. */
void api_console_close_guest(struct api *api, const struct guest *guest);

/* --- api-console-methods.c --- */

/* A client has come to want the consoles quiet, or has gone. */
void api_console_log_update(struct api *api);

/* --- api-medium.c --- */

/* The answers that are still to come are not sent. */
void api_media_forget(struct api *api);

/* --- api-methods.c: the table of all --- */

/* Those that may be called on the server. Returns 0 or -errno. */
int api_bind_methods(struct api *api, sd_varlink_server *server);

#define API_METHOD(name)                                                                         \
	int name(sd_varlink *link, sd_json_variant *parameters, sd_varlink_method_flags_t flags, \
		 void *userdata)
/* One that needs only some of them says [[maybe_unused]] by this. */
#define API_METHOD_DEFINE(name)                                                                   \
	int name([[maybe_unused]] sd_varlink *link, [[maybe_unused]] sd_json_variant *parameters, \
		 [[maybe_unused]] sd_varlink_method_flags_t flags,                                \
		 [[maybe_unused]] void *userdata)

API_METHOD(api_method_status);
API_METHOD(api_method_devices);
API_METHOD(api_method_boot_times);
API_METHOD(api_method_crash);
API_METHOD(api_method_format_disk);
API_METHOD(api_method_jobs);
API_METHOD(api_method_job);
API_METHOD(api_method_cancel);
API_METHOD(api_method_reload);
API_METHOD(api_method_shutdown);
API_METHOD(api_method_reboot);
API_METHOD(api_method_list);
API_METHOD(api_method_get);
API_METHOD(api_method_start);
API_METHOD(api_method_stop);
API_METHOD(api_method_kill);
API_METHOD(api_method_restart);
API_METHOD(api_method_pause);
API_METHOD(api_method_resume);
API_METHOD(api_method_medium);
API_METHOD(api_method_display);
API_METHOD(api_method_log);
API_METHOD(api_method_stats);
API_METHOD(api_method_console);
API_METHOD(api_method_subscribe);
API_METHOD(api_method_create);
API_METHOD(api_method_definition);
API_METHOD(api_method_set);
API_METHOD(api_method_replace);
API_METHOD(api_method_rename);
API_METHOD(api_method_delete);
API_METHOD(api_method_machine);
API_METHOD(api_method_history);
API_METHOD(api_method_quiet);
API_METHOD(api_method_unlock);
API_METHOD(api_method_try_address);
API_METHOD(api_method_keep_address);
API_METHOD(api_method_revert_address);
API_METHOD(api_method_show_guest);
