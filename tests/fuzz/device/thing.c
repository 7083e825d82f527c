// SPDX-License-Identifier: GPL-2.0-or-later
/* Descriptors of every kind, opened when they are first asked for. */
#include <pthread.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/timerfd.h>

#include "device.h"

/* No program has so many. */
#define FAR 123456

static int open_file(int flags)
{
	return open("/tmp/fuzz-file", (flags & ~O_EXCL) | O_CREAT, 0600);
}

static int open_directory(int flags)
{
	return open("/tmp", O_RDONLY | O_DIRECTORY | (flags & O_PATH));
}

static int open_null(int flags)
{
	return open("/dev/null", flags);
}

static int open_node(int flags)
{
	return open(NODE, flags);
}

static int open_pipe(int flags)
{
	int ends[2];

	if (pipe(ends))
		return -1;
	close(ends[flags & O_EXCL ? 0 : 1]);
	return ends[flags & O_EXCL ? 1 : 0];
}

static int open_socket(int flags)
{
	return socket(AF_UNIX, SOCK_STREAM | (flags & O_CLOEXEC), 0);
}

static int open_event(int flags)
{
	return eventfd(1, EFD_NONBLOCK | (flags & O_CLOEXEC));
}

static int open_epoll(int flags)
{
	return epoll_create1(flags & O_CLOEXEC);
}

static int open_timer(int flags)
{
	return timerfd_create(CLOCK_MONOTONIC, flags & O_CLOEXEC);
}

static int open_memory(int flags)
{
	int fd = memfd_create("fuzz", flags & O_CLOEXEC ? MFD_CLOEXEC : 0);

	if (fd >= 0 && ftruncate(fd, MIB))
		perror("memfd");
	return fd;
}

#define DISK(disk, more)                                \
	{                                               \
		.name = disk, .is = THING_DISK | (more) \
	}
#define OTHER(thing, how)                  \
	{                                  \
		.name = thing, .open = how \
	}
#define NUMBER(thing, fd)                   \
	{                                   \
		.name = thing, .number = fd \
	}

const struct thing things[] = {
	NUMBER("none", -1),
	DISK("srca", THING_SOURCE | THING_CHECKED),
	DISK("srcb", THING_SOURCE | THING_CHECKED),
	DISK("src4k", THING_SOURCE | THING_CHECKED),
	DISK("srcbad", THING_SOURCE),
	DISK("srcro", THING_SOURCE | THING_DM),
	DISK("da", THING_CHECKED),
	DISK("db", THING_CHECKED),
	DISK("dc", THING_CHECKED),
	DISK("d4k", THING_CHECKED),
	DISK("dbad", 0),
	DISK("loop", THING_CHECKED),
	DISK("sda", THING_CHECKED),
	DISK("sda1", 0),
	DISK("zoned", 0),
	DISK("lin", THING_CHECKED | THING_DM),
	DISK("sus", THING_CHECKED | THING_DM),
	DISK("dly", THING_CHECKED | THING_DM),
	DISK("flak", THING_DM),
	DISK("err", THING_DM),
	DISK("huge", 0),
	NUMBER("far", FAR),
	NUMBER("negative", INT32_MIN),
	OTHER("file", open_file),
	OTHER("dir", open_directory),
	OTHER("null", open_null),
	OTHER("node", open_node),
	OTHER("pipe", open_pipe),
	OTHER("socket", open_socket),
	OTHER("event", open_event),
	OTHER("epoll", open_epoll),
	OTHER("timer", open_timer),
	OTHER("memfd", open_memory),
};

const unsigned int nr_things = ARRAY_SIZE(things);

const char *const thing_modes[NR_MODES] = { "excl", "ro",   "rw",    "wo",
					    "rox",  "path", "direct" };
static const int mode_flags[NR_MODES] = {
	O_RDWR | O_EXCL,
	O_RDONLY,
	O_RDWR,
	O_WRONLY | O_EXCL,
	O_RDONLY | O_EXCL,
	O_PATH,
	O_RDWR | O_EXCL | O_DIRECT,
};

/* 0 = not opened yet, otherwise the descriptor and OPENED. */
#define OPENED (1LL << 40)
static int64_t opened[ARRAY_SIZE(things)][NR_MODES];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

unsigned int thing_index(uint64_t value)
{
	return (value & ((1 << THING_MODE_SHIFT) - 1)) % nr_things;
}

static unsigned int mode_index(uint64_t value)
{
	return (value >> THING_MODE_SHIFT) % NR_MODES;
}

int thing_find(const char *name)
{
	for (unsigned int i = 0; i < nr_things; i++)
		if (!strcmp(things[i].name, name))
			return i;
	return -1;
}

/* Of a source: a claim only for itself, since a mapped disk has one on it. */
static int source_flags(int flags)
{
	if (flags & O_PATH)
		return flags;
	if ((flags & O_ACCMODE) == O_RDONLY)
		return flags;
	return O_RDONLY | (flags & O_DIRECT);
}

/* Nobody waits here: a suspended device is there all the same. */
static int thing_open(const struct thing *thing, int flags)
{
	char path[64];

	if (thing->number)
		return thing->number;
	if (thing->open)
		return thing->open(flags | O_CLOEXEC);
	if (thing->is & THING_SOURCE)
		flags = source_flags(flags);
	snprintf(path, sizeof(path), DISKS "/%s", thing->name);
	return open(path, flags | O_CLOEXEC | O_NONBLOCK);
}

int thing_fd(uint64_t value)
{
	unsigned int i = thing_index(value), mode = mode_index(value);
	int fd;

	pthread_mutex_lock(&lock);
	if (!opened[i][mode]) {
		fd = thing_open(&things[i], mode_flags[mode]);
		opened[i][mode] = OPENED | (uint32_t)fd;
	}
	fd = (int32_t)opened[i][mode];
	pthread_mutex_unlock(&lock);
	return fd;
}

/*
 * Its number stays taken, by something harmless: another thread may be about to
 * give it to the kernel, and must not mean another disk all of a sudden.
 */
void thing_shut(uint64_t value)
{
	unsigned int i = thing_index(value), mode = mode_index(value);
	int fd = -1;

	pthread_mutex_lock(&lock);
	if (opened[i][mode])
		fd = (int32_t)opened[i][mode];
	opened[i][mode] = 0;
	pthread_mutex_unlock(&lock);
	if (fd >= 0 && fd != FAR)
		replace_with_null(fd);
}
