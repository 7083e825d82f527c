/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tables: columns that fit what is in them. */
#ifndef _KCOPYCTL_TABLE_H
#define _KCOPYCTL_TABLE_H

#include <stddef.h>

struct libscols_table;

/*
 * A table without lines. A column whose name begins with '>' is set to the
 * right, as numbers are. Never NULL: without memory the program ends.
 */
struct libscols_table *table_create(const char *const columns[], size_t nr);

/* Add a line: as many texts as there are columns. */
void table_add(struct libscols_table *table, const char *const cells[]);

/* Print to stdout, if there is a line, and free. */
void table_print(struct libscols_table *table);

#endif /* _KCOPYCTL_TABLE_H */
