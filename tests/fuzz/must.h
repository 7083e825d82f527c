/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a fuzz target holds to be true whatever it is given. */
#ifndef _TESTS_FUZZ_MUST_H
#define _TESTS_FUZZ_MUST_H

#include <stdio.h>
#include <stdlib.h>

#define must(condition)                                                  \
	do {                                                             \
		if (!(condition)) {                                      \
			fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, \
				__LINE__, #condition);                   \
			abort();                                         \
		}                                                        \
	} while (0)

#endif /* _TESTS_FUZZ_MUST_H */
