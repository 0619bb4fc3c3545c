/* Items of lists and tuples, read where they lie.
 *
 * That goes as long as no Python code can run. An item with __index__ or __float__, or a signal handler, may
 * change or empty the list: the item is then held, and the list's size and items are read again afterwards.
 */
#ifndef FM_CORE_ITEMS_H
#define FM_CORE_ITEMS_H

#include "core.h"

enum { CORE_LOOK_EVERY = 1 << 20 }; /* items between two looks for signals */

/* An int as Python keeps it: digits of PyLong_SHIFT bits, the lowest first, of which there is room for one at
 * least; and its sign, -1, 0 or 1. */
typedef struct {
    const digit *digits;
    size_t count;
    int64_t sign;
} core_int;

static inline core_int core_read_int(PyObject *item)
{
    const PyLongObject *integer = (const PyLongObject *)item;
#if PY_VERSION_HEX >= 0x030c0000
    uintptr_t tag = integer->long_value.lv_tag;
    return (core_int){integer->long_value.ob_digit, tag >> _PyLong_NON_SIZE_BITS,
                      1 - (int64_t)(tag & _PyLong_SIGN_MASK)};
#else
    Py_ssize_t size = Py_SIZE(integer);
    return (core_int){integer->ob_digit, (size_t)(size < 0 ? -size : size), (size > 0) - (size < 0)};
#endif
}

/* What the first two digits amount to. */
static inline int64_t core_low_digits(core_int x)
{
    int two = x.count > 1;
    int64_t second = (int64_t)x.digits[two] & -(int64_t)two;
    return x.digits[0] + (second << PyLong_SHIFT);
}

/* Whether an int lies in one digit; its value. */
static inline int core_is_compact(PyObject *item)
{
#if PY_VERSION_HEX >= 0x030c0000
    return PyUnstable_Long_IsCompact((PyLongObject *)item);
#else
    return (size_t)(Py_SIZE(item) + 1) <= 2;
#endif
}

static inline int64_t core_compact_value(PyObject *item)
{
#if PY_VERSION_HEX >= 0x030c0000
    return PyUnstable_Long_CompactValue((PyLongObject *)item);
#else
    return Py_SIZE(item) * (int64_t)((PyLongObject *)item)->ob_digit[0];
#endif
}

/* The items of a list or a tuple, and where we are in it. */
typedef struct {
    PyObject *sequence;
    Py_ssize_t next;
} core_place;

static inline int core_has_items(PyObject *obj)
{
    return PyList_CheckExact(obj) || PyTuple_CheckExact(obj);
}

static inline Py_ssize_t core_size_now(const core_place *p)
{
    return PyList_Check(p->sequence) ? PyList_GET_SIZE(p->sequence) : PyTuple_GET_SIZE(p->sequence);
}

static inline PyObject **core_items_now(const core_place *p)
{
    return PySequence_Fast_ITEMS(p->sequence);
}

#endif
