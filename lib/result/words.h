/* words.h - how each enum of a result is spelt: NULL-terminated, in the enum's
 * order. Private to lib/result; the public way is status_name() and its like. */
#ifndef NB_RESULT_WORDS_H
#define NB_RESULT_WORDS_H

extern const char *const direction_words[], *const memory_words[], *const matters_words[],
									   *const proof_words[];

#endif
