/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the API's files share. */
#pragma once

#include <systemd/sd-varlink.h>

#include "api-json.h"
#include "api.h"
#include "machine/info.h"

/* All clients, and consoles that clients are attached to. */
#define API_CLIENTS_MAX 256
#define API_CONSOLES_MAX 64
/* Answers and events that a client has not taken. The socket itself holds some 200 KiB more. */
#define API_PENDING_BYTES_MAX (64 * 1024)

struct api_client {
	struct api *api;
	sd_varlink *link; /* a reference of ours */
	size_t pending_bytes; /* at most; 0 whenever all was written */
	bool subscribed;
	uint64_t history_next; /* the log's next line for it; 0: it wants none */
	bool quiet; /* it wants the consoles quiet */
	struct api_client *next;
};

struct api_console;
struct api_history;
struct api_unlock;

struct api {
	struct api_context context;
	struct machine_info machine;
	char boot_id[37];
	sd_event *event;
	sd_varlink_server *server;
	sd_varlink_server *look_server, *act_server; /* for dashboards: api-rights.c */
	struct api_history *history;
	struct api_unlock *unlock;
	char *log_level; /* what it was before somebody wanted quiet; NULL: nobody does */
	char *socket_path;
	int socket_fd;
	int reserve_fd; /* given up to turn a client away when all fds are in use */
	sd_event_source *socket_source;
	sd_event_source *exit_source;
	struct api_client *clients;
	struct api_console *consoles;
	size_t console_count;
};

/* --- api-client.c --- */

/* Called by sd-varlink when a connection has come or gone. */
int api_client_connected(struct api *api, sd_varlink *link);
void api_client_disconnected(struct api *api, sd_varlink *link);
/* Lets each do what it has to do, so that those that have left are gone. */
void api_client_process_all(struct api *api);
/* Sends what can be sent without waiting, and closes everything. */
void api_client_close_all(struct api *api);
/*
 * The final answer to a call, and one of many. A client that does not read is disconnected. Both
 * return 0 or -errno. api_client_notify() must not be used while the link's own call is handled.
 */
int api_client_reply(sd_varlink *link, sd_json_variant *parameters);
int api_client_reply_object(sd_varlink *link, struct json_builder *object);
int api_client_notify(struct api_client *client, sd_json_variant *parameters);
/* An error as the answer; ends the builder. Returns what the method is to return. */
int api_client_error(sd_varlink *link, const char *error_id, struct json_builder *parameters);
/* io.mvirt.Guest.Refused */
int api_client_refuse(sd_varlink *link, const char *reason);
/* api_client_notify() while the link's call is handled. */
int api_client_notify_handling(sd_varlink *link, sd_json_variant *parameters);

/* --- api-rights.c --- */

/* sd_varlink_server_bind_method_many(), of the methods that may be called on the server. */
int api_bind_internal(sd_varlink_server *server, ...);
#define api_bind(server, ...) api_bind_internal((server), __VA_ARGS__, NULL)

/* --- api-console-methods.c --- */

/* A client has come to want the consoles quiet, or has gone. */
void api_console_log_update(struct api *api);

/* --- api-host.c --- */

int api_host_bind(sd_varlink_server *server);
int api_build_network(struct api *api, size_t index, sd_json_variant **ret_network);

/* --- api-guest.c --- */

int api_guest_bind(sd_varlink_server *server);
int api_build_guest(const struct guest *guest, sd_json_variant **ret_guest);
/* The guest that a call names, or NULL once the error has been sent: *ret_error is to be returned.
 */
struct guest *api_guest_of_call(sd_varlink *link, const char *name, int *ret_error);

/* --- api-event.c --- */

int api_method_subscribe(sd_varlink *link, sd_json_variant *parameters,
			 sd_varlink_method_flags_t flags, void *userdata);

/* --- api-console.c --- */

int api_method_console(sd_varlink *link, sd_json_variant *parameters,
		       sd_varlink_method_flags_t flags, void *userdata);
void api_console_close_all(struct api *api);
