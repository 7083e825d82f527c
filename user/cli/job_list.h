/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The list of jobs. */
#ifndef _KCOPYCTL_JOB_LIST_H
#define _KCOPYCTL_JOB_LIST_H

#include <stdbool.h>

struct json_object;
struct kcopy;

/* Print a table of them; of the finished ones the last 8, or ALL. */
void job_list_print(struct kcopy *kcopy, bool all);

/* Every job that one may see. */
struct json_object *job_list_json(struct kcopy *kcopy);

#endif /* _KCOPYCTL_JOB_LIST_H */
