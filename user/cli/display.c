// SPDX-License-Identifier: GPL-2.0-or-later
/* Where progress is shown, and how. */
#include <errno.h>
#include <json-c/json.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>
#include "display.h"

#define NSEC_PER_SEC 1000000000ULL
#define NSEC_PER_MS 1000000ULL
#define DEFAULT_WIDTH 80
/* A reader may be slow; one that does not read must not keep us. */
#define LAST_LINE_MS 5000

void display_init(struct display *display,
		  const struct display_options *options)
{
	bool terminal = isatty(STDERR_FILENO);

	*display = (struct display){ .fd = STDERR_FILENO };
	switch (options->mode) {
	case PROGRESS_NEVER:
		break;
	case PROGRESS_JSON:
		display->json = true;
		display->fd = options->fd;
		break;
	case PROGRESS_AUTO:
		display->line = terminal && !options->quiet;
		break;
	case PROGRESS_ALWAYS:
		display->line = terminal;
		display->plain = !terminal;
		break;
	}
}

static unsigned int width(int fd)
{
	struct winsize size;

	if (ioctl(fd, TIOCGWINSZ, &size) || !size.ws_col)
		return DEFAULT_WIDTH;
	return size.ws_col;
}

static uint64_t now_ms(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * 1000ULL + time.tv_nsec / NSEC_PER_MS;
}

/* Whether there is, or will be within that time, whatever signals come. */
static bool has_room(int fd, int wait_ms)
{
	struct pollfd room = { .fd = fd, .events = POLLOUT };
	uint64_t until = now_ms() + wait_ms, now;
	int got;

	do {
		now = now_ms();
		got = poll(&room, 1, now < until ? until - now : 0);
	} while (got < 0 && errno == EINTR && now < until);
	return got > 0;
}

/*
 * Progress that can't be shown is no reason to stop a copy, nor one to wait:
 * for a reader of a pipe who does not read, or after Ctrl-S.
 */
static void put(int fd, const char *text, size_t len)
{
	ssize_t put;

	if (!has_room(fd, 0))
		return;
	put = write(fd, text, len);
	(void)put;
}

static void show_line(struct display *display, const struct progress *progress)
{
	char line[PROGRESS_LINE_MAX], text[2 * PROGRESS_LINE_MAX];
	/* The last column would make some terminals go to the next line. */
	unsigned int room = width(display->fd) - 1;
	int len;

	if (room >= PROGRESS_LINE_MAX)
		room = PROGRESS_LINE_MAX - 1;
	progress_line(progress, room, line);
	if (display->shown > room)
		display->shown = room;
	len = snprintf(text, sizeof(text), "\r%-*s", display->shown, line);
	put(display->fd, text, len);
	display->shown = strlen(line);
}

static void put_line(int fd, const struct progress *progress)
{
	char text[PROGRESS_LINE_MAX + 1];
	size_t len;

	len = strlen(progress_line(progress, DEFAULT_WIDTH, text));
	text[len++] = '\n';
	put(fd, text, len);
}

/*
 * In one write, so that a reader sees whole lines only. The last one says that it
 * is over; those before it may be missing.
 */
static void show_json(struct display *display, const struct progress *progress,
		      uint64_t job, bool final)
{
	struct json_object *object = progress_json(progress, job);
	char *text;
	int len;

	len = asprintf(&text, "%s\n",
		       json_object_to_json_string_ext(object,
						      JSON_C_TO_STRING_PLAIN));
	if (len >= 0) {
		if (has_room(display->fd, final ? LAST_LINE_MS : 0))
			put(display->fd, text, len);
		free(text);
	}
	json_object_put(object);
}

void display_show(struct display *display, const struct progress *progress,
		  uint64_t job, bool final)
{
	uint64_t interval = display->plain ? NSEC_PER_SEC : NSEC_PER_SEC / 5;

	if (!display->json && !display->line && !display->plain)
		return;
	if (!final && display->last_ns &&
	    progress->now_ns - display->last_ns < interval)
		return;
	display->last_ns = progress->now_ns;
	if (display->line)
		show_line(display, progress);
	else if (display->json)
		show_json(display, progress, job, final);
	else
		put_line(display->fd, progress);
}

void display_line(struct display *display, const struct progress *progress)
{
	display_clear(display);
	put_line(STDERR_FILENO, progress);
}

void display_clear(struct display *display)
{
	char text[PROGRESS_LINE_MAX + 2];
	unsigned int room = width(display->fd) - 1;
	int len;

	if (!display->shown)
		return;
	/* The terminal may have become narrower. */
	if (display->shown > room)
		display->shown = room;
	len = snprintf(text, sizeof(text), "\r%*s\r", display->shown, "");
	put(display->fd, text, len);
	display->shown = 0;
}
