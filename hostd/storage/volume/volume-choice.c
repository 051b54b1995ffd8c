// SPDX-License-Identifier: GPL-2.0-or-later
// Candidates -> the one that is believed, or why none is.
#include "volume-choice.h"

#include <stdio.h>
#include <strings.h>

#include "base/cleanup.h"
#include "base/text.h"

static bool is_named(const struct volume_wish *wish, const struct volume_candidate *candidate)
{
	return !wish->uuid || (candidate->uuid && strcasecmp(wish->uuid, candidate->uuid) == 0);
}

/* The boot medium is never a guest's, whatever a definition says. */
static bool may_be(const struct volume_wish *wish, const struct volume_candidate *candidate,
		   bool loaded)
{
	return is_named(wish, candidate) && candidate->loaded == loaded &&
	       (loaded || !candidate->claimed);
}

static size_t count_possible(const struct volume_wish *wish,
			     const struct volume_candidate *candidates, size_t count, bool loaded,
			     size_t *ret_last)
{
	size_t possible = 0;

	for (size_t i = 0; i < count; i++)
		if (may_be(wish, &candidates[i], loaded)) {
			*ret_last = i;
			possible++;
		}
	return possible;
}

/* "/dev/sda1 (UUID 1234-ABCD), /dev/vda (UUID …)" */
static void put_possible(FILE *out, const struct volume_wish *wish,
			 const struct volume_candidate *candidates, size_t count, bool loaded)
{
	const char *comma = "";

	for (size_t i = 0; i < count; i++) {
		if (!may_be(wish, &candidates[i], loaded))
			continue;
		(void)fprintf(out, "%s%s (UUID %s)", comma, candidates[i].node,
			      candidates[i].uuid ? candidates[i].uuid : "none");
		comma = ", ";
	}
}

static char *explain_many(const struct volume_wish *wish, const struct volume_candidate *candidates,
			  size_t count, size_t possible, bool loaded)
{
	_cleanup_free_ char *text = NULL;
	size_t length = 0;
	FILE *out = open_memstream(&text, &length);
	bool failed = false;

	if (!out)
		return NULL;
	(void)fprintf(out, "%zu file systems are labelled %s, and none is used: ", possible,
		      wish->label);
	put_possible(out, wish, candidates, count, loaded);
	(void)fprintf(out, ". %s", wish->advice);
	failed = ferror(out);
	if (fclose(out) != 0 || failed)
		return NULL;
	return take_ptr(text);
}

/* Returns NULL when there is nothing to report, or without memory. */
static char *explain_none(const struct volume_wish *wish, const struct volume_candidate *candidates,
			  size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (is_named(wish, &candidates[i]) && candidates[i].claimed)
			return text_format("%s is labelled %s, but its disk is a guest's (%s): it "
					   "is not used",
					   candidates[i].node, wish->label, candidates[i].claimed);
	if (count > 0 && wish->uuid)
		return text_format("%s is labelled %s, but its UUID is %s and not %s: it is not "
				   "used",
				   candidates[0].node, wish->label,
				   candidates[0].uuid ? candidates[0].uuid : "none", wish->uuid);
	return NULL;
}

int volume_choose(const struct volume_wish *wish, const struct volume_candidate *candidates,
		  size_t count, size_t *ret_index, char **ret_why)
{
	size_t index = 0;
	bool loaded = true;
	size_t possible = count_possible(wish, candidates, count, loaded, &index);

	if (possible == 0) {
		loaded = false;
		possible = count_possible(wish, candidates, count, loaded, &index);
	}
	if (possible == 1) {
		*ret_index = index;
		return 0;
	}
	*ret_why = possible == 0 ? explain_none(wish, candidates, count)
				 : explain_many(wish, candidates, count, possible, loaded);
	return possible == 0 ? -ENOENT : *ret_why ? -ENOTUNIQ : -ENOMEM;
}
