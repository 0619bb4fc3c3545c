/* dot_product: correctly rounded, over buffers, lists, tuples and iterators. */
#include "core.h"
#include "items.h"
#include "products.h"

/* Whether an item is a float, a bool or an int up to 2**53, which can be read without running Python code. */
static inline int read_plain(PyObject *item, double *value)
{
    if (PyFloat_CheckExact(item)) {
        *value = PyFloat_AS_DOUBLE(item);
        return 1;
    }
    if (PyLong_Check(item)) {
        core_int x = core_read_int(item);
        int64_t magnitude = core_low_digits(x);
        *value = (double)(x.sign * magnitude);
        return x.count <= 2 && magnitude <= (int64_t)1 << 53;
    }
    if (!PyFloat_Check(item))
        return 0;
    *value = PyFloat_AS_DOUBLE(item);
    return 1;
}

/* Reads n pairs, if all are plain. Memory gives more when it is read at several places. */
static int read_plain_pairs(PyObject *const *a, PyObject *const *b, Py_ssize_t n, double *x, double *y)
{
    Py_ssize_t half = n / 2;
    for (Py_ssize_t i = 0; i < half; i++)
        if (!read_plain(a[i], x + i) || !read_plain(b[i], y + i) || !read_plain(a[half + i], x + half + i) ||
            !read_plain(b[half + i], y + half + i))
            return 0;
    return n == 2 * half || (read_plain(a[n - 1], x + n - 1) && read_plain(b[n - 1], y + n - 1));
}

enum { PLAIN = 4096 }; /* pairs read at a time */

/* Adds all pairs, `room` at a time: 1; 0 if there is another item or a list changes its size, -1 with an
 * exception set. */
static int add_plain_pairs(fm_dot_sum *sum, PyObject *a, PyObject *b, double *x, Py_ssize_t room)
{
    core_place p = {a, 0}, q = {b, 0};
    double *y = x + room;
    for (Py_ssize_t size = core_size_now(&p), n; p.next < size; p.next = q.next += n) {
        n = size - p.next < room ? size - p.next : room;
        if (!read_plain_pairs(core_items_now(&p) + p.next, core_items_now(&q) + q.next, n, x, y))
            return 0;
        fm_dot_add(sum, x, y, (size_t)n);
        if ((p.next + n) % CORE_LOOK_EVERY)
            continue;
        if (PyErr_CheckSignals() < 0)
            return -1;
        if (core_size_now(&p) != size || core_size_now(&q) != size)
            return 0;
    }
    return 1;
}

/* The common case, lists of floats and small ints. 1 and *result; 0 if it is another, or if the quick sum leaves
 * the result open; -1 with an exception set. */
static int dot_of_plain(PyObject *a, PyObject *b, double *result)
{
    if (!core_has_items(a) || !core_has_items(b) || PySequence_Fast_GET_SIZE(a) != PySequence_Fast_GET_SIZE(b))
        return 0;
    Py_ssize_t size = PySequence_Fast_GET_SIZE(a), room = size < PLAIN ? size : PLAIN;
    fm_dot_sum *sum = fm_dot_new(0);
    double *x = PyMem_Malloc(2 * (size_t)room * sizeof *x);
    int done = sum && x ? add_plain_pairs(sum, a, b, x, room) : 0;
    if (done > 0)
        done = fm_dot_round(sum, result);
    PyMem_Free(x);
    fm_dot_free(sum);
    return done;
}

/* Collects pairs of plain items from both lists until the block is full or a list ends: 0; or until there
 * is another item: 1, and the pair in odd, held. */
