// SPDX-License-Identifier: GPL-2.0-or-later
/* kcopyctl copy --manifest and verify --manifest: checksums to check later. */
#include <dirent.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "ctl.h"
#include "job.h"

TestSuite(cli_manifest, RIG_SUITE);

enum { SOURCE = 1, DEST = 11, OTHER = 31 };

#define SIZE_MIB 4
#define SIZE (SIZE_MIB * MIB)
#define FOLDER "/tmp/kt-manifests"
#define MANIFEST FOLDER "/kt.sha256"
#define IMAGE FOLDER "/disk.img"
#define SAID FOLDER "/said"

#define COPY "copy", "--manifest", MANIFEST
#define VERIFY "verify", "--manifest", MANIFEST

static void begin(void)
{
	const struct null_options options = { .mib = SIZE_MIB };

	module_probe("loop", NULL);
	umount2(FOLDER, MNT_DETACH);
	mkdir(FOLDER, 0755);
	cr_assert_eq(mount("kt", FOLDER, "tmpfs", 0, "size=64m,mode=0755"), 0,
		     "%m");
	data_fill(null_create("src", options), SOURCE);
	null_create("d0", options);
	null_create("d1", options);
}

/* ---- what is in it ----------------------------------------------------------- */

static char *read_file(const char *path)
{
	char *text = calloc(1, 4 * MIB);
	FILE *file = fopen(path, "r");

	cr_assert_not_null(file, "%s: %m", path);
	cr_assert_lt(fread(text, 1, 4 * MIB, file), 4 * MIB);
	fclose(file);
	return text;
}

static void write_file(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");

	cr_assert_not_null(file, "%s: %m", path);
	fputs(text, file);
	cr_assert_eq(fclose(file), 0);
}

/* By coreutils, of a range of a device or file. */
static void expect_sum(const char *digest, const char *path, uint64_t offset,
		       uint64_t length)
{
	char command[256];
	struct run run;

	snprintf(
		command, sizeof(command),
		"dd if=%s iflag=skip_bytes,count_bytes,fullblock bs=64K skip=%lu count=%lu status=none | sha256sum",
		path, offset, length);
	run = run_any("sh", "-c", command);
	cr_assert_eq(run.status, 0, "%s", run.err);
	cr_assert_eq(strncmp(run.out, digest, 64), 0, "%.64s of %s from %lu on",
		     digest, path, offset);
	run_free(&run);
}

/**
 * struct content - what is to be in a manifest
 * @path: of the source
 * @offset: there
 * @length: bytes
 * @chunk: bytes of a piece, but for the last one
 * @gap: one that there is no digest of
 * @has_gap: there is such a one
 */
struct content {
	const char *path;
	uint64_t offset;
	uint64_t length;
	uint64_t chunk;
	uint64_t gap;
	bool has_gap;
};

static void expect_piece(const struct content *content, const char *line,
			 uint64_t at)
{
	uint64_t left = content->length - at;
	uint64_t want = left < content->chunk ? left : content->chunk;
	uint64_t offset, length;
	char digest[80];

	if (sscanf(line, "%lu %lu %64s\n", &offset, &length, digest) != 3)
		cr_assert_fail("%s", line);
	cr_assert_eq(offset, at);
	cr_assert_eq(length, want);
	if (content->has_gap && at == content->gap)
		cr_assert_str_eq(digest, "unreadable");
	else if (at == content->chunk)
		expect_sum(digest, content->path, content->offset + at, length);
	else
		cr_assert_eq(strlen(digest), 64);
}

