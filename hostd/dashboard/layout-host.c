// SPDX-License-Identifier: GPL-2.0-or-later
// The upper part of the page: how the host is reached, what it is, what is wrong.
#include <inttypes.h>
#include <string.h>

#include "layout-internal.h"

#define LABEL_COLUMN 2
#define VALUE_COLUMN 13
#define NETWORKS_MAX 4
#define BAR_COLUMNS 16
/* So long nobody needs to worry. */
#define DHCP_PATIENCE_S 5

static void put_label(struct canvas *canvas, int row, const char *label)
{
	(void)canvas_put(canvas, row, LABEL_COLUMN, VALUE_COLUMN - LABEL_COLUMN - 1, STYLE_DIM,
			 label);
}

static int put(struct canvas *canvas, int row, int column, enum canvas_style style,
	       const char *text)
{
	return column + canvas_put(canvas, row, column, canvas->columns - column - 1, style, text);
}

static void draw_up(const struct model_network *network, struct canvas *canvas, int row)
{
	int column = VALUE_COLUMN;
	_cleanup_free_ char *rest = NULL;

	if (!network->address) {
		(void)put(canvas, row, column, STYLE_NORMAL, "up, without an address of the host");
		return;
	}
	rest = text_format("%s%s%s%s", network->uplink ? "   on " : "",
			   network->uplink ? network->uplink : "",
			   network->gateway ? ", gateway " : "",
			   network->gateway ? network->gateway : "");
	column = put(canvas, row, column, STYLE_STRONG, network->address);
	column = put(canvas, row, column, STYLE_DIM, rest ? rest : "");
	if (network->more) {
		column = put(canvas, row, column + 3, STYLE_DIM, "also ");
		(void)put(canvas, row, column, STYLE_NORMAL, network->more);
	}
}

static void draw_waiting(const struct model_network *network, uint64_t now_usec,
			 struct canvas *canvas, int row)
{
	uint64_t waited_s =
		now_usec > network->since_usec ? (now_usec - network->since_usec) / 1000000 : 0;
	_cleanup_free_ char *text = NULL;

	text = text_format("waiting for DHCP on %s, %" PRIu64 " %s",
			   network->uplink ? network->uplink : "?",
			   waited_s < 120 ? waited_s : waited_s / 60, waited_s < 120 ? "s" : "min");
	int column =
		put(canvas, row, VALUE_COLUMN, STYLE_WARNING, text ? text : "waiting for DHCP");

	if (waited_s >= DHCP_PATIENCE_S)
		(void)put(canvas, row, column, STYLE_DIM, "   no answer: A sets an address");
}

static void draw_network(const struct model_network *network, const struct layout_time *now,
			 struct canvas *canvas, int row)
{
	_cleanup_free_ char *text = NULL;

	put_label(canvas, row, network->name);
	if (text_equal(network->phase, "up")) {
		draw_up(network, canvas, row);
	} else if (text_equal(network->phase, "waiting-for-dhcp")) {
		draw_waiting(network, now->boot_usec, canvas, row);
	} else if (text_equal(network->phase, "no-carrier")) {
		text = network->uplink ? text_format("no cable in %s: plug one in", network->uplink)
				       : strdup("no cable in any network card: plug one in");
		(void)put(canvas, row, VALUE_COLUMN, STYLE_BAD, text ? text : "no cable");
	} else if (text_equal(network->phase, "no-nic")) {
		(void)put(canvas, row, VALUE_COLUMN, STYLE_BAD,
			  "no wired network card found: N shows whether a driver is missing");
	} else {
		(void)put(canvas, row, VALUE_COLUMN, STYLE_NORMAL,
			  network->phase ? network->phase : "?");
	}
}

static int draw_networks(const struct model *model, const struct layout_time *now,
			 struct canvas *canvas, int row)
{
	size_t shown = model->network_count;

	if (shown > NETWORKS_MAX && canvas->rows < 40)
		shown = NETWORKS_MAX - 1;
	for (size_t i = 0; i < shown; i++)
		draw_network(&model->networks[i], now, canvas, row++);
	if (shown < model->network_count)
		(void)canvas_putf(canvas, row++, VALUE_COLUMN, canvas->columns - VALUE_COLUMN,
				  STYLE_DIM, "and %zu more networks", model->network_count - shown);
	if (model->network_count == 0) {
		put_label(canvas, row, "Network");
		(void)put(canvas, row++, VALUE_COLUMN, STYLE_BAD,
			  "none: the network could not be started, E shows why");
	}
	return row;
}

/* A bar of blocks; returns the column behind. */
static int draw_bar(struct canvas *canvas, int row, int column, uint64_t part, uint64_t whole)
{
	uint64_t filled = 0;
	enum canvas_style style = STYLE_GOOD;

	if (whole == 0)
		return column;
	filled = part > whole ? BAR_COLUMNS : part * BAR_COLUMNS / whole;
	if (part > 0 && filled == 0)
		filled = 1;
	if (filled * 10 > BAR_COLUMNS * 9)
		style = STYLE_BAD;
	else if (filled * 4 > BAR_COLUMNS * 3)
		style = STYLE_WARNING;
	canvas_fill(canvas, row, column, 1, BAR_COLUMNS, STYLE_DIM, U'·');
	canvas_fill(canvas, row, column, 1, (int)filled, style, U'■');
	return column + BAR_COLUMNS;
}

