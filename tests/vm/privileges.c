// SPDX-License-Identifier: GPL-2.0-or-later
/* Who may do what with /dev/kcopyd: what his own descriptors allow, no more. */
#include <linux/capability.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "job.h"
#include "person.h"

enum { SOURCE = 71, DEST = 81, SIZE_MIB = 2 };
#define SIZE (SIZE_MIB * MIB)
#define NODE "/dev/kcopyd"

static const struct person nobody = { PERSON_UID, PERSON_GROUP, -1 };

static void devices_create(void)
{
	const struct null_options options = { .mib = SIZE_MIB };

	data_fill(null_create("src", options), SOURCE);
	data_fill(null_create("d0", options), DEST);
	data_fill(null_create("d1", options), DEST + 1);
}

static void let_in(const char *path, unsigned int group, unsigned int mode)
{
	cr_assert_eq(chown(path, 0, group), 0, "%s: %m", path);
	cr_assert_eq(chmod(path, mode), 0, "%s: %m", path);
}

/* As it was made. */
static void node_restore(void)
{
	let_in(NODE, 0, 0600);
}

static void suite_fini(void)
{
	node_restore();
	rig_fini();
}

TestSuite(privileges, .fini = suite_fini, .timeout = 900);

/* ---- the node ------------------------------------------------------------ */

static int open_node(void *context)
{
	(void)context;
	if (open(NODE, O_RDWR | O_CLOEXEC) >= 0)
		return 1;
	return errno == EACCES ? 0 : 2;
}

RIG_TEST(privileges, the_node_is_for_root_alone)
{
	struct person capable = nobody;
	struct stat st;

	cr_assert_eq(stat(NODE, &st), 0);
	cr_assert(S_ISCHR(st.st_mode));
	cr_assert_eq(st.st_mode & 07777, 0600, "%o", st.st_mode);
	cr_assert_eq(st.st_uid, 0);
	cr_assert_eq(st.st_gid, 0);
	cr_assert_eq(person_does(nobody, open_node, NULL), 0);
	/* What it can do with jobs does not open it. */
	capable.capability = CAP_SYS_ADMIN;
	cr_assert_eq(person_does(capable, open_node, NULL), 0);
}

/* ---- a group that may open the node -------------------------------------- */

/**
 * struct copy - that somebody tries
 * @source: how it opens the source, -1 = not at all
 * @dest: how it opens the destination
 * @flags: KCOPYD_SUBMIT_*
 * @reason: of the refusal that is expected, 0 = it works
 * @err: likewise
 * @region: likewise
 */
struct copy {
	int source;
	int dest;
	uint32_t flags;
	uint32_t reason;
	int err;
	uint32_t region;
};

static int wait_done(int kcopyd)
{
	struct kcopyd_event event;

	do {
		if (read(kcopyd, &event, sizeof(event)) != sizeof(event))
			return 21;
	} while (event.type != KCOPYD_EVENT_DONE);
	return event.code ? 22 : 0;
}

/* How the service is opened; whoever may open it at all may ask it. */
static int node_flags = O_RDWR;

static int try_copy(void *context)
{
	const struct copy *copy = context;
	struct kcopyd_target dest = {};
	struct kcopyd_submit submit = {
		.size = sizeof(submit),
		.flags = copy->flags,
		.length = SIZE,
		.dests = (uintptr_t)&dest,
		.nr_dests = 1,
	};
	int kcopyd = open(NODE, node_flags | O_CLOEXEC);

	if (kcopyd < 0)
		return 11;
	submit.source.fd = copy->source < 0 ? -1 :
					      open("/dev/kt-src", copy->source);
	dest.fd = open("/dev/kt-d0", copy->dest);
	if ((copy->source >= 0 && submit.source.fd < 0) || dest.fd < 0)
		return 12;
	if (!ioctl(kcopyd, KCOPYD_IOC_SUBMIT, &submit))
		return copy->reason ? 13 : wait_done(kcopyd);
	if (errno != copy->err)
		return 14;
	if (submit.region != copy->region)
		return 15;
	return submit.reason == copy->reason ? 0 : 16;
}

static int open_for_writing(void *context)
{
	if (open(context, O_RDWR) >= 0)
		return 1;
	return errno == EACCES ? 0 : 2;
}

