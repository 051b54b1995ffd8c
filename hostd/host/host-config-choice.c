// SPDX-License-Identifier: GPL-2.0-or-later
// The configuration's file system, chosen once at boot. A guest can write any label onto a disk of
// its own.
#include <fcntl.h>
#include <string.h>

#include "base/array.h"
#include "base/file.h"
#include "base/log.h"
#include "host-volumes-internal.h"
#include "storage/volume/volume-choice.h"
#include "storage/volume/volume-look.h"

/* What was decided in this boot, for the next hostd of it: a UUID, why there is none, and whether
 * that was because there were several, a line each; any may be empty. */
#define CONFIG_CHOSEN "/run/mvirt/config-chosen"
#define DISPUTED "disputed"
#define CHOSEN_BYTES_MAX (64 * 1024)
#define CONFIG_ADVICE                                                                            \
	"Take out all but one and reboot, or put mvirt.conf on the medium that mvirt is loaded " \
	"from; or name another label: mvirt.config=LABEL on the kernel's command line"

/* What a look has found on a file system. */
struct seen {
	char *node;
	int error;
	struct text_list claims;
};

struct search {
	struct host *host;
	struct seen *seen;
	size_t seen_count;
};

static void search_done(struct search *search)
{
	for (size_t i = 0; i < search->seen_count; i++) {
		free(search->seen[i].node);
		text_list_done(&search->seen[i].claims);
	}
	free(search->seen);
}

static void log_look(const struct disk_claim_device *disk, int error)
{
	if (error == -ENOENT)
		log_notice("config", "%s: labelled %s, and has no mvirt.conf", disk->node,
			   disk->label);
	else if (error == -ETIMEDOUT)
		log_error("config", "%s: does not answer, so it is left alone", disk->node);
	else if (error < 0)
		log_error("config", "%s: cannot be mounted: %s", disk->node, strerror(-error));
}

/* Looks once at each. Returns NULL without memory. */
static const struct seen *look_at(struct search *search, const struct disk_claim_device *disk)
{
	struct seen *seen = NULL;

	for (size_t i = 0; i < search->seen_count; i++)
		if (text_equal(search->seen[i].node, disk->node))
			return &search->seen[i];
	if (array_grow(search->seen, search->seen_count) < 0)
		return NULL;
	seen = &search->seen[search->seen_count];
	*seen = (struct seen){ .node = strdup(disk->node) };
	if (!seen->node)
		return NULL;
	search->seen_count++;
	seen->error = volume_look(disk->node, disk->type, &seen->claims);
	log_look(disk, seen->error);
	return seen;
}

static bool has_mvirt_conf(struct search *search, const struct disk_claim_device *disk)
{
	const struct seen *seen =
		volumes_is_config(search->host, disk) ? look_at(search, disk) : NULL;

	return seen && seen->error == 0;
}

/* Nothing else is waited for when the medium that the host was loaded from has a configuration. As
 * long as no disk has one, a stick may be slow. */
static bool is_decided(void *userdata)
{
	struct search *search = userdata;
	_cleanup_(volumes_disks_done) struct volumes_disks disks = {};
	const char *loading = volumes_loading_disk(search->host);
	const bool settled = volumes_are_settled(search->host);

	if (!volumes_are_awaited(search->host) || volumes_list_disks(search->host, &disks) < 0)
		return true;
	for (size_t i = 0; i < disks.count; i++)
		if ((settled || text_equal(volumes_whole_disk(&disks.items[i]), loading)) &&
		    has_mvirt_conf(search, &disks.items[i]))
			return true;
	return false;
}

/* Whether another disk's definitions, believed or not, give this one to a guest. A volume that is
 * not on the loading medium has to have nobody against it. */
static const char *find_claim_of_others(struct search *search, const struct disk_claim_device *disk,
					const struct volumes_disks *disks)
{
	for (size_t i = 0; i < disks->count; i++) {
		const struct disk_claim_device *other = &disks->items[i];
		const struct seen *seen = NULL;
		const char *claim = NULL;

		if (text_equal(volumes_whole_disk(other), volumes_whole_disk(disk)) ||
		    (!volumes_is_config(search->host, other) && !volumes_is_data(other)))
			continue;
		seen = look_at(search, other);
		claim = seen ? volumes_find_claim(&seen->claims, disk, disks) : NULL;
		if (!claim)
			continue;
		log_warning("config", "%s: labelled %s, but %s gives its disk to a guest (%s)",
			    disk->node, disk->label, other->node, claim);
		return claim;
	}
	return NULL;
}

/* Of the loading medium, which nobody can be against, or of all others. */
static size_t add_candidates(struct search *search, const struct volumes_disks *disks, bool loaded,
			     struct volume_candidate *candidates)
{
	const char *loading = volumes_loading_disk(search->host);
	size_t count = 0;

	for (size_t i = 0; i < disks->count; i++) {
		const struct disk_claim_device *disk = &disks->items[i];

		if (text_equal(volumes_whole_disk(disk), loading) != loaded ||
		    !has_mvirt_conf(search, disk))
			continue;
		candidates[count++] = (struct volume_candidate){
			.node = disk->node,
			.uuid = disk->uuid,
			.loaded = loaded,
			.claimed = loaded ? NULL : find_claim_of_others(search, disk, disks),
		};
	}
	return count;
}

