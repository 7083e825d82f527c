// SPDX-License-Identifier: GPL-2.0-or-later
/* /dev/kcopyd, and why it can't be had. */
#include <errno.h>
#include <string.h>
#include <libkcopy.h>
#include "cli.h"
#include "service.h"

const char *explain_service(int err)
{
	switch (err) {
	case -ENOENT:
	case -ENXIO:
	case -ENODEV:
		return "the module is not loaded: run 'kcopyctl load' as root";
	case -EACCES:
	case -EPERM:
		return "no permission to open /dev/kcopyd: only root may";
	case -EPROTO:
	case -ENOTTY:
	case -EINVAL:
		return "the loaded module is another version: 'kcopyctl unload', then 'load'";
	default:
		return strerror(-err);
	}
}

int open_service(struct kcopy **kcopy)
{
	int err = kcopy_open(kcopy);

	if (!err)
		return EXIT_COMPLETE;
	complain("%s", explain_service(err));
	return EXIT_ENVIRONMENT;
}
