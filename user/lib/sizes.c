// SPDX-License-Identifier: LGPL-2.1-or-later
/* Sizes and times, to and from text. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <libkcopy.h>

#define NSEC_PER_SEC 1000000000ULL

/* The digits at the start; strtoull() would take blanks and a sign as well. */
static int parse_digits(const char **text, uint64_t *value)
{
	const char *p = *text;
	uint64_t v = 0;

	if (*p < '0' || *p > '9')
		return -EINVAL;
	for (; *p >= '0' && *p <= '9'; p++) {
		if (__builtin_mul_overflow(v, 10, &v) ||
		    __builtin_add_overflow(v, *p - '0', &v))
			return -ERANGE;
	}
	*text = p;
	*value = v;
	return 0;
}

/* Bytes of a unit, 0 for an unknown one. */
static uint64_t size_unit(const char *unit)
{
	static const char prefixes[] = "KMGTPE";
	uint64_t base, factor = 1;
	const char *prefix;
	int i;

	if (!strcmp(unit, "") || !strcmp(unit, "B"))
		return 1;
	if (!strcmp(unit, "s"))
		return 512;
	prefix = strchr(prefixes, *unit == 'k' ? 'K' : *unit);
	if (!prefix)
		return 0;
	if (!strcmp(unit + 1, "") || !strcmp(unit + 1, "iB"))
		base = 1024;
	else if (!strcmp(unit + 1, "B"))
		base = 1000;
	else
		return 0;
	for (i = 0; i <= prefix - prefixes; i++)
		factor *= base;
	return factor;
}

static uint64_t duration_unit(const char *unit)
{
	static const struct {
		const char *name;
		uint64_t ns;
	} units[] = {
		{ "", NSEC_PER_SEC },
		{ "ns", 1 },
		{ "us", 1000 },
		{ "ms", 1000000 },
		{ "s", NSEC_PER_SEC },
		{ "m", 60 * NSEC_PER_SEC },
		{ "h", 3600 * NSEC_PER_SEC },
		{ "d", 86400 * NSEC_PER_SEC },
	};
	size_t i;

	for (i = 0; i < sizeof(units) / sizeof(*units); i++) {
		if (!strcmp(unit, units[i].name))
			return units[i].ns;
	}
	return 0;
}

static int parse(const char *text, uint64_t (*unit)(const char *),
		 uint64_t *result)
{
	uint64_t value, factor;
	int err;

	err = parse_digits(&text, &value);
	if (err)
		return err;
	factor = unit(text);
	if (!factor)
		return -EINVAL;
	if (__builtin_mul_overflow(value, factor, &value))
		return -ERANGE;
	*result = value;
	return 0;
}

int kcopy_parse_size(const char *text, uint64_t *bytes)
{
	return parse(text, size_unit, bytes);
}

int kcopy_parse_duration(const char *text, uint64_t *ns)
{
	return parse(text, duration_unit, ns);
}

/* Decimals that leave three digits, so that a column keeps its width. */
static int decimals(double value)
{
	if (value < 9.995)
		return 2;
	return value < 99.95 ? 1 : 0;
}

char *kcopy_format_size(uint64_t bytes, char *buf)
{
	static const char prefixes[] = "KMGTPE";
	double value = bytes;
	int i;

	if (bytes < 1024) {
		snprintf(buf, KCOPY_FORMAT_MAX, "%" PRIu64 " B", bytes);
		return buf;
	}
	/* 1023.5 would be printed as 1024: take the next unit for it. */
	for (i = -1; value >= 1023.5 && prefixes[i + 1]; i++)
		value /= 1024;
	if (i < 0) {
		i = 0;
		value /= 1024;
	}
	snprintf(buf, KCOPY_FORMAT_MAX, "%.*f %ciB", decimals(value), value,
		 prefixes[i]);
	return buf;
}

char *kcopy_format_rate(uint64_t bytes_per_second, char *buf)
{
	char size[KCOPY_FORMAT_MAX - 2];

	kcopy_format_size(bytes_per_second, buf);
	snprintf(size, sizeof(size), "%s", buf);
	snprintf(buf, KCOPY_FORMAT_MAX, "%s/s", size);
	return buf;
}

char *kcopy_format_clock(uint64_t ns, char *buf)
{
	uint64_t s = ns / NSEC_PER_SEC + (ns % NSEC_PER_SEC ? 1 : 0);

	snprintf(buf, KCOPY_FORMAT_MAX, "%" PRIu64 ":%02u:%02u", s / 3600,
		 (unsigned int)(s / 60 % 60), (unsigned int)(s % 60));
	return buf;
}

char *kcopy_format_time(uint64_t ns, char *buf)
{
	static const char *const units[] = { "ns", "us", "ms", "s" };
	double value = ns;
	size_t i;

	if (ns < 1000) {
		snprintf(buf, KCOPY_FORMAT_MAX, "%" PRIu64 " ns", ns);
		return buf;
	}
	for (i = 0; value >= 999.5 && i < 3; i++)
		value /= 1000;
	snprintf(buf, KCOPY_FORMAT_MAX, "%.*f %s", decimals(value), value,
		 units[i]);
	return buf;
}
