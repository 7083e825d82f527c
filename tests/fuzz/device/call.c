// SPDX-License-Identifier: GPL-2.0-or-later
/* The calls there are. */
#include "device.h"

#define ARGS(...)                          \
	(const struct arg_spec[CALL_ARGS]) \
	{                                  \
		__VA_ARGS__                \
	}
#define FILE_ARG [A_FILE] = { "file", KIND_SLOT }
#define FAIL_ARG [A_FAIL] = { "fail", KIND_FAIL }
#define JOB_ARG [A_JOB] = { "job", KIND_JOB }
#define THING_ARG [A_THING] = { "thing", KIND_THING }
#define ON_ARG [THING_ON] = { "on", KIND_SWITCH }
#define IOCTL_ARGS                                        \
	FILE_ARG, [A_MEMORY] = { "memory", KIND_MEMORY }, \
		  [A_GROW] = { "grow", KIND_GROW },       \
		  [A_TAIL] = { "tail", KIND_RARE },       \
		  [A_COMPAT] = { "compat", KIND_SWITCH }, FAIL_ARG

static const struct arg_spec submit_args[CALL_ARGS] = {
	IOCTL_ARGS,
	[SUBMIT_SOURCE] = { "source", KIND_THING },
	[SUBMIT_FROM] = { "from", KIND_BYTES },
	[SUBMIT_SOURCE_PAD] = { "source_pad", KIND_RARE },
	[SUBMIT_LENGTH] = { "length", KIND_BYTES },
	[SUBMIT_NR] = { "nr", KIND_CHOICE, 4 },
	[SUBMIT_DEST] = { "dest", KIND_THING },
	[SUBMIT_AT] = { "at", KIND_BYTES },
	[SUBMIT_DEST2] = { "dest2", KIND_THING },
	[SUBMIT_AT2] = { "at2", KIND_BYTES },
	[SUBMIT_STEP] = { "step", KIND_BYTES },
	[SUBMIT_DEST_PAD] = { "dest_pad", KIND_RARE },
	[SUBMIT_DESTS_MEMORY] = { "dests", KIND_MEMORY },
	[SUBMIT_FLAGS] = { "flags", KIND_FLAGS, KCOPYD_SUBMIT_FLAGS },
	[SUBMIT_DEPTH] = { "depth", KIND_CHOICE, 8 },
	[SUBMIT_CHUNK] = { "chunk", KIND_BYTES },
	[SUBMIT_PAD] = { "pad", KIND_RARE },
	[SUBMIT_RESERVE] = { "reserve", KIND_BYTES },
	[SUBMIT_COOKIE] = { "cookie", KIND_RARE },
	[SUBMIT_RATE] = { "rate", KIND_BYTES },
	[SUBMIT_PERCENT] = { "percent", KIND_CHOICE, 101 },
	[SUBMIT_RETRY] = { "retry", KIND_CHOICE, 3 },
	[SUBMIT_BUDGET] = { "budget", KIND_CHOICE, 100 },
	[SUBMIT_SLOW] = { "slow", KIND_CHOICE, 3 },
	[SUBMIT_CHECKSUM] = { "checksum", KIND_CHOICE, 4 },
	[SUBMIT_IOPRIO] = { "ioprio", KIND_FLAGS, 0x6007 },
};

static const struct arg_spec control_args[CALL_ARGS] = {
	IOCTL_ARGS,
	JOB_ARG,
	[CONTROL_OP] = { "op", KIND_CHOICE, 5 },
	[CONTROL_RATE] = { "rate", KIND_BYTES },
	[CONTROL_PERCENT] = { "percent", KIND_CHOICE, 102 },
	[CONTROL_DEPTH] = { "depth", KIND_CHOICE, 70 },
};

static const struct arg_spec status_args[CALL_ARGS] = {
	IOCTL_ARGS,
	JOB_ARG,
	[STATUS_FLAGS] = { "flags", KIND_FLAGS, 1 },
	[STATUS_NR] = { "nr", KIND_CHOICE, 70 },
	[STATUS_REGIONS_MEMORY] = { "regions", KIND_MEMORY },
};

static const struct arg_spec extents_args[CALL_ARGS] = {
	IOCTL_ARGS,
	JOB_ARG,
	[EXTENTS_NR] = { "nr", KIND_CHOICE, 20 },
	[EXTENTS_CURSOR] = { "cursor", KIND_CHOICE, 8 },
	[EXTENTS_MEMORY] = { "extents", KIND_MEMORY },
};

