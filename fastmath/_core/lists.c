/* fast_sum and dot_product: sums over lists, tuples, ranges, iterators and buffers.
 *
 * Items of a list are read where they lie as long as no Python code can run. Anything else - an item with
 * __index__ or __float__, a signal handler - may change or empty the list: the item is then held, and the
 * list's size and items are read again afterwards.
 */
#include "core.h"

#include <math.h>

#if PY_VERSION_HEX < 0x030d0000
#define Py_BEGIN_CRITICAL_SECTION(op) {
#define Py_END_CRITICAL_SECTION() }
#endif

enum { AHEAD = 24, LOOK_EVERY = 1 << 20 /* items between two looks for signals */ };

__extension__ typedef __int128 wide;

/* Whether an exact int lies in one digit; its value. */
static inline int is_compact(PyObject *item)
{
#if PY_VERSION_HEX >= 0x030c0000
    return PyUnstable_Long_IsCompact((PyLongObject *)item);
#else
    return (size_t)(Py_SIZE(item) + 1) <= 2;
#endif
}

static inline int64_t compact_value(PyObject *item)
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
} place;

static Py_ssize_t size_now(const place *p)
{
    return PyList_Check(p->sequence) ? PyList_GET_SIZE(p->sequence) : PyTuple_GET_SIZE(p->sequence);
}

static PyObject **items_now(const place *p)
{
    return PySequence_Fast_ITEMS(p->sequence);
}

/* fast_sum: the total is small + big; big is NULL or an int. */
typedef struct {
    wide small;
    PyObject *big;
} total;

static int add_big(total *t, PyObject *integer)
{
    PyObject *sum = t->big ? PyNumber_Add(t->big, integer) : Py_NewRef(integer);
    if (!sum)
        return -1;
    Py_XSETREF(t->big, sum);
    return 0;
}

/* Adds any item at all. */
static int add_item(total *t, PyObject *item, Py_ssize_t position)
{
    PyObject *index = PyNumber_Index(item);
    if (!index) {
        if (PyErr_ExceptionMatches(PyExc_TypeError) && !PyIndex_Check(item))
            PyErr_Format(PyExc_TypeError, "fast_sum: expected an integer at position %zd, got %s", position,
                         Py_TYPE(item)->tp_name);
        return -1;
    }
    int overflow;
    long long value = PyLong_AsLongLongAndOverflow(index, &overflow);
    int failed = 0;
    if (overflow)
        failed = add_big(t, index);
    else
        t->small += value;
    Py_DECREF(index);
    return failed;
}

/* Adds compact ints from p->next on, until the end, another item or LOOK_EVERY of them. What stopped it is
 * returned, held, or NULL. */
static PyObject *add_compact_run(total *t, place *p)
{
    PyObject *odd = NULL;
    Py_BEGIN_CRITICAL_SECTION(p->sequence);
    Py_ssize_t size = size_now(p), end = size - p->next > LOOK_EVERY ? p->next + LOOK_EVERY : size, i = p->next;
    PyObject **items = items_now(p);
    int64_t sum = 0; /* of at most 2**20 values below 2**62 / 2**20 */
    for (; i < end; i++) {
        PyObject *item = items[i];
        __builtin_prefetch(items[i + AHEAD < size ? i + AHEAD : i]);
        if (!PyLong_CheckExact(item) || !is_compact(item)) {
            odd = Py_NewRef(item);
            break;
        }
        sum += compact_value(item);
    }
    t->small += sum;
    p->next = i;
    Py_END_CRITICAL_SECTION();
    return odd;
}

static int add_sequence(total *t, PyObject *sequence)
{
    place p = {sequence, 0};
    while (p.next < size_now(&p)) {
        PyObject *odd = add_compact_run(t, &p);
        if (!odd) {
            if (PyErr_CheckSignals() < 0)
                return -1;
            continue;
        }
        int failed = add_item(t, odd, p.next++);
        Py_DECREF(odd);
        if (failed)
            return -1;
    }
    return 0;
}

