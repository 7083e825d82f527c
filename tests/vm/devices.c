// SPDX-License-Identifier: GPL-2.0-or-later
/* Devices: null_blk with memory, scsi_debug, loop, device-mapper. */
#include <dirent.h>
#include <glob.h>
#include <linux/fs.h>
#include <linux/loop.h>
#include <stdarg.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "rig.h"

#define PREFIX "kt-"
#define NULLB "/sys/kernel/config/nullb"

/* ---- null_blk -------------------------------------------------------- */

static void attribute_write_text(const char *dir, const char *name,
				 const char *text)
{
	const ssize_t len = strlen(text);
	char path[256];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	cr_assert_geq(fd, 0, "%s: %m", path);
	cr_assert_eq(write(fd, text, len), len, "%s=%s: %m", path, text);
	close(fd);
}

static void attribute_write(const char *dir, const char *name,
			    unsigned int value)
{
	char text[16];

	snprintf(text, sizeof(text), "%u", value);
	attribute_write_text(dir, name, text);
}

static void queue_set(const char *name, const char *attribute, const char *text)
{
	char dir[128];

	snprintf(dir, sizeof(dir), "/sys/block/" PREFIX "%s/queue", name);
	attribute_write_text(dir, attribute, text);
}

const char *null_create(const char *name, struct null_options options)
{
	char dir[256], path[64];

	module_probe("null_blk", "nr_devices=0");
	snprintf(dir, sizeof(dir), NULLB "/" PREFIX "%s", name);
	cr_assert_eq(mkdir(dir, 0700), 0, "%s: %m", dir);
	attribute_write(dir, "size", options.mib);
	attribute_write(dir, "memory_backed", 1);
	attribute_write(dir, "blocksize", options.block ?: SECTOR);
	if (options.max_sectors)
		attribute_write(dir, "max_sectors", options.max_sectors);
	if (options.latency_us) {
		attribute_write(dir, "irqmode", 2);
		attribute_write(dir, "completion_nsec",
				options.latency_us * 1000);
	}
	if (options.depth)
		attribute_write(dir, "hw_queue_depth", options.depth);
	if (options.virt_boundary)
		attribute_write(dir, "virt_boundary", 1);
	if (options.cache_mib)
		attribute_write(dir, "cache_size", options.cache_mib);
	if (options.discard)
		attribute_write(dir, "discard", 1);
	if (options.zone_mib) {
		attribute_write(dir, "zoned", 1);
		attribute_write(dir, "zone_size", options.zone_mib);
		attribute_write(dir, "zone_nr_conv", 0);
	}
	attribute_write(dir, "power", 1);
	/* A scheduler has a limit of its own to what is in flight. */
	if (options.depth)
		queue_set(name, "scheduler", "none");
	if (options.no_merges)
		queue_set(name, "nomerges", "2");
	snprintf(path, sizeof(path), "/dev/" PREFIX "%s", name);
	/* devtmpfs makes it before power returns. */
	cr_assert_not(access(path, F_OK), "%s: %m", path);
	return strdup(path);
}

void null_destroy(const char *name)
{
	char dir[256];

	snprintf(dir, sizeof(dir), NULLB "/" PREFIX "%s", name);
	attribute_write(dir, "power", 0);
	cr_assert_eq(rmdir(dir), 0, "%s: %m", dir);
}

void null_power_off(const char *name)
{
	char dir[256];

	snprintf(dir, sizeof(dir), NULLB "/" PREFIX "%s", name);
	attribute_write(dir, "power", 0);
}

void null_cut_power(const char *name)
{
	char dir[256];

	snprintf(dir, sizeof(dir), NULLB "/" PREFIX "%s", name);
	attribute_write(dir, "power", 0);
	attribute_write(dir, "power", 1);
}

void null_make_bad(const char *name, uint64_t sector, uint64_t sectors)
{
	char dir[256], range[48];

	snprintf(dir, sizeof(dir), NULLB "/" PREFIX "%s", name);
	snprintf(range, sizeof(range), "+%lu-%lu", sector,
		 sector + sectors - 1);
	attribute_write_text(dir, "badblocks", range);
}

/* ---- scsi_debug ------------------------------------------------------ */

/* The name of its only disk, as "sda"; empty while there is none. */
static void scsi_disk(char name[64])
{
	const char *bus = "/sys/bus/pseudo/drivers/scsi_debug";
	glob_t found;
	char pattern[128];

	snprintf(pattern, sizeof(pattern),
		 "%s/adapter*/host*/target*/*:*/block/*", bus);
	name[0] = 0;
	if (!glob(pattern, 0, NULL, &found)) {
		snprintf(name, 64, "%s", strrchr(found.gl_pathv[0], '/') + 1);
		globfree(&found);
	}
}

