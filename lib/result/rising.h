/* rising.h - the rising curve that is nearest to measured points.
 *
 * What can only rise (latency with the working set, or with load) is freed of its ups and downs,
 * with nothing assumed of its shape.
 */
#ifndef NB_RESULT_RISING_H
#define NB_RESULT_RISING_H

#include <stddef.h>

/* The i-th of n points of the rising curve that is nearest to level(v, n, 0 .. n-1) by least
 * squares: the greatest over a <= i of the least over b >= i of the means of a .. b (Barlow et al.
 * 1972, "Statistical Inference under Order Restrictions", 1.2). */
double rising_at(const void *v, size_t n, size_t i,
		 double (*level)(const void *v, size_t n, size_t i));

#endif
