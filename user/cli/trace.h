/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Events, as lines of text and of JSON. */
#ifndef _KCOPYCTL_TRACE_H
#define _KCOPYCTL_TRACE_H

#include <stdint.h>
#include <libkcopy.h>

/* Room for all words of flags. */
#define TRACE_WORDS_MAX 192

/**
 * struct trace_form - how a trace is shown
 * @begin: from here on there are events; @start_ns is now
 * @event: one event
 * @lost: so many events were lost, and so many altogether
 * @end: behind the last event
 */
struct trace_form {
	void (*begin)(uint64_t start_ns);
	void (*event)(const struct kcopyd_trace_event *event,
		      uint64_t start_ns);
	void (*lost)(uint64_t lost, uint64_t total);
	void (*end)(uint64_t shown, uint64_t lost);
};

extern const struct trace_form trace_as_text;
extern const struct trace_form trace_as_json;

/*
 * trace_words.c: flag BIT of an event of that type as a word; NULL when it has
 * no meaning there.
 */
const char *trace_flag_word(unsigned int type, unsigned int bit);
/* All flags that an event has, with a comma between two. */
char *trace_flag_words(const struct kcopyd_trace_event *event,
		       char words[TRACE_WORDS_MAX]);
/* "/dev/sdb"; asks the kernel only now and then. */
const char *trace_node(unsigned int major, unsigned int minor,
		       uint64_t time_ns);

#endif /* _KCOPYCTL_TRACE_H */
