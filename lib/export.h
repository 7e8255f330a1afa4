/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* All names are hidden but those marked so; libfwpuclnt.map versions them. */
#ifndef FWP_EXPORT_H
#define FWP_EXPORT_H

#define EXPORT	__attribute__((__visibility__("default")))

#endif /* FWP_EXPORT_H */
