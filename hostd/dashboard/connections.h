/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The dashboard's connections to hostd: one for questions, two for what happens, one for acting. */
#pragma once

#include <systemd/sd-event.h>
#include <systemd/sd-varlink.h>

struct connections;

/* The fds that hostd starts the dashboard with. */
#define CONNECTIONS_FD_FIRST 3
#define CONNECTIONS_FD_COUNT 3

struct connections_callbacks {
	/* An event of io.mvirt.Guest.Subscribe, a line of io.mvirt.Console.History. */
	void (*event)(sd_json_variant *event, void *userdata);
	void (*line)(sd_json_variant *line, void *userdata);
	/* hostd has gone, or does not speak with us. */
	void (*lost)(void *userdata);
	void *userdata;
};

/*
 * What a call was answered with. error is NULL when it was done; otherwise one line for people.
 * answer and fd are valid during the call; fd is consumed, -EBADF where there is none.
 */
typedef void (*connections_reply_t)(const char *error, sd_json_variant *answer, int fd_consume,
				    void *userdata);

/* path NULL: the fds that hostd has passed. Returns 0 or -errno. */
int connections_new(sd_event *event, const char *path,
		    const struct connections_callbacks *callbacks, struct connections **ret_link);
void connections_free(struct connections *connections);

/* Begins to tell what happens. Returns 0 or -errno. */
int connections_watch(struct connections *connections);

/* A question; answered in the order asked. parameters may be NULL. Returns 0 or -errno. */
int connections_ask(struct connections *connections, const char *method,
		    sd_json_variant *parameters, connections_reply_t reply, void *userdata);
/* The same over the connection that may act; -EACCES when there is none. */
int connections_act(struct connections *connections, const char *method,
		    sd_json_variant *parameters, connections_reply_t reply, void *userdata);
/* The connection that Unlock has given. Returns 0 or -errno. */
int connections_unlock(struct connections *connections, int fd_consume);
void connections_lock(struct connections *connections);
bool connections_is_unlocked(const struct connections *connections);
