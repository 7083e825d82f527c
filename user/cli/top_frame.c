// SPDX-License-Identifier: GPL-2.0-or-later
/* The live view as lines of text. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include "columns.h"
#include "frame.h"
#include "top.h"

/* ---- cells --------------------------------------------------------------- */

static void put_text(char *cell, const char *text)
{
	snprintf(cell, CELL_MAX, "%s", text);
}

static void put_count(char *cell, uint64_t count)
{
	if (count < 1000000)
		snprintf(cell, CELL_MAX, "%" PRIu64, count);
	else if (count < 1000000000)
		snprintf(cell, CELL_MAX, "%.1fM", count / 1e6);
	else
		snprintf(cell, CELL_MAX, "%.1fG", count / 1e9);
}

static void put_time(char *cell, const struct flow *flow, uint64_t ns)
{
	if (flow->measured)
		kcopy_format_time(ns, cell);
	else
		put_text(cell, "-");
}

/* With a mark if there were more of them in the interval. */
static void put_errors(char *cell, const struct flow *flow)
{
	put_count(cell, flow->errors);
	if (flow->errors_new)
		strcat(cell, "+");
}

static void put_number(const void *row, char cell[CELL_MAX])
{
	const struct top_row *r = row;

	snprintf(cell, CELL_MAX, "%s%" PRIu64, r->client ? "c" : "", r->number);
}

static void put_region(const void *row, char cell[CELL_MAX])
{
	const struct top_row *r = row;

	if (r->client)
		put_text(cell, "-");
	else
		put_count(cell, r->region);
}

static void put_state(const void *row, char cell[CELL_MAX])
{
	const struct top_row *r = row;
	const char *state = kcopy_state_string(r->state);

	/* The letters that the help explains: the first ones, in capitals. */
	snprintf(cell, CELL_MAX, "%c", r->client ? '-' : *state - 'a' + 'A');
}

static void put_row_device(const void *row, char cell[CELL_MAX])
{
	const struct top_row *r = row;

	put_text(cell, r->client ? "small jobs" : r->device);
}

/* Rounded down: all is 100 % and nothing else. */
static void put_done(const void *row, char cell[CELL_MAX])
{
	const struct top_row *r = row;
	unsigned int tenths;

	if (!r->size) {
		put_text(cell, "-");
	} else if (r->flow.bytes >= r->size) {
		put_text(cell, "100%");
	} else {
		tenths = (__uint128_t)r->flow.bytes * 1000 / r->size;
		snprintf(cell, CELL_MAX, "%u.%u%%", tenths / 10, tenths % 10);
	}
}

static void put_row_in_flight(const void *row, char cell[CELL_MAX])
{
	const struct top_row *r = row;

	if (r->client)
		put_text(cell, "-");
	else
		put_count(cell, r->in_flight);
}

static void put_row_rate(const void *row, char cell[CELL_MAX])
{
	kcopy_format_rate(((const struct top_row *)row)->flow.rate, cell);
}

static void put_row_requests(const void *row, char cell[CELL_MAX])
{
	put_count(cell, ((const struct top_row *)row)->flow.requests_rate);
}

static void put_row_p50(const void *row, char cell[CELL_MAX])
{
	const struct flow *flow = &((const struct top_row *)row)->flow;

	put_time(cell, flow, flow->p50_ns);
}

static void put_row_p99(const void *row, char cell[CELL_MAX])
{
	const struct flow *flow = &((const struct top_row *)row)->flow;

	put_time(cell, flow, flow->p99_ns);
}

static void put_row_errors(const void *row, char cell[CELL_MAX])
{
	put_errors(cell, &((const struct top_row *)row)->flow);
}

static void put_row_queue(const void *row, char cell[CELL_MAX])
{
	const struct top_row *r = row;

	if (r->client)
		put_text(cell, "-");
	else
		put_time(cell, &r->flow, r->flow.queue_ns);
}

static void put_row_bytes(const void *row, char cell[CELL_MAX])
{
	kcopy_format_size(((const struct top_row *)row)->flow.bytes, cell);
}

static void put_device(const void *row, char cell[CELL_MAX])
{
	put_text(cell, ((const struct top_device *)row)->device);
}

