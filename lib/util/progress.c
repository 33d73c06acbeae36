/* progress.c - see progress.h. */
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "util/progress.h"

enum { BAR = 20, LINE = 256 };

struct progress progress_to(FILE *out, bool quiet)
{
	return (struct progress){
		.out = quiet ? NULL : out,
		.terminal = !quiet && out && isatty(fileno(out)) == 1,
	};
}

/* One column less than the terminal has, so that nothing wraps. */
static size_t usable_columns(FILE *out)
{
	struct winsize size;

	if (ioctl(fileno(out), TIOCGWINSZ, &size) == 0 && size.ws_col > 1)
		return size.ws_col < LINE ? size.ws_col - 1U : LINE - 1U;
	return 79;
}

static void print_left(char *buf, size_t n, double left_s)
{
	if (!(left_s >= 0))
		buf[0] = '\0';
	else if (left_s < 99.5)
		snprintf(buf, n, ", %.0f s left", left_s);
	else
		snprintf(buf, n, ", %.0f min left", left_s / 60);
}

void progress_show(struct progress *p, double share, double left_s, const char *what)
{
	char bar[BAR + 1], left[32], line[LINE];
	size_t filled;

	if (!p->out || !p->terminal)
		return;
	if (!(share > 0))
		share = 0;
	if (share > 1)
		share = 1;
	filled = (size_t)(share * BAR);
	memset(bar, '#', filled);
	memset(bar + filled, '.', BAR - filled);
	bar[BAR] = '\0';
	print_left(left, sizeof left, left_s);
	snprintf(line, sizeof line, "[%s] %3.0f %%%s  %s", bar, share * 100, left,
		 what ? what : "");
	/* Carriage return, the text, and the rest of the line wiped. */
	fprintf(p->out, "\r%.*s\033[K", (int)usable_columns(p->out), line);
	fflush(p->out);
	p->drawn = true;
}

void progress_clear(struct progress *p)
{
	if (!p->out || !p->drawn)
		return;
	fputs("\r\033[K", p->out);
	fflush(p->out);
	p->drawn = false;
}
