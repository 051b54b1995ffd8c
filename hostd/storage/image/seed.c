// SPDX-License-Identifier: GPL-2.0-or-later
// The seed of cloud-init's NoCloud data source: texts as YAML, whose strings are in JSON's quotes,
// and the ISO around them.
#include "seed.h"

#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "image-child.h"

#define ISO_BYTES_MAX (8 << 20)
#define ISO_USEC_MAX (10 * UINT64_C(1000000))
#define ISO_CPU_S 5

/* --- texts --- */

static int refuse(char **ret_why, const char *what)
{
	*ret_why = text_format("cloud-init: %s", what);
	return *ret_why ? -EINVAL : -ENOMEM;
}

/* One UTF-8 character (RFC 3629); returns its length, or 0 if it is invalid. */
static size_t decode(const char *text, uint32_t *ret_code)
{
	static const uint32_t smallest[] = { 0, 0, 0x80, 0x800, 0x10000 };
	const unsigned char *byte = (const unsigned char *)text;
	size_t length = *byte < 0x80             ? 1
			: (*byte & 0xe0) == 0xc0 ? 2
			: (*byte & 0xf0) == 0xe0 ? 3
			: (*byte & 0xf8) == 0xf0 ? 4
						 : 0;
	uint32_t code = length == 1 ? *byte : *byte & (0x7fU >> length);

	if (length == 0)
		return 0;
	for (size_t i = 1; i < length; i++) {
		if ((byte[i] & 0xc0) != 0x80)
			return 0;
		code = code << 6 | (byte[i] & 0x3f);
	}
	if (code < smallest[length] || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff))
		return 0;
	*ret_code = code;
	return length;
}

/* A double-quoted scalar (YAML 1.1, 5.5 and 7.3.1), of ASCII only. False when text is not UTF-8. */
static bool put_quoted(FILE *out, const char *text)
{
	(void)fputc('"', out);
	while (*text) {
		uint32_t code = 0;
		size_t length = decode(text, &code);

		if (length == 0)
			return false;
		text += length;
		if (code == '"' || code == '\\')
			(void)fprintf(out, "\\%c", (char)code);
		else if (code >= ' ' && code < 0x7f)
			(void)fputc((char)code, out);
		else
			(void)fprintf(out, code > 0xffff ? "\\U%08x" : "\\u%04x", code);
	}
	(void)fputc('"', out);
	return true;
}

static bool put_pair(FILE *out, const char *key, const char *value)
{
	(void)fprintf(out, "%s: ", key);
	if (!put_quoted(out, value))
		return false;
	(void)fputc('\n', out);
	return true;
}

static bool put_list(FILE *out, const char *key, const struct text_list *values)
{
	if (values->count == 0)
		return true;
	(void)fprintf(out, "%s:\n", key);
	for (size_t i = 0; i < values->count; i++) {
		(void)fputs("  - ", out);
		if (!put_quoted(out, values->items[i]))
			return false;
		(void)fputc('\n', out);
	}
	return true;
}

/* The keys go into a file that hostd writes; the instance id only into meta-data. */
static bool put_meta_data(FILE *out, const struct seed_input *input)
{
	const struct cloud_init_config *cloud_init = input->cloud_init;

	return put_pair(out, "instance-id", input->instance_id) &&
	       put_pair(out, "local-hostname", cloud_init->hostname ?: input->guest_name) &&
	       (!input->user_data || put_list(out, "public-keys", &cloud_init->ssh_keys));
}

/*
 * The hash is not passed as "password": cloud-init takes that for a plain password unless it knows
 * the hash's kind, and it does not know yescrypt, Debian's. "user" overrides the image's default
 * user, which has lock_passwd true.
 */
static bool put_user_data(FILE *out, const struct seed_input *input)
{
	const struct cloud_init_config *cloud_init = input->cloud_init;
	const bool names_host = input->meta_data && cloud_init->hostname;

	(void)fputs("#cloud-config\n", out);
	if (names_host && !put_pair(out, "hostname", cloud_init->hostname))
		return false;
	if (!put_list(out, "ssh_authorized_keys", &cloud_init->ssh_keys))
		return false;
	if (cloud_init->password_hash) {
		(void)fputs("user:\n  lock_passwd: false\n", out);
		if (!put_pair(out, "  hashed_passwd", cloud_init->password_hash))
			return false;
	}
	if (!names_host && cloud_init->ssh_keys.count == 0 && !cloud_init->password_hash)
		(void)fputs("{}\n", out);
	return true;
}

