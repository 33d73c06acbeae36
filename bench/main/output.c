#include "main/output.h"

#include <stdlib.h>

#include "util/json.h"
#include "util/wrap.h"

#define OPTION(field) offsetof(struct output_options, field)
const struct opt output_option_table[] = {
	{ .kind = OPT_FLAG,
	  .name = "json",
	  .offset = OPTION(json),
	  .help = "one JSON object a line on stdout: {\"planned\": ..}, {\"progress\": ..}, "
		  "{\"records\": [..]}" },
	{ .kind = OPT_FLAG,
	  .name = "list",
	  .offset = OPTION(list),
	  .help = "print what it measures, and end" },
	{ .kind = OPT_FLAG,
	  .name = "quiet",
	  .offset = OPTION(quiet),
	  .help = "no progress, no plan" },
	{ .kind = OPT_END },
};
#undef OPTION

/* Of --list. */
enum { LIST_WIDTH = 80, LIST_INDENT = 4 };

static void print_object(struct output *o, const char *key, json_t *value)
{
	json_t *json = json_pack("{s:o}", key, value);
	char *text = json ? json_dumps(json, JSON_COMPACT | JSON_REAL_PRECISION(17)) : NULL;

	if (!text || printf("%s\n", text) < 0 || fflush(stdout) != 0)
		o->broken = true;
	free(text);
	json_decref(json);
}

static void on_planned(const struct record *r, void *to)
{
	struct output *o = to;

	if (o->options.json)
		print_object(o, "planned", record_to_json(r));
}

static void on_sample(size_t cell, const struct record *r, void *to)
{
	struct output *o = to;
	size_t last = r->samples.n - 1;

	if (o->options.json)
		print_object(o, "sample",
			     json_pack("{s:I, s:f, s:f, s:f, s:f}", "cell", (json_int_t)cell,
				       "value", r->samples.v[last], "at", r->at.v[last], "round",
				       r->round.v[last], "fresh", r->fresh.v[last]));
}

static void on_record(const struct record *r, void *to)
{
	struct output *o = to;
	json_t *json = record_to_json(r);
	struct record copy;

	record_init(&copy);
	if (!json || record_from_json(&copy, json, NULL) < 0 || result_add(&o->result, &copy) < 0)
		o->broken = true;
	if (o->options.json)
		print_object(o, "records", json_pack("[o]", json));
	else
		json_decref(json);
}

static void on_progress(double share, double left_s, const char *what, void *to)
{
	struct output *o = to;

	if (o->options.json)
		print_object(o, "progress",
			     json_pack("{s:f, s:f, s:s}", "share", share, "left_s", left_s, "what",
				       what));
	else
		progress_show(&o->progress, share, left_s, what);
}

static void on_note(const char *line, void *to)
{
	struct output *o = to;

	if (o->options.json)
		print_object(o, "note", json_text(line));
	else if (!o->options.quiet)
		fprintf(stderr, "%s\n", line);
}

void output_line(const char *text, void *stream)
{
	wrap_print(stream, text, LIST_WIDTH, 0, LIST_INDENT);
}

struct session_sink output_sink(struct output *o, const volatile sig_atomic_t *stop)
{
	return (struct session_sink){
		.planned = on_planned,
		.sample = on_sample,
		.record = on_record,
		.progress = on_progress,
		.note = on_note,
		.to = o,
		.stop = stop,
	};
}
