// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The manifest of a copy is made. The digests go to a nameless file beside the
 * one that is to be, since which of them count is known when the job is over:
 * in what could not be read they have zeroes.
 */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "cleanup.h"
#include "cli.h"
#include "copy.h"
#include "manifest_make.h"
#include "textfile.h"

#define DIGEST_PART sizeof(((struct kcopyd_event *)NULL)->digest.value)
#define DIGEST_PARTS (MANIFEST_DIGEST / DIGEST_PART)

/* ---- before the copy ------------------------------------------------------------ */

/* The last thing that is done would be to lose the copy. */
static int check_others(const struct plan *plan)
{
	struct plan_target file = { .path = plan->options->manifest };
	unsigned int i;

	if (!image_is(&file, true))
		return 0;
	for (i = 0; i <= plan->nr_dests; i++) {
		if (!image_same(&file, plan_region(plan, i)))
			continue;
		complain("%s is to be %s: name another file for the manifest",
			 file.path, i ? "a destination" : "the source");
		return EXIT_SAFETY;
	}
	return 0;
}

static int complain_replaced(const char *path, const char *what)
{
	complain("%s %s: name another file for the manifest, or move it away",
		 path, what);
	return EXIT_SAFETY;
}

/* Whoever has mixed up the operands may mean an image. */
static int check_replaced(const char *path)
{
	AUTO_FILE FILE *file = NULL;
	struct stat st;

	/* Opening a pipe would wait for who writes to it. */
	if (stat(path, &st) || !S_ISREG(st.st_mode) || !st.st_size)
		return 0;
	file = fopen(path, "re");
	if (!file) {
		complain("%s is there, and can't be read: %s", path,
			 strerror(errno));
		return exit_of_errno(-errno);
	}
	return manifest_is(file) ?
		       0 :
		       complain_replaced(
			       path, "holds something else than a manifest");
}

/* A device that is misspelled must not become a file in memory. */
static int check_folder(const char *path)
{
	if (!image_is_below_dev(path) || !access(path, F_OK))
		return 0;
	return usage_error(
		"there is no %s, and below /dev no manifest is made: name a file elsewhere",
		path);
}

int manifest_make_begin(struct manifest_maker *maker, const struct plan *plan)
{
	const char *path = plan->options->manifest;
	int code;

	*maker = (struct manifest_maker){ .plan = plan };
	if (!path)
		return 0;
	code = check_folder(path);
	if (!code)
		code = check_others(plan);
	if (!code)
		code = check_replaced(path);
	return code ? code : textfile_scratch(path, &maker->scratch);
}

void manifest_make_drop(struct manifest_maker *maker)
{
	if (maker->scratch)
		fclose(maker->scratch);
	maker->scratch = NULL;
}

/* ---- while it runs ---------------------------------------------------------------- */

static void keep(struct manifest_maker *maker)
{
	/* A gap before it: there will be no manifest. */
	if (maker->err || maker->piece.offset != maker->end)
		return;
	if (fwrite(&maker->piece, sizeof(maker->piece), 1, maker->scratch))
		maker->end += maker->piece.length;
	else
		maker->err = -errno;
}

void manifest_make_take(const struct kcopyd_event *event, void *context)
{
	struct manifest_maker *maker = context;

	if (event->type != KCOPYD_EVENT_DIGEST || event->region >= DIGEST_PARTS)
		return;
	maker->piece.offset = event->digest.offset;
	maker->piece.length = event->code;
	memcpy(maker->piece.digest + event->region * DIGEST_PART,
	       event->digest.value, DIGEST_PART);
	if (event->region == DIGEST_PARTS - 1)
		keep(maker);
}

/* ---- after it ----------------------------------------------------------------------- */

/**
 * struct text - the manifest while it is written
 * @maker: has the pieces
 * @outcome: knows what could not be read
 * @extent: of @outcome: the first that may be of interest
 * @gap: pieces in a row that have no digest, not written yet
 */
struct text {
	struct manifest_maker *maker;
	const struct outcome *outcome;
	size_t extent;
	struct manifest_piece gap;
};

/* Pieces come in ascending order, as the extents are. */
static bool was_read(struct text *text, const struct manifest_piece *piece)
{
	const struct outcome *outcome = text->outcome;
	const struct kcopyd_extent *extent;

	for (; text->extent < outcome->nr_extents; text->extent++) {
		extent = &outcome->extents[text->extent];
		if (extent->region ||
		    extent->offset >= piece->offset + piece->length)
			return true;
		if (extent->offset + extent->length > piece->offset)
			return false;
	}
	return true;
}

static int print_gap(FILE *file, struct text *text)
{
	int err = text->gap.length ? manifest_print_piece(file, &text->gap) : 0;

	text->gap = (struct manifest_piece){};
	return err;
}

