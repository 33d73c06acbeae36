#include "main/page.h"

const struct note bench_examples[] = {
	{ "--quick", "the cells that are worth most, in a table" },
	{ "--list", "what it measures" },
	{ "--nodes 0 --dry-run", "what would be measured on node 0" },
	{ "--json >records.jsonl", "for a program: one JSON object a line" },
	{ NULL, NULL },
};

const struct note bench_ends[] = {
	{ "0", "everything asked for was done; warnings allowed" },
	{ "1", "a verdict of FAIL: corrupted data, or a figure below what it has to be" },
	{ "2", "no verdict: wrong usage, unreadable or invalid input, an I/O or internal error" },
	{ "3", "unknown: a GPU that is not here, nothing that could be measured, or too little "
	       "that is certain" },
	{ "128+n", "ended by signal n" },
	{ NULL, NULL },
};