static void expect_content(const struct content *content)
{
	char *text = read_file(MANIFEST), *line, *rest = NULL;
	uint64_t at = 0;

	cr_assert_not_null(strstr(text, content->path), "%s", text);
	line = strtok_r(text, "\n", &rest);
	cr_assert_str_eq(line, "# kcopyd manifest 1");
	while (line && line[0] == '#')
		line = strtok_r(NULL, "\n", &rest);
	for (; at < content->length; at += content->chunk) {
		cr_assert_not_null(line, "nothing of %lu", at);
		expect_piece(content, line, at);
		line = strtok_r(NULL, "\n", &rest);
	}
	cr_assert_not_null(line);
	cr_assert_eq(strncmp(line, "whole ", 6), 0, "%s", line);
	cr_assert_eq(strtoull(line + 6, &line, 10), content->length);
	if (content->has_gap)
		cr_assert_str_eq(line, " unreadable");
	else
		expect_sum(line + 1, content->path, content->offset,
			   content->length);
	cr_assert_null(strtok_r(NULL, "\n", &rest));
	free(text);
}

/* Of a range of a source that can be read. */
static void expect_source(uint64_t offset, uint64_t length, uint64_t chunk)
{
	const struct content content = {
		.path = "/dev/kt-src",
		.offset = offset,
		.length = length,
		.chunk = chunk,
	};

	expect_content(&content);
}

/* Not even one under another name. */
static void expect_no_manifest(void)
{
	struct dirent *entry;
	DIR *dir = opendir(FOLDER);

	cr_assert_not_null(dir);
	while ((entry = readdir(dir)))
		cr_assert_null(strstr(entry->d_name, "kt.sha256"), "%s",
			       entry->d_name);
	closedir(dir);
}

/* ---- what verify says --------------------------------------------------------- */

/* "differs 4096+512, bad 8192+512" */
static void expect_extents(struct json_object *document, unsigned int i,
			   const char *expected)
{
	struct json_object *list = member(destination(document, i), "extents",
					  json_type_array),
			   *extent;
	char all[512] = "";
	size_t len = 0, j;

	for (j = 0; j < json_object_array_length(list); j++) {
		extent = json_object_array_get_idx(list, j);
		len += snprintf(all + len, sizeof(all) - len, "%s%s %lu+%lu",
				j ? ", " : "", member_text(extent, "kind"),
				member_number(extent, "offset"),
				member_number(extent, "length"));
	}
	cr_assert_str_eq(all, expected, "%s", all);
}

static void change_byte(const char *path, uint64_t offset)
{
	int fd = device_open(path, O_RDWR);
	char c;

	cr_assert_eq(pread(fd, &c, 1, offset), 1);
	c ^= 1;
	cr_assert_eq(pwrite(fd, &c, 1, offset), 1);
	cr_assert_eq(fsync(fd), 0);
	close(fd);
}

/* ---- round trips ---------------------------------------------------------------- */

RIG_TEST(cli_manifest, says_what_was_copied_and_the_copies_agree)
{
	struct json_object *document;
	struct run run;

	begin();
	run = ctl_run(COPY, "/dev/kt-src", "/dev/kt-d0", "/dev/kt-d1");
	cr_assert_eq(run.status, CTL_COMPLETE, "%s", run.err);
	cr_assert_not_null(strstr(run.out, "manifest: " MANIFEST), "%s",
			   run.out);
	cr_assert_str_eq(run.err, "");
	run_free(&run);
	expect_source(0, SIZE, MIB);
	run = ctl_run(VERIFY, "/dev/kt-d0", "/dev/kt-d1", "/dev/kt-src");
	cr_assert_eq(run.status, CTL_COMPLETE, "%s", run.err);
	cr_assert_not_null(strstr(run.out, "3 of 3 destinations equal"), "%s",
			   run.out);
	cr_assert_str_eq(run.err, "");
	run_free(&run);
	/* One that is there is replaced. */
	document = ctl_json_of(CTL_COMPLETE, COPY, "--json", "--chunk", "512K",
			       "--length", "2M", "/dev/kt-src", "/dev/kt-d0");
	cr_assert_str_eq(member_text(document, "manifest"), MANIFEST);
	json_object_put(document);
	expect_source(0, 2 * MIB, MIB / 2);
}