static int add_iterable(total *t, PyObject *iterable)
{
    PyObject *iterator = PyObject_GetIter(iterable);
    if (!iterator)
        return -1;
    PyObject *item;
    for (Py_ssize_t position = 0; (item = PyIter_Next(iterator)); position++) {
        int failed = 0;
        if (PyLong_CheckExact(item) && is_compact(item))
            t->small += compact_value(item);
        else
            failed = add_item(t, item, position);
        Py_DECREF(item);
        if (failed)
            break;
    }
    Py_DECREF(iterator);
    return PyErr_Occurred() ? -1 : 0;
}

static PyObject *from_wide(wide value)
{
    if (value == (int64_t)value)
        return PyLong_FromLongLong((int64_t)value);
    PyObject *high = PyLong_FromLongLong((int64_t)(value >> 64));
    PyObject *low = PyLong_FromUnsignedLongLong((uint64_t)value), *bits = PyLong_FromLong(64);
    PyObject *shifted = high && bits ? PyNumber_Lshift(high, bits) : NULL;
    PyObject *sum = shifted && low ? PyNumber_Or(shifted, low) : NULL;
    Py_XDECREF(high);
    Py_XDECREF(low);
    Py_XDECREF(bits);
    Py_XDECREF(shifted);
    return sum;
}

static PyObject *get_total(total *t)
{
    PyObject *small = from_wide(t->small);
    if (!small || !t->big)
        return small;
    PyObject *sum = PyNumber_Add(t->big, small);
    Py_DECREF(small);
    return sum;
}

/* An item of a range, which may be too long for len(). */
static PyObject *range_item(PyObject *range, long i)
{
    PyObject *index = PyLong_FromLong(i);
    PyObject *item = index ? PyObject_GetItem(range, index) : NULL;
    Py_XDECREF(index);
    return item;
}

/* n (first + last) / 2, where n = (last - first) / step + 1 */
static PyObject *sum_of_range(PyObject *range)
{
    PyObject *first = range_item(range, 0);
    if (!first && PyErr_ExceptionMatches(PyExc_IndexError)) {
        PyErr_Clear();
        return PyLong_FromLong(0);
    }
    PyObject *last = first ? range_item(range, -1) : NULL;
    PyObject *step = last ? PyObject_GetAttrString(range, "step") : NULL, *one = PyLong_FromLong(1);
    PyObject *span = step && one ? PyNumber_Subtract(last, first) : NULL;
    PyObject *steps = span ? PyNumber_FloorDivide(span, step) : NULL;
    PyObject *n = steps ? PyNumber_Add(steps, one) : NULL;
    PyObject *ends = n ? PyNumber_Add(first, last) : NULL;
    PyObject *twice = ends ? PyNumber_Multiply(n, ends) : NULL;
    PyObject *result = twice ? PyNumber_Rshift(twice, one) : NULL;
    PyObject *held[] = {first, last, step, one, span, steps, n, ends, twice};
    for (size_t i = 0; i < sizeof held / sizeof *held; i++)
        Py_XDECREF(held[i]);
    return result;
}

/* 1 and *result if obj is a buffer of integers, 0 if it is not, -1 with an exception set. */
static int sum_of_buffer(PyObject *obj, PyObject **result)
{
    core_array array = {0};
    if (!PyObject_CheckBuffer(obj))
        return 0;
    if (core_array_get(obj, "fast_sum", 0, &array) < 0) {
        if (!PyErr_ExceptionMatches(PyExc_TypeError))
            return -1;
        PyErr_Clear(); /* such as an array of Python objects */
        return 0;
    }
    if (array.array.type > FM_I64 || array.array.ndim == 0) {
        core_array_release(&array);
        return 0;
    }
    fm_int128 sum = {0};
    core_watch_state state;
    int failed = 0;
    if (array.buffer.len < CORE_BIG * 8) {
        fm_sum_int(&array.array, NULL, &sum);
    } else {
        fm_watch watch = core_watch_begin(&state);
        failed = core_watch_end(&state, fm_sum_int(&array.array, &watch, &sum));
    }
    core_array_release(&array);
    if (failed)
        return -1;
    *result = from_wide((wide)sum.high * ((wide)1 << 64) + sum.low);
    return *result ? 1 : -1;
}

