// SPDX-License-Identifier: GPL-2.0-or-later
/* The ioctls: made as a program says, and looked at in every respect. */
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "device.h"

#define STRUCT_MOST 8192
#define RESERVE (128 * KIB)

/* ---- either door ----------------------------------------------------------- */

#define NR_IOCTL_32 54

static bool has_compat;

static long ioctl_32(int fd, unsigned int number, void *arg)
{
	long ret;

	asm volatile("int $0x80"
		     : "=a"(ret)
		     : "a"((long)NR_IOCTL_32), "b"((long)fd), "c"((long)number),
		       "d"((long)(uint32_t)(uintptr_t)arg)
		     : "r8", "r9", "r10", "r11", "memory");
	return (int)ret;
}

/* Handled, or the kernel would tell of it. */
static void on_no_door(int number)
{
	(void)number;
	_exit(1);
}

bool compat_find(void)
{
	pid_t pid = fork();
	int status;

	if (!pid) {
		signal(SIGSEGV, on_no_door);
		_exit(ioctl_32(-1, 0, NULL) != -EBADF);
	}
	has_compat = pid > 0 && waitpid(pid, &status, 0) == pid && !status;
	return has_compat;
}

static long ioctl_any(const struct call *call, unsigned int number, void *arg)
{
	int fd = slot_fd(call->args[A_FILE]);
	long ret;

	if (call->args[A_FAIL])
		lane_fail(call->args[A_FAIL]);
	if (call->args[A_COMPAT] && has_compat)
		ret = ioctl_32(fd, number, arg);
	else
		ret = ioctl(fd, number, arg) < 0 ? -errno : 0;
	if (call->args[A_FAIL])
		lane_fail(0);
	return ret;
}

/* ---- a struct's way there and back --------------------------------------- */

/**
 * struct trip - an ioctl with a struct
 * @number: of the ioctl
 * @args: the struct
 * @size: of it
 * @spot: where the kernel finds it
 * @claimed: size that it says it has
 * @known: nothing in it is from the future, or not there
 * @faults: the kernel may find something missing, here or elsewhere
 */
struct trip {
	unsigned int number;
	void *args;
	size_t size;
	struct spot spot;
	uint32_t claimed;
	bool known;
	bool faults;
};

static void fill_tail(struct trip *trip, uint64_t tail)
{
	const size_t size = trip->size, room = trip->spot.room;

	if (room <= size)
		return;
	memset(trip->spot.mine + size, 0, room - size);
	if (tail)
		trip->spot.mine[size + tail % (room - size)] = 0x11;
}

static void pack(struct trip *trip, const struct call *call)
{
	size_t room = trip->size;

	trip->claimed = trip->size + call->args[A_GROW];
	if (trip->claimed > room)
		room = trip->claimed < STRUCT_MOST ? trip->claimed :
						     STRUCT_MOST;
	trip->known = trip->claimed >= trip->size && trip->claimed <= 4096 &&
		      (!call->args[A_TAIL] || room == trip->size);
	memcpy(trip->args, &trip->claimed, sizeof(trip->claimed));
	memory_spot(lane_current()->memory, call->args[A_MEMORY], room,
		    &trip->spot);
	trip->faults |= trip->spot.faults;
	spot_put(&trip->spot, trip->args, trip->size);
	fill_tail(trip, call->args[A_TAIL]);
}

static void judge_trip(const struct trip *trip, const struct call *call,
		       long ret)
{
	const char *name = call_specs[call->op].name;

	if (!spot_untouched(&trip->spot, trip->spot.size))
		problem("%s: written behind its struct", name);
	if (trip->spot.room > trip->size && !call->args[A_TAIL])
		for (size_t i = trip->size; i < trip->spot.room; i++)
			if (trip->spot.mine[i])
				problem("%s: byte %zu of its struct is not 0",
					name, i);
	if (ret == -EFAULT && !trip->faults && !journal->failing)
		problem("%s: EFAULT, and all memory was there", name);
	if (ret == -E2BIG && trip->known)
		problem("%s: E2BIG of a struct of %u bytes", name,
			trip->claimed);
	if (!ret && !trip->known)
		problem("%s: took a struct that says %u bytes, tail %lx", name,
			trip->claimed, call->args[A_TAIL]);
	judge_errno(call->op, ret);
}

