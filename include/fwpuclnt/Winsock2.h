/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Windows does not mind the case of a file name; Linux does. */
#include "winsock2.h"
