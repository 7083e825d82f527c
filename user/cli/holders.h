/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef _KCOPYCTL_HOLDERS_H
#define _KCOPYCTL_HOLDERS_H

/* How many jobs run or drain; 0 also when the module can't be asked. */
unsigned int unfinished_jobs(void);

/* Say who keeps the module from being unloaded. */
void complain_holders(void);

#endif /* _KCOPYCTL_HOLDERS_H */
