/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Types shared by all of the Windows Filtering Platform. */
#ifndef FWPUCLNT_FWPTYPES_H
#define FWPUCLNT_FWPTYPES_H

#include "windows.h"

/**
 * struct FWPM_DISPLAY_DATA0 - what people may call an object
 * @name: its name, or NULL
 * @description: more about it, or NULL
 *
 * Accepted and not looked at.
 */
typedef struct FWPM_DISPLAY_DATA0_ {
	wchar_t *name;
	wchar_t *description;
} FWPM_DISPLAY_DATA0;

#endif /* FWPUCLNT_FWPTYPES_H */
