// SPDX-License-Identifier: LGPL-2.1-or-later
/* One-line files and links of sysfs and procfs. */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "cleanup.h"
#include "sysfs.h"

static void strip(char *text)
{
	size_t start = strspn(text, " \t\n");
	size_t len = strlen(text);

	while (len > start && isspace((unsigned char)text[len - 1]))
		len--;
	memmove(text, text + start, len - start);
	text[len - start] = '\0';
}

int kcopy_sysfs_read(const char *folder, const char *name, char *buf,
		     size_t size)
{
	AUTO_FD int fd = -1;
	char path[PATH_MAX];
	ssize_t got;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	got = read(fd, buf, size - 1);
	if (got < 0)
		return -errno;
	buf[got] = '\0';
	strip(buf);
	return 0;
}

int kcopy_sysfs_read_u64(const char *folder, const char *name, uint64_t *value)
{
	char text[32], *end;
	int err;

	err = kcopy_sysfs_read(folder, name, text, sizeof(text));
	if (err)
		return err;
	errno = 0;
	*value = strtoull(text, &end, 10);
	if (errno || end == text || *end)
		return -EINVAL;
	return 0;
}

int kcopy_sysfs_read_dev(const char *folder, unsigned int *major,
			 unsigned int *minor)
{
	char text[32];
	int err;

	err = kcopy_sysfs_read(folder, "dev", text, sizeof(text));
	if (err)
		return err;
	return sscanf(text, "%u:%u", major, minor) == 2 ? 0 : -EINVAL;
}

int kcopy_sysfs_has(const char *folder, const char *name)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	return access(path, F_OK) == 0;
}

char *kcopy_sysfs_block_folder(unsigned int major, unsigned int minor)
{
	char link[64];

	snprintf(link, sizeof(link), "/sys/dev/block/%u:%u", major, minor);
	return realpath(link, NULL);
}
