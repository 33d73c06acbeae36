/* replay.c - gives files to a target once more, with any compiler:
 *
 *     replay --target=NAME --base=FOLDER --add=FILE INPUT..
 *
 * Says each file's name before it is tried, so that the last one is to blame.
 */
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MOST_BYTES = 1 << 20, DEADLINE_S = 30 };

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int replay(const char *path)
{
	/* As long as the input, so that reading past its end is seen. */
	uint8_t *all = malloc(MOST_BYTES), *exact;
	FILE *f = fopen(path, "r");
	size_t n = f && all ? fread(all, 1, MOST_BYTES, f) : 0;

	if (!f || !all) {
		perror(path);
		free(all);
		return 1;
	}
	fclose(f);
	exact = realloc(all, n + !n);
	printf("%s\n", path);
	fflush(stdout);
	alarm(DEADLINE_S);
	LLVMFuzzerTestOneInput(exact ? exact : all, n);
	free(exact ? exact : all);
	return 0;
}

int main(int argc, char **argv)
{
	int bad = 0;

	LLVMFuzzerInitialize(&argc, &argv);
	for (int i = 1; i < argc; i++)
		if (strncmp(argv[i], "--", 2) != 0)
			bad |= replay(argv[i]);
	return bad;
}