static void put_read_rate(const void *row, char cell[CELL_MAX])
{
	kcopy_format_size(((const struct top_device *)row)->read.rate, cell);
}

static void put_read_p50(const void *row, char cell[CELL_MAX])
{
	const struct flow *flow = &((const struct top_device *)row)->read;

	put_time(cell, flow, flow->p50_ns);
}

static void put_read_p99(const void *row, char cell[CELL_MAX])
{
	const struct flow *flow = &((const struct top_device *)row)->read;

	put_time(cell, flow, flow->p99_ns);
}

static void put_write_rate(const void *row, char cell[CELL_MAX])
{
	kcopy_format_size(((const struct top_device *)row)->write.rate, cell);
}

static void put_write_p50(const void *row, char cell[CELL_MAX])
{
	const struct flow *flow = &((const struct top_device *)row)->write;

	put_time(cell, flow, flow->p50_ns);
}

static void put_write_p99(const void *row, char cell[CELL_MAX])
{
	const struct flow *flow = &((const struct top_device *)row)->write;

	put_time(cell, flow, flow->p99_ns);
}

static void put_device_requests(const void *row, char cell[CELL_MAX])
{
	put_count(cell, ((const struct top_device *)row)->all.requests_rate);
}

static void put_device_in_flight(const void *row, char cell[CELL_MAX])
{
	put_count(cell, ((const struct top_device *)row)->in_flight);
}

static void put_device_errors(const void *row, char cell[CELL_MAX])
{
	put_errors(cell, &((const struct top_device *)row)->all);
}

static void put_device_queue(const void *row, char cell[CELL_MAX])
{
	const struct flow *flow = &((const struct top_device *)row)->all;

	put_time(cell, flow, flow->queue_ns);
}

/* ---- tables -------------------------------------------------------------- */

static const struct column row_columns[] = {
	{ "JOB", 6, .put = put_number },
	{ "REG", 3, .put = put_region },
	{ "S", 1, .put = put_state },
	{ "DEVICE", 12, .put = put_row_device, .left = true, .spare = true },
	{ "DONE", 6, .put = put_done },
	{ "RATE", 10, .put = put_row_rate },
	{ "REQ/S", 6, .put = put_row_requests },
	{ "INFL", 4, .put = put_row_in_flight },
	{ "P50", 7, .put = put_row_p50 },
	{ "P99", 7, .put = put_row_p99 },
	{ "ERRORS", 7, .put = put_row_errors },
	{ "QUEUE", 7, .put = put_row_queue, .extra = true },
	{ "BYTES", 8, .put = put_row_bytes, .extra = true },
};

static const struct column device_columns[] = {
	{ "DEVICE", 10, .put = put_device, .left = true, .spare = true },
	{ "READ/S", 8, .put = put_read_rate },
	{ "P50", 7, .put = put_read_p50 },
	{ "P99", 7, .put = put_read_p99 },
	{ "WRITE/S", 8, .put = put_write_rate },
	{ "P50", 7, .put = put_write_p50 },
	{ "P99", 7, .put = put_write_p99 },
	{ "REQ/S", 5, .put = put_device_requests },
	{ "INFL", 4, .put = put_device_in_flight },
	{ "ERRORS", 7, .put = put_device_errors },
	{ "QUEUE", 7, .put = put_device_queue, .extra = true },
};

#define NR(array) (sizeof(array) / sizeof(*(array)))

static bool is_alert(const struct top_model *model, bool devices, size_t row)
{
	return devices ? model->devices[row].all.errors_new :
			 model->rows[row].flow.errors_new;
}

static void add_table(struct frame *frame, const struct top_model *model,
		      const struct top_look *look)
{
	struct columns table = { row_columns,
				 NR(row_columns),
				 {},
				 (const char *)model->rows,
				 model->nr_rows,
				 sizeof(*model->rows) };
	size_t i;

	if (look->devices)
		table = (struct columns){ device_columns,
					  NR(device_columns),
					  {},
					  (const char *)model->devices,
					  model->nr_devices,
					  sizeof(*model->devices) };
	columns_fit(&table, frame->width);
	columns_heading(&table, frame);
	if (look->first >= table.nr_rows)
		frame_add(frame, FRAME_PLAIN, "%s",
			  look->all ? "nothing has been seen yet" :
				      "nothing is going on");
	for (i = look->first; i < table.nr_rows; i++) {
		if (frame_room(frame) == 1 && i + 1 < table.nr_rows) {
			frame_add(frame, FRAME_TITLE,
				  "%zu more below (arrow keys)",
				  table.nr_rows - i);
			break;
		}
		columns_row(&table, i,
			    is_alert(model, look->devices, i) ? FRAME_ALERT :
								FRAME_PLAIN,
			    frame);
	}
}

