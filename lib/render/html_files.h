/* html_files.h - report.css and report.js, as they are in this folder. */
#ifndef NB_RENDER_HTML_FILES_H
#define NB_RENDER_HTML_FILES_H

extern const char html_style[], html_script[];

/* By which the page's policy knows the script, and refuses every other: sha256- and base64, of
 * report.js. `tests/cli/html.t` says what it should be. */
extern const char html_script_hash[];

#endif
