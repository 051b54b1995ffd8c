// SPDX-License-Identifier: GPL-2.0-or-later
// mvirt list, info: guests as tables.
#include <inttypes.h>
#include <string.h>

#include "cli.h"

static const char *accel_text(sd_json_variant *guest)
{
	const char *accel = json_text(guest, "accel");

	if (text_equal(accel, "tcg") || (!accel && json_is_false(guest, "isolation")))
		return "tcg (no isolation)";
	return accel;
}

/* NULL: it does not run. */
static const char *uptime_text(sd_json_variant *guest, char text[static CLIENT_DURATION_MAX])
{
	uint64_t usec = json_unsigned_or(guest, "uptimeUsec", UINT64_MAX);

	return usec == UINT64_MAX ? NULL : client_duration(usec, true, text);
}

const char *cli_guest_label(sd_json_variant *guest)
{
	static const char *const labels[2][2] = {
		{ "", "no isolation" },
		{ "not kept", "not kept, no isolation" },
	};

	return labels[json_is_false(guest, "kept")][json_is_false(guest, "isolation")];
}

/* What one has to know of a guest beyond the columns; "" for nothing, NULL without memory. Why it
 * does not run any more is info's to say. */
static char *note_text(sd_json_variant *guest)
{
	const char *const notes[] = {
		json_is_false(guest, "kept") ? "not kept" : NULL,
		json_text(guest, "waiting"),
		json_unsigned(guest, "pid") > 0 ? json_text(guest, "reason") : NULL,
		json_bool(guest, "nextStartDiffers") ? "changed, at its next start" : NULL,
	};
	char *text = strdup("");

	for (size_t i = 0; text && i < ELEMENTS(notes); i++) {
		_cleanup_free_ char *before = text;

		text = notes[i] ? text_format("%s%s%s", before, *before ? ", " : "", notes[i])
				: take_ptr(before);
	}
	return text;
}

static bool has_note(sd_json_variant *guest)
{
	_cleanup_free_ char *note = note_text(guest);

	return note && *note;
}

static void add_guest(struct client_table *table, sd_json_variant *guest, bool with_note)
{
	char memory[TEXT_BYTES_MAX], uptime[CLIENT_DURATION_MAX];

	client_table_add_cells(table, json_text(guest, "name"), client_guest_state(guest));
	client_table_addf(table, "%" PRIu64, json_unsigned(guest, "cpus"));
	client_table_add_cells(table, text_from_bytes(json_unsigned(guest, "memoryBytes"), memory),
			       accel_text(guest), uptime_text(guest, uptime));
	client_table_addf(table, "%" PRIu64, json_unsigned(guest, "restarts"));
	client_table_add(table, client_guest_address(guest));
	if (with_note)
		client_table_add_consume(table, note_text(guest));
}

/* The last column is there only when there is something in it. */
static int print_list(sd_json_variant *answer)
{
	struct client_table table = { .columns = 8 };
	sd_json_variant *guest = NULL;
	bool with_note = false;

	for (size_t i = 0; (guest = json_element(answer, "guests", i)); i++)
		with_note = with_note || has_note(guest);
	client_table_add_cells(&table, "NAME", "STATE", "CPU", "MEMORY", "ACCEL", "UPTIME",
			       "RESTARTS", "ADDRESS");
	if (with_note) {
		table.columns++;
		client_table_add(&table, "NOTE");
	}
	for (size_t i = 0; (guest = json_element(answer, "guests", i)); i++)
		add_guest(&table, guest, with_note);
	return cli_table_print(&table);
}

static int print_names(sd_json_variant *answer)
{
	sd_json_variant *guest = NULL;

	for (size_t i = 0; (guest = json_element(answer, "guests", i)); i++) {
		const char *name = json_text(guest, "name");

		client_put(stdout, name ? name : "");
		(void)fputc('\n', stdout);
	}
	return 0;
}

int cli_list(const struct cli *cli)
{
	_cleanup_(sd_json_variant_unrefp) sd_json_variant *answer = NULL;

	if (cli_ask(cli, "io.mvirt.Guest.List", NULL, &answer) < 0)
		return 1;
	if (cli->json)
		return cli_print_json(answer);
	if (cli->names_only)
		return print_names(answer);
	if (!json_element(answer, "guests", 0)) {
		(void)puts("no guests: create one with mvirt create, or define it in mvirt.conf");
		return 0;
	}
	return print_list(answer);
}

static void add_text(struct client_table *table, const char *label, const char *text)
{
	if (text)
		client_table_add_cells(table, label, text);
}

static void add_number(struct client_table *table, const char *label, uint64_t number)
{
	client_table_add(table, label);
	client_table_addf(table, "%" PRIu64, number);
}

