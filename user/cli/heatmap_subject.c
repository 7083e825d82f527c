// SPDX-License-Identifier: GPL-2.0-or-later
/* Which device is meant. */
#include <errno.h>
#include <string.h>
#include "cli.h"
#include "heatmap.h"

static const struct kcopy_heat *find_heat(const struct kcopy_heat *heat,
					  size_t nr, unsigned int major,
					  unsigned int minor)
{
	size_t i;

	for (i = 0; i < nr; i++) {
		if (heat[i].major == major && heat[i].minor == minor)
			return &heat[i];
	}
	return NULL;
}

static void describe(struct heat_subject *subject,
		     const struct kcopy_device *device)
{
	snprintf(subject->about, sizeof(subject->about), "%s%s%s",
		 device->model, *device->model && *device->serial ? " " : "",
		 device->serial);
}

static int complain_of_device(const char *path, int err)
{
	switch (err) {
	case -ENOTBLK:
		return usage_error("%s is not a block device", path);
	case -ENOENT:
	case -ENXIO:
	case -ENODEV:
		return usage_error("%s: there is no such device", path);
	default:
		complain("%s: %s", path, strerror(-err));
		return exit_of_errno(err);
	}
}

/* @name: the device, or NULL if none was named. */
static int no_heat(const char *name)
{
	complain(
		"no I/O of kcopyd has been counted %s%s yet: copy first, or look from now on (heatmap DEVICE --interval 1s)",
		name ? "on " : "on any device", name ? name : "");
	return EXIT_ENVIRONMENT;
}

/* A device that is gone has no path any more, but a number. */
static bool parse_number(const char *text, unsigned int *major,
			 unsigned int *minor)
{
	int end = 0;

	return sscanf(text, "%u:%u%n", major, minor, &end) == 2 && !text[end];
}

static int find_number(struct heat_subject *subject,
		       const struct kcopy_heat *heat, size_t nr,
		       const char *text)
{
	const struct kcopy_heat *found;
	struct kcopy_device *device;
	unsigned int major, minor;

	parse_number(text, &major, &minor);
	found = find_heat(heat, nr, major, minor);
	if (!found)
		return no_heat(text);
	subject->heat = *found;
	kcopy_device_node(major, minor, subject->name, sizeof(subject->name));
	if (!kcopy_device_probe(subject->name, &device)) {
		describe(subject, device);
		kcopy_device_free(device);
	}
	return EXIT_COMPLETE;
}

static int find_path(struct heat_subject *subject,
		     const struct kcopy_heat *heat, size_t nr,
		     const struct heatmap_options *options)
{
	const struct kcopy_heat *found;
	struct kcopy_device *device;
	int err, code = EXIT_COMPLETE;

	err = kcopy_device_probe(options->device, &device);
	if (err)
		return complain_of_device(options->device, err);
	snprintf(subject->name, sizeof(subject->name), "%s", options->device);
	describe(subject, device);
	found = find_heat(heat, nr, device->major, device->minor);
	if (found)
		subject->heat = *found;
	else if (options->interval_ns)
		heat_blank(&subject->heat, device->major, device->minor,
			   device->size);
	else
		code = no_heat(options->device);
	kcopy_device_free(device);
	return code;
}

static int ask_for_one(const struct kcopy_heat *heat, size_t nr)
{
	char names[1024] = "", node[64];
	size_t i, len = 0;

	for (i = 0; i < nr && len < sizeof(names); i++)
		len += snprintf(names + len, sizeof(names) - len, " %s",
				kcopy_device_node(heat[i].major, heat[i].minor,
						  node, sizeof(node)));
	return usage_error("name the device, one of%s", names);
}

int heatmap_subject(struct heat_subject *subject, const struct kcopy_heat *heat,
		    size_t nr, const struct heatmap_options *options)
{
	unsigned int major, minor;
	char number[32];

	if (options->device && !parse_number(options->device, &major, &minor))
		return find_path(subject, heat, nr, options);
	if (options->device)
		return find_number(subject, heat, nr, options->device);
	if (nr > 1)
		return ask_for_one(heat, nr);
	if (!nr)
		return no_heat(NULL);
	snprintf(number, sizeof(number), "%u:%u", heat->major, heat->minor);
	return find_number(subject, heat, nr, number);
}