/* ---- the frame ----------------------------------------------------------- */

static void add_totals(struct frame *frame, const struct top_model *model)
{
	char read[KCOPY_FORMAT_MAX], write[KCOPY_FORMAT_MAX];

	frame_add(frame, FRAME_TITLE,
		  "kcopyd: read %s, write %s; jobs: %" PRIu64
		  " running, %" PRIu64 " finished",
		  kcopy_format_rate(model->read_rate, read),
		  kcopy_format_rate(model->write_rate, write), model->running,
		  model->finished);
}

static void add_look(struct frame *frame, const struct top_model *model,
		     const struct top_look *look)
{
	const char *sort = top_sort_name(look->sort);
	char time[KCOPY_FORMAT_MAX];

	if (look->devices && look->sort == TOP_SORT_NAME)
		sort = "device";
	frame_add(frame, FRAME_PLAIN, "%s %s, by %s, over %s",
		  look->all	? "all" :
		  look->devices ? "busy" :
				  "running",
		  look->devices ? "devices" : "jobs", sort,
		  model->interval_ns ?
			  kcopy_format_time(model->interval_ns, time) :
			  "-");
}

static void add_losses(struct frame *frame, const struct top_model *model)
{
	char line[FRAME_MAX_WIDTH + 1] = "";
	const struct loss *loss;
	size_t i, len = 0;

	for (i = 0; i < SNAPSHOT_LOSSES && len < sizeof(line); i++) {
		loss = &model->losses[i];
		if (loss->count)
			len += snprintf(line + len, sizeof(line) - len,
					"%s%" PRIu64 " %s", len ? ", " : "",
					loss->count, loss->what);
	}
	if (len)
		frame_add(frame, FRAME_ALERT, "not counted: %s", line);
}

static void add_help(struct frame *frame)
{
	static const char *const lines[] = {
		"Keys",
		"  q            quit",
		"  d, Tab       jobs or devices",
		"  f            running jobs and busy devices only, or all that are kept",
		"  s            sort by the next: job or device, rate, requests, p50, p99,",
		"               errors, in flight",
		"  Up, Down, PgUp, PgDn",
		"               other rows",
		"  h, any key   this text, back",
		"",
		"A row is a region of a job: 0 the source, 1 and on the destinations. A row",
		"cN is what kernel client N did in jobs below 1 MiB, which are its requests.",
		"S      Queued Running Paused Verifying Flushing Stopping Done",
		"RATE   bytes a second; this, REQ/S, P50, P99, QUEUE are of the last interval",
		"INFL   requests in flight",
		"P50    half of the requests took that long at the device or less, P99: 99 %;",
		"       of all so far, when there was none in the interval",
		"ERRORS failed requests in total, + if there were more in the interval",
		"QUEUE  mean time in the engine before a request was submitted",
	};
	size_t i;

	for (i = 0; i < NR(lines); i++)
		frame_add(frame, i ? FRAME_PLAIN : FRAME_HEADING, "%-*s",
			  i ? 0 : (int)frame->width, lines[i]);
}

void top_draw(struct frame *frame, const struct top_model *model,
	      const struct top_look *look)
{
	if (frame->width < TOP_MIN_WIDTH ||
	    (frame->height && frame->height < TOP_MIN_HEIGHT)) {
		frame_add(frame, FRAME_PLAIN, "needs %ux%u, has %ux%u",
			  TOP_MIN_WIDTH, TOP_MIN_HEIGHT, frame->width,
			  frame->height);
		return;
	}
	add_totals(frame, model);
	if (look->help) {
		add_help(frame);
		return;
	}
	add_look(frame, model, look);
	add_losses(frame, model);
	add_table(frame, model, look);
}