RIG_TEST(cli_manifest, names_what_differs_of_each_target)
{
	struct json_object *document;
	struct run run;

	begin();
	ctl_expect(CTL_COMPLETE, COPY, "--chunk", "64K", "/dev/kt-src",
		   "/dev/kt-d0", "/dev/kt-d1", IMAGE);
	change_byte("/dev/kt-d1", MIB + 12345);
	change_byte("/dev/kt-d1", MIB + 64 * KIB);
	change_byte("/dev/kt-d1", SIZE - 1);
	cr_assert_eq(truncate(IMAGE, 3 * MIB + 1), 0, "%m");
	dm_create("bad", "0 4096 linear /dev/kt-d0 0\n"
			 "4096 8 error\n"
			 "4104 4088 linear /dev/kt-d0 4104\n");
	document = ctl_json_of(CTL_PARTIAL, VERIFY, "--json", "/dev/kt-d0",
			       "/dev/kt-d1", IMAGE, "/dev/mapper/kt-bad");
	cr_assert_str_eq(member_text(document, "result"), "different");
	cr_assert_str_eq(member_text(document, "manifest"), MANIFEST);
	cr_assert_eq(member_number(document, "unreadable"), 0);
	cr_assert_eq(member_number(document, "length"), SIZE);
	cr_assert_eq(member_number(document, "complete"), 1);
	member(document, "job", json_type_null);
	member(document, "source", json_type_null);
	/* Of the whole nobody has made one. */
	member(document, "checksum", json_type_null);
	expect_extents(document, 0, "");
	expect_extents(document, 1,
		       "differs 1048576+131072, differs 4128768+65536");
	expect_extents(document, 2, "differs 3145728+1048576");
	expect_extents(document, 3, "bad 2097152+65536");
	member(destination(document, 0), "error", json_type_null);
	cr_assert_str_eq(member_text(destination(document, 2), "path"), IMAGE);
	member(destination(document, 2), "device", json_type_null);
	cr_assert_eq(json_object_get_int(member(destination(document, 3),
						"error", json_type_int)),
		     -EIO);
	json_object_put(document);
	run = ctl_run(VERIFY, "/dev/kt-d1", IMAGE);
	cr_assert_eq(run.status, CTL_PARTIAL);
	cr_assert_not_null(strstr(run.out,
				  "differs at byte 1048576, 131072 bytes"),
			   "%s", run.out);
	cr_assert_not_null(strstr(run.err, IMAGE " is too short"), "%s",
			   run.err);
	run_free(&run);
	/* That nothing differs where it can be read is not enough. */
	ctl_expect(CTL_FAILED, VERIFY, "/dev/kt-d0", "/dev/mapper/kt-bad");
}

RIG_TEST(cli_manifest, has_pieces_of_any_size)
{
	static const struct {
		const char *chunk;
		uint64_t bytes;
		const char *length;
		uint64_t total;
	} sizes[] = {
		{ "512", 512, "33s", 33 * SECTOR },
		{ "56K", 56 * KIB, "1001s", 1001 * SECTOR },
		{ "1M", MIB, "1s", SECTOR },
	};

	begin();
	for (unsigned int i = 0; i < ARRAY_SIZE(sizes); i++) {
		ctl_expect(CTL_COMPLETE, COPY, "--chunk", sizes[i].chunk,
			   "--length", sizes[i].length, "/dev/kt-src",
			   "/dev/kt-d0");
		expect_source(0, sizes[i].total, sizes[i].bytes);
		ctl_expect(CTL_COMPLETE, VERIFY, "/dev/kt-d0");
		change_byte("/dev/kt-d0", sizes[i].total - 1);
		ctl_expect(CTL_PARTIAL, VERIFY, "/dev/kt-d0");
	}
}

