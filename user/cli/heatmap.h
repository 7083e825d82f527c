/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The verb heatmap: what was asked for, and the ways to show it. */
#ifndef _KCOPYCTL_HEATMAP_H
#define _KCOPYCTL_HEATMAP_H

#include "heat_history.h"
#include "heat_text.h"

/**
 * struct heatmap_options - the arguments
 * @device: a path or MAJOR:MINOR, or NULL
 * @what: the values
 * @ink: colours of the terminal
 * @interval_ns: 0: what has happened so far; otherwise from now on
 * @count: so many intervals; 0: until a signal
 * @svg: file or NULL
 * @png: file or NULL
 * @json: instead of text
 * @help: nothing but that
 */
struct heatmap_options {
	const char *device;
	enum heat_what what;
	enum heat_ink ink;
	uint64_t interval_ns;
	uint64_t count;
	const char *svg;
	const char *png;
	bool json;
	bool help;
};

/**
 * struct heat_subject - the device that is looked at
 * @name: as it was given, or its node
 * @about: model and serial number, or ""
 * @heat: as it was found; without I/O if there was none yet
 */
struct heat_subject {
	char name[128];
	char about[192];
	struct kcopy_heat heat;
};

/* Options and operands; an exit code. */
int heatmap_parse(int argc, char *argv[], struct heatmap_options *options);

/* The device that is meant, by name or because there is no other; an exit code. */
int heatmap_subject(struct heat_subject *subject, const struct kcopy_heat *heat,
		    size_t nr, const struct heatmap_options *options);

/* All of these devices as JSON; an exit code. */
int heatmap_json(struct kcopy_observer *observer, const struct kcopy_heat *heat,
		 size_t nr);

/* A line for each device; an exit code. */
int heatmap_devices(struct kcopy_observer *observer,
		    const struct kcopy_heat *heat, size_t nr,
		    const struct heatmap_options *options,
		    const struct heat_text *text);

/*
 * Look at a device again and again, with a line for each interval. @history
 * is what there was until the end, or until a signal came. An exit code.
 */
int heatmap_watch(struct kcopy_observer *observer,
		  const struct heat_subject *subject,
		  const struct heatmap_options *options,
		  const struct heat_text *text, struct heat_history *history);

#endif /* _KCOPYCTL_HEATMAP_H */
