// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Gives files to a fuzz target, one after the other, without a fuzzer: what it
 * once found is seen to be mended wherever there is a compiler.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int feed(const char *path)
{
	static uint8_t data[1 << 20];
	FILE *file = fopen(path, "r");
	size_t size;

	if (!file) {
		perror(path);
		return 1;
	}
	size = fread(data, 1, sizeof(data), file);
	fclose(file);
	/* Unbuffered, so that the last line names the one it broke on. */
	fprintf(stderr, "%s\n", path);
	return LLVMFuzzerTestOneInput(data, size);
}

int main(int argc, char **argv)
{
	int failed = argc < 2;

	for (int i = 1; i < argc; i++)
		failed |= feed(argv[i]);
	return failed;
}
