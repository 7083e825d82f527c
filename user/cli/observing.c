// SPDX-License-Identifier: GPL-2.0-or-later
/* The observer, for the verbs that show what it counts. */
#include <errno.h>
#include <string.h>
#include <libkcopy.h>
#include "cli.h"
#include "observing.h"

int complain_observer(int err)
{
	switch (err) {
	case -ENOENT:
		complain(
			"there are no statistics: 'kcopyctl load' attaches them");
		break;
	case -EACCES:
	case -EPERM:
		complain("no permission to read " KCOPYD_PIN_DIR
			 ": run as root");
		break;
	case -EPROTO:
		complain(
			"the statistics are those of another version: 'kcopyctl unload', then 'kcopyctl load'");
		break;
	default:
		complain("reading the maps in " KCOPYD_PIN_DIR " failed: %s",
			 strerror(-err));
	}
	return EXIT_ENVIRONMENT;
}

int open_observer(struct kcopy_observer **observer)
{
	int err = kcopy_observer_open(observer);

	return err ? complain_observer(err) : EXIT_COMPLETE;
}
