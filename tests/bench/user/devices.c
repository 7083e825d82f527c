// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * null_blk through configfs. By default without memory, so that all that is
 * counted is the way there and back, which ends before the submission returns.
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bench.h"
#include "devices.h"

#define DIR_OF "/sys/kernel/config/nullb/kbench%u"
#define NODE_OF "/dev/kbench%u"
#define QUEUE_OF "/sys/block/kbench%u/queue"

/* The first number that no device has. */
static unsigned int next;

static void set_text(const char *dir, const char *name, const char *text)
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

static void set(const char *dir, const char *name, unsigned int value)
{
	char text[16];

	snprintf(text, sizeof(text), "%u", value);
	set_text(dir, name, text);
}

static void set_if(const char *dir, const char *name, unsigned int value)
{
	if (value)
		set(dir, name, value);
}

/* Whole pages at a time, or it is not the copying that costs. */
static void set_memory(const char *dir, const struct device_kind *kind)
{
	set(dir, "memory_backed", kind->memory_backed);
	if (kind->memory_backed)
		set(dir, "blocksize", 4096);
}

/*
 * A queue for polling, which null_blk makes too if nobody says otherwise, has
 * the block layer complete on the spot what asked for a softirq.
 */
static void set_queues(const char *dir, const struct device_kind *kind)
{
	set(dir, "submit_queues", 1);
	if (kind->irqmode == DEVICE_SOFTIRQ)
		set(dir, "poll_queues", 0);
}

/* Whether null_blk would have one by default depends on its queues. */
static void no_scheduler(unsigned int number)
{
	char dir[64];

	snprintf(dir, sizeof(dir), QUEUE_OF, number);
	set_text(dir, "scheduler", "none");
}

/* Everything else by default. */
static void device_create(unsigned int number, const struct device_kind *kind)
{
	char dir[64];

	snprintf(dir, sizeof(dir), DIR_OF, number);
	if (mkdir(dir, 0700))
		err(BENCH_FAILED, "%s", dir);
	set(dir, "size", kind->size_mib ? kind->size_mib : DEVICE_SIZE_MIB);
	set(dir, "irqmode", kind->irqmode);
	set_queues(dir, kind);
	set_memory(dir, kind);
	set_if(dir, "max_sectors", kind->request_kib * 2);
	set_if(dir, "completion_nsec", kind->latency_ns);
	set_if(dir, "hw_queue_depth", kind->queue_depth);
	set_if(dir, "mbps", kind->mbps);
	set(dir, "power", 1);
	no_scheduler(number);
}

void device_node(const struct devices *devices, unsigned int i,
		 char node[DEVICE_NODE_MAX])
{
	snprintf(node, DEVICE_NODE_MAX, NODE_OF, devices->first + i);
}

static int device_open(const struct devices *devices, unsigned int i)
{
	char node[DEVICE_NODE_MAX];
	int fd;

	device_node(devices, i, node);
	fd = open(node, O_RDWR | O_EXCL | O_DIRECT | O_CLOEXEC);
	if (fd < 0)
		err(BENCH_FAILED, "%s", node);
	return fd;
}

void devices_create(struct devices *devices, unsigned int nr,
		    const struct device_kind *kind)
{
	unsigned int i;

	devices->nr = nr;
	devices->first = next;
	next += nr;
	for (i = 0; i < nr; i++) {
		device_create(devices->first + i, kind);
		devices->fds[i] = device_open(devices, i);
	}
}

static void device_destroy(unsigned int number)
{
	char dir[64];

	snprintf(dir, sizeof(dir), DIR_OF, number);
	set(dir, "power", 0);
	if (rmdir(dir))
		err(BENCH_FAILED, "%s", dir);
}

void devices_destroy(struct devices *devices)
{
	unsigned int i;

	for (i = 0; i < devices->nr; i++) {
		close(devices->fds[i]);
		device_destroy(devices->first + i);
	}
	devices->nr = 0;
}
