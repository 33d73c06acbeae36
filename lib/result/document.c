/* document.c - JSON documents in files. See document.h. */
#include "result/document.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "result/result.h"
#include "result/value.h"

/* ---- reading ---- */

static int read_all(int fd, size_t most, char **text, size_t *length)
{
	size_t room = 0;
	ssize_t n;

	*text = NULL;
	*length = 0;
	do {
		if (*length == room) {
			size_t more = room ? 2 * room : 65536;
			char *bigger = realloc(*text, more);

			if (!bigger)
				return -ENOMEM;
			*text = bigger;
			room = more;
		}
		n = read(fd, *text + *length, room - *length);
		if (n < 0 && errno != EINTR)
			return -errno;
		*length += n > 0 ? (size_t)n : 0;
		if (*length > most)
			return -EFBIG;
	} while (n != 0);
	return 0;
}

/* The text ends where more was to come; a number cut within ("0.") is no token. */
static bool is_cut_off(const json_error_t *wrong, size_t length)
{
	enum json_error_code code = json_error_code(wrong);

	return code == json_error_premature_end_of_input ||
	       (code == json_error_invalid_syntax && (size_t)wrong->position >= length);
}

/* Whoever names the wrong file need not be told where in it. */
static bool begins_as_json(const char *text, size_t length)
{
	size_t i = 0;

	while (i < length && strchr(" \t\r\n", text[i]) && text[i])
		i++;
	return i == length || text[i] == '{' || text[i] == '[';
}

static int parse(json_t **doc, const char *text, size_t length, const char *name, const char *what,
		 struct err *e)
{
	json_error_t wrong;

	if (length == 0)
		return err_set(e, -EINVAL, "%s: empty, not %s", name, what);
	if (!begins_as_json(text, length))
		return err_set(e, -EINVAL, "%s: not JSON, and so not %s", name, what);
	*doc = json_loadb(text, length, JSON_REJECT_DUPLICATES, &wrong);
	if (*doc)
		return 0;
	if (json_error_code(&wrong) == json_error_out_of_memory)
		return err_set(e, -ENOMEM, "%s: out of memory", name);
	return err_set(e, -EINVAL, "%s: line %d, column %d: %s%s", name, wrong.line, wrong.column,
		       is_cut_off(&wrong, length) ? "the file is cut off: " : "", wrong.text);
}

const char *document_name(const char *path)
{
	return strcmp(path, "-") == 0 ? "standard input" : path;
}

int document_read(json_t **doc, const char *path, size_t mib, const char *what, struct err *e)
{
	bool standard = strcmp(path, "-") == 0;
	const char *name = document_name(path);
	int fd = standard ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC), rc;
	char *text = NULL;
	size_t length;

	*doc = NULL;
	if (fd < 0)
		return err_set(e, -errno, "cannot read %s: %s", name, strerror(errno));
	rc = read_all(fd, mib << 20, &text, &length);
	if (!standard)
		close(fd);
	if (rc == -EFBIG)
		err_set(e, rc, "cannot read %s: more than %zu MiB is not %s", name, mib, what);
	else if (rc < 0)
		err_set(e, rc, "cannot read %s: %s", name, strerror(-rc));
	else
		rc = parse(doc, text, length, name, what, e);
	free(text);
	return rc;
}

static bool deeper_than(const json_t *v, int most)
{
	const char *key;
	json_t *item;
	size_t i;

	if (!json_is_object(v) && !json_is_array(v))
		return false;
	if (most == 0)
		return true;
	json_array_foreach(v, i, item) if (deeper_than(item, most - 1)) return true;
	json_object_foreach((json_t *)(uintptr_t)v, key,
			    item) if (deeper_than(item, most - 1)) return true;
	return false;
}

int document_check(const json_t *doc, const char *schema, const char *what, struct err *e)
{
	const json_t *found = json_object_get(doc, "schema");
	const char *key;
	json_t *v;

	if (!json_is_object(doc))
		return err_set(e, -EINVAL, "not %s: an object is needed, found %s", what,
			       json_kind(doc));
	if (!json_is_string(found))
		return err_set(e, -EINVAL, "not %s: schema: \"%s\" is needed, found %s", what,
			       schema, json_kind(found));
	if (strcmp(json_string_value(found), schema) != 0)
		return err_set(e, -EINVAL,
			       "schema: \"%.60s\" is not \"%s\": it is not %s, or not of this "
			       "version",
			       json_string_value(found), schema, what);
	json_object_foreach((json_t *)(uintptr_t)doc, key, v)
	{
		if (deeper_than(v, DOCUMENT_DEPTH_MAX - 1))
			return err_set(e, -EINVAL, "%.60s: nested deeper than %d", key,
				       DOCUMENT_DEPTH_MAX);
	}
	return 0;
}

/* ---- the text ---- */

static int print_value(const json_t *v, FILE *out, int depth, int lines);

static int print_list(const json_t *v, FILE *out, int depth, int lines)
{
	size_t n = json_array_size(v);
	int rc = 0;

	fputs("[", out);
	for (size_t i = 0; i < n && rc == 0; i++) {
		fprintf(out, "%s\n%*s", i ? "," : "", 2 * (depth + 1), "");
		rc = print_value(json_array_get(v, i), out, depth + 1, lines);
	}
	fprintf(out, "\n%*s]", 2 * depth, "");
	return rc;
}

static int print_object(const json_t *v, FILE *out, int depth, int lines)
{
	bool first = true;
	const char *key;
	json_t *member;
	int rc = 0;

	fputs("{", out);
	json_object_foreach((json_t *)(uintptr_t)v, key, member)
	{
		json_t *name = json_string(key);

		fprintf(out, "%s\n%*s", first ? "" : ",", 2 * (depth + 1), "");
		first = false;
		rc = name ? json_dumpf(name, out, JSON_ENCODE_ANY) : -1;
		fputs(": ", out);
		if (rc == 0)
			rc = print_value(member, out, depth + 1, lines);
		json_decref(name);
		if (rc < 0)
			break;
	}
	fprintf(out, "\n%*s}", 2 * depth, "");
	return rc;
}

static int print_value(const json_t *v, FILE *out, int depth, int lines)
{
	if (depth < lines && json_is_array(v) && json_array_size(v))
		return print_list(v, out, depth, lines);
	if (depth < lines && json_is_object(v) && json_object_size(v))
		return print_object(v, out, depth, lines);
	return json_dumpf(v, out, JSON_ENCODE_ANY | JSON_REAL_PRECISION(17));
}

int document_print(const json_t *doc, int lines, FILE *out)
{
	int rc = doc ? print_value(doc, out, 0, lines) : -1;

	fputc('\n', out);
	if (ferror(out))
		return -EIO;
	return rc < 0 ? -ENOMEM : 0;
}

int document_write(const json_t *doc, int lines, const char *path, struct err *e)
{
	char *text = NULL;
	size_t length = 0;
	FILE *out = open_memstream(&text, &length);
	int rc = out ? document_print(doc, lines, out) : -ENOMEM;

	if (out && fclose(out) != 0)
		rc = -ENOMEM;
	rc = rc < 0 ? err_set(e, -ENOMEM, "cannot write %s: out of memory", path)
		    : write_file_atomically(path, text, length, e);
	free(text);
	return rc;
}
