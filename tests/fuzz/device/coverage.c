// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Which code a program reaches, by KCOV: each thread has a buffer into which the
 * kernel writes the places that it passes, in their order. Work that the module
 * leaves to workers is not seen.
 */
#include <dirent.h>
#include <err.h>
#include <linux/types.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#include "device.h"

/* Of the kernel's Documentation/dev-tools/kcov.rst; there is no header. */
#define KCOV_INIT_TRACE _IOR('c', 1, unsigned long)
#define KCOV_ENABLE _IO('c', 100)
#define KCOV_TRACE_PC 0
#define KCOV "/sys/kernel/debug/kcov"
#define ENTRIES (32 * KIB)

#define SECTIONS "/sys/module/kcopyd/sections"
#define MAX_SECTIONS 16
#define PLACES (1U << 20)

static struct {
	int fd;
	uint64_t *entries;
} buffers[NR_LANES];

/* Sections with code, and where they are since the module was loaded. */
static struct section {
	char name[32];
	uint64_t start;
} sections[MAX_SECTIONS];
static unsigned int nr_sections;
/* Counts for each of its bytes from the first section on. */
static uint8_t *places;
static uint64_t base;

static bool open_one(unsigned int i)
{
	uint64_t *entries;
	int fd = open(KCOV, O_RDWR | O_CLOEXEC);

	if (fd < 0)
		return false;
	if (ioctl(fd, KCOV_INIT_TRACE, ENTRIES))
		return false;
	entries = mmap(NULL, ENTRIES * sizeof(*entries), PROT_READ | PROT_WRITE,
		       MAP_SHARED, fd, 0);
	buffers[i].fd = fd;
	buffers[i].entries = entries;
	return entries != MAP_FAILED;
}

bool coverage_open(void)
{
	places = mmap(NULL, PLACES, PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (places == MAP_FAILED)
		err(4, "memory for coverage");
	for (unsigned int i = 0; i < NR_LANES; i++)
		if (!open_one(i)) {
			buffers[0].entries = NULL;
			return false;
		}
	coverage_rebase();
	return true;
}

static void add_section(const char *name)
{
	struct section *section = &sections[nr_sections];
	char path[320];
	FILE *file;

	snprintf(path, sizeof(path), SECTIONS "/%s", name);
	file = fopen(path, "re");
	if (!file)
		return;
	if (fscanf(file, "%lx", &section->start) == 1) {
		snprintf(section->name, sizeof(section->name), "%s", name);
		if (!base || section->start < base)
			base = section->start;
		nr_sections++;
	}
	fclose(file);
}

void coverage_rebase(void)
{
	DIR *dir = opendir(SECTIONS);
	struct dirent *entry;

	nr_sections = 0;
	base = 0;
	while (dir && (entry = readdir(dir)) && nr_sections < MAX_SECTIONS)
		if (!strncmp(entry->d_name, ".text", 5))
			add_section(entry->d_name);
	if (dir)
		closedir(dir);
}

void coverage_enter(unsigned int lane)
{
	if (buffers[0].entries)
		ioctl(buffers[lane].fd, KCOV_ENABLE, KCOV_TRACE_PC);
}

void coverage_clear(void)
{
	if (buffers[0].entries)
		for (unsigned int i = 0; i < NR_LANES; i++)
			buffers[i].entries[0] = 0;
}

static void edge_set(struct coverage *coverage, uint32_t edge)
{
	uint8_t *byte = &coverage->edges[edge / 8];
	uint8_t bit = 1 << edge % 8;

	coverage->nr += !(*byte & bit);
	*byte |= bit;
}

static void collect_one(const uint64_t *entries, struct coverage *coverage)
{
	uint64_t nr = entries[0], before = 0;

	if (nr > ENTRIES - 1)
		nr = ENTRIES - 1;
	for (uint64_t i = 1; i <= nr; i++) {
		uint64_t place = entries[i] - base;

		if (place >= PLACES)
			continue;
		places[place] = 1;
		edge_set(coverage, ((place ^ before * 31) * 0x9e3779b1U >> 8) %
					   COVERAGE_EDGES);
		before = place;
	}
}

void coverage_collect(struct coverage *coverage)
{
	memset(coverage, 0, sizeof(*coverage));
	if (buffers[0].entries)
		for (unsigned int i = 0; i < NR_LANES; i++)
			collect_one(buffers[i].entries, coverage);
}

unsigned int coverage_new(const struct coverage *has, const struct coverage *in)
{
	unsigned int nr = 0;

	for (unsigned int i = 0; i < sizeof(has->edges); i++)
		nr += __builtin_popcount(has->edges[i] & ~in->edges[i]);
	return nr;
}

void coverage_add(struct coverage *to, const struct coverage *from)
{
	to->nr += coverage_new(from, to);
	for (unsigned int i = 0; i < sizeof(to->edges); i++)
		to->edges[i] |= from->edges[i];
}

unsigned int coverage_places(void)
{
	unsigned int nr = 0;

	for (unsigned int i = 0; i < PLACES; i++)
		nr += places[i];
	return nr;
}

static const struct section *section_of(uint64_t address)
{
	const struct section *best = NULL;

	for (unsigned int i = 0; i < nr_sections; i++)
		if (sections[i].start <= address &&
		    (!best || sections[i].start > best->start))
			best = &sections[i];
	return best;
}

/* A line each, as the module's file has it: section and offset. */
void coverage_save(const char *path)
{
	FILE *file = fopen(path, "we");

	if (!file)
		err(4, "%s", path);
	for (uint64_t i = 0; i < PLACES; i++) {
		const struct section *section = section_of(base + i);

		if (places[i] && section)
			fprintf(file, "%s %lx\n", section->name,
				base + i - section->start);
	}
	fclose(file);
}
