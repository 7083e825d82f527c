/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A fuzzer for /dev/kcopyd. A program is a row of calls, kept as text, a line
 * each. It is run by a process of its own (the child), with threads and a
 * child of that if it wants them; the fuzzer then looks at what it left behind.
 *
 * What the child and the fuzzer share is the journal: which jobs were accepted,
 * what else was done to the disks, and what was found to be wrong.
 */
#ifndef _TESTS_FUZZ_DEVICE_H
#define _TESTS_FUZZ_DEVICE_H

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <uapi/kcopyd.h>

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define KIB (1ULL << 10)
#define MIB (1ULL << 20)

#define NODE "/dev/kcopyd"
/* Where the machine's disks are, by the names in thing.c. */
#define DISKS "/dev/kf"

/* ---- call.c: the calls there are, and their arguments -------------------- */

enum op {
	OP_OPEN,
	OP_CLOSE,
	OP_DUP,
	OP_NONBLOCK,
	OP_INFO,
	OP_SUBMIT,
	OP_CANCEL,
	OP_CONTROL,
	OP_STATUS,
	OP_EXTENTS,
	OP_IOCTL,
	OP_READ,
	OP_POLL,
	OP_MMAP,
	OP_OTHER,
	OP_PASS,
	OP_FORK,
	OP_THREAD,
	OP_SLEEP,
	OP_TICK,
	OP_SETTLE,
	OP_USER,
	OP_SHUT,
	OP_DIRTY,
	OP_SUSPEND,
	OP_READONLY,
	OP_PARAMETER,
	NR_OPS
};

/* What an argument means, by which it is made up and written down. */
enum kind {
	KIND_NONE,
	KIND_SLOT, /* of the program's descriptors of the node */
	KIND_THING, /* another descriptor, see thing_fd() */
	KIND_MEMORY, /* enum memory */
	KIND_GROW, /* how much larger than it should be a struct says it is */
	KIND_JOB, /* see job_meant() */
	KIND_BYTES, /* an offset or a length */
	KIND_FLAGS, /* mostly of the bits below a limit */
	KIND_CHOICE, /* mostly below a limit */
	KIND_SWITCH, /* 0 or 1 */
	KIND_NUMBER, /* anything */
	KIND_RARE, /* anything, mostly nothing: padding and the like */
	KIND_FAIL, /* which allocation fails, 0 = none */
};

#define CALL_ARGS 36

/* Arguments that calls have in common, then those of each. */
enum {
	A_FILE,
	A_MEMORY,
	A_GROW,
	A_TAIL,
	A_COMPAT,
	A_FAIL,
	A_OWN,
	A_JOB = A_OWN,
	A_TO = A_OWN,
	A_ON = A_OWN,
	A_CALLS = A_OWN,
	A_TIME = A_OWN,
	A_THING = A_OWN,
};

enum { OPEN_FLAGS = A_OWN };
enum {
	SUBMIT_SOURCE = A_OWN,
	SUBMIT_FROM,
	SUBMIT_SOURCE_PAD,
	SUBMIT_LENGTH,
	SUBMIT_NR,
	SUBMIT_DEST,
	SUBMIT_AT,
	SUBMIT_DEST2,
	SUBMIT_AT2,
	SUBMIT_STEP,
	SUBMIT_DEST_PAD,
	SUBMIT_DESTS_MEMORY,
	SUBMIT_FLAGS,
	SUBMIT_DEPTH,
	SUBMIT_CHUNK,
	SUBMIT_PAD,
	SUBMIT_RESERVE,
	SUBMIT_COOKIE,
	SUBMIT_RATE,
	SUBMIT_PERCENT,
	SUBMIT_RETRY,
	SUBMIT_BUDGET,
	SUBMIT_SLOW,
	SUBMIT_CHECKSUM,
	SUBMIT_IOPRIO,
	NR_SUBMIT_ARGS
};
enum { CANCEL_TIMEOUT = A_JOB + 1 };
enum { CONTROL_OP = A_JOB + 1, CONTROL_RATE, CONTROL_PERCENT, CONTROL_DEPTH };
enum { STATUS_FLAGS = A_JOB + 1, STATUS_NR, STATUS_REGIONS_MEMORY };
enum { EXTENTS_NR = A_JOB + 1, EXTENTS_CURSOR, EXTENTS_MEMORY };
enum { IOCTL_NUMBER = A_OWN, IOCTL_VALUE };
enum { READ_BYTES = A_OWN, READ_PARTS };
enum { POLL_EVENTS = A_OWN, POLL_TIMEOUT, POLL_BY };
enum { MMAP_LENGTH = A_OWN, MMAP_PROT, MMAP_FLAGS };
enum { OTHER_WHICH = A_OWN, OTHER_VALUE };
enum { DIRTY_AT = A_THING + 1, DIRTY_BYTES };
enum { THING_ON = A_THING + 1 };
enum { USER_ID = A_OWN };
enum { PARAMETER_WHICH = A_OWN, PARAMETER_VALUE };

