// SPDX-License-Identifier: GPL-2.0-or-later
// Input devices: present ones, and new ones.
#include "input-nodes.h"

#include <libudev.h>
#include <string.h>
#include <sys/epoll.h>

#include "base/cleanup.h"

struct input_nodes {
	input_node_found_t found;
	void *userdata;
	struct udev *udev;
	struct udev_monitor *monitor;
	sd_event_source *source;
};

/* Only the evdev nodes: mouse0 and js0 are the same hardware again. */
static void find(struct input_nodes *nodes, struct udev_device *device)
{
	const char *path = udev_device_get_devnode(device);
	const char *name = udev_device_get_sysname(device);

	if (path && name && strncmp(name, "event", strlen("event")) == 0)
		nodes->found(path, nodes->userdata);
}

static int on_monitor(sd_event_source *, int, uint32_t, void *userdata)
{
	struct input_nodes *nodes = userdata;
	struct udev_device *device = udev_monitor_receive_device(nodes->monitor);
	const char *action = device ? udev_device_get_action(device) : NULL;

	if (action && strcmp(action, "add") == 0)
		find(nodes, device);
	udev_device_unref(device);
	return 0;
}

void input_nodes_scan(struct input_nodes *nodes)
{
	struct udev_enumerate *enumerate = udev_enumerate_new(nodes->udev);
	struct udev_list_entry *entry = NULL;

	if (!enumerate)
		return;
	if (udev_enumerate_add_match_subsystem(enumerate, "input") >= 0 &&
	    udev_enumerate_scan_devices(enumerate) >= 0)
		udev_list_entry_foreach(entry, udev_enumerate_get_list_entry(enumerate))
		{
			struct udev_device *device = udev_device_new_from_syspath(
				nodes->udev, udev_list_entry_get_name(entry));

			if (!device)
				continue;
			find(nodes, device);
			udev_device_unref(device);
		}
	udev_enumerate_unref(enumerate);
}

static int start_listening(struct input_nodes *nodes, sd_event *event)
{
	int r = 0;

	nodes->udev = udev_new();
	if (!nodes->udev)
		return -ENOMEM;
	nodes->monitor = udev_monitor_new_from_netlink(nodes->udev, "kernel");
	if (!nodes->monitor)
		return errno > 0 ? -errno : -ENOMEM;
	r = udev_monitor_filter_add_match_subsystem_devtype(nodes->monitor, "input", NULL);
	if (r >= 0)
		r = udev_monitor_enable_receiving(nodes->monitor);
	if (r < 0)
		return r;
	return sd_event_add_io(event, &nodes->source, udev_monitor_get_fd(nodes->monitor), EPOLLIN,
			       on_monitor, nodes);
}

DEFINE_CLEANUP(struct input_nodes *, input_nodes_free);

int input_nodes_new(sd_event *event, input_node_found_t found, void *userdata,
		    struct input_nodes **ret_nodes)
{
	_cleanup_(input_nodes_freep) struct input_nodes *nodes = calloc(1, sizeof(*nodes));
	int r = 0;

	if (!nodes)
		return -ENOMEM;
	nodes->found = found;
	nodes->userdata = userdata;
	r = start_listening(nodes, event);
	if (r < 0)
		return r;
	*ret_nodes = take_ptr(nodes);
	return 0;
}

void input_nodes_free(struct input_nodes *nodes)
{
	if (!nodes)
		return;
	sd_event_source_disable_unref(nodes->source);
	udev_monitor_unref(nodes->monitor);
	udev_unref(nodes->udev);
	free(nodes);
}
