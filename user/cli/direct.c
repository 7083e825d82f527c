// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Reading past the page cache: what counts is what is on the disk. File systems
 * that can't do that have their pages taken away before.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/param.h>
#include <sys/stat.h>
#include <unistd.h>
#include "direct.h"

/* Of one read; beside it there is room for what alignment adds. */
#define READ_BYTES (1U << 20)
#define MAX_ALIGN (64U << 10)
#define BUFFER_BYTES (READ_BYTES + 2 * MAX_ALIGN)
#define PAGE 4096

/* Pages that are not written out would stay. */
static void drop_cache(int fd)
{
	fdatasync(fd);
	posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
}

static int open_past(const char *path)
{
	int fd = open(path, O_RDONLY | O_DIRECT | O_CLOEXEC);

	if (fd >= 0 || errno != EINVAL)
		return fd;
	return open(path, O_RDONLY | O_CLOEXEC);
}

static size_t align_of(int fd)
{
	unsigned int block = 0;

	if (ioctl(fd, BLKSSZGET, &block) || block < PAGE || block > MAX_ALIGN)
		return PAGE;
	return block;
}

static int look(struct direct *direct)
{
	struct stat st;
	off_t end;

	if (fstat(direct->fd, &st))
		return -errno;
	if (!S_ISBLK(st.st_mode) && !S_ISREG(st.st_mode))
		return -ENOTBLK;
	end = lseek(direct->fd, 0, SEEK_END);
	if (end < 0)
		return -errno;
	/* Some file systems take O_DIRECT and read from the cache. */
	if (S_ISREG(st.st_mode))
		drop_cache(direct->fd);
	direct->size = end;
	direct->align = S_ISBLK(st.st_mode) ? align_of(direct->fd) : PAGE;
	return 0;
}

/* Opening a pipe would wait for somebody at its other end. */
static int check_kind(const char *path)
{
	struct stat st;

	if (stat(path, &st))
		return -errno;
	return S_ISBLK(st.st_mode) || S_ISREG(st.st_mode) ? 0 : -ENOTBLK;
}

int direct_open(struct direct *direct, const char *path)
{
	int err = check_kind(path);

	*direct = (struct direct){ .fd = -1 };
	if (err)
		return err;
	direct->fd = open_past(path);
	if (direct->fd < 0)
		return -errno;
	err = look(direct);
	if (err)
		direct_close(direct);
	return err;
}

void direct_close(struct direct *direct)
{
	if (direct->fd >= 0)
		close(direct->fd);
	direct->fd = -1;
}

void *direct_buffer(void)
{
	return aligned_alloc(MAX_ALIGN, BUFFER_BYTES);
}

/* Some refuse only now; then it is the cache for all that follows. */
static bool use_cache(int fd)
{
	int flags = fcntl(fd, F_GETFL);

	if (flags < 0 || fcntl(fd, F_SETFL, flags & ~O_DIRECT))
		return false;
	drop_cache(fd);
	return true;
}

static ssize_t read_at(int fd, void *buffer, size_t bytes, uint64_t at)
{
	bool refused = false;
	ssize_t got;

	for (;;) {
		got = pread(fd, buffer, bytes, at);
		if (got >= 0)
			return got;
		if (errno == EINTR)
			continue;
		if (errno != EINVAL || refused || !use_cache(fd))
			return -errno;
		refused = true;
	}
}

ssize_t direct_read(const struct direct *direct, uint64_t at, uint64_t length,
		    void *buffer, void **data)
{
	size_t before = at % direct->align;
	size_t wanted = MIN(length, READ_BYTES);
	ssize_t got;

	got = read_at(direct->fd, buffer,
		      roundup(before + wanted, direct->align), at - before);
	*data = (char *)buffer + before;
	if (got < 0)
		return got;
	return (size_t)got <= before ? 0 : MIN(got - before, wanted);
}