_Static_assert((int)NR_SUBMIT_ARGS <= CALL_ARGS, "room for submit");

struct arg_spec {
	const char *name;
	enum kind kind;
	uint64_t limit;
};

struct call_spec {
	const char *name;
	unsigned int weight; /* how often it is drawn, beside others */
	struct arg_spec args[CALL_ARGS];
};

struct call {
	enum op op;
	uint64_t args[CALL_ARGS];
};

extern const struct call_spec call_specs[NR_OPS];

/* ---- program.c: a row of calls, and its text ------------------------------- */

#define PROGRAM_CALLS 24
/* Longer ones than any that has that many calls. */
#define PROGRAM_TEXT 8192

struct program {
	unsigned int nr;
	struct call calls[PROGRAM_CALLS];
};

/* Returns its length. Arguments that are 0 are left out. */
size_t program_print(const struct program *program, char text[PROGRAM_TEXT]);
/* NULL, or the line that is not understood. */
const char *program_parse(struct program *program, char *text);
void program_cut(struct program *program, unsigned int at);

/* ---- mutate.c: programs that nobody thought of --------------------------- */

struct dice {
	uint64_t state;
};

uint64_t roll(struct dice *dice, uint64_t sides);

void program_make_up(struct program *program, struct dice *dice);
/* @other: what may be mixed in. */
void program_mutate(struct program *program, const struct program *other,
		    struct dice *dice);

/* ---- thing.c: descriptors of every kind ---------------------------------- */

enum thing_is {
	THING_DISK = 1 << 0,
	THING_SOURCE = 1 << 1, /* never opened for writing */
	THING_CHECKED = 1 << 2, /* its content is known */
	THING_DM = 1 << 3, /* can be suspended */
};

/* A disk, or what @open opens, or a number that is no descriptor. */
struct thing {
	const char *name;
	unsigned int is;
	int (*open)(int flags);
	int number;
};

#define NR_MODES 7
#define THING_MODE_SHIFT 8

extern const struct thing things[];
extern const unsigned int nr_things;
extern const char *const thing_modes[NR_MODES];

/*
 * What a KIND_THING means: a thing and, from THING_MODE_SHIFT on, how it is
 * opened, which is done when it is first asked for. Not thread-safe with
 * thing_shut().
 */
int thing_fd(uint64_t value);
void thing_shut(uint64_t value);
unsigned int thing_index(uint64_t value);
/* -1, if there is none of that name. */
int thing_find(const char *name);

/* ---- memory.c: what the kernel is given to read and write ---------------- */

enum memory {
	MEMORY_GOOD,
	MEMORY_TIGHT, /* nothing behind it */
	MEMORY_MISALIGNED,
	MEMORY_PRIVATE, /* pages of a file, copied when written */
	MEMORY_READ_ONLY,
	MEMORY_HALF, /* its second half is not there */
	MEMORY_END_OF_FILE, /* nor is it here, otherwise */
	MEMORY_NULL,
	MEMORY_NOWHERE,
	MEMORY_KERNEL,
	NR_MEMORIES
};

#define MEMORY_ROOM (256 * KIB)
#define MEMORY_FILL 0xa5

