/* walk.h - what a report says, in order, once for all formats.
 *
 * A report is a list of parts. Each goes over the records and says what it finds through a voice:
 * headings, sentences, tables of words, sheets of figures, findings, lines to paste. Which figures
 * stand side by side, in which unit, with how many digits, and the words around them are the
 * parts' own, and so are the same in every format; how they look is the voice's. A format is a
 * voice, and a loop over the parts:
 *
 *	rc = walk_open(&w, res);
 *	for (const struct part *p = parts; rc == 0 && p->id; p++)
 *		rc = walk_part(&w, p, &t);
 *	walk_close(&w);
 */
#ifndef NB_RENDER_WALK_H
#define NB_RENDER_WALK_H

#include <jansson.h>

#include "render/table.h"
#include "render/text.h"

/* What is said of a finding besides what was found: under a label of at most TOLD_LABEL letters, a
 * text or steps, a list of { "text", "command" } of which either may be missing. */
enum { TOLD_LABEL = 8 };
struct told_line {
	const char *label, *text; /* NULL: steps */
	const json_t *steps;
};

/* What was found of several things in the same words. */
struct told_finding {
	const struct finding *finding; /* the first of them */
	char subjects[400];            /* empty where the sentence names its subject itself */
	size_t cells;                  /* records of the result on which it bears */
	/* What is told of one check in one status stands together: the one told before of the same,
	 * or NULL; whether there is one; whether this is the last. */
	const struct finding *before;
	bool again, last;
	const char *title; /* of the check, or of the kind of finding; "" */
	/* What it should be, what it costs, what mends it, how to verify that, on how much it
	 * bears: nothing that was told of the one before. The last ntail of them hold for all of
	 * one check, and come with the last: how long a mend lasts, where it is read, where there
	 * is more. */
	const struct told_line *lines;
	size_t nlines, ntail;
};

/* How a format says things. Texts are of any result, hostile ones too, and not escaped. */
struct voice {
	void (*heading)(struct text *t, const char *title);
	/* The first sentence: how it came out. NULL: as any other. */
	void (*verdict)(struct text *t, const char *sentence);
	/* `indent` is 0 for what stands by itself, 2 for what goes with the figures above it, 4 for
	 * what goes with the last sentence. */
	void (*sentence)(struct text *t, int indent, const char *sentence);
	/* "GPU 0-3", and what is said of them. */
	void (*labelled)(struct text *t, const char *label, const char *sentence);
	int (*table)(struct text *t, const struct table *table);
	int (*sheet)(struct text *t, const struct sheet *s, const struct sheet_style *style);
	void (*finding)(struct text *t, const struct told_finding *f);
	/* A line for a shell, and what it is for. */
	void (*command)(struct text *t, const char *line, const char *remark);
	/* Under one heading, or without any: something new. NULL: nothing. */
	void (*gap)(struct text *t);
};

/* A part of the report. */
struct part {
	const char *id; /* "peers" */
	const char
		*title; /* "GPU to GPU": above all of its headings, where a format has two levels */
	int (*say)(struct text *t); /* nothing where there is nothing to say; 0 or -ENOMEM */
	enum part_records { PART_ALL, PART_REST, PART_MOVES } records;
};
extern const struct part parts[]; /* in the order of the report; ended by one without id */

/* What was moved has a part of its own, and is in no other that is about figures. */
struct walk {
	struct result all, rest, moves; /* shallow: they live as long as the result */
	struct record *records;         /* owned: theirs */
};
int walk_open(struct walk *w, const struct result *res); /* -ENOMEM; to be closed all the same */
void walk_close(struct walk *w);
/* Says a part through t, whose `res` is set for it. As part.say. */
int walk_part(const struct walk *w, const struct part *p, struct text *t);

/* Calls `tell` for all that fails, is unknown or warns, in this order, and of these for the worst
 * first ("harm", schema.json). 0 or -ENOMEM. */
int findings_tell(const struct result *res, void (*tell)(const struct told_finding *f, void *to),
		  void *to);
/* Both have the same member in what they have beyond a finding's texts ("title"), or neither. */
bool finding_shares(const struct finding *a, const struct finding *b, const char *key);
/* "FAIL", "unknown" (not judged) or "warn". */
const char *finding_word(const struct finding *f);
/* Left alone it does more than to take some per cent ("harm", schema.json). */
bool finding_is_serious(const struct finding *f);
/* "1 serious warning", "3 warnings, 2 of them serious". Returns buf. */
char *warnings_text(size_t n, size_t serious, char *buf, size_t size);

/* ---- for voices ---- */

extern const struct voice voice_text;
/* As text, with all that goes with it. */
void finding_print(const struct told_finding *f, const struct render_options *o, FILE *out);

/* A cell of a sheet as it is written everywhere. Remembers the signs for the legend. */
struct sheet_cell {
	char figure[SHEET_TEXT]; /* "57.4", "skip" where it has none, "" where nothing was tried */
	char sign;               /* '+' best and '-' worst of its column, '?' unstable, or ' ' */
	bool undersized;
	bool has_figure;
};
void sheet_cell(struct text *t, const struct sheet *s, size_t row, size_t column,
		const struct sheet_style *style, struct sheet_cell *cell);

#endif
