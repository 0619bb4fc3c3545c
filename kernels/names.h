/* Names of what is compiled once per instruction set. */
#ifndef FM_NAMES_H
#define FM_NAMES_H

#define FM_JOIN_(a, b) a##_##b
#define FM_JOIN(a, b) FM_JOIN_(a, b)
#define FM_NAME(name) FM_JOIN(name, FM_LEVEL) /* sum_f64 -> sum_f64_v3 */

#endif
