// SPDX-License-Identifier: MIT
/*
 * Copy a block device to others, and show how far it is:
 *   copy_to_many [-f] SOURCE DEST...
 * The source is read once. A destination that fails is left out, the others are
 * finished. -f overwrites whatever is there. Interrupting cancels the copy.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <libkcopy.h>

static void complain(const char *what, const char *why)
{
	fprintf(stderr, "copy_to_many: %s: %s\n", what, why);
}

static int open_source(const char *path, uint64_t *size)
{
	struct kcopy_device *device;
	int fd;

	fd = kcopy_device_probe(path, &device);
	if (!fd) {
		*size = device->size;
		fd = kcopy_device_open_source(device);
		kcopy_device_free(device);
	}
	if (fd < 0)
		complain(path, strerror(-fd));
	return fd;
}

/* Whether nothing is known to be lost there, nor unknown. */
static bool is_empty(const char *path, int fd)
{
	char what[256];
	int found = kcopy_device_signature(fd, what, sizeof(what));

	if (found > 0)
		fprintf(stderr, "%s: has %s; -f overwrites it\n", path, what);
	else if (found < 0)
		fprintf(stderr, "%s: can't be read: %s; -f overwrites it\n",
			path, strerror(-found));
	return !found;
}

/* Opened alone: nobody else has it, nor mounts it meanwhile. */
static int open_dest(const char *path, uint64_t size, bool force)
{
	struct kcopy_device *device;
	int fd;

	fd = kcopy_device_probe(path, &device);
	if (!fd) {
		fd = device->size < size ? -ENOSPC :
					   kcopy_device_open_dest(device);
		kcopy_device_free(device);
	}
	if (fd >= 0 && !force && !is_empty(path, fd)) {
		close(fd);
		return -1;
	}
	if (fd < 0)
		complain(path, fd == -EBUSY  ? "mounted, or else in use" :
			       fd == -ENOSPC ? "smaller than the source" :
					       strerror(-fd));
	return fd;
}

static void show(const struct kcopyd_status *status,
		 const struct kcopyd_region_status *regions)
{
	char done[KCOPY_FORMAT_MAX], all[KCOPY_FORMAT_MAX];

	fprintf(stderr, "%s of %s, %s\n",
		kcopy_format_size(kcopy_progress(status, regions), done),
		kcopy_format_size(status->length, all),
		kcopy_state_string(status->state));
}

static int report(const struct kcopyd_status *status,
		  const struct kcopyd_region_status *regions, char *paths[])
{
	unsigned int i;

	if (status->read_err)
		complain(paths[0], strerror(-regions[0].error));
	for (i = 1; i < status->nr_regions; i++) {
		if (status->complete >> (i - 1) & 1)
			printf("%s: complete\n", paths[i]);
		else
			complain(paths[i],
				 strerror(regions[i].error ? -regions[i].error :
							     -status->code));
	}
	return status->code ? EXIT_FAILURE : EXIT_SUCCESS;
}

static int copy(const struct kcopy_request *request, char *paths[])
{
	static struct kcopyd_region_status regions[KCOPYD_MAX_REGIONS];
	struct kcopyd_status status = { 0 };
	struct kcopy_refusal refusal;
	struct kcopy *kcopy;
	uint64_t job;
	int ret;

	ret = kcopy_open(&kcopy);
	if (ret) {
		complain("/dev/kcopyd (see 'kcopyctl doctor')", strerror(-ret));
		return EXIT_FAILURE;
	}
	ret = kcopy_submit(kcopy, request, &job, &refusal);
	if (ret)
		complain(refusal.region <= request->nr_dests ?
				 paths[refusal.region] :
				 "refused",
			 refusal.reason ? kcopy_reason_string(refusal.reason) :
					  strerror(-ret));
	while (!ret) {
		ret = kcopy_wait(kcopy, job, 1000, &status, regions,
				 KCOPYD_MAX_REGIONS);
		if (ret >= 0)
			show(&status, regions);
		else
			complain("waiting", strerror(-ret));
	}
	kcopy_close(kcopy);
	return ret > 0 ? report(&status, regions, paths) : EXIT_FAILURE;
}

int main(int argc, char *argv[])
{
	struct kcopy_target dests[KCOPYD_MAX_DESTS] = { { 0 } };
	struct kcopy_request request = {
		.dests = dests,
		.flags = KCOPYD_SUBMIT_DETACH_FAILED,
	};
	bool force = argc > 1 && !strcmp(argv[1], "-f");
	char **paths = argv + 1 + force;
	int i, nr = argc - 2 - force;

	if (nr < 1 || nr > KCOPYD_MAX_DESTS || paths[0][0] == '-') {
		fprintf(stderr, "usage: copy_to_many [-f] SOURCE DEST...\n");
		return 2;
	}
	request.source.fd = open_source(paths[0], &request.length);
	if (request.source.fd < 0)
		return EXIT_FAILURE;
	for (i = 0; i < nr; i++) {
		dests[i].fd = open_dest(paths[1 + i], request.length, force);
		if (dests[i].fd < 0)
			return EXIT_FAILURE;
	}
	request.nr_dests = nr;
	return copy(&request, paths);
}