/**
 * struct spot - a piece of memory for a call
 * @given: to the kernel
 * @mine: the same, to be read and written here; NULL = nothing is there
 * @room: bytes of it that are there, from @mine on
 * @size: that it should have
 * @faults: whether the kernel may find it missing
 */
struct spot {
	void *given;
	uint8_t *mine;
	size_t room;
	size_t size;
	bool faults;
};

struct memory_area;

struct memory_area *memory_create(void);
/* All of @area that was used last is used again. Filled with MEMORY_FILL. */
void memory_spot(struct memory_area *area, uint64_t kind, size_t size,
		 struct spot *spot);
/* As much of it as is there. */
void spot_put(struct spot *spot, const void *data, size_t size);
void spot_get(const struct spot *spot, void *data, size_t size);
/* Nothing from @from on was written, as far as there is anything. */
bool spot_untouched(const struct spot *spot, size_t from);

/* ---- journal.c: what the fuzzer has to know of a run ------------------------- */

#define JOURNAL_JOBS 64
#define JOURNAL_CHANGES 64

enum journal_state {
	JOURNAL_ASKED, /* nobody knows */
	JOURNAL_ACCEPTED,
	JOURNAL_REFUSED,
};

struct journal_place {
	uint32_t thing;
	uint64_t at;
};

struct journal_job {
	atomic_int state;
	uint64_t id;
	uint32_t flags;
	uint32_t nr;
	uint64_t length;
	struct journal_place source;
	struct journal_place dests[KCOPYD_MAX_DESTS];
};

/* Something else than a job has written there. */
struct journal_change {
	struct journal_place place;
	uint64_t length;
};

struct journal {
	atomic_uint nr_jobs;
	atomic_uint nr_changes;
	atomic_uint wrong;
	/* To be put back. */
	atomic_bool suspended;
	atomic_bool readonly;
	atomic_bool parameters;
	atomic_bool zoned;
	/* A call may have failed that otherwise would not. */
	atomic_bool failing;
	/* Calls, and for each operation those that did what they were asked for. */
	atomic_ulong calls[NR_OPS];
	atomic_ulong good[NR_OPS];
	struct journal_job jobs[JOURNAL_JOBS];
	struct journal_change changes[JOURNAL_CHANGES];
	char problem[512];
};

extern struct journal *journal;

