// SPDX-License-Identifier: GPL-2.0-or-later
// mvirt create, delete, rename, set, definition, medium: what guests there are, and what they are.
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>

#include "base/file.h"
#include "cli.h"

#define DEFINITION_BYTES_MAX (256UL * 1024)

/* Returns 0, or -errno after having said why. */
static int read_definition(const char *path, char **ret_text)
{
	int r = file_read(AT_FDCWD, path, DEFINITION_BYTES_MAX, ret_text, NULL);

	if (r < 0)
		cli_error("%s: %s", path, strerror(-r));
	return r;
}

/* "KEY=VALUE" arguments to the end of an array of changes (NULL: none yet). Returns 0, or -errno
 * after having said why. */
static int add_changes(char *const *arguments, int count, sd_json_variant **changes)
{
	int r = 0;

	for (int i = 0; r >= 0 && i < count; i++) {
		const char *equals = strchr(arguments[i], '=');
		_cleanup_free_ char *key = NULL;

		if (!equals || equals == arguments[i]) {
			cli_error("%s is not KEY=VALUE", arguments[i]);
			return -EINVAL;
		}
		key = strndup(arguments[i], (size_t)(equals - arguments[i]));
		if (!key)
			return cli_tell_parameters(-ENOMEM);
		r = sd_json_variant_append_arraybo(changes, SD_JSON_BUILD_PAIR_STRING("key", key),
						   SD_JSON_BUILD_PAIR_STRING("value", equals + 1));
	}
	return cli_tell_parameters(r);
}

/* --- create --- */

/* "FILE" or "FILE=NAME": both are new strings. Returns 0 or -ENOMEM. */
static int split_import(const char *import, char **ret_path, char **ret_name)
{
	const char *equals = strrchr(import, '='), *slash = NULL;
	_cleanup_free_ char *path = NULL, *name = NULL;

	path = equals ? strndup(import, (size_t)(equals - import)) : strdup(import);
	slash = path ? strrchr(path, '/') : NULL;
	name = equals ? strdup(equals + 1) : strdup(slash ? slash + 1 : import);
	if (!path || !name)
		return -ENOMEM;
	*ret_path = take_ptr(path);
	*ret_name = take_ptr(name);
	return 0;
}

/* Opens the files and puts them into the message that comes next. 0, or -errno after having said
 * why. */
static int push_imports(const struct cli *cli, sd_varlink *varlink, sd_json_variant **ret_files)
{
	_cleanup_(sd_json_variant_unrefp) sd_json_variant *files = NULL;
	int r = sd_json_variant_new_array(&files, NULL, 0);

	for (size_t i = 0; r >= 0 && i < cli->import_count; i++) {
		_cleanup_free_ char *path = NULL, *name = NULL;
		_cleanup_fd_ int fd = -EBADF;
		int index = 0;

		r = split_import(cli->imports[i], &path, &name);
		if (r < 0)
			break;
		fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd < 0) {
			cli_error("%s: %s", path, strerror(errno));
			return -errno;
		}
		index = sd_varlink_push_fd(varlink, fd);
		if (index < 0)
			return cli_tell_parameters(index);
		(void)take_fd(&fd);
		r = sd_json_variant_append_arraybo(&files, SD_JSON_BUILD_PAIR_STRING("name", name),
						   SD_JSON_BUILD_PAIR_INTEGER("fileDescriptor",
									      index));
	}
	if (r < 0)
		return cli_tell_parameters(r);
	*ret_files = take_ptr(files);
	return 0;
}

