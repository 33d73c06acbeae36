#include "front/request.h"
#include "front/front.h"

const char *const on_unknown_words[] = { "pass", "fail", NULL };

#define OPTION(field) offsetof(struct request, field)
const struct opt request_option_table[] = {
	{ .kind = OPT_FLAG,
	  .name = "all",
	  .offset = OPTION(all),
	  .help = "measure everything, print the report, leave the results in a folder" },
	{ .kind = OPT_FLAG,
	  .name = "quick",
	  .offset = OPTION(quick),
	  .help = "a budget of 45 s, six rounds, the most telling cells" },
	{ .kind = OPT_FLAG,
	  .name = "thorough",
	  .offset = OPTION(thorough),
	  .help = "a budget of 600 s, up to forty rounds, every kind of memory and size" },
	{ .kind = OPT_SECONDS,
	  .name = "budget",
	  .arg = "SECONDS",
	  .offset = OPTION(budget_s),
	  .help = "time for all tests together (120 s, where nothing is said)" },
	{ .kind = OPT_TEXT,
	  .name = "output",
	  .arg = "DIR",
	  .offset = OPTION(output),
	  .help = "put result.json and report.txt there, not in results/<host>-<time>" },
	{ .kind = OPT_TEXT,
	  .name = "json",
	  .arg = "FILE|-",
	  .offset = OPTION(json),
	  .help = "write the result there, too; with - stdout is JSON and nothing else" },
	{ .kind = OPT_TEXT,
	  .name = "only",
	  .arg = "TEST,..",
	  .word = test_word,
	  .offset = OPTION(only),
	  .help = "only these tests" },
	{ .kind = OPT_TEXT,
	  .name = "skip",
	  .arg = "TEST,..",
	  .word = test_word,
	  .offset = OPTION(skip),
	  .help = "all but these tests" },
	{ .kind = OPT_TEXT,
	  .name = "nodes",
	  .arg = "LIST",
	  .offset = OPTION(nodes),
	  .help = "only these NUMA nodes: 0,2-3" },
	{ .kind = OPT_TEXT,
	  .name = "gpus",
	  .arg = "LIST",
	  .offset = OPTION(gpus),
	  .help = "only these GPUs: numbers as nvidia-smi's, UUIDs or PCI addresses" },
	{ .kind = OPT_INT,
	  .name = "require-gpus",
	  .arg = "N",
	  .offset = OPTION(require_gpus),
	  .high = 1024,
	  .help = "FAIL with any other number of measured GPUs" },
	{ .kind = OPT_FLAG,
	  .name = "busy",
	  .offset = OPTION(busy),
	  .help = "measure GPUs that others are using, too" },
	{ .kind = OPT_SIZE,
	  .name = "size",
	  .arg = "SIZE",
	  .offset = OPTION(size),
	  .help = "bytes of one array or one copy, e.g. 64MiB" },
	{ .kind = OPT_INT,
	  .name = "seed",
	  .arg = "N",
	  .offset = OPTION(seed),
	  .low = 1,
	  .high = 2147483647,
	  .help = "of the random order and the contents of buffers" },
	{ .kind = OPT_FLAG,
	  .name = "strict",
	  .offset = OPTION(strict),
	  .help = "warnings end with exit code 1" },
	{ .kind = OPT_TEXT,
	  .name = "rules",
	  .arg = "FILE",
	  .offset = OPTION(rules),
	  .help = "raise, lower or silence findings, as --rules of `numabench check`; what is "
		  "judged against physics, peers, a baseline or an expectation, too, by rules "
		  "that name it: \"peers.*\"" },
	{ .kind = OPT_TEXT,
	  .name = "baseline",
	  .arg = "FILE",
	  .offset = OPTION(baseline),
	  .help = "compare it with earlier runs, as `numabench baseline` joins them; what seems "
		  "slower is measured again in a fresh process, and fails if it is there, too" },
	{ .kind = OPT_FLAG,
	  .name = "ratios",
	  .offset = OPTION(ratios),
	  .help = "with --baseline: judge only figures formed within the run, for machines that "
		  "others "
		  "share" },
	{ .kind = OPT_CHOICE,
	  .name = "on-unknown",
	  .arg = "WORD",
	  .offset = OPTION(on_unknown),
	  .choices = on_unknown_words,
	  .help = "end with 0 or 1 instead of 3 where it cannot be told" },
	{ .kind = OPT_TEXT,
	  .name = "expect",
	  .arg = "FILE",
	  .offset = OPTION(expect),
	  .help = "judge it against what was ordered, too: counts, parts, links, floors and "
		  "ceilings, as numabench expect writes them" },
	{ .kind = OPT_FLAG,
	  .name = "nagios",
	  .offset = OPTION(nagios),
	  .help = "print one line with performance data, and end with Nagios's own codes: 0 ok, 1 "
		  "warnings, 2 FAIL, 3 all else" },
	{ .kind = OPT_FLAG, .name = "list", .offset = OPTION(list), .help = "list the tests" },
	{ .kind = OPT_FLAG,
	  .name = "dry-run",
	  .offset = OPTION(dry_run),
	  .help = "print what would be measured, and measure nothing" },
	{ .kind = OPT_FLAG,
	  .name = "quiet",
	  .offset = OPTION(quiet),
	  .help = "neither plan nor progress on stderr" },
	{ .kind = OPT_END },
};
#undef OPTION

/* budget_s of a pace is what the whole run may take; rounds are at most, for
 * every test. */
static const struct pace paces[] = {
	{ .name = "normal", .budget_s = 120, .rounds = "12" },
	{ .name = "quick", .budget_s = 45, .rounds = "6" },
	{ .name = "thorough", .budget_s = 600, .rounds = "40" },
};

struct request request_default(void)
{
	return (struct request){ .require_gpus = -1, .on_unknown = -1 };
}

struct pace request_pace(const struct request *r)
{
	struct pace p = paces[r->quick ? 1 : r->thorough ? 2 : 0];

	if (r->budget_s > 0)
		p.budget_s = r->budget_s;
	return p;
}
