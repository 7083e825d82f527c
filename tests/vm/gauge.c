// SPDX-License-Identifier: GPL-2.0-or-later
/* What the kernel holds, to see whether it stays that way. */
#include <bpf/bpf.h>
#include <dirent.h>
#include <glob.h>
#include <linux/types.h>

#include <kcopyd/stats.h>

#include "gauge.h"
#include "job.h"

/* ---- reading --------------------------------------------------------------- */

static uint64_t memory_of(const char *key)
{
	const char *line = strstr(file_text("/proc/meminfo"), key);
	char *end;
	uint64_t kib;

	cr_assert_not_null(line, "no %s among the kernel's figures", key);
	kib = strtoull(line + strlen(key), &end, 10);
	cr_assert_eq(strncmp(end, " kB\n", 4), 0, "%s", key);
	return kib * KIB;
}

/*
 * Free pages that the processors have for themselves, which the kernel does not
 * count as free: some tens of MiB.
 */
static uint64_t free_of_processors(void)
{
	FILE *file = fopen("/proc/zoneinfo", "re");
	unsigned long count;
	uint64_t nr = 0;
	char line[256];

	cr_assert_not_null(file, "the kernel's zones: %m");
	while (fgets(line, sizeof(line), file))
		if (sscanf(line, " count: %lu", &count) == 1)
			nr += count;
	fclose(file);
	return nr * sysconf(_SC_PAGESIZE);
}

/* Lines of the kernel's own caches that @name starts with. */
static void slabs_of(const char *name, uint64_t *objects, uint64_t *bytes)
{
	FILE *file = fopen("/proc/slabinfo", "re");
	unsigned long active, all, size;
	char line[512], cache[64];

	cr_assert_not_null(file, "the kernel's caches: %m");
	*objects = 0;
	*bytes = 0;
	while (fgets(line, sizeof(line), file)) {
		if (sscanf(line, "%63s %lu %lu %lu", cache, &active, &all,
			   &size) != 4 ||
		    strncmp(cache, name, strlen(name)))
			continue;
		*objects += active;
		*bytes += active * size;
	}
	fclose(file);
}

/* Which of them have so much, in words, so that growth can be looked into. */
#define MUCH (128 * KIB)

static void name_slabs(const char *name, char *text, size_t size)
{
	FILE *file = fopen("/proc/slabinfo", "re");
	unsigned long active, all, each;
	char line[512], cache[64];
	size_t len = 0;

	cr_assert_not_null(file, "the kernel's caches: %m");
	*text = '\0';
	while (len < size && fgets(line, sizeof(line), file))
		if (sscanf(line, "%63s %lu %lu %lu", cache, &active, &all,
			   &each) == 4 &&
		    !strncmp(cache, name, strlen(name)) && active * each > MUCH)
			len += snprintf(text + len, size - len, " %s %lu",
					cache + strlen(name),
					active * each >> 10);
	fclose(file);
}

/* What workqueues that reclaim may wait for have a thread for. */
static uint64_t count_threads(void)
{
	glob_t found;
	uint64_t nr = 0;

	cr_assert_eq(glob("/proc/[0-9]*/comm", 0, NULL, &found), 0);
	for (size_t i = 0; i < found.gl_pathc; i++) {
		FILE *file = fopen(found.gl_pathv[i], "re");
		char name[64] = "";

		if (!file)
			continue;
		if (fgets(name, sizeof(name), file) &&
		    (!strncmp(name, "kcopyd", 6) ||
		     !strncmp(name, "kworker/R-kcopy", 15)))
			nr++;
		fclose(file);
	}
	globfree(&found);
	return nr;
}

static uint64_t count_rows(const char *pin, size_t key_size)
{
	char key[64], next[64];
	int fd = bpf_obj_get(pin);
	uint64_t nr = 0;

	if (fd < 0)
		return 0;
	cr_assert_leq(key_size, sizeof(key));
	for (int ret = bpf_map_get_next_key(fd, NULL, next); !ret;
	     ret = bpf_map_get_next_key(fd, key, next)) {
		memcpy(key, next, key_size);
		nr++;
	}
	close(fd);
	return nr;
}

