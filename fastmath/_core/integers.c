/* The exact sum of integers of any size. */
#include "integers.h"
#include "items.h"

#define FM_INLINE static inline __attribute__((always_inline))
typedef core_wide wide;

static int add_big(core_integers *t, PyObject *integer)
{
    PyObject *sum = t->big ? PyNumber_Add(t->big, integer) : Py_NewRef(integer);
    if (!sum)
        return -1;
    Py_XSETREF(t->big, sum);
    return 0;
}

int core_integers_add(core_integers *t, PyObject *item, Py_ssize_t position)
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

/* Whether neighbours in the list lie far apart in memory, as after sorting or shuffling. Small ints, which are
 * shared, are far from all others. */
static int is_scattered(PyObject *const *items, Py_ssize_t n)
{
    enum { SAMPLES = 64, FAR = 4096 };
    Py_ssize_t step = n / SAMPLES, far = 0;
    for (Py_ssize_t i = 0; step > 1 && i < SAMPLES; i++) {
        uintptr_t a = (uintptr_t)items[i * step], b = (uintptr_t)items[i * step + 1];
        far += (a < b ? b - a : a - b) > FAR;
    }
    return far > SAMPLES * 3 / 4;
}

/* Adds n ints, if all are compact. Memory gives more when it is read at several places. Objects that lie there as
 * they come in the list a processor fetches by itself; scattered ones have to be asked for, both lines of the
 * cache that one may lie in. */
FM_INLINE int add_compact(PyObject *const *items, Py_ssize_t n, int scattered, int64_t *sum)
{
    enum { STREAMS = 4, AHEAD = 24, LAST = sizeof(PyObject) + 8 };
    int64_t here = 0;
    Py_ssize_t part = n / STREAMS;
    for (Py_ssize_t i = 0; i < part; i++)
        for (Py_ssize_t k = 0; k < STREAMS; k++) {
            PyObject *const *at = items + k * part + i;
            if (scattered) {
                const char *later = (const char *)at[i + AHEAD < part ? AHEAD : 0];
                __builtin_prefetch(later);
                __builtin_prefetch(later + LAST);
            }
            if (!PyLong_CheckExact(*at) || !core_is_compact(*at))
                return 0;
            here += core_compact_value(*at);
        }
    for (Py_ssize_t i = STREAMS * part; i < n; i++) {
        if (!PyLong_CheckExact(items[i]) || !core_is_compact(items[i]))
            return 0;
        here += core_compact_value(items[i]);
    }
    *sum += here;
    return 1;
}

/* As many of n <= CORE_LOOK_EVERY items as are blocks of compact ints. */
static Py_ssize_t add_compact_blocks(PyObject *const *items, Py_ssize_t n, int64_t *sum)
{
    enum { BLOCK = 1 << 14 };
    int scattered = is_scattered(items, n);
    for (Py_ssize_t i = 0; i < n; i += BLOCK) {
        Py_ssize_t count = n - i < BLOCK ? n - i : BLOCK;
        int all = scattered ? add_compact(items + i, count, 1, sum) : add_compact(items + i, count, 0, sum);
        if (!all)
            return i;
    }
    return n;
}

/* Larger ints are added digit by digit, and carries wait: 2**20 digits below 2**30 fit a column. */
enum { COLUMNS = 12 };

typedef struct {
    wide low;                /* the first two digits of each */
    int64_t column[COLUMNS]; /* the others, from column[2] on */
} columns;

/* As many of n <= CORE_LOOK_EVERY items as are ints of at most COLUMNS digits, of int's subclasses too: their
 * __index__ is not asked. */
static Py_ssize_t add_digits(PyObject *const *items, Py_ssize_t n, columns *sum)
{
    wide low = 0;
    Py_ssize_t i = 0;
    for (; i < n && PyLong_Check(items[i]); i++) {
        core_int x = core_read_int(items[i]);
        if (x.count > COLUMNS)
            break;
        low += x.sign * core_low_digits(x);
        for (size_t k = 2; k < x.count; k++)
            sum->column[k] += x.sign * (int64_t)x.digits[k];
    }
    sum->low += low;
    return i;
}

