// SPDX-License-Identifier: GPL-2.0-or-later
/* The live view on a terminal. */
#include <curses.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "cli.h"
#include "frame.h"
#include "observing.h"
#include "pace.h"
#include "top.h"

/* The first interval: short, since there is nothing to be seen before. */
#define FIRST_NS 250000000ULL

enum { PAIR_ALERT = 1 };

struct screen {
	struct top_look *look;
	struct top_watch watch;
	bool colour;
	bool quit;
};

/* Also when the program ends elsewhere: no terminal is left as it is now. */
static void leave(void)
{
	if (stdscr && !isendwin())
		endwin();
}

static int enter(struct screen *screen)
{
	const char *no_colour = getenv("NO_COLOR");
	const char *type = getenv("TERM");

	/* Without a way to place the cursor there is no screen to draw on. */
	if (!newterm(NULL, stdout, stdin) || !tigetstr("cup")) {
		leave();
		complain(
			"the terminal's type '%s' is unknown or can't do this: set TERM, or take -b",
			type ? type : "");
		return EXIT_ENVIRONMENT;
	}
	atexit(leave);
	cbreak();
	noecho();
	nodelay(stdscr, TRUE);
	keypad(stdscr, TRUE);
	set_escdelay(25);
	curs_set(0);
	screen->colour = has_colors() && !(no_colour && *no_colour);
	if (screen->colour) {
		start_color();
		use_default_colors();
		init_pair(PAIR_ALERT, COLOR_RED, -1);
	}
	return EXIT_COMPLETE;
}

static attr_t attributes(const struct screen *screen, enum frame_style style)
{
	switch (style) {
	case FRAME_TITLE:
		return A_BOLD;
	case FRAME_HEADING:
		return A_REVERSE;
	case FRAME_ALERT:
		return A_BOLD | (screen->colour ? COLOR_PAIR(PAIR_ALERT) : 0);
	default:
		return A_NORMAL;
	}
}

static void draw(struct screen *screen)
{
	struct frame frame = { .width = COLS, .height = LINES };
	size_t i;

	top_model_sort(&screen->watch.model, screen->look->sort);
	top_draw(&frame, &screen->watch.model, screen->look);
	erase();
	for (i = 0; i < frame.nr; i++) {
		attrset(attributes(screen, frame.lines[i].style));
		mvaddstr(i, 0, frame.lines[i].text);
	}
	refresh();
	frame_free(&frame);
}

static void scroll_by(struct screen *screen, long rows)
{
	const struct top_model *model = &screen->watch.model;
	long nr = screen->look->devices ? model->nr_devices : model->nr_rows;
	long first = (long)screen->look->first + rows;

	if (first > nr - 1)
		first = nr - 1;
	screen->look->first = first > 0 ? first : 0;
}

/* A change of what is looked at begins at its top. */
static void change(struct screen *screen, int key)
{
	struct top_look *look = screen->look;

	look->first = 0;
	if (key == 's')
		look->sort = (look->sort + 1) % TOP_SORTS;
	else if (key == 'f')
		look->all = !look->all;
	else
		look->devices = !look->devices;
}

static int page(void)
{
	const int rows = LINES - TOP_MIN_HEIGHT;

	return rows > 1 ? rows : 1;
}

/* Returns 0 or -errno. */
static int press(struct screen *screen, int key)
{
	struct top_look *look = screen->look;

	if (key == 'q') {
		screen->quit = true;
	} else if (key == KEY_RESIZE) {
		clearok(curscr, TRUE);
	} else if (look->help || key == 'h' || key == '?') {
		look->help = !look->help;
	} else if (key == 's' || key == 'f' || key == 'd' || key == '\t') {
		change(screen, key);
		if (key == 'f')
			return top_watch_again(&screen->watch, look->all);
	} else if (key == KEY_DOWN || key == KEY_UP) {
		scroll_by(screen, key == KEY_DOWN ? 1 : -1);
	} else if (key == KEY_NPAGE || key == KEY_PPAGE) {
		scroll_by(screen, key == KEY_NPAGE ? page() : -page());
	}
	return 0;
}

static int press_all(struct screen *screen)
{
	int key, err = 0;

	while (!err && !screen->quit && (key = getch()) != ERR)
		err = press(screen, key);
	return err;
}

static int next(struct screen *screen)
{
	int err = top_watch_next(&screen->watch, screen->look->all);

	/* Rows may have gone. */
	scroll_by(screen, 0);
	return err;
}

/* Until there were so many frames, or a key or a signal ends it. */
static int show(struct screen *screen, uint64_t frames)
{
	const uint64_t interval = screen->look->interval_ns;
	struct pace pace;
	uint64_t shown = 0;
	int err;

	pace_init(&pace, interval < FIRST_NS ? interval : FIRST_NS, interval);
	err = next(screen);
	while (!err && !screen->quit && (!frames || shown < frames)) {
		draw(screen);
		switch (pace_wait(&pace, STDIN_FILENO, POLLIN)) {
		case PACE_DUE:
			err = next(screen);
			shown++;
			break;
		case PACE_LOOK:
			err = press_all(screen);
			break;
		default:
			leave();
			return EXIT_INTERRUPTED;
		}
	}
	/* What is said belongs below the prompt, not on our screen. */
	leave();
	return err ? complain_observer(err) : EXIT_COMPLETE;
}

int top_screen(struct top_look *look, uint64_t frames)
{
	struct screen screen = { .look = look };
	int code;

	code = enter(&screen);
	if (code)
		return code;
	code = show(&screen, frames);
	top_watch_free(&screen.watch);
	return code;
}
