/* SPDX-License-Identifier: GPL-2.0-or-later */
/* --save: a job that is written to a file instead of being run. */
#ifndef _KCOPYCTL_JOB_SAVE_H
#define _KCOPYCTL_JOB_SAVE_H

#include "copy.h"

/* To where the options say, and over nothing; an exit code. */
int job_save(const struct plan *plan);

#endif /* _KCOPYCTL_JOB_SAVE_H */