/* Rows of regions without one of their job, which nothing would ever delete. */
static uint64_t count_orphans(void)
{
	struct kcopyd_region_key key, *last = NULL;
	int regions = bpf_obj_get(KCOPYD_PIN_REGIONS);
	int jobs = bpf_obj_get(KCOPYD_PIN_JOBS);
	struct kcopyd_job_stats stats;
	uint64_t nr = 0;

	if (regions < 0 || jobs < 0)
		return 0;
	for (; !bpf_map_get_next_key(regions, last, &key); last = &key)
		if (bpf_map_lookup_elem(jobs, &key.job, &stats))
			nr++;
	close(regions);
	close(jobs);
	return nr;
}

static struct gauge_rows count_all_rows(void)
{
	return (struct gauge_rows){
		.jobs = count_rows(KCOPYD_PIN_JOBS, sizeof(uint64_t)),
		.orphans = count_orphans(),
		.clients = count_rows(KCOPYD_PIN_CLIENTS, sizeof(uint64_t)),
		.devices = count_rows(KCOPYD_PIN_DEVICES,
				      sizeof(struct kcopyd_device_key)),
		.heat = count_rows(KCOPYD_PIN_HEAT,
				   sizeof(struct kcopyd_heat_key)),
	};
}

/*
 * Slabs that are empty are not given back at once, and KASAN keeps what was
 * freed, of each cache until that is shrunk.
 */
static void slabs_shrink(void)
{
	glob_t found;

	if (glob("/sys/kernel/slab/*/shrink", 0, NULL, &found))
		return;
	for (size_t i = 0; i < found.gl_pathc; i++) {
		int fd = open(found.gl_pathv[i], O_WRONLY | O_CLOEXEC);

		if (fd >= 0 && write(fd, "1", 1) != 1)
			cr_log_info("%s: %m", found.gl_pathv[i]);
		close(fd);
	}
	globfree(&found);
}

void gauge_settle(void)
{
	/* Freed by RCU, and by workers of the kernel. */
	rig_sleep_ms(1000);
	data_drop_caches();
	slabs_shrink();
}

/* Of a process in /proc: a letter, or 0 if it has another name. */
static char state_if_called(const char *path, const char *name)
{
	FILE *file = fopen(path, "re");
	char comm[64] = "", state = 0;

	if (!file)
		return 0;
	if (fscanf(file, "%*d (%63[^)]) %c", comm, &state) != 2 ||
	    strncmp(comm, name, strlen(name)))
		state = 0;
	fclose(file);
	return state;
}

/*
 * A kernel with lockdep lets one thread free all workqueues that were, and that
 * one waits for a grace period each: clients that come and go leave it minutes
 * of work. It sleeps so that signals could wake it when there is none.
 */
static bool frees_still(void)
{
	bool busy = false;
	glob_t found;
	char state;

	rig_sleep_ms(rig_scaled(200, 1000));
	cr_assert_eq(glob("/proc/[0-9]*/stat", 0, NULL, &found), 0);
	for (size_t i = 0; i < found.gl_pathc; i++) {
		state = state_if_called(found.gl_pathv[i], "pool_workqueue_");
		busy |= state && state != 'S' && state != 'I';
	}
	globfree(&found);
	return busy;
}

struct gauge gauge_read(void)
{
	struct kcopyd_info info;
	struct gauge gauge = {};
	uint64_t none;