static void add_disks(struct client_table *table, sd_json_variant *guest)
{
	sd_json_variant *disk = NULL;

	for (size_t i = 0; (disk = json_element(guest, "disks", i)); i++) {
		const char *serial = json_text(disk, "serial"), *what = json_text(disk, "file");

		if (!what)
			what = json_text(disk, "device");
		client_table_add(table, "disk");
		client_table_addf(table, "%s, %s, %s%s%s%s", what ? what : "?",
				  json_text(disk, "format"), json_text(disk, "bus"),
				  json_bool(disk, "readonly") ? ", read-only" : "",
				  serial ? ", serial " : "", serial ? serial : "");
	}
}

static void add_cdroms(struct client_table *table, sd_json_variant *guest)
{
	sd_json_variant *cdrom = NULL;

	for (size_t i = 0; (cdrom = json_element(guest, "cdroms", i)); i++) {
		const char *file = json_text(cdrom, "file");

		client_table_add(table, "cdrom");
		client_table_addf(table, "%zu: %s", i, file ? file : "empty");
	}
}

static void add_nics(struct client_table *table, sd_json_variant *guest)
{
	sd_json_variant *nic = NULL;

	for (size_t i = 0; (nic = json_element(guest, "nics", i)); i++) {
		const char *network = json_text(nic, "network");

		client_table_add(table, "nic");
		client_table_addf(table, "%s, %s, %s", json_text(nic, "mac"),
				  json_text(nic, "model"),
				  network ? network : "user (translated by QEMU)");
		for (size_t k = 0; client_nic_address(nic, k); k++)
			add_text(table, "address", client_nic_address(nic, k));
	}
}

static const char *origin_text(sd_json_variant *guest)
{
	static const struct {
		const char *origin, *text;
	} table[] = {
		{ "config", "mvirt.conf" },
		{ "data", "the data volume" },
		{ "memory", "memory: not kept, there is no data volume" },
		{ "record", "no longer defined; runs until it stops" },
	};

	for (size_t i = 0; i < ELEMENTS(table); i++)
		if (text_equal(json_text(guest, "origin"), table[i].origin))
			return table[i].text;
	return json_text(guest, "origin");
}

static void add_life(struct client_table *table, sd_json_variant *guest)
{
	char text[CLIENT_DURATION_MAX];

	add_text(table, "name", json_text(guest, "name"));
	add_text(table, "comment", json_text(guest, "comment"));
	add_text(table, "state", client_guest_state(guest));
	add_text(table, "waiting", json_text(guest, "waiting"));
	add_text(table, "reason", json_text(guest, "reason"));
	client_table_add_cells(table, "accel", accel_text(guest), "uptime",
			       uptime_text(guest, text));
	if (json_unsigned(guest, "pid") > 0)
		add_number(table, "pid", json_unsigned(guest, "pid"));
	add_number(table, "restarts", json_unsigned(guest, "restarts"));
	add_text(table, "defined in", origin_text(guest));
	if (json_bool(guest, "nextStartDiffers"))
		add_text(table, "changed", "the values below apply at its next start");
}

static void add_machine(struct client_table *table, sd_json_variant *guest)
{
	const char *firmware = json_text(guest, "firmware"), *cpu = json_text(guest, "cpu");
	const char *display = json_text(guest, "display");
	char memory[TEXT_BYTES_MAX];

	client_table_add(table, "machine");
	client_table_addf(table, "%s%s%s", json_text(guest, "machine"), firmware ? ", " : "",
			  firmware ? firmware : "");
	client_table_add(table, "cpus");
	client_table_addf(table, "%" PRIu64 ", %s", json_unsigned(guest, "cpus"),
			  cpu ? cpu : "host");
	add_text(table, "memory", text_from_bytes(json_unsigned(guest, "memoryBytes"), memory));
	add_text(table, "display", text_equal(display, "none") ? NULL : display);
	add_text(table, "kernel", json_text(guest, "kernel"));
	add_text(table, "initrd", json_text(guest, "initrd"));
	add_text(table, "cmdline", json_text(guest, "cmdline"));
}

static int print_guest(sd_json_variant *guest)
{
	struct client_table table = { .columns = 2 };

	add_life(&table, guest);
	add_machine(&table, guest);
	add_disks(&table, guest);
	add_cdroms(&table, guest);
	add_nics(&table, guest);
	if (json_bool(guest, "cloudInit"))
		add_text(&table, "cloud-init", "yes");
	add_text(&table, "autostart", json_bool(guest, "autostart") ? "yes" : "no");
	for (size_t i = 0; json_element(guest, "after", i); i++)
		add_text(&table, "after", json_element_text(guest, "after", i));
	add_text(&table, "restart", json_text(guest, "restart"));
	return cli_table_print(&table);
}

int cli_info(const struct cli *cli)
{
	_cleanup_(sd_json_variant_unrefp) sd_json_variant *answer = NULL;

	if (cli_ask_guest(cli, "io.mvirt.Guest.Get", &answer) < 0)
		return 1;
	return cli->json ? cli_print_json(answer) : print_guest(json_member(answer, "guest"));
}
