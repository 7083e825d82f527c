// SPDX-License-Identifier: GPL-2.0-or-later
/* What the fuzzer has to know of a run, in memory that it shares with it. */
#include <err.h>
#include <stdarg.h>
#include <sys/mman.h>

#include "device.h"

struct journal *journal;

void journal_create(void)
{
	journal = mmap(NULL, sizeof(*journal), PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (journal == MAP_FAILED)
		err(4, "memory for the journal");
}

void journal_clear(void)
{
	journal->nr_jobs = 0;
	journal->nr_changes = 0;
	journal->wrong = 0;
	journal->failing = false;
	journal->problem[0] = 0;
}

/* A number below @most, for this thread alone; -1 when there is none left. */
static int take(atomic_uint *counter, unsigned int most)
{
	unsigned int i = atomic_load(counter);

	while (i < most)
		if (atomic_compare_exchange_weak(counter, &i, i + 1))
			return i;
	return -1;
}

struct journal_job *journal_add_job(void)
{
	int i = take(&journal->nr_jobs, JOURNAL_JOBS);

	if (i < 0)
		return NULL;
	memset(&journal->jobs[i], 0, sizeof(journal->jobs[i]));
	return &journal->jobs[i];
}

struct journal_change *journal_add_change(void)
{
	int i = take(&journal->nr_changes, JOURNAL_CHANGES);

	return i < 0 ? NULL : &journal->changes[i];
}

void problem(const char *format, ...)
{
	va_list args;

	if (atomic_fetch_add(&journal->wrong, 1))
		return;
	va_start(args, format);
	vsnprintf(journal->problem, sizeof(journal->problem), format, args);
	va_end(args);
}