RIG_TEST(cli_manifest, of_a_range_is_found_where_it_was_copied_to)
{
	begin();
	ctl_expect(CTL_COMPLETE, COPY, "--offset", "513s", "--length", "2049s",
		   "--dest-offset", "1027s", "/dev/kt-src", "/dev/kt-d0",
		   IMAGE);
	expect_source(513 * SECTOR, 2049 * SECTOR, MIB);
	ctl_expect(CTL_COMPLETE, VERIFY, "--offset", "1027s", "/dev/kt-d0",
		   IMAGE);
	ctl_expect(CTL_COMPLETE, VERIFY, "--dest-offset", "1027s",
		   "/dev/kt-d0");
	ctl_expect(CTL_COMPLETE, VERIFY, "--offset", "513s", "/dev/kt-src");
	ctl_expect(CTL_PARTIAL, VERIFY, "/dev/kt-d0");
	ctl_expect(CTL_PARTIAL, VERIFY, "--offset", "1028s", IMAGE);
	ctl_expect(CTL_PARTIAL, VERIFY, "--offset", "1P", IMAGE);
}

/* Disks with large blocks, file systems with and without direct I/O. */
RIG_TEST(cli_manifest, is_checked_on_whatever_holds_the_copy)
{
	struct stat st;

	begin();
	null_create("4k",
		    (struct null_options){ .mib = SIZE_MIB, .block = 4096 });
	null_create("fs", (struct null_options){ .mib = 32 });
	ctl_expect(CTL_COMPLETE, COPY, "/dev/kt-src", "/dev/kt-4k", IMAGE);
	ctl_expect(CTL_COMPLETE, VERIFY, "/dev/kt-4k", IMAGE);
	run_ok("mkfs.ext4", "-q", "/dev/kt-fs");
	mkdir(FOLDER "/fs", 0700);
	cr_assert_eq(mount("/dev/kt-fs", FOLDER "/fs", "ext4", 0, NULL), 0);
	run_ok("cp", IMAGE, FOLDER "/fs/on-ext4");
	/* A file may have a tail that no sector is. */
	run_ok("sh", "-c", "echo tail >>" FOLDER "/fs/on-ext4");
	cr_assert_eq(stat(FOLDER "/fs/on-ext4", &st), 0);
	ctl_expect(CTL_COMPLETE, VERIFY, FOLDER "/fs/on-ext4");
	change_byte(FOLDER "/fs/on-ext4", SIZE - 1);
	ctl_expect(CTL_PARTIAL, VERIFY, FOLDER "/fs/on-ext4");
	change_byte(IMAGE, 0);
	ctl_expect(CTL_PARTIAL, VERIFY, IMAGE);
	rig_wait_for(!umount(FOLDER "/fs"), 20, "unmounting");
}

/* What a cache has of a disk is no proof of what is on it. */
RIG_TEST(cli_manifest, is_compared_with_what_is_on_the_disk)
{
	char text[512];
	int fd;

	begin();
	ctl_expect(CTL_COMPLETE, COPY, "/dev/kt-src", "/dev/kt-d0");
	dm_create("view", "0 8192 linear /dev/kt-d0 0");
	fd = device_open("/dev/mapper/kt-view", O_RDONLY);
	cr_assert_eq(pread(fd, text, sizeof(text), MIB), sizeof(text));
	data_fill_range("/dev/kt-d0", MIB, SECTOR, OTHER, 0);
	ctl_expect(CTL_PARTIAL, VERIFY, "/dev/mapper/kt-view");
	close(fd);
}

/* On another machine, by anybody who may read the copy. */
RIG_TEST(cli_manifest, is_checked_without_module_and_root)
{
	begin();
	ctl_expect(CTL_COMPLETE, COPY, "--length", "2M", "/dev/kt-src", IMAGE);
	chmod(IMAGE, 0444);
	modules_unload();
	ctl_expect_as(1000, CTL_COMPLETE,
		      (const char *const[]){ VERIFY, IMAGE, NULL });
	chmod(IMAGE, 0400);
	ctl_expect_as(1000, CTL_ENVIRONMENT,
		      (const char *const[]){ VERIFY, IMAGE, NULL });
}

/* ---- bad sources -------------------------------------------------------------------- */

