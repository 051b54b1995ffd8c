/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A client's connections to hostd, its calls, and what to say when they fail. */
#pragma once

#include <systemd/sd-varlink.h>

#include "base/error.h"

#define CLIENT_SOCKET "/run/mvirt/api.sock"

/* The line for people. */
const char *client_error_line(const struct error *error);
/* One line for people about an answer that is an error. New string or NULL. */
char *client_explain(const char *error_id, sd_json_variant *parameters);

/* Waits for a hostd that is busy, unlike sd-varlink's own. This and the next fill in the error when
 * they return -errno. */
int client_connect(const char *path, sd_varlink **ret_varlink, struct error *error);
/* *ret_answer is the connection's, until the next call. Returns 0 or -errno. */
int client_call(sd_varlink *varlink, const char *method, sd_json_variant *parameters,
		sd_json_variant **ret_answer, struct error *error);
/* The file that came with an answer, which the caller closes; -EBADF where there is none. */
int client_take_fd(sd_varlink *varlink, sd_json_variant *answer);

/*
 * Calls a method that goes on answering, until what is waited for has come: until the predicate
 * returns other than -EAGAIN for one of its answers. Returns that, or -errno with an error.
 */
typedef int (*client_predicate_t)(sd_json_variant *answer, void *userdata);
int client_watch(sd_varlink *varlink, const char *method, sd_json_variant *parameters,
		 client_predicate_t predicate, void *userdata, struct error *error);
