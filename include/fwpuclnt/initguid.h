/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* From here on, DEFINE_GUID defines what it names. */
#ifndef FWPUCLNT_INITGUID_H
#define FWPUCLNT_INITGUID_H

#ifndef INITGUID
#define INITGUID
#endif

#include "guiddef.h"

#endif /* FWPUCLNT_INITGUID_H */