static int print_piece(FILE *file, struct text *text,
		       struct manifest_piece *piece)
{
	int err;

	piece->readable = was_read(text, piece);
	if (piece->readable) {
		err = print_gap(file, text);
		return err ? err : manifest_print_piece(file, piece);
	}
	if (!text->gap.length)
		text->gap.offset = piece->offset;
	text->gap.length += piece->length;
	return 0;
}

static int print_pieces(FILE *file, struct text *text)
{
	FILE *scratch = text->maker->scratch;
	struct manifest_piece piece;
	uint64_t end = 0;
	int err = 0;

	/* Not rewind(), which forgets that the last of it found no room. */
	if (fflush(scratch) || fseeko(scratch, 0, SEEK_SET))
		return -errno;
	while (!err && fread(&piece, sizeof(piece), 1, scratch)) {
		end = piece.offset + piece.length;
		err = print_piece(file, text, &piece);
	}
	if (!err && end != text->maker->end)
		err = -EIO;
	return err ? err : print_gap(file, text);
}

static bool has_gaps(const struct outcome *outcome)
{
	return outcome->nr_extents && !outcome->extents[0].region;
}

static int print_whole(FILE *file, const struct text *text)
{
	const struct outcome *outcome = text->outcome;
	struct manifest_piece whole = {
		.length = text->maker->end,
		.readable = !has_gaps(outcome) &&
			    outcome->status.digest_len == MANIFEST_DIGEST,
	};

	memcpy(whole.digest, outcome->status.digest, sizeof(whole.digest));
	return manifest_print_whole(file, &whole);
}

static int print(FILE *file, void *context)
{
	struct text *text = context;
	const struct plan_target *source = &text->maker->plan->source;
	char name[512];
	const struct manifest_head head = {
		.source = kcopy_device_describe(source->device, name,
						sizeof(name)),
		.offset = source->offset,
		.length = text->maker->end,
	};
	int err = manifest_print_head(file, &head);

	if (!err)
		err = print_pieces(file, text);
	return err ? err : print_whole(file, text);
}

/* By whatever name, as all are now. */
static bool is_target(const struct stat *file, const struct plan_target *target)
{
	struct stat st;

	return target->path && !stat(target->path, &st) &&
	       st.st_dev == file->st_dev && st.st_ino == file->st_ino;
}

/* A copy takes long: FILE may be something else than it was before. */
static int may_replace(const char *path, void *context)
{
	const struct text *text = context;
	const struct plan *plan = text->maker->plan;
	struct stat st;
	unsigned int i;

	/* Whatever else is wrong with it, putting it there fails. */
	if (stat(path, &st))
		return 0;
	if (!S_ISREG(st.st_mode))
		return complain_replaced(path, "is no regular file any more");
	for (i = 0; i <= plan->nr_dests; i++)
		if (is_target(&st, plan_region(plan, i)))
			return complain_replaced(path,
						 i ? "is a destination now" :
						     "is the source now");
	return check_replaced(path);
}

static bool was_copied(const struct outcome *outcome)
{
	unsigned int i;

	for (i = 1; i < outcome->status.nr_regions; i++)
		if (outcome->regions[i].bytes)
			return true;
	return false;
}

/* Why there can't be one, or NULL. */
static const char *missing(const struct manifest_maker *maker,
			   const struct outcome *outcome)
{
	if (outcome->status.code == -ECANCELED)
		return "the copy was interrupted";
	if (!was_copied(outcome))
		return "nothing was copied";
	if (!maker->err && maker->end != outcome->status.length)
		return "the copy did not get to its end";
	return NULL;
}

/* There is none, and with that not all of what was asked for. */
static int complain_missing(const char *path, const char *why)
{
	complain("%s: no manifest was written: %s", path, why);
	return EXIT_FAILED;
}

static int complain_err(const char *path, int err)
{
	complain("%s: no manifest was written: keeping the digests failed: %s",
		 path, strerror(-err));
	return EXIT_FAILED;
}

static int make(struct manifest_maker *maker, const struct outcome *outcome)
{
	struct text text = { .maker = maker, .outcome = outcome };
	const char *why = missing(maker, outcome);
	const char *path = maker->plan->options->manifest;
	int code;

	if (why)
		return complain_missing(path, why);
	if (maker->err)
		return complain_err(path, maker->err);
	code = textfile_print_if(path, print, may_replace, &text);
	maker->written = !code;
	/* Whatever it is, it comes too late to be the user's mistake. */
	return code ? EXIT_FAILED : 0;
}

int manifest_make_end(struct manifest_maker *maker,
		      const struct outcome *outcome)
{
	int code = make(maker, outcome);

	if (code && !outcome_code(outcome))
		complain("the copy itself is complete");
	return code;
}
