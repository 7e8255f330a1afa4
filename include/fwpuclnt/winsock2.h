/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Windows wants winsock2.h before windows.h, so programs include it that use no
 * socket at all. Here it is windows.h and declares no socket either.
 */
#ifndef FWPUCLNT_WINSOCK2_H
#define FWPUCLNT_WINSOCK2_H

#include "windows.h"

#endif /* FWPUCLNT_WINSOCK2_H */