static void copy_as_group(unsigned int mode)
{
	const struct copy works = {
		.source = O_RDONLY,
		.dest = O_WRONLY | O_EXCL,
	};

	devices_create();
	let_in(NODE, PERSON_GROUP, mode);
	let_in("/dev/kt-src", PERSON_GROUP, 0640);
	let_in("/dev/kt-d0", PERSON_GROUP, 0660);
	cr_assert_eq(person_does(nobody, open_for_writing, "/dev/kt-src"), 0);
	cr_assert_eq(person_does(nobody, open_for_writing, "/dev/kt-d1"), 0);
	cr_assert_eq(person_does(nobody, try_copy, (void *)&works), 0);
	node_restore();
	data_expect_equal("/dev/kt-src", "/dev/kt-d0");
	data_expect_untouched("/dev/kt-src", SOURCE);
	data_expect_untouched("/dev/kt-d1", DEST + 1);
}

RIG_TEST(privileges, a_group_copies_between_what_it_can_open_itself)
{
	copy_as_group(0660);
}

RIG_TEST(privileges, so_does_a_group_that_only_reads_the_node)
{
	node_flags = O_RDONLY;
	copy_as_group(0640);
}

static void expect_not_writable(unsigned int mode)
{
	static const struct copy refused[] = {
		{ O_RDONLY, O_RDONLY, 0, KCOPYD_REASON_NOT_WRITABLE, EBADF, 1 },
		{ O_RDONLY, O_RDONLY | O_EXCL, 0, KCOPYD_REASON_NOT_WRITABLE,
		  EBADF, 1 },
		{ -1, O_RDONLY | O_EXCL, 0, KCOPYD_REASON_NOT_WRITABLE, EBADF,
		  1 },
		{ O_RDONLY, O_RDONLY | O_EXCL, KCOPYD_SUBMIT_VERIFY,
		  KCOPYD_REASON_NOT_WRITABLE, EBADF, 1 },
		{ O_RDONLY, O_PATH, 0, KCOPYD_REASON_FD, EBADF, 1 },
		{ O_PATH, O_RDONLY, 0, KCOPYD_REASON_FD, EBADF, 0 },
	};

	devices_create();
	let_in(NODE, PERSON_GROUP, mode);
	let_in("/dev/kt-src", PERSON_GROUP, 0640);
	let_in("/dev/kt-d0", PERSON_GROUP, 0640);
	for (unsigned int i = 0; i < ARRAY_SIZE(refused); i++)
		cr_expect_eq(person_does(nobody, try_copy, (void *)&refused[i]),
			     0, "attempt %u", i);
	node_restore();
	data_expect_untouched("/dev/kt-d0", DEST);
}

RIG_TEST(privileges, the_node_makes_no_descriptor_writable)
{
	expect_not_writable(0660);
}

RIG_TEST(privileges, nor_does_a_node_that_is_only_read)
{
	node_flags = O_RDONLY;
	expect_not_writable(0640);
}

static void expect_not_readable(unsigned int mode)
{
	static const struct copy refused[] = {
		{ O_WRONLY, O_WRONLY | O_EXCL, 0, KCOPYD_REASON_NOT_READABLE,
		  EBADF, 0 },
		{ O_WRONLY, O_WRONLY, KCOPYD_SUBMIT_COMPARE,
		  KCOPYD_REASON_NOT_READABLE, EBADF, 0 },
		{ -1, O_WRONLY, KCOPYD_SUBMIT_COMPARE,
		  KCOPYD_REASON_NOT_READABLE, EBADF, 1 },
		{ -1, O_WRONLY | O_EXCL, KCOPYD_SUBMIT_VERIFY,
		  KCOPYD_REASON_NOT_READABLE, EBADF, 1 },
	};

	devices_create();
	let_in(NODE, PERSON_GROUP, mode);
	let_in("/dev/kt-src", PERSON_GROUP, 0620);
	let_in("/dev/kt-d0", PERSON_GROUP, 0620);
	for (unsigned int i = 0; i < ARRAY_SIZE(refused); i++)
		cr_expect_eq(person_does(nobody, try_copy, (void *)&refused[i]),
			     0, "attempt %u", i);
	node_restore();
	data_expect_untouched("/dev/kt-d0", DEST);
}

RIG_TEST(privileges, the_node_makes_no_descriptor_readable)
{
	expect_not_readable(0660);
}

RIG_TEST(privileges, nor_readable_does_a_node_that_is_only_read)
{
	node_flags = O_RDONLY;
	expect_not_readable(0640);
}

/* ---- what is no block device --------------------------------------------- */

static int make_pipe(void)
{
	int ends[2];

	cr_assert_eq(pipe2(ends, O_CLOEXEC), 0);
	return ends[1];
}

