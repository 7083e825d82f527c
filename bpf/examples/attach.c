// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Load any BPF object, attach its programs and pin them, so that they stay when
 * this has ended: what `bpftool prog loadall ... autoattach` does, for bpftools
 * older than 7.2.
 *
 *   attach OBJECT FOLDER    FOLDER in a BPF file system, as /sys/fs/bpf/mine
 *   rm -r FOLDER            detaches and frees all of it
 *
 * FOLDER/MAP are the object's maps, FOLDER/link_PROGRAM its links.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <bpf/libbpf.h>

#define MAX_PROGRAMS 64

static int fail(const char *what, const char *name, int err)
{
	fprintf(stderr, "attach: %s %s: %s\n", what, name, strerror(-err));
	return 1;
}

/* Closes our descriptor of the link; what is pinned stays. */
static int pin(struct bpf_link *link, const char *name, const char *folder)
{
	char path[PATH_MAX];
	int err;

	snprintf(path, sizeof(path), "%s/link_%s", folder, name);
	err = bpf_link__pin(link, path);
	bpf_link__destroy(link);
	return err;
}

/* First all that is likely to fail, of which nothing would be left. */
static int attach(struct bpf_object *object, struct bpf_link **links)
{
	struct bpf_program *prog;
	int nr = 0;

	bpf_object__for_each_program(prog, object) {
		if (nr == MAX_PROGRAMS)
			return fail("attaching", "so many programs", -E2BIG);
		links[nr] = bpf_program__attach(prog);
		if (!links[nr++])
			return fail("attaching", bpf_program__name(prog),
				    -errno);
	}
	return 0;
}

int main(int argc, char *argv[])
{
	struct bpf_link *links[MAX_PROGRAMS] = { NULL };
	struct bpf_object *object;
	struct bpf_program *prog;
	int err, nr = 0;

	if (argc != 3) {
		fprintf(stderr, "usage: attach OBJECT FOLDER\n");
		return 2;
	}
	object = bpf_object__open_file(argv[1], NULL);
	if (!object)
		return fail("opening", argv[1], -errno);
	err = bpf_object__load(object);
	if (err)
		return fail("loading", argv[1], err);
	if (attach(object, links))
		return 1;
	err = bpf_object__pin_maps(object, argv[2]);
	if (err)
		return fail("pinning the maps in", argv[2], err);
	bpf_object__for_each_program(prog, object) {
		err = pin(links[nr++], bpf_program__name(prog), argv[2]);
		if (err)
			return fail("pinning the links in", argv[2], err);
	}
	bpf_object__close(object);
	return 0;
}
