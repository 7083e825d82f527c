// SPDX-License-Identifier: LGPL-2.1-or-later
/* The observer: BPF programs and maps, loaded, pinned, unpinned. */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <libkcopy.h>
#include "stats.skel.h"
#include "cleanup.h"
#include "explain.h"
#include "refusal.h"

#define BPF_FS "/sys/fs/bpf"
#define LINK_PREFIX "link_"

static void cleanup_skeleton(struct stats_bpf **skeleton)
{
	stats_bpf__destroy(*skeleton);
}

static void map_path(const struct bpf_map *map, char *path, size_t size)
{
	snprintf(path, size, KCOPYD_PIN_DIR "/%s", bpf_map__name(map));
}

static void link_path(const struct bpf_program *prog, char *path, size_t size)
{
	snprintf(path, size, KCOPYD_PIN_DIR "/" LINK_PREFIX "%s",
		 bpf_program__name(prog));
}

static int count_pins(unsigned int *maps, unsigned int *links)
{
	AUTO_DIR DIR *dir = opendir(KCOPYD_PIN_DIR);
	struct dirent *entry;

	*maps = 0;
	*links = 0;
	if (!dir)
		return errno == ENOENT ? 0 : -errno;
	while ((entry = readdir(dir))) {
		if (!strncmp(entry->d_name, LINK_PREFIX, strlen(LINK_PREFIX)))
			++*links;
		else if (*entry->d_name != '.')
			++*maps;
	}
	return 0;
}

int kcopy_observer_state(enum kcopy_observer_state *state)
{
	AUTO(cleanup_skeleton) struct stats_bpf *skeleton = NULL;
	unsigned int maps, links;
	int err;

	err = count_pins(&maps, &links);
	if (err)
		return err;
	if (!maps && !links) {
		*state = KCOPY_OBSERVER_ABSENT;
		return 0;
	}
	skeleton = stats_bpf__open();
	if (!skeleton)
		return -errno;
	*state = maps == (unsigned int)skeleton->skeleton->map_cnt &&
				 links == (unsigned int)
						  skeleton->skeleton->prog_cnt ?
			 KCOPY_OBSERVER_ATTACHED :
			 KCOPY_OBSERVER_STALE;
	return 0;
}

static int unpin(DIR *dir, bool links)
{
	struct dirent *entry;
	bool is_link;

	rewinddir(dir);
	while ((entry = readdir(dir))) {
		is_link = !strncmp(entry->d_name, LINK_PREFIX,
				   strlen(LINK_PREFIX));
		if (*entry->d_name == '.' || is_link != links)
			continue;
		if (unlinkat(dirfd(dir), entry->d_name, 0) && errno != ENOENT)
			return -errno;
	}
	return 0;
}

int kcopy_observer_unload(void)
{
	AUTO_DIR DIR *dir = opendir(KCOPYD_PIN_DIR);
	int err;

	if (!dir)
		return errno == ENOENT ? 0 : -errno;
	/* No program may run on while its maps are being taken away. */
	err = unpin(dir, true);
	if (!err)
		err = unpin(dir, false);
	if (!err && rmdir(KCOPYD_PIN_DIR) && errno != ENOENT)
		err = -errno;
	return err;
}

static int pin_maps(struct stats_bpf *skeleton)
{
	char path[PATH_MAX];
	struct bpf_map *map;
	int err;

	bpf_object__for_each_map(map, skeleton->obj) {
		map_path(map, path, sizeof(path));
		err = bpf_map__pin(map, path);
		if (err)
			return err;
	}
	return 0;
}

/* So that a program of another version can tell. */
static int write_version(struct stats_bpf *skeleton)
{
	const uint32_t key = KCOPYD_COUNTER_VERSION;
	const uint64_t version = KCOPYD_STATS_VERSION;

	return bpf_map__update_elem(skeleton->maps.counters, &key, sizeof(key),
				    &version, sizeof(version), BPF_ANY);
}

