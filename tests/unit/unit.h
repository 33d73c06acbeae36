/* unit.h - cmocka with what it wants before it, in the order it wants it. */
#ifndef NB_TESTS_UNIT_H
#define NB_TESTS_UNIT_H

/* clang-format off */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
/* clang-format on */

#endif
