/* text_link.c - figures beside what the link could carry. See text.h. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "render/text.h"
#include "result/derive.h"
#include "util/idset.h"

static bool has(const struct record *r, const char *ceiling, double v)
{
	return record_has(r, ceiling) && isfinite(v) && v > 0;
}

/* A link that runs below what both its ends could do. */
static bool is_below(const struct record *r)
{
	return has(r, "ceiling_negotiated", r->ceiling_negotiated) &&
	       has(r, "ceiling_capable", r->ceiling_capable) &&
	       r->ceiling_negotiated < 0.999 * r->ceiling_capable;
}

static void put_share(char *text, const struct record *r, const char *ceiling, double v,
		      const char *mark)
{
	if (record_has_figure(r) && has(r, ceiling, v))
		snprintf(text, SHEET_NOTE, "%.0f %%%s", 100 * r->median / v, mark);
}

/* "of Gen5 x16" where that is the link of all, "of its link" where they differ. */
static const char *share_label(const struct text *t, const struct record *like, const int *gpus,
			       size_t n, char *buf, size_t size)
{
	const struct record *first = NULL;

	snprintf(buf, size, "of its link");
	for (size_t c = 0; c < n; c++) {
		const struct record *r = text_home_cell(t, like, gpus[c]);

		if (!r || !has(r, "ceiling_negotiated", r->ceiling_negotiated))
			continue;
		first = first ? first : r;
		if (link_during(r, "gen").value != link_during(first, "gen").value ||
		    link_during(r, "width").value != link_during(first, "width").value)
			return buf;
	}
	if (first)
		snprintf(buf, size, "of Gen%lld x%lld", link_during(first, "gen").value,
			 link_during(first, "width").value);
	return buf;
}

int link_notes(const struct text *t, struct sheet *s, const struct record *like, const int *gpus)
{
	bool any = false, below = false;
	char label[SHEET_TEXT];
	int rc = 0;

	/* One direction by itself: what runs along takes its part of the link. */
	if (record_has(like, "together") || !record_has(like, "memory") ||
	    strcmp(like->unit, "B/s") != 0)
		return 0;
	for (size_t c = 0; c < s->ncolumns; c++) {
		const struct record *r = text_home_cell(t, like, gpus[c]);

		any = any || (r && has(r, "ceiling_negotiated", r->ceiling_negotiated));
		below = below || (r && is_below(r));
	}
	if (any)
		rc = sheet_add_note(s, &s->below[0],
				    share_label(t, like, gpus, s->ncolumns, label, sizeof label));
	if (rc == 0 && below)
		rc = sheet_add_note(s, &s->below[1], "of ability");
	for (size_t c = 0; rc == 0 && any && c < s->ncolumns; c++) {
		const struct record *r = text_home_cell(t, like, gpus[c]);

		if (!r)
			continue;
		put_share(s->below[0].texts[c], r, "ceiling_negotiated", r->ceiling_negotiated,
			  is_below(r) ? "!" : " ");
		if (below)
			put_share(s->below[1].texts[c], r, "ceiling_capable", r->ceiling_capable,
				  is_below(r) ? "!" : " ");
	}
	return rc;
}

/* "Gen5 x8, below its ability of Gen5 x16"; empty where the link is not known. */
static void describe(const struct text *t, const struct record *r, char *buf, size_t size)
{
	const struct gpu *g = r ? machine_gpu(&t->res->machine, r->gpu) : NULL;
	struct known gen, width;
	size_t used;

	buf[0] = '\0';
	if (!r)
		return;
	gen = link_during(r, "gen");
	width = link_during(r, "width");
	if (!gen.is || !width.is)
		return;
	used = (size_t)snprintf(buf, size, "Gen%lld x%lld", gen.value, width.value);
	if (is_below(r) && g && used < size)
		snprintf(buf + used, size - used, ", below its ability of Gen%lld x%lld",
			 g->max_gen.value, g->max_width.value);
}

void link_sentence(struct text *t, const struct record *like)
{
	const struct machine *m = &t->res->machine;
	char all[600] = "", link[96], other[96], list[64];
	const char *why = "";
	struct idset told = { 0 };
	size_t used = 0;

	if (t->told_links || record_has(like, "together") ||
	    !(record_has(like, "ceiling_why") || record_has(like, "ceiling_negotiated")))
		return;
	t->told_links = true;
	for (size_t i = 0; i < m->ngpus; i++) {
		const struct record *r = text_home_cell(t, like, m->gpus[i].index);
		struct idset alike = { 0 };

		describe(t, r, link, sizeof link);
		if (!link[0] || idset_has(&told, m->gpus[i].index))
			continue;
		if (record_has(r, "ceiling_why"))
			why = r->ceiling_why;
		for (size_t j = i; j < m->ngpus; j++) {
			describe(t, text_home_cell(t, like, m->gpus[j].index), other, sizeof other);
			if (strcmp(link, other) == 0)
				idset_add(&alike, m->gpus[j].index);
		}
		told = idset_or(&told, &alike);
		idset_format(&alike, list, sizeof list);
		if (used < sizeof all)
			used += (size_t)snprintf(all + used, sizeof all - used, "%sGPU %s %s",
						 used ? "; " : "", list, link);
	}
	if (used)
		text_say(t, 2, "link under load: %s%s%s", all, why[0] ? "; " : "", why);
	else if (like->ceiling_why[0])
		text_say(t, 2, "no share of a link: %s", like->ceiling_why);
}