static void source_break(void)
{
	dm_create("bad", "0 4096 linear /dev/kt-src 0\n"
			 "4096 8 error\n"
			 "4104 4088 linear /dev/kt-src 4104\n");
}

RIG_TEST(cli_manifest, of_a_bad_source_has_gaps_where_sectors_are_skipped)
{
	struct json_object *document;
	struct run run;

	begin();
	source_break();
	ctl_expect(CTL_FAILED, COPY, "--chunk", "64K", "--on-read-error=skip",
		   "/dev/mapper/kt-bad", "/dev/kt-d0");
	expect_content(&(struct content){ "/dev/mapper/kt-bad", 0, SIZE,
					  64 * KIB, 2 * MIB, true });
	document = ctl_json_of(CTL_COMPLETE, VERIFY, "--json", "/dev/kt-d0");
	cr_assert_eq(member_number(document, "unreadable"), 64 * KIB);
	cr_assert_eq(member_number(destination(document, 0), "bytes"),
		     SIZE - 64 * KIB);
	expect_extents(document, 0, "");
	json_object_put(document);
	/* What was not compared may be anything, what is beside it not. */
	change_byte("/dev/kt-d0", 2 * MIB + 64 * KIB - 1);
	run = ctl_run(VERIFY, "/dev/kt-d0");
	cr_assert_eq(run.status, CTL_COMPLETE, "%s", run.err);
	cr_assert_not_null(strstr(run.out, "not compared: 65536 bytes"), "%s",
			   run.out);
	run_free(&run);
	change_byte("/dev/kt-d0", 2 * MIB + 64 * KIB);
	ctl_expect(CTL_PARTIAL, VERIFY, "/dev/kt-d0");
}

/* Neighbours are one gap. */
RIG_TEST(cli_manifest, of_a_bad_source_has_gaps_where_sectors_are_zeroed)
{
	char *text;

	begin();
	dm_create("bad", "0 4096 linear /dev/kt-src 0\n"
			 "4096 136 error\n"
			 "4232 3960 linear /dev/kt-src 4232\n");
	ctl_expect(CTL_PARTIAL, COPY, "--chunk", "64K", "--on-read-error=zero",
		   "/dev/mapper/kt-bad", "/dev/kt-d0");
	text = read_file(MANIFEST);
	cr_assert_not_null(strstr(text, "\n2097152 131072 unreadable\n"
					"2228224 65536 "),
			   "%s", text);
	cr_assert_not_null(strstr(text, "\nwhole 4194304 unreadable\n"), "%s",
			   text);
	free(text);
	ctl_expect(CTL_COMPLETE, VERIFY, "/dev/kt-d0");
}

RIG_TEST(cli_manifest, of_nothing_proves_nothing)
{
	begin();
	write_file(MANIFEST, "# kcopyd manifest 1\n"
			     "0 4194304 unreadable\n"
			     "whole 4194304 unreadable\n");
	ctl_refused(CTL_FAILED, "nothing to compare", VERIFY, "/dev/kt-d0");
}

/* ---- when there is none --------------------------------------------------------------- */

static void expect_said(int code, const char *word, const char *const *args)
{
	struct run run = ctl_run_as(0, args);

	cr_assert_eq(run.status, code, "%d: %s", run.status, run.err);
	cr_assert_not_null(strstr(run.err, word), "no '%s' in: %s", word,
			   run.err);
	run_free(&run);
}

#define said_of(code, word, ...) \
	expect_said(code, word, (const char *const[]){ __VA_ARGS__, NULL })