static int build_creation(const struct cli *cli, sd_varlink *varlink,
			  sd_json_variant **ret_parameters)
{
	_cleanup_(sd_json_variant_unrefp) sd_json_variant *changes = NULL, *files = NULL;
	_cleanup_free_ char *definition = NULL;
	int r = sd_json_variant_new_array(&changes, NULL, 0);

	if (r < 0)
		return cli_tell_parameters(r);
	r = add_changes(cli->names + 1, cli->name_count - 1, &changes);
	if (r >= 0)
		r = add_changes(cli->sets, cli->set_count, &changes);
	if (r >= 0 && cli->conf)
		r = read_definition(cli->conf, &definition);
	if (r >= 0)
		r = push_imports(cli, varlink, &files);
	if (r < 0)
		return r;
	return cli_tell_parameters(
		sd_json_buildo(ret_parameters, SD_JSON_BUILD_PAIR_STRING("name", cli->names[0]),
			       SD_JSON_BUILD_PAIR_CONDITION(!!definition, "definition",
							    SD_JSON_BUILD_STRING(definition)),
			       SD_JSON_BUILD_PAIR_VARIANT("changes", changes),
			       SD_JSON_BUILD_PAIR_VARIANT("files", files),
			       SD_JSON_BUILD_PAIR_BOOLEAN("wait", false)));
}

static int print_created(const struct cli *cli, sd_json_variant *answer)
{
	if (cli->json)
		return cli_print_json(answer);
	if (json_is_false(json_member(answer, "guest"), "kept"))
		(void)printf("guest %s is not kept: there is no data volume\n", cli->names[0]);
	return 0;
}

/* The job copies the files, if need be without this program: what it has made is asked for then. */
static int wait_for_creation(const struct cli *cli, uint64_t job)
{
	_cleanup_(sd_json_variant_unrefp) sd_json_variant *answer = NULL;
	int status = cli_wait_for_job(cli, job);

	if (status != 0 || cli_ask_guest(cli, "io.mvirt.Guest.Get", &answer) < 0)
		return 1;
	return print_created(cli, answer);
}

int cli_create(const struct cli *cli)
{
	_cleanup_(sd_varlink_unrefp) sd_varlink *varlink = NULL;
	_cleanup_(sd_json_variant_unrefp) sd_json_variant *parameters = NULL;
	sd_json_variant *answer = NULL;
	uint64_t job = 0;

	if (cli_connect(cli, &varlink) < 0)
		return 1;
	(void)sd_varlink_set_allow_fd_passing_output(varlink, true);
	(void)sd_varlink_set_relative_timeout(varlink, UINT64_MAX);
	if (build_creation(cli, varlink, &parameters) < 0 ||
	    cli_call(varlink, "io.mvirt.Guest.Create", parameters, &answer) < 0)
		return 1;
	job = json_unsigned(answer, "job");
	if (job > 0 && !cli->no_wait)
		return wait_for_creation(cli, job);
	if (job > 0 && !cli->json)
		return printf("job %" PRIu64 "\n", job) < 0;
	return print_created(cli, answer);
}

/* --- set --- */

static void print_effect(const char *key, const char *effect)
{
	client_put(stdout, key);
	(void)printf(": %s\n", text_equal(effect, "now") ? "now" : "at the next start");
}

static int replace(const struct cli *cli)
{
	_cleanup_(sd_json_variant_unrefp) sd_json_variant *parameters = NULL, *answer = NULL;
	_cleanup_free_ char *definition = NULL;

	if (read_definition(cli->conf, &definition) < 0 ||
	    cli_tell_parameters(
		    sd_json_buildo(&parameters, SD_JSON_BUILD_PAIR_STRING("name", cli->names[0]),
				   SD_JSON_BUILD_PAIR_STRING("definition", definition))) < 0 ||
	    cli_ask(cli, "io.mvirt.Guest.Replace", parameters, &answer) < 0)
		return 1;
	if (cli->json)
		return cli_print_json(answer);
	print_effect("definition", json_text(answer, "effect"));
	return 0;
}