/* given, or what put writes; a new string. */
static int make_text(const struct seed_input *input, const char *given,
		     bool (*put)(FILE *out, const struct seed_input *input), char **ret_text,
		     char **ret_why)
{
	_cleanup_free_ char *text = NULL;
	size_t length = 0;
	FILE *out = NULL;
	bool done = false, failed = false;

	if (given) {
		text = strdup(given);
		if (!text)
			return -ENOMEM;
		*ret_text = take_ptr(text);
		return 0;
	}
	out = open_memstream(&text, &length);
	if (!out)
		return -ENOMEM;
	done = put(out, input);
	failed = ferror(out);
	if (fclose(out) != 0 || failed)
		return -ENOMEM;
	if (!done)
		return refuse(ret_why, "a name, key or hash is not UTF-8");
	*ret_text = take_ptr(text);
	return 0;
}

/* Keys that have no file of ours to go into. */
static int check_input(const struct seed_input *input, char **ret_why)
{
	const struct cloud_init_config *cloud_init = input->cloud_init;

	if (input->meta_data && cloud_init->instance_id)
		return refuse(ret_why, "instance-id belongs in the file of meta-data");
	if (input->user_data && cloud_init->password_hash)
		return refuse(ret_why, "password-hash belongs in the file of user-data");
	if (input->user_data && input->meta_data && cloud_init->hostname)
		return refuse(ret_why, "hostname belongs in the file of meta-data");
	if (input->user_data && input->meta_data && cloud_init->ssh_keys.count > 0)
		return refuse(ret_why, "ssh-key belongs in the file of user-data");
	return 0;
}

int seed_texts(const struct seed_input *input, char **ret_user_data, char **ret_meta_data,
	       char **ret_network_config, char **ret_why)
{
	_cleanup_free_ char *user_data = NULL, *meta_data = NULL, *network_config = NULL;
	int r = check_input(input, ret_why);

	if (r == 0)
		r = make_text(input, input->user_data, put_user_data, &user_data, ret_why);
	if (r == 0)
		r = make_text(input, input->meta_data, put_meta_data, &meta_data, ret_why);
	if (r < 0)
		return r;
	if (input->network_config) {
		network_config = strdup(input->network_config);
		if (!network_config)
			return -ENOMEM;
	}
	*ret_user_data = take_ptr(user_data);
	*ret_meta_data = take_ptr(meta_data);
	*ret_network_config = take_ptr(network_config);
	return 0;
}

/* --- the ISO --- */

static int judge(const struct process_end *end, int target_fd, char **ret_why)
{
	_cleanup_free_ char *line = NULL;
	struct stat status;

	if (end->status == -ETIMEDOUT)
		*ret_why = text_format("cloud-init: genisoimage does not finish");
	if (end->status < 0)
		return end->status;
	if (end->status != 0) {
		line = end->status <= 128 ? process_end_last_line(end) : NULL;
		*ret_why = text_format("cloud-init: cannot make the seed: %s",
				       line ?: "genisoimage failed");
		return -EIO;
	}
	if (fstat(target_fd, &status) < 0)
		return -errno;
	if (status.st_size == 0) {
		*ret_why = text_format("cloud-init: genisoimage made nothing");
		return -EIO;
	}
	return 0;
}

/* Times are 1970's and the owner is root: the same texts give the same bytes. */
static int run_genisoimage(const struct process_mount *files, size_t file_count, int target_fd,
			   char **ret_why)
{
	static char *const argv[] = {
		"genisoimage", "-quiet",         "-input-charset", "iso8859-1",
		"-volid",      "cidata",         "-creation-date", "1",
		"-joliet",     "-rational-rock", "-no-pad",        "/",
		NULL,
	};
	_cleanup_(process_end_done) struct process_end end = {};
	struct image_child child;
	int r = 0;

	image_child_prepare(&child, image_child_get_paths()->genisoimage, ISO_BYTES_MAX, ISO_CPU_S);
	child.spec.argv = argv;
	child.spec.output = target_fd;
	child.spec.deadline_usec = ISO_USEC_MAX;
	child.root.mounts = files;
	child.root.mount_count = file_count;
	r = process_run(&child.spec, &end);
	if (r < 0) {
		*ret_why = text_format("cloud-init: genisoimage cannot be run: %s", strerror(-r));
		return r;
	}
	return judge(&end, target_fd, ret_why);
}

int seed_make(const struct seed_input *input, int target_fd, char **ret_why)
{
	_cleanup_free_ char *user_data = NULL, *meta_data = NULL, *network_config = NULL;
	int r = seed_texts(input, &user_data, &meta_data, &network_config, ret_why);

	if (r < 0)
		return r;
	if (lseek(target_fd, 0, SEEK_SET) < 0 || ftruncate(target_fd, 0) < 0)
		return -errno;
	r = run_genisoimage(
		(const struct process_mount[]){ { "/meta-data", .text = meta_data },
						{ "/user-data", .text = user_data },
						{ "/network-config", .text = network_config } },
		network_config ? 3 : 2, target_fd, ret_why);
	if (r < 0)
		(void)!ftruncate(target_fd, 0);
	return r;
}
