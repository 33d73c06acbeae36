/* text_gpu.c - what the report says of GPUs. See text.h. */
#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "render/text.h"
#include "result/recommend.h"
#include "util/quote.h"
#include "util/wrap.h"

/* A node with a thousand CPUs that are not neighbours, and some. */
enum { COMMAND_TEXT = 8192 };

static bool same_placement(const struct record *a, const struct record *b)
{
	return a->gpu == b->gpu && a->mem_node == b->mem_node && a->cpu_node == b->cpu_node;
}

/* One thing measured at several sizes needs a matrix for each. */
static bool has_several_sizes(const struct result *res, const struct matrix *m)
{
	for (size_t i = 0; i < res->nrecords; i++) {
		const struct record *a = &res->records[i];

		if (!matrix_takes(m, a))
			continue;
		for (size_t j = i + 1; j < res->nrecords; j++) {
			const struct record *b = &res->records[j];

			if (matrix_takes(m, b) && same_placement(a, b) && a->bytes != b->bytes)
				return true;
		}
	}
	return false;
}

int text_gpu_matrices(struct text *t)
{
	const struct result *res = t->res;
	struct matrix *done = calloc(res->nrecords + 1, sizeof *done);
	size_t ndone = 0;
	int rc = done ? 0 : -ENOMEM;

	for (size_t i = 0; rc == 0 && i < res->nrecords; i++) {
		struct matrix m = { .like = &res->records[i], .columns_are_gpus = true };
		bool seen = false;

		if (!matrix_takes(&m, m.like) || !record_has_figure(m.like))
			continue;
		for (size_t j = 0; j < ndone; j++)
			seen = seen || matrix_takes(&done[j], m.like);
		if (seen)
			continue;
		m.by_bytes = has_several_sizes(res, &m);
		m.declared = ndone == 0 && res->machine.nnodes > 1;
		done[ndone++] = m;
		rc = matrix_print(t, &m);
	}
	free(done);
	return rc;
}

/* What an advantage was measured on: "pinned h2d". Returns buf. */
static char *evidence_what(const struct evidence *ev, char *buf, size_t size)
{
	struct record like;

	record_init(&like);
	snprintf(like.metric, sizeof like.metric, "%s", ev->metric);
	like.direction = ev->direction;
	like.memory = ev->memory;
	record_set(&like, "direction", "memory", NULL);
	text_what(&like, false, buf, size);
	record_release(&like);
	return buf;
}

/* "pinned h2d 1.38x node 0, 95 % interval 1.36-1.40" */
static char *evidence_text(const struct evidence *ev, char *buf, size_t size)
{
	char what[96];

	evidence_what(ev, what, sizeof what);
	if (isfinite(ev->low) && isfinite(ev->high))
		snprintf(buf, size, "%s %.2fx node %d, 95 %% interval %.2f-%.2f", what,
			 ev->advantage, ev->other, ev->low, ev->high);
	else
		snprintf(buf, size, "%s %.2fx node %d, too few samples for an interval", what,
			 ev->advantage, ev->other);
	return buf;
}

struct sentence {
	char text[1600];
	size_t used;
};

__attribute__((format(printf, 2, 3))) static void add(struct sentence *s, const char *fmt, ...)
{
	va_list args;
	int n;

	if (s->used >= sizeof s->text)
		return;
	va_start(args, fmt);
	n = vsnprintf(s->text + s->used, sizeof s->text - s->used, fmt, args);
	va_end(args);
	s->used += n > 0 ? (size_t)n : 0;
}

/* What is said of a GPU, without its number: the sentence that came with the recommendation,
 * which gives the strongest evidence, and the others in short: "; also pinned d2h 1.30x". */
static struct sentence recommendation_sentence(const struct recommendation *r)
{
	struct sentence s = { .used = 0 };
	const char *join = "; also";
	char part[200];

	add(&s, "%s", r->why[0] ? r->why : "no reason given");
	if (r->matters != MATTERS_YES && r->nevidence)
		add(&s, " (%s)", evidence_text(&r->evidence[0], part, sizeof part));
	for (size_t i = 1; r->matters == MATTERS_YES && i < r->nevidence; i++) {
		const struct evidence *ev = &r->evidence[i];

		if (ev->matters != MATTERS_YES || ev->best != r->node)
			continue;
		add(&s, "%s %s %.2fx", join, evidence_what(ev, part, sizeof part), ev->advantage);
		if (ev->other != r->evidence[0].other)
			add(&s, " node %d", ev->other);
		join = ",";
	}
	if (r->has_node && r->cpus_shared)
		add(&s, "; its cores are shared with other GPUs");
	return s;
}

