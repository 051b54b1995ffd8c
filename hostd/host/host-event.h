/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What happens on the machine, told to the one who asks for it. */
#pragma once

struct guest;
struct host;
struct job;

enum host_event_type {
	HOST_EVENT_GUEST,
	/* The guest is not to be touched any more after this: it may go, or get another name. */
	HOST_EVENT_GUEST_LEAVING,
	/* The one that was leaving is gone. */
	HOST_EVENT_GUEST_GONE,
	HOST_EVENT_NETWORK,
	HOST_EVENT_DATA_VOLUME,
	HOST_EVENT_JOB,
};

struct host_event {
	enum host_event_type type;
	const struct guest *guest; /* HOST_EVENT_GUEST, HOST_EVENT_GUEST_LEAVING */
	const char *network;
	const struct job *job;
	/* A state (of a guest, of a job), "created", "changed"…; of the data volume "mounted",
	 * "lost", "damaged" */
	const char *kind;
	const char *detail; /* or NULL */
};

typedef void (*host_subscriber_t)(const struct host_event *event, void *userdata);
/* There is one; NULL: none any more. */
void host_subscribe(struct host *host, host_subscriber_t subscriber, void *userdata);

/* For the files of host/, and hostd.c. */
void host_publish(const struct host *host, const struct host_event *event);
void host_publish_guest(const struct host *host, const struct guest *guest, const char *kind,
			const char *detail);
