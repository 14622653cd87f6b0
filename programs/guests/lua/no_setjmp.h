/* Included before every file of Lua. WebAssembly without exceptions has no setjmp: an error
   that a script raises ends the program, and so does a coroutine that yields. */
#ifndef NO_SETJMP_H
#define NO_SETJMP_H
#include <stdio.h>
#include <stdlib.h>

#define luai_jmpbuf int
#define LUAI_THROW(L, c) (fprintf(stderr, "the script raised an error\n"), exit(1))
#define LUAI_TRY(L, c, a) a

/* WASI preview 1 has no processes, no signals and no temporary files. */
#define l_signalT int
#define system(command) ((void)(command), -1)
#define tmpfile() ((FILE *)NULL)
#define tmpnam(name) ((void)(name), (char *)NULL)

#endif
