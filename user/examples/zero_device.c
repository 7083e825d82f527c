// SPDX-License-Identifier: MIT
/*
 * Write zeroes to all of a block device.
 *
 *   zero_device [-f] DEVICE
 *
 * A copy without a source does that; where the device can make zeroes itself no
 * data is moved. With -f also where there is something on it.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <libkcopy.h>

static void complain(const char *what, const char *why)
{
	fprintf(stderr, "zero_device: %s: %s\n", what, why);
}

static void complain_uses(const struct kcopy_device *device)
{
	struct kcopy_use *uses;
	size_t i, nr;

	if (kcopy_device_uses(device, &uses, &nr))
		return;
	for (i = 0; i < nr; i++)
		fprintf(stderr, "%s is used: %s %s\n", uses[i].node,
			uses[i].kind == KCOPY_USE_MOUNT ? "mounted on" :
			uses[i].kind == KCOPY_USE_SWAP	? "swap" :
							  "part of",
			uses[i].by);
	free(uses);
}

/* Opened alone, -1 after a complaint. */
static int open_device(const struct kcopy_device *device, bool force)
{
	char what[256];
	int fd, found;

	fd = kcopy_device_open_dest(device);
	if (fd < 0) {
		complain(device->path, strerror(-fd));
		if (fd == -EBUSY)
			complain_uses(device);
		return -1;
	}
	found = force ? 0 : kcopy_device_signature(fd, what, sizeof(what));
	if (!found)
		return fd;
	complain(device->path, found < 0 ? strerror(-found) : what);
	if (found > 0)
		fprintf(stderr, "-f overwrites it.\n");
	close(fd);
	return -1;
}

static int zero(int fd, const struct kcopy_device *device)
{
	const struct kcopy_target dest = { .fd = fd };
	const struct kcopy_request request = {
		.source = { .fd = -1 },
		.dests = &dest,
		.nr_dests = 1,
		.length = device->size,
	};
	struct kcopyd_region_status regions[2];
	struct kcopyd_status status = { 0 };
	struct kcopy_refusal refusal;
	char size[KCOPY_FORMAT_MAX];
	struct kcopy *kcopy;
	uint64_t job;
	int ret;

	ret = kcopy_open(&kcopy);
	if (ret) {
		complain("/dev/kcopyd", strerror(-ret));
		fprintf(stderr, "'kcopyctl doctor' says what is missing.\n");
		return EXIT_FAILURE;
	}
	ret = kcopy_submit(kcopy, &request, &job, &refusal);
	if (ret)
		complain(device->path,
			 refusal.reason == KCOPYD_REASON_NONE ?
				 strerror(-ret) :
				 kcopy_reason_string(refusal.reason));
	else
		ret = kcopy_wait(kcopy, job, -1, &status, regions, 2);
	kcopy_close(kcopy);
	if (ret < 0)
		return EXIT_FAILURE;
	if (status.code) {
		complain(device->path,
			 strerror(regions[1].error ? -regions[1].error :
						     -status.code));
		return EXIT_FAILURE;
	}
	printf("%s: %s of zeroes\n", device->path,
	       kcopy_format_size(regions[1].bytes, size));
	return EXIT_SUCCESS;
}

int main(int argc, char *argv[])
{
	bool force = argc > 1 && !strcmp(argv[1], "-f");
	struct kcopy_device *device;
	int err, fd, code = EXIT_FAILURE;

	if (argc != 2 + force || argv[1 + force][0] == '-') {
		fprintf(stderr, "usage: zero_device [-f] DEVICE\n");
		return 2;
	}
	err = kcopy_device_probe(argv[1 + force], &device);
	if (err) {
		complain(argv[1 + force], strerror(-err));
		return EXIT_FAILURE;
	}
	fd = open_device(device, force);
	if (fd >= 0) {
		code = zero(fd, device);
		close(fd);
	}
	kcopy_device_free(device);
	return code;
}