PyObject *core_shift_and_add(PyObject *value, long bits, PyObject *more)
{
    PyObject *places = value && more ? PyLong_FromLong(bits) : NULL;
    PyObject *shifted = places ? PyNumber_Lshift(value, places) : NULL;
    PyObject *sum = shifted ? PyNumber_Add(shifted, more) : NULL;
    Py_XDECREF(places);
    Py_XDECREF(shifted);
    return sum;
}

static int add_columns(core_integers *t, const columns *sum)
{
    int top = COLUMNS - 1;
    while (top > 1 && !sum->column[top])
        top--;
    t->small += sum->low;
    if (top == 1)
        return 0;
    PyObject *high = PyLong_FromLong(0);
    for (; high && top >= 0; top--) {
        PyObject *digits = PyLong_FromLongLong(top > 1 ? sum->column[top] : 0);
        Py_SETREF(high, core_shift_and_add(high, PyLong_SHIFT, digits));
        Py_XDECREF(digits);
    }
    int failed = high ? add_big(t, high) : -1;
    Py_XDECREF(high);
    return failed;
}

/* Adds ints from p->next on, until the end, another item or CORE_LOOK_EVERY of them; quickly as long as *compact
 * says that all so far were. 0, or -1 with an exception set. */
static int add_run(core_integers *t, core_place *p, int *compact)
{
    PyObject **items = core_items_now(p) + p->next;
    Py_ssize_t left = core_size_now(p) - p->next, n = left < CORE_LOOK_EVERY ? left : CORE_LOOK_EVERY, done = 0;
    if (*compact) {
        int64_t sum = 0; /* of at most 2**20 values below 2**30 */
        done = add_compact_blocks(items, n, &sum);
        t->small += sum;
        t->paths |= done ? CORE_COMPACT : 0;
        p->next += done;
        *compact = done == n;
    }
    if (done == n)
        return 0;
    columns sum = {0};
    Py_ssize_t more = add_digits(items + done, n - done, &sum);
    t->paths |= more ? CORE_DIGITS : 0;
    p->next += more;
    return add_columns(t, &sum);
}

/* Adds the item at p->next, which may do anything to the list, and others like it. 0, or -1 with an exception set. */
static int add_others(core_integers *t, core_place *p)
{
    int failed = 0;
    t->paths |= CORE_OTHER;
    do {
        PyObject *item = Py_NewRef(core_items_now(p)[p->next]);
        failed = core_integers_add(t, item, p->next++);
        Py_DECREF(item);
    } while (!failed && p->next % CORE_LOOK_EVERY && p->next < core_size_now(p) &&
             !PyLong_Check(core_items_now(p)[p->next]));
    return failed;
}

int core_integers_add_items(core_integers *t, PyObject *sequence)
{
    core_place p = {sequence, 0};
    for (int compact = 1; p.next < core_size_now(&p);) {
        Py_ssize_t looked = p.next / CORE_LOOK_EVERY;
        if (add_run(t, &p, &compact) < 0 || (p.next < core_size_now(&p) && add_others(t, &p) < 0))
            return -1;
        if (p.next / CORE_LOOK_EVERY != looked && PyErr_CheckSignals() < 0)
            return -1;
    }
    return 0;
}

static PyObject *from_wide(wide value)
{
    if (value == (int64_t)value)
        return PyLong_FromLongLong((int64_t)value);
    PyObject *high = PyLong_FromLongLong((int64_t)(value >> 64));
    PyObject *low = PyLong_FromUnsignedLongLong((uint64_t)value), *sum = core_shift_and_add(high, 64, low);
    Py_XDECREF(high);
    Py_XDECREF(low);
    return sum;
}

PyObject *core_integers_sum(core_integers *t)
{
    PyObject *sum = from_wide(t->small);
    if (sum && t->big)
        Py_SETREF(sum, PyNumber_Add(t->big, sum));
    Py_CLEAR(t->big);
    return sum;
}

void core_integers_drop(core_integers *t)
{
    Py_CLEAR(t->big);
}
