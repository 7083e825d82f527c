// SPDX-License-Identifier: GPL-2.0-or-later
/* A "kcopyctl trace" that runs beside a test, and what it said. */
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "watch.h"

#define MAX_ARGS 16
/* To start a program can take seconds: all of it comes from the host. */
#define START_SECONDS 60

static void run_child(const struct watch *watch, int out,
		      const char *const *args)
{
	const char *argv[MAX_ARGS + 4] = { getenv("KCOPYD_CTL"), "trace",
					   "--json" };

	for (unsigned int i = 0; args[i] && i < MAX_ARGS; i++)
		argv[3 + i] = args[i];
	dup2(out, STDOUT_FILENO);
	dup2(watch->err, STDERR_FILENO);
	execv(argv[0], (char *const *)argv);
	_exit(127);
}

static char *read_all(int fd)
{
	off_t size = lseek(fd, 0, SEEK_END);
	char *text = calloc(1, size + 1);

	cr_assert_not_null(text);
	cr_assert_eq(pread(fd, text, size, 0), size);
	return text;
}

static void start(struct watch *watch, int out, const char *const *args)
{
	watch->err = memfd_create("err", MFD_CLOEXEC);
	watch->pid = fork();
	cr_assert_geq(watch->pid, 0);
	if (!watch->pid)
		run_child(watch, out, args);
}

/* An end before the beginning is told with the reason. */
static bool has_begun(struct watch *watch)
{
	cr_assert_eq(waitpid(watch->pid, NULL, WNOHANG), 0,
		     "kcopyctl trace ended: %s", read_all(watch->err));
	return lseek(watch->out, 0, SEEK_END) > 0;
}

void watch_start_args(struct watch *watch, const char *const *args)
{
	*watch = (struct watch){ .out = memfd_create("out", MFD_CLOEXEC) };
	cr_assert_geq(watch->out, 0);
	start(watch, watch->out, args);
	rig_wait_for(has_begun(watch), START_SECONDS, "the trace");
}

int watch_start_piped(struct watch *watch)
{
	int ends[2];
	char c;

	*watch = (struct watch){ .out = -1 };
	cr_assert_eq(pipe2(ends, O_CLOEXEC), 0);
	start(watch, ends[1], (const char *const[]){ NULL });
	close(ends[1]);
	do {
		cr_assert_eq(read(ends[0], &c, 1), 1, "kcopyctl trace: %s",
			     read_all(watch->err));
	} while (c != '\n');
	return ends[0];
}

static unsigned int find_key(struct watch *watch, const char *name,
			     const char *key)
{
	char full[sizeof(watch->keys[0])];
	unsigned int i;

	snprintf(full, sizeof(full), "%s.%s", name, key);
	for (i = 0; i < watch->nr_keys; i++)
		if (!strcmp(watch->keys[i], full))
			return i;
	cr_assert_lt(i, WATCH_KEYS);
	memcpy(watch->keys[i], full, sizeof(full));
	watch->types[i] = json_type_null;
	watch->nr_keys++;
	return i;
}

/* Once a number, always a number; null is allowed where text is. */
static void check_types(struct watch *watch, struct json_object *event)
{
	const char *name = member_text(event, "event");

	json_object_object_foreach(event, key, value)
	{
		unsigned int i = find_key(watch, name, key);
		enum json_type type = json_object_get_type(value);

		if (type == json_type_null)
			type = json_type_string;
		cr_assert(watch->types[i] == json_type_null ||
				  watch->types[i] == type,
			  "%s has two types", watch->keys[i]);
		watch->types[i] = type;
	}
}

static void add_line(struct watch *watch, const char *line, size_t nr)
{
	struct json_object *event = json_tokener_parse(line);

	cr_assert_not_null(event, "not JSON: %s", line);
	cr_assert_eq(member_number(event, "schema"), 1);
	check_types(watch, event);
	cr_assert_eq(event_is(event, "begin"), !nr, "%s", line);
	if (event_is(event, "end")) {
		watch->shown = member_number(event, "shown");
		watch->lost = member_number(event, "lost");
	}
	if (nr && !event_is(event, "end"))
		json_object_array_add(watch->events, event);
	else
		json_object_put(event);
}

static void read_lines(struct watch *watch)
{
	char *text = read_all(watch->out), *save = NULL;
	char *line = strtok_r(text, "\n", &save);
	size_t nr = 0;

	watch->events = json_object_new_array();
	for (; line; line = strtok_r(NULL, "\n", &save))
		add_line(watch, line, nr++);
	watch->nr = json_object_array_length(watch->events);
	free(text);
}

void watch_wait(struct watch *watch, int code)
{
	int status;

	cr_assert_eq(waitpid(watch->pid, &status, 0), watch->pid);
	cr_assert(WIFEXITED(status), "kcopyctl trace: signal %d",
		  WTERMSIG(status));
	cr_assert_eq(WEXITSTATUS(status), code, "exit code %d: %s",
		     WEXITSTATUS(status), read_all(watch->err));
	watch->pid = 0;
	if (watch->out >= 0)
		read_lines(watch);
}

void watch_end(struct watch *watch)
{
	kill(watch->pid, SIGINT);
	watch_wait(watch, 130);
	cr_assert_eq(watch_count(watch, "lost", -1) > 0, watch->lost > 0,
		     "losses were not told");
	cr_assert_eq(watch->shown + watch_count(watch, "lost", -1), watch->nr);
}

void watch_free(struct watch *watch)
{
	json_object_put(watch->events);
	close(watch->err);
	if (watch->out >= 0)
		close(watch->out);
}

struct json_object *watch_event(const struct watch *watch, size_t i)
{
	return json_object_array_get_idx(watch->events, i);
}

bool event_is(struct json_object *event, const char *name)
{
	return !strcmp(member_text(event, "event"), name);
}

bool event_has_flag(struct json_object *event, const char *flag)
{
	struct json_object *flags = member(event, "flags", json_type_array);

	for (size_t i = 0; i < json_object_array_length(flags); i++)
		if (!strcmp(json_object_get_string(
				    json_object_array_get_idx(flags, i)),
			    flag))
			return true;
	return false;
}

static bool is_of(struct json_object *event, const char *name, int region)
{
	return event_is(event, name) &&
	       (region < 0 ||
		member_number(event, "region") == (uint64_t)region);
}

size_t watch_count(const struct watch *watch, const char *name, int region)
{
	size_t nr = 0;

	for (size_t i = 0; i < watch->nr; i++)
		nr += is_of(watch_event(watch, i), name, region);
	return nr;
}

uint64_t watch_sum(const struct watch *watch, const char *name, int region,
		   const char *key)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < watch->nr; i++) {
		struct json_object *event = watch_event(watch, i);
		struct json_object *op = NULL;

		if (!is_of(event, name, region))
			continue;
		json_object_object_get_ex(event, "op", &op);
		if (!op || strcmp(json_object_get_string(op), "flush") != 0)
			sum += member_number(event, key);
	}
	return sum;
}