static int collect(core_products *p, core_place *a, core_place *b, PyObject *odd[2])
{
    int stopped = 0;
    Py_ssize_t left_a = core_size_now(a) - a->next, left_b = core_size_now(b) - b->next, i = 0;
    Py_ssize_t left = left_a < left_b ? left_a : left_b, room = CORE_PAIRS - p->count, n = left < room ? left : room;
    PyObject **x = core_items_now(a) + a->next, **y = core_items_now(b) + b->next;
    for (; i < n; i++) {
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

static int multiply_sequences(core_products *p, PyObject *first, PyObject *second)
{
    core_place a = {first, 0}, b = {second, 0};
    if (core_size_now(&a) != core_size_now(&b))
        return length_error();
    for (Py_ssize_t looked = 0; a.next < core_size_now(&a) && b.next < core_size_now(&b);) {
        PyObject *odd[2];
        if (collect(p, &a, &b, odd)) {
            int failed = core_products_add(p, odd[0], odd[1], a.next++);
            b.next++;
            Py_DECREF(odd[0]);
            Py_DECREF(odd[1]);
            if (failed)
                return -1;
        }
        if (p->count == CORE_PAIRS)
            core_products_flush(p);
        if (a.next - looked > CORE_LOOK_EVERY) {
            looked = a.next;
            if (PyErr_CheckSignals() < 0)
                return -1;
        }
    }
    return core_size_now(&a) == core_size_now(&b) ? 0 : length_error();
}

static int multiply_iterators(core_products *p, PyObject *first, PyObject *second)
{
    for (Py_ssize_t position = 0;; position++) {
        PyObject *a = PyIter_Next(first);
        PyObject *b = PyErr_Occurred() ? NULL : PyIter_Next(second);
        int failed = PyErr_Occurred() != NULL;
        if (!failed && !a != !b)
            failed = length_error();
        if (!failed && a && b)
            failed = core_products_add(p, a, b, position);
        if (!failed && position % CORE_LOOK_EVERY == CORE_LOOK_EVERY - 1)
            failed = PyErr_CheckSignals() < 0;
        int ended = !a;
        Py_XDECREF(a);
        Py_XDECREF(b);
        if (failed || ended)
            return failed ? -1 : 0;
    }
}

static int multiply_iterables(core_products *p, PyObject *a, PyObject *b)
{
    PyObject *first = PyObject_GetIter(a), *second = first ? PyObject_GetIter(b) : NULL;
    int failed = second ? multiply_iterators(p, first, second) : -1;
    Py_XDECREF(first);
    Py_XDECREF(second);
    return failed;
}

/* How lists were read: as floats and small ints with a quick sum, or with an exact one, or asking some. */
enum { PLAIN_QUICKLY = 1, EXACTLY = 2, ASKING = 4 };

static PyObject *dot_of_objects(PyObject *a, PyObject *b, unsigned *paths)
{
    double sum;
    int done = dot_of_plain(a, b, &sum);
    *paths = PLAIN_QUICKLY;
    if (done)
        return done < 0 ? NULL : PyFloat_FromDouble(sum);
    core_products *p = core_products_new();
    if (!p)
        return NULL;
    int lists = core_has_items(a) && core_has_items(b);
    int failed = (lists ? multiply_sequences : multiply_iterables)(p, a, b);
    PyObject *result = failed ? NULL : core_products_sum(p);
    *paths = EXACTLY | (p->asked ? ASKING : 0);
    core_products_free(p);
    return result;
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
    unsigned paths;
    return dot_of_objects(args[0], args[1], &paths);
}

PyDoc_STRVAR(list_dot_paths_doc,
"list_dot_paths($module, a, b, /)\n--\n\n"
"How dot_product reads two lists: a set of 'quick', 'exact' and 'asking'. For tests.");

static PyObject *list_dot_paths(PyObject *module, PyObject *const *args, Py_ssize_t count)
{
    static const char *const positional[] = {"a", "b", NULL}, *const names[] = {"quick", "exact", "asking", NULL};
    if (core_arguments("list_dot_paths", positional, count, args, NULL, NULL, NULL) < 0)
        return NULL;
    unsigned paths;
    PyObject *result = dot_of_objects(args[0], args[1], &paths);
    if (!result)
        return NULL;
    Py_DECREF(result);
    return core_flag_names(paths, names);
}

PyMethodDef core_dot_product_methods[] = {
    {"list_dot_paths", (PyCFunction)(void (*)(void))list_dot_paths, METH_FASTCALL, list_dot_paths_doc},
    {"dot_product", (PyCFunction)(void (*)(void))dot_product, METH_FASTCALL, dot_product_doc},
    {NULL, NULL, 0, NULL},
};
