/* judge.h - from records and findings to one verdict. Pure: no I/O. */
#ifndef NB_RESULT_JUDGE_H
#define NB_RESULT_JUDGE_H

#include "result/result.h"

/* What a figure, a count or a part is set against. The word is the family of its findings. */
enum reference {
	REFERENCE_PHYSICS,     /* what link and memory can carry at their ability */
	REFERENCE_PEERS,       /* the equal GPUs, nodes and pairs of this machine */
	REFERENCE_HISTORY,     /* a baseline */
	REFERENCE_EXPECTATION, /* what was ordered */
	REFERENCE_RUN,         /* the run itself: what was planned and asked for */
};
const char *reference_name(enum reference r); /* "physics" .. */

enum judged_status { JUDGED_PASS, JUDGED_WARN, JUDGED_FAIL, JUDGED_UNKNOWN };

/* One thing set against one reference. */
struct judged {
	enum reference reference;
	enum judged_status status;
	char id[64];      /* stable: "physics.pcie-share", "history.gpu-bandwidth.h2d.pinned" */
	char subject[64]; /* "GPU 3", "node 1", "GPUs" */
	const struct record *record; /* its cell, or NULL; borrowed */
	double observed,
		expected; /* in `unit`; NaN: no figure. expected is the limit that decides */
	char unit[8];     /* "B/s", "s", "1"; "" where there are no figures */
	char text[300];   /* one sentence that begins with the culprit, without a full stop */
	char fix[240];    /* what to do about it; may be empty */
	char source[120]; /* the file, or the rule, that it rests on; may be empty */
};

/* Sets the text; what is too long is cut. */
void judged_say(struct judged *j, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Keeps it among the findings ("checks"): text is `observed`; the figures, unit and the cell's name
 * stand in its more as value, limit, unit and cell. -ENOMEM. */
int judged_add(struct result *res, const struct judged *j);
/* Takes all findings of a reference out: judging twice must not find twice. */
void judged_forget(struct result *res, enum reference r);
/* A number that judged_add kept ("value", "limit"), or NaN; a text ("unit", "cell"), or "". */
double finding_number(const struct finding *f, const char *key);
const char *finding_text(const struct finding *f, const char *key);
/* Whether its family is one of the references: then `observed` is a whole sentence. */
bool finding_is_judged(const struct finding *f);

/* Derives what follows from the records (derive.h: a figure that no link could carry has
 * failed), looks at all of res, fills res->verdict, adds the findings of the run itself
 * (ids "gpu.count", "run.cells", "run.load", "run.corrupt") and those of physics and peers
 * (judge_parts.h) to those of `numabench check`, and names in every record the findings that
 * explain it (explains.h). Findings of history and expectation are whoever's who set the result
 * against a file, before: they stay and count. The rules among run.options (rules.h) apply to all
 * of these. Safe to repeat. FAIL: a corrupt record, a finding with status fail, a count other than
 * run.options.require_gpus. UNKNOWN: a finding with status unknown; a record that failed, timed
 * out, crashed, was misplaced, unproven or unstable; a run that is not complete; a GPU that was
 * busy; a test, or a GPU in it, of which cells were planned and none came to a figure; records of
 * which none has a figure. Some cells left out are a warning; what had nothing to do here decides
 * nothing. -ENOMEM. */
int judge(struct result *res);

/* The exit code for a verdict, as in README.md: 1, 3 or 0; `strict`
 * turns warnings into 1. */
int verdict_exit_code(const struct verdict *v, bool strict);

/* Nagios's own codes: 0 ok, 1 warnings, 2 FAIL, 3 all else. */
int verdict_nagios_code(const struct verdict *v);

const char *verdict_name(enum verdict_status s);

#endif
