// SPDX-License-Identifier: GPL-2.0-or-later
/* kcopyctl on a terminal, of which a test sees the screen and has the keys. */
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <utmp.h>

#include "terminal.h"

#define SECONDS 60
#define MAX_ARGS 16

/* ---- what a program writes ----------------------------------------------- */

static void blank(struct terminal *terminal, unsigned int y, unsigned int from,
		  unsigned int to)
{
	for (unsigned int x = from; x < to && x < terminal->cols; x++)
		terminal->screen[y][x] = ' ';
}

static void blank_all(struct terminal *terminal)
{
	memset(terminal->screen, 0, sizeof(terminal->screen));
	for (unsigned int y = 0; y < terminal->rows; y++)
		blank(terminal, y, 0, terminal->cols);
}

static void put(struct terminal *terminal, char c)
{
	if (terminal->x >= terminal->cols) {
		terminal->x = 0;
		if (terminal->y + 1 < terminal->rows)
			terminal->y++;
	}
	terminal->screen[terminal->y][terminal->x++] = c;
	terminal->last = c;
}

static void move(struct terminal *terminal, int y, int x)
{
	const int rows = terminal->rows, cols = terminal->cols;

	terminal->y = y < 0 ? 0 : y >= rows ? rows - 1 : y;
	terminal->x = x < 0 ? 0 : x >= cols ? cols - 1 : x;
}

static void erase_line(struct terminal *terminal, unsigned int how)
{
	blank(terminal, terminal->y, how ? 0 : terminal->x,
	      how == 1 ? terminal->x + 1 : terminal->cols);
}

static void erase_screen(struct terminal *terminal, unsigned int how)
{
	cr_assert_neq(how, 1, "the screen up to the cursor");
	if (!how)
		erase_line(terminal, 0);
	for (unsigned int y = how ? 0 : terminal->y + 1; y < terminal->rows;
	     y++)
		blank(terminal, y, 0, terminal->cols);
}

/* To the left, or, where N is less than 0, to the right. */
static void shift(struct terminal *terminal, int n)
{
	char *line = terminal->screen[terminal->y];
	unsigned int x = terminal->x, rest = terminal->cols - x;
	unsigned int by = n < 0 ? -n : n;

	if (by > rest)
		by = rest;
	if (n > 0) {
		memmove(line + x, line + x + by, rest - by);
		blank(terminal, terminal->y, terminal->cols - by,
		      terminal->cols);
	} else {
		memmove(line + x + by, line + x, rest - by);
		blank(terminal, terminal->y, x, x + by);
	}
}

/* Behind "\e[": what ncurses takes an xterm to know, of which we need this. */
static void obey(struct terminal *terminal, const char *args, char command)
{
	const int first = atoi(args), n = first ? first : 1;
	const char *second = strchr(args, ';');
	const int m = second && atoi(second + 1) ? atoi(second + 1) : 1;

	switch (command) {
	case 'H':
		return move(terminal, n - 1, m - 1);
	case 'A':
		return move(terminal, terminal->y - n, terminal->x);
	case 'B':
		return move(terminal, terminal->y + n, terminal->x);
	case 'C':
		return move(terminal, terminal->y, terminal->x + n);
	case 'D':
		return move(terminal, terminal->y, terminal->x - n);
	case 'G':
		return move(terminal, terminal->y, n - 1);
	case 'd':
		return move(terminal, n - 1, terminal->x);
	case 'J':
		return erase_screen(terminal, first);
	case 'K':
		return erase_line(terminal, first);
	case 'X':
		return blank(terminal, terminal->y, terminal->x,
			     terminal->x + n);
	case 'P':
		return shift(terminal, n);
	case '@':
		return shift(terminal, -n);
	case 'b':
		for (int i = 0; i < n; i++)
			put(terminal, terminal->last);
		return;
	case 'h':
	case 'l':
		if (!strcmp(args, "?1049"))
			terminal->alternate = command == 'h';
		if (!strcmp(args, "?25"))
			terminal->hidden = command == 'l';
		return;
	case 'm': /* colours, margins, titles */
	case 'r':
	case 't':
		return;
	}
	cr_assert_fail("a control sequence '%s%c'", args, command);
}

/* Whether the sequence has ended. */
static bool escape_ended(struct terminal *terminal)
{
	const char *escape = terminal->escape;
	const size_t len = terminal->escape_len;
	const char end = escape[len - 1];
	char args[sizeof(terminal->escape)];

	if (len < 2)
		return false;
	/* A character set has one more, keypad modes have none. */
	if (escape[1] == '(' || escape[1] == ')')
		return len == 3;
	if (escape[1] != '[')
		return true;
	if (len == 2 || end < '@' || end > '~')
		return false;
	snprintf(args, sizeof(args), "%.*s", (int)len - 3, escape + 2);
	obey(terminal, args, end);
	return true;
}

static void take(struct terminal *terminal, char c)
{
	if (terminal->escape_len || c == '\e') {
		cr_assert_lt(terminal->escape_len, sizeof(terminal->escape));
		terminal->escape[terminal->escape_len++] = c;
		if (escape_ended(terminal))
			terminal->escape_len = 0;
	} else if (c == '\r') {
		terminal->x = 0;
	} else if (c == '\n') {
		move(terminal, terminal->y + 1, terminal->x);
	} else if (c == '\b') {
		move(terminal, terminal->y, terminal->x - 1);
	} else if (c == '\t') {
		move(terminal, terminal->y, (terminal->x | 7) + 1);
	} else if (c >= ' ') {
		put(terminal, c);
	}
}

