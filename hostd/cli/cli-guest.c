// SPDX-License-Identifier: GPL-2.0-or-later
// mvirt list, info: guests as tables.
#include <inttypes.h>
#include <string.h>

#include "cli.h"

/* "tcg" is shown with its warning wherever it is shown, also of a guest that only would use it. */
static char *accel_text(sd_json_variant *guest)
{
	const char *accel = cli_text(guest, "accel");
	sd_json_variant *isolation = sd_json_variant_by_key(guest, "isolation");

	if (text_equal(accel, "tcg") || (!accel && isolation && !cli_bool(guest, "isolation")))
		return text_format("tcg (no isolation)");
	return text_format("%s", accel ? accel : "-");
}

static char *uptime_text(sd_json_variant *guest)
{
	if (!sd_json_variant_by_key(guest, "uptimeUsec"))
		return text_format("-");
	return cli_duration(cli_unsigned(guest, "uptimeUsec"));
}

static const char *state_text(sd_json_variant *guest)
{
	return cli_bool(guest, "paused") ? "paused" : cli_text(guest, "state");
}

static bool is_kept(sd_json_variant *guest)
{
	return !sd_json_variant_by_key(guest, "kept") || cli_bool(guest, "kept");
}

/* What one has to know of a guest beyond the columns; "" for nothing, NULL without memory. Why it
 * does not run any more is info's to say. */
