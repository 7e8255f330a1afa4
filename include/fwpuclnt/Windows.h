/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Programs for Windows spell this name in several ways, as its file names
 * ignore case.
 */
#include "windows.h"
