/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FWPUCLNT_RPC_H
#define FWPUCLNT_RPC_H

#include "windows.h"
#include "rpcdce.h"

#endif /* FWPUCLNT_RPC_H */
