// SPDX-License-Identifier: GPL-2.0-or-later
// All guests: those that are defined, and those that an earlier hostd left running.
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/log.h"
#include "base/text.h"
#include "config/config-name.h"
#include "guest/guest-internal.h"
#include "process/guest-process.h"

/* Removes what there is of a guest that is neither defined nor running. */
static void forget(const struct guests *guests, const char *name)
{
	_cleanup_fd_ int fd = -EBADF;
	_cleanup_dir_ DIR *folder = NULL;
	struct dirent *entry = NULL;
	int r = guest_process_cleanup(name);

	if (r < 0)
		log_warning("guests", "clean-up of %s: %s", name, strerror(-r));
	fd = openat(guests->folder_fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	folder = fd >= 0 ? fdopendir(fd) : NULL;
	if (!folder)
		return;
	(void)take_fd(&fd);
	while ((entry = readdir(folder)))
		(void)unlinkat(dirfd(folder), entry->d_name, 0);
	(void)unlinkat(guests->folder_fd, name, AT_REMOVEDIR);
}

static bool index_is_used(const struct guests *guests, unsigned int index)
{
	for (size_t i = 0; i < guests->count; i++)
		if (guests->items[i]->record.index == index)
			return true;
	return false;
}

/* A running guest keeps its number, which is its uid; every other gets the smallest free one. */
static void number_guest(const struct guests *guests, struct guest *guest)
{
	unsigned int index = 0;

	if (guest->record.process.pid > 0)
		return;
	while (index_is_used(guests, index))
		index++;
	guest->record.index = index;
}

static int insert(struct guests *guests, struct guest *guest)
{
	size_t at = 0;

	if (guests->count == guests->allocated) {
		size_t allocated = guests->allocated ? guests->allocated * 2 : 16;
		struct guest **items =
			reallocarray(guests->items, allocated, sizeof(struct guest *));

		if (!items)
			return -ENOMEM;
		guests->items = items;
		guests->allocated = allocated;
	}
	number_guest(guests, guest);
	while (at < guests->count &&
	       strcmp(guests->items[at]->config->name, guest->config->name) < 0)
		at++;
	memmove(&guests->items[at + 1], &guests->items[at],
		(guests->count - at) * sizeof(struct guest *));
	guests->items[at] = guest;
	guests->count++;
	return 0;
}

static void take_out(struct guests *guests, const struct guest *guest)
{
	size_t at = 0;

	while (guests->items[at] != guest)
		at++;
	guests->count--;
	memmove(&guests->items[at], &guests->items[at + 1],
		(guests->count - at) * sizeof(struct guest *));
}

/* A guest that only its record knows is there as long as it has a process. */
static int add_left_over(struct guests *guests, const char *name)
{
	_cleanup_(guest_freep) struct guest *guest = NULL;
	int r = guest_new(guests, name, &guest);

	if (r < 0 && r != -ENOENT) {
		log_error("guests", "whether %s runs cannot be told (%s): it is left alone", name,
			  strerror(-r));
		return guest_error_passes(r) ? r : 0;
	}
	if (r < 0) {
		log_warning("guests",
			    "%s was left by an earlier hostd, without a record and a process: "
			    "removed",
			    name);
		forget(guests, name);
		return 0;
	}
	if (!guest_state_has_process(guest->record.life.state) || guest->record.process.pid == 0)
		return 0;
	guest->origin = GUEST_ORIGIN_RECORD;
	guest->is_new = true;
	r = insert(guests, guest);
	if (r >= 0)
		(void)take_ptr(guest);
	return r;
}

static int list_folder(const struct guests *guests, struct text_list *ret_names)
{
	_cleanup_dir_ DIR *folder = NULL;
	struct dirent *entry = NULL;
	int fd = openat(guests->folder_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), r = 0;

	if (fd < 0)
		return -errno;
	folder = fdopendir(fd);
	if (!folder) {
		fd_close(fd);
		return -ENOMEM;
	}
	for (errno = 0; r >= 0 && (entry = readdir(folder)); errno = 0)
		if (config_is_name(entry->d_name))
			r = text_list_add(ret_names, entry->d_name);
	return r < 0 ? r : -errno;
}

/* Uids of running guests have to be known before another guest gets a number. */
static int find_left_over(struct guests *guests)
{
	_cleanup_(text_list_done) struct text_list names = {};
	int r = list_folder(guests, &names);

	for (size_t i = 0; r >= 0 && i < names.count; i++)
		r = add_left_over(guests, names.items[i]);
	return r;
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

int guests_new(sd_event *event, const struct guests_environment *environment,
	       const struct guests_callbacks *callbacks, struct guests **ret_guests)
{
	_cleanup_(guests_freep) struct guests *guests = calloc(1, sizeof(*guests));
	int r = 0;

	if (!guests)
		return -ENOMEM;
	*guests = (struct guests){ .event = event,
				   .environment = *environment,
				   .callbacks = *callbacks,
				   .folder_fd = -EBADF,
				   .happen = guest_happen,
				   .exited = guest_on_exit,
				   .look = guests_look };
	if (!guests->environment.vmm)
		guests->environment.vmm = vmm_default();
	r = open_folder(guests, environment->folder ? environment->folder : GUESTS_FOLDER);
	if (r >= 0)
		r = find_left_over(guests);
	if (r < 0)
		return r;
	guests_sequence_soon(guests);
	*ret_guests = take_ptr(guests);
	return 0;
}

void guests_free(struct guests *guests)
{
	if (!guests)
		return;
	/* What ends with the connections to VMMs is told to nobody: those who listened may be gone.
	 */
	guests->callbacks = (struct guests_callbacks){};
	sd_event_source_disable_unref(guests->sequence_source);
	sd_event_source_disable_unref(guests->disks_source);
	sd_event_source_disable_unref(guests->look_source);
	free(guests->waited_for);
	for (size_t i = 0; i < guests->count; i++)
		guest_free(guests->items[i]);
	free(guests->items);
	free(guests->folder);
	fd_close(guests->folder_fd);
	free(guests);
}

static void set_definition(struct guest *guest, struct guest_config *config_consume,
			   enum guest_origin origin)
{
	bool another_delay = guest->config->start_delay_s != config_consume->start_delay_s;

	guest_config_free(guest->definition);
	guest->definition = config_consume;
	guest->config = config_consume;
	guest->origin = origin;
	guest->record.origin = origin;
	/* What is under way by a key that counts at once goes on by its new value. */
	if (another_delay)
		guest->delay_source = sd_event_source_disable_unref(guest->delay_source);
	guest->wants_start = guest->wants_start && config_consume->autostart;
	guest_echo_redefined(guest);
	guest_ready_redefined(guest);
}

static int add_defined(struct guests *guests, struct guest_config *config_consume,
		       enum guest_origin origin, struct guest **ret_guest)
{
	_cleanup_(guest_freep) struct guest *guest = NULL;
	int r = guest_new(guests, config_consume->name, &guest);

	if (r == -ENOENT)
		r = guest_new_without_record(guests, config_consume, &guest);
	if (r < 0)
		return r;
	r = insert(guests, guest);
	if (r < 0)
		return r;
	set_definition(guest, config_consume, origin);
	*ret_guest = take_ptr(guest);
	return 0;
}

int guests_define(struct guests *guests, struct guest_config *config_consume,
		  enum guest_origin origin, struct guest **ret_guest)
{
	struct guest *guest = guests_find(guests, config_consume->name);
	int r = 0;

	if (guest && guest->origin != GUEST_ORIGIN_RECORD)
		return -EEXIST;
	if (guest) {
		set_definition(guest, config_consume, origin);
	} else {
		r = add_defined(guests, config_consume, origin, &guest);
		if (r < 0)
			return r;
		guest->is_new = guest->has_record;
	}
	guests_sequence_soon(guests);
	if (ret_guest)
		*ret_guest = guest;
	return 0;
}

static int remove_stale(const struct guests *guests, enum guest_origin origin)
{
	_cleanup_(text_list_done) struct text_list names = {};
	int r = list_folder(guests, &names);

	for (size_t i = 0; r >= 0 && i < names.count; i++) {
		_cleanup_(guest_record_done) struct guest_record record = {};

		struct guest_process_found found = {};

		if (!guests_find(guests, names.items[i]) &&
		    guest_record_load(guests->folder_fd, names.items[i], &record) >= 0 &&
		    record.origin == origin && guest_process_find(names.items[i], &found) == -ESRCH)
			forget(guests, names.items[i]);
	}
	return r;
}

int guests_take_left_over(struct guests *guests, enum guest_origin origin)
{
	for (size_t i = 0; i < guests->count; i++)
		if (!guests->items[i]->definition && guests->items[i]->record.origin == origin)
			log_notice(guest_subject(guests->items[i]).text,
				   "not defined any more, goes on as it was started");
	return remove_stale(guests, origin);
}

int guest_redefine(struct guest *guest, struct guest_config *config_consume)
{
	if (strcmp(guest->config->name, config_consume->name) != 0)
		return -EINVAL;
	set_definition(guest, config_consume, guest->origin);
	guests_sequence_soon(guest->guests);
	return 0;
}

static int refuse_busy(const struct guest *guest, const char *what, char **ret_why)
{
	guest_set_text(ret_why, "guest %s is %s: stop it first, then %s it", guest->config->name,
		       guest_state_name(guest->record.life.state), what);
	return -EBUSY;
}

/* Its folder in memory, with console and record, is made anew at the next need. */
int guest_undefine(struct guest *guest, char **ret_why)
{
	struct guests *guests = guest->guests;
	_cleanup_free_ char *name = NULL;

	if (guest_state_has_process(guest->record.life.state))
		return refuse_busy(guest, "delete", ret_why);
	name = strdup(guest->config->name);
	if (!name)
		return -ENOMEM;
	take_out(guests, guest);
	guest_free(guest);
	forget(guests, name);
	guests_sequence_soon(guests);
	return 0;
}

int guest_rename(struct guest *guest, const char *name, char **ret_why)
{
	struct guests *guests = guest->guests;
	_cleanup_(guest_config_freep) struct guest_config *config = NULL;
	struct guest *renamed = NULL;
	enum guest_origin origin = guest->origin;
	int r = 0;

	if (guests_find(guests, name))
		return -EEXIST;
	if (guest_state_has_process(guest->record.life.state))
		return refuse_busy(guest, "rename", ret_why);
	r = guest_config_rename(guest->config, name, &config);
	if (r >= 0)
		r = guest_keep_identity(guest, config);
	if (r < 0)
		return r;
	r = add_defined(guests, config, origin, &renamed);
	if (r < 0)
		return r;
	(void)take_ptr(config);
	renamed->has_record = true; /* it is not started because its name is new */
	return guest_undefine(guest, ret_why);
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
	size_t low = 0, high = guests->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = strcmp(guests->items[middle]->config->name, name);

		if (order == 0)
			return guests->items[middle];
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}
