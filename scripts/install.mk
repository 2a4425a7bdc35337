# SPDX-License-Identifier: GPL-2.0-or-later
# make install, make uninstall: what goes where (DESTDIR, PREFIX).
install: all
uninstall:
