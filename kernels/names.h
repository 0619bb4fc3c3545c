/* Names of a file's own for each instruction set that it is compiled for: sum_f64 -> sum_f64_v3. */
#ifndef FM_NAMES_H
#define FM_NAMES_H

#define FM_JOIN_(a, b) a##_##b
#define FM_JOIN(a, b) FM_JOIN_(a, b)
#define FM_NAME(name) FM_JOIN(name, FM_LEVEL)

#endif