PyDoc_STRVAR(fast_sum_doc,
"fast_sum($module, numbers, /)\n--\n\n"
"Exact sum of integers of any size.\n\n"
"Parameters\n----------\n"
"numbers : iterable of int or buffer of integers\n"
"    A list or tuple of ints, a range, a buffer of integers of any width and layout (array.array, NumPy,\n"
"    memoryview) are read without an iterator. bool and objects with __index__ count.\n\n"
"Returns\n-------\nint\n\n"
"Raises\n------\n"
"TypeError\n    If an item is no integer; the message names its position.\n\n"
"Examples\n--------\n"
">>> import fastmath\n"
">>> fastmath.fast_sum([1, 2, 2**100])\n"
"1267650600228229401496703205379\n");

static PyObject *fast_sum(PyObject *module, PyObject *numbers)
{
    if (PyRange_Check(numbers))
        return sum_of_range(numbers);
    total t = {0, NULL};
    PyObject *result = NULL;
    int failed;
    if (PyList_CheckExact(numbers) || PyTuple_CheckExact(numbers)) {
        failed = add_sequence(&t, numbers);
    } else {
        int done = sum_of_buffer(numbers, &result);
        if (done)
            return done < 0 ? NULL : result;
        failed = add_iterable(&t, numbers);
    }
    if (!failed)
        result = get_total(&t);
    Py_XDECREF(t.big);
    return result;
}

/* dot_product: pairs of doubles are collected, a block at a time; products of an int that does not fit in
 * 64 bits go to `big`, in units of 2**FM_DOT_UNIT. */
enum { BLOCK = 1024 };

typedef struct {
    fm_dot_sum *sum;
    PyObject *big;
    Py_ssize_t count;
    double a[BLOCK], b[BLOCK];
} products;

static void push(products *p, double a, double b)
{
    if (p->count == BLOCK) {
        fm_dot_add(p->sum, p->a, p->b, (size_t)p->count);
        p->count = 0;
    }
    p->a[p->count] = a;
    p->b[p->count++] = b;
}

/* A factor: a double, or an int that fits in 64 bits, or an int. */
typedef struct {
    double value;      /* the double nearest to it; infinity with its sign if it is out of range */
    int64_t integer;
    PyObject *object;  /* held: the int, or NULL for a double */
    int fits;
} factor;

static int read_int(PyObject *integer, factor *f)
{
    int overflow;
    f->object = integer;
    f->integer = PyLong_AsLongLongAndOverflow(integer, &overflow);
    f->fits = !overflow;
    f->value = overflow ? (overflow > 0 ? INFINITY : -INFINITY) : (double)f->integer;
    if (f->fits && f->integer >= -((int64_t)1 << 53) && f->integer <= (int64_t)1 << 53)
        Py_CLEAR(f->object);
    return 0;
}

static int read_factor(PyObject *item, Py_ssize_t position, factor *f)
{
    *f = (factor){0};
    if (PyFloat_Check(item)) {
        f->value = PyFloat_AS_DOUBLE(item);
        return 0;
    }
    if (PyIndex_Check(item)) {
        PyObject *integer = PyNumber_Index(item);
        return integer ? read_int(integer, f) : -1;
    }
    PyNumberMethods *methods = Py_TYPE(item)->tp_as_number;
    if (!methods || !methods->nb_float) {
        PyErr_Format(PyExc_TypeError, "dot_product: expected a number at position %zd, got %s", position,
                     Py_TYPE(item)->tp_name);
        return -1;
    }
    f->value = PyFloat_AsDouble(item);
    return f->value == -1 && PyErr_Occurred() ? -1 : 0;
}

/* A factor as an int in units of 2**-1074. */
static PyObject *in_units(const factor *f)
{
    PyObject *integer = f->object ? Py_NewRef(f->object) : NULL;
    int exponent = 0;
    if (!integer)
        integer = PyLong_FromDouble(ldexp(frexp(f->value, &exponent), 53));
    /* a double is a multiple of 2**-1074, so where this shift goes right it loses nothing */
    int shift = f->object ? 1074 : exponent - 53 + 1074;
    PyObject *bits = PyLong_FromLong(shift < 0 ? -shift : shift), *units = NULL;
    if (integer && bits)
        units = (shift < 0 ? PyNumber_Rshift : PyNumber_Lshift)(integer, bits);
    Py_XDECREF(integer);
    Py_XDECREF(bits);
    return units;
}

