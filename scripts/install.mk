# What is shipped: manual pages, an installation, a tarball.
man: $(MAN)
$(B)/man/numabench.1: $(B)/bin/numabench
	@mkdir -p $(@D)
	$(Q)$< --man >$@
$(B)/man/numabench-%.1: $(B)/$(LIBEXEC)/%
	@mkdir -p $(@D)
	$(Q)$< --man >$@

FROM := $(B)
install: all man
	install -d $(addprefix $(DESTDIR)$(PREFIX)/,bin $(LIBEXEC) share/man/man1 share/man/man7 share/numabench/expect)
	install -m 755 $(FROM)/bin/numabench $(DESTDIR)$(PREFIX)/bin
	install -m 755 $(patsubst %,$(FROM)/$(LIBEXEC)/%,$(BENCH) $(DIAG)) $(DESTDIR)$(PREFIX)/$(LIBEXEC)
	install -m 644 $(MAN) $(DESTDIR)$(PREFIX)/share/man/man1
	install -m 644 $(wildcard man/*.7) $(DESTDIR)$(PREFIX)/share/man/man7
	install -m 644 results/schema.json $(wildcard scripts/gnuplot/*.gp) $(DESTDIR)$(PREFIX)/share/numabench

# For machines that have nothing installed: nothing is shared but glibc and libudev.
PORTABLE := $(B)/numabench-$(VERSION)-$(firstword $(subst -, ,$(shell $(CC) -dumpmachine)))
PORTABLE_LIBS := $(CUDART) @$(B)/portable/libs
$(eval $(call programs,portable/,$(B)/portable/libs,PORTABLE_LIBS))
$(B)/portable/libs: scripts/portable $(B)/flags
	@mkdir -p $(@D); CC='$(CC)' LDFLAGS='$(LDFLAGS)' $< libs >$@
portable: $(PROGRAMS:$(B)/%=$(B)/portable/%) man
	@rm -rf $(PORTABLE) $(PORTABLE).tar.gz && $(MAKE) -s install FROM=$(B)/portable DESTDIR= PREFIX=$(PORTABLE) && scripts/portable pack $(PORTABLE)
