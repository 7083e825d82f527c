// SPDX-License-Identifier: GPL-2.0-or-later
/* /dev/kcopyd, and why it can't be had. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <kcopyd/version.h>
#include <libkcopy.h>
#include "cli.h"
#include "service.h"

/* The module stays what it was when packages are upgraded: jobs may run. */
static const char *explain_other_abi(void)
{
	static char text[512];
	struct kcopy_module module;

	kcopy_module_info(&module);
	snprintf(
		text, sizeof(text),
		"the loaded module is version %s and this kcopyctl " KCOPYD_VERSION
		", which don't understand each other: nothing was asked of it; 'kcopyctl unload' when its jobs have ended, then 'kcopyctl load'",
		*module.version ? module.version : "unknown");
	return text;
}

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
		return explain_other_abi();
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
