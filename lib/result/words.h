/* words.h - how each enum of a result is spelt: NULL-terminated, in the enum's
 * order. Private to lib/result; the public way is status_name() and its like. */
#ifndef NB_RESULT_WORDS_H
#define NB_RESULT_WORDS_H

extern const char *const direction_words[];
extern const char *const memory_words[];
extern const char *const matters_words[];
extern const char *const together_words[];
extern const char *const policy_words[];
extern const char *const phase_words[];
extern const char *const bound_words[];
extern const char *const mover_words[];
extern const char *const page_lock_words[];
extern const char *const proof_words[];

#endif