static int add_big_product(products *p, const factor *a, const factor *b)
{
    PyObject *x = in_units(a), *y = in_units(b);
    PyObject *product = x && y ? PyNumber_Multiply(x, y) : NULL, *sum = NULL;
    if (product)
        sum = p->big ? PyNumber_Add(p->big, product) : Py_NewRef(product);
    Py_XDECREF(x);
    Py_XDECREF(y);
    Py_XDECREF(product);
    if (!sum)
        return -1;
    Py_XSETREF(p->big, sum);
    return 0;
}

/* An int of 64 bits is the sum of two doubles. */
static void halves(const factor *f, double half[2])
{
    half[0] = f->object ? (double)(f->integer & ~(int64_t)0xffffffff) : f->value;
    half[1] = f->object ? (double)(f->integer & 0xffffffff) : 0;
}

static int is_zero(const factor *f)
{
    return !f->object && f->value == 0;
}

static int add_factors(products *p, const factor *a, const factor *b)
{
    if (is_zero(a) || is_zero(b)) { /* of a large int only the sign matters then */
        push(p, a->object ? copysign(1, a->value) : a->value, b->object ? copysign(1, b->value) : b->value);
        return 0;
    }
    int special = (!a->object && !isfinite(a->value)) || (!b->object && !isfinite(b->value));
    if (special || (!a->object && !b->object)) {
        push(p, a->value, b->value);
        return 0;
    }
    if ((a->object && !a->fits) || (b->object && !b->fits))
        return add_big_product(p, a, b);
    double x[2], y[2];
    halves(a, x);
    halves(b, y);
    for (int i = 0; i < 4; i++)
        push(p, x[i / 2], y[i % 2]);
    return 0;
}

static int add_items(products *p, PyObject *a, PyObject *b, Py_ssize_t position)
{
    factor x, y;
    if (read_factor(a, position, &x) < 0)
        return -1;
    int failed = read_factor(b, position, &y) < 0;
    if (!failed) {
        failed = add_factors(p, &x, &y);
        Py_XDECREF(y.object);
    }
    Py_XDECREF(x.object);
    return failed ? -1 : 0;
}

/* Whether an item is a float or a small int, which can be read without running Python code. */
static inline int read_plain(PyObject *item, double *value)
{
    if (PyFloat_CheckExact(item)) {
        *value = PyFloat_AS_DOUBLE(item);
        return 1;
    }
    if (!PyLong_CheckExact(item) || !is_compact(item))
        return 0;
    *value = (double)compact_value(item); /* below 2**53 */
    return 1;
}

/* Collects pairs of plain items from both lists until the block is full or a list ends: 0; or until there
 * is another item: 1, and the pair in odd, held. */
static int collect(products *p, place *a, place *b, PyObject *odd[2])
{
    int stopped = 0;
    Py_ssize_t left_a = size_now(a) - a->next, left_b = size_now(b) - b->next, i = 0;
    Py_ssize_t left = left_a < left_b ? left_a : left_b, n = left < BLOCK - p->count ? left : BLOCK - p->count;
    PyObject **x = items_now(a) + a->next, **y = items_now(b) + b->next;
    for (; i < n; i++) {
        Py_ssize_t ahead = i + AHEAD < left ? i + AHEAD : i;
        __builtin_prefetch(x[ahead]);
        __builtin_prefetch(y[ahead]);
        if (!read_plain(x[i], p->a + p->count + i) || !read_plain(y[i], p->b + p->count + i)) {
            odd[0] = Py_NewRef(x[i]);
            odd[1] = Py_NewRef(y[i]);
            stopped = 1;
            break;
        }
    }
    p->count += i;
    a->next += i;
    b->next += i;
    return stopped;
}

static int length_error(void)
{
    PyErr_SetString(PyExc_ValueError, "dot_product: sequences must have the same length");
    return -1;
}

static int multiply_sequences(products *p, PyObject *first, PyObject *second)
{
    place a = {first, 0}, b = {second, 0};
    if (size_now(&a) != size_now(&b))
        return length_error();
    for (Py_ssize_t looked = 0; a.next < size_now(&a) && b.next < size_now(&b);) {
        PyObject *odd[2];
        if (collect(p, &a, &b, odd)) {
            int failed = add_items(p, odd[0], odd[1], a.next++);
            b.next++;
            Py_DECREF(odd[0]);
            Py_DECREF(odd[1]);
            if (failed)
                return -1;
        }
        if (p->count == BLOCK) {
            fm_dot_add(p->sum, p->a, p->b, BLOCK);
            p->count = 0;
        }
        if (a.next - looked > LOOK_EVERY) {
            looked = a.next;
            if (PyErr_CheckSignals() < 0)
                return -1;
        }
    }
    return size_now(&a) == size_now(&b) ? 0 : length_error();
}

