/* The standard library and the SDK as byte code, written by freeze.py into frozen.c. */
#ifndef EXECUTOR_FROZEN_H
#define EXECUTOR_FROZEN_H
#include <Python.h>

extern unsigned char frozen_code[];
extern const size_t frozen_code_bytes;
extern const struct _frozen frozen_modules[];

#endif
