// SPDX-License-Identifier: GPL-2.0-or-later
/* Tables, by libsmartcols. */
#include <libsmartcols.h>
#include <stdio.h>
#include <stdlib.h>
#include "cli.h"
#include "table.h"

static void *or_die(void *made)
{
	if (!made) {
		complain("out of memory");
		exit(EXIT_FAILED);
	}
	return made;
}

static void add_column(struct libscols_table *table, const char *name)
{
	bool right = *name == '>';

	or_die(scols_table_new_column(table, right ? name + 1 : name, 0,
				      right ? SCOLS_FL_RIGHT : 0));
}

struct libscols_table *table_create(const char *const columns[], size_t nr)
{
	struct libscols_table *table = or_die(scols_new_table());
	size_t i;

	for (i = 0; i < nr; i++)
		add_column(table, columns[i]);
	/* Never cut a number off: a terminal can be made wider. */
	scols_table_set_termforce(table, SCOLS_TERMFORCE_NEVER);
	return table;
}

void table_add(struct libscols_table *table, const char *const cells[])
{
	struct libscols_line *line = or_die(scols_table_new_line(table, NULL));
	size_t i;

	for (i = 0; i < scols_table_get_ncols(table); i++) {
		if (scols_line_set_data(line, i, cells[i]))
			or_die(NULL);
	}
}

void table_print(struct libscols_table *table)
{
	if (!scols_table_is_empty(table))
		scols_print_table(table);
	scols_unref_table(table);
}
