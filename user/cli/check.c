// SPDX-License-Identifier: GPL-2.0-or-later
/* What checks have in common. */
#include <linux/capability.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <libkcopy.h>
#include "check.h"
#include "cleanup.h"

void check_set(struct check *check, enum check_state state, const char *format,
	       ...)
{
	va_list args;

	check->state = state;
	va_start(args, format);
	vsnprintf(check->found, sizeof(check->found), format, args);
	va_end(args);
}

void check_advise(struct check *check, const char *remedy)
{
	snprintf(check->remedy, sizeof(check->remedy), "%s", remedy);
}

bool read_line(const char *path, char *buf, size_t size)
{
	AUTO_FILE FILE *file = fopen(path, "re");

	if (!file || !fgets(buf, size, file))
		return false;
	buf[strcspn(buf, "\n")] = '\0';
	return true;
}

bool module_loaded(void)
{
	struct kcopy_module module;

	kcopy_module_info(&module);
	return module.loaded;
}

bool has_capability(unsigned int capability)
{
	struct __user_cap_header_struct header = {
		.version = _LINUX_CAPABILITY_VERSION_3,
	};
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {};

	if (syscall(SYS_capget, &header, data))
		return false;
	return data[CAP_TO_INDEX(capability)].effective &
	       CAP_TO_MASK(capability);
}
