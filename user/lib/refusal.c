// SPDX-License-Identifier: LGPL-2.1-or-later
/* Why the kernel does not take BPF programs. */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "explain.h"
#include "refusal.h"

/* The first thing that libbpf complained about: its cause, not the sequel. */
static __thread char complaint[256];

static pthread_mutex_t noting = PTHREAD_MUTEX_INITIALIZER;

static int note_complaint(enum libbpf_print_level level, const char *format,
			  va_list args)
{
	if (level == LIBBPF_WARN && !*complaint) {
		vsnprintf(complaint, sizeof(complaint), format, args);
		complaint[strcspn(complaint, "\n")] = '\0';
	}
	return 0;
}

libbpf_print_fn_t kcopy_note_complaints(void)
{
	pthread_mutex_lock(&noting);
	*complaint = '\0';
	return libbpf_set_print(note_complaint);
}

void kcopy_complaints_noted(libbpf_print_fn_t print)
{
	libbpf_set_print(print);
	pthread_mutex_unlock(&noting);
}

int kcopy_explain_bpf(struct kcopy_explanation *why, int err)
{
	switch (err) {
	case -EPERM:
	case -EACCES:
		if (geteuid())
			return kcopy_explain(
				why, err,
				"loading BPF programs needs root (CAP_BPF and CAP_PERFMON)");
		if (kcopy_locked_down())
			return kcopy_explain(
				why, err,
				"the kernel is locked down and does not take BPF programs that trace it");
		break;
	case -ENOENT:
		return kcopy_explain(
			why, err,
			"the tracepoints of kcopyd are not there: is the module loaded? (%s)",
			complaint);
	case -ENOSYS:
	case -EOPNOTSUPP:
		return kcopy_explain(
			why, err,
			"this kernel has no BPF, or no BPF for tracepoints (CONFIG_BPF_SYSCALL, CONFIG_BPF_EVENTS)");
	}
	return kcopy_explain(why, err,
			     "the kernel refused the BPF programs: %s%s%s",
			     strerror(-err), *complaint ? ": " : "", complaint);
}