static void draw_cpu(const struct model *model, struct canvas *canvas, int row)
{
	_cleanup_free_ char *text = NULL;
	int column = VALUE_COLUMN;

	put_label(canvas, row, "Processor");
	if (model->cpu_percent != MODEL_UNKNOWN) {
		column = draw_bar(canvas, row, column, model->cpu_percent, 100);
		text = text_format("  %3" PRIu64 " %% of %" PRIu64 " x ", model->cpu_percent,
				   model->cpus);
	} else {
		text = text_format("%" PRIu64 " x ", model->cpus);
	}
	column = put(canvas, row, column, STYLE_NORMAL, text ? text : "");
	(void)put(canvas, row, column, STYLE_NORMAL,
		  model->cpu_model ? model->cpu_model : "unknown processor model");
}

static void draw_memory(const struct model *model, struct canvas *canvas, int row)
{
	char used[TEXT_BYTES_MAX], total[TEXT_BYTES_MAX], available[TEXT_BYTES_MAX];
	uint64_t taken = model->memory_total_bytes > model->memory_available_bytes
				 ? model->memory_total_bytes - model->memory_available_bytes
				 : 0;
	int column = draw_bar(canvas, row, VALUE_COLUMN, taken, model->memory_total_bytes);
	_cleanup_free_ char *text = NULL;

	put_label(canvas, row, "Memory");
	text = text_format("  %s of %s used, %s for guests", text_from_bytes(taken, used),
			   text_from_bytes(model->memory_total_bytes, total),
			   text_from_bytes(model->memory_available_bytes, available));
	(void)put(canvas, row, column, STYLE_NORMAL, text ? text : "");
}

static void draw_platform(const struct model *model, struct canvas *canvas, int row)
{
	const struct {
		const char *label, *value;
		enum canvas_style style;
	} parts[] = {
		{ NULL, model->kvm_usable ? model->kvm_state : "unusable",
		  model->kvm_usable ? STYLE_GOOD : STYLE_BAD },
		{ "Firmware", text_equal(model->firmware, "uefi") ? "UEFI" : "BIOS", STYLE_NORMAL },
		{ "Secure Boot", model->secure_boot ? model->secure_boot : "none",
		  text_equal(model->secure_boot, "on") ? STYLE_GOOD : STYLE_NORMAL },
		{ "TPM", model->tpm ? model->tpm : "none", STYLE_NORMAL },
	};
	int column = VALUE_COLUMN;

	put_label(canvas, row, "KVM");
	for (size_t i = 0; i < ELEMENTS(parts); i++) {
		if (parts[i].label) {
			column = put(canvas, row, column + 3, STYLE_DIM, parts[i].label);
			column++;
		}
		column = put(canvas, row, column, parts[i].style,
			     parts[i].value ? parts[i].value : "?");
	}
}

static void draw_storage(const struct model *model, struct canvas *canvas, int row)
{
	int column = VALUE_COLUMN;

	put_label(canvas, row, "Config");
	column = put(canvas, row, column, STYLE_NORMAL,
		     model->config_source ? model->config_source : "?");
	if (text_equal(model->config_source, "built-in"))
		column = put(canvas, row, column, STYLE_DIM, " (no volume MVIRT)");
	if (!model->data_volume)
		return;
	column = put(canvas, row, column + 3, STYLE_DIM, "Data volume");
	column = put(canvas, row, column + 1,
		     text_equal(model->data_volume, "failed") ? STYLE_BAD : STYLE_NORMAL,
		     model->data_volume);
	if (model->data_why) {
		column = put(canvas, row, column, STYLE_NORMAL, ": ");
		(void)put(canvas, row, column, STYLE_WARNING, model->data_why);
	}
}

int layout_host(const struct model *model, const struct layout_time *now, struct canvas *canvas,
		int row)
{
	row = draw_networks(model, now, canvas, row);
	draw_cpu(model, canvas, row++);
	draw_memory(model, canvas, row++);
	draw_platform(model, canvas, row++);
	draw_storage(model, canvas, row++);
	return row;
}

int layout_notices(const struct model *model, struct canvas *canvas, int row, int rows)
{
	const struct model_notices *lists[] = { &model->mistakes, &model->hardware,
						&model->devices };
	size_t total = 0, drawn = 0;

	for (size_t i = 0; i < ELEMENTS(lists); i++)
		total += lists[i]->count;
	for (size_t i = 0; i < ELEMENTS(lists); i++)
		for (size_t k = 0; k < lists[i]->count && rows > 0; k++) {
			const struct model_notice *notice = &lists[i]->items[k];

			if (rows == 1 && drawn + 1 < total) {
				(void)canvas_putf(canvas, row++, 0, canvas->columns, STYLE_WARNING,
						  "! %zu %snotices: N shows them", total - drawn,
						  drawn ? "more " : "");
				return row;
			}
			(void)canvas_putf(canvas, row++, 0, canvas->columns,
					  notice->level <= 3 ? STYLE_BAD : STYLE_WARNING, "! %s",
					  notice->text);
			drawn++;
			rows--;
		}
	return row;
}
