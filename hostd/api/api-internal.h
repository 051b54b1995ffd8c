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
	API_CURRENT_TOLD,
};

struct api_event;

struct api_client {
	struct api *api;
	sd_varlink *link; /* a reference of ours */
	size_t pending_bytes; /* at most; 0 whenever all was written */
	bool subscribed;
	enum api_current current;
	char guest_told[NAME_LENGTH_MAX + 1]; /* the last one, by name; "" before the first */
	size_t networks_told;
	struct api_event *event; /* the next it is to be told of those that wait, or NULL */
	uint64_t history_next; /* the log's next line for it; 0: it wants none */
	bool quiet; /* it wants the consoles quiet */
	struct api_client *next;
};

struct api_console;
struct api_creation;
struct api_formatting;
struct api_reload;
struct api_history;
struct api_medium;
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
	sd_event_source
		*feed_source; /* on as long as a client has not read what it is to be told */
	struct api_event *events, *last_event; /* that wait for who has not read; oldest first */
	size_t event_bytes;
	struct api_console *consoles;
	size_t console_count;
	struct api_creation *creations;
	struct api_formatting *formatting; /* one at a time */
	struct api_reload *reload; /* one at a time */
	struct api_medium *media; /* changes that somebody waits for */
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
 * The final answer to a call, and one of many. A client that does not read is disconnected; one
 * whose answer is over API_ANSWER_BYTES_MAX is refused. All return 0 or -errno.
 */
