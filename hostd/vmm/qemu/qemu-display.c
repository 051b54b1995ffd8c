// SPDX-License-Identifier: GPL-2.0-or-later
// A guest's display: clients of QEMU's VNC server, each handed over on QMP, and pictures of it.
#include <fcntl.h>
#include <stdio.h>

#include "vmm/qemu/qemu-argv.h"
#include "vmm/qemu/qemu-internal.h"

/* QEMU knows a passed fd by its name; the two commands follow each other, so one name will do. */
#define CONNECTION "vnc"

/* When a command fails QEMU closes the connection, or never had it: the client sees its end. */
int qemu_open_display(struct vmm *vmm, int fd_consume, vmm_done_t done, void *userdata)
{
	_cleanup_fd_ int fd = fd_consume;
	_cleanup_(sd_json_variant_unrefp) sd_json_variant *name = NULL, *client = NULL;
	int r = sd_json_buildo(&name, SD_JSON_BUILD_PAIR_STRING("fdname", CONNECTION));

	if (r >= 0)
		r = sd_json_buildo(&client, SD_JSON_BUILD_PAIR_STRING("protocol", "vnc"),
				   SD_JSON_BUILD_PAIR_STRING("fdname", CONNECTION),
				   SD_JSON_BUILD_PAIR_BOOLEAN("skipauth", true));
	if (r >= 0)
		r = qemu_call(qemu_of(vmm), "getfd", name, take_fd(&fd), NULL, NULL);
	return r < 0 ? r : qemu_call(qemu_of(vmm), "add_client", client, -EBADF, done, userdata);
}

/* --- pictures --- */

struct picture {
	struct qemu *qemu;
	vmm_done_t done;
	void *userdata;
};

static void on_picture(int error, const char *why, void *userdata)
{
	_cleanup_free_ struct picture *picture = userdata;
	_cleanup_(sd_json_variant_unrefp) sd_json_variant *set = NULL;

	picture->qemu->takes_picture = false;
	if (sd_json_buildo(&set, SD_JSON_BUILD_PAIR_UNSIGNED("fdset-id", QEMU_FDSET_PICTURE)) >= 0)
		(void)qemu_call(picture->qemu, "remove-fd", set, -EBADF, NULL, NULL);
	if (picture->done)
		picture->done(error, why, picture->userdata);
}

/* QEMU takes an fd only with the flags it would open the file with: this one write-only. */
static int reopen(int fd)
{
	char path[32];
	int reopened = 0;

	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	reopened = open(path, O_WRONLY | O_CLOEXEC);
	return reopened < 0 ? -errno : reopened;
}

static int build_picture(sd_json_variant **ret_set, sd_json_variant **ret_dump)
{
	char path[32];
	int r = sd_json_buildo(ret_set,
			       SD_JSON_BUILD_PAIR_UNSIGNED("fdset-id", QEMU_FDSET_PICTURE));

	(void)snprintf(path, sizeof(path), "/dev/fdset/%d", QEMU_FDSET_PICTURE);
	return r < 0 ? r
		     : sd_json_buildo(ret_dump, SD_JSON_BUILD_PAIR_STRING("filename", path),
				      SD_JSON_BUILD_PAIR_STRING("format", "ppm"));
}

int qemu_take_picture(struct vmm *vmm, int fd_consume, vmm_done_t done, void *userdata)
{
	struct qemu *qemu = qemu_of(vmm);
	_cleanup_fd_ int fd = fd_consume, reopened = -EBADF;
	_cleanup_(sd_json_variant_unrefp) sd_json_variant *set = NULL, *dump = NULL;
	_cleanup_free_ struct picture *picture = calloc(1, sizeof(*picture));
	int r = picture ? build_picture(&set, &dump) : -ENOMEM;

	if (r >= 0 && qemu->takes_picture)
		return -EBUSY;
	if (r >= 0)
		r = reopened = reopen(fd);
	if (r >= 0)
		r = qemu_call(qemu, "add-fd", set, take_fd(&reopened), NULL, NULL);
	if (r < 0)
		return r;
	*picture = (struct picture){ .qemu = qemu, .done = done, .userdata = userdata };
	qemu->takes_picture = true;
	r = qemu_call(qemu, "screendump", dump, -EBADF, on_picture, picture);
	if (r >= 0)
		(void)take_ptr(picture);
	else
		qemu->takes_picture = false;
	return r;
}