static int multiply_iterators(products *p, PyObject *first, PyObject *second)
{
    for (Py_ssize_t position = 0;; position++) {
        PyObject *a = PyIter_Next(first);
        PyObject *b = PyErr_Occurred() ? NULL : PyIter_Next(second);
        int failed = PyErr_Occurred() != NULL;
        if (!failed && !a != !b)
            failed = length_error();
        if (!failed && a && b)
            failed = add_items(p, a, b, position);
        int ended = !a;
        Py_XDECREF(a);
        Py_XDECREF(b);
        if (failed || ended)
            return failed ? -1 : 0;
    }
}

static int multiply_iterables(products *p, PyObject *a, PyObject *b)
{
    PyObject *first = PyObject_GetIter(a), *second = first ? PyObject_GetIter(b) : NULL;
    int failed = second ? multiply_iterators(p, first, second) : -1;
    Py_XDECREF(first);
    Py_XDECREF(second);
    return failed;
}

static PyObject *digits_as_int(const uint32_t digits[FM_DOT_DIGITS])
{
    unsigned char bytes[4 * FM_DOT_DIGITS];
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (unsigned char)(digits[i / 4] >> 8 * (i % 4));
    PyObject *method = PyObject_GetAttrString((PyObject *)&PyLong_Type, "from_bytes");
    PyObject *args = Py_BuildValue("(y#s)", bytes, (Py_ssize_t)sizeof bytes, "little");
    PyObject *names = Py_BuildValue("{sO}", "signed", Py_True);
    PyObject *result = method && args && names ? PyObject_Call(method, args, names) : NULL;
    Py_XDECREF(method);
    Py_XDECREF(args);
    Py_XDECREF(names);
    return result;
}

/* The float nearest to units * 2**unit; division of ints is correctly rounded. */
static PyObject *round_units(PyObject *units, int unit)
{
    PyObject *zero = PyLong_FromLong(0), *one = PyLong_FromLong(1), *bits = PyLong_FromLong(-unit);
    PyObject *scale = one && bits ? PyNumber_Lshift(one, bits) : NULL;
    PyObject *result = scale && zero ? PyNumber_TrueDivide(units, scale) : NULL;
    if (!result && zero && PyErr_ExceptionMatches(PyExc_OverflowError)) {
        PyErr_Clear();
        int negative = PyObject_RichCompareBool(units, zero, Py_LT);
        result = negative < 0 ? NULL : PyFloat_FromDouble(negative ? -INFINITY : INFINITY);
    }
    Py_XDECREF(zero);
    Py_XDECREF(one);
    Py_XDECREF(bits);
    Py_XDECREF(scale);
    return result;
}

/* big is in units of 2**-2148, the other digits in units of 2**FM_DOT_UNIT. */
static PyObject *round_with_big(const uint32_t digits[FM_DOT_DIGITS], PyObject *big)
{
    PyObject *small = digits_as_int(digits), *bits = PyLong_FromLong(-2148 - FM_DOT_UNIT);
    PyObject *shifted = small && bits ? PyNumber_Lshift(big, bits) : NULL;
    PyObject *sum = shifted ? PyNumber_Add(small, shifted) : NULL;
    PyObject *result = sum ? round_units(sum, FM_DOT_UNIT) : NULL;
    Py_XDECREF(small);
    Py_XDECREF(bits);
    Py_XDECREF(shifted);
    Py_XDECREF(sum);
    return result;
}

