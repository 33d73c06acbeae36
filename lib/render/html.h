/* html.h - what the parts of the HTML report share. Private to lib/render.
 *
 * One page, whole in itself: style and script are in it, and it asks nothing of any network. Texts
 * of a result may be anybody's; html_put escapes whatever it is given, so that none of them can
 * become markup.
 */
#ifndef NB_RENDER_HTML_H
#define NB_RENDER_HTML_H

#include "render/walk.h"

/* Markup with texts and numbers in it: %s (escaped), %d, %u, %zu, %.2f and the like (*, f and g).
 * What is no UTF-8, and control characters, those that turn the direction of text among them,
 * become U+FFFD. */
void html_put(FILE *out, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* One of the results of a page. */
struct html {
	const struct result *res;
	struct walk walk;
	const char *name; /* "A"; NULL where it is the only one */
	struct text text; /* what is said of it goes through here: voice_html */
	/* The voice's own. */
	const struct part *part;
	enum html_open {
		HTML_NOTHING,
		HTML_LIST,
		HTML_COMMANDS,
		HTML_FINDING,
		HTML_MORE_FINDINGS
	} open;            /* to be closed before other words */
	bool in_group;     /* a heading and what is beneath it */
	size_t again;      /* findings told under the last id, but for the first */
	char heading[256]; /* the last one: what a table is about */
};

extern const struct voice voice_html;
void html_close(struct html *h);       /* whatever is open */
void html_close_words(struct html *h); /* what goes with the last words alone */
/* As voice.finding. */
void html_finding(struct text *t, const struct told_finding *told);

/* "<details>" with a summary; to be closed by "</div></details>". */
void html_fold(FILE *out, const char *summary);
/* The beginning of something wide, which scrolls by itself; closed by "</div>". */
void html_scroll(FILE *out, const char *label);
/* A line, and a button that copies it; `remark` says for what. */
void html_copy(FILE *out, const char *line, const char *remark);

/* "57.4 GB/s, 95 % interval 57.3-57.5, best 57.6, 12 samples", or why it has no figure.
 * Returns buf. */
char *html_figure(const struct record *r, char *buf, size_t size);

/* Drawings. Each writes nothing where there is nothing to draw. 0 or -ENOMEM. */
int html_machine(struct html *h);
int html_size_curves(struct html *h);
int html_latency_curves(struct html *h);
int html_memory_curves(struct html *h);
int html_distributions(struct html *h);        /* of GPUs' latencies */
int html_memory_distributions(struct html *h); /* of memory's */
int html_timelines(struct html *h);

/* What each recommendation rests on, folded away. */
int html_grounds(struct html *h);
/* Tables of what the page is made of, folded away. */
int html_cells(struct html *h);      /* all records */
int html_provenance(struct html *h); /* the run, and the host's identity and conditions */
/* Several results: what differs between the first and each other. */
int html_changes(const struct html *all, size_t n, FILE *out);

/* ---- charts (html_chart.c) ---- */

struct html_point {
	double x, y, low, high; /* low, high: NaN where there is no interval */
};
struct html_series {
	char name[160];
	struct html_point *points; /* in order of x */
	size_t n;
};
struct html_axis {
	const char *name;                                             /* "size of one copy" */
	char *(*label)(double v, char *buf, size_t size);             /* NULL: as a number of .. */
	double factor;                                                /* .. this */
	enum html_scale { HTML_LINEAR, HTML_LOG2, HTML_LOG10 } scale; /* a linear one has its 0 */
};
struct html_mark { /* an instant, say */
	double x;
	const char *text;
};
struct html_chart {
	const char *title;
	struct html_axis x, y;
	const struct html_series *series;
	size_t n;
	size_t left_out;               /* lines too many */
	bool steps;                    /* windows: level until the next point */
	const struct html_mark *marks; /* on the x axis */
	size_t nmarks;
};
void html_chart(FILE *out, const struct html_chart *c);

/* That so many are not drawn, where there are; they are in html_cells. */
void html_left_out(FILE *out, size_t n);

/* Round values between low and high, at most `most`, into v. Returns how many. */
size_t html_ticks(const struct html_axis *axis, double low, double high, double *v, size_t most);

#endif
