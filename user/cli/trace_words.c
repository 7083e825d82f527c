// SPDX-License-Identifier: GPL-2.0-or-later
/* What events say in numbers, in words. */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include "trace.h"

#define NODES 64
#define FRESH_NS 1000000000ULL
#define SMALL_BIT 31

static const char *const io_words[] = { "retry", "verify", "refused",
					"bisect" };
static const char *const job_words[] = {
	"ignore-error", "write-seq", "detach-failed", "flush",
	"skip-bad",	"zero-bad",  "keep-failed",   "sparse",
	"verify",	"compare",   "reset-zones",   "fail-fast",
};

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

static bool is_io(unsigned int type)
{
	return type == KCOPYD_TRACE_IO_SUBMIT || type == KCOPYD_TRACE_IO_DONE;
}

const char *trace_flag_word(unsigned int type, unsigned int bit)
{
	if (bit == SMALL_BIT)
		return "small";
	if (is_io(type))
		return bit < COUNT(io_words) ? io_words[bit] : NULL;
	return bit < COUNT(job_words) ? job_words[bit] : NULL;
}

char *trace_flag_words(const struct kcopyd_trace_event *event,
		       char words[TRACE_WORDS_MAX])
{
	const char *word;
	unsigned int bit;
	size_t len = 0;

	words[0] = '\0';
	for (bit = 0; bit < 32; bit++) {
		word = trace_flag_word(event->type, bit);
		if (word && event->flags & 1U << bit)
			len += snprintf(words + len, TRACE_WORDS_MAX - len,
					"%s%s", len ? ", " : "", word);
	}
	return words;
}

/*
 * A number that goes to another device gets its name a second later at most.
 * To ask for each event would take longer than to print it.
 */
const char *trace_node(unsigned int major, unsigned int minor, uint64_t time_ns)
{
	static struct {
		unsigned int major;
		unsigned int minor;
		uint64_t read_ns;
		char node[64];
	} nodes[NODES];
	const unsigned int i = (major * 31 + minor) % NODES;

	if (nodes[i].major != major || nodes[i].minor != minor ||
	    time_ns > nodes[i].read_ns + FRESH_NS || !nodes[i].node[0]) {
		kcopy_device_node(major, minor, nodes[i].node,
				  sizeof(nodes[i].node));
		nodes[i].major = major;
		nodes[i].minor = minor;
		nodes[i].read_ns = time_ns;
	}
	return nodes[i].node;
}
