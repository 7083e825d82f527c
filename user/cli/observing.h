/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The observer, for the verbs that show what it counts. */
#ifndef _KCOPYCTL_OBSERVING_H
#define _KCOPYCTL_OBSERVING_H

struct kcopy_observer;

/* Open the maps, or say why that can't be; an exit code. */
int open_observer(struct kcopy_observer **observer);

/* Say why the maps can't be opened or read: -errno; an exit code. */
int complain_observer(int err);

#endif /* _KCOPYCTL_OBSERVING_H */
