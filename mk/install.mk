# libonedva: the One-DVA learned video codec
# Copyright (C) 2026 the One-DVA for FFmpeg authors
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# make install and make uninstall. DESTDIR may hold spaces, so that it stands in quotes; PREFIX holds none.

DEST = $(DESTDIR)$(PREFIX)
# Debian's has the machine's name below it.
LIBDIR = lib

# What install makes below DEST; where FFmpeg is shared, its libraries, headers and .pc files, too.
INSTALLED = $(addprefix bin/,$(PROGRAMS) onedva-latents onedva-corpus) \
    $(addprefix $(LIBDIR)/,$(notdir $(STATIC) $(SHARED)) $(SONAME) libonedva.so pkgconfig/onedva.pc) \
    include/onedva/onedva.h include/onedva/onedva_generate.h include/onedva/onedva_vulkan.h $(addprefix share/man/man1/,$(notdir $(filter %.1,$(PAGES)))) \
    $(addprefix share/man/man7/,$(notdir $(filter %.7,$(PAGES))))

shared_ffmpeg = $(shell grep -x CONFIG_SHARED=yes build/ffmpeg-$(FLAVOUR)/ffbuild/config.mak 2>/dev/null)

# usage: $(call in_ffmpeg,TARGETS); of FFmpeg's own Makefile, which takes no DESTDIR relative to here
in_ffmpeg = +$(Q)$(MAKE) --no-print-directory -C build/ffmpeg-$(FLAVOUR) $(1) \
    DESTDIR="$(if $(filter-out /%,$(firstword $(DESTDIR))),$(CURDIR)/)$(DESTDIR)"

install: lib ffmpeg-$(FLAVOUR) corpus man
	install -d "$(DEST)/bin" "$(DEST)/$(LIBDIR)/pkgconfig" "$(DEST)/include/onedva" "$(DEST)/share/man/man1" \
	    "$(DEST)/share/man/man7"
	install -m 755 $(PROGRAMS:%=build/ffmpeg-$(FLAVOUR)/%) "$(DEST)/bin"
	$(call latents_of,$(FLAVOUR))
	install -m 755 build/ffmpeg-$(FLAVOUR)/onedva-latents build/onedva-corpus "$(DEST)/bin"
	install -m 644 $(STATIC) $(SHARED) "$(DEST)/$(LIBDIR)"
	ln -sf $(notdir $(SHARED)) "$(DEST)/$(LIBDIR)/$(SONAME)"
	ln -sf $(SONAME) "$(DEST)/$(LIBDIR)/libonedva.so"
	install -m 644 $(wildcard engine/include/onedva/*.h) "$(DEST)/include/onedva"
	install -m 644 $(filter %.1,$(PAGES)) "$(DEST)/share/man/man1"
	install -m 644 $(filter %.7,$(PAGES)) "$(DEST)/share/man/man7"
	sed -e 's|@PREFIX@|$(PREFIX)|' -e 's|@VERSION@|$(VERSION)|' \
	    -e 's|@INCLUDE@|$${prefix}/include|' -e 's|@LIBS@|-L$${prefix}/$(LIBDIR) -lonedva|' \
	    -e 's|@PRIVATE@|$(LIBRARY_LIBS)|' tools/onedva.pc.in > "$(DEST)/$(LIBDIR)/pkgconfig/onedva.pc"
	$(if $(shared_ffmpeg),$(call in_ffmpeg,install-libs install-headers))
	$(if $(shared_ffmpeg),$(name_installed))

# FFmpeg's .pc files name the libonedva that was installed.
name_installed = @for file in build/ffmpeg-$(FLAVOUR)/lib*/lib*.pc; do \
    sed -i 's|-L$(CURDIR)/$(BUILD)/lib|-L$${libdir}|g' "$(DEST)/lib/pkgconfig/$${file\#\#*/}" || exit 1; done

uninstall:
	@[ -z "$(findstring --enable-shared,$(FFMPEG_FLAGS))" ] || [ -f build/ffmpeg-$(FLAVOUR)/Makefile ] || { \
	    echo "make uninstall: run make first: what FFmpeg installed is known to its build" >&2; exit 1; }
	cd "$(DEST)" && rm -f $(INSTALLED)
	$(if $(shared_ffmpeg),$(call in_ffmpeg,uninstall-libs uninstall-headers uninstall-pkgconfig))
	[ ! -d "$(DEST)/include/onedva" ] || rmdir --ignore-fail-on-non-empty "$(DEST)/include/onedva"