RIG_TEST(cli_manifest, is_not_written_of_what_was_not_copied)
{
	struct json_object *document;

	begin();
	source_break();
	dm_create("none", "0 8192 error");
	document = ctl_json_of(CTL_FAILED, COPY, "--json", "/dev/mapper/kt-bad",
			       "/dev/kt-d0");
	member(document, "manifest", json_type_null);
	json_object_put(document);
	said_of(CTL_FAILED, "did not get to its end", COPY, "--chunk", "64K",
		"/dev/mapper/kt-bad", "/dev/kt-d0");
	said_of(CTL_FAILED, "nothing was copied", COPY, "--force=signature",
		"/dev/kt-src", "/dev/mapper/kt-none");
	said_of(CTL_FAILED, "the copy itself is complete", COPY, "--length",
		"0", "/dev/kt-src", "/dev/kt-d0");
	expect_no_manifest();
	ctl_expect(CTL_COMPLETE, COPY, "--dry-run", "/dev/kt-src",
		   "/dev/kt-d0");
	expect_no_manifest();
	/* One of two is enough. */
	ctl_expect(CTL_PARTIAL, COPY, "--force=signature", "/dev/kt-src",
		   "/dev/mapper/kt-none", "/dev/kt-d0");
	ctl_expect(CTL_COMPLETE, VERIFY, "/dev/kt-d0");
}

