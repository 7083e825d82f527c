// SPDX-License-Identifier: GPL-2.0-or-later
/* kcopyctl doctor: what it finds on machines in different states. */
#include <bpf/bpf.h>
#include <linux/types.h>

#include <kcopyd/stats.h>

#include "ctl.h"

TestSuite(doctor, RIG_SUITE);

#define NOBODY 65534

/* The check of that name. */
static struct json_object *find_check(struct json_object *document,
				      const char *name)
{
	struct json_object *list = member(document, "checks", json_type_array);

	for (size_t i = 0; i < json_object_array_length(list); i++) {
		struct json_object *object = json_object_array_get_idx(list, i);

		if (!strcmp(member_text(object, "check"), name))
			return object;
	}
	cr_assert_fail("there is no check '%s'", name);
	return NULL;
}

static void expect_state(struct json_object *document, const char *name,
			 const char *state)
{
	struct json_object *object = find_check(document, name);

	cr_assert_str_eq(member_text(object, "state"), state, "%s: %s: %s",
			 name, member_text(object, "state"),
			 member_text(object, "found"));
}

/* A word in what was found or in what to do about it. */
static void expect_word(struct json_object *document, const char *name,
			const char *key, const char *word)
{
	const char *text = member_text(find_check(document, name), key);

	cr_assert_not_null(strstr(text, word), "%s: %s", name, text);
}

/* What every kernel of ours can do, whether or not anything is loaded. */
static void expect_bpf(struct json_object *document)
{
	expect_state(document, "privilege", "ok");
	expect_state(document, "bpf_fs", "ok");
	expect_state(document, "raw_tracepoint", "ok");
	expect_state(document, "bpf_loop", "ok");
	expect_state(document, "ring_buffer", "ok");
	expect_state(document, "bpf_jit", "ok");
	expect_state(document, "libbpf", "ok");
}

/* As the kernel tells it: it is in what was loaded, or it isn't. */
static void expect_tier(struct json_object *document)
{
	bool types = !access("/sys/kernel/btf/kcopyd", F_OK);

	cr_assert_str_eq(member_text(document, "tier"),
			 types ? "full" : "statistics");
	expect_state(document, "module_btf", types ? "ok" : "note");
}

RIG_TEST(doctor, tells_what_works_before_and_after_load)
{
	struct json_object *document;
	char module[512];

	modules_unload();
	snprintf(module, sizeof(module), "%s/kmod/kcopyd.ko",
		 getenv("KCOPYD_BUILD"));
	setenv("KCOPYD_MODULE", module, 1);
	document = ctl_json_of(CTL_COMPLETE, "doctor", "--json");
	expect_bpf(document);
	expect_state(document, "statistics", "note");
	expect_word(document, "statistics", "remedy", "kcopyctl load");
	expect_word(document, "module", "found", module);
	cr_assert(member_bool(document, "copying_works"));
	cr_assert_str_neq(member_text(document, "tier"), "none");
	cr_assert_str_neq(member_text(document, "tier"), "unknown");
	json_object_put(document);

	ctl_load();
	document = ctl_json_of(CTL_COMPLETE, "doctor", "--json");
	expect_bpf(document);
	expect_state(document, "module", "ok");
	expect_state(document, "service", "ok");
	expect_state(document, "statistics", "ok");
	expect_tier(document);
	json_object_put(document);
	ctl_unload();
}

/* On a kernel of the distribution: 6.1 has none for modules, later ones have. */
RIG_TEST(doctor, finds_out_about_struct_ops_by_trying)
{
	struct json_object *document =
		ctl_json_of(CTL_COMPLETE, "doctor", "--json");
	const char *kernel = getenv("KCOPYD_KERNEL");

	if (kernel && !strcmp(kernel, "6.1"))
		expect_word(document, "struct_ops", "found", "kernel itself");
	else if (kernel && strcmp(kernel, "debug"))
		expect_word(document, "struct_ops", "found", "modules");
	expect_word(document, "libbpf", "found", "v");
	json_object_put(document);
}

/* Nobody may look: that is no fault of the machine. */
RIG_TEST(doctor, without_rights_says_unknown)
{
	static const char *const args[] = { "doctor", "--json", NULL };
	struct json_object *document;
	struct run run;

	ctl_load();
	run = ctl_run_as(NOBODY, args);
	cr_assert_eq(run.status, CTL_ENVIRONMENT, "%s", run.err);
	document = json_tokener_parse(run.out);
	cr_assert_not_null(document, "%s", run.out);
	cr_assert_str_eq(member_text(document, "tier"), "unknown");
	cr_assert_null(json_object_object_get(document, "copying_works"));
	expect_word(document, "privilege", "found", "CAP_BPF");
	expect_word(document, "privilege", "found", "CAP_SYS_MODULE");
	expect_state(document, "raw_tracepoint", "unknown");
	expect_state(document, "ring_buffer", "unknown");
	expect_state(document, "struct_ops", "unknown");
	expect_state(document, "statistics", "unknown");
	json_object_put(document);
	run_free(&run);
	run = ctl_run_as(NOBODY, (const char *const[]){ "doctor", NULL });
	cr_assert_null(strstr(run.out, "copying can't"), "%s", run.out);
	run_free(&run);
	ctl_unload();
}

/* The one that is missing is named, and it is still root. */
RIG_TEST(doctor, without_one_capability_names_it)
{
	struct json_object *document;
	struct run run;

	run = run_any("setpriv", "--bounding-set=-perfmon,-sys_admin",
		      "--inh-caps=-perfmon,-sys_admin", getenv("KCOPYD_CTL"),
		      "doctor", "--json");
	cr_assert_eq(run.status, CTL_COMPLETE, "%s%s", run.err, run.out);
	document = json_tokener_parse(run.out);
	cr_assert_not_null(document, "%s", run.out);
	expect_word(document, "privilege", "found", "CAP_PERFMON");
	cr_assert_null(
		strstr(member_text(find_check(document, "privilege"), "found"),
		       "CAP_BPF"));
	expect_state(document, "raw_tracepoint", "unknown");
	expect_state(document, "service", "ok");
	cr_assert_str_eq(member_text(document, "tier"), "unknown");
	json_object_put(document);
	run_free(&run);
}

/* As if another version had attached them. */
static void change_version(void)
{
	uint32_t key = KCOPYD_COUNTER_VERSION;
	uint64_t value = KCOPYD_STATS_VERSION + 1;
	int fd = bpf_obj_get(KCOPYD_PIN_COUNTERS);

	cr_assert_geq(fd, 0, "%m");
	cr_assert_eq(bpf_map_update_elem(fd, &key, &value, 0), 0, "%m");
	close(fd);
}

RIG_TEST(doctor, tells_stale_pins_and_those_of_another_version)
{
	struct json_object *document;

	ctl_load();
	change_version();
	document = ctl_json_of(CTL_COMPLETE, "doctor", "--json");
	expect_state(document, "statistics", "missing");
	expect_word(document, "statistics", "found", "another version");
	expect_word(document, "statistics", "remedy", "kcopyctl unload");
	json_object_put(document);

	cr_assert_eq(unlink(KCOPYD_PIN_REGIONS), 0, "%m");
	document = ctl_json_of(CTL_COMPLETE, "doctor", "--json");
	expect_state(document, "statistics", "missing");
	expect_word(document, "statistics", "found", "stale");
	expect_word(document, "statistics", "remedy", "kcopyctl load");
	json_object_put(document);
	ctl_unload();
}
