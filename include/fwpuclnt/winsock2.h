/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Windows requires winsock2.h before windows.h, so programs include it without
 * using sockets. Here it only includes windows.h, and declares no sockets.
 */
#ifndef FWPUCLNT_WINSOCK2_H
#define FWPUCLNT_WINSOCK2_H

#include "windows.h"

#endif /* FWPUCLNT_WINSOCK2_H */
