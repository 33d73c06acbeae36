/* html_files.c - see html_files.h. Paths are those of the repository's root, where make runs. */
#include "render/html_files.h"

#define FILE_AS(name, path)                                                                        \
	__asm__(".section .rodata\n.global " #name "\n" #name ":\n.incbin \"" path                 \
		"\"\n.byte 0\n.previous\n")

FILE_AS(html_style, "lib/render/report.css");
FILE_AS(html_script, "lib/render/report.js");

#undef FILE_AS

const char html_script_hash[] = "sha256-CBZqawaDuHUimB/YbzatxcPDC8Z5NaLEh+EoAsDzyJk=";