static int make_socket(void)
{
	return socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
}

static int make_file(void)
{
	int fd = memfd_create("kt-file", MFD_CLOEXEC);

	cr_assert_eq(ftruncate(fd, SIZE), 0);
	return fd;
}

static int open_folder(void)
{
	return open("/dev", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static int open_characters(void)
{
	return open("/dev/zero", O_RDWR | O_CLOEXEC);
}

static int open_service(void)
{
	return job_device_open(0);
}

static int open_path(void)
{
	return open("/dev/kt-d1", O_PATH | O_CLOEXEC);
}

static const struct {
	const char *name;
	int (*get)(void);
	int err;
	uint32_t reason;
} others[] = {
	{ "a pipe", make_pipe, ENOTBLK, KCOPYD_REASON_NOT_BLOCK },
	{ "a socket", make_socket, ENOTBLK, KCOPYD_REASON_NOT_BLOCK },
	{ "a file", make_file, ENOTBLK, KCOPYD_REASON_NOT_BLOCK },
	{ "a folder", open_folder, ENOTBLK, KCOPYD_REASON_NOT_BLOCK },
	{ "a character device", open_characters, ENOTBLK,
	  KCOPYD_REASON_NOT_BLOCK },
	{ "the service", open_service, ENOTBLK, KCOPYD_REASON_NOT_BLOCK },
	{ "a path", open_path, EBADF, KCOPYD_REASON_FD },
};

static void expect_refused(int kcopyd, int source, int dest, unsigned int i,
			   uint32_t region)
{
	const struct job_plan plan = {
		.source = { .path = "source", .fd = source },
		.dests[0] = { .path = "dest", .fd = dest },
		.length = SIZE,
	};
	struct kcopyd_submit submit;

	cr_assert_eq(job_try_start(kcopyd, &plan, &submit), -others[i].err,
		     "%s", others[i].name);
	cr_assert_eq(submit.reason, others[i].reason, "%s: reason %u",
		     others[i].name, submit.reason);
	cr_assert_eq(submit.region, region, "%s: region %u", others[i].name,
		     submit.region);
}

RIG_TEST(privileges, what_is_no_open_block_device_is_neither_read_nor_written)
{
	int kcopyd = job_device_open(0), source, dest, other;

	devices_create();
	source = device_open("/dev/kt-src", O_RDONLY);
	dest = device_open("/dev/kt-d0", O_RDWR | O_EXCL);
	for (unsigned int i = 0; i < ARRAY_SIZE(others); i++) {
		other = others[i].get();
		cr_assert_geq(other, 0, "%s: %m", others[i].name);
		expect_refused(kcopyd, other, dest, i, 0);
		expect_refused(kcopyd, source, other, i, 1);
		close(other);
	}
	close(dest);
	data_expect_untouched("/dev/kt-d0", DEST);
	close(kcopyd);
}

/* ---- jobs of others ------------------------------------------------------ */

static bool is_hidden(int ret)
{
	return ret == -1 && errno == ENOENT;
}

static int control(int kcopyd, uint64_t job, uint32_t op)
{
	struct kcopyd_control args = {
		.size = sizeof(args),
		.op = op,
		.job = job,
	};

	return ioctl(kcopyd, KCOPYD_IOC_CONTROL, &args);
}

static int cancel(int kcopyd, uint64_t job)
{
	struct kcopyd_cancel args = {
		.size = sizeof(args),
		.timeout_ms = 20000,
		.job = job,
	};

	return ioctl(kcopyd, KCOPYD_IOC_CANCEL, &args);
}

static int status(int kcopyd, uint64_t job, uint32_t flags)
{
	struct kcopyd_status args = {
		.size = sizeof(args),
		.flags = flags,
		.job = job,
	};

	return ioctl(kcopyd, KCOPYD_IOC_STATUS, &args);
}

static int extents(int kcopyd, uint64_t job)
{
	struct kcopyd_extents args = { .size = sizeof(args), .job = job };

	return ioctl(kcopyd, KCOPYD_IOC_EXTENTS, &args);
}

/* Each way to a job, with the number of the one that is open. */
static int find_no_way(void *context)
{
	const uint64_t job = *(const uint64_t *)context;
	int kcopyd = open(NODE, O_RDWR | O_CLOEXEC);

	if (kcopyd < 0)
		return 1;
	if (!is_hidden(status(kcopyd, job, 0)))
		return 2;
	/* Not from 0: the same nobody may have had jobs before. */
	if (!is_hidden(status(kcopyd, job, KCOPYD_STATUS_NEXT)))
		return 3;
	if (!is_hidden(extents(kcopyd, job)))
		return 4;
	if (!is_hidden(cancel(kcopyd, job)))
		return 5;
	for (uint32_t op = KCOPYD_CONTROL_PAUSE; op <= KCOPYD_CONTROL_LIMIT;
	     op++)
		if (!is_hidden(control(kcopyd, job, op)))
			return 5 + op;
	return 0;
}

/* Each way is open; in the end there is no job. */
static int find_each_way(void *context)
{
	const uint64_t job = *(const uint64_t *)context;
	int kcopyd = open(NODE, O_RDWR | O_CLOEXEC);

	if (kcopyd < 0)
		return 1;
	if (status(kcopyd, job, 0))
		return 2;
	if (status(kcopyd, job, KCOPYD_STATUS_NEXT))
		return 3;
	if (extents(kcopyd, job))
		return 4;
	for (uint32_t op = KCOPYD_CONTROL_PAUSE; op <= KCOPYD_CONTROL_LIMIT;
	     op++)
		if (control(kcopyd, job, op))
			return 5 + op;
	return cancel(kcopyd, job) ? 5 : 0;
}

static uint64_t start_slow_job(int kcopyd)
{
	const struct job_plan plan = {
		.source.path = "/dev/kt-src",
		.dests[0].path = "/dev/kt-d0",
		.length = SIZE,
		.rate = 4096,
		.chunk = 4096,
	};

	return job_start(kcopyd, &plan);
}

RIG_TEST(privileges, jobs_of_others_are_neither_seen_nor_steered)
{
	int kcopyd = job_device_open(0);
	struct kcopyd_status found;
	uint64_t job;

	devices_create();
	let_in(NODE, PERSON_GROUP, 0660);
	job = start_slow_job(kcopyd);
	cr_assert_eq(person_does(nobody, find_no_way, &job), 0);
	cr_assert_eq(job_status(kcopyd, job, &found), 0);
	cr_assert_eq(found.state, KCOPYD_STATE_RUNNING, "state %u",
		     found.state);
	cr_assert_eq(found.rate, 4096);
	cr_assert_eq(found.flags, 0);
	cr_assert_eq(job_cancel(kcopyd, job, 20000), 0);
	/* Nor when they are over. */
	cr_assert_eq(person_does(nobody, find_no_way, &job), 0);
	node_restore();
	close(kcopyd);
}

RIG_TEST(privileges, an_administrator_sees_and_steers_jobs_of_others)
{
	struct person admin = nobody;
	int kcopyd = job_device_open(0);
	struct kcopyd_status found;
	uint64_t job;

	admin.capability = CAP_SYS_ADMIN;
	devices_create();
	let_in(NODE, PERSON_GROUP, 0660);
	job = start_slow_job(kcopyd);
	cr_assert_eq(person_does(admin, find_each_way, &job), 0);
	node_restore();
	cr_assert_eq(job_status(kcopyd, job, &found), 0);
	cr_assert_eq(found.state, KCOPYD_STATE_DONE);
	cr_assert_eq(found.code, -ECANCELED);
	close(kcopyd);
}

/* The submitter is nobody, who then looks from another descriptor. */
static int submit_and_find(void *context)
{
	struct kcopyd_target dest = {
		.fd = open("/dev/kt-d0", O_WRONLY | O_EXCL | O_CLOEXEC),
	};
	struct kcopyd_submit submit = {
		.size = sizeof(submit),
		.source.fd = open("/dev/kt-src", O_RDONLY | O_CLOEXEC),
		.length = SIZE,
		.dests = (uintptr_t)&dest,
		.nr_dests = 1,
		.rate = 4096,
		.chunk = 4096,
	};
	int kcopyd = open(NODE, O_RDWR | O_CLOEXEC);

	(void)context;
	if (kcopyd < 0 || dest.fd < 0 || submit.source.fd < 0)
		return 20;
	if (ioctl(kcopyd, KCOPYD_IOC_SUBMIT, &submit))
		return 21;
	return find_each_way(&submit.job);
}

RIG_TEST(privileges, the_same_user_steers_jobs_of_its_other_descriptors)
{
	devices_create();
	let_in(NODE, PERSON_GROUP, 0660);
	let_in("/dev/kt-src", PERSON_GROUP, 0640);
	let_in("/dev/kt-d0", PERSON_GROUP, 0660);
	cr_assert_eq(person_does(nobody, submit_and_find, NULL), 0);
	node_restore();
}
