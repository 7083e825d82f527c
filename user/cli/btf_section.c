// SPDX-License-Identifier: GPL-2.0-or-later
/* Types in a module's file. */
#include <errno.h>
#include <fcntl.h>
#include <gelf.h>
#include <string.h>
#include "btf_section.h"
#include "cleanup.h"

static int find_section(Elf *elf, const char *wanted)
{
	const char *name;
	Elf_Scn *section = NULL;
	GElf_Shdr header;
	size_t names;

	if (elf_kind(elf) != ELF_K_ELF || elf_getshdrstrndx(elf, &names))
		return -ENOEXEC;
	while ((section = elf_nextscn(elf, section))) {
		if (!gelf_getshdr(section, &header))
			return -ENOEXEC;
		name = elf_strptr(elf, names, header.sh_name);
		if (name && !strcmp(name, wanted))
			return 1;
	}
	return 0;
}

int has_btf_section(const char *path)
{
	AUTO_FD int fd = open(path, O_RDONLY | O_CLOEXEC);
	Elf *elf;
	int found;

	if (fd < 0)
		return -errno;
	elf_version(EV_CURRENT);
	elf = elf_begin(fd, ELF_C_READ, NULL);
	if (!elf)
		return -ENOEXEC;
	found = find_section(elf, ".BTF");
	elf_end(elf);
	return found;
}
