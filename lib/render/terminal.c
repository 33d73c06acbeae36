/* terminal.c - what the stream that is written to can show. See render.h. */
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "render/render.h"
#include "util/units.h"

enum { NARROWEST = 40, WIDEST = 1000, UNKNOWN_WIDTH = 80 };

struct render_options render_options_for(int fd, const char *columns, const char *no_colour)
{
	struct render_options o = { .width = UNKNOWN_WIDTH };
	struct winsize size;

	if (isatty(fd) != 1)
		return o;
	o.colour = !no_colour || !*no_colour;
	if (ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col >= NARROWEST && size.ws_col <= WIDEST)
		o.width = size.ws_col;
	else if (columns)
		parse_int(&o.width, columns, NARROWEST, WIDEST, NULL);
	return o;
}
