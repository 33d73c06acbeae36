/* targets.c - what is given rubbish. libFuzzer calls the two functions at the end, or replay.c
 * does, which reads files that were found before.
 *
 *     fuzz --target=NAME --base=FOLDER --add=FILE [libFuzzer's options] CORPUS..
 *
 * FOLDER is a recorded machine, unpacked; FILE says what is added to it, and it is changed by
 * every input and back (damage.h says how). A target returns where its input was refused in good
 * order, and aborts where we break a promise of ours: what we write we can read, there is an error
 * in words whenever something is refused, and nothing shown moves a terminal's cursor.
 */
#include <hwloc.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "checks/check.h"
#include "checks/look.h"
#include "checks/print.h"
#include "checks/process.h"
#include "checks/rules.h"
#include "damage.h"
#include "machine/parts.h"
#include "machine/probe.h"
#include "render/render.h"
#include "result/baseline.h"
#include "result/expect.h"
#include "result/judge.h"
#include "result/recommend.h"
#include "util/units.h"

struct fuzz {
	const struct target *target;
	char base[PATH_MAX];
	struct damage damage;
	struct hwloc_topology *topo; /* of the base, undamaged, */
	struct machine machine;      /* and all of it */
	struct result findings;      /* of the checks on it */
	struct result measured;      /* of a machine with two GPUs */
	FILE *screen;                /* where all printing goes */
	char *shown;
	size_t nshown;
	int file;      /* for what is read from a path; in memory */
	char path[32]; /* of it */
	bool by_hwloc; /* this input is read by hwloc, too */
};

struct target {
	const char *name;
	void (*run)(struct fuzz *f, const char *input, size_t length);
};

static const struct render_options plain = { .width = 80 };

static void must(bool promise, const char *what)
{
	if (promise)
		return;
	fprintf(stderr, "broken promise: %s\n", what);
	abort();
}

/* A function that can say more than a number has said it. */
static void refused_in_words(int rc, const struct err *e)
{
	must(rc >= 0 || e->text[0], "an error without a text");
	must(!strchr(e->text, '\n'), "an error of more than one line");
}

static struct fuzz fuzz; /* libFuzzer hands nothing of ours from call to call */

/* ---- machine: damaged files of /sys and /proc ---- */

/* What hwloc makes of the files it reads in a child first (lib/machine/hwtopo.c), which takes ten
 * times as long as all the rest: inputs that do not begin with its name get what it made of the
 * undamaged ones. */
int __real_hwtopo_load(struct source *s, const char *xml, struct err *e);
int __wrap_hwtopo_load(struct source *s, const char *xml, struct err *e);
int __wrap_hwtopo_load(struct source *s, const char *xml, struct err *e)
{
	if (xml || fuzz.by_hwloc)
		return __real_hwtopo_load(s, xml, e);
	must(hwloc_topology_dup(&s->topo, fuzz.topo) == 0, "a copy of the topology");
	return 0;
}

static void look_at_everything(struct fuzz *f, const struct look *l)
{
	struct print_options print = { .look = plain, .at = l, .verbose = true };
	struct result out;

	result_init(&out);
	must(checks_run(l, &out) == 0, "checks run");
	must(checks_print(&out, &print, f->screen) == 0, "findings are printed");
	must(checks_print_json(&out, f->screen) == 0, "findings are printed as JSON");
	if (l->root)
		must(render_nodes_print(l->root, l->m, true, &plain, f->screen) == 0,
		     "render nodes");
	result_release(&out);
}

static void show_machine(struct fuzz *f, const struct machine *m)
{
	json_t *topology = machine_to_json(m);
	struct machine again;
	struct err e = { "" };
	int rc;

	must(topology, "a machine becomes JSON");
	rc = machine_from_json(&again, topology, &e);
	must(rc == 0, e.text);
	machine_release(&again);
	json_decref(topology);
	must(render_machine(m, &plain, f->screen) == 0, "a machine is shown");
}

static void run_machine(struct fuzz *f, const char *input, size_t length)
{
	const struct sight_spec spec = { .recorded = f->base };
	struct err e = { "" };
	struct sight s;
	int rc;

	f->by_hwloc = length > 5 && memcmp(input, "hwloc", 5) == 0;
	damage_do(&f->damage, input, length);
	rc = sight_open(&s, &spec, &e);
	refused_in_words(rc, &e);
	if (rc == 0) {
		look_at_everything(f, &s.look);
		show_machine(f, &s.m);
		sight_close(&s);
	}
	damage_undo(&f->damage);
}

/* ---- process: damaged files of a process and its child ---- */

static void run_process(struct fuzz *f, const char *input, size_t length)
{
	struct sysroot root;
	struct err e = { "" };

	damage_do(&f->damage, input, length);
	if (sysroot_open_recorded(&root, f->base, &e) == 0) {
		for (int json = 0; json < 2; json++) {
			struct process_check c = { .pid = 100, .json = json, .width = 80 };

			refused_in_words(check_process(&c, &f->machine, &root, f->screen, &e), &e);
		}
		sysroot_close(&root);
	}
	damage_undo(&f->damage);
}

