#include "machine/cputime.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A line for each CPU comes first, of some 50 to 200 bytes. */
enum { STAT_BYTES = 1 << 20 };

/* Columns behind the name (proc_stat(5)); those of guests are within user and nice. */
enum column { USER, NICE, SYSTEM, IDLE, IOWAIT, IRQ, SOFTIRQ, STEAL, COLUMNS };

static void add_line(struct cputime *t, const char *p)
{
	const double second = (double)sysconf(_SC_CLK_TCK);
	double of[COLUMNS] = { 0 };
	char *end;

	for (int c = 0; c < COLUMNS; c++, p = end) {
		of[c] = (double)strtoull(p, &end, 10) / second;
		if (end == p)
			break;
	}
	t->busy += of[USER] + of[NICE] + of[SYSTEM] + of[IRQ] + of[SOFTIRQ];
	t->stolen += of[STEAL];
}

int cputime_read(struct cputime *t, const struct sysroot *r, const struct idset *cpus)
{
	char *text = malloc(STAT_BYTES);
	size_t found = 0;

	if (!text)
		return -ENOMEM;
	*t = (struct cputime){ 0 };
	if (sysroot_text(r, text, STAT_BYTES, "proc/stat") < 0)
		text[0] = '\0';
	for (const char *line = text; line && strncmp(line, "cpu", 3) == 0;) {
		int cpu, length;

		if (sscanf(line, "cpu%d%n", &cpu, &length) == 1 && idset_has(cpus, cpu)) {
			add_line(t, line + length);
			found++;
		}
		line = strchr(line, '\n');
		line = line ? line + 1 : NULL;
	}
	free(text);
	return found && found == idset_count(cpus) ? 0 : -ENOENT;
}
