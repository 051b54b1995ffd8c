// SPDX-License-Identifier: GPL-2.0-or-later
// All guests: those of the configuration, and those that an earlier hostd left running.
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/log.h"
#include "guest/guest-internal.h"
#include "guest/guest-process.h"

/* Removes what there is of a guest that is neither configured nor running. */
static void forget(const struct guests *guests, const char *name)
{
	static const char *const files[] = { "record.json", "record.json.new", "console.ring" };
	_cleanup_fd_ int fd = -EBADF;
	int r = guest_process_cleanup(name);

	if (r < 0)
		log_warning("guests", "clean-up of %s: %s", name, strerrordesc_np(-r));
	fd = openat(guests->folder_fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	for (size_t i = 0; fd >= 0 && i < ELEMENTS(files); i++)
		(void)unlinkat(fd, files[i], 0);
	(void)unlinkat(guests->folder_fd, name, AT_REMOVEDIR);
}

static int add_guest(struct guests *guests, const char *name)
{
	struct guest *guest = NULL;
	struct guest **items =
		reallocarray(guests->items, guests->count + 1, sizeof(*guests->items));
	int r = 0;

	if (!items)
		return -ENOMEM;
	guests->items = items;
	r = guest_new(guests, name, &guest);
	if (r < 0)
		return r;
	guests->items[guests->count++] = guest;
	return 0;
}

/* A guest that only its record knows stays as long as it has a process. */
static int add_unconfigured(struct guests *guests, const char *name)
{
	struct guest *guest = NULL;
	int r = add_guest(guests, name);

	if (r == -ENOMEM)
		return r;
	if (r < 0) {
		log_warning("guests", "%s was left by an earlier hostd without a record, removed",
			    name);
		forget(guests, name);
		return 0;
	}
	guest = guests->items[guests->count - 1];
	if (guest_state_has_process(guest->record.life.state) && guest->record.pid > 0) {
		log_notice(guest_subject(guest).text,
			   "not in the configuration any more, goes on as it was started");
		return 0;
	}
	guest_free(guest);
	guests->count--;
	forget(guests, name);
	return 0;
}

static int add_left_over(struct guests *guests)
{
	_cleanup_dir_ DIR *folder = NULL;
	struct dirent *entry = NULL;
	int fd = openat(guests->folder_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	folder = fdopendir(fd);
	if (!folder) {
		fd_close(fd);
		return -ENOMEM;
	}
	for (errno = 0; (entry = readdir(folder)); errno = 0) {
		int r = 0;

		if (!text_is_name(entry->d_name) ||
		    host_config_find_guest(guests->config, entry->d_name))
			continue;
		r = add_unconfigured(guests, entry->d_name);
		if (r < 0)
			return r;
	}
	return -errno;
}

static bool index_is_used(const struct guests *guests, unsigned int index, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (guests->items[i]->record.index == index)
			return true;
	return false;
}

/* Numbers of running guests stay; all others get the smallest free ones. */
static void number_guests(struct guests *guests)
{
	size_t numbered = 0;
	unsigned int next = 0;

	for (size_t i = 0; i < guests->count; i++)
		if (guests->items[i]->record.pid > 0) {
			struct guest *running = guests->items[i];

			guests->items[i] = guests->items[numbered];
			guests->items[numbered++] = running;
		}
	for (size_t i = numbered; i < guests->count; i++) {
		while (index_is_used(guests, next, i))
			next++;
		guests->items[i]->record.index = next;
	}
}

static int compare_names(const void *a, const void *b)
{
	const struct guest *const *x = a, *const *y = b;

	return strcmp((*x)->config->name, (*y)->config->name);
}

/* The first thing on the event loop: from here on guests run. */
static int on_begin(sd_event_source *, void *userdata)
{
	struct guests *guests = userdata;

	guests->begin_source = sd_event_source_disable_unref(guests->begin_source);
	for (size_t i = 0; i < guests->count; i++)
		if (guests->items[i]->has_record)
			guest_adopt(guests->items[i]);
	for (size_t i = 0; i < guests->count && !guests->no_start; i++) {
		struct guest *guest = guests->items[i];

		if (!guest->has_record && guest->config->autostart &&
		    guest->record.life.state == GUEST_STATE_STOPPED)
			guest_handle(guest, GUEST_EVENT_START, GUEST_EXIT_UNKNOWN);
	}
	return 0;
}

static int open_folder(struct guests *guests, const char *path)
{
	guests->folder = strdup(path);
	if (!guests->folder)
		return -ENOMEM;
	for (char *slash = guests->folder + 1; (slash = strchr(slash, '/')); slash++) {
		*slash = '\0';
		if (mkdir(guests->folder, 0755) < 0 && errno != EEXIST)
			return -errno;
		*slash = '/';
	}
	if (mkdir(guests->folder, 0755) < 0 && errno != EEXIST)
		return -errno;
	guests->folder_fd = open(guests->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return guests->folder_fd < 0 ? -errno : 0;
}

DEFINE_CLEANUP(struct guests *, guests_free);

int guests_new(sd_event *event, const struct host_config *config,
	       const struct guests_environment *environment,
	       const struct guests_callbacks *callbacks, struct guests **ret_guests)
{
	_cleanup_(guests_freep) struct guests *guests = calloc(1, sizeof(*guests));
	int r = 0;

	if (!guests)
		return -ENOMEM;
	*guests = (struct guests){ .event = event,
				   .config = config,
				   .environment = *environment,
				   .callbacks = *callbacks,
				   .folder_fd = -EBADF };
	r = open_folder(guests, environment->folder ? environment->folder : GUESTS_FOLDER);
	for (size_t i = 0; r >= 0 && i < config->guest_count; i++)
		r = add_guest(guests, config->guests[i].name);
	if (r >= 0)
		r = add_left_over(guests);
	if (r < 0)
		return r;
	number_guests(guests);
	qsort(guests->items, guests->count, sizeof(*guests->items), compare_names);
	r = sd_event_add_defer(event, &guests->begin_source, on_begin, guests);
	if (r < 0)
		return r;
	(void)sd_event_source_set_priority(guests->begin_source, SD_EVENT_PRIORITY_IMPORTANT);
	*ret_guests = take_ptr(guests);
	return 0;
}

void guests_free(struct guests *guests)
{
	if (!guests)
		return;
	sd_event_source_disable_unref(guests->begin_source);
	for (size_t i = 0; i < guests->count; i++)
		guest_free(guests->items[i]);
	free(guests->items);
	free(guests->folder);
	fd_close(guests->folder_fd);
	free(guests);
}

size_t guests_count(const struct guests *guests)
{
	return guests->count;
}

struct guest *guests_at(const struct guests *guests, size_t index)
{
	return index < guests->count ? guests->items[index] : NULL;
}

struct guest *guests_find(const struct guests *guests, const char *name)
{
	for (size_t i = 0; i < guests->count; i++)
		if (strcmp(guests->items[i]->config->name, name) == 0)
			return guests->items[i];
	return NULL;
}

void guests_check_all_stopped(struct guests *guests)
{
	if (!guests->stopping)
		return;
	for (size_t i = 0; i < guests->count; i++)
		if (guest_state_has_process(guests->items[i]->record.life.state))
			return;
	guests->stopping = false;
	if (guests->callbacks.all_stopped)
		guests->callbacks.all_stopped(guests->callbacks.userdata);
}

void guests_stop_all(struct guests *guests)
{
	if (guests->no_start)
		return;
	guests->no_start = true;
	for (size_t i = 0; i < guests->count; i++)
		guest_handle(guests->items[i], GUEST_EVENT_HOST_STOPPING, GUEST_EXIT_UNKNOWN);
	guests->stopping = true;
	guests_check_all_stopped(guests);
}
