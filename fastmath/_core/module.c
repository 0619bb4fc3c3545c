/* fastmath._core: the kernels through CPython's C API.
 *
 * One file per family defines its methods; this file makes the module of them. There is no global state.
 */
#include "core.h"

/* simd_levels() -> tuple of (name, available, active), lowest first */
static PyObject *simd_levels(PyObject *module, PyObject *unused)
{
    PyObject *list = PyList_New(0);
    if (!list)
        return NULL;
    for (size_t i = 0; fm_simd_compiled(i); i++) {
        const char *name = fm_simd_compiled(i);
        PyObject *row = Py_BuildValue("sOO", name, fm_simd_available(i) ? Py_True : Py_False,
                                      name == fm_simd_active() ? Py_True : Py_False);
        if (!row || PyList_Append(list, row) < 0) {
            Py_XDECREF(row);
            Py_DECREF(list);
            return NULL;
        }
        Py_DECREF(row);
    }
    PyObject *tuple = PyList_AsTuple(list);
    Py_DECREF(list);
    return tuple;
}

static PyMethodDef module_methods[] = {
    {"simd_levels", simd_levels, METH_NOARGS,
     "simd_levels($module, /)\n--\n\n(name, available, active) of each compiled instruction set, lowest first."},
    {NULL, NULL, 0, NULL},
};

static int module_exec(PyObject *module)
{
    if (fm_simd_refused()) {
        PyErr_Format(PyExc_ImportError,
                     "FASTMATH_SIMD: expected the name of an instruction set that is compiled in and that "
                     "this machine has, got '%s'",
                     fm_simd_refused());
        return -1;
    }
    static PyMethodDef *const families[] = {
        module_methods, core_add_methods, core_filter_methods, core_sum_methods, core_fast_sum_methods,
        core_dot_product_methods, core_exp_methods,
    };
    for (size_t i = 0; i < sizeof families / sizeof *families; i++)
        if (PyModule_AddFunctions(module, families[i]) < 0)
            return -1;
    if (PyModule_AddIntConstant(module, "VERSION_MAJOR", FM_VERSION_MAJOR) < 0 ||
        PyModule_AddIntConstant(module, "VERSION_MINOR", FM_VERSION_MINOR) < 0 ||
        PyModule_AddStringConstant(module, "AUTHOR", FM_AUTHOR) < 0)
        return -1;
    return 0;
}

static PyModuleDef_Slot module_slots[] = {
    {Py_mod_exec, module_exec},
#if PY_VERSION_HEX >= 0x030c0000
    {Py_mod_multiple_interpreters, Py_MOD_PER_INTERPRETER_GIL_SUPPORTED},
#endif
    {0, NULL},
};

static PyModuleDef module = {
    PyModuleDef_HEAD_INIT,
    .m_name = "fastmath._core",
    .m_doc = "The kernels of fastmath through CPython's C API.",
    .m_size = 0,
    .m_slots = module_slots,
};

PyMODINIT_FUNC PyInit__core(void)
{
    return PyModuleDef_Init(&module);
}
