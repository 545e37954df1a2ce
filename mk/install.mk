# libonedva: the One-DVA learned video codec
# Copyright (C) 2026 the One-DVA for FFmpeg authors
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# make install

DEST = $(DESTDIR)$(PREFIX)

install: lib ffmpeg-$(FLAVOUR)
	install -d $(DEST)/bin $(DEST)/lib/pkgconfig $(DEST)/include/onedva
	install -m 755 $(PROGRAMS:%=build/ffmpeg-$(FLAVOUR)/%) $(DEST)/bin
	$(call latents_of,$(FLAVOUR))
	install -m 755 build/ffmpeg-$(FLAVOUR)/onedva-latents tools/corpus/onedva-corpus $(DEST)/bin
	install -m 644 $(STATIC) $(SHARED) $(DEST)/lib
	ln -sf $(notdir $(SHARED)) $(DEST)/lib/$(SONAME)
	ln -sf $(SONAME) $(DEST)/lib/libonedva.so
	install -m 644 engine/include/onedva/onedva.h $(DEST)/include/onedva
	sed -e 's|@PREFIX@|$(PREFIX)|' -e 's|@VERSION@|$(VERSION)|' \
	    -e 's|@INCLUDE@|$${prefix}/include|' -e 's|@LIBS@|-L$${prefix}/lib -lonedva|' \
	    -e 's|@PRIVATE@|$(LIBRARY_LIBS)|' tools/onedva.pc.in > $(DEST)/lib/pkgconfig/onedva.pc