	rig_wait_for((info = job_info_now(), !info.jobs && !info.memory), 60,
		     "no jobs and no reserve in use");
	rig_wait_for(!frees_still(), 1200, "an end of what is freed later");
	gauge_settle();
	gauge.available = memory_of("MemAvailable:") + free_of_processors();
	gauge.slab = memory_of("SUnreclaim:");
	gauge.percpu = memory_of("Percpu:");
	gauge.vmalloc = memory_of("VmallocUsed:");
	gauge.stacks = memory_of("KernelStack:");
	slabs_of("kmalloc-", &none, &gauge.kmalloc);
	name_slabs("kmalloc-", gauge.kmallocs, sizeof(gauge.kmallocs));
	slabs_of("kc_", &gauge.objects, &none);
	gauge.threads = count_threads();
	gauge.users = atoi(file_text("/sys/module/kcopyd/refcnt"));
	gauge.reserve = info.memory;
	gauge.rows = count_all_rows();
	return gauge;
}

void gauge_tell(const char *when, const struct gauge *gauge)
{
	cr_log_info(
		"%s: KiB available %lu, slab %lu, kmalloc %lu, percpu %lu, vmalloc %lu, stacks %lu; objects %lu, threads %lu, users %lu; rows of jobs %lu, clients %lu, devices %lu, heat %lu",
		when, gauge->available >> 10, gauge->slab >> 10,
		gauge->kmalloc >> 10, gauge->percpu >> 10, gauge->vmalloc >> 10,
		gauge->stacks >> 10, gauge->objects, gauge->threads,
		gauge->users, gauge->rows.jobs, gauge->rows.clients,
		gauge->rows.devices, gauge->rows.heat);
	cr_log_info("%s: KiB of kmalloc:%s", when, gauge->kmallocs);
}

/* ---- comparing ------------------------------------------------------------- */

static void expect_at_most(uint64_t before, uint64_t after, uint64_t more,
			   const char *what)
{
	cr_assert_leq(after, before + more, "%s: %lu, and %lu before", what,
		      after, before);
}

/*
 * Which of the last jobs and clients there are is chance, and so is how many
 * rows they have; how many are kept is not.
 */
static void expect_kept_rows(const struct gauge_rows *rows)
{
	cr_assert_leq(rows->jobs, KCOPYD_STATS_FINISHED, "%lu rows of jobs",
		      rows->jobs);
	cr_assert_eq(rows->orphans, 0, "%lu regions of no job", rows->orphans);
	cr_assert_leq(rows->clients, KCOPYD_STATS_GONE_CLIENTS,
		      "%lu rows of clients", rows->clients);
}

void gauge_expect_flat(const struct gauge *before, const struct gauge *after)
{
	/*
	 * The debug kernel remembers stacks and locks that it had not seen
	 * before; measured were 2 MiB. What KASAN keeps of what was freed has
	 * been given back.
	 */
	const uint64_t kept = rig_scaled(0, 2) * MIB;

	cr_assert_eq(after->users, before->users, "%lu users of the module",
		     after->users);
	cr_assert_eq(after->threads, before->threads, "%lu threads",
		     after->threads);
	cr_assert_eq(after->reserve, 0);
	/* What a processor has for itself of a cache counts as in use. */
	expect_at_most(before->objects, after->objects, 1024, "our objects");
	expect_kept_rows(&after->rows);
	/* An operation that comes late, on disks that were all there before. */
	expect_at_most(before->rows.devices, after->rows.devices, 32,
		       "rows of devices");
	expect_at_most(before->rows.heat, after->rows.heat, 32, "rows of heat");
	/* The rest of the kernel allocates too, a little here and there. */
	expect_at_most(before->kmalloc, after->kmalloc, kept + MIB / 2,
		       "kmalloc");
	expect_at_most(before->slab, after->slab, kept + 4 * MIB, "slab");
	expect_at_most(before->percpu, after->percpu, MIB, "percpu");
	expect_at_most(before->vmalloc, after->vmalloc, 2 * MIB, "vmalloc");
	expect_at_most(before->stacks, after->stacks, 2 * MIB, "stacks");
	/* It is an estimate, and what runs beside us takes some. */
	cr_assert_geq(after->available + kept + 8 * MIB, before->available,
		      "available memory: %lu, and %lu before", after->available,
		      before->available);
}