void journal_create(void);
void journal_clear(void);
/* NULL when there are too many. */
struct journal_job *journal_add_job(void);
struct journal_change *journal_add_change(void);
/* The first one stays. */
void problem(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* ---- lane.c: a thread of a program ------------------------------------------- */

/* The program itself, two threads of it, and the child it forks. */
enum { LANE_MAIN, LANE_THREAD, LANE_FORKED = 3, NR_LANES };

/**
 * struct lane - what a thread has for itself
 * @memory: for a call's struct
 * @more: for what that points to
 * @tell: every call and what came of it
 */
struct lane {
	unsigned int number;
	struct memory_area *memory;
	struct memory_area *more;
	bool tell;
};

void lanes_create(bool tell);
struct lane *lane_get(unsigned int number);
/* Of this thread. */
struct lane *lane_current(void);
/* In the thread that it is for: coverage, a timer. */
void lane_enter(struct lane *lane);
/* A signal that often, so that nothing waits for long. */
void lane_tick(uint64_t us);
void lane_tell(const struct lane *lane, const struct call *call, long ret);
/* From now on the nth allocation of this thread fails; 0 = none. */
void lane_fail(uint64_t nth);

/* ---- slot.c: the program's descriptors of the node -------------------------- */

#define NR_SLOTS 4

/* Opened if it has never been. -1 after it was closed. */
int slot_fd(uint64_t slot);
void slot_put(uint64_t slot, int fd);
void slots_close(void);
/* Closes it. */
void replace_with_null(int fd);

/* ---- ioctls.c, acts.c: making the calls ---------------------------------- */

/* -errno, or what the call returns. */
long ioctl_info(const struct call *call);
long ioctl_submit(const struct call *call);
long ioctl_cancel(const struct call *call);
long ioctl_control(const struct call *call);
long ioctl_status(const struct call *call);
long ioctl_extents(const struct call *call);
long ioctl_other(const struct call *call);
/* Is there a 32-bit door to this kernel? Asked once, before any program. */
bool compat_find(void);

long act_open(const struct call *call);
long act_close(const struct call *call);
long act_dup(const struct call *call);
long act_nonblock(const struct call *call);
long act_read(const struct call *call);
long act_poll(const struct call *call);
long act_mmap(const struct call *call);
long act_other(const struct call *call);
long act_pass(const struct call *call);
long act_sleep(const struct call *call);
long act_settle(const struct call *call);

long act_user(const struct call *call);
long act_shut(const struct call *call);
long act_dirty(const struct call *call);
long act_suspend(const struct call *call);
long act_readonly(const struct call *call);
long act_parameter(const struct call *call);

/* What a KIND_JOB means: one of the jobs so far, one to come, or a number. */
uint64_t job_meant(uint64_t value);

/* ---- judge.c: what comes back is what is documented ---------------------- */

void judge_info(const struct kcopyd_info *info);
/* @sane: the struct was taken, and looked at. */
void judge_submit(const struct kcopyd_submit *before,
		  const struct kcopyd_submit *after, long ret, bool sane);
void judge_status(const struct kcopyd_status *before,
		  const struct kcopyd_status *after);
void judge_region(const struct kcopyd_region_status *region);
void judge_extent(const struct kcopyd_extent *extent);
void judge_event(const struct kcopyd_event *event);
/* @ret: -errno of a call of that kind; @spots: what it was given. */
void judge_errno(enum op op, long ret);

/* ---- undo.c: what programs do to the machine, and putting it back -------- */

int disk_suspend(const char *name, bool suspended);
int disk_set_readonly(const char *name, bool readonly);
int parameter_set(unsigned int which, uint64_t value);
void undo_all(void);

/* ---- disks.c: what is on the disks --------------------------------------- */

void disks_open(void);
/* After a program: what it was to change, and nothing else. */
void disks_check(void);
void disks_check_all(void);

/* ---- service.c: the module ----------------------------------------------- */

/* Ends the jobs that are left; then nothing is to be left of the program. */
void service_drain(void);
/* And loads it again. */
void service_reload(void);

/* ---- coverage.c: which code a program reaches ---------------------------- */

/* False where the kernel, or the module, can't tell. */
bool coverage_open(void);
void coverage_enter(unsigned int lane);
void coverage_clear(void);
/* The module was loaded anew. */
void coverage_rebase(void);

#define COVERAGE_EDGES (1U << 16)

struct coverage {
	uint8_t edges[COVERAGE_EDGES / 8];
	unsigned int nr;
};

/* Of the last program. */
void coverage_collect(struct coverage *coverage);
/* How many of @has are not in @in. */
unsigned int coverage_new(const struct coverage *has,
			  const struct coverage *in);
void coverage_add(struct coverage *to, const struct coverage *from);
unsigned int coverage_places(void);
void coverage_save(const char *path);

/* ---- kernel_log.c -------------------------------------------------------- */

void kernel_log_open(void);
/* NULL, or the first complaint since it was last asked. */
const char *kernel_log_complaint(void);

/* ---- execute.c: running a program ---------------------------------------- */

/* In the child. Does not return. */
void execute(const struct program *program);

/* ---- run.c: a program from its start to the verdict ---------------------- */

void run_open(const char *results);
/* NULL, or what is wrong. */
const char *run_program(const struct program *program);
unsigned long run_count(void);
/* When all were run: NULL, or what is wrong. */
const char *run_close(void);
double now_s(void);

/* ---- corpus.c: the programs that reach the most -------------------------- */

void corpus_load(const char *folder);
void corpus_work(struct dice *dice);
/* The smallest set of programs that reaches as much. */
void corpus_save(const char *folder);
unsigned int corpus_size(void);
unsigned int corpus_edges(void);
/* What the last program that corpus_work() made did. */
const struct program *corpus_last(void);
const char *corpus_problem(void);

#endif /* _TESTS_FUZZ_DEVICE_H */
