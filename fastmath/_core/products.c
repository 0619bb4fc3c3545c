/* The exact sum of products of any numbers. */
#include "products.h"
#include "integers.h"

#include <math.h>

core_products *core_products_new(void)
{
    core_products *p = PyMem_Malloc(sizeof *p);
    fm_dot_sum *sum = p ? fm_dot_new(1) : NULL;
    if (!sum) {
        PyMem_Free(p);
        return (core_products *)PyErr_NoMemory();
    }
    p->sum = sum;
    p->big = NULL;
    p->count = 0;
    p->asked = 0;
    return p;
}

void core_products_free(core_products *p)
{
    fm_dot_free(p->sum);
    Py_XDECREF(p->big);
    PyMem_Free(p);
}

void core_products_flush(core_products *p)
{
    fm_dot_add(p->sum, p->a, p->b, (size_t)p->count);
    p->count = 0;
}

static void push(core_products *p, double a, double b)
{
    if (p->count == CORE_PAIRS)
        core_products_flush(p);
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
    if (!methods || !methods->nb_float || PyComplex_Check(item)) {
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

static int add_big_product(core_products *p, const factor *a, const factor *b)
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

static int add_factors(core_products *p, const factor *a, const factor *b)
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

int core_products_add(core_products *p, PyObject *a, PyObject *b, Py_ssize_t position)
{
    factor x, y;
    p->asked = 1;
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
    PyObject *small = digits_as_int(digits), *sum = core_shift_and_add(big, -2148 - FM_DOT_UNIT, small);
    PyObject *result = sum ? round_units(sum, FM_DOT_UNIT) : NULL;
    Py_XDECREF(small);
    Py_XDECREF(sum);
    return result;
}

PyObject *core_products_sum(core_products *p)
{
    uint32_t digits[FM_DOT_DIGITS];
    double sum;
    core_products_flush(p);
    if (p->big && fm_dot_digits(p->sum, digits))
        return round_with_big(digits, p->big);
    fm_dot_round(p->sum, &sum);
    return PyFloat_FromDouble(sum);
}
