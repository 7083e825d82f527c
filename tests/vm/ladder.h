/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Devices that kcopyctl has a reason not to touch, and what it says then. */
#ifndef _TESTS_VM_LADDER_H
#define _TESTS_VM_LADDER_H

#include "job.h"

enum { SOURCE = 1, DEST = 11 };

#define SIZE_MIB 2
#define DISK_MIB 4
#define SIZE (SIZE_MIB * MIB)
#define MOUNT_POINT "/tmp/kt-mount"

/* "/dev/kt-src", "/dev/kt-d0" and "/dev/kt-d1". */
void ladder_devices(void);
/* "/dev/kt-disk0", with partitions of 1 MiB at half a MiB and at 2 MiB. */
void ladder_disk(void);

void ladder_mount(const char *path, unsigned long flags);
void ladder_unmount(void);
/* A loop device over a part of that, from a MiB on; it stays valid. */
const char *ladder_loop(const char *path, const char *offset);

/* Who has something mounted where nobody else sees it. */
struct hidden_mount {
	pid_t pid;
	int done;
};

struct hidden_mount ladder_hidden_mount(const char *device,
					unsigned long flags);
void ladder_hidden_end(struct hidden_mount container);

/* What a refusal must say, each of them. */
#define SAID(...) ((const char *const[]){ __VA_ARGS__, NULL })

#define ALL_FORCE "--force=signature,size,source-mounted"
#define BUT_SIGNATURE "--force=size,source-mounted"
#define BUT_SIZE "--force=signature,source-mounted"
#define BUT_SOURCE "--force=signature,size"

void ladder_check_refusal(struct run *run, int code, const char *const *said);
/* First without, then with all the --force that does not help. */
void ladder_expect_refused(int code, const char *force, const char *const *said,
			   const char *const *args);
#define refused(force, said, ...)                        \
	ladder_expect_refused(CTL_SAFETY, (force), said, \
			      (const char *const[]){ __VA_ARGS__, NULL })

#endif /* _TESTS_VM_LADDER_H */
