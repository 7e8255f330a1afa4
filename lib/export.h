/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Symbols are hidden unless marked so; libfwpuclnt.map has their versions. */
#ifndef FWP_EXPORT_H
#define FWP_EXPORT_H

#define EXPORT	__attribute__((__visibility__("default")))

#endif /* FWP_EXPORT_H */
