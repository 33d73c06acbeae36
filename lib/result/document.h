/* document.h - a JSON document in a file, read whole and mistrusted: results, baselines,
 * expectations. */
#ifndef NB_RESULT_DOCUMENT_H
#define NB_RESULT_DOCUMENT_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "util/err.h"

enum { DOCUMENT_DEPTH_MAX = 64 };

/* Reads `path` ("-": standard input), at most `mib` MiB, as `what` ("a result of numabench").
 * -ENOENT and so on, -EFBIG, and -EINVAL with "line 3, column 14" for what is no JSON: empty, cut
 * off, duplicate keys, numbers that are not finite. e names the path. */
int document_read(json_t **doc, const char *path, size_t mib, const char *what, struct err *e);
/* How the path is named in messages: "standard input". */
const char *document_name(const char *path);

/* An object whose "schema" is `schema`, nested no deeper than DOCUMENT_DEPTH_MAX. -EINVAL with
 * e. */
int document_check(const json_t *doc, const char *schema, const char *what, struct err *e);

/* A new text of it, with a newline: members to `lines` levels deep and elements of lists get a line
 * each, so that files can be compared and searched line by line. -EIO where the stream failed,
 * -ENOMEM. */
int document_print(const json_t *doc, int lines, FILE *out);
/* The same into a file, as write_file_atomically (result.h) does. */
int document_write(const json_t *doc, int lines, const char *path, struct err *e);

#endif
