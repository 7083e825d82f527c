/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The link in /dev/disk/by-id that a device is shown and remembered by. */
#ifndef _KCOPY_BY_ID_H
#define _KCOPY_BY_ID_H

#include <stdbool.h>
#include <sys/types.h>

/* The best one's path, to be freed; "" if there is none; NULL without memory. */
char *kcopy_by_id(dev_t number);

/* Of two links of a device, by their names alone. */
bool kcopy_by_id_is_better(const char *link, const char *than);

#endif /* _KCOPY_BY_ID_H */