/* What there is, or comes in a moment. */
static void read_some(struct terminal *terminal)
{
	struct pollfd poll_fd = { .fd = terminal->master, .events = POLLIN };
	char buffer[4096];
	ssize_t got;

	if (poll(&poll_fd, 1, 20) <= 0)
		return;
	got = read(terminal->master, buffer, sizeof(buffer));
	for (ssize_t i = 0; i < got; i++)
		take(terminal, buffer[i]);
}

/* ---- the program --------------------------------------------------------- */

static void run_child(struct terminal *terminal, const char *program,
		      const char *type, const char *const *args)
{
	const char *argv[MAX_ARGS] = { program };

	for (unsigned int i = 0; args[i] && i < MAX_ARGS - 2; i++)
		argv[i + 1] = args[i];
	/* What we ignore would stay ignored. */
	signal(SIGHUP, SIG_DFL);
	signal(SIGINT, SIG_DFL);
	setenv("TERM", type, 1);
	unsetenv("COLUMNS");
	unsetenv("LINES");
	close(terminal->master);
	if (login_tty(terminal->slave))
		_exit(126);
	execv(argv[0], (char *const *)argv);
	_exit(127);
}

static void set_size(struct terminal *terminal, unsigned int cols,
		     unsigned int rows)
{
	const struct winsize size = { .ws_col = cols, .ws_row = rows };

	cr_assert(cols <= TERMINAL_COLS && rows <= TERMINAL_ROWS);
	terminal->cols = cols;
	terminal->rows = rows;
	move(terminal, 0, 0);
	blank_all(terminal);
	cr_assert_eq(ioctl(terminal->master, TIOCSWINSZ, &size), 0);
}

void terminal_start_program(struct terminal *terminal, const char *program,
			    const char *type, unsigned int cols,
			    unsigned int rows, const char *const *args)
{
	*terminal = (struct terminal){};
	cr_assert_not_null(program);
	cr_assert_eq(openpty(&terminal->master, &terminal->slave, NULL, NULL,
			     NULL),
		     0, "a terminal: %m");
	set_size(terminal, cols, rows);
	cr_assert_eq(tcgetattr(terminal->slave, &terminal->before), 0);
	terminal->pid = fork();
	cr_assert_geq(terminal->pid, 0);
	if (!terminal->pid)
		run_child(terminal, program, type, args);
}

void terminal_start_as(struct terminal *terminal, const char *type,
		       unsigned int cols, unsigned int rows,
		       const char *const *args)
{
	terminal_start_program(terminal, getenv("KCOPYD_CTL"), type, cols, rows,
			       args);
}

void terminal_start(struct terminal *terminal, unsigned int cols,
		    unsigned int rows, const char *const *args)
{
	terminal_start_as(terminal, "xterm", cols, rows, args);
}

void terminal_resize(struct terminal *terminal, unsigned int cols,
		     unsigned int rows)
{
	set_size(terminal, cols, rows);
}

void terminal_send(struct terminal *terminal, const char *keys)
{
	cr_assert_eq(write(terminal->master, keys, strlen(keys)),
		     (ssize_t)strlen(keys));
}

bool terminal_shows(const struct terminal *terminal, const char *text)
{
	for (unsigned int y = 0; y < terminal->rows; y++)
		if (strstr(terminal->screen[y], text))
			return true;
	return false;
}

static void fail_screen(const struct terminal *terminal, const char *text)
{
	char all[TERMINAL_ROWS * (TERMINAL_COLS + 2)] = "";

	for (unsigned int y = 0; y < terminal->rows; y++) {
		strcat(all, terminal->screen[y]);
		strcat(all, "|\n");
	}
	cr_assert_fail("'%s': not after %u s, on the screen is\n%s", text,
		       SECONDS, all);
}

static void wait_until(struct terminal *terminal, const char *text, bool shown)
{
	const uint64_t end = rig_now_ms() + 1000 * SECONDS;

	while (terminal_shows(terminal, text) != shown) {
		if (rig_now_ms() > end)
			fail_screen(terminal, text);
		read_some(terminal);
	}
}

void terminal_wait_for(struct terminal *terminal, const char *text)
{
	wait_until(terminal, text, true);
}

void terminal_wait_without(struct terminal *terminal, const char *text)
{
	wait_until(terminal, text, false);
}

static void expect_restored(const struct terminal *terminal)
{
	struct termios now;

	cr_assert_eq(tcgetattr(terminal->slave, &now), 0);
	cr_assert_eq(now.c_iflag, terminal->before.c_iflag);
	cr_assert_eq(now.c_oflag, terminal->before.c_oflag);
	cr_assert_eq(now.c_cflag, terminal->before.c_cflag);
	cr_assert_eq(now.c_lflag, terminal->before.c_lflag);
	cr_assert_arr_eq(now.c_cc, terminal->before.c_cc, sizeof(now.c_cc));
	cr_assert_not(terminal->alternate, "it is still the second screen");
	cr_assert_not(terminal->hidden, "the cursor is hidden");
}

int terminal_wait_end(struct terminal *terminal)
{
	const uint64_t end = rig_now_ms() + 1000 * SECONDS;
	int status;

	while (waitpid(terminal->pid, &status, WNOHANG) != terminal->pid) {
		cr_assert_lt(rig_now_ms(), end, "it does not end");
		read_some(terminal);
	}
	read_some(terminal);
	expect_restored(terminal);
	close(terminal->master);
	close(terminal->slave);
	cr_assert(WIFEXITED(status), "status 0x%x", status);
	return WEXITSTATUS(status);
}