static long travel(struct trip *trip, const struct call *call)
{
	long ret;

	pack(trip, call);
	ret = ioctl_any(call, trip->number, trip->spot.given);
	spot_get(&trip->spot, trip->args, trip->size);
	judge_trip(trip, call, ret);
	return ret;
}

/* ---- the ioctls ------------------------------------------------------------ */

long ioctl_info(const struct call *call)
{
	struct kcopyd_info info = {};
	struct trip trip = {
		.number = KCOPYD_IOC_INFO,
		.args = &info,
		.size = sizeof(info),
	};
	long ret = travel(&trip, call);

	if (!ret)
		judge_info(&info);
	return ret;
}

uint64_t job_meant(uint64_t value)
{
	unsigned int nr = atomic_load(&journal->nr_jobs);
	uint64_t ids[JOURNAL_JOBS], last;
	unsigned int known = 0;

	for (unsigned int i = 0; i < nr; i++)
		if (journal->jobs[i].state == JOURNAL_ACCEPTED)
			ids[known++] = journal->jobs[i].id;
	last = known ? ids[known - 1] : 0;
	if (value < known)
		return ids[known - 1 - value];
	if (value < 32)
		return last;
	return value < 63 ? last + value - 31 : value == 63 ? 0 : value;
}

static uint64_t dest_thing(const struct call *call, unsigned int i)
{
	return call->args[i == 1 ? SUBMIT_DEST2 : SUBMIT_DEST];
}

static uint64_t dest_at(const struct call *call, unsigned int i)
{
	if (i == 1)
		return call->args[SUBMIT_AT2];
	return call->args[SUBMIT_AT] + call->args[SUBMIT_STEP] * i;
}

#define DESTS_MOST (KCOPYD_MAX_DESTS + 1)

static unsigned int fill_dests(const struct call *call,
			       struct kcopyd_target *dests)
{
	uint32_t nr = call->args[SUBMIT_NR];

	if (nr > DESTS_MOST)
		nr = DESTS_MOST;
	for (unsigned int i = 0; i < nr; i++)
		dests[i] = (struct kcopyd_target){
			.fd = thing_fd(dest_thing(call, i)),
			.pad = call->args[SUBMIT_DEST_PAD],
			.offset = dest_at(call, i),
		};
	return nr;
}

/* Before it is asked for, since nobody may live to tell. */
static struct journal_job *announce(const struct call *call,
				    const struct kcopyd_submit *args)
{
	struct journal_job *job = journal_add_job();

	if (!job)
		return NULL;
	job->flags = args->flags;
	job->length = args->length;
	/* What could not be opened is no source, and zeroes are written. */
	job->source.at = args->source.offset;
	if (args->source.fd != -1)
		job->source.thing = thing_index(call->args[SUBMIT_SOURCE]);
	if (args->nr_dests <= KCOPYD_MAX_DESTS)
		for (unsigned int i = 0; i < args->nr_dests; i++) {
			unsigned int thing = thing_index(dest_thing(call, i));

			job->dests[i].thing = thing;
			job->dests[i].at = dest_at(call, i);
			if (!strcmp(things[thing].name, "zoned"))
				journal->zoned = true;
		}
	job->nr = args->nr_dests <= KCOPYD_MAX_DESTS ? args->nr_dests : 0;
	return job;
}

/* Of the usual one, at 1, a debug kernel takes long to poison the pages. */
static uint64_t reserve_meant(uint64_t value)
{
	return value > 1 ? value : value ? 0 : RESERVE;
}

