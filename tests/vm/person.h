/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Other people: children that give up root, and what they may then do. */
#ifndef _TESTS_VM_PERSON_H
#define _TESTS_VM_PERSON_H

#include <sys/types.h>

/* Nobody, and the group that a test lets in. */
enum { PERSON_UID = 65534, PERSON_GROUP = 61234 };

/**
 * struct person - who a child is
 * @uid: user; 0 = root with all that root may
 * @group: the only one
 * @capability: the only one, or -1
 */
struct person {
	unsigned int uid;
	unsigned int group;
	int capability;
};

/*
 * Runs @act as that person, in a child; returns what it returned, 0..125. It
 * may assert nothing: its failures are those numbers.
 */
int person_does(struct person person, int (*act)(void *), void *context);

#endif /* _TESTS_VM_PERSON_H */
