/* known.h - a figure that may be absent, and then says why.
 *
 * Absence is typed: nobody tests for -1 or 0. The reason is a string constant
 * or lives as long as the struct that holds it.
 */
#ifndef NB_UTIL_KNOWN_H
#define NB_UTIL_KNOWN_H

#include <stdbool.h>

struct known {
	bool is;
	long long value;
	const char *why; /* when !is: a static string, "not declared (numa_node is -1)" */
};

#define KNOWN(v)   ((struct known){ .is = true, .value = (v) })
#define UNKNOWN(w) ((struct known){ .is = false, .why = (w) })

#endif