const char *scsi_create(unsigned int mib, unsigned int block,
			const char *options)
{
	char size[32], sector[32], name[64], path[80];

	scsi_destroy();
	snprintf(size, sizeof(size), "dev_size_mb=%u", mib);
	snprintf(sector, sizeof(sector), "sector_size=%u", block);
	/* No udev, so nobody loads the disk's driver for us. */
	module_probe("sd_mod", NULL);
	run_ok("modprobe", "scsi_debug", size, sector, options);
	rig_wait_for((scsi_disk(name), *name), 30, "the disk of scsi_debug");
	snprintf(path, sizeof(path), "/dev/%s", name);
	rig_wait_for(!access(path, F_OK), 30, path);
	return strdup(path);
}

void scsi_destroy(void)
{
	if (module_loaded("scsi_debug"))
		run_ok("modprobe", "-r", "scsi_debug");
}

void scsi_delay_ms(unsigned int ms)
{
	scsi_option("ndelay", ms * 1000000);
}

void scsi_option(const char *name, unsigned int value)
{
	attribute_write("/sys/bus/pseudo/drivers/scsi_debug", name, value);
}

void scsi_make_bad(unsigned int sector, unsigned int sectors)
{
	const char *parameters = "/sys/module/scsi_debug/parameters";
	const unsigned int medium_error = 2;

	attribute_write(parameters, "medium_error_start", sector);
	attribute_write(parameters, "medium_error_count", sectors);
	attribute_write("/sys/bus/pseudo/drivers/scsi_debug", "opts",
			medium_error);
}

void scsi_delete(const char *path)
{
	char dir[128];

	snprintf(dir, sizeof(dir), "/sys/block/%s/device",
		 strrchr(path, '/') + 1);
	attribute_write(dir, "delete", 1);
}

/* ---- loop ------------------------------------------------------------ */

/* ---- md ---------------------------------------------------------------------- */

#define MD_ARRAY "/sys/block/md_kt/md"

/* By sysfs: mdadm comes with a service that looks after arrays. */
const char *md_create(const char *name)
{
	char path[128], number[32];
	uint64_t kib;

	snprintf(path, sizeof(path), "/dev/" PREFIX "%s", name);
	kib = device_size(path) / KIB;
	module_probe("md_mod", NULL);
	module_probe("raid1", NULL);
	attribute_write_text("/sys/module/md_mod/parameters", "new_array",
			     "md_kt");
	attribute_write_text(MD_ARRAY, "metadata_version", "none");
	attribute_write_text(MD_ARRAY, "level", "raid1");
	attribute_write(MD_ARRAY, "raid_disks", 1);
	attribute_write(MD_ARRAY, "component_size", kib);
	snprintf(path, sizeof(path), "/sys/block/" PREFIX "%s/dev", name);
	snprintf(number, sizeof(number), "%s", file_text(path));
	attribute_write_text(MD_ARRAY, "new_dev", number);
	snprintf(path, sizeof(path), MD_ARRAY "/dev-" PREFIX "%s", name);
	attribute_write(path, "slot", 0);
	attribute_write_text(MD_ARRAY, "array_state", "active");
	return "/dev/md_kt";
}

void md_destroy(void)
{
	if (!access(MD_ARRAY, F_OK))
		attribute_write_text(MD_ARRAY, "array_state", "clear");
}

const char *loop_create(unsigned int mib)
{
	struct loop_config config = { .info.lo_flags = LO_FLAGS_AUTOCLEAR };
	int control, file, loop, number, writable = 0;
	char path[64];

	module_probe("loop", NULL);
	control = device_open("/dev/loop-control", O_RDWR);
	number = ioctl(control, LOOP_CTL_GET_FREE);
	cr_assert_geq(number, 0, "a free loop device: %m");
	close(control);
	file = memfd_create("loop", MFD_CLOEXEC);
	cr_assert_geq(file, 0, "%m");
	cr_assert_eq(ftruncate(file, mib * MIB), 0, "%m");
	snprintf(path, sizeof(path), "/dev/loop%d", number);
	loop = device_open(path, O_RDWR);
	config.fd = file;
	cr_assert_eq(ioctl(loop, LOOP_CONFIGURE, &config), 0, "%s: %m", path);
	/* What BLKROSET said outlives what the device was before. */
	cr_assert_eq(ioctl(loop, BLKROSET, &writable), 0, "%s: %m", path);
	close(file);
	/* @loop stays open, and with it the device. */
	return strdup(path);
}

bool loop_is_over(const char *word)
{
	struct run run = run_any("losetup", "--list", "--noheadings",
				 "--output", "BACK-FILE");
	bool is = strstr(run.out, word);

	run_free(&run);
	return is;
}

/* ---- device-mapper --------------------------------------------------- */

const char *dm_create(const char *name, const char *table, ...)
{
	char full[64], path[128], *text;
	va_list args;

	va_start(args, table);
	cr_assert_geq(vasprintf(&text, table, args), 0);
	va_end(args);
	snprintf(full, sizeof(full), PREFIX "%s", name);
	snprintf(path, sizeof(path), "/dev/mapper/%s", full);
	run_ok_input(text, "dmsetup", "create", full);
	free(text);
	return strdup(path);
}

/* As another device, from dm_resume() on. */
void dm_load(const char *name, const char *table)
{
	char full[64];

	snprintf(full, sizeof(full), PREFIX "%s", name);
	run_ok_input(table, "dmsetup", "load", full);
}

