/* sysroot: reading files, numbers, lists and links below a prefix. */
#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "machine/sysroot.h"
#include "tree.h"

static int set_up(void **state)
{
	static struct tree t;

	tree_new(&t);
	tree_file(&t, "sys/text", "  hello world \n\n");
	tree_file(&t, "sys/empty", "");
	tree_file(&t, "sys/seven", "7\n");
	tree_file(&t, "sys/minus", "-1\n");
	tree_file(&t, "sys/hex", "0x10de\n");
	tree_file(&t, "sys/rubbish", "7 apples\n");
	tree_file(&t, "sys/huge", "99999999999999999999\n");
	tree_file(&t, "sys/list", "0-3,8\n");
	tree_file(&t, "sys/bad-list", "0-3,,8\n");
	tree_file(&t, "sys/folder/a", "a");
	tree_file(&t, "sys/node3/meminfo", "Node 3 MemTotal:       42 kB\n");
	tree_link(&t, "sys/driver", "../../bus/pci/drivers/nvidia");
	*state = &t;
	return 0;
}

static int tear_down(void **state)
{
	tree_remove(*state);
	return 0;
}

static struct sysroot open_tree(const struct tree *t)
{
	struct sysroot r;

	assert_int_equal(sysroot_open_recorded(&r, t->path, NULL), 0);
	assert_false(r.live);
	return r;
}

static void texts_are_read_and_trimmed(void **state)
{
	struct sysroot r = open_tree(*state);
	char buf[64], small[6];

	assert_int_equal(sysroot_text(&r, buf, sizeof(buf), "sys/text"), 13);
	assert_string_equal(buf, "  hello world");
	assert_int_equal(sysroot_text(&r, small, sizeof(small), "sys/text"), 5);
	assert_string_equal(small, "  hel");
	assert_int_equal(sysroot_text(&r, buf, sizeof(buf), "sys/empty"), 0);
	assert_int_equal(sysroot_text(&r, buf, sizeof(buf), "sys/absent"), -ENOENT);
	assert_string_equal(buf, "");
	assert_int_equal(sysroot_text(&r, buf, sizeof(buf), "sys/folder"), -EISDIR);
	assert_int_equal(sysroot_text(&r, buf, sizeof(buf), "sys/node%d/meminfo", 3), 28);
	sysroot_close(&r);
}

static void numbers_or_why_not(void **state)
{
	static const struct {
		const char *path;
		bool is;
		long long value;
	} rows[] = {
		{ "sys/seven", true, 7 },    { "sys/minus", true, -1 },
		{ "sys/hex", true, 0x10de }, { "sys/rubbish", false, 0 },
		{ "sys/empty", false, 0 },   { "sys/absent", false, 0 },
		{ "sys/huge", false, 0 },    { "sys/folder", false, 0 },
	};
	struct sysroot r = open_tree(*state);

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct known k = sysroot_number(&r, "%s", rows[i].path);

		assert_int_equal(k.is, rows[i].is);
		if (k.is)
			assert_int_equal(k.value, rows[i].value);
		else
			assert_non_null(k.why);
	}
	sysroot_close(&r);
}

static void lists_and_links(void **state)
{
	struct sysroot r = open_tree(*state);
	struct idset s;
	char buf[64], tiny[4];

	assert_int_equal(sysroot_list(&r, &s, "sys/list"), 0);
	assert_int_equal(idset_count(&s), 5);
	assert_true(idset_has(&s, 8));
	assert_int_equal(sysroot_list(&r, &s, "sys/empty"), 0);
	assert_true(idset_empty(&s));
	assert_int_equal(sysroot_list(&r, &s, "sys/bad-list"), -EINVAL);
	assert_int_equal(sysroot_list(&r, &s, "sys/absent"), -ENOENT);
	assert_int_equal(sysroot_link_name(&r, buf, sizeof(buf), "sys/driver"), 6);
	assert_string_equal(buf, "nvidia");
	assert_int_equal(sysroot_link_name(&r, tiny, sizeof(tiny), "sys/driver"), -ENAMETOOLONG);
	assert_true(sysroot_link(&r, buf, sizeof(buf), "sys/driver") > 6);
	assert_int_equal(sysroot_link_name(&r, buf, sizeof(buf), "sys/text"), -EINVAL);
	assert_true(sysroot_exists(&r, "sys/%s", "text"));
	assert_false(sysroot_exists(&r, "sys/absent"));
	sysroot_close(&r);
}

