/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A command as one would type it. */
#ifndef _KCOPYCTL_COMMAND_LINE_H
#define _KCOPYCTL_COMMAND_LINE_H

/**
 * command_line - of ourselves
 * @argv: the verb and what comes after it, NULL at the end
 * @extra: an option to be put behind the verb, or NULL
 *
 * Return: text that a shell takes as it is, in one line, for the caller to
 * free; NULL without memory
 */
char *command_line(char *const argv[], const char *extra);

#endif /* _KCOPYCTL_COMMAND_LINE_H */