/* What is in flight completes first; what comes later waits. */
void dm_suspend(const char *name)
{
	char full[64];

	snprintf(full, sizeof(full), PREFIX "%s", name);
	run_ok("dmsetup", "suspend", "--nolockfs", full);
}

void dm_resume(const char *name)
{
	char full[64];

	snprintf(full, sizeof(full), PREFIX "%s", name);
	run_ok("dmsetup", "resume", full);
}

void dm_destroy(const char *name)
{
	char full[64];

	snprintf(full, sizeof(full), PREFIX "%s", name);
	run_ok("dmsetup", "remove", "--retry", full);
}

/* ---- all of them ----------------------------------------------------- */

/* Last mounted, first unmounted. */
static void unmount_all(void)
{
	char line[1024], where[256], last[256];

	do {
		FILE *mounts = fopen("/proc/self/mounts", "re");

		cr_assert_not_null(mounts);
		last[0] = 0;
		while (fgets(line, sizeof(line), mounts))
			if (sscanf(line, "%*s %255s", where) == 1 &&
			    strstr(where, "/" PREFIX))
				snprintf(last, sizeof(last), "%s", where);
		fclose(mounts);
	} while (last[0] && !umount2(last, MNT_DETACH));
}

static bool read_word(const char *block, const char *attribute, char word[64])
{
	char path[320];
	FILE *file;
	bool ok;

	snprintf(path, sizeof(path), "/sys/block/%s/%s", block, attribute);
	file = fopen(path, "re");
	if (!file)
		return false;
	ok = fscanf(file, "%63s", word) == 1;
	fclose(file);
	return ok;
}

/* Names of our dm devices; those that are suspended are resumed. */
static unsigned int dm_list(char names[][64], unsigned int room)
{
	DIR *dir = opendir("/sys/block");
	struct dirent *entry;
	unsigned int nr = 0;

	cr_assert_not_null(dir);
	while ((entry = readdir(dir)) && nr < room) {
		char suspended[64];

		if (!read_word(entry->d_name, "dm/name", names[nr]) ||
		    strncmp(names[nr], PREFIX, strlen(PREFIX)))
			continue;
		if (read_word(entry->d_name, "dm/suspended", suspended) &&
		    strcmp(suspended, "0"))
			run_ok("dmsetup", "resume", names[nr]);
		nr++;
	}
	closedir(dir);
	return nr;
}

/* A device below another can't go first, so as many rounds as needed. */
static void dm_destroy_all(void)
{
	char names[64][64];
	unsigned int nr = dm_list(names, 64), left;

	while (nr) {
		for (unsigned int i = 0; i < nr; i++) {
			struct run run = run_any("dmsetup", "remove", names[i]);

			run_free(&run);
		}
		left = dm_list(names, 64);
		cr_assert_lt(left, nr, "%s can't be removed", names[0]);
		nr = left;
	}
}

static void null_destroy_all(void)
{
	DIR *dir = opendir(NULLB);
	struct dirent *entry;

	if (!dir)
		return;
	while ((entry = readdir(dir)))
		if (!strncmp(entry->d_name, PREFIX, strlen(PREFIX)))
			null_destroy(entry->d_name + strlen(PREFIX));
	closedir(dir);
}

/* A failed test may have any open; one that passed need not care. */
static void descriptors_close(void)
{
	DIR *dir = opendir("/proc/self/fd");
	struct dirent *entry;

	cr_assert_not_null(dir);
	while ((entry = readdir(dir))) {
		char path[128];
		ssize_t n = readlinkat(dirfd(dir), entry->d_name, path,
				       sizeof(path) - 1);

		path[n < 0 ? 0 : n] = 0;
		if (strstr(path, "/" PREFIX) ||
		    !strncmp(path, "/dev/kcopyd", strlen("/dev/kcopyd")) ||
		    !strncmp(path, "/dev/loop", strlen("/dev/loop")) ||
		    !strncmp(path, "/dev/sd", strlen("/dev/sd")))
			close(atoi(entry->d_name));
	}
	closedir(dir);
}

void devices_destroy(void)
{
	descriptors_close();
	unmount_all();
	dm_destroy_all();
	md_destroy();
	null_destroy_all();
	scsi_destroy();
}

uint64_t device_size(const char *path)
{
	int fd = device_open(path, O_RDONLY);
	uint64_t size;

	cr_assert_eq(ioctl(fd, BLKGETSIZE64, &size), 0, "%s: %m", path);
	close(fd);
	return size;
}

int device_open(const char *path, int flags)
{
	int fd = open(path, flags | O_CLOEXEC);

	cr_assert_geq(fd, 0, "%s: %m", path);
	return fd;
}

bool device_is_busy(const char *path)
{
	int fd = open(path, O_RDONLY | O_EXCL | O_CLOEXEC);

	if (fd >= 0)
		close(fd);
	else
		cr_assert_eq(errno, EBUSY, "%s: %m", path);
	return fd < 0;
}
