// SPDX-License-Identifier: GPL-2.0-or-later
#include <criterion/criterion.h>
#include <criterion/redirect.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include "cli/exit.h"
#include "cli/textfile.h"

static char folder[32];
static char path[PATH_MAX];

static void begin(void)
{
	cr_redirect_stderr();
	strcpy(folder, "/tmp/kcopyctl-XXXXXX");
	cr_assert_not_null(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/file", folder);
}

static void end(void)
{
	unlink(path);
	rmdir(folder);
}

TestSuite(textfile, .init = begin, .fini = end);

static unsigned int files(void)
{
	DIR *dir = opendir(folder);
	unsigned int nr = 0;

	while (readdir(dir))
		nr++;
	closedir(dir);
	return nr - 2;
}

static char *content(void)
{
	static char text[64];
	FILE *file = fopen(path, "r");

	cr_assert_not_null(file);
	text[fread(text, 1, sizeof(text) - 1, file)] = 0;
	fclose(file);
	return text;
}

static int print(FILE *file, void *context)
{
	return fputs(context, file) < 0 ? -errno : 0;
}

static int print_half(FILE *file, void *context)
{
	fputs(context, file);
	return -EIO;
}

Test(textfile, is_there_when_all_is_printed)
{
	cr_assert_eq(textfile_print(path, print, (void *)"first\n"), 0);
	cr_expect_str_eq(content(), "first\n");
	cr_assert_eq(textfile_print(path, print, (void *)"second\n"), 0);
	cr_expect_str_eq(content(), "second\n");
	cr_expect_eq(files(), 1);
}

Test(textfile, is_replaced_where_a_link_to_it_points)
{
	char link[PATH_MAX + 8];
	struct stat st;

	snprintf(link, sizeof(link), "%s.link", path);
	cr_assert_eq(textfile_print(path, print, (void *)"first\n"), 0);
	cr_assert_eq(symlink(path, link), 0);
	cr_assert_eq(textfile_print(link, print, (void *)"second\n"), 0);
	cr_expect_str_eq(content(), "second\n");
	cr_assert_eq(lstat(link, &st), 0);
	cr_expect(S_ISLNK(st.st_mode));
	/* What is not there, as a stick that is not mounted, is not made. */
	unlink(path);
	cr_expect_eq(textfile_print(link, print, (void *)"third\n"),
		     EXIT_USAGE);
	cr_expect_eq(files(), 1);
	unlink(link);
}

Test(textfile, stays_when_the_text_is_not_all_there)
{
	cr_expect_eq(textfile_print(path, print_half, (void *)"half\n"),
		     EXIT_FAILED);
	cr_expect_eq(files(), 0);
	cr_assert_eq(textfile_print(path, print, (void *)"first\n"), 0);
	cr_expect_eq(textfile_print(path, print_half, (void *)"half\n"),
		     EXIT_FAILED);
	cr_expect_str_eq(content(), "first\n");
	cr_expect_eq(files(), 1);
}

static int may(const char *name, void *context)
{
	(void)context;
	cr_expect_str_eq(name, path);
	cr_expect_str_eq(content(), "first\n");
	return 0;
}

static int may_not(const char *name, void *context)
{
	may(name, context);
	return EXIT_SAFETY;
}

static int print_and_die(FILE *file, void *context)
{
	print(file, context);
	fflush(file);
	raise(SIGKILL);
	return 0;
}

/* Where the file system has files without names. */
static void need_nameless(void)
{
	int fd = open(folder, O_TMPFILE | O_RDWR, 0600);

	if (fd < 0)
		cr_skip_test("no file without a name can be made in /tmp");
	close(fd);
}

Test(textfile, leaves_nothing_behind_when_it_is_killed)
{
	int status;
	pid_t pid;

	need_nameless();
	cr_assert_eq(textfile_print(path, print, (void *)"first\n"), 0);
	pid = fork();
	cr_assert_geq(pid, 0);
	if (!pid)
		_exit(textfile_print(path, print_and_die, (void *)"second\n"));
	cr_assert_eq(waitpid(pid, &status, 0), pid);
	cr_assert(WIFSIGNALED(status));
	cr_expect_str_eq(content(), "first\n");
	cr_expect_eq(files(), 1);
}

/* The one beside it, which goes then. */
static char *content_kept(void)
{
	DIR *dir = opendir(folder);
	char name[PATH_MAX] = "";
	struct dirent *entry;

	while ((entry = readdir(dir)))
		if (!strncmp(entry->d_name, "file.", 5))
			snprintf(name, sizeof(name), "%s/%.16s", folder,
				 entry->d_name);
	closedir(dir);
	cr_assert_eq(rename(name, path), 0, "%s", name);
	return content();
}

Test(textfile, is_put_in_its_place_if_it_may_be)
{
	cr_assert_eq(textfile_print(path, print, (void *)"first\n"), 0);
	cr_expect_eq(textfile_print_if(path, print, may, (void *)"second\n"),
		     0);
	cr_expect_str_eq(content(), "second\n");
	cr_expect_eq(files(), 1);
}

Test(textfile, is_kept_beside_a_place_that_is_taken)
{
	cr_assert_eq(textfile_print(path, print, (void *)"first\n"), 0);
	cr_expect_eq(textfile_print_if(path, print, may_not,
				       (void *)"second\n"),
		     EXIT_SAFETY);
	cr_expect_str_eq(content(), "first\n");
	cr_assert_eq(files(), 2);
	cr_expect_str_eq(content_kept(), "second\n");
}

Test(textfile, has_a_scratch_that_has_no_name)
{
	FILE *scratch = NULL;
	char c = 0;

	cr_assert_eq(textfile_scratch(path, &scratch), 0);
	cr_expect_eq(files(), 0);
	cr_expect_eq(fputc('x', scratch), 'x');
	rewind(scratch);
	cr_expect_eq(fread(&c, 1, 1, scratch), 1);
	cr_expect_eq(c, 'x');
	fclose(scratch);
}

Test(textfile, has_no_scratch_where_it_could_not_be_written)
{
	FILE *scratch = NULL;

	cr_expect_eq(textfile_scratch("/dev/null", &scratch), EXIT_USAGE);
	cr_expect_eq(textfile_scratch(folder, &scratch), EXIT_USAGE);
	cr_expect_eq(textfile_scratch("/proc/file", &scratch), EXIT_USAGE);
	strcat(path, "/inner");
	cr_expect_eq(textfile_scratch(path, &scratch), EXIT_USAGE);
	cr_expect_null(scratch);
}