int cli_set(const struct cli *cli)
{
	_cleanup_(sd_json_variant_unrefp) sd_json_variant *parameters = NULL, *changes = NULL,
							  *answer = NULL;
	sd_json_variant *change = NULL;

	if (cli->conf ? cli->name_count > 1 : cli->name_count < 2) {
		cli_error("set takes either KEY=VALUE… or --conf FILE");
		return CLI_USAGE;
	}
	if (cli->conf)
		return replace(cli);
	if (add_changes(cli->names + 1, cli->name_count - 1, &changes) < 0)
		return CLI_USAGE;
	if (cli_tell_parameters(
		    sd_json_buildo(&parameters, SD_JSON_BUILD_PAIR_STRING("name", cli->names[0]),
				   SD_JSON_BUILD_PAIR_VARIANT("changes", changes))) < 0 ||
	    cli_ask(cli, "io.mvirt.Guest.Set", parameters, &answer) < 0)
		return 1;
	if (cli->json)
		return cli_print_json(answer);
	for (size_t i = 0; (change = json_element(answer, "changes", i)); i++) {
		const char *key = json_text(change, "key");

		print_effect(key ? key : "?", json_text(change, "effect"));
	}
	return 0;
}

/* --- the others --- */

int cli_definition(const struct cli *cli)
{
	_cleanup_(sd_json_variant_unrefp) sd_json_variant *answer = NULL;
	const char *text = NULL;

	if (cli_ask_guest(cli, "io.mvirt.Guest.Definition", &answer) < 0)
		return 1;
	if (cli->json)
		return cli_print_json(answer);
	text = json_text(answer, "text");
	client_put_lines(stdout, text ? text : "");
	return 0;
}

int cli_delete(const struct cli *cli)
{
	_cleanup_(sd_varlink_unrefp) sd_varlink *varlink = NULL;
	int status = 0;

	if (cli_connect(cli, &varlink) < 0)
		return 1;
	for (int i = 0; i < cli->name_count; i++) {
		_cleanup_(sd_json_variant_unrefp) sd_json_variant *parameters = NULL;
		sd_json_variant *answer = NULL;
		int r = cli_tell_parameters(sd_json_buildo(
			&parameters, SD_JSON_BUILD_PAIR_STRING("name", cli->names[i]),
			SD_JSON_BUILD_PAIR_BOOLEAN("withDisks", cli->with_disks)));

		if (r >= 0)
			r = cli_call(varlink, "io.mvirt.Guest.Delete", parameters, &answer);
		if (r < 0)
			status = 1;
		else if (cli->json)
			(void)cli_print_json(answer);
	}
	return status;
}

int cli_rename(const struct cli *cli)
{
	_cleanup_(sd_json_variant_unrefp) sd_json_variant *parameters = NULL;
	int r = sd_json_buildo(&parameters, SD_JSON_BUILD_PAIR_STRING("name", cli->names[0]),
			       SD_JSON_BUILD_PAIR_STRING("newName", cli->names[1]));

	return cli_tell_parameters(r) < 0 ? 1
					  : cli_request(cli, "io.mvirt.Guest.Rename", parameters);
}

int cli_medium(const struct cli *cli)
{
	_cleanup_(sd_json_variant_unrefp) sd_json_variant *parameters = NULL;
	const char *drive = cli->names[1];
	char *end = NULL;
	unsigned long number = strtoul(drive, &end, 10);
	bool is_number = *drive >= '0' && *drive <= '9' && !*end && number <= UINT32_MAX;
	int r = 0;

	if (!is_number || (cli->name_count == 3) == cli->eject) {
		cli_error("medium takes the number of a drive (the first is 0), and a FILE or "
			  "--eject");
		return CLI_USAGE;
	}
	r = sd_json_buildo(
		&parameters, SD_JSON_BUILD_PAIR_STRING("name", cli->names[0]),
		SD_JSON_BUILD_PAIR_UNSIGNED("drive", number),
		SD_JSON_BUILD_PAIR_CONDITION(!cli->eject, "file",
					     SD_JSON_BUILD_STRING(cli->eject ? "" : cli->names[2])),
		SD_JSON_BUILD_PAIR_CONDITION(cli->force, "force", SD_JSON_BUILD_BOOLEAN(true)));
	return cli_tell_parameters(r) < 0 ? 1
					  : cli_request(cli, "io.mvirt.Guest.Medium", parameters);
}
