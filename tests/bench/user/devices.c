// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * null_blk through configfs: no memory, so that all that is counted is the way
 * there and back, which ends before the submission returns.
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bench.h"

#define DIR_OF "/sys/kernel/config/nullb/kbench%u"
#define NODE_OF "/dev/kbench%u"
#define SIZE_MIB "1024"

static void attribute_write(const char *dir, const char *name, const char *text)
{
	const ssize_t len = strlen(text);
	char path[128];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, text, len) != len)
		err(BENCH_FAILED, "%s=%s", path, text);
	close(fd);
}

/* Everything else, the scheduler and the largest request too, by default. */
static void device_create(unsigned int i)
{
	char dir[64];

	snprintf(dir, sizeof(dir), DIR_OF, i);
	if (mkdir(dir, 0700))
		err(BENCH_FAILED, "%s", dir);
	attribute_write(dir, "size", SIZE_MIB);
	attribute_write(dir, "memory_backed", "0");
	attribute_write(dir, "irqmode", "0");
	attribute_write(dir, "submit_queues", "1");
	attribute_write(dir, "power", "1");
}

static int device_open(unsigned int i)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), NODE_OF, i);
	fd = open(path, O_RDWR | O_EXCL | O_CLOEXEC);
	if (fd < 0)
		err(BENCH_FAILED, "%s", path);
	return fd;
}

void devices_create(int *fds, unsigned int nr)
{
	unsigned int i;

	for (i = 0; i < nr; i++) {
		device_create(i);
		fds[i] = device_open(i);
	}
}

void devices_destroy(int *fds, unsigned int nr)
{
	unsigned int i;

	for (i = 0; i < nr; i++) {
		char dir[64];

		close(fds[i]);
		snprintf(dir, sizeof(dir), DIR_OF, i);
		attribute_write(dir, "power", "0");
		if (rmdir(dir))
			err(BENCH_FAILED, "%s", dir);
	}
}