static void too_long_a_path_is_refused(void **state)
{
	struct sysroot r = open_tree(*state);
	static char longest[5000];
	char buf[8];

	memset(longest, 'x', sizeof(longest) - 1);
	assert_int_equal(sysroot_text(&r, buf, sizeof(buf), "sys/%s", longest), -ENAMETOOLONG);
	assert_false(sysroot_number(&r, "sys/%s", longest).is);
	assert_false(sysroot_exists(&r, "sys/%s", longest));
	assert_null(sysroot_dir(&r, "sys/%s", longest));
	sysroot_close(&r);
}

/* What lies over the prefix is found first, and what it lacks below it. */
static void an_overlay_comes_first(void **state)
{
	struct sysroot r = open_tree(*state);
	struct tree over;
	struct dirent *de;
	size_t entries = 0;
	DIR *d;

	tree_new(&over);
	tree_file(&over, "sys/seven", "8\n");
	tree_file(&over, "sys/folder/b", "b");
	r.overlay = open(over.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(sysroot_number(&r, "sys/seven").value, 8);
	assert_int_equal(sysroot_number(&r, "sys/hex").value, 0x10de);
	assert_true(sysroot_exists(&r, "sys/folder/b"));
	assert_true(sysroot_exists(&r, "sys/text"));
	d = sysroot_dir(&r, "sys/folder");
	assert_non_null(d);
	while ((de = readdir(d)))
		entries += strcmp(de->d_name, "b") == 0;
	closedir(d);
	assert_int_equal(entries, 1);
	sysroot_close(&r);
	tree_remove(&over);
}

static void no_recorded_machine_there(void **state)
{
	struct sysroot r;
	struct err e = { "" };
	struct tree t;
	char path[4096];

	(void)state;
	assert_int_equal(sysroot_open_recorded(&r, "/nonexistent", &e), -ENOENT);
	assert_non_null(strstr(e.text, "/nonexistent"));
	assert_int_equal(sysroot_open_recorded(&r, "/proc/version", &e), -ENOTDIR);
	tree_new(&t);
	assert_int_equal(sysroot_open_recorded(&r, t.path, &e), -EINVAL);
	assert_non_null(strstr(e.text, "no sys/"));
	snprintf(path, sizeof(path), "%s/sys", t.path);
	tree_file(&t, "sys", "a file");
	assert_int_equal(sysroot_open_recorded(&r, t.path, &e), -EINVAL);
	tree_remove(&t);
}

static void the_running_system(void **state)
{
	struct sysroot r;
	char buf[256];

	(void)state;
	assert_int_equal(sysroot_open_live(&r, NULL), 0);
	assert_true(r.live);
	assert_false(r.simulated);
	assert_true(sysroot_text(&r, buf, sizeof(buf), "proc/sys/kernel/osrelease") > 0);
	sysroot_close(&r);
}

static void fields_of_a_text(void **state)
{
	static const char text[] = "model\t\t: 167\nmodel name\t: A B  \nEmpty:\nlast: x";
	char buf[16], tiny[3];

	(void)state;
	assert_true(text_field(text, "model", buf, sizeof(buf)));
	assert_string_equal(buf, "167");
	assert_true(text_field(text, "model name", buf, sizeof(buf)));
	assert_string_equal(buf, "A B");
	assert_true(text_field(text, "Empty", buf, sizeof(buf)));
	assert_string_equal(buf, "");
	assert_true(text_field(text, "last", buf, sizeof(buf)));
	assert_string_equal(buf, "x");
	assert_true(text_field(text, "model", tiny, sizeof(tiny)));
	assert_string_equal(tiny, "16");
	assert_false(text_field(text, "mod", buf, sizeof(buf)));
	assert_false(text_field("", "model", buf, sizeof(buf)));
	assert_false(text_field(text, "name", buf, sizeof(buf)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(texts_are_read_and_trimmed),
		cmocka_unit_test(numbers_or_why_not),
		cmocka_unit_test(lists_and_links),
		cmocka_unit_test(too_long_a_path_is_refused),
		cmocka_unit_test(an_overlay_comes_first),
		cmocka_unit_test(no_recorded_machine_there),
		cmocka_unit_test(the_running_system),
		cmocka_unit_test(fields_of_a_text),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
