/* formats.h - the writers that render.c lists, one a file. As struct format's write. */
#ifndef NB_RENDER_FORMATS_H
#define NB_RENDER_FORMATS_H

#include "render/render.h"

int format_text(const struct result *r, const struct render_options *o, FILE *out);
int format_html(const struct result *r, const struct render_options *o, FILE *out);
int format_html_several(const struct result *const *r, size_t n, const struct render_options *o,
			FILE *out);
int format_json(const struct result *r, const struct render_options *o, FILE *out);
int format_csv(const struct result *r, const struct render_options *o, FILE *out);
int format_csv_several(const struct result *const *r, size_t n, const struct render_options *o,
		       FILE *out);
int format_prometheus(const struct result *r, const struct render_options *o, FILE *out);
int format_bmf(const struct result *r, const struct render_options *o, FILE *out);
int format_timeline_csv(const struct result *r, const struct render_options *o, FILE *out);
int format_junit(const struct result *r, const struct render_options *o, FILE *out);
int format_github(const struct result *r, const struct render_options *o, FILE *out);
int format_share(const struct result *r, const struct render_options *o, FILE *out);
int format_markdown(const struct result *r, const struct render_options *o, FILE *out);
int format_hwloc(const struct result *r, const struct render_options *o, FILE *out);
int format_nagios(const struct result *r, const struct render_options *o, FILE *out);

#endif
