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

struct journal_job *journal_add_job(void)
{
	unsigned int i = atomic_load(&journal->nr_jobs);

	do
		if (i == JOURNAL_JOBS)
			return NULL;
	while (!atomic_compare_exchange_weak(&journal->nr_jobs, &i, i + 1));
	memset(&journal->jobs[i], 0, sizeof(journal->jobs[i]));
	return &journal->jobs[i];
}

struct journal_change *journal_add_change(void)
{
	unsigned int i = atomic_load(&journal->nr_changes);

	do
		if (i == JOURNAL_CHANGES)
			return NULL;
	while (!atomic_compare_exchange_weak(&journal->nr_changes, &i, i + 1));
	return &journal->changes[i];
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