/* The short answer: for how many GPUs binding matters, and by how much at most. */
void text_binding(struct text *t)
{
	static const struct {
		enum matters matters;
		const char *text;
	} rows[] = {
		{ MATTERS_YES, "binding matters for" },
		{ MATTERS_NO, "binding makes no measurable difference for" },
		{ MATTERS_UNDECIDED, "it is undecided whether binding matters for" },
	};
	const struct result *res = t->res;
	struct sentence s = { .used = 0 };

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		size_t n = 0;
		double most = 0;

		for (size_t j = 0; j < res->nrecommendations; j++) {
			const struct recommendation *r = &res->recommendations[j];

			n += r->matters == rows[i].matters;
			if (r->matters == rows[i].matters && r->advantage > most)
				most = r->advantage;
		}
		if (!n)
			continue;
		add(&s, "%s%s %zu of %zu %s", s.used ? "; " : "", rows[i].text, n,
		    res->nrecommendations, res->nrecommendations == 1 ? "GPU" : "GPUs");
		if (rows[i].matters == MATTERS_YES && most > 0)
			add(&s, ", by up to %.2fx", most);
	}
	if (!s.used)
		return;
	s.text[0] = (char)toupper((unsigned char)s.text[0]);
	text_say(t, 0, "%s.", s.text);
}

int text_recommendations(struct text *t)
{
	const struct result *res = t->res;
	struct idset told = { 0 };

	if (res->nrecommendations)
		text_heading(t, "which node for which GPU");
	for (size_t i = 0; i < res->nrecommendations; i++) {
		struct sentence s = recommendation_sentence(&res->recommendations[i]);
		struct idset alike = { 0 };
		char list[128], label[160];
		int at;

		if (idset_has(&told, res->recommendations[i].gpu))
			continue;
		for (size_t j = i; j < res->nrecommendations; j++) {
			struct sentence other = recommendation_sentence(&res->recommendations[j]);

			if (strcmp(other.text, s.text) == 0)
				idset_add(&alike, res->recommendations[j].gpu);
		}
		told = idset_or(&told, &alike);
		idset_format(&alike, list, sizeof list);
		snprintf(label, sizeof label, "GPU %s:", list);
		at = fprintf(t->out, "  %-9s ", label);
		wrap_print(t->out, s.text, t->width, at, 12);
	}
	return 0;
}

/* A command line that stays one when it is pasted: lines end in a backslash, at a blank where
 * there is one and within a word, flush left, where there is none. */
static void put_command(struct text *t, const char *line)
{
	int column = fprintf(t->out, "  "), most = t->width - 2;

	for (const char *p = line; *p;) {
		int gap = (int)strspn(p, " "), length = (int)strcspn(p + gap, " ");

		if (column + gap + length > most && column > 4) {
			fputs(" \\\n    ", t->out);
			column = 4;
			p += gap;
			gap = 0;
		}
		fprintf(t->out, "%*s", gap, "");
		column += gap;
		p += gap;
		for (; length; length--, column++, p++) {
			if (column >= most) {
				fputs("\\\n", t->out);
				column = 0;
			}
			fputc((unsigned char)*p < ' ' ? '?' : *p, t->out);
		}
	}
	fputc('\n', t->out);
}

/* The line, and behind it (where that does not fit, before it) what it is for. */
static void put_remarked(struct text *t, const char *line, const char *remark)
{
	bool behind = (int)(2 + strlen(line) + 2 + strlen(remark)) <= t->width;
	char both[COMMAND_TEXT];

	if (!behind)
		fprintf(t->out, "  %s\n", remark);
	snprintf(both, sizeof both, "%s%s%s", line, behind ? "  " : "", behind ? remark : "");
	put_command(t, both);
}

int text_commands(struct text *t)
{
	const struct result *res = t->res;
	bool any = false;

	for (size_t i = 0; i < res->nrecommendations; i++) {
		const struct recommendation *r = &res->recommendations[i];
		char line[COMMAND_TEXT], numactl[COMMAND_TEXT - 16], remark[24], source[4096];

		if (!r->has_node)
			continue;
		if (!any) {
			text_heading(t, "to paste");
			snprintf(line, sizeof line, "numabench bind --gpu %d --from %s -- COMMAND",
				 r->gpu,
				 t->o->source ? shell_quote(source, sizeof source, t->o->source)
					      : "RESULT");
			put_remarked(t, line, "# any GPU");
		}
		any = true;
		snprintf(line, sizeof line, "%s COMMAND",
			 recommendation_numactl(r, numactl, sizeof numactl));
		snprintf(remark, sizeof remark, "# GPU %d", r->gpu);
		put_remarked(t, line, remark);
	}
	return 0;
}