static void fill_submit(const struct call *call, struct kcopyd_submit *args)
{
	const uint64_t *from = call->args;

	*args = (struct kcopyd_submit){
		.flags = from[SUBMIT_FLAGS],
		.source.fd = thing_fd(from[SUBMIT_SOURCE]),
		.source.pad = from[SUBMIT_SOURCE_PAD],
		.source.offset = from[SUBMIT_FROM],
		.length = from[SUBMIT_LENGTH],
		.nr_dests = from[SUBMIT_NR],
		.depth = from[SUBMIT_DEPTH],
		.chunk = from[SUBMIT_CHUNK],
		.pad = from[SUBMIT_PAD],
		.memory = reserve_meant(from[SUBMIT_RESERVE]),
		.cookie = from[SUBMIT_COOKIE],
		.rate = from[SUBMIT_RATE],
		.percent = from[SUBMIT_PERCENT],
		.retry = from[SUBMIT_RETRY],
		.retry_budget = from[SUBMIT_BUDGET],
		.on_slow = from[SUBMIT_SLOW],
		.checksum = from[SUBMIT_CHECKSUM],
		.ioprio = from[SUBMIT_IOPRIO],
		/* Out fields, which are not looked at. */
		.job = ~0ULL,
		.reason = ~0U,
		.region = 77,
	};
}

long ioctl_submit(const struct call *call)
{
	struct kcopyd_target dests[DESTS_MOST];
	struct kcopyd_submit args, before;
	struct trip trip = {
		.number = KCOPYD_IOC_SUBMIT,
		.args = &args,
		.size = sizeof(args),
	};
	struct journal_job *job;
	struct spot spot;
	unsigned int nr;
	long ret;

	fill_submit(call, &args);
	job = announce(call, &args);
	if (!job)
		return -EAGAIN;
	nr = fill_dests(call, dests);
	memory_spot(lane_current()->more, call->args[SUBMIT_DESTS_MEMORY],
		    nr * sizeof(dests[0]), &spot);
	spot_put(&spot, dests, nr * sizeof(dests[0]));
	args.dests = (uintptr_t)spot.given;
	before = args;
	trip.faults = spot.faults;
	ret = travel(&trip, call);
	before.size = trip.claimed;
	if (!ret)
		job->id = args.job;
	/* After EFAULT there may be a job all the same. */
	if (ret != -EFAULT)
		job->state = ret ? JOURNAL_REFUSED : JOURNAL_ACCEPTED;
	if (!trip.spot.faults)
		judge_submit(&before, &args, ret, trip.known);
	return ret;
}

long ioctl_cancel(const struct call *call)
{
	struct kcopyd_cancel args = {
		.timeout_ms = call->args[CANCEL_TIMEOUT],
		.job = job_meant(call->args[A_JOB]),
	};
	struct kcopyd_cancel before = args;
	struct trip trip = {
		.number = KCOPYD_IOC_CANCEL,
		.args = &args,
		.size = sizeof(args),
	};
	long ret = travel(&trip, call);

	before.size = trip.claimed;
	if (memcmp(&before, &args, sizeof(args)))
		problem("cancel: its struct was changed");
	return ret;
}

long ioctl_control(const struct call *call)
{
	struct kcopyd_control args = {
		.op = call->args[CONTROL_OP],
		.job = job_meant(call->args[A_JOB]),
		.rate = call->args[CONTROL_RATE],
		.percent = call->args[CONTROL_PERCENT],
		.depth = call->args[CONTROL_DEPTH],
	};
	struct kcopyd_control before = args;
	struct trip trip = {
		.number = KCOPYD_IOC_CONTROL,
		.args = &args,
		.size = sizeof(args),
	};
	long ret = travel(&trip, call);

	before.size = trip.claimed;
	if (memcmp(&before, &args, sizeof(args)))
		problem("control: its struct was changed");
	return ret;
}