static int attach_and_pin(struct bpf_program *prog)
{
	struct bpf_link *link = bpf_program__attach(prog);
	char path[PATH_MAX];
	int err;

	if (!link)
		return -errno;
	link_path(prog, path, sizeof(path));
	err = bpf_link__pin(link, path);
	/* Closes our descriptor; the pin keeps the link. */
	bpf_link__destroy(link);
	return err;
}

static int load_and_pin(struct kcopy_explanation *why)
{
	AUTO(cleanup_skeleton) struct stats_bpf *skeleton = NULL;
	struct bpf_program *prog;
	int err;

	skeleton = stats_bpf__open();
	if (!skeleton)
		return kcopy_explain_bpf(why, -errno);
	err = stats_bpf__load(skeleton);
	if (err)
		return kcopy_explain_bpf(why, err);
	err = write_version(skeleton);
	if (!err)
		err = pin_maps(skeleton);
	/*
	 * The last first: they are in the order of a job's life, and a row that
	 * was made must also be ended.
	 */
	prog = bpf_object__prev_program(skeleton->obj, NULL);
	for (; !err && prog;
	     prog = bpf_object__prev_program(skeleton->obj, prog))
		err = attach_and_pin(prog);
	return err ? kcopy_explain_bpf(why, err) : 0;
}

static int add_misses(const char *name, uint64_t *misses)
{
	AUTO_FD int link = -1;
	AUTO_FD int prog = -1;
	struct bpf_link_info link_info = {};
	struct bpf_prog_info prog_info = {};
	__u32 link_len = sizeof(link_info), prog_len = sizeof(prog_info);
	char path[PATH_MAX];

	snprintf(path, sizeof(path), KCOPYD_PIN_DIR "/%s", name);
	link = bpf_obj_get(path);
	if (link < 0 || bpf_obj_get_info_by_fd(link, &link_info, &link_len))
		return -errno;
	prog = bpf_prog_get_fd_by_id(link_info.prog_id);
	if (prog < 0 || bpf_obj_get_info_by_fd(prog, &prog_info, &prog_len))
		return -errno;
	*misses += prog_info.recursion_misses;
	return 0;
}

int kcopy_observer_misses(uint64_t *misses)
{
	AUTO_DIR DIR *dir = opendir(KCOPYD_PIN_DIR);
	struct dirent *entry;
	int err = 0;

	*misses = 0;
	if (!dir)
		return -errno;
	while (!err && (entry = readdir(dir)))
		if (!strncmp(entry->d_name, LINK_PREFIX, strlen(LINK_PREFIX)))
			err = add_misses(entry->d_name, misses);
	return err;
}

static int make_pin_dir(struct kcopy_explanation *why)
{
	struct statfs fs;

	if (statfs(BPF_FS, &fs) || fs.f_type != BPF_FS_MAGIC)
		return kcopy_explain(why, -ENOTDIR,
				     "there is no BPF file system at " BPF_FS
				     ": mount -t bpf bpf " BPF_FS);
	if (mkdir(KCOPYD_PIN_DIR, 0700))
		return kcopy_explain(why, -errno,
				     "making " KCOPYD_PIN_DIR " failed: %s",
				     strerror(errno));
	return 0;
}

int kcopy_observer_load(struct kcopy_explanation *why)
{
	enum kcopy_observer_state state = KCOPY_OBSERVER_ABSENT;
	libbpf_print_fn_t print;
	int err;

	kcopy_explain(why, 0, "%s", "");
	err = kcopy_observer_state(&state);
	if (err)
		return kcopy_explain(why, err,
				     "looking at " KCOPYD_PIN_DIR " failed: %s",
				     strerror(-err));
	if (state == KCOPY_OBSERVER_ATTACHED)
		return -EALREADY;
	err = kcopy_observer_unload();
	if (err)
		return kcopy_explain(why, err,
				     "removing stale pins from " KCOPYD_PIN_DIR
				     " failed: %s",
				     strerror(-err));
	err = make_pin_dir(why);
	if (err)
		return err;

	print = kcopy_note_complaints();
	err = load_and_pin(why);
	kcopy_complaints_noted(print);
	if (err)
		kcopy_observer_unload();
	return err;
}
