// SPDX-License-Identifier: GPL-2.0-or-later
/* kcopyctl load */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <libkcopy.h>
#include "cli.h"

static const char help[] =
	"Load the module and attach the BPF statistics.\n"
	"\n"
	"Examples:\n"
	"  kcopyctl load\n"
	"  kcopyctl load --no-bpf                      copies only, no statistics\n"
	"  kcopyctl load --module ./kmod/kcopyd.ko     this file and no other\n"
	"\n"
	"Options:\n"
	"  -m, --module FILE   take this kcopyd.ko; otherwise $KCOPYD_MODULE, the\n"
	"                      build folder of this program, the installed one\n"
	"  -n, --no-bpf        leave the BPF statistics out\n"
	"  -J, --json          say what is loaded as JSON\n"
	"  -h, --help          this text\n"
	"\n"
	"What is loaded already stays as it is. When the kernel refuses BPF, the\n"
	"module stays loaded and copying works; the exit code is 4.\n";

struct options {
	const char *module;
	bool no_bpf;
	bool json;
	bool help;
};

static int parse(int argc, char *argv[], struct options *options)
{
	static const struct option longs[] = {
		{ "module", required_argument, NULL, 'm' },
		{ "no-bpf", no_argument, NULL, 'n' },
		{ "json", no_argument, NULL, 'J' },
		{ "help", no_argument, NULL, 'h' },
		{}
	};
	int opt;

	while ((opt = next_option(argc, argv, ":m:nJh", longs)) != -1) {
		switch (opt) {
		case 'm':
			options->module = optarg;
			break;
		case 'n':
			options->no_bpf = true;
			break;
		case 'J':
			options->json = true;
			break;
		case 'h':
			options->help = true;
			return 0;
		default:
			return bad_option(opt, argv);
		}
	}
	return no_operands(argc, argv);
}

static const char *result(int err)
{
	switch (err) {
	case 0:
		return "loaded";
	case -EALREADY:
		return "already loaded";
	default:
		return "failed";
	}
}

static int report(const struct options *options, int module_err, int bpf_err)
{
	struct json_object *document;

	if (!options->json) {
		printf("module: %s\n", result(module_err));
		if (!options->no_bpf)
			printf("statistics: %s\n", result(bpf_err));
		return EXIT_COMPLETE;
	}
	document = json_document();
	json_set_text(document, "module", result(module_err));
	json_set_text(document, "statistics",
		      options->no_bpf ? NULL : result(bpf_err));
	return json_print(document);
}

int verb_load(int argc, char *argv[])
{
	struct kcopy_explanation why;
	struct options options = {};
	int module_err, bpf_err = 0;
	int code;

	code = parse(argc, argv, &options);
	if (code)
		return code;
	if (options.help) {
		fputs(help, stdout);
		return EXIT_COMPLETE;
	}

	module_err = kcopy_module_load(options.module, &why);
	if (module_err && module_err != -EALREADY) {
		complain("%s", why.text);
		return EXIT_ENVIRONMENT;
	}
	if (!options.no_bpf)
		bpf_err = kcopy_observer_load(&why);
	code = report(&options, module_err, bpf_err);
	if (bpf_err && bpf_err != -EALREADY) {
		complain("%s", why.text);
		complain(
			"the module is loaded and copies work, but without statistics; 'kcopyctl load --no-bpf' does not try");
		return EXIT_ENVIRONMENT;
	}
	return code;
}