/* ---- files that are given by name ---- */

static void write_input(struct fuzz *f, const char *input, size_t length)
{
	must(ftruncate(f->file, 0) == 0 && pwrite(f->file, input, length, 0) == (ssize_t)length,
	     "room for the input");
}

/* What is made to be expected can be read, and is met by what it was made from. */
static void make_expectation(const struct result *r)
{
	json_t *doc = expect_make(r, 0.05);
	struct err e = { "" };
	struct expect x;
	int rc;

	must(doc, "an expectation is made");
	rc = expect_from_json(&x, doc, &e);
	must(rc == 0, e.text);
	expect_release(&x);
	json_decref(doc);
}

static void show_result(struct fuzz *f, struct result *r)
{
	struct look l = { .m = &r->machine,
			  .driver = &(struct driver_facts){ .why = "nobody was asked" },
			  .no_files = "the result is of another machine",
			  .res = r };
	json_t *doc;

	for (const struct format *i = formats; i->name; i++)
		must(i->write(r, &plain, f->screen) == 0, i->name);
	must(recommend(r) == 0 && judge(r) == 0, "a result is judged");
	make_expectation(r);
	for (const struct format *i = formats; i->name; i++)
		must(i->write(r, &plain, f->screen) == 0, i->name);
	look_at_everything(f, &l);
	doc = result_to_json(r);
	must(doc, "a result becomes JSON");
	json_decref(doc);
}

static void run_result(struct fuzz *f, const char *input, size_t length)
{
	struct err e = { "" };
	struct result r;
	int rc;

	write_input(f, input, length);
	result_init(&r);
	rc = result_read(&r, f->path, &e);
	refused_in_words(rc, &e);
	if (rc == 0)
		show_result(f, &r);
	result_release(&r);
}

static void run_rules(struct fuzz *f, const char *input, size_t length)
{
	struct err e = { "" };
	struct result copy;
	size_t silenced;
	int rc;

	write_input(f, input, length);
	result_init(&copy);
	for (size_t i = 0; i < f->findings.nfindings; i++)
		must(result_find(&copy, &f->findings.findings[i]) == 0, "findings are copied");
	rc = check_rules(f->path, &copy, &silenced, &e);
	refused_in_words(rc, &e);
	must(copy.nfindings + silenced == f->findings.nfindings, "no finding is lost");
	result_release(&copy);
}

static void run_expectation(struct fuzz *f, const char *input, size_t length)
{
	struct err e = { "" };
	struct expect x;
	int rc;

	write_input(f, input, length);
	rc = expect_read(&x, f->path, &e);
	refused_in_words(rc, &e);
	if (rc == 0) {
		must(expect_judge(&x, &f->measured) == 0 && judge(&f->measured) == 0,
		     "an expectation is judged");
		for (const struct format *i = formats; i->name; i++)
			must(i->write(&f->measured, &plain, f->screen) == 0, i->name);
	}
	expect_release(&x);
}

static void run_baseline(struct fuzz *f, const char *input, size_t length)
{
	struct err e = { "" };
	struct baseline b;
	json_t *doc;
	int rc;

	write_input(f, input, length);
	baseline_init(&b);
	rc = baseline_read(&b, f->path, &e);
	refused_in_words(rc, &e);
	if (rc == 0) {
		struct baseline again;

		doc = baseline_to_json(&b);
		must(doc, "a baseline becomes JSON");
		baseline_init(&again);
		rc = baseline_from_json(&again, doc, &e);
		must(rc == 0, e.text);
		baseline_release(&again);
		json_decref(doc);
	}
	baseline_release(&b);
}

static void run_xml(struct fuzz *f, const char *input, size_t length)
{
	const struct sight_spec spec = { .recorded = f->path };
	struct err e = { "" };
	struct sight s;
	int rc;

	write_input(f, input, length);
	rc = sight_open(&s, &spec, &e);
	refused_in_words(rc, &e);
	if (rc < 0)
		return;
	look_at_everything(f, &s.look);
	show_machine(f, &s.m);
	sight_close(&s);
}

/* ---- words: what stands in an option or in one line of a file ---- */

static void read_list(const char *word)
{
	char text[65536];
	struct idset s, again;
	struct err e = { "" };
	int rc = idset_parse(&s, word, &e);

	refused_in_words(rc, &e);
	must(rc == 0 || idset_empty(&s), "what is refused is empty");
	if (rc == 0) {
		must(idset_format(&s, text, sizeof text) < sizeof text, "a list is short");
		must(idset_parse(&again, text, &e) == 0 && idset_equal(&s, &again),
		     "a list is read as it is written");
	}
	idset_parse_kernel(&s, word);
	cpumap_parse(word);
}

static void read_figures(const char *word)
{
	char text[64];
	struct err e = { "" };
	double seconds;
	uint64_t bytes;
	int number, rc = parse_size(&bytes, word, &e);

	refused_in_words(rc, &e);
	must(rc < 0 || bytes > 0, "a size is at least 1");
	if (rc == 0)
		format_size(text, sizeof text, bytes);
	rc = parse_seconds(&seconds, word, &e);
	refused_in_words(rc, &e);
	must(rc < 0 || seconds > 0, "a time is greater than 0");
	if (rc == 0)
		format_seconds(text, sizeof text, seconds);
	rc = parse_int(&number, word, -7, 4096, &e);
	refused_in_words(rc, &e);
	must(rc < 0 || (number >= -7 && number <= 4096), "a number is within its bounds");
}