static char *note_text(sd_json_variant *guest)
{
	bool runs = sd_json_variant_by_key(guest, "pid") != NULL;
	const char *const notes[] = {
		is_kept(guest) ? NULL : "not kept",
		cli_text(guest, "waiting"),
		runs ? cli_text(guest, "reason") : NULL,
		cli_bool(guest, "nextStartDiffers") ? "changed, at its next start" : NULL,
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

/* What its definition gives a NIC, or else what it was seen to use; NULL for neither. */
static const char *nic_address(sd_json_variant *nic, size_t index)
{
	sd_json_variant *given = sd_json_variant_by_key(nic, "addresses");
	sd_json_variant *seen = sd_json_variant_by_key(nic, "seenAddresses");

	if (sd_json_variant_elements(given) > 0)
		seen = given;
	return index < sd_json_variant_elements(seen)
		       ? sd_json_variant_string(sd_json_variant_by_index(seen, index))
		       : NULL;
}

/* The first; "-" for none. */
static const char *address_text(sd_json_variant *guest)
{
	sd_json_variant *nics = sd_json_variant_by_key(guest, "nics");
	const char *address = NULL;

	for (size_t i = 0; !address && i < sd_json_variant_elements(nics); i++)
		address = nic_address(sd_json_variant_by_index(nics, i), 0);
	return address ? address : "-";
}

static void add_guest(struct cli_table *table, sd_json_variant *guest, bool with_note)
{
	char memory[TEXT_BYTES_MAX];

	cli_table_add(table, cli_text(guest, "name"));
	cli_table_add(table, state_text(guest));
	cli_table_add_consume(table, text_format("%" PRIu64, cli_unsigned(guest, "cpus")));
	cli_table_add(table, text_from_bytes(cli_unsigned(guest, "memoryBytes"), memory));
	cli_table_add_consume(table, accel_text(guest));
	cli_table_add_consume(table, uptime_text(guest));
	cli_table_add_consume(table, text_format("%" PRIu64, cli_unsigned(guest, "restarts")));
	cli_table_add(table, address_text(guest));
	if (with_note)
		cli_table_add_consume(table, note_text(guest));
}

/* The last column is there only when there is something in it. */
static int print_list(sd_json_variant *guests)
{
	static const char *const headings[] = { "NAME",   "STATE",    "CPU",     "MEMORY", "ACCEL",
						"UPTIME", "RESTARTS", "ADDRESS", "NOTE" };
	struct cli_table table = { .columns = ELEMENTS(headings) - 1 };
	bool with_note = false;

	for (size_t i = 0; i < sd_json_variant_elements(guests); i++)
		with_note = with_note || has_note(sd_json_variant_by_index(guests, i));
	table.columns += with_note;
	for (size_t i = 0; i < table.columns; i++)
		cli_table_add(&table, headings[i]);
	for (size_t i = 0; i < sd_json_variant_elements(guests); i++)
		add_guest(&table, sd_json_variant_by_index(guests, i), with_note);
	return cli_table_print(&table);
}

static int print_names(sd_json_variant *guests)
{
	for (size_t i = 0; i < sd_json_variant_elements(guests); i++) {
		const char *name = cli_text(sd_json_variant_by_index(guests, i), "name");

		cli_put(stdout, name ? name : "");
		(void)fputc('\n', stdout);
	}
	return 0;
}

int cli_list(const struct cli *cli)
{
	_cleanup_(sd_json_variant_unrefp) sd_json_variant *answer = NULL;
	sd_json_variant *guests = NULL;

	if (cli_ask(cli, "io.mvirt.Guest.List", &answer) < 0)
		return 1;
	if (cli->json)
		return cli_print_json(answer);
	guests = sd_json_variant_by_key(answer, "guests");
	if (cli->names_only)
		return print_names(guests);
	if (sd_json_variant_elements(guests) == 0) {
		(void)puts("no guests: mvirt create makes one, and mvirt.conf may have some");
		return 0;
	}
	return print_list(guests);
}

static void add_field(struct cli_table *table, const char *label, char *text_consume)
{
	cli_table_add(table, label);
	cli_table_add_consume(table, text_consume);
}

static void add_text(struct cli_table *table, const char *label, const char *text)
{
	if (text)
		add_field(table, label, strdup(text));
}

static void add_disks(struct cli_table *table, sd_json_variant *disks)
{
	for (size_t i = 0; i < sd_json_variant_elements(disks); i++) {
		sd_json_variant *disk = sd_json_variant_by_index(disks, i);
		const char *serial = cli_text(disk, "serial");
		const char *what = cli_text(disk, "file");

		if (!what)
			what = cli_text(disk, "device");
		add_field(table, "disk",
			  text_format("%s, %s, %s%s%s%s", what ? what : "?",
				      cli_text(disk, "format"), cli_text(disk, "bus"),
				      cli_bool(disk, "readonly") ? ", read-only" : "",
				      serial ? ", serial " : "", serial ? serial : ""));
	}
}

static void add_cdroms(struct cli_table *table, sd_json_variant *cdroms)
{
	for (size_t i = 0; i < sd_json_variant_elements(cdroms); i++) {
		const char *file = cli_text(sd_json_variant_by_index(cdroms, i), "file");

		add_field(table, "cdrom", text_format("%zu: %s", i, file ? file : "empty"));
	}
}

static void add_nics(struct cli_table *table, sd_json_variant *nics)
{
	for (size_t i = 0; i < sd_json_variant_elements(nics); i++) {
		sd_json_variant *nic = sd_json_variant_by_index(nics, i);
		const char *network = cli_text(nic, "network");

		add_field(table, "nic",
			  text_format("%s, %s, %s", cli_text(nic, "mac"), cli_text(nic, "model"),
				      network ? network : "user (translated by QEMU)"));
		for (size_t k = 0; nic_address(nic, k); k++)
			add_text(table, "address", nic_address(nic, k));
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
		{ "record", "nowhere any more: it goes on until it ends" },
	};

	for (size_t i = 0; i < ELEMENTS(table); i++)
		if (text_equal(cli_text(guest, "origin"), table[i].origin))
			return table[i].text;
	return cli_text(guest, "origin");
}

static void add_life(struct cli_table *table, sd_json_variant *guest)
{
	add_text(table, "name", cli_text(guest, "name"));
	add_text(table, "state", state_text(guest));
	add_text(table, "waiting", cli_text(guest, "waiting"));
	add_text(table, "reason", cli_text(guest, "reason"));
	add_field(table, "accel", accel_text(guest));
	add_field(table, "uptime", uptime_text(guest));
	if (cli_unsigned(guest, "pid") > 0)
		add_field(table, "pid", text_format("%" PRIu64, cli_unsigned(guest, "pid")));
	add_field(table, "restarts", text_format("%" PRIu64, cli_unsigned(guest, "restarts")));
	add_text(table, "defined in", origin_text(guest));
	if (cli_bool(guest, "nextStartDiffers"))
		add_text(table, "changed", "what follows counts at its next start");
}

static void add_machine(struct cli_table *table, sd_json_variant *guest)
{
	const char *firmware = cli_text(guest, "firmware"), *display = cli_text(guest, "display");
	char memory[TEXT_BYTES_MAX];

	add_field(table, "machine",
		  text_format("%s%s%s", cli_text(guest, "machine"), firmware ? ", " : "",
			      firmware ? firmware : ""));
	add_field(table, "cpus",
		  text_format("%" PRIu64 ", %s", cli_unsigned(guest, "cpus"),
			      cli_text(guest, "cpu") ? cli_text(guest, "cpu") : "host"));
	add_text(table, "memory", text_from_bytes(cli_unsigned(guest, "memoryBytes"), memory));
	add_text(table, "display", text_equal(display, "none") ? NULL : display);
	add_text(table, "kernel", cli_text(guest, "kernel"));
	add_text(table, "initrd", cli_text(guest, "initrd"));
	add_text(table, "cmdline", cli_text(guest, "cmdline"));
}

static void add_after(struct cli_table *table, sd_json_variant *after)
{
	for (size_t i = 0; after && i < sd_json_variant_elements(after); i++)
		add_text(table, "after",
			 sd_json_variant_string(sd_json_variant_by_index(after, i)));
}

static int print_guest(sd_json_variant *guest)
{
	struct cli_table table = { .columns = 2 };

	add_life(&table, guest);
	add_machine(&table, guest);
	add_disks(&table, sd_json_variant_by_key(guest, "disks"));
	if (sd_json_variant_by_key(guest, "cdroms"))
		add_cdroms(&table, sd_json_variant_by_key(guest, "cdroms"));
	add_nics(&table, sd_json_variant_by_key(guest, "nics"));
	if (cli_bool(guest, "cloudInit"))
		add_text(&table, "cloud-init", "yes");
	add_text(&table, "autostart", cli_bool(guest, "autostart") ? "yes" : "no");
	add_after(&table, sd_json_variant_by_key(guest, "after"));
	add_text(&table, "restart", cli_text(guest, "restart"));
	return cli_table_print(&table);
}

int cli_info(const struct cli *cli)
{
	_cleanup_(sd_varlink_unrefp) sd_varlink *link = NULL;
	sd_json_variant *answer = NULL;

	if (cli_connect(cli, &link) < 0 ||
	    cli_call_guest(link, "io.mvirt.Guest.Get", cli->names[0], &answer) < 0)
		return 1;
	if (cli->json)
		return cli_print_json(answer);
	return print_guest(sd_json_variant_by_key(answer, "guest"));
}