static PyObject *dot_of_objects(PyObject *a, PyObject *b)
{
    products *p = PyMem_Malloc(sizeof *p);
    fm_dot_sum *sum = fm_dot_new();
    if (!p || !sum) {
        PyMem_Free(p);
        if (sum)
            fm_dot_end(sum);
        return PyErr_NoMemory();
    }
    p->sum = sum;
    p->big = NULL;
    p->count = 0;
    int lists = (PyList_CheckExact(a) || PyTuple_CheckExact(a)) && (PyList_CheckExact(b) || PyTuple_CheckExact(b));
    int failed = (lists ? multiply_sequences : multiply_iterables)(p, a, b);
    uint32_t digits[FM_DOT_DIGITS];
    fm_dot_add(sum, p->a, p->b, (size_t)p->count);
    int finite = p->big && fm_dot_digits(sum, digits);
    double result = fm_dot_end(sum);
    PyObject *rounded = NULL;
    if (!failed)
        rounded = finite ? round_with_big(digits, p->big) : PyFloat_FromDouble(result);
    Py_XDECREF(p->big);
    PyMem_Free(p);
    return rounded;
}

static int check_dimensions(const core_array *array)
{
    if (array->array.ndim == 1)
        return 0;
    PyErr_Format(PyExc_ValueError, "dot_product: expected arrays of one dimension, got one of %d",
                 array->array.ndim);
    return -1;
}

/* Both arrays are held. */
static PyObject *dot_of_arrays(const core_array *a, const core_array *b)
{
    if (check_dimensions(a) < 0 || check_dimensions(b) < 0)
        return NULL;
    if (a->array.shape[0] != b->array.shape[0]) {
        length_error();
        return NULL;
    }
    double result;
    if (a->array.shape[0] < CORE_BIG) {
        fm_dot(&a->array, &b->array, NULL, &result, NULL);
        return PyFloat_FromDouble(result);
    }
    core_watch_state state;
    fm_watch watch = core_watch_begin(&state);
    if (core_watch_end(&state, fm_dot(&a->array, &b->array, &watch, &result, NULL)) < 0)
        return NULL;
    return PyFloat_FromDouble(result);
}

/* 1 if obj's buffer is held, 0 if it has none that serves, -1 with an exception set. */
static int get_buffer(PyObject *obj, core_array *array)
{
    if (!PyObject_CheckBuffer(obj))
        return 0;
    if (core_array_get(obj, "dot_product", 0, array) == 0)
        return 1;
    if (!PyErr_ExceptionMatches(PyExc_TypeError))
        return -1;
    PyErr_Clear();
    return 0;
}

PyDoc_STRVAR(dot_product_doc,
"dot_product($module, a, b, /)\n--\n\n"
"Correctly rounded sum of the products of the items of a and b.\n\n"
"The result is the float nearest to the exact value, ties to even; ints beyond 2**53 count exactly.\n\n"
"Parameters\n----------\n"
"a, b : iterable of int and float, or buffer of one dimension\n"
"    Of equal lengths. Buffers may hold bools, integers or floats of any width, byte order and stride.\n\n"
"Returns\n-------\nfloat\n\n"
"Raises\n------\n"
"ValueError\n    If the lengths differ.\n"
"TypeError\n    If an item is no number; the message names its position.\n\n"
"Notes\n-----\n"
"Special values are those of numpy_sum.\n\n"
"Examples\n--------\n"
">>> import fastmath\n"
">>> fastmath.dot_product([1, 2, 3], [4, 5, 6])\n"
"32.0\n");

static PyObject *dot_product(PyObject *module, PyObject *const *args, Py_ssize_t count)
{
    static const char *const positional[] = {"a", "b", NULL};
    if (core_arguments("dot_product", positional, count, args, NULL, NULL, NULL) < 0)
        return NULL;
    core_array a = {0}, b = {0};
    int held_a = get_buffer(args[0], &a), held_b = held_a > 0 ? get_buffer(args[1], &b) : 0;
    PyObject *result = NULL;
    if (held_a > 0 && held_b > 0)
        result = dot_of_arrays(&a, &b);
    if (held_b > 0)
        core_array_release(&b);
    if (held_a > 0)
        core_array_release(&a);
    if (held_a < 0 || held_b < 0 || (held_a > 0 && held_b > 0))
        return result;
    return dot_of_objects(args[0], args[1]);
}

PyMethodDef core_list_methods[] = {
    {"fast_sum", fast_sum, METH_O, fast_sum_doc},
    {"dot_product", (PyCFunction)(void (*)(void))dot_product, METH_FASTCALL, dot_product_doc},
    {NULL, NULL, 0, NULL},
};