/* Returns 0, or -ENOENT or -ENOTUNIQ with a reason, or another -errno. */
static int choose_config(struct search *search, const struct volumes_disks *disks,
			 const struct volume_candidate **ret_chosen,
			 struct volume_candidate *candidates)
{
	struct host *host = search->host;
	const struct volume_wish wish = { .label = host->config_label, .advice = CONFIG_ADVICE };
	size_t count = add_candidates(search, disks, true, candidates), index = 0;
	int r = 0;

	if (count == 0)
		count = add_candidates(search, disks, false, candidates);
	r = volume_choose(&wish, candidates, count, &index, &host->volumes.config_why);
	host->volumes.config_disputed = r < 0 && count > 1;
	if (r == 0)
		*ret_chosen = &candidates[index];
	return r;
}

/* Its own warning of what has the label and is no FAT. */
static void offer_others(struct host *host, const struct volumes_disks *disks)
{
	for (size_t i = 0; i < disks->count; i++)
		if (!volumes_is_config(host, &disks->items[i]))
			(void)config_volume_offer(host->volume, disks->items[i].node,
						  disks->items[i].label, disks->items[i].type);
}

static void keep_decision(const struct volumes *volumes)
{
	_cleanup_free_ char *text =
		text_format("%s\n%s\n%s\n", volumes->config_uuid ? volumes->config_uuid : "",
			    volumes->config_why ? volumes->config_why : "",
			    volumes->config_disputed ? DISPUTED : "");
	int r = text ? file_replace(AT_FDCWD, CONFIG_CHOSEN, text, strlen(text), 0600) : -ENOMEM;

	if (r < 0)
		log_warning("config", "what was chosen cannot be kept: %s", strerror(-r));
}

static int decide(struct search *search)
{
	struct host *host = search->host;
	_cleanup_(volumes_disks_done) struct volumes_disks disks = {};
	_cleanup_free_ struct volume_candidate *candidates = NULL;
	const struct volume_candidate *chosen = NULL;
	int r = volumes_list_disks(host, &disks);

	if (r < 0)
		return r;
	candidates = calloc(disks.count + 1, sizeof(*candidates));
	if (!candidates)
		return -ENOMEM;
	offer_others(host, &disks);
	r = choose_config(search, &disks, &chosen, candidates);
	if (host->volumes.config_why)
		log_error("config", "%s", host->volumes.config_why);
	if (r < 0)
		return r;
	r = config_volume_offer(host->volume, chosen->node, host->config_label, "vfat");
	if (r < 0)
		return r;
	host->volumes.config_uuid = strdup(chosen->uuid ? chosen->uuid : "");
	return host->volumes.config_uuid ? 0 : -ENOMEM;
}

static int search_config(struct host *host)
{
	_cleanup_(search_done) struct search search = { .host = host };
	int r = 0;

	while (!is_decided(&search) && r != -ENOMEM)
		r = devices_wait(host->devices, is_decided, &search, VOLUMES_STEP_MS);
	r = decide(&search);
	keep_decision(&host->volumes);
	return r == -ENOENT || r == -ENOTUNIQ ? 0 : r;
}

/* An earlier hostd of this boot has decided. Returns whether it has. */
static bool take_decision(struct volumes *volumes)
{
	_cleanup_free_ char *text = NULL;
	char *rest = NULL;
	const char *uuid = NULL, *why = NULL;

	if (file_read(AT_FDCWD, CONFIG_CHOSEN, CHOSEN_BYTES_MAX, &text, NULL) < 0)
		return false;
	rest = text;
	uuid = strsep(&rest, "\n");
	why = strsep(&rest, "\n");
	volumes->config_uuid = uuid && *uuid ? strdup(uuid) : NULL;
	volumes->config_why = why && *why ? strdup(why) : NULL;
	volumes->config_disputed = text_equal(strsep(&rest, "\n"), DISPUTED);
	return true;
}

int volumes_find_config(struct host *host)
{
	_cleanup_free_ char *kept = NULL;

	if (take_decision(&host->volumes) || config_volume_device(host->volume) ||
	    config_volume_read_config(host->volume, &kept) == 0)
		return 0;
	return search_config(host);
}

/* A stick that was pulled out and is back: guests have disks on it. Another than the one that was
 * chosen is not believed, nor a disk that a guest has written its UUID to. */
void volumes_consider_config(struct host *host, const struct disk_claim_device *disk,
			     const struct volumes_disks *disks)
{
	_cleanup_(text_list_done) struct text_list claims = {};
	const char *device = config_volume_device(host->volume);

	if (!volumes_is_config(host, disk) || text_equal(device, disk->node) ||
	    volumes_list_claims(host, &claims) < 0)
		return;
	if (!device && disk->uuid && text_equal(disk->uuid, host->volumes.config_uuid) &&
	    !volumes_find_claim(&claims, disk, disks))
		(void)config_volume_offer(host->volume, disk->node, disk->label, disk->type);
	else if (volumes_find_claim(&claims, disk, disks))
		log_debug("config", "%s: labelled %s, and a guest's", disk->node, disk->label);
	else
		log_notice("config",
			   "%s: labelled %s, left alone: the configuration is chosen at boot",
			   disk->node, disk->label);
}
