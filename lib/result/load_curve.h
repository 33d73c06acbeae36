/* load_curve.h - how memory answers ever later as others load it. */
#ifndef NB_RESULT_LOAD_CURVE_H
#define NB_RESULT_LOAD_CURVE_H

#include <stddef.h>

struct load_point {
	double injected; /* bytes per second that others move meanwhile */
	double seconds;  /* the latency then, above 0 */
};

/* The load at which the latency has risen to `factor` times that of p[0], which is without load;
 * the points are in order of how hard was pressed, not of what was moved: past the knee that hardly
 * grows. Between two points it is straight in the latency's logarithm; a latency that falls under
 * more load is taken for noise (rising.h). NaN where it is never reached. */
double load_reaches(const struct load_point *p, size_t n, double factor);

/* The knee of a report: where waiting is as long again as the memory itself takes. */
#define LOAD_KNEE 2.0
/* So much the latency may rise before a report says that it does. */
#define LOAD_FLAT 1.25

#endif
