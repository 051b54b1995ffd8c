// SPDX-License-Identifier: GPL-2.0-or-later
// A definition is changed: first the file, then the guest; what went before is undone when a step
// fails.
#include "host-change.h"

#include <inttypes.h>
#include <string.h>

#include "base/log.h"
#include "host-catalogue.h"
#include "host-event.h"
#include "host-store.h"
#include "storage/store/guest-store.h"

int host_read_definition(const struct host *host, const struct guest *guest, char **ret_text,
			 struct error *error)
{
	enum guest_origin origin = guest_origin(guest);
	int root_fd = host_store_root(host, origin);

	if ((origin == GUEST_ORIGIN_DATA || origin == GUEST_ORIGIN_MEMORY) && root_fd >= 0)
		return error_prefix(error,
				    guest_store_load(root_fd, guest_config(guest)->name, ret_text),
				    "guest %s: its definition cannot be read",
				    guest_config(guest)->name);
	*ret_text = guest_config_format(guest_config(guest));
	return *ret_text ? 0 : -ENOMEM;
}

/* FNV-1a. Nobody is kept out by it: who can choose the text may change the guest anyway. */
char *host_revision(const char *text, char buffer[static HOST_REVISION_BYTES])
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325);

	for (const char *c = text; *c; c++)
		hash = (hash ^ (unsigned char)*c) * UINT64_C(0x100000001b3);
	(void)snprintf(buffer, HOST_REVISION_BYTES, "%016" PRIx64, hash);
	return buffer;
}

int host_check_revision(const struct host *host, const struct guest *guest, const char *revision,
			struct error *error)
{
	_cleanup_free_ char *text = NULL;
	char present[HOST_REVISION_BYTES];
	int r = revision ? host_read_definition(host, guest, &text, error) : 0;

	if (r < 0 || !revision || strcmp(host_revision(text, present), revision) == 0)
		return r;
	r = error_set(error, ERROR_CONFLICT,
		      "guest %s has another definition than when it was read: somebody was faster",
		      guest_config(guest)->name);
	error->revision = strdup(present);
	return r;
}

/* The file first: what a killed hostd has answered is on the disk. config and text belong together.
 */
static int put_definition(struct guest *guest, int root_fd, struct guest_config **config,
			  const char *text)
{
	_cleanup_free_ char *before = NULL;
	const char *name = guest_config(guest)->name;
	int r = guest_store_load(root_fd, name, &before);

	if (r >= 0)
		r = guest_store_save(root_fd, name, text);
	if (r < 0)
		return r;
	r = guest_redefine(guest, *config);
	if (r < 0) {
		(void)guest_store_save(root_fd, name, before);
		return r;
	}
	(void)take_ptr(*config);
	return 0;
}

static int change(struct host *host, struct guest *guest, int root_fd, struct guest_config **config,
		  const char *text, struct error *error)
{
	int r = host_check_definition(host, *config, guest, error);

	if (r >= 0)
		r = put_definition(guest, root_fd, config, text);
	if (r < 0)
		return error_prefix(error, r, "guest %s is as it was", guest_config(guest)->name);
	log_notice("guests", "%s: changed", guest_config(guest)->name);
	host_publish_guest(host, guest, "changed", NULL);
	return 0;
}

static int parse(const struct guest *guest, const char *definition,
		 struct guest_config **ret_config, struct error *error)
{
	_cleanup_(guest_config_freep) struct guest_config *config = NULL;
	const char *name = guest_config(guest)->name;
	int r = host_parse_definition(definition, &config, error);

	if (r < 0)
		return r;
	if (strcmp(config->name, name) != 0)
		return error_set(error, ERROR_INVALID,
				 "the definition is one of guest %s, not of %s", config->name,
				 name);
	*ret_config = take_ptr(config);
	return 0;
}

/* The changes are made to the file, which somebody may have edited; where that is no definition, to
 * the one that the guest has. */
static int apply_to_kept(struct host *host, const struct guest *guest,
			 const struct host_change_request *request,
			 struct guest_config **ret_config, struct error *error)
{
	_cleanup_(guest_config_freep) struct guest_config *kept = NULL;
	_cleanup_(config_mistakes_done) struct config_mistakes mistakes = {};
	_cleanup_(error_done) struct error unread = {};
	_cleanup_free_ char *text = NULL;
	bool is_good = host_read_definition(host, guest, &text, &unread) >= 0 &&
		       guest_config_load(text, &kept, &mistakes) >= 0 &&
		       strcmp(kept->name, guest_config(guest)->name) == 0;

	return host_apply_changes(is_good ? kept : guest_config(guest), request->changes,
				  request->change_count, ret_config, error);
}

int host_change_guest(struct host *host, struct guest *guest,
		      const struct host_change_request *request,
		      char ret_revision[static HOST_REVISION_BYTES], struct error *error)
{
	_cleanup_(guest_config_freep) struct guest_config *config = NULL;
	_cleanup_free_ char *text = NULL;
	int root_fd = -EBADF, r = host_writable_root(host, guest, &root_fd, error);

	if (r >= 0)
		r = host_check_revision(host, guest, request->revision, error);
	if (r >= 0)
		r = request->definition ? parse(guest, request->definition, &config, error)
					: apply_to_kept(host, guest, request, &config, error);
	if (r < 0)
		return r;
	text = request->definition ? strdup(request->definition) : guest_config_format(config);
	r = text ? change(host, guest, root_fd, &config, text, error) : -ENOMEM;
	if (r >= 0)
		(void)host_revision(text, ret_revision);
	return r;
}
