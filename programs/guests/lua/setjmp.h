/* In place of wasi-libc's, which refuses to be included. See no_setjmp.h. */