static void read_names(struct fuzz *f, const char *word)
{
	char pci[16], again[16], text[512];
	struct memory_policy p;
	struct err e = { "" };
	struct idset s;

	refused_in_words(machine_parse_gpus(&f->machine, word, &s, &e), &e);
	refused_in_words(machine_parse_nodes(&f->machine, word, &s, &e), &e);
	if (pci_normalise(pci, word))
		must(pci_normalise(again, pci) && strcmp(pci, again) == 0, "an address stays");
	p = memory_policy_parse(word);
	memory_policy_text(&p, text, sizeof text);
	text_field(word, "Key", text, sizeof text);
}

static void run_words(struct fuzz *f, const char *input, size_t length)
{
	char *copy = strndup(input, length), *rest = copy, *word;

	must(copy, "memory");
	while ((word = strsep(&rest, "\n"))) {
		read_list(word);
		read_figures(word);
		read_names(f, word);
	}
	free(copy);
}

/* ---- what libFuzzer calls ---- */

static const struct target targets[] = {
	{ "machine", run_machine },   { "process", run_process },
	{ "result", run_result },     { "rules", run_rules },
	{ "xml", run_xml },           { "words", run_words },
	{ "baseline", run_baseline }, { "expectation", run_expectation },
};

/* The value of an option of ours; NULL: it is not there. It stays among the arguments, for
 * libFuzzer, which passes over what begins with "--", hands them to processes of its own. */
static const char *find_option(int argc, char **argv, const char *name)
{
	size_t n = strlen(name);

	for (int i = 1; i < argc; i++)
		if (strncmp(argv[i], name, n) == 0)
			return argv[i] + n;
	return NULL;
}

static void add_files(struct fuzz *f, const char *path)
{
	char text[65536];
	FILE *file = fopen(path, "r");
	size_t n = file ? fread(text, 1, sizeof text, file) : 0;

	must(n > 0 && n < sizeof text, "what is to be added can be read");
	fclose(file);
	damage_do(&f->damage, text, n);
	damage_keep(&f->damage);
}

static void prepare(struct fuzz *f)
{
	/* Whoever starts this stands in the repository's root; the machine alone does without. */
	static const char measured[] = "tests/fuzz/corpus/result/gpu";
	struct sight_spec spec = { .recorded = f->base };
	struct source source = { .xml = false };
	struct err e = { "" };
	struct sight s;

	must(sysroot_open_recorded(&source.root, f->base, &e) == 0 &&
		     __real_hwtopo_load(&source, NULL, &e) == 0,
	     e.text);
	sysroot_close(&source.root);
	f->topo = source.topo;
	must(sight_open(&s, &spec, &e) == 0, e.text);
	must(checks_run(&s.look, &f->findings) == 0, "the base is judged");
	f->machine = s.m;
	s.m = (struct machine){ .nnodes = 0 };
	sight_close(&s);
	result_init(&f->measured);
	if (access(measured, R_OK) == 0)
		must(result_read(&f->measured, measured, &e) == 0, e.text);
	f->file = memfd_create("input", 0);
	must(f->file >= 0, "a file in memory");
	snprintf(f->path, sizeof f->path, "/proc/self/fd/%d", f->file);
}

/* hwloc loses what it had begun to build when it refuses an XML file. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
	return "leak:libhwloc";
}

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	const char *name = find_option(*argc, *argv, "--target="),
		   *base = find_option(*argc, *argv, "--base="),
		   *add = find_option(*argc, *argv, "--add=");
	char aside[PATH_MAX + 8];

	for (size_t i = 0; name && i < sizeof targets / sizeof *targets; i++)
		if (strcmp(targets[i].name, name) == 0)
			fuzz.target = &targets[i];
	must(fuzz.target && base && add, "--target=NAME, --base=FOLDER and --add=FILE are given");
	snprintf(fuzz.base, sizeof fuzz.base, "%s", base);
	snprintf(aside, sizeof aside, "%s.aside", base);
	must(damage_open(&fuzz.damage, base, aside) == 0,
	     "the base is a folder that can be changed");
	add_files(&fuzz, add);
	prepare(&fuzz);
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	fuzz.screen = open_memstream(&fuzz.shown, &fuzz.nshown);
	must(fuzz.screen, "a stream in memory");
	fuzz.target->run(&fuzz, (const char *)data, size);
	must(fclose(fuzz.screen) == 0, "memory");
	for (const char *p = fuzz.shown; p < fuzz.shown + fuzz.nshown; p++)
		must(*p == '\n' || *p == '\t' || /* the page's script has tabs */
			     (*p == '\r' && p[1] == '\n') /* as a CSV's lines end */ ||
			     (unsigned char)*p >= ' ',
		     "nothing moves a terminal's cursor");
	free(fuzz.shown);
	return 0;
}
