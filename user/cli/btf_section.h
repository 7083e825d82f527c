/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Types in a module's file. */
#ifndef _KCOPYCTL_BTF_SECTION_H
#define _KCOPYCTL_BTF_SECTION_H

/* 1 if there are, 0 if not, -errno of what can't be read or is compressed. */
int has_btf_section(const char *path);

#endif /* _KCOPYCTL_BTF_SECTION_H */