static pid_t start(const char *const *args)
{
	int err = open(SAID, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	pid_t pid = fork();

	cr_assert_geq(pid, 0);
	if (!pid) {
		dup2(err, STDERR_FILENO);
		execv(getenv("KCOPYD_CTL"), (char *const *)args);
		_exit(127);
	}
	close(err);
	return pid;
}

#define start_of(...) \
	start((const char *const[]){ "kcopyctl", __VA_ARGS__, NULL })

static int end_of(pid_t pid)
{
	int status;

	cr_assert_eq(waitpid(pid, &status, 0), pid);
	cr_assert(WIFEXITED(status), "status %#x", status);
	return WEXITSTATUS(status);
}

static bool said(const char *word)
{
	char *text = read_file(SAID);
	bool is = strstr(text, word);

	free(text);
	return is;
}

RIG_TEST(cli_manifest, of_an_interrupted_copy_stays_what_it_was)
{
	pid_t pid;

	begin();
	ctl_expect(CTL_COMPLETE, COPY, "--length", "1M", "/dev/kt-src",
		   "/dev/kt-d0");
	pid = start_of(COPY, "--limit", "256K", "--chunk", "64K", "--quiet",
		       "/dev/kt-src", "/dev/kt-d0");
	rig_wait_for(job_info_now().jobs, 60, "the start of the job");
	kill(pid, SIGINT);
	cr_assert_eq(end_of(pid), 130);
	cr_assert(said("no manifest was written: the copy was interrupted"),
		  "%s", read_file(SAID));
	expect_source(0, MIB, MIB);
	unlink(MANIFEST);
	expect_no_manifest();
}

RIG_TEST(cli_manifest, of_a_check_that_is_interrupted_says_nothing)
{
	pid_t pid;

	begin();
	ctl_expect(CTL_COMPLETE, COPY, "--chunk", "64K", "/dev/kt-src",
		   "/dev/kt-d0");
	dm_create("view", "0 8192 linear /dev/kt-d0 0");
	dm_suspend("view");
	pid = start_of(VERIFY, "--progress=json", "--quiet",
		       "/dev/mapper/kt-view");
	rig_wait_for(said("\"total\":4194304"), 30, "progress");
	kill(pid, SIGINT);
	rig_sleep_ms(100);
	dm_resume("view");
	cr_assert_eq(end_of(pid), 130);
	cr_assert(said("cancelled, 0 of 1 destinations equal"), "%s",
		  read_file(SAID));
}

/* ---- refusals ---------------------------------------------------------------------------- */

RIG_TEST(cli_manifest, that_can_not_be_written_is_refused_before_the_copy)
{
	begin();
	data_fill("/dev/kt-d0", DEST);
	data_fill("/dev/kt-d1", DEST + 1);
	ctl_refused(CTL_USAGE, FOLDER "/none/m", "copy", "--manifest",
		    FOLDER "/none/m", "/dev/kt-src", "/dev/kt-d0");
	ctl_refused(CTL_USAGE, "no regular file", "copy", "--manifest",
		    "/dev/kt-d1", "/dev/kt-src", "/dev/kt-d0");
	ctl_refused(CTL_USAGE, "no regular file", "copy", "--manifest", FOLDER,
		    "/dev/kt-src", "/dev/kt-d0");
	ctl_refused(CTL_USAGE, "sha256", COPY, "--checksum=crc32c",
		    "/dev/kt-src", "/dev/kt-d0");
	ctl_refused(CTL_USAGE, "--detach", COPY, "--detach", "/dev/kt-src",
		    "/dev/kt-d0");
	ctl_refused(CTL_USAGE, "--manifest", COPY, "--map", FOLDER "/map",
		    "--on-read-error=skip", "/dev/kt-src", "/dev/kt-d0");
	write_file(IMAGE, "precious\n");
	ctl_refused(CTL_SAFETY, "something else", "copy", "--manifest", IMAGE,
		    "/dev/kt-src", "/dev/kt-d0");
	ctl_refused(CTL_SAFETY, "destination", "copy", "--manifest", IMAGE,
		    "--force=signature", "/dev/kt-src", IMAGE);
	ctl_refused(CTL_SAFETY, "destination", COPY, "/dev/kt-src",
		    FOLDER "/./kt.sha256");
	expect_no_manifest();
	cr_assert_str_eq(read_file(IMAGE), "precious\n");
	data_expect_untouched("/dev/kt-d0", DEST);
	data_expect_untouched("/dev/kt-d1", DEST + 1);
}

RIG_TEST(cli_manifest, does_not_become_a_file_among_the_devices)
{
	begin();
	data_fill("/dev/kt-d0", DEST);
	ctl_refused(CTL_USAGE, "/dev/kt-none", "copy", "--manifest",
		    "/dev/kt-none", "/dev/kt-src", "/dev/kt-d0");
	ctl_refused(CTL_USAGE, "/dev/mapper/../kt-none", "copy", "--manifest",
		    "/dev/mapper/../kt-none", "/dev/kt-src", "/dev/kt-d0");
	cr_assert_neq(access("/dev/kt-none", F_OK), 0);
	data_expect_untouched("/dev/kt-d0", DEST);
}

/* Nobody writes to it. */
RIG_TEST(cli_manifest, that_is_a_pipe_is_refused_without_waiting)
{
	begin();
	cr_assert_eq(mkfifo(MANIFEST, 0600), 0, "%m");
	ctl_refused(CTL_USAGE, "no regular file", COPY, "/dev/kt-src",
		    "/dev/kt-d0");
}

/* ---- what FILE has become meanwhile ------------------------------------------ */

/* Beside FILE, complete; it goes. */
static void expect_kept(void)
{
	struct json_object *document;
	struct run run = run_any("sh", "-c",
				 "mv " FOLDER "/kt.sha256.?????? " FOLDER
				 "/kept && rm -f " MANIFEST " && mv " FOLDER
				 "/kept " MANIFEST);

	cr_assert_eq(run.status, 0, "%s", run.err);
	run_free(&run);
	document = ctl_json_of(CTL_COMPLETE, VERIFY, "--json", "/dev/kt-src");
	cr_assert_eq(member_number(document, "length"), SIZE);
	cr_assert_eq(member_number(document, "unreadable"), 0);
	json_object_put(document);
}

/* A copy to @dest that lasts long enough for @become, which changes FILE. */
static void copy_while(const char *dest, const char *become)
{
	pid_t pid;

	pid = start_of(COPY, "--limit", "4M", "--quiet", "/dev/kt-src", dest);
	rig_wait_for(job_info_now().jobs, 60, "the start of the job");
	run_ok("sh", "-c", become);
	cr_assert_eq(end_of(pid), CTL_FAILED);
	cr_assert(said(FOLDER "/kt.sha256."), "%s", read_file(SAID));
	cr_assert(said("the copy itself is complete"), "%s", read_file(SAID));
	run_ok("cmp", "/dev/kt-src", dest);
}

RIG_TEST(cli_manifest, takes_the_place_of_nothing_that_came_meanwhile)
{
	begin();
	copy_while("/dev/kt-d0", "echo precious >" MANIFEST);
	cr_assert_str_eq(read_file(MANIFEST), "precious\n");
	expect_kept();
	unlink(MANIFEST);
	copy_while(IMAGE, "ln " IMAGE " " MANIFEST);
	run_ok("cmp", "/dev/kt-src", MANIFEST);
	expect_kept();
	unlink(MANIFEST);
	copy_while("/dev/kt-d1", "ln -s /dev/kt-src " MANIFEST);
	expect_kept();
}

/* By another way, where a file can't be without a name, or can't be given one. */
RIG_TEST(cli_manifest, is_written_where_no_nameless_file_can_be_used)
{
	struct run run;

	begin();
	run = run_any(
		"unshare", "-m", "sh", "-c",
		"mount -t tmpfs kt /proc/$$/fd && exec \"$KCOPYD_CTL\" copy --manifest " MANIFEST
		" /dev/kt-src /dev/kt-d0");
	cr_assert_eq(run.status, CTL_COMPLETE, "%s", run.err);
	run_free(&run);
	expect_source(0, SIZE, MIB);
	unlink(MANIFEST);
	expect_no_manifest();
}

/* Of 2,048 pieces: 112 KiB while it is made, 160 KiB when it is made. */
static void copy_to_full_disk(const char *size, const char *word)
{
	cr_assert_eq(mount("kt", FOLDER, "tmpfs", 0, size), 0, "%m");
	write_file(MANIFEST, "# kcopyd manifest 1\n");
	said_of(CTL_FAILED, word, COPY, "--chunk", "2K", "/dev/kt-src",
		"/dev/kt-d0");
	said_of(CTL_FAILED, "the copy itself is complete", COPY, "--chunk",
		"2K", "/dev/kt-src", "/dev/kt-d0");
	data_expect_equal("/dev/kt-src", "/dev/kt-d0");
	cr_assert_str_eq(read_file(MANIFEST), "# kcopyd manifest 1\n");
	unlink(MANIFEST);
	expect_no_manifest();
	cr_assert_eq(umount(FOLDER), 0, "%m");
}

RIG_TEST(cli_manifest, on_a_full_disk_is_a_failure_and_the_copy_none)
{
	begin();
	copy_to_full_disk("size=64k", "keeping the digests failed");
	copy_to_full_disk("size=200k", "can't be written: No space left");
}

RIG_TEST(cli_manifest, that_is_malformed_is_refused)
{
	begin();
	write_file(MANIFEST, "# kcopyd manifest 1\n0 512 x\n");
	ctl_refused(CTL_USAGE, "line 2", VERIFY, "/dev/kt-d0");
	write_file(MANIFEST, "");
	ctl_refused(CTL_USAGE, "nothing in it", VERIFY, "/dev/kt-d0");
	ctl_refused(CTL_USAGE, "line 1", "verify", "--manifest", "/bin/sh",
		    "/dev/kt-d0");
	ctl_refused(CTL_USAGE, "no regular file", "verify", "--manifest",
		    "/dev/zero", "/dev/kt-d0");
	/* A file that can be opened, and not read. */
	ctl_refused(CTL_FAILED, "reading it failed", "verify", "--manifest",
		    "/proc/self/mem", "/dev/kt-d0");
	unlink(MANIFEST);
	ctl_refused(CTL_USAGE, "No such file", VERIFY, "/dev/kt-d0");
	ctl_expect(CTL_COMPLETE, COPY, "--length", "1M", "/dev/kt-src",
		   "/dev/kt-d0");
	ctl_refused(CTL_USAGE, "no such device", VERIFY, "/dev/kt-d0",
		    "/dev/kt-none");
	ctl_refused(CTL_USAGE, "neither", VERIFY, "/dev/null");
	ctl_refused(CTL_USAGE, "at least", VERIFY);
	ctl_refused(CTL_USAGE, "--length", VERIFY, "--length", "1M",
		    "/dev/kt-d0");
}