int api_client_reply(sd_varlink *link, sd_json_variant *parameters);
int api_client_reply_object(sd_varlink *link, struct json_builder *object);
int api_client_notify(struct api_client *client, sd_json_variant *parameters);
/* Whether it has read so much that it may be told more. */
bool api_client_has_room(struct api_client *client);
/* An error as the answer; ends the builder. Returns what the method is to return. */
int api_client_error(sd_varlink *link, const char *error_id, struct json_builder *parameters);
/* io.mvirt.Guest.Refused. NULL: out of memory. */
int api_client_refuse(sd_varlink *link, const char *reason);
/* The same with the errno's text where there is no reason, and with what is formatted. */
int api_client_refuse_errno(sd_varlink *link, int error, const char *reason);
int api_client_refusef(sd_varlink *link, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/* An answer without anything in it. */
int api_client_done(sd_varlink *link);

/* --- api-feed.c: clients that listen are told as much as they read --- */

int api_feed_new(struct api *api);
/* Tells every client what it has not been told, as long as it has room; goes on by itself. */
void api_feed(struct api *api);
/* The same after the call that is being handled now. */
void api_feed_later(struct api *api);

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
/* volume may be NULL: there is none. */
int api_build_data_volume(const struct data_volume *volume, sd_json_variant **ret_volume);

/* --- api-boot.c --- */

int api_method_boot_times(sd_varlink *link, sd_json_variant *parameters,
			  sd_varlink_method_flags_t flags, void *userdata);

/* --- api-crash.c --- */

int api_method_crash(sd_varlink *link, sd_json_variant *parameters, sd_varlink_method_flags_t flags,
		     void *userdata);

/* --- api-reload.c --- */

int api_method_reload(sd_varlink *link, sd_json_variant *parameters,
		      sd_varlink_method_flags_t flags, void *userdata);
/* The answer, if one is still to come, is not sent. */
void api_reload_free(struct api_reload *reload);

/* --- api-guest-show.c --- */

/* net: NULL where there is none. Returns 0 or -errno. */
int api_build_guest(struct net *net, const struct guest *guest, sd_json_variant **ret_guest);
/* Whether it is there after the machine has started again; whether it runs, or would, on KVM. */
bool api_is_kept(const struct guest *guest);
bool api_is_isolated(const struct guest *guest);
/* "config", "data"… */
const char *api_origin_name(enum guest_origin origin);

/* --- api-guest.c --- */

int api_guest_bind(sd_varlink_server *server);
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

/* --- api-medium.c --- */

int api_method_medium(sd_varlink *link, sd_json_variant *parameters,
		      sd_varlink_method_flags_t flags, void *userdata);
/* The answers that are still to come are not sent. */
void api_media_forget(struct api *api);

/* --- api-stats.c --- */

int api_method_stats(sd_varlink *link, sd_json_variant *parameters, sd_varlink_method_flags_t flags,
		     void *userdata);

/* --- api-change.c --- */

/* Every guest's definition but the one's; to be freed, the definitions are the guests'. 0 or
 * -ENOMEM. */
int api_other_configs(struct api *api, const struct guest *but,
		      const struct guest_config ***ret_others, size_t *ret_count);
/* guest_config_check() against all guests but one, then the kinds of its NICs. */
int api_check_config(struct api *api, struct guest_config *config, const struct guest *but,
		     char **ret_why);
/* guest_config_parse(), the mistakes as one line: "line 3: …; line 7: …". */
int api_parse_definition(const char *text, struct guest_config **ret_config, char **ret_why);
/*
 * A copy with all of the changes (an array of {key, value}), which may need each other. Returns 0,
 * -EINVAL with one line in *ret_why (or NULL: the array is no such thing), or -ENOMEM.
 */
int api_apply_changes(const struct guest_config *config, sd_json_variant *changes,
		      struct guest_config **ret_config, char **ret_why);
/* Whether a changed key counts for a guest that runs; the others wait for its next start. */
bool api_key_counts_now(const char *key);
/* Whether the guest, which runs, will be another after its next start. */
bool api_next_start_differs(const struct guest *guest);

/* --- api-define.c --- */

int api_define_bind(sd_varlink_server *server);
/* The root below which the guests of that origin are kept, or negative: as of api.h. */
int api_store_root(const struct api *api, enum guest_origin origin);
/* Something below the root of that origin was put aside. */
void api_empty_trash(const struct api *api, enum guest_origin origin);
/* The root of a guest whose definition is ours to change. Otherwise *ret_root_fd stays as it is,
 * the refusal is sent, and what the method is to return is returned. */
int api_writable_root(sd_varlink *link, const struct guest *guest, int *ret_root_fd);

/* --- api-undefine.c --- */

int api_method_rename(sd_varlink *link, sd_json_variant *parameters,
		      sd_varlink_method_flags_t flags, void *userdata);
int api_method_delete(sd_varlink *link, sd_json_variant *parameters,
		      sd_varlink_method_flags_t flags, void *userdata);

/* --- api-create.c --- */

int api_method_create(sd_varlink *link, sd_json_variant *parameters,
		      sd_varlink_method_flags_t flags, void *userdata);
/* Whether a guest of that name (NULL: any) is being created. */
bool api_is_being_created(const struct api *api, const char *name);
/* Ends them, and undoes what they have done. */
void api_creation_cancel_all(struct api *api);

/* --- api-import.c: files on their way into a guest's folder, under a temporary name --- */

/* What may be imported: a plain name, and not one that hostd has a use for. */
bool api_import_is_name(const char *name);
/* The file under its temporary name, new and open for both, or -errno: -EEXIST when there is one
 * under its own name already. */
int api_import_open(int root_fd, const char *guest_name, const char *file, int *ret_fd);
/* Gives it its own name. 0, -EEXIST or -errno. */
int api_import_finish(int root_fd, const char *guest_name, const char *file);
/* The files' names, each with a newline: to be called before the first of them is finished, and
 * forgotten when the definition is there. 0 or -errno. */
int api_import_note(int root_fd, const char *guest_name, const char *files);
void api_import_forget(int root_fd, const char *guest_name);
/* Removes it, under the one or the other name. */
void api_import_remove(int root_fd, const char *guest_name, const char *file, bool finished);
/* Removes the guest's folder if nothing is in it. */
void api_import_remove_folder(int root_fd, const char *guest_name);

/* --- api-format.c --- */

int api_method_format_disk(sd_varlink *link, sd_json_variant *parameters,
			   sd_varlink_method_flags_t flags, void *userdata);
void api_formatting_cancel(struct api *api);

/* --- api-event.c --- */

/* For a guest that may be gone by now: guest is api_build_guest()'s. */
void api_publish_guest(struct api *api, sd_json_variant *guest, const char *kind,
		       const char *detail);

int api_method_subscribe(sd_varlink *link, sd_json_variant *parameters,
			 sd_varlink_method_flags_t flags, void *userdata);
/* For api-feed.c: one more event, or one more of how things are. Returns 1, 0 when there is nothing
 * left, or -errno when the client is gone. */
int api_event_tell(struct api_client *client);
/* The client leaves. */
void api_event_forget(struct api_client *client);

/* --- api-console.c --- */

int api_method_console(sd_varlink *link, sd_json_variant *parameters,
		       sd_varlink_method_flags_t flags, void *userdata);
void api_console_close_all(struct api *api);
/* Those of a guest that will be gone in a moment. */
void api_console_close_guest(struct api *api, const struct guest *guest);