static const struct arg_spec read_args[CALL_ARGS] = {
	FILE_ARG,
	FAIL_ARG,
	[A_MEMORY] = { "memory", KIND_MEMORY },
	[READ_BYTES] = { "bytes", KIND_CHOICE, 4096 },
	[READ_PARTS] = { "parts", KIND_CHOICE, 3 },
};

#define CHOICE(name, limit)              \
	{                                \
		name, KIND_CHOICE, limit \
	}
#define NUMBER(name)              \
	{                         \
		name, KIND_NUMBER \
	}
#define BYTES(name)              \
	{                        \
		name, KIND_BYTES \
	}
#define FLAGS(name, bits)              \
	{                              \
		name, KIND_FLAGS, bits \
	}
#define SWITCH(name)              \
	{                         \
		name, KIND_SWITCH \
	}
#define SLOT(name)              \
	{                       \
		name, KIND_SLOT \
	}

const struct call_spec call_specs[NR_OPS] = {
	[OP_OPEN] = { "open", 3,
		      ARGS(FILE_ARG,
			   FAIL_ARG, [OPEN_FLAGS] = CHOICE("flags", 10)) },
	[OP_CLOSE] = { "close", 4, ARGS(FILE_ARG) },
	[OP_DUP] = { "dup", 2, ARGS(FILE_ARG, [A_TO] = SLOT("to")) },
	[OP_NONBLOCK] = { "nonblock", 3,
			  ARGS(FILE_ARG, [A_ON] = SWITCH("on")) },
	[OP_INFO] = { "info", 2, ARGS(IOCTL_ARGS) },
	[OP_SUBMIT] = { "submit", 40, submit_args },
	[OP_CANCEL] = { "cancel", 6,
			ARGS(IOCTL_ARGS, JOB_ARG,
			     [CANCEL_TIMEOUT] = CHOICE("timeout", 100)) },
	[OP_CONTROL] = { "control", 8, control_args },
	[OP_STATUS] = { "status", 8, status_args },
	[OP_EXTENTS] = { "extents", 5, extents_args },
	[OP_IOCTL] = { "ioctl", 1,
		       ARGS(IOCTL_ARGS, [IOCTL_NUMBER] = NUMBER("number"),
			    [IOCTL_VALUE] = NUMBER("value")) },
	[OP_READ] = { "read", 8, read_args },
	[OP_POLL] = { "poll", 3,
		      ARGS(FILE_ARG, [POLL_EVENTS] = FLAGS("events", 0xffff),
			   [POLL_TIMEOUT] = CHOICE("timeout", 50),
			   [POLL_BY] = CHOICE("by", 3)) },
	[OP_MMAP] = { "mmap", 1,
		      ARGS(FILE_ARG, [MMAP_LENGTH] = BYTES("length"),
			   [MMAP_PROT] = FLAGS("prot", 7),
			   [MMAP_FLAGS] = FLAGS("flags", 3)) },
	[OP_OTHER] = { "other", 2,
		       ARGS(FILE_ARG, [OTHER_WHICH] = CHOICE("which", 16),
			    [OTHER_VALUE] = NUMBER("value")) },
	[OP_PASS] = { "pass", 1, ARGS(FILE_ARG, [A_TO] = SLOT("to")) },
	[OP_FORK] = { "fork", 2, ARGS([A_CALLS] = CHOICE("calls", 5)) },
	[OP_THREAD] = { "thread", 4, ARGS([A_CALLS] = CHOICE("calls", 5)) },
	[OP_SLEEP] = { "sleep", 3, ARGS([A_TIME] = CHOICE("us", 20000)) },
	[OP_TICK] = { "tick", 1, ARGS([A_TIME] = CHOICE("us", 30000)) },
	[OP_SETTLE] = { "settle", 6, ARGS(FILE_ARG, JOB_ARG) },
	[OP_USER] = { "user", 1, ARGS([USER_ID] = CHOICE("id", 3)) },
	[OP_SHUT] = { "shut", 2, ARGS(THING_ARG) },
	[OP_DIRTY] = { "dirty", 3,
		       ARGS(THING_ARG, [DIRTY_AT] = BYTES("at"),
			    [DIRTY_BYTES] = CHOICE("bytes", 8192)) },
	[OP_SUSPEND] = { "suspend", 2, ARGS(THING_ARG, ON_ARG) },
	[OP_READONLY] = { "readonly", 1, ARGS(THING_ARG, ON_ARG) },
	[OP_PARAMETER] = { "parameter", 1,
			   ARGS([PARAMETER_WHICH] = CHOICE("which", 2),
				[PARAMETER_VALUE] = CHOICE("value", 20)) },
};