/* As many as the kernel has written, and no more. */
static void judge_regions(const struct kcopyd_status *status, uint32_t room,
			  const struct spot *spot)
{
	struct kcopyd_region_status regions[KCOPYD_MAX_REGIONS];
	uint32_t nr = room < status->nr_regions ? room : status->nr_regions;

	if (!status->regions || spot->faults)
		return;
	if (!spot_untouched(spot, nr * sizeof(regions[0])))
		problem("status: more than %u regions were written", nr);
	spot_get(spot, regions, nr * sizeof(regions[0]));
	for (uint32_t i = 0; i < nr && i < KCOPYD_MAX_REGIONS; i++)
		judge_region(&regions[i]);
}

long ioctl_status(const struct call *call)
{
	const uint32_t room = call->args[STATUS_NR];
	struct kcopyd_status args = {
		.flags = call->args[STATUS_FLAGS],
		.job = job_meant(call->args[A_JOB]),
		.nr_regions = room,
	};
	struct trip trip = {
		.number = KCOPYD_IOC_STATUS,
		.args = &args,
		.size = sizeof(args),
	};
	struct kcopyd_status before;
	struct spot spot;
	long ret;

	memory_spot(lane_current()->more, call->args[STATUS_REGIONS_MEMORY],
		    (room < 70 ? room : 70) *
			    sizeof(struct kcopyd_region_status),
		    &spot);
	args.regions = (uintptr_t)spot.given;
	before = args;
	trip.faults = spot.faults;
	ret = travel(&trip, call);
	if (ret || trip.spot.faults)
		return ret;
	judge_status(&before, &args);
	judge_regions(&args, room, &spot);
	return ret;
}

static void judge_extents(const struct kcopyd_extents *args,
			  const struct kcopyd_extents *before,
			  const struct spot *spot)
{
	struct kcopyd_extent extent;

	if (args->nr > before->nr || args->job != before->job ||
	    args->cursor != before->cursor + args->nr ||
	    args->extents != before->extents)
		problem("extents: %u of %u, cursor %llu, was %llu", args->nr,
			before->nr, args->cursor, before->cursor);
	if (!spot_untouched(spot, args->nr * sizeof(extent)))
		problem("extents: more than %u were written", args->nr);
	if (spot->faults)
		return;
	for (uint32_t i = 0; i < args->nr; i++) {
		if ((i + 1) * sizeof(extent) > spot->room)
			break;
		memcpy(&extent, spot->mine + i * sizeof(extent),
		       sizeof(extent));
		judge_extent(&extent);
	}
}

long ioctl_extents(const struct call *call)
{
	const uint32_t room = call->args[EXTENTS_NR];
	struct kcopyd_extents args = {
		.nr = room,
		.job = job_meant(call->args[A_JOB]),
		.cursor = call->args[EXTENTS_CURSOR],
	};
	struct trip trip = {
		.number = KCOPYD_IOC_EXTENTS,
		.args = &args,
		.size = sizeof(args),
	};
	struct kcopyd_extents before;
	struct spot spot;
	long ret;

	memory_spot(lane_current()->more, call->args[EXTENTS_MEMORY],
		    (room < 3000 ? room : 3000) * sizeof(struct kcopyd_extent),
		    &spot);
	args.extents = (uintptr_t)spot.given;
	before = args;
	trip.faults = spot.faults;
	ret = travel(&trip, call);
	if (!ret && !trip.spot.faults)
		judge_extents(&args, &before, &spot);
	return ret;
}

/* A number that is not ours, or ours of a strange size; nonsense as a struct. */
long ioctl_other(const struct call *call)
{
	uint64_t number = call->args[IOCTL_NUMBER];
	void *arg = (void *)call->args[IOCTL_VALUE];
	struct spot spot;

	if (number < 64)
		number = _IOC(number / 16, KCOPYD_IOC_MAGIC, number % 16,
			      call->args[IOCTL_VALUE] & 0x3fff);
	if (!(call->args[IOCTL_VALUE] & 1)) {
		memory_spot(lane_current()->memory, call->args[A_MEMORY], 128,
			    &spot);
		arg = spot.given;
	}
	return ioctl_any(call, number, arg);
}
