/* SPDX-License-Identifier: GPL-2.0-or-later */
/* kcopyctl on a terminal, of which a test sees the screen and has the keys. */
#ifndef _TESTS_VM_TERMINAL_H
#define _TESTS_VM_TERMINAL_H

#include <sys/types.h>
#include <termios.h>

#include "rig.h"

#define TERMINAL_COLS 132
#define TERMINAL_ROWS 50

/**
 * struct terminal - an xterm, as far as a program may tell
 * @master: our end
 * @slave: the other one, which stays open
 * @pid: of the program
 * @before: modes that it was started with
 * @cols: of the screen
 * @rows: of the screen
 * @screen: what is on it
 * @x: of the cursor
 * @y: of the cursor
 * @alternate: on the second screen, which goes away
 * @hidden: the cursor
 * @last: character that was put
 * @escape: a control sequence that has not ended yet
 * @escape_len: of it; 0: there is none
 */
struct terminal {
	int master;
	int slave;
	pid_t pid;
	struct termios before;
	unsigned int cols;
	unsigned int rows;
	char screen[TERMINAL_ROWS][TERMINAL_COLS + 1];
	unsigned int x;
	unsigned int y;
	bool alternate;
	bool hidden;
	char last;
	char escape[64];
	size_t escape_len;
};

/* Starts kcopyctl with these arguments; as: told another type of terminal. */
void terminal_start(struct terminal *terminal, unsigned int cols,
		    unsigned int rows, const char *const *args);
void terminal_start_as(struct terminal *terminal, const char *type,
		       unsigned int cols, unsigned int rows,
		       const char *const *args);
/* Another program, as a shell, in which kcopyctl is started. */
void terminal_start_program(struct terminal *terminal, const char *program,
			    const char *type, unsigned int cols,
			    unsigned int rows, const char *const *args);
void terminal_resize(struct terminal *terminal, unsigned int cols,
		     unsigned int rows);
void terminal_send(struct terminal *terminal, const char *keys);
/* Until this is on the screen, within a line. */
void terminal_wait_for(struct terminal *terminal, const char *text);
/* Until it is not. */
void terminal_wait_without(struct terminal *terminal, const char *text);
bool terminal_shows(const struct terminal *terminal, const char *text);
/*
 * Until the program has ended by itself; its exit status. The terminal must be
 * as it was before.
 */
int terminal_wait_end(struct terminal *terminal);

#endif /* _TESTS_VM_TERMINAL_H */
