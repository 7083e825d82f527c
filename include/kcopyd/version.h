/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * The one place that says which version this is: of the module, the tools, the
 * packages. Nothing but the number may stand here, scripts read it.
 */
#ifndef _KCOPYD_VERSION_H
#define _KCOPYD_VERSION_H

#define KCOPYD_VERSION "0.1.0"

#endif /* _KCOPYD_VERSION_H */
